//! Unpacking by content, never by name: gzip, zstd, xz and bzip2, nested too, within limits; wide text becomes UTF-8.
//!
//! What was decoded before an error is kept and the error is a problem of the source: a log that was cut while it was
//! packed still tells what it tells.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{Problem, ProblemKind};
use crate::source::{Job, SourceError};

use super::utf16::Wide;

/// How often something may be packed inside something packed.
pub const MAX_DEPTH: usize = 4;
/// Bytes that tell a packing or an archive.
pub const HEAD_BYTES: usize = 512;
/// Growth that hardly any real log reaches.
const MAX_GROWTH: u64 = 200;
/// Bytes that may grow out of little input all the same, all sources together: a log of one repeated line is no bomb.
const MAX_BEYOND_BYTES: u64 = 256 << 20;
/// More members than any incident has, all archives together.
const MAX_MEMBERS: u64 = 100_000;
/// Bytes decoded between two looks at the limits and at cancellation.
const BLOCK_BYTES: usize = 256 << 10;

/// How a stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// `.gz`, members one after another.
    Gzip,
    /// `.zst`, frames one after another.
    Zstd,
    /// `.xz`, streams one after another.
    Xz,
    /// `.bz2`, streams one after another.
    Bzip2,
    /// UTF-16 or UTF-32.
    Wide(Wide),
}

impl Packing {
    /// The packing of a stream that begins with these bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        Some(match head {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => Self::Bzip2,
            _ => return Wide::of(&head[..head.len().min(HEAD_BYTES)]).map(Self::Wide),
        })
    }

    /// A reader of what is inside.
    pub fn decoder<'r>(self, packed: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(packed)?),
            Self::Xz => Box::new(liblzma::read::XzDecoder::new_multi_decoder(packed)),
            Self::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
            Self::Wide(wide) => Box::new(wide.reader(packed)),
        })
    }
}

/// What unpacking may cost in all, and what it did cost.
#[derive(Debug)]
pub struct Budget {
    max_bytes: u64,
    growth: Growth,
    used_bytes: AtomicU64,
    /// Bytes beyond [`MAX_GROWTH`] times their input.
    beyond_bytes: AtomicU64,
    n_members: AtomicU64,
}

/// How far a source may grow while it is unpacked, below the limit on all bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Growth {
    /// As logs do; what grows far more is taken for a bomb.
    #[default]
    Honest,
    /// As it likes: the user has named the bytes that may be spent.
    Any,
}

impl Budget {
    /// At most so many bytes for all sources together.
    pub fn new(max_bytes: u64, growth: Growth) -> Self {
        let zero = || AtomicU64::new(0);
        Self { max_bytes, growth, used_bytes: zero(), beyond_bytes: zero(), n_members: zero() }
    }

    /// What was spent so far, to go back to.
    pub fn spent(&self) -> [u64; 3] {
        [&self.used_bytes, &self.beyond_bytes, &self.n_members].map(|spent| spent.load(Ordering::Relaxed))
    }

    /// As if no more than this had been spent.
    pub fn go_back(&self, spent: [u64; 3]) {
        for (place, spent) in [&self.used_bytes, &self.beyond_bytes, &self.n_members].into_iter().zip(spent) {
            place.store(spent, Ordering::Relaxed);
        }
    }

    /// The share of an input of this size. Whatever is packed inside it, however deep, is measured against this size.
    pub fn quota(&self, packed_bytes: u64) -> Quota<'_> {
        Quota { budget: self, packed_bytes, decoded_bytes: Cell::new(0) }
    }
}

/// What the unpacking of one input may cost.
#[derive(Debug)]
pub struct Quota<'a> {
    budget: &'a Budget,
    packed_bytes: u64,
    decoded_bytes: Cell<u64>,
}

impl Quota<'_> {
    /// Takes `n` bytes, or says which limit they would break.
    fn take(&self, n: u64) -> Result<(), String> {
        let budget = self.budget;
        let decoded = self.decoded_bytes.get() + n;
        let beyond = decoded.saturating_sub(self.packed_bytes.saturating_mul(MAX_GROWTH)).min(n);
        let all_beyond = budget.beyond_bytes.fetch_add(beyond, Ordering::Relaxed) + beyond;
        if budget.growth == Growth::Honest && beyond > 0 && decoded.max(all_beyond) > MAX_BEYOND_BYTES {
            budget.beyond_bytes.fetch_sub(beyond, Ordering::Relaxed);
            return Err(format!(
                "grows to more than {MAX_GROWTH} times its {} packed bytes; the rest is not unpacked unless --max-decoded says how much may be",
                self.packed_bytes
            ));
        }
        let used = budget.used_bytes.fetch_add(n, Ordering::Relaxed) + n;
        if used > budget.max_bytes {
            budget.used_bytes.fetch_sub(n, Ordering::Relaxed);
            return Err(format!("more than {} bytes decoded in all; raise the limit with --max-decoded", budget.max_bytes));
        }
        self.decoded_bytes.set(decoded);
        Ok(())
    }

    /// Takes a member of an archive, or says which limit it would break.
    pub fn take_member(&self) -> Result<(), String> {
        let n = self.budget.n_members.fetch_add(1, Ordering::Relaxed);
        if n < MAX_MEMBERS { Ok(()) } else { Err(format!("more than {MAX_MEMBERS} members of archives in all")) }
    }
}

/// Decoded bytes and what went wrong at their end.
#[derive(Debug, Default)]
pub struct Decoded {
    /// All that could be decoded.
    pub bytes: Vec<u8>,
    /// Why it is not more.
    pub problem: Option<Problem>,
}

/// Reads to the end within the quota.
pub fn read_all(reader: &mut dyn Read, quota: &Quota<'_>, job: &Job) -> Result<Decoded, SourceError> {
    let mut bytes = Vec::new();
    let mut block = vec![0; BLOCK_BYTES];
    let problem = loop {
        job.check()?;
        let n = match reader.read(&mut block) {
            Ok(0) => break None,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => break Some(problem_of(&error, bytes.len())),
        };
        if let Err(reason) = quota.take(n as u64) {
            let byte = bytes.len() as u64;
            break Some(Problem { line: 0, byte, kind: ProblemKind::Limit, reason });
        }
        bytes.extend_from_slice(&block[..n]);
    };
    bytes.shrink_to_fit();
    Ok(Decoded { bytes, problem })
}

fn problem_of(error: &io::Error, decoded: usize) -> Problem {
    let byte = decoded as u64;
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let reason = format!("packed data ends early; the {decoded} bytes before that are kept");
        return Problem { line: 0, byte, kind: ProblemKind::Truncated, reason };
    }
    let reason = format!("packed data is damaged after {decoded} decoded bytes, which are kept: {error}");
    Problem { line: 0, byte, kind: ProblemKind::Syntax, reason }
}

/// Unpacks bytes as often as they are packed.
pub fn unpack(packed: Decoded, quota: &Quota<'_>, job: &Job) -> Result<Decoded, SourceError> {
    let mut now = packed;
    for _ in 0..MAX_DEPTH {
        let Some(packing) = Packing::of(&now.bytes) else { break };
        let inner = match packing.decoder(Cursor::new(&now.bytes)) {
            Ok(mut reader) => read_all(&mut *reader, quota, job)?,
            Err(error) => Decoded { bytes: Vec::new(), problem: Some(problem_of(&error, 0)) },
        };
        // What went wrong outside is the cause of what goes wrong inside.
        now = Decoded { bytes: inner.bytes, problem: now.problem.or(inner.problem) };
    }
    Ok(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bz2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: Vec<u8>, max: u64) -> (Vec<u8>, Option<ProblemKind>) {
        let budget = Budget::new(max, Growth::Honest);
        let quota = budget.quota(bytes.len() as u64);
        let decoded = unpack(Decoded { bytes, problem: None }, &quota, &Job::new()).unwrap();
        (decoded.bytes, decoded.problem.map(|problem| problem.kind))
    }

    #[test]
    fn every_packing_is_known_by_content_and_joined_members_are_one_text() {
        for pack in [gz, xz, bz2, |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap()] {
            let mut both = pack(b"one\n");
            both.extend(pack(b"two\n"));
            assert_eq!(decode(both, 1000), (b"one\ntwo\n".to_vec(), None));
        }
        assert_eq!(decode(gz(&xz(b"deep\n")), 1000), (b"deep\n".to_vec(), None));
    }

    #[test]
    fn a_cut_or_damaged_tail_keeps_what_came_before() {
        let text: Vec<u8> = (0..60_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for pack in [gz, xz, |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap()] {
            let mut cut = pack(&text);
            cut.truncate(cut.len() / 2);
            let (bytes, problem) = decode(cut, 1 << 20);
            assert!(text.starts_with(&bytes) && problem == Some(ProblemKind::Truncated), "{problem:?}");
        }
        let mut tail = gz(b"whole\n");
        tail.extend(b"garbage that is no further member");
        assert_eq!(decode(tail, 1000), (b"whole\n".to_vec(), Some(ProblemKind::Syntax)));
    }

    #[test]
    fn a_limit_names_the_flag_that_raises_it() {
        let packed = gz(&vec![b'x'; 1 << 20]);
        let budget = Budget::new(1 << 19, Growth::Honest);
        let quota = budget.quota(packed.len() as u64);
        let decoded = unpack(Decoded { bytes: packed, problem: None }, &quota, &Job::new()).unwrap();
        assert!(decoded.bytes.len() <= 1 << 19);
        assert!(decoded.problem.unwrap().reason.contains("--max-decoded"));
    }

    #[test]
    fn a_bomb_costs_little_however_it_is_wrapped_and_whatever_lies_beside_it() {
        let budget = Budget::new(u64::MAX, Growth::Honest);
        let mib = 1 << 20;
        let (bomb, log) = (budget.quota(3_000), budget.quota(10 * mib));
        let grown = (0..1_000).take_while(|_| bomb.take(mib).is_ok()).count() as u64;
        assert!((256..=257).contains(&grown), "{grown} MiB");
        assert!(bomb.take(mib).unwrap_err().contains("--max-decoded"));
        assert!(budget.quota(3_000).take(2 * mib).is_err(), "the next bomb finds nothing left");
        assert!((0..2_000).all(|_| log.take(mib).is_ok()), "a log grows 200 times all the same");
        let any = Budget::new(u64::MAX, Growth::Any);
        assert!(any.quota(1).take(1 << 40).is_ok(), "the user may allow it");
    }
}
