//! In which zone the times of a file are, and which of two readings its dates have, from what sampled lines told.
//!
//! Decides once for a file; `clock` turns each time into a moment by it.

use super::clock::{ClockPlan, Reference, Rule};
use super::survey::StampCounts;
use crate::model::catalog::{Zone, ZoneCertainty};
use crate::model::time::NS_PER_S;
use crate::parse::Context;
use crate::parse::timestamp::{self, DateOrder, StampReader};

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400 * NS_PER_S;

/// The zone of times without one: what the user says, else what the file told.
pub(super) fn zone(stamps: &StampCounts, needs_date: bool, told: Option<&Zone>, context: &Context) -> (Zone, ClockPlan) {
    let has_times = stamps.epoch + stamps.zoneless > 0 || !stamps.offsets.is_empty();
    let given = context.zone.as_ref().or(told).and_then(|zone| Rule::of(zone).map(|rule| (zone.clone(), rule)));
    let (mut zone, rule) = match given {
        _ if stamps.zoneless == 0 && has_times => {
            let only = stamps.offsets.keys().next().filter(|_| stamps.offsets.len() == 1 && stamps.epoch == 0);
            (Zone { name: offset_name(only.copied().unwrap_or(0)), certainty: ZoneCertainty::Offset }, Rule::Fixed(0))
        }
        Some(given) => given,
        None if context.anchor.is_some() && needs_date => {
            (Zone { name: "UTC".to_owned(), certainty: ZoneCertainty::Anchored }, Rule::Fixed(0))
        }
        None => (Zone { name: "UTC".to_owned(), certainty: ZoneCertainty::Default }, Rule::Fixed(0)),
    };
    if needs_date && zone.certainty < ZoneCertainty::Inferred {
        zone.certainty = ZoneCertainty::Inferred;
    }
    let until = context.modified.map(Reference::Until);
    let anchor = context.anchor.filter(|_| needs_date);
    if anchor.is_some() {
        zone.certainty = ZoneCertainty::Anchored;
    }
    let reference = anchor.map(Reference::From).or(context.neighbours.map(Reference::Span)).or(until);
    (zone, ClockPlan { rule, reference, order: order(stamps, context) })
}

/// The zone by name that stands behind most times without an offset.
pub(super) fn zone_told(stamps: &StampCounts) -> Option<Zone> {
    let (name, n) = stamps.names.iter().max_by_key(|(_, n)| **n)?;
    let name = std::str::from_utf8(name).ok().filter(|_| *n * 2 > stamps.zoneless)?;
    let zone = Zone { name: name.to_owned(), certainty: ZoneCertainty::File };
    Rule::of(&zone).is_some().then_some(zone)
}

/// Whether the dates of a file have two readings and nothing in it tells which is meant.
pub(super) fn is_open(stamps: &StampCounts) -> bool {
    stamps.orders[0] == stamps.orders[1] && !stamps.ambiguous.is_empty()
}

/// How dates with two readings are meant: as the other dates of the file, else the way that brings them nearer to the
/// other sources or to the moment at which the file was written.
fn order(stamps: &StampCounts, context: &Context) -> DateOrder {
    let [month_first, day_first] = stamps.orders;
    if !is_open(stamps) {
        return if day_first > month_first { DateOrder::DayFirst } else { DateOrder::MonthFirst };
    }
    let span = context.neighbours.map(|range| (range.start().0, range.end().0)).or(context.modified.map(|at| (at.0, at.0)));
    let Some((start, end)) = span else { return DateOrder::MonthFirst };
    let distance = |order: DateOrder| -> i128 {
        let mut reader = StampReader::with_order(order);
        let times = stamps.ambiguous.iter().filter_map(|text| reader.read(text)).filter_map(|stamp| timestamp::to_ns(stamp.civil.secs, 0));
        // A file is not written before what it tells; a day of grace for its zone.
        let cost =
            |at: i64| i128::from((start.saturating_sub(at)).max(at.saturating_sub(end).saturating_sub(DAY_NS).saturating_mul(8)).max(0));
        times.map(cost).sum()
    };
    if distance(DateOrder::DayFirst) < distance(DateOrder::MonthFirst) { DateOrder::DayFirst } else { DateOrder::MonthFirst }
}

fn offset_name(offset_s: i32) -> String {
    if offset_s == 0 {
        return "UTC".to_owned();
    }
    let (sign, minutes) = (if offset_s < 0 { '-' } else { '+' }, offset_s.abs() / 60);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
