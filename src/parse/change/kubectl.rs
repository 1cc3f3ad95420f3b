//! Kubernetes events as `kubectl get events` and `kubectl events` print them: a table of columns with a header.
//!
//! Ages (`5m23s`) count back from the moment of the listing, which the text does not tell: the user's anchor, else the
//! moment at which the file was written if that fits the other sources. Without either they have no place.

use std::ops::Range;

use super::kubernetes::Told;
use crate::model::catalog::Problems;
use crate::model::time::NS_PER_S;
use crate::model::when::{self, WallZone};
use crate::model::{Change, ProblemKind, Timestamp, Zone, ZoneCertainty};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Name of the format.
pub(crate) const FORMAT: &str = "kubernetes-events-table";
/// Columns that the table may have, as their header writes them.
const COLUMNS: [&str; 13] =
    ["LAST SEEN", "FIRST SEEN", "NAMESPACE", "COUNT", "NAME", "KIND", "SUBOBJECT", "TYPE", "REASON", "OBJECT", "SOURCE", "MESSAGE", "AGE"];
/// A file that was written so long after everything else says nothing of the moment of its listing.
const DAY_NS: i64 = 86_400 * NS_PER_S;

/// A column of the table and where it begins.
type Column = (&'static str, usize);

/// Why a text is such a table, if it is one.
pub(crate) fn recognise(head: &str) -> Option<&'static str> {
    let (_, columns) = header(head)?;
    let has = |name| columns.iter().any(|column| column.0 == name);
    (has("LAST SEEN") && has("REASON") && has("MESSAGE")).then_some("columns of Kubernetes events, as kubectl prints them")
}

/// Why a listing of objects (`kubectl get pods`) has nothing to place, if the text is one.
pub(crate) fn ages_of_objects(head: &str) -> Option<&'static str> {
    let first = head.lines().find(|line| !line.trim().is_empty())?;
    let names: Vec<&str> = first.split_whitespace().collect();
    let is_listing = names.contains(&"NAME") && names.contains(&"AGE") && names.iter().all(|name| !name.contains(char::is_lowercase));
    is_listing.then_some(
        "a listing of kubectl: its ages count back from a moment that it does not tell; kubectl get -o json writes the times of pods, replica sets and events",
    )
}

/// The columns of the first line that is not blank, with its number from 1.
fn header(text: &str) -> Option<(usize, Vec<Column>)> {
    let (index, line) = text.lines().enumerate().find(|(_, line)| !line.trim().is_empty())?;
    let mut columns = Vec::new();
    let mut at = 0;
    while let Some(start) = line[at..].find(|c: char| !c.is_whitespace()).map(|skip| at + skip) {
        let rest = &line[start..];
        let is_whole = |name: &str| rest.strip_prefix(name).is_some_and(|after| after.is_empty() || after.starts_with(char::is_whitespace));
        let name = COLUMNS.iter().find(|name| is_whole(name))?;
        columns.push((*name, start));
        at = start + name.len();
    }
    (columns.len() >= 4).then_some((index + 1, columns))
}

/// The cells of a line. Columns begin where those of the header do; a line that was printed later (`--watch`) has
/// others, and is split at its wide gaps.
fn cells<'l>(line: &'l str, columns: &[Column]) -> Vec<(&'static str, &'l str)> {
    let n = columns.len();
    let range = |index: usize| -> Range<usize> { columns[index].1..columns.get(index + 1).map_or(line.len(), |next| next.1) };
    let fits = |at: usize| at > 0 && line.get(at..).is_some() && line.as_bytes()[at - 1] == b' ';
    if columns.iter().skip(1).all(|column| fits(column.1)) {
        return (0..n).filter_map(|index| Some((columns[index].0, line.get(range(index))?.trim()))).collect();
    }
    let mut rest = line.trim();
    let mut found = Vec::new();
    for (index, (name, _)) in columns.iter().enumerate() {
        let end = if index + 1 == n { rest.len() } else { rest.find("  ").unwrap_or(rest.len()) };
        found.push((*name, rest[..end].trim()));
        rest = rest[end..].trim_start();
    }
    found
}

/// Seconds of `5m23s`, `3d4h`, `2y10d`.
fn age_s(text: &str) -> Option<i64> {
    let mut total = 0i64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit = match after.chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'y' => 365 * 86_400,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = &after[1..];
    }
    Some(total)
}

/// What an age leaves out: kubectl writes whole units and cuts off the rest.
fn cut_off(age: &str) -> &'static str {
    let age = age.split(' ').next().unwrap_or(age);
    match age.bytes().last() {
        Some(b'm') => ", or up to 1 min earlier",
        Some(b'h') => ", or up to 1 h earlier",
        Some(b'd' | b'y') => ", or up to 1 day earlier",
        _ => "",
    }
}

/// The moment that ages count back from, how sure it is, and what it is.
pub(super) fn reference(context: &Context) -> Option<(Timestamp, ZoneCertainty, &'static str)> {
    if let Some(anchor) = context.anchor {
        return Some((anchor, ZoneCertainty::Anchored, "the moment that --anchor tells"));
    }
    let fits =
        |at: &Timestamp| context.neighbours.is_none_or(|others| *at >= others.start() && at.0 <= others.end().0.saturating_add(DAY_NS));
    Some((context.modified.filter(fits)?, ZoneCertainty::Inferred, "the moment at which the file was written"))
}

/// Reads the table.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let text = String::from_utf8_lossy(bytes);
    let mut problems = Problems::default();
    let reference = reference(context);
    let (first_line, columns) = header(&text).unwrap_or_default();
    let mut changes = Vec::new();
    let (mut byte, mut n_ages) = (0, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let place = Place { line: index as u64 + 1, byte };
        byte += line.len() as u64;
        let line = line.trim_end();
        if index < first_line || line.trim().is_empty() || header(line).is_some() {
            continue;
        }
        let cells = cells(line, &columns);
        let seen = Seen::of(&cells, reference.map(|reference| reference.0));
        n_ages += usize::from(seen.has_age);
        let change = change_of(&cells, &seen, place.line, reference.map_or("", |reference| reference.2));
        if change.time.is_none() {
            let why = if seen.has_age {
                "an age without the moment that it counts back from; --anchor FILE=TIME tells it"
            } else {
                "event without a readable time"
            };
            problems.push(place.problem(ProblemKind::Time, why.into()));
        }
        changes.push(change);
    }
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let n_records = changes.len() as u64;
    let zone = match reference.filter(|_| n_ages > 0) {
        Some((_, certainty, _)) => Zone { name: "UTC".into(), certainty },
        None => super::zone_of(context, false),
    };
    super::finish(changes, problems, bytes, n_records, n_unplaced, zone)
}

/// When an event was seen: first and last.
#[derive(Default)]
pub(super) struct Seen {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    count: Option<String>,
    age: Option<String>,
    has_age: bool,
}

impl Seen {
    pub(super) fn of(cells: &[(&'static str, &str)], reference: Option<Timestamp>) -> Self {
        let cell = |name: &str| cells.iter().find(|cell| cell.0 == name).map(|cell| cell.1).filter(|text| !text.is_empty());
        let mut seen = Self::default();
        let mut moment = |text: &str| match age_s(text) {
            Some(age) => {
                seen.has_age = true;
                reference.map(|at| Timestamp(at.0.saturating_sub(age.saturating_mul(NS_PER_S))))
            }
            None => when::any(text, WallZone::Utc).filter(|at| *at > Timestamp(0)),
        };
        let last = cell("LAST SEEN").or_else(|| cell("AGE")).unwrap_or_default();
        // `3m (x5 over 10m)`
        let (age, more) = last.split_once(" (x").unwrap_or((last, ""));
        seen.last = moment(age);
        let (count, over) = more.trim_end_matches(')').split_once(" over ").unwrap_or_default();
        seen.first = cell("FIRST SEEN").and_then(&mut moment).or_else(|| moment(over));
        let is_several = |count: &&str| !count.is_empty() && *count != "1";
        seen.count = Some(count).filter(is_several).or_else(|| cell("COUNT").filter(is_several)).map(str::to_owned);
        seen.age = Some(last.to_owned()).filter(|_| seen.has_age);
        seen
    }
}

pub(super) fn change_of(cells: &[(&'static str, &str)], seen: &Seen, line: u64, counted_from: &str) -> Change {
    let cell = |name: &str| cells.iter().find(|cell| cell.0 == name).map(|cell| cell.1.to_owned()).filter(|text| !text.is_empty());
    let reason = cell("REASON").unwrap_or_default();
    let object = cell("OBJECT").or_else(|| Some(format!("{}/{}", cell("KIND")?.to_lowercase(), cell("NAME")?)));
    let name = object.as_ref().map(|object| object.split_once('/').map_or(object.as_str(), |(_, name)| name).to_owned());
    let message = cell("MESSAGE").unwrap_or_default();
    let start = seen.first.or(seen.last);
    let counted = seen.age.as_ref().zip(seen.last).map(|(age, _)| format!("{age} before {counted_from}{}", cut_off(age)));
    let fields = [
        ("type", cell("TYPE")),
        ("reason", Some(reason.clone())),
        ("object", object),
        ("namespace", cell("NAMESPACE")),
        ("count", seen.count.clone()),
        ("component", cell("SOURCE")),
        ("time is", counted),
    ];
    let subject = name.clone().unwrap_or_default();
    Told { reason, subject, message, service: name, count: seen.count.clone(), span: (start, seen.last), fields: fields.into() }
        .change(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimeRange;

    const LISTING: &str = "\
LAST SEEN               TYPE      REASON              OBJECT                  MESSAGE
40m                     Normal    ScalingReplicaSet   deployment/web          Scaled up replica set web-7d9f to 1
5m23s (x3 over 28m)     Warning   BackOff             pod/web-7d9f-abcde      Back-off restarting failed container
2026-11-20T14:50:00Z    Warning   OOMKilling          node/worker-2           Memory cgroup out of memory
";

    fn at(text: &str) -> Timestamp {
        when::any(text, WallZone::Utc).unwrap()
    }

    #[test]
    fn ages_count_back_from_the_anchor_or_the_writing_of_the_file() {
        assert!(recognise(LISTING).is_some() && recognise("LAST SEEN by nobody\n").is_none());
        let anchored = Context { anchor: Some(at("2026-11-20T15:00:00Z")), ..Context::default() };
        let document = parse(LISTING.as_bytes(), &anchored);
        let times: Vec<_> = document.changes.iter().map(|change| change.time.map(when::shown).unwrap_or_default()).collect();
        assert_eq!(times, ["2026-11-20T14:20:00Z", "2026-11-20T14:32:00Z", "2026-11-20T14:50:00Z"]);
        assert_eq!(document.changes[1].end.map(when::shown).as_deref(), Some("2026-11-20T14:54:37Z"));
        let told = |index: usize| document.changes[index].fields.iter().find(|field| field.0 == "time is").map(|field| field.1.as_str());
        assert_eq!(told(0), Some("40m before the moment that --anchor tells, or up to 1 min earlier"));
        assert_eq!(told(1), Some("5m23s (x3 over 28m) before the moment that --anchor tells"));
        assert_eq!(document.changes[1].text, "web-7d9f-abcde BackOff: Back-off restarting failed container (×3)");
        assert_eq!(document.zone.certainty, ZoneCertainty::Anchored);
        let written = Context { modified: anchored.anchor, ..Context::default() };
        assert_eq!(parse(LISTING.as_bytes(), &written).zone.certainty, ZoneCertainty::Inferred);
    }

    #[test]
    fn a_file_that_was_copied_days_later_places_nothing() {
        let others = TimeRange::new(at("2026-11-20T14:00:00Z"), at("2026-11-20T15:00:00Z"));
        let context = Context { modified: Some(at("2026-11-23T10:00:00Z")), neighbours: Some(others), ..Context::default() };
        let document = parse(LISTING.as_bytes(), &context);
        assert_eq!((document.n_records, document.n_unplaced), (3, 2));
    }

    #[test]
    fn wide_and_old_tables_and_lines_of_a_watch_are_read() {
        let old = "LAST SEEN   FIRST SEEN   COUNT   NAME    KIND   SUBOBJECT   TYPE      REASON    SOURCE   MESSAGE\n\
                   1m          10m          4       web-1   Pod                Warning   BackOff   kubelet  restarting\n";
        let all = "NAMESPACE   LAST SEEN   TYPE     REASON    OBJECT      MESSAGE\nshop        3s          Normal   Killing   pod/web-1   Stopping\n\
                   kube-system-with-a-long-name   2s    Normal   Killing   pod/dns-1   Stopping container\n";
        let context = Context { anchor: Some(at("2026-11-20T15:00:00Z")), ..Context::default() };
        let document = parse(old.as_bytes(), &context);
        let change = &document.changes[0];
        assert_eq!((change.time, change.end), (Some(at("2026-11-20T14:50:00Z")), Some(at("2026-11-20T14:59:00Z"))));
        assert_eq!(change.text, "web-1 BackOff: restarting (×4)");
        let document = parse(all.as_bytes(), &context);
        let told: Vec<_> = document.changes.iter().map(|change| (change.text.as_str(), change.time.is_some())).collect();
        assert_eq!(told, [("web-1 Killing: Stopping", true), ("dns-1 Killing: Stopping container", true)]);
    }

    #[test]
    fn odd_tables_are_no_trouble() {
        for text in [
            "",
            "LAST SEEN   TYPE   REASON   OBJECT   MESSAGE",
            "LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\né\n9999999999999999999y   \u{1F600}",
        ] {
            let _ = parse(text.as_bytes(), &Context::default());
        }
    }
}
