//! Evidence that lies beyond the sources: a diff and an address.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use super::args::PinArgs;
use crate::model::Timestamp;
use crate::model::case::{Evidence, EvidenceTarget};
use crate::model::patch::{MAX_BYTES, Patch, web_address};

/// The diff or the address that is to be pinned.
pub fn outside(pin: &PinArgs, at: Option<Timestamp>) -> anyhow::Result<Evidence> {
    match (&pin.diff, &pin.url) {
        (Some(file), _) => diff(file, pin, at),
        (None, url) => {
            let url = web_address(url.as_deref().unwrap_or_default()).map_err(anyhow::Error::msg)?.to_owned();
            Ok(Evidence { source: url.clone(), source_sha256: None, target: EvidenceTarget::Link { at, url } })
        }
    }
}

fn diff(file: &Path, pin: &PinArgs, at: Option<Timestamp>) -> anyhow::Result<Evidence> {
    let bytes = read(file).with_context(|| format!("{}: cannot be read", file.display()))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let patch = Patch::read(&text).map_err(|why| anyhow::anyhow!("{}: {why}", file.display()))?;
    let after = pin.after.clone().or(patch.commit);
    let is_input = file == Path::new("-");
    let source = if is_input { "pasted diff".to_owned() } else { file.file_name().unwrap_or_default().to_string_lossy().into_owned() };
    Ok(Evidence { source, source_sha256: None, target: EvidenceTarget::Diff { at, before: pin.before.clone(), after, text } })
}

/// At most a little more than is kept, so that too much is told as such.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    if file == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
