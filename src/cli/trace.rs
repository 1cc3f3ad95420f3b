//! `coroner trace`: all events of one trace id in time order with their gaps, and what shared traces tell of the clocks.

use std::io::Write;

use serde_json::{Value, json};

use super::output::{self, OutputForm};
use crate::model::query::PageStart;
use crate::model::series::Unit;
use crate::model::skew::{ClockCheck, Unsure};
use crate::model::text::{self, printable};
use crate::model::trace::Trace;
use crate::model::{Catalog, EventFilter, EventPage, EventQuery, Level, SourceId, Timestamp};
use crate::runtime::clocks;
use crate::source::{Job, Source};

/// Schema of the JSON form.
const SCHEMA: &str = "coroner.trace/1";
/// Events read at once, and of one trace.
const PAGE: usize = 2_000;
const MAX_EVENTS: usize = 100_000;

/// `~` before a gap that may be off by a second.
fn sign(trace: &Trace, index: usize) -> &'static str {
    if trace.is_gap_rough(index) { "~+" } else { "+" }
}

/// Which trace, and how to write it.
#[derive(Debug, Clone, Default)]
pub struct TraceOptions {
    /// Its id; `None` only compares the clocks.
    pub id: Option<String>,
    /// For people or for programs.
    pub form: OutputForm,
}

/// Writes the trace and the clocks. Whether it has an event; without an id, whether any two clocks could be compared.
pub fn run(source: &dyn Source, options: &TraceOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let catalog = source.catalog(&job)?;
    let trace = options.id.as_ref().map(|id| read(source, id, &job)).transpose()?;
    let clocks = clocks::check(source, &job)?;
    match options.form {
        OutputForm::Json => output::write_json(out, &json_of(trace.as_ref(), &clocks, &catalog))?,
        OutputForm::Text => write_text(trace.as_ref(), &clocks, &catalog, out)?,
    }
    Ok(trace.map_or(clocks.n_traces > 0, |trace| !trace.events.is_empty()))
}

fn read(source: &dyn Source, id: &str, job: &Job) -> anyhow::Result<Trace> {
    let filter = EventFilter { trace_id: Some(id.to_owned()), ..EventFilter::default() };
    let mut whole = EventPage::default();
    let mut start = PageStart::AtOrAfter(Timestamp::MIN);
    loop {
        let page = source.events(&EventQuery { filter: filter.clone(), range: None, start, limit: PAGE }, job)?.value;
        whole.has_more = page.has_more;
        let last = page.events.last().map(|event| event.id);
        whole.events.extend(page.events);
        match last {
            Some(last) if whole.has_more && whole.events.len() < MAX_EVENTS => start = PageStart::After(last),
            _ => return Ok(Trace::new(id, whole)),
        }
    }
}

fn seconds(ns: Option<i64>) -> Value {
    output::number(ns.map(|ns| ns as f64 / 1e9))
}

fn path(catalog: &Catalog, id: SourceId) -> String {
    catalog.source(id).map(|source| source.path.clone()).unwrap_or_default()
}

fn json_of(trace: Option<&Trace>, check: &ClockCheck, catalog: &Catalog) -> Value {
    let mut out = json!({ "schema": SCHEMA, "trace_id": trace.map(|trace| &trace.id) });
    if let Some(trace) = trace {
        let events = trace.events.iter().enumerate().map(|(index, event)| {
            json!({
                "time": output::time(event.time),
                "offset_s": seconds(trace.offset_ns(index)),
                "gap_s": seconds(trace.gap_ns(index)),
                "gap_is_rough": trace.is_gap_rough(index),
                "latency_s": output::number(event.latency_s.map(f64::from)),
                "level": event.level.name(),
                "service": event.service,
                "source": event.source,
                "line": event.line,
                "message": event.message,
            })
        });
        out["first"] = output::time(trace.first());
        out["last"] = output::time(trace.last());
        out["duration_s"] = seconds(trace.duration_ns());
        out["sources"] = json!(trace.n_sources());
        out["services"] = json!(trace.n_services());
        out["widest_gap"] = json!(trace.widest_gap().map(|index| json!({ "before": index, "gap_s": seconds(trace.gap_ns(index)) })));
        out["is_cut"] = json!(trace.has_more);
        out["events"] = events.collect();
    }
    out["clocks"] = clocks_json(check, catalog);
    out
}

/// What was found of the clocks.
pub(super) fn clocks_json(check: &ClockCheck, catalog: &Catalog) -> Value {
    let skews = check.skews.iter().map(|skew| {
        json!({
            "source": path(catalog, skew.source),
            "against": skew.against.map(|other| path(catalog, other)),
            "ahead_s": seconds(Some(skew.ahead_ns)),
            "uncertainty_s": seconds(Some(skew.uncertainty_ns)),
            "traces": skew.n_traces,
        })
    });
    let unsure = check.unsure.iter().map(|(source, why)| {
        let (why, n) = match why {
            Unsure::Few(n) => ("few", n),
            Unsure::Unsteady(n) => ("unsteady", n),
        };
        json!({ "source": path(catalog, *source), "why": why, "traces": n })
    });
    json!({
        "traces": check.n_traces,
        "skewed": skews.collect::<Vec<_>>(),
        "agreeing": check.agreeing.iter().map(|source| path(catalog, *source)).collect::<Vec<_>>(),
        "unsure": unsure.collect::<Vec<_>>(),
    })
}

fn write_text(trace: Option<&Trace>, check: &ClockCheck, catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(trace) = trace {
        write_events(trace, out)?;
    }
    let wrong = check.sentences(|id| path(catalog, id));
    let is_moved = catalog.sources.iter().any(|report| report.clock_ns != 0);
    let times = if is_moved { "times are those of the case, with its clock offsets" } else { "times are as the sources state them" };
    for words in &wrong {
        writeln!(out, "{words}; {times}")?;
    }
    if wrong.is_empty() {
        // The id was looked for in the whole text of records; clocks are compared where it is the trace id of both.
        let n_sources = trace.map_or(0, Trace::n_sources);
        if check.n_traces == 0 && n_sources > 1 {
            writeln!(out, "{n_sources} sources hold this id, but fewer than two as their trace id: clocks are not compared")?;
        } else {
            writeln!(out, "{}", check.summary())?;
        }
    }
    Ok(())
}

fn write_events(trace: &Trace, out: &mut dyn Write) -> anyhow::Result<()> {
    let id = printable(&trace.id);
    let value = |ns: i64| text::value(ns as f64 / 1e9, Unit::Seconds);
    let (Some(first), Some(whole)) = (trace.first(), trace.duration_ns()) else {
        writeln!(out, "trace {id}: no event with a time")?;
        return Ok(());
    };
    let n = |n: usize, one: &str| format!("{} {one}{}", text::grouped(n as u64), if n == 1 { "" } else { "s" });
    let numbers = [n(trace.events.len(), "event"), n(trace.n_sources(), "source"), n(trace.n_services(), "service")].join("  ");
    writeln!(out, "trace {id}  {}  {numbers}  {} in all", text::rfc3339(first), value(whole))?;
    let widest_gap = trace.widest_gap();
    let mut rows = Vec::new();
    for (index, event) in trace.events.iter().enumerate() {
        let widest = if widest_gap == Some(index) { " widest" } else { "" };
        let level = if event.level == Level::Unknown { "-".to_owned() } else { event.level.name().to_uppercase() };
        rows.push(vec![
            event.time.map(text::rfc3339).unwrap_or_default(),
            trace.gap_ns(index).map_or_else(|| "start".to_owned(), |ns| format!("{}{}{widest}", sign(trace, index), value(ns))),
            printable(event.service.as_deref().unwrap_or("-")).into_owned(),
            level,
            event.latency_s.map_or_else(String::new, |s| format!("took {}", text::value(f64::from(s), Unit::Seconds))),
            format!("{}  ({}:{})", printable(&event.message), printable(&event.source), event.line),
        ]);
    }
    output::write_table(out, &rows, &[])?;
    if trace.has_more {
        writeln!(out, "there are more events: coroner events --trace {id} lists all")?;
    }
    Ok(())
}
