//! From what was found to sources with bytes: archives become their members, packed files are decoded.
//!
//! Two steps, so that the list of sources is known early: archives are opened at once because only they add sources;
//! a single packed file is decoded later, behind the first screen.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::model::{Problem, ProblemKind, Timestamp};
use crate::source::{Job, SourceError};

use super::archive::{Members, Unpacker, is_tar, is_zip};
use super::content::Content;
use super::decode::{Budget, Decoded, HEAD_BYTES, Packing, read_all, unpack};
use super::expand::{Found, Input, number_twins};
use super::pool::{self, Step};

/// One source, its bytes known or still to be decoded.
#[derive(Debug)]
pub struct Entry {
    /// Path in the catalog.
    pub path: String,
    /// Modification time.
    pub modified: Option<Timestamp>,
    /// Its bytes.
    pub bytes: EntryBytes,
    /// What went wrong on the way.
    pub problems: Vec<Problem>,
}

/// Bytes of a source before loading.
#[derive(Debug)]
pub enum EntryBytes {
    /// At hand.
    Ready(Content),
    /// In this packed file.
    Packed(PathBuf, Packing),
    /// Never to be had; the problem says why.
    Gone,
}

/// Reads through another reader and counts into the progress of the job.
struct Counted<'a, R> {
    inner: R,
    job: &'a Job,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.job.advance(n as u64);
        Ok(n)
    }
}

/// All sources, sorted by path. Blocks while archives and standard input are read, on `jobs` threads.
pub fn entries(found: &[Found], budget: &Budget, jobs: usize, job: &Job) -> Result<Vec<Entry>, SourceError> {
    let opened = within_budget(found, (budget, jobs, job), |found| entries_of(found, budget, job), |entries| is_limited(entries))?;
    let mut entries = Vec::new();
    for (found, opened) in found.iter().zip(opened) {
        match opened {
            Some(opened) => entries.extend(opened),
            None => entries.push(gone(found.path.clone(), found.modified, PANICKED.into())),
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    number_twins(entries.iter_mut().map(|entry| &mut entry.path));
    Ok(entries)
}

/// What is said of a file whose decoder panicked.
const PANICKED: &str = "could not be unpacked because of a defect in Coroner; the other sources are not affected";

fn is_limited(entries: &[Entry]) -> bool {
    entries.iter().flat_map(|entry| &entry.problems).any(|problem| problem.kind == ProblemKind::Limit)
}

/// Unpacks on several threads. If that breaks a limit, everything is done again one after another, so that the limit on
/// all of it falls at the same place every time. `None` for what panicked.
pub fn within_budget<T: Sync, R: Send>(
    inputs: &[T],
    (budget, jobs, job): (&Budget, usize, &Job),
    work: impl Fn(&T) -> Result<R, SourceError> + Sync,
    is_limited: impl Fn(&R) -> bool,
) -> Result<Vec<Option<R>>, SourceError> {
    let before = budget.spent();
    let mut done: Vec<Option<R>> = inputs.iter().map(|_| None).collect();
    pool::run(
        jobs,
        job,
        inputs.iter().collect(),
        |input| work(input),
        |step| {
            if let Step::Done(index, Some(Ok(result))) = step {
                done[index] = Some(result);
            }
        },
    )?;
    if done.iter().flatten().any(&is_limited) && inputs.len() > 1 {
        done.clear();
        budget.go_back(before);
        for input in inputs {
            done.push(Some(work(input)?));
        }
    }
    Ok(done)
}

/// The sources that one input gives.
fn entries_of(found: &Found, budget: &Budget, job: &Job) -> Result<Vec<Entry>, SourceError> {
    let mut entries = Vec::new();
    let (path, modified) = (found.path.clone(), found.modified);
    match &found.input {
        Input::Refused(reason) => entries.push(gone(path, modified, reason.clone())),
        Input::Stdin => {
            let decoded = read_all(&mut io::stdin().lock(), &budget.quota(u64::MAX), job)?;
            from_memory(&mut entries, path, modified, decoded, budget, job)?;
        }
        Input::Memory(bytes) if is_plain(bytes.as_slice()) => {
            entries.push(ready(path.clone(), modified, Content::given(path, bytes.clone()), Vec::new()));
        }
        Input::Memory(bytes) => {
            let decoded = Decoded { bytes: bytes.as_slice().to_vec(), problem: None };
            from_memory(&mut entries, path, modified, decoded, budget, job)?;
        }
        Input::File { file, size_bytes } => match from_file(&path, file, *size_bytes, budget, job)? {
            Ok(Opened::Members(members)) => add_members(&mut entries, members),
            Ok(Opened::Packed(packing)) => {
                entries.push(Entry { path, modified, bytes: EntryBytes::Packed(file.clone(), packing), problems: Vec::new() });
            }
            Ok(Opened::Plain) => entries.push(ready(path.clone(), modified, Content::disk(path, file.clone(), *size_bytes), Vec::new())),
            Err(error) => entries.push(gone(path, modified, error.to_string())),
        },
    }
    Ok(entries)
}

/// Decodes a packed file.
pub fn decode_file(
    path: &str,
    file: &Path,
    packing: Packing,
    budget: &Budget,
    job: &Job,
) -> Result<(Content, Option<Problem>), SourceError> {
    let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?.len(), opened)));
    let decoded = match opened.and_then(|(size, opened)| Ok((size, packing.decoder(Counted { inner: BufReader::new(opened), job })?))) {
        Ok((size, mut reader)) => {
            let quota = budget.quota(size);
            unpack(read_all(&mut *reader, &quota, job)?, &quota, job)?
        }
        Err(error) => {
            let reason = error.to_string();
            Decoded { bytes: Vec::new(), problem: Some(Problem { line: 0, byte: 0, kind: ProblemKind::Unreadable, reason }) }
        }
    };
    Ok((Content::decoded(path.to_owned(), decoded.bytes), decoded.problem))
}

enum Opened {
    Plain,
    Packed(Packing),
    Members(Members),
}

/// Whether a file is packed, by its first bytes.
pub fn is_packed(file: &Path) -> bool {
    File::open(file).and_then(head_of).is_ok_and(|head| Packing::of(&head).is_some())
}

fn is_plain(head: &[u8]) -> bool {
    Packing::of(head).is_none() && !is_tar(head) && !is_zip(head)
}

fn head_of(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Looks at a file and opens it if it is an archive.
fn from_file(path: &str, file: &Path, size: u64, budget: &Budget, job: &Job) -> Result<io::Result<Opened>, SourceError> {
    let quota = budget.quota(size);
    let unpacker = Unpacker { quota: &quota, job };
    let head = match File::open(file).and_then(head_of) {
        Ok(head) => head,
        Err(error) => return Ok(Err(error)),
    };
    let again = || File::open(file).map(|opened| Counted { inner: BufReader::new(opened), job });
    if is_zip(&head) {
        let members = match File::open(file) {
            Ok(opened) => unpacker.zip(path, BufReader::new(opened), 0)?,
            Err(error) => return Ok(Err(error)),
        };
        job.advance(size);
        return Ok(Ok(Opened::Members(members)));
    }
    let Some(packing) = Packing::of(&head) else {
        if !is_tar(&head) {
            return Ok(Ok(Opened::Plain));
        }
        return match again() {
            Ok(mut reader) => Ok(Ok(Opened::Members(unpacker.tar(path, &mut reader, 0)?))),
            Err(error) => Ok(Err(error)),
        };
    };
    // A damaged packing shows later, when it is decoded as a single file.
    let inner = File::open(file).and_then(|opened| packing.decoder(BufReader::new(opened))).and_then(head_of).unwrap_or_default();
    if !is_tar(&inner) {
        return Ok(Ok(Opened::Packed(packing)));
    }
    match again().and_then(|reader| packing.decoder(reader)) {
        Ok(mut reader) => Ok(Ok(Opened::Members(unpacker.tar(path, &mut *reader, 0)?))),
        Err(error) => Ok(Err(error)),
    }
}

/// Bytes that are in memory anyway: unpacked at once.
fn from_memory(
    entries: &mut Vec<Entry>,
    path: String,
    modified: Option<Timestamp>,
    decoded: Decoded,
    budget: &Budget,
    job: &Job,
) -> Result<(), SourceError> {
    let quota = budget.quota(decoded.bytes.len() as u64);
    let decoded = unpack(decoded, &quota, job)?;
    let unpacker = Unpacker { quota: &quota, job };
    let members = if is_tar(&decoded.bytes) {
        unpacker.tar(&path, &mut Cursor::new(&decoded.bytes), 0)?
    } else if is_zip(&decoded.bytes) {
        unpacker.zip(&path, Cursor::new(&decoded.bytes), 0)?
    } else {
        let content = Content::decoded(path.clone(), decoded.bytes);
        entries.push(ready(path, modified, content, decoded.problem.into_iter().collect()));
        return Ok(());
    };
    add_members(entries, members);
    if let Some(problem) = decoded.problem {
        entries.push(Entry { path, modified, bytes: EntryBytes::Gone, problems: vec![problem] });
    }
    Ok(())
}

/// Members as sources; an archive is a source itself only when something is wrong with it.
fn add_members(entries: &mut Vec<Entry>, members: Members) {
    for member in members.files {
        let content = Content::decoded(member.path.clone(), member.decoded.bytes);
        entries.push(ready(member.path, member.modified, content, member.decoded.problem.into_iter().collect()));
    }
    for (path, problem) in members.problems {
        match entries.iter_mut().find(|entry| entry.path == path && matches!(entry.bytes, EntryBytes::Gone)) {
            Some(entry) => entry.problems.push(problem),
            None => entries.push(Entry { path, modified: None, bytes: EntryBytes::Gone, problems: vec![problem] }),
        }
    }
}

fn ready(path: String, modified: Option<Timestamp>, content: Content, problems: Vec<Problem>) -> Entry {
    Entry { path, modified, bytes: EntryBytes::Ready(content), problems }
}

fn gone(path: String, modified: Option<Timestamp>, reason: String) -> Entry {
    let problem = Problem { line: 0, byte: 0, kind: ProblemKind::Unreadable, reason };
    Entry { path, modified, bytes: EntryBytes::Gone, problems: vec![problem] }
}
