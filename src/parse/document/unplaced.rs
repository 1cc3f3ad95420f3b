//! Takes out of a document what it places before 1971: clocks that were not set, zero values that stand for no time.
//!
//! One guard behind all readers, so that none of them can put anything at 1970 or at year 1.

use crate::model::{Problem, ProblemKind, Timestamp};
use crate::parse::Document;
use crate::parse::timestamp::FIRST_NS;

fn is_time(at: Timestamp) -> bool {
    at.0 >= FIRST_NS
}

/// Counts such records as unplaced; ends and marks without a time of their own stay without one.
pub(super) fn take_out(document: &mut Document) {
    let mut found = Vec::new();
    let mut add = |n: usize, what: &str| {
        if n > 0 {
            found.push((n as u64, format!("{n} {what} before 1971, where no clock that was set can be; not placed")));
        }
    };
    for series in &mut document.series {
        // Rising times: what is too early stands first.
        if series.first().is_some_and(|sample| !is_time(sample.time)) {
            series.unpack();
        }
        let n = series.samples.partition_point(|sample| !is_time(sample.time));
        series.samples.drain(..n);
        add(n, &format!("sample{} of {} with a time", if n == 1 { "" } else { "s" }, series.name));
    }
    document.series.retain(|series| series.n_samples() > 0);
    for change in &mut document.changes {
        change.end = change.end.filter(|at| is_time(*at));
        if change.time.is_some_and(|at| !is_time(at)) {
            change.time = None;
            add(1, &format!("{} with a time", change.kind));
        }
    }
    document.alerts.retain_mut(|alert| {
        alert.ended_at = alert.ended_at.filter(|at| is_time(*at));
        alert.firing_at = alert.firing_at.filter(|at| is_time(*at));
        add(usize::from(!is_time(alert.active_at)), &format!("alert {} with a start", alert.name));
        is_time(alert.active_at)
    });
    let n_before = document.exemplars.len();
    document.exemplars.retain(|exemplar| is_time(exemplar.time));
    add(n_before - document.exemplars.len(), "exemplars with a time");
    for profile in &mut document.profiles {
        profile.time = profile.time.filter(|at| is_time(*at));
    }
    for (n, reason) in found {
        document.n_unplaced += n;
        document.problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Time, reason });
    }
}

#[cfg(test)]
mod tests {
    use crate::parse::{Context, Document};

    fn parse(format: &str, text: &str, context: &Context) -> Document {
        crate::parse::document::parse_document(format, text.as_bytes(), context)
    }

    #[test]
    fn nothing_of_any_document_lands_before_1971() {
        let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m"},"values":[[-1,"1"],[0,"2"],[1795400000,"3"]]},{"metric":{"__name__":"n"},"values":[[0,"2"]]}]}}"#;
        let document = parse("prometheus-matrix", matrix, &Context::default());
        assert_eq!((document.series.len(), document.series[0].samples.len(), document.n_unplaced), (1, 1, 3));
        assert_eq!(document.problems.total(), 2, "{:?}", document.problems);
        let changes = "{\"ts\":\"0001-01-01T00:00:00Z\",\"kind\":\"deploy\",\"service\":\"a\"}\n";
        let document = parse("changes", changes, &Context::default());
        assert!(document.changes.iter().all(|change| change.time.is_none()) && document.n_unplaced == 1, "{document:?}");
        let alerts = r#"[{"labels":{"alertname":"A"},"startsAt":"0001-01-01T00:00:00Z"},{"labels":{"alertname":"B"},"startsAt":"2026-11-23T02:00:00Z","endsAt":"0001-01-01T00:00:00Z"}]"#;
        let document = parse("prometheus-alerts", alerts, &Context::default());
        let names: Vec<_> = document.alerts.iter().map(|alert| (alert.name.as_str(), alert.ended_at)).collect();
        assert_eq!((names, document.n_unplaced), (vec![("B", None)], 1));
    }
}
