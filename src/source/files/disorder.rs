//! Records that stand out of order for a reason that is no trouble: the format lists the newest first, spans are listed
//! as they ended, several writers share a file. Such an order is a note; any other stays a problem.

use crate::model::SourceKind;
use crate::model::catalog::{ProblemKind, Problems, SourceReport};
use crate::model::series::Unit;
use crate::model::text;
use crate::model::time::NS_PER_S;
use crate::store::log::LogBuilder;

/// Writers of one file are at most so far apart.
const WRITERS_NS: i64 = NS_PER_S / 10;

/// Turns the problem of a log's order into a note where there is a reason for it.
pub(super) fn explain(report: &mut SourceReport, log: &LogBuilder) {
    let late = log.facts().late.count();
    if late.count == 0 || !report.problems.kept().iter().any(|problem| problem.kind == ProblemKind::Order) {
        return;
    }
    let most = text::value(late.max_ns as f64 / NS_PER_S as f64, Unit::Seconds);
    let (n, all) = (text::grouped(late.count), text::grouped(report.n_records));
    let reason = if is_newest_first(report, log) {
        "the newest record stands first, as such lists have it".to_owned()
    } else if report.kind == SourceKind::Traces {
        format!("{n} of {all} spans began up to {most} before one that is listed above them, as spans are listed when they end")
    } else if late.max_ns <= WRITERS_NS {
        format!("{n} of {all} records are up to {most} earlier than one above them, as several writers of one file leave them")
    } else {
        return;
    };
    report.problems = without_order(&report.problems);
    report.remarks.push(format!("{reason}; shown in order of time"));
}

/// Whether nearly every record is earlier than the first, and the last is the earliest.
fn is_newest_first(report: &SourceReport, log: &LogBuilder) -> bool {
    let Some((first, last)) = report.extent else { return false };
    let n_late = log.facts().late.count().count;
    let is_steady = log.last_time().is_some_and(|time| time <= first.0.saturating_add((last.0 - first.0) / 10));
    n_late > 1 && n_late * 10 >= (report.n_records - 1) * 9 && is_steady
}

fn without_order(problems: &Problems) -> Problems {
    let kept = problems.kept().iter().filter(|problem| problem.kind != ProblemKind::Order).cloned().collect();
    let mut counts = problems.counts().clone();
    counts.remove(&ProblemKind::Order);
    Problems::from_parts(kept, counts)
}
