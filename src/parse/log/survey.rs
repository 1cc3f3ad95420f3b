//! Looks at sampled lines one by one and counts what they have in common. `guess` decides from the counts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::access::{self, Column};
use super::json::{self, Sink, Surprise, Value};
use super::line::{Reader, bare, compose_prefix, starts_with_pair, without_colours};
use super::roles::{Meaning, Place, Role, path_of};
use super::spoken::Votes;
use super::text::{self, At, Shape};
use super::{Layout, LogPlan, column, correlation, keys, pairs, wrapped};
use crate::parse::timestamp::{self, EpochUnit, Missing, Stamp};

/// How many values of one key are kept.
const MAX_VALUES: usize = 2000;

/// What the sampled lines have in common.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub n_lines: usize,
    pub n_indented: usize,
    pub n_coloured: usize,
    pub n_compose: usize,
    pub n_json: usize,
    pub n_logfmt: usize,
    pub n_access: usize,
    pub n_http_status: usize,
    /// Text lines by where their time stands.
    pub text: TextCounts,
    pub stamps: StampCounts,
    /// Values of keys that may have a role, by path. Root keys of JSON without one are there with no values.
    pub values: BTreeMap<Vec<u8>, Values>,
    /// Access lines: seconds as written, columns after the status.
    pub rows: Vec<(i64, Vec<Option<Vec<u8>>>)>,
    /// A text line to name the format by.
    pub example: Vec<u8>,
    /// Where the time of the example begins.
    pub example_start: usize,
}

/// Text lines by the place and completeness of their time.
#[derive(Debug, Default)]
pub(super) struct TextCounts {
    pub dated: usize,
    pub yearless: usize,
    pub dateless: usize,
    /// Lines with a severity as `PostgreSQL` writes it, and of those the ones that go on with a report.
    pub postgres: usize,
    pub details: usize,
    /// Of those without a date, those without seconds too.
    pub minutes: usize,
    pub klog: usize,
    pub priority: usize,
    pub priority_5424: usize,
    pub late: usize,
    pub relative: usize,
    /// Lines that begin with the time of a runtime, nine digits of fraction and an offset.
    pub stamped: usize,
    /// Lines with a trace id in brackets before their message.
    pub correlated: usize,
    pub epochs: BTreeMap<EpochUnit, usize>,
    /// Where levels stand behind the time.
    pub levels: column::Votes,
    /// Sentences that tell how long something took.
    pub spoken: Votes,
}

/// Civil times and epochs by what they say of their zone.
#[derive(Debug, Default)]
pub(super) struct StampCounts {
    pub epoch: usize,
    pub zoneless: usize,
    pub missing: usize,
    pub offsets: BTreeMap<i32, usize>,
    /// Dates whose order of day and month is plain, by order: month first, day first.
    pub orders: [usize; 2],
    /// Some dates that have two readings.
    pub ambiguous: Vec<Vec<u8>>,
    /// Names of zones behind times without an offset: `Europe/Berlin`.
    pub names: BTreeMap<Vec<u8>, usize>,
}

/// Values of one key.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub meaning: Meaning,
    pub n: usize,
    pub texts: Vec<Vec<u8>>,
}

impl StampCounts {
    /// Counts what the text of a time tells of the order of its day and month.
    pub fn add_order(&mut self, text: &[u8]) {
        /// Enough to see which reading is nearer to the other sources.
        const MAX_AMBIGUOUS: usize = 20;
        match timestamp::votes(text) {
            Some(order) => self.orders[order as usize] += 1,
            None if self.ambiguous.len() < MAX_AMBIGUOUS && timestamp::is_ambiguous(text) => {
                self.ambiguous.push(text[..text.len().min(40)].to_vec());
            }
            None => {}
        }
    }

    /// Counts the name of a zone that stands behind the time at the start of `text`.
    pub fn add_name(&mut self, text: &[u8], stamp: &Stamp) {
        if stamp.civil.offset_s.is_none()
            && let Some(name) = timestamp::zone_name(&text[..stamp.len.min(text.len())])
        {
            *self.names.entry(name.to_vec()).or_default() += 1;
        }
    }

    pub fn add(&mut self, stamp: &Stamp) {
        self.missing += usize::from(stamp.civil.missing != Missing::Nothing);
        match stamp.civil.offset_s {
            Some(offset) => *self.offsets.entry(offset).or_default() += 1,
            None => self.zoneless += 1,
        }
    }
}

impl TextCounts {
    /// Lines whose time stands at the start, date or not.
    pub fn at_start(&self) -> usize {
        self.dated + self.yearless + self.klog + self.dateless + self.relative + self.epochs.values().sum::<usize>()
    }
}

/// Collects values of keys.
struct Collect<'s> {
    plan: &'s LogPlan,
    values: &'s mut BTreeMap<Vec<u8>, Values>,
    n_roles: usize,
    n_keys: usize,
}

impl<'a> Sink<'a> for Collect<'_> {
    fn expect(&mut self, _: &'a [u8], _: usize, _: Place) -> Option<(Meaning, usize)> {
        None
    }

    fn meaning(&mut self, key: &'a [u8], _: &'a [u8], place: Place) -> Meaning {
        keys::lookup(self.plan, key, place)
    }

    fn value(&mut self, meaning: Meaning, key: &'a [u8], place: Place, value: Value<'a>) {
        self.n_keys += 1;
        self.n_roles += usize::from(meaning.binding.is_some());
        let Some((path, len)) = path_of(place, key) else { return };
        let entry = self.values.entry(path[..len].to_vec()).or_default();
        entry.meaning = meaning;
        entry.n += 1;
        let (Value::Text(text) | Value::Escaped(text) | Value::Bare(text)) = value else { return };
        // A key without a meaning may still hold the only time.
        let is_kept = meaning.binding.is_some() || place == Place(0) && may_be_time(text);
        if is_kept && entry.texts.len() < MAX_VALUES {
            entry.texts.push(text[..text.len().min(64)].to_vec());
        }
    }
}

/// Whether a value could be a time by its length and first signs.
fn may_be_time(text: &[u8]) -> bool {
    text.len() >= 10 && text.first().is_some_and(u8::is_ascii_alphanumeric) && text.iter().filter(|byte| byte.is_ascii_digit()).count() >= 8
}

impl Survey {
    /// Looks at `lines`.
    pub fn of(lines: &[&[u8]]) -> Self {
        let mut survey = Self { n_lines: lines.len(), ..Self::default() };
        survey.n_coloured = lines.iter().filter(|line| matches!(without_colours(line), Cow::Owned(_))).count();
        let uncoloured: Vec<_> = lines.iter().map(|line| without_colours(line)).collect();
        let lines: Vec<&[u8]> = uncoloured.iter().map(AsRef::as_ref).collect();
        survey.n_compose = lines.iter().filter(|line| compose_prefix(bare(line)).is_some()).count();
        let has_prefix = survey.n_compose * 2 > lines.len();
        // Permissive: counts every place where a time can stand.
        let mut plan = LogPlan::default();
        (plan.habits.is_dateless, plan.habits.has_late_time, plan.habits.is_relative) = (true, true, true);
        plan.habits.has_minutes = true;
        let mut reader = Reader::new(&plan);
        for line in &lines {
            let mut line = bare(line);
            if has_prefix {
                line = compose_prefix(line).map_or(line, |(_, rest)| rest);
            }
            survey.look(&plan, &mut reader, &line[..line.len().min(super::line::MAX_LINE_BYTES)]);
        }
        survey.count_field_stamps();
        survey
    }

    fn look(&mut self, plan: &LogPlan, reader: &mut Reader, line: &[u8]) {
        match line.first() {
            None | Some(b' ' | b'\t') => self.n_indented += 1,
            Some(b'{') => {
                let mut sink = Collect { plan, values: &mut self.values, n_roles: 0, n_keys: 0 };
                let end = json::walk(line, 0, &mut sink);
                let is_object = match end {
                    Ok(_) | Err(Surprise::Cut) => sink.n_keys > 0,
                    Err(Surprise::Odd) => serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok(),
                };
                self.n_json += usize::from(is_object);
            }
            Some(_) if self.look_at_access(plan, line) => {}
            Some(_) if starts_with_pair(line) => {
                let mut sink = Collect { plan, values: &mut self.values, n_roles: 0, n_keys: 0 };
                pairs::walk(line, 0, &mut sink);
                self.n_logfmt += usize::from(sink.n_roles > 0 && sink.n_keys > 1);
            }
            Some(_) => self.look_at_text(plan, reader, line),
        }
    }

    fn look_at_access(&mut self, plan: &LogPlan, line: &[u8]) -> bool {
        let parts = access::time_start(line).and_then(|at| {
            let stamp = timestamp::read(&line[at..])?;
            access::after_time(line, at + stamp.len).map(|access| (stamp, access))
        });
        let Some((stamp, access)) = parts else { return false };
        self.n_access += 1;
        self.stamps.add(&stamp);
        let columns = access::columns(line, access.rest).map(|(start, column)| match column {
            Column::Word(word) => Some(word.to_vec()),
            Column::Quoted(_) => None,
            Column::Pair(len) => {
                let mut sink = Collect { plan, values: &mut self.values, n_roles: 0, n_keys: 0 };
                pairs::walk(&line[..start + len], start, &mut sink);
                None
            }
        });
        let columns = columns.collect();
        self.rows.push((stamp.civil.secs, columns));
        true
    }

    fn look_at_text(&mut self, plan: &LogPlan, reader: &mut Reader, line: &[u8]) {
        let Some(head) = text::head(reader, line) else {
            let word = line.split(|byte| matches!(byte, b' ' | b'\t' | b'|')).next().unwrap_or_default();
            let word = word.strip_prefix(b"[").map_or(word, |word| word.strip_suffix(b"]").unwrap_or(word));
            if let Some(unit) = EpochUnit::of(word).filter(|_| word.len() < line.len()) {
                *self.text.epochs.entry(unit).or_default() += 1;
                self.stamps.epoch += 1;
            }
            return;
        };
        let severity = text::severity(line.get(head.rest..).unwrap_or_default());
        self.text.postgres += usize::from(severity.is_some());
        self.text.details += usize::from(severity == Some(text::Severity::Detail));
        let missing = match head.stamp {
            At::Civil(stamp) => {
                self.stamps.add(&stamp);
                self.stamps.add_order(&line[head.start..]);
                self.stamps.add_name(&line[head.start..], &stamp);
                self.text.minutes += usize::from(timestamp::read_minutes(&line[head.start..]) == Some(stamp));
                stamp.civil.missing
            }
            At::Since(_) => {
                self.text.relative += 1;
                self.stamps.missing += 1;
                self.stamps.zoneless += 1;
                Missing::Nothing
            }
            At::Epoch(_) => {
                self.stamps.epoch += 1;
                Missing::Nothing
            }
        };
        match (head.shape, missing) {
            _ if matches!(head.stamp, At::Since(_)) => {}
            (Shape::Klog(_), _) => self.text.klog += 1,
            (Shape::Late, _) => self.text.late += 1,
            (_, Missing::Nothing) => self.text.dated += 1,
            (_, Missing::Year) => self.text.yearless += 1,
            (_, Missing::Date) => self.text.dateless += 1,
        }
        self.text.stamped += usize::from(wrapped::is_runtime_stamp(line, &head));
        self.text.priority += usize::from(matches!(head.shape, Shape::Priority(_)));
        self.text.priority_5424 += usize::from(matches!(head.shape, Shape::Priority5424(_)));
        self.n_http_status += usize::from(text::http_status(&line[head.rest..]).is_some());
        let text = text::program_text(reader, line, &head);
        let said = text::syslog_parts(&head, line).map_or(text, |parts| parts.message);
        self.text.levels.look(line.get(text..).unwrap_or_default(), line.get(said..).unwrap_or_default());
        self.text.spoken.look(&line[head.rest..]);
        self.text.correlated += usize::from(correlation::trace_of(&line[head.rest..]).is_some());
        if self.example.is_empty() {
            self.example = line[..line.len().min(400)].to_vec();
            self.example_start = head.start;
        }
        let mut sink = Collect { plan, values: &mut self.values, n_roles: 0, n_keys: 0 };
        let object = text::object_start(line, head.rest).filter(|_| line.ends_with(b"}"));
        pairs::walk(&line[..object.unwrap_or(line.len())], head.rest, &mut sink);
        if let Some(object) = object {
            let _ = json::walk(line, object, &mut sink);
        }
    }

    /// Counts the zones of times that stand in fields of JSON and logfmt.
    fn count_field_stamps(&mut self) {
        let is_field_log = self.n_json + self.n_logfmt > 0;
        let is_time = |values: &&Values| values.meaning.binding.is_some_and(|binding| binding.role == Role::Time);
        let odd = super::guess::odd_time_key(self).and_then(|(path, _)| self.values.get(&path));
        let times = self.values.values().filter(is_time).chain(odd);
        if let Some(best) = times.filter(|_| is_field_log).max_by_key(|values| values.n) {
            for text in &best.texts {
                self.stamps.add_order(text);
                match timestamp::read(text) {
                    Some(stamp) => {
                        self.stamps.add_name(text, &stamp);
                        self.stamps.add(&stamp);
                    }
                    None => self.stamps.epoch += usize::from(EpochUnit::of(text).is_some()),
                }
            }
        }
    }

    /// Whether the example has a second time right behind the first.
    pub fn has_app_times(&self) -> bool {
        let rest = self.example.get(self.example_start..).unwrap_or_default();
        let after = timestamp::read(rest).and_then(|stamp| rest.get(stamp.len + 1..));
        after.is_some_and(|after| timestamp::read(after).is_some() || after.first() == Some(&b'{'))
    }

    /// The layout of most lines; `None` when no line begins a record.
    pub fn layout(&self) -> Option<Layout> {
        // Text that mentions times is no log: behind a prefix at least every second line must have one.
        let late = if self.text.late * 2 >= self.n_lines - self.n_indented { self.text.late } else { 0 };
        let text = self.text.at_start().max(late);
        [(self.n_json, Layout::Json), (self.n_access, Layout::Access), (self.n_logfmt, Layout::Logfmt), (text, Layout::Text)]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .max_by_key(|(n, _)| *n)
            .map(|(_, layout)| layout)
    }
}
