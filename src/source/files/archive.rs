//! Members of tar and zip archives, read in memory: nothing is ever written by a member's name.
//!
//! Folders, links and devices hold no bytes of their own and are left out. A damaged archive gives the members before
//! the damage, and a problem of the archive itself.

use std::io::{self, Cursor, Read, Seek};

use crate::model::{Problem, ProblemKind, Timestamp};
use crate::source::{Job, SourceError};

use super::decode::{self, Decoded, MAX_DEPTH, Quota};
use super::names;

/// One file inside an archive.
#[derive(Debug)]
pub struct Member {
    /// `archive.tar.xz/inner/path`.
    pub path: String,
    /// Its decoded bytes.
    pub decoded: Decoded,
    /// Modification time from the archive.
    pub modified: Option<Timestamp>,
}

/// What is inside an archive.
#[derive(Debug, Default)]
pub struct Members {
    /// Files, in the order of the archive.
    pub files: Vec<Member>,
    /// What went wrong with an archive, with its path.
    pub problems: Vec<(String, Problem)>,
}

/// Limits and cancellation of one unpacking.
pub struct Unpacker<'a> {
    /// What the outermost archive may cost.
    pub quota: &'a Quota<'a>,
    /// Who may cancel.
    pub job: &'a Job,
}

/// Whether these are the first bytes of a tar archive: a header block whose checksum is right.
pub fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..512) else { return false };
    let field = String::from_utf8_lossy(&block[148..156]);
    let Ok(stated) = u64::from_str_radix(field.trim_matches(|c: char| c == '\0' || c.is_whitespace()), 8) else { return false };
    let sum: u64 = block.iter().enumerate().map(|(i, byte)| if (148..156).contains(&i) { 32 } else { u64::from(*byte) }).sum();
    sum == stated && block[0] != 0
}

/// Whether these are the first bytes of a zip archive.
pub fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

impl Unpacker<'_> {
    /// Members of a tar stream.
    pub fn tar(&self, path: &str, reader: &mut dyn Read, depth: usize) -> Result<Members, SourceError> {
        let mut members = Members::default();
        let mut archive = tar::Archive::new(reader);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return Ok(members.with_problem(path, ProblemKind::Syntax, error.to_string())),
        };
        for entry in entries {
            self.job.check()?;
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Ok(members.with_damage(path, &error)),
            };
            if !matches!(entry.header().entry_type(), tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse) {
                continue;
            }
            if let Err(reason) = self.quota.take_member() {
                return Ok(members.with_problem(path, ProblemKind::Limit, format!("{reason}; the rest is left out")));
            }
            let name = names::member_path(path, &String::from_utf8_lossy(&entry.path_bytes()));
            let modified = entry.header().mtime().ok().and_then(|secs| i64::try_from(secs).ok()).filter(|secs| *secs > 0);
            let stated = entry.header().size().unwrap_or(0);
            let mut decoded = decode::read_all(&mut entry, self.quota, self.job)?;
            if decoded.problem.is_none() && (decoded.bytes.len() as u64) < stated {
                let reason = format!("the archive ends {} bytes before this member does", stated - decoded.bytes.len() as u64);
                decoded.problem = Some(Problem { line: 0, byte: decoded.bytes.len() as u64, kind: ProblemKind::Truncated, reason });
            }
            let is_over = decoded.problem.as_ref().is_some_and(|problem| problem.kind == ProblemKind::Limit);
            self.add(&mut members, name, decoded, modified.map(Timestamp::from_secs), depth)?;
            if is_over {
                let reason = format!("the rest of the archive after {} members is left out", members.files.len());
                return Ok(members.with_problem(path, ProblemKind::Limit, reason));
            }
        }
        Ok(members)
    }

    /// Members of a zip archive.
    pub fn zip(&self, path: &str, reader: impl Read + Seek, depth: usize) -> Result<Members, SourceError> {
        let mut members = Members::default();
        let mut archive = match zip::ZipArchive::new(reader) {
            Ok(archive) => archive,
            Err(error) => return Ok(members.with_problem(path, ProblemKind::Syntax, error.to_string())),
        };
        for index in 0..archive.len() {
            self.job.check()?;
            let mut file = match archive.by_index(index) {
                Ok(file) => file,
                Err(error) => {
                    members = members.with_problem(path, ProblemKind::Syntax, format!("member {index}: {error}"));
                    continue;
                }
            };
            if !file.is_file() {
                continue;
            }
            if let Err(reason) = self.quota.take_member() {
                return Ok(members.with_problem(path, ProblemKind::Limit, format!("{reason}; the rest is left out")));
            }
            let name = names::member_path(path, &String::from_utf8_lossy(file.name_raw()));
            let modified = file.last_modified().and_then(|at| {
                let date = chrono::NaiveDate::from_ymd_opt(at.year().into(), at.month().into(), at.day().into())?;
                let at = date.and_hms_opt(at.hour().into(), at.minute().into(), at.second().into())?;
                Some(Timestamp::from_secs(at.and_utc().timestamp()))
            });
            let decoded = decode::read_all(&mut file, self.quota, self.job)?;
            drop(file);
            let is_over = decoded.problem.as_ref().is_some_and(|problem| problem.kind == ProblemKind::Limit);
            self.add(&mut members, name, decoded, modified, depth)?;
            if is_over {
                let reason = format!("the rest of the archive after {} members is left out", members.files.len());
                return Ok(members.with_problem(path, ProblemKind::Limit, reason));
            }
        }
        Ok(members)
    }

    /// A member, unpacked; the members of an archive inside the archive instead of itself.
    fn add(
        &self,
        members: &mut Members,
        path: String,
        decoded: Decoded,
        modified: Option<Timestamp>,
        depth: usize,
    ) -> Result<(), SourceError> {
        let decoded = decode::unpack(decoded, self.quota, self.job)?;
        let inner = if depth + 1 >= MAX_DEPTH {
            None
        } else if is_tar(&decoded.bytes) {
            Some(self.tar(&path, &mut Cursor::new(&decoded.bytes), depth + 1)?)
        } else if is_zip(&decoded.bytes) {
            Some(self.zip(&path, Cursor::new(&decoded.bytes), depth + 1)?)
        } else {
            None
        };
        if let Some(inner) = inner {
            members.problems.extend(decoded.problem.map(|problem| (path, problem)));
            members.problems.extend(inner.problems);
            members.files.extend(inner.files);
        } else {
            members.files.push(Member { path, decoded, modified });
        }
        Ok(())
    }
}

impl Members {
    fn with_problem(mut self, path: &str, kind: ProblemKind, reason: String) -> Self {
        self.problems.push((path.to_owned(), Problem { line: 0, byte: 0, kind, reason }));
        self
    }

    fn with_damage(self, path: &str, error: &io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::UnexpectedEof { ProblemKind::Truncated } else { ProblemKind::Syntax };
        let n = self.files.len();
        self.with_problem(path, kind, format!("archive is damaged after {n} members, which are kept: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::files::decode::{Budget, Growth};

    fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_mtime(7);
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn read(bytes: &[u8]) -> Members {
        let (budget, job) = (Budget::new(1 << 20, Growth::Honest), Job::new());
        let quota = budget.quota(bytes.len() as u64);
        Unpacker { quota: &quota, job: &job }.tar("a.tar", &mut Cursor::new(bytes), 0).unwrap()
    }

    #[test]
    fn members_of_archives_in_archives_are_found_and_none_leaves_its_archive() {
        let inner = tar_of(&[("deep/x.log", b"1")]);
        let outer = tar_of(&[("../up.log", b"2"), ("in.tar", &inner)]);
        assert!(is_tar(&outer) && !is_tar(b"plain text"));
        let members = read(&outer);
        let paths: Vec<&str> = members.files.iter().map(|member| member.path.as_str()).collect();
        assert_eq!(paths, ["a.tar/up.log", "a.tar/in.tar/deep/x.log"]);
        assert_eq!(members.files[0].modified, Some(Timestamp::from_secs(7)));
    }

    #[test]
    fn a_cut_archive_gives_the_members_before_the_cut() {
        let mut bytes = tar_of(&[("a", &[b'x'; 600]), ("b", &[b'y'; 600])]);
        bytes.truncate(512 + 1024 + 512 + 100);
        let members = read(&bytes);
        assert_eq!(members.files.len(), 2);
        assert_eq!(members.files[1].decoded.problem.as_ref().map(|problem| problem.kind), Some(ProblemKind::Truncated));
    }
}
