//! What lies in an archive is read once: that it is not followed is said from the start, and told when the archive changes.
//!
//! Reading an archive on would mean to unpack all of it again with every look; what was added is there when it is opened
//! again. Packed files that are no archives are not meant: those are read again as a whole.

use std::collections::HashMap;

use super::expand::{Found, Input};
use super::load::Loader;
use super::look::happened;
use crate::model::{ProblemKind, Timestamp};

/// Archives by their path: the first source that was in each, and how it was when it was read.
pub type Archives = HashMap<String, Archive>;

/// One archive.
#[derive(Debug, Clone, Copy)]
pub struct Archive {
    /// The source that tells of it.
    source: usize,
    state: (u64, Option<Timestamp>),
}

impl Loader<'_> {
    /// The archives among what was listed. Their first sources say that they are not followed.
    pub(super) fn find_archives(&mut self, found: &[Found]) -> Archives {
        let mut archives = Archives::new();
        for found in found {
            let Input::File { size_bytes, .. } = found.input else { continue };
            let is_member = |path: &str| path.strip_prefix(&found.path).is_some_and(|rest| rest.starts_with('/'));
            if let Some(source) = self.sources.iter().position(|source| source.on_disk.is_none() && is_member(&source.report.path)) {
                archives.insert(found.path.clone(), Archive { source, state: (size_bytes, found.modified) });
                self.sources[source].archive = Some(found.path.clone());
            }
        }
        archives
    }

    /// Tells which archives are others than when they were read. Whether there is any that was not told.
    pub(super) fn tell_changed(&mut self, archives: &mut Archives, listed: &[Found]) -> bool {
        let mut has_any = false;
        for found in listed {
            let Input::File { size_bytes, .. } = found.input else { continue };
            let Some(archive) = archives.get_mut(&found.path) else { continue };
            let now = (size_bytes, found.modified);
            if archive.state != now {
                archive.state = now;
                has_any = true;
                let reason = format!("the archive {} was changed: archives are not followed, open it again", found.path);
                if let Some(source) = self.sources.get_mut(archive.source) {
                    happened(source, ProblemKind::Unreadable, reason);
                }
            }
        }
        has_any
    }
}

/// What is said of the first source of an archive.
pub fn remark(archive: &str) -> String {
    format!("{archive} is an archive: what is added to it later is not followed")
}
