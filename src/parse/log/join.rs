//! What one chunk must hand to the next: the last line, for duplicates across the border, and the last time, for
//! the hour that local clocks pass twice.
//!
//! File order is the only witness of which of its two moments such a local time means: in a file that runs forward
//! the second, once the first would lie well before the record above; else the nearer one. Cheap unless the file's
//! zone sets its clocks back.

use super::LogPlan;
use super::clock::Rule;
use crate::model::catalog::{Problem, ProblemKind, Problems, ZoneCertainty};
use crate::model::time::NS_PER_S;
use crate::parse::{LogChunk, NO_TIME};

/// How late a record may be in a file that runs forward before an earlier local time means the second pass.
const MAX_LATE_NS: i64 = 10 * 60 * NS_PER_S;

/// What joining did to the times of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// Nothing.
    Kept,
    /// Some are other ones now.
    Moved,
}

/// Joins the chunks of one file, given in file order.
#[derive(Debug, Clone)]
pub struct Joiner {
    rule: Rule,
    last_line_hash: Option<u64>,
    last_time: i64,
    has_told_fold: bool,
    /// Steps forward less steps back so far.
    n_forward: i64,
    /// Hour (of UTC) and seconds to the second pass of the local hour, 0 when there is none.
    fold: (i64, i64),
}

impl Joiner {
    /// Length of what [`Joiner::to_bytes`] gives.
    pub const BYTES: usize = 25;

    /// For the chunks of a file that is read with `plan`.
    pub fn new(plan: &LogPlan) -> Self {
        // Times that carry their offset are never ambiguous.
        let rule = if plan.zone.certainty == ZoneCertainty::Offset { Rule::Fixed(0) } else { plan.clock.rule };
        Self { rule, last_line_hash: None, last_time: NO_TIME, has_told_fold: false, n_forward: 0, fold: (i64::MIN, 0) }
    }

    /// What it knows now, to go on in another process.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0] = u8::from(self.last_line_hash.is_some()) | u8::from(self.has_told_fold) << 1;
        bytes[1..9].copy_from_slice(&self.last_line_hash.unwrap_or(0).to_le_bytes());
        bytes[9..17].copy_from_slice(&self.last_time.to_le_bytes());
        bytes[17..].copy_from_slice(&self.n_forward.to_le_bytes());
        bytes
    }

    /// The one that told these bytes, for a file that is read with `plan`.
    pub fn resume(plan: &LogPlan, bytes: &[u8; Self::BYTES]) -> Self {
        let number = |at: usize| bytes[at..].first_chunk().map_or(0, |number| i64::from_le_bytes(*number));
        let last_line_hash = (bytes[0] & 1 != 0).then_some(number(1) as u64);
        Self { last_line_hash, last_time: number(9), has_told_fold: bytes[0] & 2 != 0, n_forward: number(17), ..Self::new(plan) }
    }

    /// Completes the next chunk with what only the ones before it tell. O(1), and O(records) in a zone that
    /// sets its clocks back.
    pub fn join(&mut self, chunk: &mut LogChunk) -> Joined {
        let mut before = Problems::default();
        if self.last_line_hash.is_some() && self.last_line_hash == chunk.first_line_hash {
            let (line, byte) = (u64::from(chunk.head_lines) + 1, u64::from(chunk.head_bytes));
            before.push(Problem { line, byte, kind: ProblemKind::Duplicate, reason: "the same line as the record before".to_owned() });
        }
        self.last_line_hash = chunk.last_line_hash.or(self.last_line_hash);
        let has_moved = matches!(self.rule, Rule::Named(_)) && self.unfold(&mut chunk.columns.times);
        if has_moved && !self.has_told_fold {
            self.has_told_fold = true;
            let reason = "the clock was set back: times of the repeated hour are read by file order".to_owned();
            before.push(Problem { line: 0, byte: 0, kind: ProblemKind::Time, reason });
        }
        if before.total() > 0 {
            before.append(std::mem::take(&mut chunk.problems));
            chunk.problems = before;
        }
        if has_moved { Joined::Moved } else { Joined::Kept }
    }

    /// Moves times of the repeated hour to its second pass where file order says so.
    fn unfold(&mut self, times: &mut [i64]) -> bool {
        let mut has_moved = false;
        for time in times {
            if *time == NO_TIME {
                continue;
            }
            let later = self.second_pass(*time);
            if later != 0 && self.last_time != NO_TIME {
                let second = *time + later;
                let is_nearer = second.abs_diff(self.last_time) < time.abs_diff(self.last_time);
                let is_far_back = self.n_forward >= 0 && self.last_time.saturating_sub(*time) > MAX_LATE_NS;
                if is_nearer || is_far_back && second >= self.last_time {
                    *time = second;
                    has_moved = true;
                }
            }
            if self.last_time != NO_TIME {
                self.n_forward += (*time - self.last_time).signum();
            }
            self.last_time = *time;
        }
        has_moved
    }

    /// Nanoseconds from this moment to the one that has the same local time; 0 when there is none.
    fn second_pass(&mut self, time: i64) -> i64 {
        let at_s = time.div_euclid(NS_PER_S);
        let step = at_s.div_euclid(900);
        if self.fold.0 != step {
            let local = at_s + i64::from(self.rule.offset_at(at_s));
            let later = match self.rule.offsets(local) {
                (first, Some(second)) => i64::from(first - second) * NS_PER_S,
                _ => 0,
            };
            self.fold = (step, later);
        }
        self.fold.1
    }
}
