//! Files that are one source together: the blocks, chunks and logs of a Prometheus database.
//!
//! Paths suggest, first bytes decide: nothing is gathered unless a magic number or a checksum proves it. The source has
//! the name of the folder that holds the database, or of the block when it is alone among other files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::model::SourceKind;
use crate::parse::metric::tsdb::{self, Folder, Part, is_evidence, part_of};
use crate::parse::{Context, Document, Plan, Verdict, document};
use crate::store::Text;

use super::content::Content;
use super::prepare::Recognised;
use super::unpack::{Entry, EntryBytes};

/// What a sample costs at the least, to turn a limit of bytes into one of samples.
const SAMPLE_BYTES: u64 = 16;
/// Enough of a file to see a magic number or the first record of a log whole.
const HEAD_BYTES: u64 = 32 << 10;
/// Name of a database that is the whole of what was opened.
const WHOLE: &str = ".";

/// Where an entry belongs, if it does.
struct Place {
    data: String,
    block: String,
    part: Part,
    is_proven: bool,
}

fn place_of(entry: &Entry) -> Option<Place> {
    let EntryBytes::Ready(content) = &entry.bytes else { return None };
    let (data, block, part) = part_of(&entry.path)?;
    let is_proven = content.head(HEAD_BYTES).is_ok_and(|head| is_evidence(part, &head));
    Some(Place { data: data.to_owned(), block: block.to_owned(), part, is_proven })
}

/// Puts the files of each database into one entry; the others stay as they are.
pub fn gather(entries: Vec<Entry>) -> Vec<Entry> {
    let places: Vec<Option<Place>> = entries.iter().map(place_of).collect();
    // A block is one if its index or its chunks prove it; a log file proves only itself.
    let proven = || places.iter().flatten().filter(|place| place.is_proven);
    let blocks: BTreeSet<(&str, &str)> = proven().filter(|place| is_block(place.part)).map(key).collect();
    let folders: BTreeSet<&str> = proven().map(|place| place.data.as_str()).collect();
    if folders.is_empty() {
        return entries;
    }
    let logs: BTreeSet<&str> = proven().filter(|place| !is_block(place.part)).map(|place| place.data.as_str()).collect();
    let is_member = |place: &Place| match place.part {
        Part::Meta | Part::Index | Part::Tombstones | Part::Chunks(_) => blocks.contains(&key(place)),
        Part::Wal(_) => place.is_proven || logs.contains(place.data.as_str()),
        Part::Lock => logs.contains(place.data.as_str()),
        Part::HeadChunks(_) | Part::Wbl(_) | Part::Checkpoint(..) | Part::Snapshot | Part::Unfinished => {
            folders.contains(place.data.as_str())
        }
    };
    let members: Vec<Option<(String, String)>> = places
        .iter()
        .map(|place| place.as_ref().filter(|place| is_member(place)).map(|place| (place.data.clone(), place.block.clone())))
        .collect();
    let names = names(&entries, &members);
    let mut kept = Vec::new();
    let mut gathered: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for (entry, member) in entries.into_iter().zip(members) {
        match member {
            Some((data, _)) => gathered.entry(data).or_default().push(entry),
            None => kept.push(entry),
        }
    }
    kept.extend(gathered.into_iter().map(|(data, files)| one(&data, names[&data].clone(), files)));
    kept.sort_by(|a, b| a.path.cmp(&b.path));
    kept
}

fn key(place: &Place) -> (&str, &str) {
    (place.data.as_str(), place.block.as_str())
}

fn is_block(part: Part) -> bool {
    matches!(part, Part::Index | Part::Chunks(_))
}

/// What each database is called.
fn names(entries: &[Entry], members: &[Option<(String, String)>]) -> BTreeMap<String, String> {
    let mut blocks: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (data, block) in members.iter().flatten() {
        blocks.entry(data).or_default().insert(block);
    }
    let is_inside = |path: &str, folder: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let name = |(data, blocks): (&str, BTreeSet<&str>)| {
        let others = entries
            .iter()
            .zip(members)
            .any(|(entry, member)| is_inside(&entry.path, data) && member.as_ref().is_none_or(|(other, _)| other != data));
        let only = blocks.first().filter(|block| blocks.len() == 1 && !block.is_empty());
        let name = match only {
            Some(block) if others || data.is_empty() => (*block).to_owned(),
            _ if data.is_empty() => WHOLE.to_owned(),
            _ => data.to_owned(),
        };
        (data.to_owned(), name)
    };
    blocks.into_iter().map(name).collect()
}

fn one(data: &str, path: String, files: Vec<Entry>) -> Entry {
    let modified = files.iter().filter_map(|file| file.modified).max();
    let mut problems = Vec::new();
    let contents = files.into_iter().filter_map(|file| {
        problems.extend(file.problems);
        let inner = file.path.strip_prefix(data).unwrap_or(&file.path).trim_start_matches('/').to_owned();
        match file.bytes {
            EntryBytes::Ready(content) => Some((inner, content)),
            EntryBytes::Packed(..) | EntryBytes::Gone => None,
        }
    });
    let contents = contents.collect();
    Entry { modified, bytes: EntryBytes::Ready(Content::folder(path.clone(), contents)), path, problems }
}

/// What a gathered database is; nothing for any other content.
pub fn recognise(content: &Arc<Content>) -> Option<Recognised> {
    content.is_folder().then(|| {
        let files = Files(content.files().collect());
        let why = tsdb::describe(&files.paths());
        let verdict = Verdict {
            kind: SourceKind::Metrics,
            format: tsdb::FORMAT.to_owned(),
            confidence: 1.0,
            runner_up: None,
            why,
            plan: Plan::Document,
        };
        Recognised { verdict, converted: None, problems: Vec::new() }
    })
}

/// Reads a gathered database; its samples take at most about `max_bytes`.
pub fn parse(content: &Content, context: &Context, max_bytes: u64) -> Document {
    let files = Files(content.files().collect());
    document::checked(tsdb::parse(&files, context, max_bytes / SAMPLE_BYTES))
}

struct Files<'a>(Vec<(&'a str, &'a Content)>);

impl Folder for Files<'_> {
    fn paths(&self) -> Vec<&str> {
        self.0.iter().map(|(path, _)| *path).collect()
    }

    fn size_bytes(&self, file: usize) -> u64 {
        self.0[file].1.size_bytes()
    }

    fn read(&self, file: usize, range: Range<u64>) -> Result<Cow<'_, [u8]>, String> {
        self.0[file].1.read(range).map_err(super::load::reason_of)
    }
}
