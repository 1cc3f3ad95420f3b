//! Logs that grow after they were read: more text behind the old, and back to a place that was marked.
//!
//! What is appended a few lines at a time would be a segment each; who follows a log marks the places between the last
//! ones, goes back to one and appends their text again together with what is new. Going back costs what lies behind
//! the mark. Snapshots that were taken before stay as they were.

use std::sync::Arc;

use super::Text;
use super::log::{Log, LogBuilder, LogFacts};

/// A place between two chunks of a log, to go back to.
#[derive(Debug, Clone)]
pub struct LogMark {
    n_segments: usize,
    n_records: u64,
    end_byte: u64,
    n_services: usize,
    n_messages: u32,
    is_full: bool,
    facts: LogFacts,
}

impl LogMark {
    /// Records before it.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }
}

impl Log {
    /// End of the bytes that its records are of.
    pub fn end_byte(&self) -> u64 {
        self.end_byte
    }
}

impl LogBuilder {
    /// More will be appended although the log was finished. Nothing that is remembered of its last segment holds then.
    pub fn reopen(&mut self) {
        if self.log.is_whole {
            self.log.is_whole = false;
            self.log.epoch += 1;
        }
    }

    /// The text is another one than that of this source before: nothing that is remembered of it holds.
    pub fn set_epoch(&mut self, epoch: u32) {
        self.log.epoch = epoch;
    }

    /// Something that was appended was taken back and reads differently now.
    pub fn renew(&mut self) {
        self.log.epoch += 1;
    }

    /// See [`LogBuilder::set_epoch`].
    pub fn epoch(&self) -> u32 {
        self.log.epoch
    }

    /// The text behind the records, which begins with what was appended so far.
    pub fn set_text(&mut self, text: Arc<dyn Text>) {
        self.log.text = text;
    }

    /// So many segments at the end may be joined later, so nothing is remembered of them.
    pub fn set_loose(&mut self, n_segments: usize) {
        self.log.n_loose = n_segments;
    }

    /// This place.
    pub fn mark(&self) -> LogMark {
        LogMark {
            n_segments: self.log.segments.len(),
            n_records: self.log.n_records,
            end_byte: self.log.end_byte,
            n_services: self.log.services.len(),
            n_messages: self.messages.len() as u32,
            is_full: self.is_full,
            facts: self.facts.clone(),
        }
    }

    /// Forgets what was appended behind a mark of this log. O(different messages).
    pub fn go_back(&mut self, mark: &LogMark) {
        self.log.segments.truncate(mark.n_segments);
        self.log.n_records = mark.n_records;
        self.log.end_byte = mark.end_byte;
        self.log.services.truncate(mark.n_services);
        self.codes.retain(|_, code| usize::from(*code) < mark.n_services);
        self.messages.retain(|_, code| *code < mark.n_messages);
        self.is_full = mark.is_full;
        self.facts.clone_from(&mark.facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;
    use crate::parse::RecordDetail;
    use crate::store::segment::Draft;
    use crate::store::testing::{Bytes, chunk};

    #[test]
    fn going_back_and_appending_again_is_as_if_nothing_had_happened() {
        let lines = ["5 info a x 1\n", "3 error b y\n more\n", "9 warn a z\n", "- - - w 2\n"];
        let text: String = lines.concat();
        let draft = |from: usize, to: usize| {
            let part = lines[from..to].concat();
            let draft = if from == 0 {
                Draft::first(chunk(part.as_bytes()), part.as_bytes())
            } else {
                Draft::later(chunk(part.as_bytes()), part.as_bytes())
            };
            (draft, part.len() as u64)
        };
        let new = || {
            LogBuilder::new(
                SourceId(0),
                Arc::new(Bytes("a".into(), text.clone().into_bytes())),
                Arc::new(|_: &[u8]| RecordDetail::default()),
            )
        };
        let (mut once, mut again) = (new(), new());
        for part in [draft(0, 1), draft(1, 4)] {
            once.append(part.0, part.1);
        }
        let (first, size) = draft(0, 1);
        again.append(first, size);
        let mark = again.mark();
        for part in [draft(1, 2), draft(2, 3), draft(3, 4)] {
            again.append(part.0, part.1);
        }
        again.go_back(&mark);
        let (rest, size) = draft(1, 4);
        again.append(rest, size);
        assert_eq!(once.facts(), again.facts());
        assert_eq!((once.services(), once.n_records(), once.end_byte()), (again.services(), again.n_records(), again.end_byte()));
        assert_eq!(once.messages, again.messages);
        assert_eq!(once.snapshot().messages().collect::<Vec<_>>(), again.snapshot().messages().collect::<Vec<_>>());
    }
}
