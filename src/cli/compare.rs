//! `coroner compare`: what is different in a window from a baseline, as text or JSON with the same facts.

use std::io::Write;

use serde_json::{Value, json};

use super::open::Clock;
use super::output::{self, OutputForm};
use crate::model::compare::{Basis, CompareQuery, CountChange, Counted, Counts, Difference, Direction, SeriesChange, SeriesOrder, Spread};
use crate::model::text::{grouped, printable, rfc3339};
use crate::model::{EventFilter, TimeRange};
use crate::runtime::compare;
use crate::source::{Job, Source};

/// Schema of the JSON form.
const SCHEMA: &str = "coroner.compare/1";

/// What is compared, and how to write it.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// Everything after the baseline when `None`.
    pub window: Option<TimeRange>,
    /// What is normal; `None` without data.
    pub baseline: Option<TimeRange>,
    /// Only these events.
    pub filter: EventFilter,
    /// At most so many of each kind as text.
    pub limit: usize,
    /// Which series come first.
    pub order: SeriesOrder,
    /// For people or for programs.
    pub form: OutputForm,
}

/// `FROM..TO`, each a time as for `--from`.
pub fn parse_baseline(text: &str, clock: &Clock) -> anyhow::Result<TimeRange> {
    let Some((from, to)) = text.split_once("..") else {
        anyhow::bail!("--baseline {text:?} is not FROM..TO, such as T-5m..T+0");
    };
    let (Some(from), Some(to)) = clock.both(Some(from), Some(to))? else {
        anyhow::bail!("--baseline {text:?} is not FROM..TO, such as T-5m..T+0");
    };
    anyhow::ensure!(from < to, "--baseline: {} does not lie before {}", rfc3339(from), rfc3339(to));
    Ok(TimeRange::new(from, to))
}

/// Writes what differs. Whether anything does.
pub fn run(source: &dyn Source, options: &CompareOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let (Some(main), Some(baseline)) = (source.catalog(&job)?.main(), options.baseline) else {
        anyhow::bail!("nothing here has a time, so nothing can be compared");
    };
    let asked = options.window.unwrap_or(main);
    let Some((baseline, window)) = CompareQuery::windows(baseline, asked) else {
        anyhow::bail!(
            "the window {} to {} leaves nothing to compare with the baseline {} to {}; choose others with --from, --to and --baseline",
            rfc3339(asked.start()),
            rfc3339(asked.end()),
            rfc3339(baseline.start()),
            rfc3339(baseline.end())
        );
    };
    let found = compare::difference(source, &CompareQuery { baseline, window, filter: options.filter.clone() }, &job)?;
    match options.form {
        OutputForm::Json => output::write_json(out, &json_of(&found, options.order))?,
        OutputForm::Text => write_text(&found, options, out)?,
    }
    let has_counts = [&found.levels, &found.services, &found.patterns, &found.values].iter().any(|counts| !counts.told.is_empty());
    Ok(has_counts || !found.series.is_empty())
}

fn range_json(range: TimeRange) -> Value {
    json!({ "first": output::time(Some(range.start())), "last": output::time(Some(range.end())) })
}

fn json_of(found: &Difference, order: SeriesOrder) -> Value {
    let counts =
        |counts: &Counts| json!({ "n_compared": counts.n_compared, "different": counts.told.iter().map(count_json).collect::<Vec<_>>() });
    let left_out: Vec<Value> = found.fields_left_out.iter().map(|(name, why)| json!({ "field": name, "why": why })).collect();
    json!({
        "schema": SCHEMA,
        "window": range_json(found.window),
        "baseline": range_json(found.baseline),
        "series": {
            "n_compared": found.tally.n_compared,
            "n_different": found.tally.n_differ,
            "n_too_few_samples": found.tally.n_few,
            "n_buckets_left_out": found.tally.n_buckets,
            "different": found.ordered(order).into_iter().map(|index| series_json(&found.series[index])).collect::<Vec<_>>(),
        },
        "events": { "baseline": found.n_events.0, "window": found.n_events.1 },
        "levels": counts(&found.levels),
        "services": counts(&found.services),
        "patterns": counts(&found.patterns),
        "values": counts(&found.values),
        "events_read_for_values": { "baseline": found.n_read.0, "window": found.n_read.1 },
        "fields_left_out": left_out,
    })
}

fn series_json(change: &SeriesChange) -> Value {
    let spread = |spread: Option<Spread>| {
        spread.map(|spread| {
            let number = |value: f64| output::number(Some(value));
            json!({
                "median": number(spread.median), "mad": number(spread.mad), "p10": number(spread.low), "p90": number(spread.high),
                "min": number(spread.min), "max": number(spread.max), "samples": spread.n,
            })
        })
    };
    json!({
        "series": change.name,
        "unit": change.unit.name(),
        "per_second": change.is_per_second,
        "direction": change.direction.name(),
        "moved": change.moved.map(|moved| json!({
            "part": moved.part.name(), "from": output::number(Some(moved.from)), "to": output::number(Some(moved.to)),
        })),
        "factor": output::number(change.factor()),
        "score": output::number(Some((change.score * 1000.0).round() / 1000.0)),
        "n_more_of_metric": change.n_more,
        "first_departure": output::time(change.departed),
        "baseline": spread(change.baseline),
        "window": spread(change.window),
    })
}

fn count_json(change: &CountChange) -> Value {
    let mut json = json!({
        "direction": change.direction.name(),
        "baseline": change.n.0,
        "window": change.n.1,
        "ratio": output::number(change.ratio),
        "surprise": output::number(Some((change.surprise * 10.0).round() / 10.0)),
    });
    let more = match change.basis {
        Basis::Rate => {
            let per_second = |n: u64, ns: u64| output::number(Some(n as f64 * 1e9 / ns as f64));
            json!({ "baseline_per_s": per_second(change.n.0, change.of.0), "window_per_s": per_second(change.n.1, change.of.1) })
        }
        Basis::Share => json!({ "baseline_of": change.of.0, "window_of": change.of.1 }),
    };
    let what = match &change.what {
        Counted::Level(level) => json!({ "level": level.name() }),
        Counted::Service(name) => json!({ "service": name }),
        Counted::Pattern(id, template) => json!({ "pattern": id, "template": template }),
        Counted::Value(name, value) => json!({ "field": name, "value": value }),
        Counted::Field(name) => json!({ "field": name, "value": null }),
    };
    for part in [what, more] {
        if let (Value::Object(json), Value::Object(part)) = (&mut json, part) {
            json.extend(part);
        }
    }
    json
}

/// `+`, `-`, `new`, `gone` in one column.
const fn sign(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "+   ",
        Direction::New => "new ",
        Direction::Down => "-   ",
        Direction::Gone => "gone",
    }
}

fn write_text(found: &Difference, options: &CompareOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let span = |range: TimeRange| format!("{} to {}", rfc3339(range.start()), rfc3339(range.end()));
    writeln!(out, "window    {}", span(found.window))?;
    writeln!(out, "baseline  {}", span(found.baseline))?;
    writeln!(out, "\nseries: {} of {} differ, {}", grouped(found.tally.n_differ), grouped(found.tally.n_compared), options.order.words())?;
    let limit = options.limit;
    for change in found.ordered(options.order).into_iter().take(limit).map(|index| &found.series[index]) {
        let since = change.departed.map(|at| format!("; from {}", rfc3339(at))).unwrap_or_default();
        writeln!(out, "  {} {}\n       {}{since}", sign(change.direction), printable(&change.name), change.facts())?;
    }
    more(out, found.series.len(), limit)?;
    let kinds = [("levels", &found.levels), ("services", &found.services), ("patterns", &found.patterns), ("field values", &found.values)];
    for (name, counts) in kinds {
        writeln!(out, "\n{name}: {} of {} differ, more than before first", counts.told.len(), grouped(counts.n_compared))?;
        for change in counts.told.iter().take(limit) {
            writeln!(out, "  {} {}\n       {}", sign(change.direction), printable(&change.what.words()), change.facts())?;
        }
        more(out, counts.told.len(), limit)?;
    }
    if !found.fields_left_out.is_empty() {
        let words: Vec<String> = found.fields_left_out.iter().map(|(name, why)| format!("{} ({why})", printable(name))).collect();
        writeln!(out, "\nfields left out: {}", words.join(", "))?;
    }
    writeln!(out, "\n{}", found.bounds_words())?;
    Ok(())
}

fn more(out: &mut dyn Write, n: usize, limit: usize) -> anyhow::Result<()> {
    if n > limit {
        writeln!(out, "  and {} more: --limit, --json", grouped((n - limit) as u64))?;
    }
    Ok(())
}
