//! What a shell loop prints again and again: `top -b`, `uptime`, `free`, `df`, `ss`, `netstat`, `stats` of memcached, `show
//! stat` of `HAProxy`, `/stats` of Envoy, with a moment before each round.
//!
//! A round stands at the line with a time before it, at the clock that the program itself prints, or nowhere: without
//! either, one round alone stands at the time of its file. A clock without a date is put on the day that the name of the
//! file, the other sources or the time of writing tell, and that is said.

mod memory;
mod proxies;
mod sockets;
mod top;

use crate::model::time::NS_PER_S;
use crate::model::when;
use crate::model::{ProblemKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity, lines};
use super::listing::{moment, plain};
use super::{FileTime, Place, time_of_file};

/// Name of the format.
pub(crate) const FORMAT: &str = "command-loop";
/// Lines that may stand before the first header.
const BEFORE: usize = 8;
const DAY_NS: i64 = 86_400 * NS_PER_S;

/// A number that a program prints.
struct Reading {
    identity: Identity,
    value: f64,
}

impl Reading {
    fn new(name: &str, labels: &[(&str, &str)], value: f64) -> Self {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { identity: Identity::new(name, labels), value }
    }

    fn in_unit(mut self, unit: Unit) -> Self {
        self.identity.unit = unit;
        self
    }
}

/// When a round was.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    At(Timestamp, ZoneCertainty),
    /// Nanoseconds of a day.
    Clock(i64),
    Unknown,
}

/// One program, while its lines are read.
trait Program {
    /// Its name: a second round of it needs a time of its own.
    fn name(&self) -> &'static str;
    /// Reads a line below the first; `None` where it is none of the program's.
    fn line(&mut self, line: &str) -> Option<Vec<Reading>>;
    /// What all lines of a round say together.
    fn end(&mut self) -> Vec<Reading> {
        Vec::new()
    }
    /// When the program says that it printed.
    fn when(&self) -> When {
        When::Unknown
    }
    /// Whether a line that could begin a round goes on with this one.
    fn goes_on(&self, _: &str) -> bool {
        false
    }
    /// Whether a line belongs to the program and has nothing to read.
    fn is_silent(&self, _: &str) -> bool {
        false
    }
}

/// The program whose output begins with this line, and what the line says.
fn begun(line: &str) -> Option<(Box<dyn Program>, Vec<Reading>)> {
    top::begun(line).or_else(|| memory::begun(line)).or_else(|| sockets::begun(line)).or_else(|| proxies::begun(line))
}

/// How sure a stretch of lines is such output, 0 … 1, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let line = head.lines().map(plain).filter(|line| !line.trim().is_empty()).take(BEFORE).find(|line| begun(line).is_some())?;
    // Below the header there must be more of it: a log may quote a line.
    let below = head.lines().map(plain).skip_while(|known| *known != line).skip(1);
    let (mut program, _) = begun(&line)?;
    let below: Vec<String> = below.filter(|line| !line.trim().is_empty()).take(4).collect();
    let n_fit = below.iter().filter(|line| program.line(line).is_some() || begun(line).is_some() || is_moment(line)).count();
    let is_alone = below.is_empty() && !program.goes_on(&line);
    // Without a header every line must be one of its.
    let n_least = if program.goes_on(&line) { below.len().max(3) } else { 1 };
    (is_alone || n_fit >= n_least)
        .then(|| (0.96, format!("output of a program in a loop: {:?}", line.trim().chars().take(40).collect::<String>())))
}

fn is_moment(line: &str) -> bool {
    moment(line, when::WallZone::Utc).is_some()
}

/// What was printed at one moment.
struct Round {
    when: When,
    readings: Vec<(Place, Reading)>,
    place: Place,
    n_rows: u64,
}

/// Reads rounds; records are their lines.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let mut rounds = rounds(&text, &mut gather);
    place_clocks(&mut rounds, &mut gather, context);
    place_single(&mut rounds, &mut gather, context);
    for round in rounds {
        let When::At(time, certainty) = round.when else {
            for _ in 0..round.n_rows {
                gather.n_unplaced += 1;
            }
            gather
                .problems
                .push(round.place.problem(ProblemKind::Time, "no time stands before this output; print date before each".to_owned()));
            continue;
        };
        gather.certainty = Some(certainty);
        for (place, Reading { identity, value }) in round.readings {
            gather.push(place, identity, time, value);
        }
    }
    gather.finish(bytes)
}

/// The rounds of a text, in its order.
fn rounds(text: &str, gather: &mut Gather<'_>) -> Vec<Round> {
    let mut rounds: Vec<Round> = Vec::new();
    let (mut program, mut at): (Option<Box<dyn Program>>, When) = (None, When::Unknown);
    let (mut states, mut timed): (sockets::States, Vec<&str>) = Default::default();
    let end = |program: &mut Option<Box<dyn Program>>, rounds: &mut Vec<Round>, states: &mut sockets::States| {
        let (Some(mut ended), Some(round)) = (program.take(), rounds.last_mut()) else { return };
        if let (When::Unknown, own) = (round.when, ended.when()) {
            round.when = own;
        }
        let last = states.complete(ended.end());
        round.readings.extend(last.into_iter().map(|reading| (round.place, reading)));
    };
    for (place, line) in lines(text) {
        let line = plain(line);
        if line.trim().is_empty() || sockets::is_title(&line) {
            continue;
        }
        if let Some((time, certainty)) = moment(&line, gather.zone) {
            end(&mut program, &mut rounds, &mut states);
            (at, timed) = (When::At(time, certainty), Vec::new());
        } else if let Some((next, readings)) = begun(&line).filter(|_| !program.as_ref().is_some_and(|program| program.goes_on(&line))) {
            end(&mut program, &mut rounds, &mut states);
            gather.n_records += 1;
            let readings = readings.into_iter().map(|reading| (place, reading)).collect();
            // A moment that was printed once is that of the first round only.
            let when = if at == When::Unknown || timed.contains(&next.name()) { next.when() } else { at };
            timed.push(next.name());
            rounds.push(Round { when, readings, place, n_rows: 1 });
            program = Some(next);
        } else if let (Some(readings), Some(round)) = (program.as_mut().and_then(|program| program.line(&line)), rounds.last_mut()) {
            gather.n_records += 1;
            round.n_rows += 1;
            round.readings.extend(readings.into_iter().map(|reading| (place, reading)));
        } else if !program.as_ref().is_some_and(|program| program.is_silent(&line)) {
            gather.refuse(place, "the line is no part of the output of the program above it");
        }
    }
    end(&mut program, &mut rounds, &mut states);
    rounds
}

/// Puts clocks without a date on days: each that is earlier than the one before it is on the next.
fn place_clocks(rounds: &mut [Round], gather: &mut Gather<'_>, context: &Context) {
    let (mut days, mut last) = (0, None);
    let mut since: Vec<(usize, i64)> = Vec::new();
    for (index, round) in rounds.iter().enumerate() {
        if let When::Clock(ns) = round.when {
            days += i64::from(last.is_some_and(|last| ns < last)) * DAY_NS;
            last = Some(ns);
            since.push((index, days + ns));
        }
    }
    let (Some((_, first)), Some((_, last))) = (since.first().copied(), since.last().copied()) else { return };
    let Some((day, from)) = day_of((first, last), gather, context) else { return };
    let reason =
        format!("the program prints the time of day only; {from} gives the date, {}", &when::shown(gather.zone.moment_of(day))[..10]);
    gather.problems.push(Place::default().problem(ProblemKind::Time, reason));
    for (index, ns) in since {
        rounds[index].when = When::At(gather.zone.moment_of(day.saturating_add(ns)), ZoneCertainty::Inferred);
    }
}

/// Midnight of the day of the first clock, as local nanoseconds, and what told it.
fn day_of((first, last): (i64, i64), gather: &Gather<'_>, context: &Context) -> Option<(i64, &'static str)> {
    /// The file may be written a little before its clock says so.
    const SLACK_NS: i64 = 120 * NS_PER_S;
    let local = |at: Timestamp| at.0.saturating_add(i64::from(gather.zone.offset_at(at)) * NS_PER_S);
    let midnight = |ns: i64| ns.div_euclid(DAY_NS) * DAY_NS;
    if let Some((written, _)) = when::in_name(context.path.rsplit(['/', '\\']).next().unwrap_or("")) {
        return Some((midnight(local(written.at(gather.zone))), "the name of the file"));
    }
    if let Some(others) = context.neighbours {
        let (start, end) = (local(others.start()), local(others.end()));
        let is_inside = |day: &i64| day.saturating_add(last) >= start && day.saturating_add(first) < end;
        let days = (0..8).map(|n| midnight(start) - DAY_NS + n * DAY_NS);
        if let Some(day) = days.into_iter().find(is_inside) {
            return Some((day, "what the other sources cover"));
        }
    }
    let written = local(context.modified?).saturating_add(SLACK_NS);
    let day = midnight(written.saturating_sub(last));
    Some((day, "the modification time of the file"))
}

/// One round alone without a time stands at that of its file.
fn place_single(rounds: &mut [Round], gather: &mut Gather<'_>, context: &Context) {
    let [round] = rounds else { return };
    if round.when != When::Unknown {
        return;
    }
    let Some((time, source)) = time_of_file(context, gather.zone) else { return };
    let word = if matches!(source, FileTime::Modified) { "the modification time" } else { "the name" };
    let reason = format!("the output carries no time; {word} of the file gives it, {}", when::shown(time));
    gather.problems.push(Place::default().problem(ProblemKind::Time, reason));
    let certainty = if matches!(source, FileTime::Name) { ZoneCertainty::File } else { ZoneCertainty::Inferred };
    round.when = When::At(time, certainty);
}

#[cfg(test)]
mod tests;
