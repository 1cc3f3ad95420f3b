//! Decides how the lines of a file are read, from lines of three windows of it.

use std::sync::Arc;

use super::found::Moment;
use super::level::Numbers;
use super::line::Reader;
use super::line::bare;
use super::named::{NamedFormat, known_formats};
use super::roles::{Binding, LAST_SENTENCE, Role};
use super::survey::{StampCounts, Survey, Values};
use super::text::{Severity, severity};
use super::title::format_name;
use super::unit::{self, Guess};
use super::zone::{is_open, zone, zone_told};
use super::{Habits, Layout, LogPlan, rendered, w3c};
use crate::model::Level;
use crate::model::time::NS_PER_S;
use crate::parse::chunk::lines;
use crate::parse::timestamp::{self, EpochUnit, Stamp};
use crate::parse::{Context, Windows};

/// How many lines of each window are looked at.
const LINES_PER_WINDOW: usize = 400;
/// A file whose lines fit less than this is no log.
const MIN_SCORE: f32 = 0.15;

/// How the lines of a file are read; `None` when they are not those of a log.
pub fn plan(windows: &Windows, context: &Context) -> Option<LogPlan> {
    let lines = sample(windows);
    let mut survey = Survey::of(&lines);
    let named = named_format(&lines, &survey, context);
    let layout = match forced_layout(context) {
        Some(layout) => layout,
        None if named.as_ref().is_some_and(|format| !format.is_fields_only) => Layout::Named,
        None => survey.layout()?,
    };
    let named = named.filter(|format| layout == Layout::Named || format.is_fields_only && layout == Layout::Text);
    if let Some(format) = named.as_ref().filter(|_| layout == Layout::Named) {
        survey.stamps = stamps_of(format, &lines);
    }
    let mut plan = LogPlan { layout, habits: habits(&survey, layout), bound: bound(&survey), named, ..LogPlan::default() };
    plan.guesses = guesses(&survey);
    if plan.habits.is_wrapped {
        look_inside(&mut plan, &lines);
    }
    plan.bound.splice(0..0, forced_keys(context));
    plan.needs_date = survey.stamps.missing * 2 > survey.stamps.zoneless.max(1);
    plan.has_open_dates = is_open(&survey.stamps);
    let told = plan.named.as_ref().and_then(|format| format.offset_told(&lines)).or_else(|| zone_told(&survey.stamps));
    (plan.zone, plan.clock) = zone(&survey.stamps, plan.needs_date, told.as_ref(), context);
    plan.format = match (&context.forced, &plan.named) {
        (Some(name), _) => name.clone(),
        (None, Some(format)) => format.name().to_owned(),
        (None, None) => format_name(&survey, layout),
    };
    let may_begin = |line: &&[u8]| plan.named.as_ref().is_none_or(|format| layout != Layout::Named || format.may_begin(line));
    let lines: Vec<&[u8]> = lines.into_iter().filter(may_begin).collect();
    let fit = Fit::of(&plan, &lines);
    plan.habits.is_level_from_status = plan.layout != Layout::Text && fit.n_levels == 0 && fit.n_statuses > 0;
    plan.score = fit.score() * cap(&survey, &plan, &lines, &fit);
    plan.why = why(&survey, &plan, &fit);
    if context.forced.is_some() {
        plan.score = 1.0;
        plan.why = format!("the user says so; {}", plan.why);
        return Some(plan);
    }
    let is_log = fit.n_timed > 0 || is_timeless(&survey, layout, &fit);
    (is_log && plan.score >= MIN_SCORE).then_some(plan)
}

/// Whether records without any time are a log all the same: nearly all lines are records, most with a level, or with
/// a message among other keys. They are listed, counted and searched, but have no place on the timeline.
fn is_timeless(survey: &Survey, layout: Layout, fit: &Fit) -> bool {
    let n_messages: usize =
        of_role(survey, Role::Message).filter(|(.., binding)| binding.rank <= LAST_SENTENCE).map(|(_, values, _)| values.n).sum();
    let most = |n: usize| n * 2 > fit.n_lines;
    match layout {
        Layout::Json | Layout::Logfmt => {
            fit.n_untimed * 10 >= fit.n_lines * 9 && (most(fit.n_levels) || fit.n_lines > 1 && most(n_messages))
        }
        // Its pattern names a level or more; traces may stand between its records.
        Layout::Named => most(fit.n_untimed),
        Layout::Access | Layout::Text => false,
    }
}

/// Finds out what numbers mean as levels, and which keys name the service, in the lines that the messages of a plan are.
fn look_inside(plan: &mut LogPlan, lines: &[&[u8]]) {
    let texts: Vec<String> = lines.iter().filter_map(|line| super::wrapped::text_of(plan, bare(line))).collect();
    let inner: Vec<&[u8]> = texts.iter().map(|text| text.trim().as_bytes()).collect();
    let survey = Survey::of(&inner);
    plan.habits.levels = survey.text.levels.best();
    plan.habits.numeric_levels = plan.habits.numeric_levels.or_else(|| numeric_levels(&survey));
    for (path, binding) in bound(&survey) {
        let is_wanted = binding.is_some_and(|binding| matches!(binding.role, Role::Service | Role::Latency));
        if is_wanted && !plan.bound.iter().any(|(known, _)| *known == path) {
            plan.bound.push((path, binding));
        }
    }
    plan.guesses.extend(guesses(&survey));
}

/// The units that numbers told, of keys and of a column.
fn guesses(survey: &Survey) -> Vec<Guess> {
    let keys = of_role(survey, Role::Latency).filter(|(.., binding)| binding.unit.is_none());
    let keys = keys.filter_map(|(path, values, _)| unit::of_values(survey, path, values));
    let column = unit::of_columns(&survey.rows);
    let column = column.map(|(_, unit, is_sure)| Guess { key: String::new(), unit, is_sure, n: survey.rows.len() });
    keys.chain(column).collect()
}

/// Whole lines of the windows, blank ones left out.
fn sample<'a>(windows: &Windows<'a>) -> Vec<&'a [u8]> {
    let is_whole = windows.head.len() as u64 >= windows.size_bytes;
    let mut sampled = Vec::new();
    for (index, window) in [windows.head, windows.middle, windows.tail].into_iter().enumerate() {
        if index > 0 && is_whole {
            break;
        }
        let reaches_end = is_whole || index == 2;
        let end = if reaches_end { window.len() } else { crate::parse::chunk::last_line_end(window).unwrap_or(window.len()) };
        let of_window = lines(&window[..end]).map(|(_, line)| line).filter(|line| !line.trim_ascii().is_empty());
        sampled.extend(of_window.take(LINES_PER_WINDOW));
    }
    sampled
}

fn habits(survey: &Survey, layout: Layout) -> Habits {
    let text = &survey.text;
    let is_text = layout == Layout::Text;
    let epoch = text.epochs.iter().max_by_key(|(_, n)| **n).filter(|(_, n)| **n * 2 > text.at_start()).map(|(unit, _)| *unit);
    Habits {
        has_compose_prefix: survey.n_compose * 2 > survey.n_lines,
        has_colours: survey.n_coloured > 0,
        // A line that a pattern misses is still a record if it has a time where its like have it.
        has_late_time: (is_text && text.late > text.at_start()) || (layout == Layout::Named && text.late * 2 > survey.n_lines),
        is_dateless: is_text && text.dateless > text.dated + text.yearless + text.klog,
        has_details: is_text && text.details > 0 && text.postgres * 2 > text.at_start(),
        has_minutes: is_text && text.minutes * 2 > text.dateless && text.dateless > text.dated + text.yearless + text.klog,
        epoch_at_start: epoch.filter(|_| is_text),
        numeric_levels: numeric_levels(survey),
        levels: survey.text.levels.best(),
        has_http_status: is_text && survey.n_http_status * 2 > text.at_start() + text.late,
        is_level_from_status: false,
        is_wrapped: layout == Layout::Json && is_wrapped(survey),
        is_stamped: is_text && text.stamped * 2 > text.dated,
        is_relative: is_text && text.relative * 2 > text.at_start(),
        // The compact format of Serilog leaves out the level that most records have.
        unstated_level: if is_compact(survey, layout) { Level::Info } else { Level::Unknown },
        has_templates: is_compact(survey, layout) && has_key(survey, rendered::TEMPLATE),
        has_scopes: layout == Layout::Json && has_key(survey, "scopes") && has_key(survey, "loglevel"),
        has_correlation: is_text && text.correlated > 0,
        spoken: survey.text.spoken.best().filter(|_| is_text),
        access_latency: unit::of_columns(&survey.rows).map(|(column, unit, _)| (column, unit)),
    }
}

/// Whether records are in the compact format of Serilog (CLEF).
fn is_compact(survey: &Survey, layout: Layout) -> bool {
    layout == Layout::Json && has_key(survey, "@t") && (has_key(survey, "@m") || has_key(survey, rendered::TEMPLATE))
}

/// Whether messages are lines of some other format: always under the keys of runtimes, else if most look like it.
fn is_wrapped(survey: &Survey) -> bool {
    let Some((path, values, _)) =
        of_role(survey, Role::Message).filter(|(_, values, _)| values.n * 2 > survey.n_json).min_by_key(|(.., binding)| binding.rank)
    else {
        return false;
    };
    let is_envelope = match path.as_slice() {
        b"log" => has_key(survey, "stream") || has_key(survey, "time"),
        b"line" | b"_raw" | b"@message" => true,
        b"message" => has_key(survey, "ingestiontime") || has_key(survey, "logstreamname"),
        _ => false,
    };
    let n = values.texts.iter().filter(|text| super::wrapped::looks_like_line(text)).count();
    is_envelope || n * 2 > values.texts.len()
}

/// The format described as data that the lines have: one that the user means, or whose pattern most lines match.
fn named_format(lines: &[&[u8]], survey: &Survey, context: &Context) -> Option<Arc<NamedFormat>> {
    let all = || context.formats.iter().chain(known_formats());
    if let Some(name) = &context.forced {
        return all().find(|format| format.name() == name && format.has_pattern()).cloned();
    }
    if let Some(format) = context.formats.iter().find(|format| format.share(lines) > 0.5) {
        return Some(Arc::clone(format));
    }
    let fields = lines.iter().find_map(|line| line.strip_prefix(b"#Fields:"));
    if let Some(format) = fields.and_then(|fields| w3c::format(std::str::from_utf8(fields).ok()?))
        && format.share(lines) > 0.5
    {
        return Some(format);
    }
    // None of ours reads objects.
    let n_objects = lines.iter().filter(|line| line.first() == Some(&b'{')).count();
    if n_objects * 10 > lines.len() * 9 {
        return None;
    }
    // Where most lines have a time, a format without one would throw it away.
    let has_times = (survey.text.at_start() + survey.text.late) * 2 > survey.n_lines;
    known_formats().iter().filter(|format| !(format.is_timeless && has_times)).find(|format| format.is_that_of(lines)).cloned()
}

/// Layout that the user names in place of a format.
fn forced_layout(context: &Context) -> Option<Layout> {
    Some(match context.forced.as_deref()? {
        "json" | "json-lines" => Layout::Json,
        "logfmt" => Layout::Logfmt,
        "text" => Layout::Text,
        "access" | "access-log" => Layout::Access,
        _ => return None,
    })
}

/// What keys mean because the user says so.
fn forced_keys(context: &Context) -> Vec<(Vec<u8>, Option<Binding>)> {
    let is_meant = |format: &&Arc<NamedFormat>| context.forced.as_deref().is_none_or(|name| name == format.name());
    let keys = context.formats.iter().filter(is_meant).flat_map(|format| format.keys.iter());
    keys.map(|(path, binding)| (path.clone(), Some(*binding))).collect()
}

fn stamps_of(format: &NamedFormat, lines: &[&[u8]]) -> StampCounts {
    let mut counts = StampCounts::default();
    for line in lines {
        let text = format.time_of(bare(line)).unwrap_or_default();
        counts.add_order(&text);
        match format.stamp(bare(line)) {
            Some(civil) => {
                counts.add_name(&text, &Stamp { civil, len: text.len() });
                counts.add(&Stamp { civil, len: 0 });
            }
            None => counts.epoch += usize::from(format.fits(bare(line))),
        }
    }
    counts
}

fn of_role(survey: &Survey, role: Role) -> impl Iterator<Item = (&Vec<u8>, &Values, Binding)> {
    survey.values.iter().filter_map(move |(path, values)| {
        values.meaning.binding.filter(|binding| binding.role == role).map(|binding| (path, values, binding))
    })
}

pub(super) fn has_key(survey: &Survey, key: &str) -> bool {
    survey.values.contains_key(key.as_bytes())
}

/// What numbers mean as levels: tens are pino's and bunyan's; 0…7 are syslog's only where GELF says so.
fn numeric_levels(survey: &Survey) -> Option<Numbers> {
    let (path, values, _) = of_role(survey, Role::Level).min_by_key(|(_, _, binding)| binding.rank)?;
    let number = |text: &Vec<u8>| std::str::from_utf8(text).ok()?.parse::<i32>().ok();
    let numbers: Vec<i32> = values.texts.iter().filter_map(number).collect();
    if !numbers.is_empty() && numbers.iter().all(|n| n % 10 == 0 && (10..=60).contains(n)) {
        return Some(Numbers::Tens);
    }
    if path == b"severitylevel" && numbers.iter().all(|n| (0..=4).contains(n)) {
        return Some(Numbers::Azure);
    }
    (has_key(survey, "short_message") && numbers.iter().all(|n| (0..=7).contains(n))).then_some(Numbers::Syslog)
}

/// What keys mean in this file: the time key that most lines have, units of epochs and latencies.
fn bound(survey: &Survey) -> Vec<(Vec<u8>, Option<Binding>)> {
    let mut bound: Vec<(Vec<u8>, Option<Binding>)> = Vec::new();
    let times: Vec<_> = of_role(survey, Role::Time).map(|(path, values, binding)| (path, values, binding, TimeKey::of(values))).collect();
    let most = times.iter().filter(|(.., key)| key.is_readable).map(|(_, values, ..)| values.n).max().unwrap_or(0);
    for (path, values, binding, key) in times {
        let unit = binding.unit.or(key.unit);
        if most == 0 || key.is_readable {
            // A time that some lines have besides that of all lines is a field of their message.
            let rank = if values.n * 2 < most { binding.rank.saturating_add(100) } else { binding.rank };
            bound.push((path.clone(), Some(Binding { rank, unit, ..binding })));
        } else {
            bound.push((path.clone(), None));
        }
    }
    bound.extend(odd_time_key(survey).filter(|_| most == 0).map(|(path, binding)| (path, Some(binding))));
    for (path, values, binding) in of_role(survey, Role::Latency).filter(|(_, _, binding)| binding.unit.is_none()) {
        let unit = unit::of_values(survey, path, values).map(|guess| guess.unit);
        bound.push((path.clone(), Some(Binding { unit, ..binding })));
    }
    // Monolog writes its number under `level`, and the word beside it.
    if has_key(survey, "level_name") {
        bound.push((b"level".to_vec(), None));
    }
    // Spans and jobs without a sentence say what was done under `name`.
    let has_words = of_role(survey, Role::Message).next().is_some();
    if !has_words && survey.values.get(&b"name"[..]).is_some_and(|values| values.n * 2 > survey.n_json) {
        bound.push((b"name".to_vec(), Some(Binding { role: Role::Message, rank: 200, unit: None })));
    }
    // bunyan, and pino, which left out the version of its form at some point.
    let is_bunyan = ["name", "hostname", "pid"].iter().all(|key| has_key(survey, key));
    if is_bunyan && (has_key(survey, "v") || numeric_levels(survey) == Some(Numbers::Tens)) {
        bound.push((b"name".to_vec(), Some(Binding { role: Role::Service, rank: 10, unit: None })));
    }
    bound
}

/// The key that holds the only time of most records though its name says nothing of the kind: every value of it is a date
/// with a time, or an epoch in milliseconds or finer that never goes back. `None` where a key is named for a time.
pub(super) fn odd_time_key(survey: &Survey) -> Option<(Vec<u8>, Binding)> {
    let is_readable = |(_, values, _): (&Vec<u8>, &Values, Binding)| TimeKey::of(values).is_readable;
    // One object with a date is any document.
    if survey.n_json < 3 || of_role(survey, Role::Time).any(is_readable) {
        return None;
    }
    let is_all = |values: &&Values| values.texts.len() == values.n && values.n * 10 >= survey.n_json * 9;
    let unbound = survey.values.iter().filter(|(_, values)| values.meaning.binding.is_none());
    let unit_of = |values: &Values| {
        let is_date = |text: &Vec<u8>| timestamp::read(text).is_some_and(|stamp| stamp.civil.missing == timestamp::Missing::Nothing);
        if values.texts.iter().all(is_date) {
            return Some(None);
        }
        let units = values.texts.iter().map(|text| EpochUnit::of(text).filter(|unit| *unit != EpochUnit::Seconds));
        let units: Vec<EpochUnit> = units.collect::<Option<_>>()?;
        let is_steady =
            units.windows(2).all(|pair| pair[0] == pair[1]) && values.texts.is_sorted() && values.texts.first() != values.texts.last();
        is_steady.then(|| Some(units[0]))
    };
    let found = unbound.filter(|(_, values)| is_all(values));
    let found = found.filter_map(|(path, values)| Some((path.clone(), unit_of(values)?, !values.texts.is_sorted())));
    let (numbers, dates): (Vec<_>, Vec<_>) = found.partition(|(_, unit, _)| unit.is_some());
    // Of several dates the one that never goes back; of several numbers nothing tells which.
    let best = dates.into_iter().min_by_key(|(_, _, is_back)| *is_back);
    let (path, unit, _) = best.or_else(|| <[_; 1]>::try_from(numbers).ok().map(|[only]| only))?;
    Some((path, Binding { role: Role::Time, rank: 250, unit }))
}

/// What the values of a key of times tell.
struct TimeKey {
    is_readable: bool,
    unit: Option<EpochUnit>,
}

impl TimeKey {
    /// The unit is voted over all values of the field, so that no single value is read in another.
    fn of(values: &Values) -> Self {
        let n_civil = values.texts.iter().filter(|text| timestamp::read(text).is_some()).count();
        let mut votes = [0usize; 4];
        for unit in values.texts.iter().filter_map(|text| EpochUnit::of(text)) {
            votes[unit as usize] += 1;
        }
        let (best, n_epoch) = EpochUnit::ALL.into_iter().zip(votes).max_by_key(|(_, n)| *n).unwrap_or((EpochUnit::Seconds, 0));
        let unit = (n_epoch > n_civil).then_some(best);
        Self { is_readable: (n_civil + n_epoch) * 10 >= values.texts.len() * 9 && n_civil + n_epoch > 0, unit }
    }
}

/// How the plan reads the sampled lines.
#[derive(Debug, Default)]
struct Fit {
    n_lines: usize,
    n_timed: usize,
    n_untimed: usize,
    n_indented: usize,
    n_others: usize,
    n_levels: usize,
    n_statuses: usize,
    n_backwards: usize,
    starts_with_record: bool,
}

impl Fit {
    fn of(plan: &LogPlan, lines: &[&[u8]]) -> Self {
        let mut fit = Self { n_lines: lines.len(), ..Self::default() };
        let mut reader = Reader::new(plan);
        let mut last = i64::MIN;
        for (index, line) in lines.iter().enumerate() {
            let found = reader.read(line);
            fit.starts_with_record |= index == 0 && found.is_some();
            let Some(found) = found else {
                // What a report says in more lines is as good as indented.
                let is_detail = plan.habits.has_details && severity(line) == Some(Severity::Detail);
                let is_indented = is_detail || matches!(line.first(), Some(b' ' | b'\t'));
                let has_record = fit.n_timed + fit.n_untimed > 0;
                fit.n_indented += usize::from(has_record && is_indented);
                fit.n_others += usize::from(has_record && !is_indented);
                continue;
            };
            // A time that lacks its year is a time: the year comes when other sources are known.
            match found.time {
                Moment::None => fit.n_untimed += 1,
                Moment::Bad => fit.n_timed += 1,
                Moment::At(ns) => {
                    fit.n_timed += 1;
                    fit.n_backwards += usize::from(ns < last.saturating_sub(20 * NS_PER_S));
                    last = ns;
                }
            }
            fit.n_levels += usize::from(found.level != Level::Unknown);
            fit.n_statuses += usize::from(found.status != 0);
        }
        fit
    }

    /// Share of lines that fit, less when times go back and forth.
    fn score(&self) -> f32 {
        let n = self.n_lines.max(1) as f32;
        let timed = self.n_timed as f32;
        let other = if timed / n < 0.1 { 0.05 } else { 0.3 };
        let share = (timed + 0.5 * self.n_untimed as f32 + 0.6 * self.n_indented as f32 + other * self.n_others as f32) / n;
        share * (1.0 - 0.4 * self.n_backwards as f32 / timed.max(1.0))
    }
}

/// Whether the lines are the rows of a table: as many separators in each, a header without a time above them,
/// or cells that are mostly numbers.
fn is_table(lines: &[&[u8]], fit: &Fit) -> bool {
    [b',', b';', b'\t'].into_iter().any(|separator| {
        let n_cells = |line: &[u8]| memchr::memchr_iter(separator, line).count();
        let Some(n) = lines.get(lines.len() / 2).map(|line| n_cells(line)).filter(|n| *n > 0) else { return false };
        let n_alike = lines.iter().filter(|line| n_cells(line) == n).count();
        let has_header = !fit.starts_with_record && lines.first().is_some_and(|line| n_cells(line) >= n);
        n_alike * 10 >= lines.len() * 9 && (has_header || lines.iter().filter(|line| is_numbers(line, separator)).count() * 2 > lines.len())
    })
}

/// Whether all cells but the first are numbers or empty.
fn is_numbers(line: &[u8], separator: u8) -> bool {
    let is_number = |cell: &[u8]| std::str::from_utf8(cell).is_ok_and(|cell| cell.trim().is_empty() || cell.trim().parse::<f64>().is_ok());
    line.split(|byte| *byte == separator).skip(1).all(is_number)
}

/// How sure the layout can be at best: a bare time and text could be many things.
fn cap(survey: &Survey, plan: &LogPlan, lines: &[&[u8]], fit: &Fit) -> f32 {
    let has_levels = fit.n_levels * 2 > fit.n_timed + fit.n_untimed;
    let has_message = of_role(survey, Role::Message).next().is_some();
    let best = match plan.layout {
        Layout::Access | Layout::Named => 0.97,
        Layout::Json | Layout::Logfmt if has_levels => 0.95,
        Layout::Json | Layout::Logfmt if has_message => 0.75,
        Layout::Json | Layout::Logfmt => 0.6,
        Layout::Text if plan.habits.is_relative && has_levels => 0.7,
        Layout::Text if plan.habits.is_relative => 0.6,
        Layout::Text if plan.habits.is_dateless || plan.habits.epoch_at_start.is_some() => 0.5,
        Layout::Text if plan.habits.has_late_time => 0.7,
        Layout::Text => {
            if fit.n_levels * 3 > fit.n_timed {
                0.93
            } else {
                0.8
            }
        }
    };
    if plan.layout == Layout::Text && is_table(lines, fit) { best * 0.4 } else { best }
}

fn why(survey: &Survey, plan: &LogPlan, fit: &Fit) -> String {
    let what = match plan.layout {
        Layout::Json => "are JSON objects",
        Layout::Logfmt => "are key=value pairs",
        Layout::Access => "are requests with a bracketed time and a status",
        Layout::Named => "fit the pattern of that format",
        Layout::Text if plan.habits.is_relative => "begin with a time since some start",
        Layout::Text if plan.habits.has_late_time => "have a time behind a prefix",
        Layout::Text => "begin with a time",
    };
    let n = match plan.layout {
        Layout::Json => survey.n_json,
        Layout::Logfmt => survey.n_logfmt,
        Layout::Access => survey.n_access,
        Layout::Named => fit.n_timed + fit.n_untimed,
        Layout::Text => survey.text.at_start().max(survey.text.late),
    };
    format!("{n} of {} sampled lines {what}, {} of them have a time", fit.n_lines, fit.n_timed.min(fit.n_lines))
}
