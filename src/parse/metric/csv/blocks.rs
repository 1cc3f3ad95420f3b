//! Whole blocks of plain rows, read side by side and taken in their order: a wide table is mostly numbers, and reading
//! them takes longest.
//!
//! A block is taken only as rows read one after another would have been gathered; where one is unusual, its rows and
//! some behind them are read in turn. So the answer never knows who helped.

use std::sync::{Mutex, PoisonError};

use super::plain::Block;
use super::{Place, Stream};
use crate::model::packed::BLOCK;

/// Does work for every number below the first, on as many threads as there are to have, and comes back when all is done.
pub type Crew<'c> = &'c (dyn Fn(usize, &(dyn Fn(usize) + Sync)) + Sync);

/// Blocks that are read side by side at most: their numbers are all in memory.
const MAX_BLOCKS: usize = 64;
/// Where a block was unusual, so many lines are read one after another before it is tried again.
const ALONE: usize = 8 * BLOCK;

impl Stream {
    /// Reads whole blocks of plain rows side by side, if there are several; gives how many bytes that were. They are taken
    /// in their order, and only as rows read one after another would have been gathered.
    pub(super) fn blocks(&mut self, text: &str, crew: Crew<'_>) -> usize {
        if self.n_alone > 0 {
            self.n_alone -= 1;
            return 0;
        }
        let (Some(table), Some(separator)) = (&self.table, self.separator) else { return 0 };
        if !self.plain.is_between_blocks(table, separator) {
            return 0;
        }
        let texts = block_texts(text);
        if texts.len() < 2 {
            return 0;
        }
        let read: Vec<Mutex<Option<Block>>> = texts.iter().map(|_| Mutex::new(None)).collect();
        let how = (table, separator, self.reader.zone);
        crew(texts.len(), &|index| {
            let block = Block::read(texts[index], how);
            *read[index].lock().unwrap_or_else(PoisonError::into_inner) = block;
        });
        let mut n_read = 0;
        for (text, block) in texts.iter().zip(read) {
            let block = block.into_inner().unwrap_or_else(PoisonError::into_inner);
            if !block.is_some_and(|block| self.plain.take(&mut self.reader, block, self.place)) {
                self.n_alone = ALONE;
                break;
            }
            self.place = Place { line: self.place.line + BLOCK as u64, byte: self.place.byte + text.len() as u64 };
            n_read += text.len();
        }
        n_read
    }
}

/// The first stretches of a text that have as many whole lines as a block has rows.
fn block_texts(text: &str) -> Vec<&str> {
    let (mut out, mut start) = (Vec::new(), 0);
    for (n, end) in memchr::memchr_iter(b'\n', text.as_bytes()).enumerate() {
        if (n + 1) % BLOCK == 0 {
            out.push(&text[start..=end]);
            start = end + 1;
            if out.len() == MAX_BLOCKS {
                break;
            }
        }
    }
    out
}
