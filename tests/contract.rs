//! What every source must keep, whatever engine answers: the suite, run on the embedded engine over files.
//!
//! Each promise compares an answer that a screen gets (columns, counts, pages) with a naive reading of everything the
//! source has. A new engine joins by one more caller of [`check`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;

use coroner::model::query::{GroupBy, HistogramQuery, PageStart, TextMatch, TextPattern};
use coroner::model::series::Bucket;
use coroner::model::{
    Event, EventFilter, EventQuery, Level, Sample, SeriesId, SeriesMeta, SeriesQuery, SourceId, TimeRange, Timestamp, text,
};
use coroner::source::files::content::Bytes;
use coroner::source::files::{OpenOptions, open};
use coroner::source::{Job, Source, SourceError};
use proptest::prelude::*;

/// 2026-11-23T02:00:00Z in milliseconds.
const START_MS: i64 = 1_795_399_200_000;

/// The suite. `ranges` are stretches that questions are asked about, beside the whole.
fn check(source: &dyn Source, ranges: &[TimeRange]) {
    let job = Job::new();
    let catalog = source.catalog(&job).expect("a catalog");
    let extent = catalog.extent.unwrap_or_default();
    for range in ranges.iter().copied().chain([extent]) {
        for n in [1, 7, 100] {
            let columns = NonZeroUsize::new(n).expect("not 0");
            columns_reduce_the_samples(source, &catalog.series, range, columns);
            histograms_count_and_pages_agree(source, range, columns);
        }
        values_are_the_last_samples_unless_stale(source, &catalog.series, range);
    }
    pages_agree_both_ways(source);
    lines_are_those_of_the_events(source);
    whoever_is_cancelled_hears_it(source);
}

/// All samples of a series inside a range.
fn samples(source: &dyn Source, id: SeriesId, range: TimeRange) -> Vec<Sample> {
    let answer = source.samples(id, range, usize::MAX, &Job::new()).expect("samples");
    assert!(!answer.is_partial, "nothing was cut");
    assert!(answer.value.windows(2).all(|pair| pair[0].time < pair[1].time), "samples rise");
    assert!(answer.value.iter().all(|sample| range.contains(sample.time)), "samples lie inside the range");
    let first = source.samples(id, range, 3, &Job::new()).expect("samples");
    assert_eq!((first.is_partial, first.value.len()), (answer.value.len() > 3, answer.value.len().min(3)));
    answer.value
}

fn naive_bucket(samples: &[&Sample]) -> Option<Bucket> {
    let finite: Vec<f64> = samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect();
    (!samples.is_empty()).then(|| Bucket {
        min: finite.iter().copied().fold(f64::INFINITY, f64::min),
        max: finite.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        mean: finite.iter().sum::<f64>() / finite.len() as f64,
        last: finite.last().copied().unwrap_or_default(),
        count: finite.len() as u32,
        n_nan: samples.iter().filter(|sample| sample.value.is_nan()).count() as u32,
        n_inf: samples.iter().filter(|sample| sample.value.is_infinite()).count() as u32,
    })
}

fn columns_reduce_the_samples(source: &dyn Source, series: &[SeriesMeta], range: TimeRange, n: NonZeroUsize) {
    let ids: Vec<SeriesId> = series.iter().map(|meta| meta.id).rev().collect();
    let answers = source.series(&SeriesQuery { ids: ids.clone(), range, columns: n }, &Job::new()).expect("columns").value;
    assert_eq!(answers.len(), ids.len());
    for (id, answer) in ids.into_iter().zip(answers) {
        assert_eq!((answer.range, answer.columns.len()), (range, n.get()));
        let all = samples(source, id, range);
        for (column, got) in answer.columns.iter().enumerate() {
            let inside = all.iter().filter(|sample| range.column_of(sample.time, n) == Some(column)).collect::<Vec<_>>();
            match (got, naive_bucket(&inside)) {
                (None, None) => {}
                (Some(got), Some(naive)) => {
                    assert_eq!((got.count, got.n_nan, got.n_inf), (naive.count, naive.n_nan, naive.n_inf), "column {column} of {n}");
                    if got.count > 0 {
                        assert_eq!((got.min, got.max, got.last), (naive.min, naive.max, naive.last), "column {column} of {n}");
                        let scale = naive.min.abs().max(naive.max.abs()).max(1.0);
                        assert!((got.mean - naive.mean).abs() <= 1e-9 * scale, "column {column} of {n}: {} {}", got.mean, naive.mean);
                    }
                }
                (got, naive) => panic!("column {column} of {n}: {got:?} is not {naive:?}"),
            }
        }
    }
}

fn values_are_the_last_samples_unless_stale(source: &dyn Source, series: &[SeriesMeta], range: TimeRange) {
    let whole = TimeRange::new(Timestamp::MIN, Timestamp(i64::MAX));
    for meta in series {
        let all = samples(source, meta.id, whole);
        for at in range.split(NonZeroUsize::new(50).expect("not 0")).into_iter().map(TimeRange::start) {
            let last = all.iter().rfind(|sample| sample.time <= at && at.since(sample.time) <= meta.staleness_ns());
            let got = source.values_at(&[meta.id], at, &Job::new()).expect("a value").value.remove(0);
            let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
            assert_eq!(
                got.map(|got| (got.sample_time, bits(got.value))),
                last.map(|sample| (sample.time, bits(sample.value))),
                "{} at {at:?}",
                meta.full_name()
            );
        }
    }
}

/// Everything that passes, page by page.
fn all_events(source: &dyn Source, filter: &EventFilter, range: Option<TimeRange>, limit: usize) -> Vec<Event> {
    let (mut events, mut start) = (Vec::new(), PageStart::AtOrAfter(Timestamp::MIN));
    loop {
        let query = EventQuery { filter: filter.clone(), range, start, limit };
        let page = source.events(&query, &Job::new()).expect("a page").value;
        assert!(page.events.len() <= limit && (page.has_more || page.events.len() <= limit));
        events.extend(page.events);
        match (events.last(), page.has_more) {
            (Some(last), true) => start = PageStart::After(last.id),
            _ => return events,
        }
    }
}

fn filters() -> Vec<EventFilter> {
    let text = |pattern, is_negated| EventFilter { text: vec![TextMatch { pattern, is_negated }], ..EventFilter::default() };
    vec![
        EventFilter::default(),
        EventFilter { min_level: Some(Level::Warn), ..EventFilter::default() },
        EventFilter { services: vec!["order".into()], ..EventFilter::default() },
        EventFilter { sources: vec![SourceId(0)], ..EventFilter::default() },
        text(TextPattern::Literal("pool".into()), false),
        text(TextPattern::Regex("request [0-4]".into()), true),
        EventFilter { min_level: Some(Level::Error), ..text(TextPattern::Fuzzy("pxh".into()), false) },
    ]
}

fn histograms_count_and_pages_agree(source: &dyn Source, range: TimeRange, columns: NonZeroUsize) {
    for filter in filters() {
        let events = all_events(source, &filter, Some(range), 64);
        assert!(events.iter().all(|event| event.time.is_some_and(|time| range.contains(time))));
        let count = source.count(&filter, Some(range), &Job::new()).expect("a count").value;
        assert_eq!(count, events.len() as u64, "{filter:?}");
        let key = |event: &Event| vec![event.level.name().to_owned(), event.service.clone().unwrap_or_default()];
        let mut naive: BTreeMap<Vec<String>, Vec<u64>> = BTreeMap::new();
        for event in &events {
            let column = event.time.and_then(|time| range.column_of(time, columns)).expect("inside");
            naive.entry(key(event)).or_insert_with(|| vec![0; columns.get()])[column] += 1;
        }
        let by = vec![GroupBy::Level, GroupBy::Service];
        let query = HistogramQuery { filter: filter.clone(), range, columns, by };
        let mut histogram = source.histogram(&query, &Job::new()).expect("a histogram").value;
        histogram.groups.retain(|_, counts| counts.iter().any(|count| *count > 0));
        assert_eq!(histogram.groups, naive, "{filter:?} over {columns} columns");
    }
}

fn pages_agree_both_ways(source: &dyn Source) {
    for filter in filters() {
        let forward = all_events(source, &filter, None, 1000);
        let order = |event: &Event| (event.time, event.id.source, event.id.record);
        assert!(forward.windows(2).all(|pair| order(&pair[0]) < order(&pair[1])), "in the order (time, source, record)");
        let ids = |events: &[Event]| events.iter().map(|event| event.id).collect::<Vec<_>>();
        for limit in [1, 3, 64] {
            assert_eq!(ids(&all_events(source, &filter, None, limit)), ids(&forward), "pages of {limit}");
            let mut backward: Vec<Event> = Vec::new();
            let mut start = PageStart::Before(Timestamp(i64::MAX));
            loop {
                let query = EventQuery { filter: filter.clone(), range: None, start, limit };
                let page = source.events(&query, &Job::new()).expect("a page").value;
                let has_more = page.has_more;
                backward.splice(0..0, page.events);
                match (backward.first(), has_more) {
                    (Some(first), true) => start = PageStart::BeforeEvent(first.id),
                    _ => break,
                }
            }
            assert_eq!(ids(&backward), ids(&forward), "pages of {limit} backward, {filter:?}");
        }
    }
}

fn lines_are_those_of_the_events(source: &dyn Source) {
    for event in all_events(source, &EventFilter::default(), None, 1000).iter().step_by(7) {
        let again = source.event(event.id, &Job::new()).expect("an event");
        assert_eq!((again.time, &again.raw, again.line), (event.time, &event.raw, event.line));
        let last = event.line + u64::from(event.n_lines) - 1;
        let lines = source.lines(event.id.source, event.line, last, &Job::new()).expect("lines");
        assert_eq!(String::from_utf8_lossy(&lines.bytes).trim_end(), event.raw.trim_end());
    }
}

fn whoever_is_cancelled_hears_it(source: &dyn Source) {
    let job = Job::new();
    job.cancel();
    let catalog = source.catalog(&Job::new()).expect("a catalog");
    let (range, columns) = (catalog.extent.unwrap_or_default(), NonZeroUsize::MIN);
    let ids: Vec<SeriesId> = catalog.series.iter().map(|meta| meta.id).collect();
    let filter =
        EventFilter { text: vec![TextMatch { pattern: TextPattern::Literal("zz".into()), is_negated: false }], ..EventFilter::default() };
    let mut answers: Vec<(&str, Result<(), SourceError>)> = vec![
        ("count", source.count(&filter, Some(range), &job).map(drop)),
        ("histogram", source.histogram(&HistogramQuery { filter: filter.clone(), range, columns, by: vec![] }, &job).map(drop)),
        (
            "events",
            source.events(&EventQuery { filter, range: None, start: PageStart::AtOrAfter(range.start()), limit: 5 }, &job).map(drop),
        ),
        ("lines", source.lines(SourceId(0), 1, 1, &job).map(drop)),
        ("sha256", source.sha256(SourceId(0), &job).map(drop)),
    ];
    if let Some(id) = ids.first() {
        answers.push(("series", source.series(&SeriesQuery { ids: ids.clone(), range, columns }, &job).map(drop)));
        answers.push(("values", source.values_at(&ids, range.start(), &job).map(drop)));
        answers.push(("samples", source.samples(*id, range, 10, &job).map(drop)));
    }
    for (name, answer) in answers {
        assert!(matches!(answer, Err(SourceError::Cancelled)), "{name}: {answer:?}");
    }
}

/// One record of a log: when (ms after the start, `None` without a time), how severe, which message.
type Record = (Option<u32>, u8, u8);

fn log(service: &str, records: &[Record]) -> String {
    let mut out = String::new();
    for (at, level, message) in records {
        let ts =
            at.map(|at| format!("\"ts\":\"{}\",", text::rfc3339(Timestamp::from_millis(START_MS + i64::from(at))))).unwrap_or_default();
        let level = ["debug", "info", "warn", "error"][usize::from(level % 4)];
        let message = if message % 5 == 0 { "pool exhausted".to_owned() } else { format!("request {}", message % 10) };
        let _ = writeln!(out, "{{\"level\":\"{level}\",{ts}\"msg\":\"{message}\",\"service\":\"{service}\"}}");
        if message.starts_with("pool") && level == "error" {
            out.push_str("goroutine 7 [running]:\n\tmain.go:12 +0x1d\n");
        }
    }
    out
}

/// Steps between samples (ms) and their values: 0 is NaN, 1 is +Inf.
fn matrix(samples: &[(u32, u8)]) -> String {
    let mut at = START_MS;
    let values: Vec<String> = samples
        .iter()
        .map(|(step, value)| {
            at += i64::from(*step);
            let value = match value {
                0 => "NaN".to_owned(),
                1 => "+Inf".to_owned(),
                other => (f64::from(*other) / 3.0 - 20.0).to_string(),
            };
            format!("[{}.{:03},\"{value}\"]", at / 1000, at % 1000)
        })
        .collect();
    format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{{\"metric\":{{\"__name__\":\"depth\",\"service\":\"order\"}},\"values\":[{}]}}]}}}}",
        values.join(",")
    )
}

fn memory(files: &[(&str, String)], chunk_bytes: u64) -> impl Source {
    let memory = files.iter().map(|(name, text)| ((*name).to_owned(), Bytes::Shared(Arc::from(text.as_bytes())))).collect();
    let source = open(OpenOptions { memory, chunk_bytes, ..OpenOptions::default() }).expect("sources that exist");
    source.load(&Job::new(), &|| {}).expect("not cancelled");
    source
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    // Mostly in order, as logs are; some late, some without a time.
    let record = (0u32..3000, 0u8..20, any::<u8>(), any::<u8>());
    proptest::collection::vec(record, 1..160).prop_map(|records| {
        let mut at = 0;
        let place = |(step, oddity, level, message): (u32, u8, u8, u8)| {
            at += step;
            let time = match oddity {
                0 => None,
                1 | 2 => Some(at / 2),
                _ => Some(at),
            };
            (time, level, message)
        };
        records.into_iter().map(place).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_keep_the_contract(
        order in records(),
        payment in records(),
        samples in proptest::collection::vec((1u32..9000, any::<u8>()), 1..200),
        cuts in (0i64..400_000, 1i64..200_000),
        chunk_bytes in 64u64..20_000,
    ) {
        let files = [("order.log", log("order", &order)), ("payment.log", log("payment", &payment)), ("depth.json", matrix(&samples))];
        let from = Timestamp::from_millis(START_MS + cuts.0);
        let range = TimeRange::new(from, from.plus_ns(cuts.1 * 1_000_000 + 7));
        check(&memory(&files, chunk_bytes), &[range]);
    }
}

#[test]
fn a_source_with_nothing_in_it_keeps_the_contract() {
    check(&memory(&[("empty.log", String::new())], 1 << 20), &[TimeRange::new(Timestamp(0), Timestamp(1_000))]);
}
