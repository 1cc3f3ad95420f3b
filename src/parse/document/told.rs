//! Documents that are told by words which stand at the start of their lines: expositions and configurations.

use super::{Candidate, candidate};
use crate::model::SourceKind;
use crate::parse::metric;

/// Lines of a name, labels and a value, with comments that only an exposition has.
pub(super) fn exposition(windows: &[&str]) -> Option<Candidate> {
    use metric::exposition::{Line, line};
    let (mut n_good, mut n_bad, mut n_meta, mut n_braces, mut n_dump, mut n_timed, mut has_end) =
        (0_u32, 0_u32, 0_u32, 0_u32, 0_u32, 0_u32, false);
    for text in windows.iter().flat_map(|window| window.lines()) {
        match line(text) {
            Ok(Line::Sample(sample)) if sample.value.starts_with('{') || metric::value_of(sample.value).is_ok() => {
                n_good += 1;
                n_braces += u32::from(sample.identity.ends_with('}') && sample.identity.contains("=\"") || sample.identity.ends_with("{}"));
                n_dump += u32::from(sample.identity.starts_with("{__name__="));
                n_timed += u32::from(sample.time.is_some_and(|time| time.parse::<f64>().is_ok()));
            }
            Ok(Line::Meta("TYPE" | "HELP" | "UNIT", ..)) => n_meta += 1,
            Ok(Line::End) => has_end = true,
            Ok(_) => {}
            Err(_) => n_bad += 1,
        }
    }
    // Types, help or the end mark leave little doubt, so that more lines may be damaged.
    let tolerance = if n_meta > 0 || has_end { 2 } else { 20 };
    if n_good == 0 || n_bad * tolerance > n_good {
        return None;
    }
    let share = n_good as f32 / (n_good + n_bad) as f32;
    if n_dump * 10 > n_good * 9 {
        return Some(candidate(
            SourceKind::Metrics,
            "promtool-tsdb-dump",
            0.98 * share,
            "lines of {__name__=…}, a value and a time, as promtool tsdb dump prints",
        ));
    }
    let certainty = if n_meta > 0 || has_end {
        0.98
    } else if n_braces * 2 > n_good {
        0.85
    } else if n_timed == n_good && n_good > 2 {
        0.5
    } else {
        return None;
    };
    let why = format!("{n_good} lines of a metric and its value, {n_meta} of types or help");
    let format = if has_end { "openmetrics" } else { "prometheus-exposition" };
    Some(candidate(SourceKind::Metrics, format, certainty * share, why))
}

/// Configuration of Prometheus, by the keys that stand at the start of lines.
pub(super) fn configuration(head: &str) -> Option<Candidate> {
    let starts = |key: &str| head.lines().any(|line| line.trim_start().starts_with(key));
    let has_groups = head.lines().any(|line| line.starts_with("groups:")) || starts("kind: PrometheusRule");
    if has_groups && (starts("- alert:") || starts("- record:") || starts("rules:") || starts("alert:") || starts("record:")) {
        return Some(candidate(
            SourceKind::Alerts,
            "prometheus-rules-yaml",
            0.95,
            "a file of Prometheus rules: names, expressions, thresholds",
        ));
    }
    (head.lines().any(|line| line.starts_with("scrape_configs:"))).then(|| {
        candidate(
            SourceKind::Report,
            "prometheus-config-yaml",
            0.95,
            "a configuration of Prometheus: context, nothing to place on the timeline",
        )
    })
}
