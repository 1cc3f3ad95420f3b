//! Zones in which the user says that sources without one were written, and what another zone does to their times.
//!
//! A source whose times carry their own offset has no say in it. A source that was read in one zone and is to be read in
//! another moves as a whole, as long as no summer time begins or ends within it: then only reading it again tells.

use std::collections::BTreeMap;

use super::catalog::{SourceReport, Zone, ZoneCertainty};
use super::glob::names_source;
use super::time::Timestamp;
use super::when::WallZone;

/// Path of a source, or a pattern over paths → zone, as in the head of the case.
pub type SourceZones = BTreeMap<String, String>;

/// A zone that a source without one seems to have been written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedZone {
    /// Path of the source.
    pub path: String,
    /// The zone.
    pub zone: String,
    /// What speaks for it, a sentence without its end.
    pub why: String,
}

/// What is said of a source: its own path goes before patterns, of which the last that names it counts.
pub fn of<'a>(zones: &'a SourceZones, path: &str) -> Option<&'a str> {
    let named = || zones.iter().rev().find(|(pattern, _)| names_source(pattern, path)).map(|(_, zone)| zone);
    zones.get(path).or_else(named).map(String::as_str)
}

/// Whether the zone of a source is for the user to say.
pub const fn can_be_said(zone: &Zone) -> bool {
    matches!(zone.certainty, ZoneCertainty::File | ZoneCertainty::Inferred | ZoneCertainty::Default)
}

/// What is added to times that were read in one zone so that they are as if read in another, ns; `None` if that is not the
/// same from the first to the last, or a zone is unknown.
pub fn shift_ns(extent: (Timestamp, Timestamp), from: &str, to: &str) -> Option<i64> {
    let (from, to) = (WallZone::from_name(from)?, WallZone::from_name(to)?);
    let shift = |at: Timestamp| {
        let wall = at.0.saturating_add(i64::from(from.offset_at(at)) * super::time::NS_PER_S);
        to.moment_of(wall).0.saturating_sub(at.0)
    };
    let (first, last) = (shift(extent.0), shift(extent.1));
    (first == last).then_some(first)
}

/// A source as it was read, in another zone: by how much its times move, and the zone to be told. An empty name is the
/// zone of those of whom nobody says anything.
pub fn moved(read: &SourceReport, name: &str) -> Option<(i64, Zone)> {
    let extent = read.extent.filter(|_| can_be_said(&read.zone))?;
    let (name, certainty) = if name.is_empty() { ("UTC", ZoneCertainty::Default) } else { (name, ZoneCertainty::File) };
    Some((shift_ns(extent, &read.zone.name, name)?, Zone { name: name.to_owned(), certainty }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_of_berlin_that_was_read_as_utc_moves_two_hours_back_in_summer_and_one_in_winter() {
        let at = |text: &str| super::super::when::parse(text, &super::super::when::Reference::default()).unwrap();
        let day = |day: &str| (at(&format!("{day}T10:00:00Z")), at(&format!("{day}T18:00:00Z")));
        let hours = |extent, from: &str, to: &str| shift_ns(extent, from, to).map(|ns| ns / 3_600_000_000_000);
        assert_eq!(hours(day("2026-07-01"), "UTC", "Europe/Berlin"), Some(-2));
        assert_eq!(hours(day("2026-11-20"), "UTC", "Europe/Berlin"), Some(-1));
        assert_eq!(hours(day("2026-11-20"), "+01:00", "-05:00"), Some(6));
        assert_eq!(hours(day("2026-11-20"), "+01:00", "Europe/Berlin"), Some(0));
        let spring = (at("2026-03-28T10:00:00Z"), at("2026-03-29T18:00:00Z"));
        assert_eq!(hours(spring, "UTC", "Europe/Berlin"), None, "only reading it again tells");
        assert_eq!(hours(spring, "UTC", "Atlantis"), None);
    }

    #[test]
    fn the_path_of_a_source_goes_before_patterns() {
        let zones = SourceZones::from([("*".into(), "+01:00".into()), ("logs/a.log".into(), "+02:00".into())]);
        assert_eq!(["logs/a.log", "b.log"].map(|path| of(&zones, path)), [Some("+02:00"), Some("+01:00")]);
    }
}
