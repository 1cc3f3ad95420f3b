//! Messages to templates: `acquire: pool exhausted after 5s (7 waiting)` → `acquire: pool exhausted after <*> (<*> waiting)`.
//!
//! Two passes, so that the answer depends on neither threads nor chunks. While a log is read each message gets a
//! [`signature()`], a hash in which every word that holds a digit counts as the same word: a pass over the bytes, on any
//! thread. Of each signature one message is kept; there are few. [`mine`] looks at those, in order of their
//! first occurrence, when somebody asks: `words` masks what is generic, `cluster` finds what else is variable.

mod cluster;
mod shapes;
mod signature;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;

pub use shapes::Shapes;
pub use signature::{hash, signature};

/// Bytes of a message that are looked at: its first line up to here.
pub const MAX_MESSAGE_BYTES: usize = 1 << 10;

/// The part of a message that its template is made of: the first line, cut at [`MAX_MESSAGE_BYTES`].
pub fn first_line(message: &[u8]) -> &[u8] {
    let cut = &message[..message.len().min(MAX_MESSAGE_BYTES)];
    let end = memchr::memchr(b'\n', cut).unwrap_or(cut.len());
    cut[..end].trim_ascii()
}

/// What is looked at of a message, in words, for those who wonder why a template ends in a mask.
pub fn limits() -> String {
    format!("the first line of a message, {MAX_MESSAGE_BYTES} bytes and {} words of it", words::MAX_WORDS)
}

/// Whether a first line, as it was kept, is looked at to its end. O(bytes) for long ones.
pub fn is_whole(message: &str) -> bool {
    message.len() < MAX_MESSAGE_BYTES && (message.len() <= words::MAX_WORDS || !words::is_cut(message))
}

/// Templates and which of them each message has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mined {
    /// Text with `<*>` for what is variable, in order of the first message.
    pub templates: Vec<String>,
    /// Index into `templates` for each message given.
    pub of_message: Vec<u32>,
}

/// Finds the templates of messages, given in order of first occurrence, each signature once.
/// O(n · groups): 10 000 messages take some 20 ms.
pub fn mine<'a>(messages: impl Iterator<Item = &'a str>) -> Mined {
    let mut rows: Vec<Vec<words::Word>> = Vec::new();
    let mut index: HashMap<Vec<words::Word>, usize> = HashMap::new();
    let mut row_of = Vec::new();
    for message in messages {
        let row = words::words(message);
        let next = rows.len();
        let at = *index.entry(row).or_insert_with_key(|row| {
            rows.push(row.clone());
            next
        });
        row_of.push(at);
    }
    let clusters = cluster::cluster(&rows);
    let n = clusters.iter().max().map_or(0, |most| *most as usize + 1);
    let mut members: Vec<Vec<&Vec<words::Word>>> = vec![Vec::new(); n];
    clusters.iter().zip(&rows).for_each(|(cluster, row)| members[*cluster as usize].push(row));
    Mined {
        templates: members.iter().map(|rows| cluster::template(rows)).collect(),
        of_message: row_of.into_iter().map(|row| clusters[row]).collect(),
    }
}
