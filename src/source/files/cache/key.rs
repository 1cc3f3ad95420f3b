//! What an index is of: the bytes of a log, how it is read, and by which rules.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::place::{INDEX, SERIES};
use crate::parse::log::LogPlan;
use crate::source::files::content::{Content, Kept};
use crate::store::Text;
use crate::store::cache::Key;

/// Version of the program, and a hash of everything that decides what becomes of the bytes of a log.
pub(super) const RULES: &str = concat!(env!("CARGO_PKG_VERSION"), " ", env!("CORONER_RULES"));
/// Stretches of a file that are looked at, the first and the last bytes among them.
const N_SAMPLES: u64 = 16;
/// Length of each: all together are read in a millisecond.
pub(super) const SAMPLE_BYTES: u64 = 16 << 10;
/// A file that was changed less than this ago may be changed again without another time of change (clocks of file
/// systems tick in up to two seconds), so nothing is kept of it.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A log that an index may be of.
#[derive(Debug)]
pub struct Identity {
    /// Key of its index.
    pub key: Key,
    /// Name of the file of its index: place, key, and what it holds.
    pub name: String,
    /// Its files as they were.
    stamps: Vec<Stamp>,
}

/// Size and time of change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    file: PathBuf,
    size_bytes: u64,
    modified: SystemTime,
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let meta = fs::metadata(file).ok()?;
        Some(Self { file: file.to_owned(), size_bytes: meta.len(), modified: meta.modified().ok()? })
    }
}

impl Identity {
    /// Of a log that is read by this plan; `None` when a file is not as long as it was or cannot be read.
    pub fn of(content: &Content, plan: &LogPlan) -> Option<Self> {
        let (mut stamps, mut hash) = (Vec::new(), Sha256::new());
        let mut place = Sha256::new();
        text(&mut place, content.path());
        text(&mut hash, RULES);
        text(&mut hash, content.path());
        // Everything that the options, the names of files and the other sources decide is in the plan.
        text(&mut hash, &format!("{plan:?}"));
        add_content(&mut hash, content, &mut stamps)?;
        // Logs of one name in different folders share the folder of the user's caches.
        for stamp in &stamps {
            text(&mut place, &fs::canonicalize(&stamp.file).unwrap_or_default().to_string_lossy());
        }
        let key: Key = hash.finalize().into();
        let name = format!("{}-{}.{INDEX}", hex(&place.finalize()), hex(&key));
        Some(Self { key, name, stamps })
    }

    /// Of what follows from all these logs, each at its place among the sources.
    pub fn of_all<'a>(logs: impl Iterator<Item = (usize, &'a Self)>) -> Self {
        let (mut stamps, mut hash, mut place) = (Vec::new(), Sha256::new(), Sha256::new());
        text(&mut hash, RULES);
        for (index, log) in logs {
            hash.update((index as u64).to_le_bytes());
            hash.update(log.key);
            // The name holds the key too, which changes with the log: only the place counts.
            text(&mut place, log.name.split('-').next().unwrap_or_default());
            stamps.extend_from_slice(&log.stamps);
        }
        let key: Key = hash.finalize().into();
        let name = format!("{}-{}.{SERIES}", hex(&place.finalize()), hex(&key));
        Self { key, name, stamps }
    }

    /// Whether its files are still as they were and will not change unseen.
    pub fn is_settled(&self) -> bool {
        let now = SystemTime::now();
        let is_old = |stamp: &Stamp| now.duration_since(stamp.modified).is_ok_and(|age| age >= SETTLED_AFTER);
        self.stamps.iter().all(|stamp| is_old(stamp) && Stamp::of(&stamp.file).as_ref() == Some(stamp))
    }
}

/// Length first, so that nothing can pass for something else.
pub(super) fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

fn add_content(hash: &mut Sha256, content: &Content, stamps: &mut Vec<Stamp>) -> Option<()> {
    match content.kept() {
        Kept::Parts(parts) => {
            hash.update((parts.len() as u64).to_le_bytes());
            return parts.into_iter().try_for_each(|part| add_content(hash, part, stamps));
        }
        Kept::File(file) => {
            let stamp = Stamp::of(file).filter(|stamp| stamp.size_bytes == content.size_bytes())?;
            let since = stamp.modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            hash.update(since.as_nanos().to_le_bytes());
            stamps.push(stamp);
        }
        // It was decoded anyway: looking at all of it costs little beside that.
        Kept::Memory(bytes) => hash.update(crc32fast::hash(bytes).to_le_bytes()),
    }
    let size = content.size_bytes();
    hash.update(size.to_le_bytes());
    if size <= N_SAMPLES * SAMPLE_BYTES {
        hash.update(content.read(0..size).ok()?);
        return Some(());
    }
    let last = size - SAMPLE_BYTES;
    for sample in 0..N_SAMPLES {
        let start = (u128::from(last) * u128::from(sample) / u128::from(N_SAMPLES - 1)) as u64;
        hash.update(content.read(start..start + SAMPLE_BYTES).ok()?);
    }
    Some(())
}

fn hex(hash: &[u8]) -> String {
    hash.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
