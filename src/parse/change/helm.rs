//! `helm history` as it prints by default: a table of columns that are padded and parted by tabs.
//!
//! Its times are those of the clock of whoever ran it, without a zone. The release is not named in the table.

use chrono::NaiveDateTime;

use crate::model::catalog::Problems;
use crate::model::when::{WallZone, Written};
use crate::model::{Change, ProblemKind};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Name of the format.
pub(crate) const FORMAT: &str = "helm-history-table";
/// As `helm` prints a time.
const TIME: &str = "%a %b %e %H:%M:%S %Y";

/// Why a text is such a table, if it is one.
pub(crate) fn recognise(head: &str) -> Option<&'static str> {
    let names = cells(head.lines().next()?);
    let has = |name| names.contains(&name);
    (names.first() == Some(&"REVISION") && has("UPDATED") && has("CHART")).then_some("columns of a release, as helm history prints them")
}

fn cells(line: &str) -> Vec<&str> {
    line.split('\t').map(str::trim).collect()
}

/// Reads the table.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let mut problems = Problems::default();
    let mut changes = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut byte = 0;
    for (line, number) in text.split_inclusive('\n').zip(1_u64..) {
        let place = Place { line: number, byte };
        byte += line.len() as u64;
        let row = cells(line.trim_end_matches(['\n', '\r']));
        if row.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        if names.is_empty() || row == names {
            names = row;
            continue;
        }
        let change = change_of(&names, &row, zone, number);
        if change.time.is_none() {
            problems.push(place.problem(ProblemKind::Time, "revision without a readable time".into()));
        }
        changes.push(change);
    }
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let n_records = changes.len() as u64;
    super::finish(changes, problems, bytes, n_records, n_unplaced, super::zone_of(context, true))
}

fn change_of(names: &[&str], row: &[&str], zone: WallZone, line: u64) -> Change {
    let cell = |name: &str| {
        let index = names.iter().position(|known| *known == name)?;
        row.get(index).copied().filter(|cell| !cell.is_empty())
    };
    let updated = cell("UPDATED").and_then(|text| NaiveDateTime::parse_from_str(text, TIME).ok()?.and_utc().timestamp_nanos_opt());
    let description = cell("DESCRIPTION").unwrap_or_default();
    let is_rollback = description.to_ascii_lowercase().starts_with("rollback");
    let said = [cell("CHART"), cell("APP VERSION"), cell("DESCRIPTION"), cell("STATUS")];
    Change {
        time: updated.map(|civil_ns| Written { civil_ns, offset: None }.at(zone)),
        kind: if is_rollback { "rollback" } else { "deploy" }.to_owned(),
        service: cell("CHART").and_then(chart_name),
        to: cell("APP VERSION").or(cell("CHART")).map(str::to_owned),
        text: said.into_iter().flatten().collect::<Vec<_>>().join(": "),
        fields: names.iter().zip(row).map(|(name, cell)| (name.to_lowercase(), (*cell).to_owned())).collect(),
        line,
        ..Change::default()
    }
}

/// `shop` of `shop-1.9.2`.
fn chart_name(chart: &str) -> Option<String> {
    let (name, version) = chart.rsplit_once('-')?;
    version.starts_with(|c: char| c.is_ascii_digit() || c == 'v').then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::when;

    const TABLE: &str = "REVISION\tUPDATED                 \tSTATUS    \tCHART     \tAPP VERSION\tDESCRIPTION     \n\
        11      \tMon May  4 13:02:51 2026\tsuperseded\tshop-1.9.2\t2.13.9     \tUpgrade complete\n\
        12      \tWed May  6 08:26:04 2026\tdeployed  \tshop-1.9.3\t2.14.0     \tRollback to 10  \n";

    #[test]
    fn each_revision_of_a_release_is_a_change_at_its_time() {
        assert!(recognise(TABLE).is_some());
        let bytes = TABLE.as_bytes();
        let windows = crate::parse::Windows { path: "history.txt", size_bytes: bytes.len() as u64, head: bytes, middle: b"", tail: b"" };
        assert_eq!(crate::parse::log::convert::sort_of(&windows), None, "it is no table of log lines");
        let document = parse(TABLE.as_bytes(), &Context::default());
        let told: Vec<_> = document
            .changes
            .iter()
            .map(|change| (change.time.map(when::shown).unwrap_or_default(), change.kind.as_str(), change.text.as_str(), change.line))
            .collect();
        assert_eq!(
            told,
            [
                ("2026-05-04T13:02:51Z".to_owned(), "deploy", "shop-1.9.2: 2.13.9: Upgrade complete: superseded", 2),
                ("2026-05-06T08:26:04Z".to_owned(), "rollback", "shop-1.9.3: 2.14.0: Rollback to 10: deployed", 3),
            ]
        );
        assert_eq!((document.changes[1].service.as_deref(), document.changes[1].to.as_deref()), (Some("shop"), Some("2.14.0")));
    }
}
