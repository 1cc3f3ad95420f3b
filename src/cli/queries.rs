//! Commands that ask one question of the sources: `inspect`, `events`, `trace`, `histogram`, `facets`, `series`,
//! `compare`.

use std::io::Write;
use std::num::NonZeroUsize;

use unicode_width::UnicodeWidthStr as _;

use super::args::{Command, OpenArgs};
use super::open::{self, Clock, Reader};
use super::output::OutputForm;
use super::{Outcome, compare, events, facets, histogram, inspect, output, patterns, series, tail, trace, typed};
use crate::model::baseline;
use crate::model::case::MarkerName;
use crate::model::compare::SeriesOrder;
use crate::model::facets::FacetReach;
use crate::model::filter::{self, Expr, FilterError, Known};
use crate::model::query::{PageStart, TextMatch, TextPattern};
use crate::model::text::printable;
use crate::model::when::Reference;
use crate::model::{EventFilter, Level, TimeRange, Timestamp, when};
use crate::source::files::FileSource;

/// Runs one of them.
pub fn run(command: Command, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    match command {
        Command::Inspect { open, json, verbose } => {
            let loaded = Loaded::without_computed(&open)?;
            let detail = if verbose { inspect::Detail::Full } else { inspect::Detail::Short };
            let options = inspect::InspectOptions { form: form(json), width: output::screen_width(), detail };
            let has_found = inspect::run(loaded.source(), &options, out)?;
            Ok(if inspect::is_unreadable(&loaded.catalog) { Outcome::Objections } else { has_found.into() })
        }
        Command::Events {
            open,
            window,
            filter: expression,
            level,
            grep,
            fuzzy,
            service,
            trace,
            limit,
            unplaced,
            patterns,
            follow,
            around,
            json,
        } => {
            let mut filter = filter(level.as_deref(), &grep, fuzzy.as_deref(), service, trace)?;
            check_expression(expression.as_deref())?;
            let loaded = Loaded::without_computed(&open)?;
            filter.expr = loaded.expression(expression.as_deref(), open.read.quiet)?;
            let range = loaded.clock()?.window(&window)?;
            let limit = limit.map(|n| n as u64);
            if let Some(around) = around {
                let around = loaded.clock()?.at(&around)?;
                let options = patterns::PatternsOptions { filter, range, around, limit, form: form(json) };
                return Ok(loaded.found(patterns::run(loaded.source(), &options, out)?, "no event passes"));
            }
            let start = unplaced.then_some(PageStart::Unplaced(0));
            let patterns = if patterns { events::Patterns::Shown } else { events::Patterns::Hidden };
            let options = events::EventsOptions { filter, range, start, limit, letters: fuzzy, patterns, form: form(json) };
            if follow {
                return Ok(tail::run(&loaded.opened.source, &options, out)?.into());
            }
            Ok(loaded.found(events::run(loaded.source(), &options, out)?, "no event passes"))
        }
        Command::Trace { mut open, mut id, json } => {
            typed::take_id(&mut open.sources, &mut id);
            let loaded = Loaded::without_computed(&open)?;
            Ok(trace::run(loaded.source(), &trace::TraceOptions { id, form: form(json) }, out)?.into())
        }
        Command::Histogram { open, window, bucket, by, stat, filter: expression, level, grep, service, json } => {
            let mut filter = filter(level.as_deref(), &grep, None, service, None)?;
            check_expression(expression.as_deref())?;
            let bucket_ns = positive_duration("--bucket", &bucket)?;
            let stats = stat.iter().map(|text| histogram::parse_stat(text)).collect::<Result<_, _>>()?;
            let by = by.iter().filter(|name| !name.is_empty()).map(|name| histogram::parse_by(name)).collect();
            let loaded = Loaded::without_computed(&open)?;
            filter.expr = loaded.expression(expression.as_deref(), open.read.quiet)?;
            let range = loaded.clock()?.window(&window)?;
            let options = histogram::HistogramOptions { filter, range, bucket_ns, by, stats, form: form(json) };
            Ok(loaded.found(histogram::run(loaded.source(), &options, out)?, "no event passes"))
        }
        Command::Facets { open, window, field, filter: expression, limit, exact, json } => {
            check_expression(expression.as_deref())?;
            let loaded = Loaded::new(&open)?;
            let expr = loaded.expression(expression.as_deref(), open.read.quiet)?;
            let range = loaded.clock()?.window(&window)?;
            let fields = field.into_iter().filter(|name| !name.is_empty()).collect();
            let filter = EventFilter { expr, ..EventFilter::default() };
            let reach = if exact { FacetReach::All } else { FacetReach::Sample };
            let options = facets::FacetsOptions { filter, range, fields, reach, limit, form: form(json) };
            Ok(loaded.found(facets::run(loaded.source(), &options, out)?, "no event passes"))
        }
        Command::Compare { open, window, baseline, filter: expression, limit, sort, json } => {
            check_expression(expression.as_deref())?;
            let loaded = Loaded::new(&open)?;
            let expr = loaded.expression(expression.as_deref(), open.read.quiet)?;
            let clock = loaded.clock()?;
            let baseline = match baseline {
                Some(text) => Some(compare::parse_baseline(&text, &clock)?),
                None => loaded.baseline()?,
            };
            let filter = EventFilter { expr, ..EventFilter::default() };
            let order = if sort == "time" { SeriesOrder::Time } else { SeriesOrder::Size };
            let options = compare::CompareOptions { window: clock.window(&window)?, baseline, filter, limit, order, form: form(json) };
            Ok(loaded.found(compare::run(loaded.source(), &options, out)?, "nothing differs by more than chance"))
        }
        Command::Series { open, window, pattern, expr, exemplars, at, columns, step, json } => {
            let loaded = Loaded::new(&open)?;
            let clock = loaded.clock()?;
            let division = match (at, step) {
                (Some(at), _) => series::Division::At(clock.at(&at)?),
                (None, Some(step)) => series::Division::Step(positive_duration("--step", &step)?),
                (None, None) if exemplars => series::Division::Exemplars,
                (None, None) => series::Division::Columns(columns.unwrap_or(NonZeroUsize::MIN)),
            };
            let options = series::SeriesOptions { pattern, expr, division, range: clock.window(&window)?, form: form(json) };
            let has_found = series::run(loaded.source(), &options, out)?;
            let nothing = if exemplars {
                "no series that matches has exemplars in this window; coroner series PATH lists all"
            } else if options.expr.is_some() {
                "the expression finds no series; coroner series PATH lists them"
            } else {
                "no series matches; coroner series PATH lists them"
            };
            Ok(loaded.found(has_found, nothing))
        }
        other => anyhow::bail!("{other:?} is not a question to the sources"),
    }
}

/// Sources read to their end.
struct Loaded {
    opened: open::Opened,
    catalog: std::sync::Arc<crate::model::Catalog>,
    is_quiet: bool,
}

impl Loaded {
    fn new(args: &OpenArgs) -> anyhow::Result<Self> {
        Self::with(args, Reader::Command)
    }

    /// For questions whose answers hold nothing that is computed from series.
    fn without_computed(args: &OpenArgs) -> anyhow::Result<Self> {
        Self::with(args, Reader::WithoutComputed)
    }

    fn with(args: &OpenArgs, reader: Reader) -> anyhow::Result<Self> {
        let opened = open::open_for(args, reader)?;
        let catalog = open::load(&opened, args.read.quiet)?;
        Ok(Self { opened, catalog, is_quiet: args.read.quiet })
    }

    fn source(&self) -> &FileSource {
        &self.opened.source
    }

    /// What an answer means for the exit code; an empty one says on standard error that it is one.
    fn found(&self, has_found: bool, nothing: &str) -> Outcome {
        if !has_found && !self.is_quiet {
            eprintln!("note: {nothing}");
        }
        has_found.into()
    }

    /// What the case says is normal; `None` without data.
    fn baseline(&self) -> anyhow::Result<Option<TimeRange>> {
        let case = self.opened.case()?;
        let t0 = case.meta.t0.as_ref().map(|anchor| anchor.at);
        let signs = [t0, case.marker(MarkerName::Trigger), case.marker(MarkerName::ImpactStart)];
        Ok(baseline::of(&self.catalog, signs.into_iter().flatten()))
    }

    fn clock(&self) -> anyhow::Result<Clock> {
        Clock::new(&self.opened, &self.catalog)
    }

    /// Reads `--filter` with the times of the case, and says what it names that the data do not have.
    fn expression(&self, text: Option<&str>, quiet: bool) -> anyhow::Result<Option<Expr>> {
        let Some(text) = text else { return Ok(None) };
        let expr = parse_expression(text, self.clock()?.reference())?;
        let files: Vec<String> = self.catalog.sources.iter().map(|source| source.path.clone()).collect();
        let services = self.catalog.services();
        let known = Known { services: &services, files: &files, ..Known::default() };
        for remark in expr.iter().filter(|_| !quiet).flat_map(|expr| filter::remarks(expr, known)) {
            eprintln!("note: {}", printable(&remark));
        }
        Ok(expr)
    }
}

/// A text of `--filter` that is none, and why.
#[derive(Debug, thiserror::Error)]
#[error("--filter: {error}")]
pub struct WrongFilter {
    text: String,
    error: FilterError,
}

impl WrongFilter {
    /// The text and a mark below the column, for the lines after the message.
    pub fn marked(&self) -> String {
        let before = printable(&self.text[..self.error.span.start]).width();
        let meant = printable(&self.text[self.error.span.clone()]).width().max(1);
        format!("  {}\n  {}{}", printable(&self.text), " ".repeat(before), "^".repeat(meant))
    }
}

fn parse_expression(text: &str, reference: &Reference) -> anyhow::Result<Option<Expr>> {
    filter::parse(text, reference).map_err(|error| WrongFilter { text: text.to_owned(), error }.into())
}

/// Tells mistakes before anything is loaded; times may refer to what is not known yet.
fn check_expression(text: Option<&str>) -> anyhow::Result<()> {
    let (any, range) = (Some(Timestamp(0)), TimeRange::new(Timestamp(0), Timestamp(1)));
    let reference = Reference { now: any, t0: any, cursor: any, extent: Some(range), ..Reference::default() };
    text.map_or(Ok(()), |text| parse_expression(text, &reference).map(|_| ()))
}

fn form(is_json: bool) -> OutputForm {
    if is_json { OutputForm::Json } else { OutputForm::Text }
}

fn positive_duration(flag: &str, text: &str) -> anyhow::Result<i64> {
    let ns = when::parse_duration(text).map_err(anyhow::Error::msg)?;
    anyhow::ensure!(ns > 0, "{flag} {text:?} must be longer than nothing");
    Ok(ns)
}

fn filter(
    level: Option<&str>,
    grep: &[String],
    fuzzy: Option<&str>,
    services: Vec<String>,
    trace_id: Option<String>,
) -> anyhow::Result<EventFilter> {
    let min_level = match level {
        None => None,
        Some(word) => match Level::from_word(word.as_bytes()) {
            Some(level) => Some(level),
            None => anyhow::bail!("--level {word:?} is none of trace, debug, info, warn, error, fatal"),
        },
    };
    let mut text = Vec::new();
    for pattern in grep {
        regex::bytes::Regex::new(pattern).map_err(|error| anyhow::anyhow!("--grep {pattern:?}: {error}"))?;
        text.push(TextMatch { pattern: TextPattern::Regex(pattern.clone()), is_negated: false });
    }
    text.extend(fuzzy.map(|letters| TextMatch { pattern: TextPattern::Fuzzy(letters.into()), is_negated: false }));
    Ok(EventFilter { min_level, services, sources: Vec::new(), text, trace_id, expr: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_marked_at_its_column() {
        let error = check_expression(Some("漢 level>=loud")).unwrap_err();
        let wrong = error.downcast_ref::<WrongFilter>().unwrap();
        assert!(error.to_string().starts_with("--filter: column 10: \"loud\" is no level"), "{error}");
        assert_eq!(wrong.marked(), "  漢 level>=loud\n            ^^^^");
        assert!(check_expression(Some("since:T+1m until:14:03 -5m")).is_ok());
    }

    #[test]
    fn a_wrong_level_or_expression_is_named() {
        let error = |level, grep: &[String]| filter(level, grep, None, Vec::new(), None).unwrap_err().to_string();
        assert!(error(Some("loud"), &[]).contains("loud"));
        assert!(error(None, &["(".into()]).contains('('));
    }
}
