//! What is told of a log that was read: its problems, and remarks that need no mending.
//!
//! Words only; what is counted comes from the store.

use crate::model::catalog::Problems;
use crate::model::time::NS_PER_S;
use crate::model::{Problem, ProblemKind, Unit, text};
use crate::parse::template;
use crate::store::log::{LogFacts, MAX_MESSAGES};

/// Problems of a log, with one for all records that are out of order.
pub(super) fn problems_of(facts: &LogFacts, format: &str, n_records: u64) -> Problems {
    let mut problems = Problems::default();
    let late = facts.late.count();
    if late.count > 0 && !is_by_completion(format, late.max_ns) && !is_newest_first(late.count, n_records) {
        let (_, line, byte) = facts.first_late.unwrap_or_default();
        let most = text::value(late.max_ns as f64 / NS_PER_S as f64, Unit::Seconds);
        let verb = if late.count == 1 { "is" } else { "are" };
        let (n, all) = (text::grouped(late.count), text::grouped(n_records));
        let reason = format!("{n} of {all} records {verb} earlier than the latest before them, by up to {most}; shown in order of time");
        problems.push(Problem { line, byte, kind: ProblemKind::Order, reason });
    }
    problems.append(facts.problems.clone());
    if facts.n_without_pattern > 0 {
        let (n, most) = (text::grouped(facts.n_without_pattern), text::grouped(u64::from(MAX_MESSAGES)));
        let reason = format!("{n} records have no message pattern: patterns are made of the first {most} different messages of a source");
        problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Limit, reason });
    }
    problems
}

/// Formats whose lines are written when a request is over and tell when it came.
const BY_COMPLETION: [&str; 3] = ["haproxy-http", "haproxy-tcp", "envoy-access"];

/// Whether lines of a format are out of order by no more than requests last.
fn is_by_completion(format: &str, late_ns: i64) -> bool {
    const LONGEST_NS: i64 = 3_600 * NS_PER_S;
    BY_COMPLETION.contains(&format) && late_ns <= LONGEST_NS
}

/// Whether every record but the first comes late, as in a list that begins with the newest.
fn is_newest_first(n_late: u64, n_records: u64) -> bool {
    n_records > 2 && n_late + 1 == n_records
}

/// What is told of a log beside its problems: what patterns do not see, and an order that its format explains.
pub(super) fn remarks_of(facts: &LogFacts, format: &str, n_records: u64) -> Vec<String> {
    let late = facts.late.count();
    let order = || {
        let most = text::value(late.max_ns as f64 / NS_PER_S as f64, Unit::Seconds);
        format!("lines are in the order in which requests ended, their times are those at which they came: up to {most} apart")
    };
    let mut remarks: Vec<String> = (late.count > 0 && is_by_completion(format, late.max_ns)).then(order).into_iter().collect();
    if is_newest_first(late.count, n_records) {
        remarks.push("the newest record stands first; shown in order of time".to_owned());
    }
    remarks.extend(patterns_miss(facts));
    remarks
}

/// What patterns do not see.
fn patterns_miss(facts: &LogFacts) -> Option<String> {
    let n = facts.n_long_messages;
    let verb = if n == 1 { "message is" } else { "messages are" };
    let words = || format!("{} different {verb} longer than patterns look: {}", text::grouped(n), template::limits());
    (n > 0).then(words)
}
