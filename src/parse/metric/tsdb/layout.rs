//! Which file of a database is what. Paths tell the part, first bytes whether it is one at all.
//!
//! `DATA/ULID/{meta.json,index,tombstones,chunks/000001}`, `DATA/chunks_head/000001`, `DATA/{wal,wbl}/00000000`,
//! `DATA/wal/checkpoint.00000004/00000000`, `DATA/chunk_snapshot.…`; any of the folders may be opened by itself.

use std::collections::BTreeMap;

use super::wal::Log;
use super::{head, index, tombstones, wal};

/// First bytes of a file of chunks.
const CHUNKS_MAGIC: [u8; 4] = [0x85, 0xbd, 0x40, 0xdd];

/// What a file of a database is, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `meta.json`.
    Meta,
    /// `index`.
    Index,
    /// `tombstones`.
    Tombstones,
    /// Chunks of a block; segments count from 0.
    Chunks(u32),
    /// Chunks that the head wrote out.
    HeadChunks(u32),
    /// A segment of the write-ahead log.
    Wal(u32),
    /// A segment of the write-behind log.
    Wbl(u32),
    /// A segment of the checkpoint with this number.
    Checkpoint(u32, u32),
    /// A segment of an in-memory snapshot.
    Snapshot,
    /// A file of a block that was being written or deleted.
    Unfinished,
    /// A file of a running Prometheus without samples.
    Lock,
}

/// Folder of the database, folder of the block in it (empty for what belongs to no block), and part.
/// `None` for a path that no file of a database has.
pub fn part_of(path: &str) -> Option<(&str, &str, Part)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
    let in_block = |block, part| {
        let data = parent(block);
        let is_unfinished = block.strip_suffix(".tmp").is_some() || block.contains(".tmp-for-");
        Some((data, block, if is_unfinished { Part::Unfinished } else { part }))
    };
    match name {
        "meta.json" => return in_block(folder, Part::Meta),
        "index" => return in_block(folder, Part::Index),
        "tombstones" => return in_block(folder, Part::Tombstones),
        "lock" | "queries.active" => return Some((folder, "", Part::Lock)),
        _ => {}
    }
    if name.len() < 6 || !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let n: u32 = name.parse().ok()?;
    match last {
        "chunks" => in_block(above, Part::Chunks(n.checked_sub(1)?)),
        "chunks_head" => Some((above, "", Part::HeadChunks(n))),
        "wbl" => Some((above, "", Part::Wbl(n))),
        "wal" => Some((above, "", Part::Wal(n))),
        _ if last.starts_with("chunk_snapshot.") => Some((above, "", Part::Snapshot)),
        _ if last.starts_with("checkpoint.") => {
            let part = if last.strip_suffix(".tmp").is_some() {
                Part::Unfinished
            } else {
                Part::Checkpoint(last["checkpoint.".len()..].parse().ok()?, n)
            };
            let is_log = above == "wal" || above.ends_with("/wal");
            Some((if is_log { parent(above) } else { above }, "", part))
        }
        _ => Some((folder, "", Part::Wal(n))),
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

/// Whether the first bytes of a file prove that it is this part of a database, whatever it is called.
pub fn is_evidence(part: Part, head: &[u8]) -> bool {
    match part {
        Part::Index => head.starts_with(&index::MAGIC),
        Part::Tombstones => head.starts_with(&tombstones::MAGIC),
        Part::Chunks(_) => head.starts_with(&CHUNKS_MAGIC),
        Part::HeadChunks(_) => head.starts_with(&head::MAGIC),
        Part::Wal(_) | Part::Wbl(_) | Part::Checkpoint(..) => wal::is_start(head),
        Part::Meta | Part::Snapshot | Part::Unfinished | Part::Lock => false,
    }
}

/// Files of a block, by their number in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// `index`.
    pub index: Option<usize>,
    /// `meta.json`.
    pub meta: Option<usize>,
    /// `tombstones`.
    pub tombstones: Option<usize>,
    /// Segments of chunks, from 0.
    pub chunks: BTreeMap<u32, usize>,
}

/// All files of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// By name.
    pub blocks: BTreeMap<String, Block>,
    /// In order.
    pub head_chunks: Vec<usize>,
    /// Files of in-memory snapshots.
    pub n_snapshots: usize,
    /// Files of blocks that are not whole.
    pub n_unfinished: usize,
    wal: BTreeMap<u32, usize>,
    wbl: BTreeMap<u32, usize>,
    checkpoints: BTreeMap<(u32, u32), usize>,
}

impl Layout {
    /// Sorts files by what they are.
    pub fn of(paths: &[&str]) -> Self {
        let mut layout = Self::default();
        let mut head_chunks = BTreeMap::new();
        for (file, path) in paths.iter().enumerate() {
            let Some((_, name, part)) = part_of(path) else { continue };
            let _ = match part {
                Part::Meta => layout.block(name).meta.replace(file),
                Part::Index => layout.block(name).index.replace(file),
                Part::Tombstones => layout.block(name).tombstones.replace(file),
                Part::Chunks(segment) => layout.block(name).chunks.insert(segment, file),
                Part::HeadChunks(n) => head_chunks.insert(n, file),
                Part::Wal(n) => layout.wal.insert(n, file),
                Part::Wbl(n) => layout.wbl.insert(n, file),
                Part::Checkpoint(n, segment) => layout.checkpoints.insert((n, segment), file),
                Part::Snapshot | Part::Unfinished | Part::Lock => {
                    layout.n_snapshots += usize::from(part == Part::Snapshot);
                    layout.n_unfinished += usize::from(part == Part::Unfinished);
                    None
                }
            };
        }
        layout.head_chunks = head_chunks.into_values().collect();
        layout
    }

    fn block(&mut self, name: &str) -> &mut Block {
        self.blocks.entry(name.to_owned()).or_default()
    }

    /// Segments of the logs, oldest samples first: the newest checkpoint stands for the segments up to its number.
    pub fn logs(&self) -> Vec<(usize, Log)> {
        let newest = self.checkpoints.keys().next_back().map(|(n, _)| *n);
        let checkpoint = self.checkpoints.iter().filter(|((n, _), _)| Some(*n) == newest).map(|(_, file)| *file);
        let behind = self.wal.iter().filter(|(n, _)| newest.is_some_and(|newest| **n <= newest)).map(|(_, file)| *file);
        let ahead = self.wal.iter().filter(|(n, _)| newest.is_none_or(|newest| **n > newest)).map(|(_, file)| *file);
        let logs = behind.chain(checkpoint).chain(ahead).map(|file| (file, Log::Ahead));
        logs.chain(self.wbl.values().map(|file| (*file, Log::Behind))).collect()
    }
}

/// What is there, in one sentence: `2 blocks, 1 file of head chunks, 3 segments of the write-ahead log`.
pub fn describe(paths: &[&str]) -> String {
    let layout = Layout::of(paths);
    let some = |n: usize, one: &str, more: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {more}")),
    };
    let parts = [
        some(layout.blocks.len(), "block", "blocks"),
        some(layout.head_chunks.len(), "file of head chunks", "files of head chunks"),
        some(layout.logs().len(), "segment of the write-ahead log", "segments of the write-ahead log"),
    ];
    format!("a Prometheus database: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_database_the_block_and_the_part() {
        let of = |path| part_of(path).map(|(data, block, part)| format!("{data}|{block}|{part:?}")).unwrap_or_default();
        assert_eq!(of("d/01ABC/index"), "d|d/01ABC|Index");
        assert_eq!(of("index"), "||Index");
        assert_eq!(of("01ABC/chunks/000002"), "|01ABC|Chunks(1)");
        assert_eq!(of("chunks/000001"), "||Chunks(0)");
        assert_eq!(of("d/01ABC.tmp-for-creation/index"), "d|d/01ABC.tmp-for-creation|Unfinished");
        assert_eq!(of("d/chunks_head/000003"), "d||HeadChunks(3)");
        assert_eq!(of("d/wal/00000007"), "d||Wal(7)");
        assert_eq!(of("d/wal/checkpoint.00000005/00000000"), "d||Checkpoint(5, 0)");
        assert_eq!(of("checkpoint.00000005/00000000"), "||Checkpoint(5, 0)");
        assert_eq!(of("d/wbl/00000000"), "d||Wbl(0)");
        assert_eq!(of("x/00000000"), "x||Wal(0)");
        assert_eq!(of("d/chunk_snapshot.000003.0000000512/000000"), "d||Snapshot");
        assert_eq!(of("d/app.log") + &of("d/1234.log") + &of("2026"), "");
    }

    #[test]
    fn the_newest_checkpoint_stands_between_the_segments_it_replaces_and_those_behind_it() {
        let paths =
            ["wal/00000005", "wal/00000006", "wal/checkpoint.00000004/00000000", "wal/checkpoint.00000005/00000000", "wbl/00000000"];
        let order: Vec<usize> = Layout::of(&paths).logs().into_iter().map(|(file, _)| file).collect();
        assert_eq!(order, [0, 3, 1, 4]);
    }
}
