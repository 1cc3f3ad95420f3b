//! What metric names and labels tell: parts of names, intervals, statuses that mean failure, the labels to group by.

use std::collections::BTreeSet;

use crate::model::SeriesMeta;
use crate::model::series::STATUS_LABELS;
use crate::model::time::NS_PER_S;

/// Labels that name a service, the most telling first.
pub(super) const SERVICE: [&str; 10] =
    ["service", "service_name", "app", "application", "app_kubernetes_io_name", "component", "namespace", "job", "container", "deployment"];
/// Labels that name one process or machine of a service.
pub(super) const INSTANCE: [&str; 8] = ["instance", "pod", "pod_name", "host", "hostname", "node", "replica", "container_id"];
/// gRPC codes that are the fault of the server.
const GRPC: &str = "Unknown|Internal|Unavailable|DeadlineExceeded|DataLoss|ResourceExhausted|Aborted|Unimplemented\
|UNKNOWN|INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED|DATA_LOSS|RESOURCE_EXHAUSTED|ABORTED|UNIMPLEMENTED";
/// Words that mean failure.
const FAILED: [&str; 13] = [
    "error",
    "err",
    "errors",
    "failure",
    "fail",
    "failed",
    "timeout",
    "exception",
    "server_error",
    "unavailable",
    "rejected",
    "refused",
    "aborted",
];

/// Words that count failures in a metric name.
pub(super) const FAILURES: [&str; 7] = ["errors", "error", "failures", "failed", "failure", "exceptions", "timeouts"];
/// Words of a metric name that say "in use now".
pub(super) const USED: [&str; 14] =
    ["in", "use", "inuse", "used", "active", "open", "opened", "current", "allocated", "working", "set", "usage", "busy", "acquired"];
/// Words of a metric name that say "at most".
pub(super) const LIMIT: [&str; 8] = ["max", "maximum", "limit", "capacity", "size", "spec", "open", "quota"];

/// Parts of a name between anything that is no letter or digit, in lower case.
pub(super) fn parts(name: &str) -> Vec<String> {
    name.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The parts without these, in order of letters: what two names have in common.
pub(super) fn core(name: &str, left_out: &[&str]) -> Vec<String> {
    let mut core: Vec<String> = parts(name).into_iter().filter(|part| !left_out.contains(&part.as_str())).collect();
    core.sort();
    core
}

/// Whether a name has one of these parts.
pub(super) fn has(name: &str, wanted: &[&str]) -> bool {
    parts(name).iter().any(|part| wanted.contains(&part.as_str()))
}

/// The interval at which these series were scraped, ns: the median, a whole second where it lies within 2 % of one,
/// else whole milliseconds. `None` when none has two samples.
pub(super) fn interval<'a>(metas: impl Iterator<Item = &'a SeriesMeta>) -> Option<i64> {
    const MS: i64 = NS_PER_S / 1000;
    let mut steps: Vec<i64> = metas.filter_map(|meta| meta.step_ns).collect();
    let middle = steps.len().checked_sub(1)? / 2;
    let step = *steps.select_nth_unstable(middle).1;
    let whole = (step + NS_PER_S / 2) / NS_PER_S * NS_PER_S;
    if whole > 0 && (step - whole).abs() <= whole / 50 {
        return Some(whole);
    }
    Some(((step + MS / 2) / MS).max(1) * MS)
}

/// A duration as `PromQL` writes it: `4s`, `1m`, `1500ms`.
pub(super) fn duration(ns: i64) -> String {
    let ms = ns / (NS_PER_S / 1000);
    match ms {
        ms if ms % 1000 != 0 => format!("{ms}ms"),
        ms if ms % 86_400_000 == 0 => format!("{}d", ms / 86_400_000),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms => format!("{}s", ms / 1000),
    }
}

/// Finite bucket bounds of these series, rising, each once.
pub(super) fn bounds<'a>(metas: impl Iterator<Item = &'a SeriesMeta>) -> Vec<f64> {
    let mut bounds: Vec<f64> =
        metas.filter_map(|meta| meta.labels.get("le")?.parse().ok()).filter(|bound: &f64| bound.is_finite()).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup_by(|a, b| a.total_cmp(b).is_eq());
    bounds
}

/// The matcher for requests that failed by the server's fault, such as `code=~"5.."`; `None` when no label tells.
pub(super) fn failed(metas: &[&SeriesMeta]) -> Option<String> {
    STATUS_LABELS.into_iter().find_map(|label| {
        let values: BTreeSet<&str> = metas.iter().filter_map(|meta| meta.labels.get(label)).collect();
        failed_values(&values).map(|pattern| format!("{label}=~{pattern:?}"))
    })
}

fn failed_values(values: &BTreeSet<&str>) -> Option<String> {
    let is_status = |value: &&&str| {
        value.len() == 3
            && value.starts_with(|c: char| ('1'..='5').contains(&c))
            && value[1..].bytes().all(|b| b.is_ascii_digit() || b == b'x' || b == b'X')
    };
    let n_statuses = values.iter().filter(is_status).count();
    if n_statuses > 0 && n_statuses * 2 >= values.len() {
        return Some("5..".to_owned());
    }
    if values.iter().any(|value| matches!(*value, "OK" | "Ok"))
        && values.iter().all(|value| value.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_'))
    {
        return Some(GRPC.to_owned());
    }
    let failed: Vec<&str> = values.iter().copied().filter(|value| FAILED.contains(&value.to_lowercase().as_str())).collect();
    (!failed.is_empty()).then(|| failed.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;

    fn meta(labels: &[(&str, &str)]) -> SeriesMeta {
        let labels = Labels::new(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        SeriesMeta { labels, ..SeriesMeta::default() }
    }

    fn check_failed(label: &str, values: &[&str], expected: Option<&str>) {
        let metas: Vec<SeriesMeta> = values.iter().map(|value| meta(&[(label, value)])).collect();
        assert_eq!(failed(&metas.iter().collect::<Vec<_>>()).as_deref(), expected, "{values:?}");
    }

    #[test]
    fn failures_are_told_by_status_code_and_word() {
        check_failed("code", &["200", "404"], Some(r#"code=~"5..""#));
        check_failed("status", &["2xx", "5xx"], Some(r#"status=~"5..""#));
        check_failed("result", &["success", "error", "timeout"], Some(r#"result=~"error|timeout""#));
        check_failed("result", &["hit", "miss"], None);
        check_failed("path", &["200"], None);
    }

    #[test]
    fn intervals_are_whole_where_the_scrape_was_meant_to_be() {
        let of = |step_ns| interval([SeriesMeta { step_ns: Some(step_ns), ..SeriesMeta::default() }].iter());
        assert_eq!(of(1_001_000_000), Some(NS_PER_S));
        assert_eq!(of(14_990_000_000), Some(15 * NS_PER_S));
        assert_eq!(of(250_400_000), Some(250_000_000));
        assert_eq!([duration(NS_PER_S * 60), duration(NS_PER_S * 90), duration(NS_PER_S / 2)], ["1m", "90s", "500ms"]);
    }
}
