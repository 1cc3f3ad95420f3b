//! Documents of lines that are read in blocks, so that they are never whole in memory beside what is made of them.
//!
//! A table is understood on all cores: `parse` says what can be read side by side, the threads are here.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::parse::document::Stream;
use crate::parse::{Context, Document};
use crate::store::{StoreError, Text};

use super::content::Content;

/// Documents that are larger are read in blocks of this size.
pub(super) const BLOCK_BYTES: u64 = 1 << 20;
/// The same with several threads: enough rows for each of them.
const SHARED_BYTES: u64 = 8 << 20;

/// Reads a document with up to `jobs` threads, whose number never changes an answer.
pub(super) fn read(content: &Content, mut stream: Stream, context: &Context, jobs: usize) -> Result<Document, StoreError> {
    let crew = |n: usize, work: &(dyn Fn(usize) + Sync)| {
        let next = AtomicUsize::new(0);
        let run = || {
            while let Some(index) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < n) {
                work(index);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..jobs.min(n) {
                scope.spawn(run);
            }
            run();
        });
    };
    let length = if jobs > 1 && matches!(stream, Stream::Table(_)) { SHARED_BYTES } else { BLOCK_BYTES };
    let (mut at, end, mut length, mut buffer) = (0, content.size_bytes(), length, Vec::new());
    while at < end {
        let block = content.read_into(at..end.min(at + length), &mut buffer)?;
        let is_last = at + block.len() as u64 == end;
        let whole = if is_last { Some(block.len()) } else { memchr::memrchr(b'\n', block).map(|last| last + 1) };
        match whole {
            Some(whole) => {
                if jobs > 1 {
                    stream.feed_by(&block[..whole], &crew);
                } else {
                    stream.feed(&block[..whole]);
                }
                at += whole as u64;
            }
            None => length *= 2,
        }
    }
    Ok(stream.finish(context))
}
