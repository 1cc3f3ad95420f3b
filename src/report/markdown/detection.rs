//! How it was noticed, how early it could have been, which services were affected, and what earlier help would have saved.

use std::fmt::Write as _;

use super::table::Table;
use super::{NO_SAMPLE, clock, heading, measures};
use crate::model::text::rfc3339;
use crate::report::escape::{cell, code};
use crate::report::postmortem::{Derived, Postmortem};

pub(super) fn section(out: &mut String, postmortem: &Postmortem) {
    measures(out, "Detection and response", &postmortem.response);
    early(out, postmortem);
    alerts(out, postmortem);
    what_if(out, &postmortem.what_if);
}

/// Affected services, the first first.
pub(super) fn services(out: &mut String, postmortem: &Postmortem) {
    if postmortem.services.is_empty() {
        return;
    }
    heading(out, 3, "Affected services");
    let mut table =
        Table::new(&["Service", "First affected", "T+", "Peak error rate", "Peak P99", "Recovered", "T+ of recovery", "Lasted"]);
    let shown = |value: &Option<String>| value.as_deref().map_or_else(|| NO_SAMPLE.to_owned(), cell);
    for row in &postmortem.services {
        let open = || "not before the end of the data".to_owned();
        table.row(vec![
            format!("{} <!-- {} -->", cell(&row.service), row.id),
            clock(row.first),
            row.first_offset.clone().unwrap_or_default(),
            shown(&row.peak_error),
            shown(&row.peak_p99),
            row.recovered.map_or_else(open, clock),
            row.recovered_offset.clone().unwrap_or_default(),
            shown(&row.length),
        ]);
    }
    table.write(out);
    let told: Vec<_> = postmortem.services.iter().filter(|row| row.still || !row.silent.is_empty()).collect();
    let missing = missing_files(postmortem);
    if !told.is_empty() || !missing.is_empty() {
        out.push('\n');
    }
    for row in told {
        let still = row.still.then(|| "recovered from failing; beyond what was normal before to the end of the data".to_owned());
        let words: Vec<String> = row.silent.iter().cloned().chain(still).collect();
        let _ = writeln!(out, "- {}: {}", cell(&row.service), cell(&words.join("; ")));
    }
    for line in missing {
        let _ = writeln!(out, "- {line}");
    }
    out.push_str(
        "\nAffected: error rate or P99 left what was normal before the incident, or nothing was answered; rates and quantiles lag behind by up to their \
         window. Recovered: nothing failed any more, and the latency that went with it was over.\n",
    );
}

/// Files that logs lack, of services of which nothing else is told: what is not there was no outage.
fn missing_files(postmortem: &Postmortem) -> Vec<String> {
    let is_told = |of: &str| postmortem.services.iter().any(|row| row.service == of && !row.silent.is_empty());
    let gaps = postmortem.provenance.gaps.iter().filter(|gap| gap.source.is_empty() && !is_told(&gap.of));
    gaps.map(|gap| {
        let (from, to) = (rfc3339(gap.range.start()), rfc3339(gap.range.end()));
        format!("{}: no record from {from} to {to}: a file of its log seems to be missing, which is no outage", cell(&gap.of))
    })
    .collect()
}

fn early(out: &mut String, postmortem: &Postmortem) {
    let detection = &postmortem.detection;
    if detection.signs.is_empty() {
        return;
    }
    heading(out, 3, "Could have been detected at");
    let mut table = Table::new(&["Time (UTC)", "T+", "Series", "Rule", "Earlier by"]);
    for sign in &detection.signs {
        table.row(vec![
            format!("{} <!-- {} -->", clock(sign.at), sign.id),
            sign.offset.clone().unwrap_or_default(),
            code(&sign.series),
            cell(&sign.rule),
            sign.saved.as_deref().map_or_else(|| NO_SAMPLE.to_owned(), cell),
        ]);
    }
    table.write(out);
    let (n, left_out) = detection.n_looked_at;
    let against =
        detection.detected.as_deref().map_or_else(|| "No detection is recorded".to_owned(), |words| format!("Compared with {words}"));
    let more = detection.n_signs.saturating_sub(detection.signs.len());
    let before = if detection.detected.is_some() { " before it" } else { "" };
    let more = if more > 0 { format!("; {more} more series left their baseline{before}") } else { String::new() };
    let cut = if left_out > 0 { format!(", {left_out} more were not looked at") } else { String::new() };
    let _ = writeln!(out, "\n{}{more}. {n} series were looked at{cut}. A sign is no cause.", cell(&against));
}

fn alerts(out: &mut String, postmortem: &Postmortem) {
    let detection = &postmortem.detection;
    if detection.alerts.is_empty() {
        return;
    }
    heading(out, 3, "Alerts in the order in which they fired");
    let mut table = Table::new(&["First fired (UTC)", "T+", "After impact start", "Alert", "Service", "Times"]);
    for row in &detection.alerts {
        table.row(vec![
            clock(row.at),
            row.offset.clone().unwrap_or_default(),
            row.after.as_deref().map_or_else(|| NO_SAMPLE.to_owned(), cell),
            cell(&row.name),
            row.service.as_deref().map_or_else(String::new, cell),
            row.n_firings.to_string(),
        ]);
    }
    table.without_empty_columns().write(out);
    if !detection.silent.is_empty() {
        let names: Vec<String> = detection.silent.iter().map(|name| cell(name)).collect();
        let _ = writeln!(out, "\nAffected, but no alert of theirs fired: {}.", names.join(", "));
    }
}

fn what_if(out: &mut String, rows: &[Derived]) {
    if rows.is_empty() {
        return;
    }
    heading(out, 3, "What the same mitigation would have saved, by assumption");
    let mut table = Table::new(&["Had it been", "Would have saved", "How"]);
    for row in rows {
        let saved = row.value.as_deref().map_or_else(|| NO_SAMPLE.to_owned(), cell);
        table.row(vec![cell(&row.label), format!("**{saved}** <!-- {} -->", row.id), cell(&row.how)]);
    }
    table.write(out);
    out.push_str("\nAn assumption, no finding: that the mitigation would have worked as it did, after the same delay.\n");
}
