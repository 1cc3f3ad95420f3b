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
    // A segment lies in a folder called `wal`, or beside one that is proven.
    let beside: BTreeSet<&str> = entries
        .iter()
        .zip(&places)
        .filter(|(_, place)| place.as_ref().is_some_and(is_proven_log))
        .map(|(entry, _)| folder(&entry.path))
        .collect();
    let is_segment = |path: &str| beside.contains(folder(path)) || matches!(folder(path).rsplit('/').next(), Some("wal"));
    let is_member = |path: &str, place: &Place| match place.part {
        Part::Meta | Part::Index | Part::Tombstones | Part::Chunks(_) => blocks.contains(&key(place)),
        Part::Wal(_) => is_segment(path) && folders.contains(place.data.as_str()),
        Part::Lock => logs.contains(place.data.as_str()),
        Part::HeadChunks(_) | Part::Wbl(_) | Part::Checkpoint(..) | Part::Snapshot | Part::Unfinished => {
            folders.contains(place.data.as_str())
        }
    };
    let members: Vec<Option<(String, String)>> = entries
        .iter()
        .zip(&places)
        .map(|(entry, place)| {
            place.as_ref().filter(|place| is_member(&entry.path, place)).map(|place| (place.data.clone(), place.block.clone()))
        })
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

fn is_proven_log(place: &Place) -> bool {
    place.is_proven && matches!(place.part, Part::Wal(_))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(files: &[(&str, &[u8])]) -> Vec<String> {
        let entry = |(path, bytes): &(&str, &[u8])| Entry {
            path: (*path).to_owned(),
            modified: None,
            bytes: EntryBytes::Ready(Content::decoded((*path).to_owned(), bytes.to_vec())),
            problems: Vec::new(),
        };
        let described = |entry: Entry| match &entry.bytes {
            EntryBytes::Ready(content) if content.is_folder() => {
                format!("{}: {}", entry.path, content.files().map(|(path, _)| path.to_owned()).collect::<Vec<_>>().join(" "))
            }
            _ => entry.path,
        };
        gather(files.iter().map(entry).collect()).into_iter().map(described).collect()
    }

    const INDEX: &[u8] = &[0xba, 0xaa, 0xd7, 0x00, 2];
    const CHUNKS: &[u8] = &[0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0];
    /// A record of one byte and its checksum.
    const SEGMENT: &[u8] = &[1, 0, 1, 0x52, 0x7d, 0x53, 0x51, 0];

    #[test]
    fn what_belongs_together_is_one_source_and_what_only_looks_alike_is_not() {
        assert_eq!(
            gathered(&[
                ("a.log", b"x"),
                ("p/01A/chunks/000001", CHUNKS),
                ("p/01A/index", INDEX),
                ("p/01A/meta.json", b"{}"),
                ("p/02B/index", b"a page"),
                ("p/20261123", b"notes of a day"),
                ("p/lock", b""),
                ("p/wal/00000001", SEGMENT),
                ("p/wal/00000002", b"damaged"),
                ("q/meta.json", b"{}"),
            ]),
            [
                "a.log",
                "p: 01A/chunks/000001 01A/index 01A/meta.json lock wal/00000001 wal/00000002",
                "p/02B/index",
                "p/20261123",
                "q/meta.json"
            ]
        );
    }

    #[test]
    fn a_part_that_is_opened_by_itself_has_a_name() {
        assert_eq!(gathered(&[("chunks/000001", CHUNKS), ("index", INDEX)]), [".: chunks/000001 index"]);
        assert_eq!(gathered(&[("00000001", SEGMENT), ("00000002", b"damaged")]), [".: 00000001 00000002"]);
        assert_eq!(gathered(&[("b/chunks/000001", CHUNKS), ("b/index", INDEX), ("x.log", b"x")]), ["b: b/chunks/000001 b/index", "x.log"]);
        assert_eq!(gathered(&[("00000001", b"1 2 3"), ("index", b"x")]), ["00000001", "index"]);
    }
}
