//! Latencies that programs say in a sentence: `duration: 1532.123 ms  statement: …`, `Completed 200 OK in 12ms`.
//!
//! Which sentence a log uses is found out once, from its sampled lines; all other logs do not pay for this.

use std::collections::BTreeMap;

use memchr::memmem;

use crate::parse::timestamp::EpochUnit;

/// A sentence that tells how long something took.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Words right before the number.
    before: &'static str,
    /// What must follow it.
    after: &'static str,
    unit: EpochUnit,
    /// Words that must stand somewhere before, and behind which a status may stand.
    opening: &'static str,
}

const fn sentence(opening: &'static str, before: &'static str, after: &'static str, unit: EpochUnit) -> Sentence {
    Sentence { before, after, unit, opening }
}

use EpochUnit::{Micros, Millis, Seconds};

/// Programs, in order: `PostgreSQL`; Lambda; the slow log of Elasticsearch; Rails and Phoenix without a logger's head;
/// Cassandra; Zabbix; PHP-FPM; traces of the Kubernetes API server; garbage collectors of Java without a date.
const SENTENCES: [Sentence; 11] = [
    sentence("", "LOG:  duration: ", " ms", Millis),
    sentence("REPORT RequestId: ", "\tDuration: ", " ms", Millis),
    sentence("", "took_millis[", "]", Millis),
    sentence("Completed ", " in ", "ms", Millis),
    sentence("Sent ", " in ", "ms", Millis),
    sentence("Sent ", " in ", "µs", Micros),
    sentence("", " GC in ", "ms", Millis),
    sentence("", "slow query: ", " sec", Seconds),
    sentence("", "executing too slow (", " sec)", Seconds),
    sentence("", "(total time: ", "ms)", Millis),
    sentence("GC", "M) ", "ms", Millis),
];

/// How much of a line is looked at.
const MAX_BYTES: usize = 600;

/// The sentence that most of the lines with any of them use, and how many that are.
#[derive(Debug, Default)]
pub(super) struct Votes(BTreeMap<usize, usize>);

impl Votes {
    /// Counts the sentences of one line.
    pub fn look(&mut self, text: &[u8]) {
        for (index, _) in SENTENCES.iter().enumerate().filter(|(_, sentence)| sentence.read(text).is_some()) {
            *self.0.entry(index).or_default() += 1;
        }
    }

    /// The commonest.
    pub fn best(&self) -> Option<&'static Sentence> {
        let (index, _) = self.0.iter().max_by_key(|(index, n)| (**n, std::cmp::Reverse(**index)))?;
        SENTENCES.get(*index)
    }
}

impl Sentence {
    /// The latency in seconds that a text tells.
    pub fn read(&self, text: &[u8]) -> Option<f32> {
        let text = &text[..text.len().min(MAX_BYTES)];
        let from = if self.opening.is_empty() { 0 } else { memmem::find(text, self.opening.as_bytes())? + self.opening.len() };
        let at = from + memmem::find(&text[from..], self.before.as_bytes())? + self.before.len();
        let len = text[at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let is_told = len > 0 && text[at + len..].starts_with(self.after.as_bytes());
        if is_told { super::found::seconds(&text[at..at + len], Some(self.unit)) } else { None }
    }

    /// The status that stands right behind the opening words: `Completed 500 Internal Server Error in 1532ms`.
    pub fn status(&self, text: &[u8]) -> Option<u16> {
        let text = &text[..text.len().min(MAX_BYTES)];
        let at = memmem::find(text, self.opening.as_bytes()).filter(|_| self.opening.ends_with(' '))? + self.opening.len();
        let is_number = text.get(at + 3) == Some(&b' ');
        super::found::status(text.get(at..at + 3).filter(|_| is_number)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_how_long_something_took() {
        for (line, latency, status) in [
            (" UTC [812] LOG:  duration: 1532.123 ms  statement: SELECT 1", Some(1.532_123), None),
            (" REPORT RequestId: 8f7e\tDuration: 3003.12 ms\tBilled Duration: 3000 ms", Some(3.003_12), None),
            (" [orders][0] took[5.2s], took_millis[5231], total_hits[1 hits]", Some(5.231), None),
            ("Completed 500 Internal Server Error in 1532ms (ActiveRecord: 1500.1ms)", Some(1.532), Some(500)),
            ("Sent 200 in 700µs", Some(0.000_7), Some(200)),
            ("G1 Old Generation GC in 5231ms.  G1 Eden Space: 123 -> 0;", Some(5.231), None),
            ("[9.123s][info][gc] GC(12) Pause Young (Normal) 1033M->433M(2048M) 7.597ms", Some(0.007_597), None),
            ("Completed the order in time", None, None),
            ("the duration: 12 ms is what a person wrote", None, None),
        ] {
            let mut votes = Votes::default();
            votes.look(line.as_bytes());
            let told = votes.best().and_then(|sentence| sentence.read(line.as_bytes()));
            assert_eq!(told.map(|seconds| (seconds * 1e6).round()), latency.map(|seconds: f32| (seconds * 1e6).round()), "{line}");
            assert_eq!(votes.best().and_then(|sentence| sentence.status(line.as_bytes())), status, "{line}");
        }
    }
}
