//! What shared trace ids tell of the clocks of the sources: which one looks ahead or behind, and on what ground.
//!
//! Only told and proposed, never applied unasked: times stay as the sources state them until somebody takes an offset.
//! `analysis::skew` estimates it.

use super::event::SourceId;
use super::series::Unit;
use super::text;
use super::time::{NS_PER_S, Timestamp};

/// One event of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Number of its trace.
    pub trace: usize,
    /// Whose clock.
    pub source: SourceId,
    /// When, by that clock.
    pub time: Timestamp,
    /// How long it took, in ns; 0 when it does not say.
    pub length_ns: i64,
}

/// A clock that looks wrong against another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockSkew {
    /// Whose clock.
    pub source: SourceId,
    /// Against whose; `None`: against most of the others.
    pub against: Option<SourceId>,
    /// How far ahead, in ns; below 0 it is behind.
    pub ahead_ns: i64,
    /// The truth lies so far around it, in ns, if the clock is as wrong all the time.
    pub uncertainty_ns: i64,
    /// Traces that it rests on.
    pub n_traces: usize,
}

/// Why nothing is said of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsure {
    /// So few traces shared with another source say which event lies inside which.
    Few(usize),
    /// No one offset puts the events of most traces in order.
    Unsteady(usize),
}

/// What was found of all clocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockCheck {
    /// Clocks that look wrong, the worst first.
    pub skews: Vec<ClockSkew>,
    /// Sources whose clocks agree with another one's, in order.
    pub agreeing: Vec<SourceId>,
    /// Sources that have trace ids, but say nothing of their clock.
    pub unsure: Vec<(SourceId, Unsure)>,
    /// Traces of more than one source that were looked at.
    pub n_traces: usize,
}

impl ClockCheck {
    /// One sentence a clock that looks wrong or is not steady, with the names of the sources; harmless text.
    pub fn sentences(&self, path: impl Fn(SourceId) -> String) -> Vec<String> {
        let name = |id| text::printable(&path(id)).into_owned();
        let mut out: Vec<String> = self.skews.iter().map(|skew| skew.sentence(&name)).collect();
        for (source, why) in &self.unsure {
            if let Unsure::Unsteady(n) = why {
                out.push(format!("no one offset of the clock of {} fits its {} traces", name(*source), text::grouped(*n as u64)));
            }
        }
        out
    }

    /// What holds when no clock looks wrong, or why that cannot be said.
    pub fn summary(&self) -> String {
        match (self.agreeing.len(), self.n_traces) {
            (0, 0) => "no trace runs through two sources, so clocks cannot be compared".to_owned(),
            (0, 1) => "one shared trace is too few to say whether the clocks agree: that takes several".to_owned(),
            (0, n) => format!("{} shared traces do not say whether the clocks agree", text::grouped(n as u64)),
            (n, traces) => format!("clocks of {n} sources agree ({} traces)", text::grouped(traces as u64)),
        }
    }
}

impl ClockSkew {
    /// `clock of payment.log looks 1.7 s ahead (±5 ms, 412 traces)`.
    fn sentence(&self, name: &impl Fn(SourceId) -> String) -> String {
        let [far, around] = self.amounts();
        let way = match (self.ahead_ns > 0, self.against) {
            (true, None) => "ahead".to_owned(),
            (false, None) => "behind".to_owned(),
            (true, Some(other)) => format!("ahead of {}", name(other)),
            (false, Some(other)) => format!("behind {}", name(other)),
        };
        format!("clock of {} looks {far} {way} (±{around}, {} traces)", name(self.source), text::grouped(self.n_traces as u64))
    }

    /// How far it is off, and how far the truth lies around that, in words.
    pub fn amounts(&self) -> [String; 2] {
        /// From here on hours and minutes read better: a wrong zone is eight hours, not 28 800 seconds.
        const LONG_S: u64 = 120;
        let seconds = |ns: i64| match ns.unsigned_abs() / NS_PER_S.unsigned_abs() {
            LONG_S.. => text::whole_duration(ns.unsigned_abs().saturating_add(500_000_000) / NS_PER_S.unsigned_abs()),
            _ => text::value(ns.unsigned_abs() as f64 / 1e9, Unit::Seconds),
        };
        [seconds(self.ahead_ns), seconds(self.uncertainty_ns)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_told_in_one_sentence() {
        let skew = ClockSkew { source: SourceId(1), against: None, ahead_ns: 1_700_000_000, uncertainty_ns: 5_000_000, n_traces: 1412 };
        let behind = ClockSkew { against: Some(SourceId(0)), ahead_ns: -30_000_000, ..skew.clone() };
        let check = ClockCheck { skews: vec![skew, behind], unsure: vec![(SourceId(2), Unsure::Few(3))], ..ClockCheck::default() };
        assert_eq!(
            check.sentences(|id| format!("{}.log\x1b", id.0)),
            ["clock of 1.log␛ looks 1.7 s ahead (±5 ms, 1 412 traces)", "clock of 1.log␛ looks 30 ms behind 0.log␛ (±5 ms, 1 412 traces)"]
        );
    }
}
