//! Unit and behaviour of a series from its name, its metadata and the query that made it.
//!
//! A small calculus of dimensions over `PromQL`: `rate(x_bytes_total)` is bytes per second, errors by requests is a
//! ratio, seconds by count is seconds. What it cannot tell stays `Unit::None`; nothing is ever scaled.

use crate::model::{Labels, SeriesKind, Unit};
use crate::parse::ParsedSeries;

/// Fills unit and behaviour where the reader left the defaults.
pub(crate) fn fill(series: &mut ParsedSeries, query: Option<&str>) {
    let (unit, kind) = query.and_then(by_query).unwrap_or_else(|| by_name(&series.name, series.labels.get("le").is_some()));
    if series.unit == Unit::None {
        series.unit = unit;
    }
    if series.kind == SeriesKind::Gauge {
        series.kind = kind;
        if kind == SeriesKind::Gauge && series.labels.get("quantile").is_some() {
            series.kind = SeriesKind::Quantile;
        }
    }
}

/// Powers of what a number counts; `None` in `Quantity::dimension` means nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Dimension {
    seconds: i8,
    bytes: i8,
    /// Things that a counter counts.
    things: i8,
    /// A quotient of like by like, which nothing else is.
    is_share: bool,
}

#[derive(Debug, Clone, Copy)]
struct Quantity {
    dimension: Option<Dimension>,
    kind: SeriesKind,
    /// A bare number: adds nothing in a sum, hides the unit in a product.
    is_number: bool,
}

impl Quantity {
    fn unit(self) -> Unit {
        match self.dimension {
            Some(Dimension { is_share: true, .. }) => Unit::Ratio,
            Some(Dimension { seconds: 1, bytes: 0, .. }) => Unit::Seconds,
            Some(Dimension { seconds: 0, bytes: 1, .. }) => Unit::Bytes,
            Some(Dimension { seconds: -1, bytes: 1, .. }) => Unit::BytesPerSecond,
            Some(Dimension { seconds: -1, bytes: 0, things: 1, .. }) => Unit::PerSecond,
            _ => Unit::None,
        }
    }
}

/// Unit and behaviour that a metric name tells; `has_le` says that the series carries a bucket bound.
pub(crate) fn by_name(name: &str, has_le: bool) -> (Unit, SeriesKind) {
    let found = named(name, has_le);
    (found.unit(), found.kind)
}

fn named(name: &str, has_le: bool) -> Quantity {
    let lower = name.to_ascii_lowercase().replace(['.', '-', ':'], "_");
    let mut base = lower.as_str();
    let mut kind = SeriesKind::Gauge;
    let mut things = 0;
    if let Some(front) = base.strip_suffix("_bucket").filter(|_| has_le) {
        let counted = Dimension { things: 1, ..Dimension::default() };
        let dimension = (!front.is_empty()).then_some(counted);
        return Quantity { dimension, kind: SeriesKind::HistogramPart, is_number: false };
    } else if let Some(front) = base.strip_suffix("_sum").filter(|front| suffix_dimension(front).is_some()) {
        (base, kind) = (front, SeriesKind::HistogramPart);
    } else if base.strip_suffix("_count").is_some_and(|front| suffix_dimension(front).is_some()) {
        let counted = Dimension { things: 1, ..Dimension::default() };
        return Quantity { dimension: Some(counted), kind: SeriesKind::HistogramPart, is_number: false };
    } else if let Some(front) = base.strip_suffix("_total") {
        (base, kind, things) = (front, SeriesKind::Counter, 1);
    } else if has_token(base, &["p50", "p75", "p90", "p95", "p99", "p999", "quantile"]) {
        kind = SeriesKind::Quantile;
    } else if has_token(base, &["rps", "qps"]) {
        let rate = Dimension { seconds: -1, things: 1, ..Dimension::default() };
        return Quantity { dimension: Some(rate), kind: SeriesKind::Rate, is_number: false };
    }
    Quantity { dimension: dimension_of(base, things), kind, is_number: false }
}

fn has_token(name: &str, wanted: &[&str]) -> bool {
    name.split('_').any(|token| wanted.contains(&token))
}

/// Dimension of a name without `_total` and the like; `things` when it counts.
fn dimension_of(base: &str, things: i8) -> Option<Dimension> {
    suffix_dimension(base).or((things > 0).then_some(Dimension { things, ..Dimension::default() }))
}

fn suffix_dimension(base: &str) -> Option<Dimension> {
    // A moment is not a length of time: 1.8e9 seconds would read as 57 years.
    let is_moment = ["timestamp_seconds", "start_time_seconds", "_time_seconds", "_created"].iter().any(|end| base.ends_with(end));
    let none = Dimension::default();
    match base.rsplit('_').next()? {
        _ if is_moment => Some(none).filter(|_| false),
        "second" if base.ends_with("bytes_per_second") => Some(Dimension { bytes: 1, seconds: -1, ..none }),
        "second" if base.ends_with("seconds_per_second") => Some(none),
        "second" if base.ends_with("_per_second") => Some(Dimension { things: 1, seconds: -1, ..none }),
        "seconds" => Some(Dimension { seconds: 1, ..none }),
        "bytes" => Some(Dimension { bytes: 1, ..none }),
        "ratio" => Some(Dimension { is_share: true, ..none }),
        _ => None,
    }
}

/// Unit and behaviour of what a query answers; `None` when the query tells neither.
pub(crate) fn by_query(query: &str) -> Option<(Unit, SeriesKind)> {
    let found = expression(query.trim(), 0)?;
    let (unit, kind) = (found.unit(), found.kind);
    Some((unit, kind))
}

/// How deep brackets are followed; deeper queries tell nothing.
const MAX_DEPTH: usize = 24;

fn expression(text: &str, depth: usize) -> Option<Quantity> {
    let text = text.trim();
    if depth > MAX_DEPTH || text.is_empty() {
        return None;
    }
    if let Some((left, operator, right)) = split_operator(text) {
        return combine(expression(left, depth + 1), operator, expression(right, depth + 1));
    }
    if text.parse::<f64>().is_ok() {
        return Some(Quantity { dimension: Some(Dimension::default()), kind: SeriesKind::Gauge, is_number: true });
    }
    if text.starts_with('(') && matching(text, 0) == Some(text.len() - 1) {
        return expression(&text[1..text.len() - 1], depth + 1);
    }
    let word_end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (word, rest) = text.split_at(word_end);
    let rest = rest.trim_start();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if word.is_empty() || rest.starts_with('{') || rest.starts_with('[') || rest.is_empty() {
        return selector(text, word);
    }
    call(word, rest, depth)
}

/// `name{…}[10s]`.
fn selector(text: &str, word: &str) -> Option<Quantity> {
    let from_label = || text.split_once("__name__=\"").and_then(|(_, rest)| rest.split('"').next());
    let name = if word.is_empty() { from_label()? } else { word };
    let mut found = named(name, name.ends_with("_bucket") || text.contains("le=\""));
    if text.contains("quantile=\"") && found.kind == SeriesKind::Gauge {
        found.kind = SeriesKind::Quantile;
    }
    Some(found)
}

/// `function(arguments)`, `sum by (x) (argument)`, `sum(argument) by (x)`.
fn call(word: &str, rest: &str, depth: usize) -> Option<Quantity> {
    let mut rest = rest;
    for clause in ["by", "without"] {
        if let Some(after) = rest.strip_prefix(clause).map(str::trim_start).filter(|after| after.starts_with('(')) {
            rest = after[matching(after, 0)? + 1..].trim_start();
        }
    }
    let close = matching(rest, 0)?;
    let arguments = arguments(rest.get(1..close)?);
    let last = expression(arguments.last()?, depth + 1);
    let per_second = |q: Quantity| {
        let dimension = q.dimension.map(|d| Dimension { seconds: d.seconds - 1, ..d });
        Quantity { dimension, kind: SeriesKind::Rate, is_number: false }
    };
    match word {
        "rate" | "irate" | "deriv" => last.map(per_second),
        "increase" | "delta" | "idelta" => last.map(|q| Quantity { kind: SeriesKind::Rate, ..q }),
        "histogram_quantile" | "quantile" | "quantile_over_time" => {
            let dimension = match last.and_then(|q| q.dimension) {
                // Buckets count observations of a named size: the quantile is of that size, however it was rated.
                Some(_) if word == "histogram_quantile" => bucket_dimension(arguments.last()?),
                other => other,
            };
            Some(Quantity { dimension, kind: SeriesKind::Quantile, is_number: false })
        }
        "count" | "count_over_time" | "count_values" | "time" | "timestamp" | "changes" | "resets" | "absent" | "group" => None,
        "vector" | "scalar" | "abs" | "ceil" | "floor" | "round" | "clamp_min" | "clamp_max" | "clamp" | "label_replace" | "topk"
        | "bottomk" => {
            let which = usize::from(matches!(word, "topk" | "bottomk"));
            arguments.get(which).and_then(|argument| expression(argument, depth + 1))
        }
        _ => last,
    }
}

fn bucket_dimension(argument: &str) -> Option<Dimension> {
    suffix_dimension(bucket_metric(argument)?)
}

/// The metric, without `_bucket`, whose buckets an expression reads.
fn bucket_metric(expression: &str) -> Option<&str> {
    let end = expression.find("_bucket")?;
    let start = expression[..end].rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).map_or(0, |at| at + 1);
    Some(&expression[start..end])
}

/// What a `histogram_quantile` cannot exceed: the greatest finite `le` of the buckets it reads, among the series given
/// as (name, labels). `None` for other queries and when the buckets are not there.
pub fn clip<'a>(query: &str, series: impl IntoIterator<Item = (&'a str, &'a Labels)>) -> Option<f64> {
    let metric = bucket_metric(query.split_once("histogram_quantile")?.1)?;
    let bounds =
        series.into_iter().filter(|(name, _)| name.strip_suffix("_bucket") == Some(metric)).filter_map(|(_, labels)| labels.get("le"));
    bounds.filter_map(|bound| bound.parse::<f64>().ok()).filter(|bound| bound.is_finite()).max_by(f64::total_cmp)
}

fn combine(left: Option<Quantity>, operator: &str, right: Option<Quantity>) -> Option<Quantity> {
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) => (left, right),
        // `a or vector(0)` and `a > 1` keep what is known of a.
        (Some(left), None) if !matches!(operator, "*" | "/" | "%" | "+" | "-") => return Some(left),
        (None, Some(right)) if operator == "or" => return Some(right),
        _ => return None,
    };
    let kind = if right.is_number {
        left.kind
    } else if left.is_number {
        right.kind
    } else {
        product_kind(left.kind, right.kind)
    };
    let dimension = match operator {
        "/" if right.is_number || left.is_number => None,
        "/" => quotient(left.dimension, right.dimension),
        "*" | "^" | "%" => None,
        _ if left.is_number => right.dimension,
        _ => left.dimension,
    };
    Some(Quantity { dimension, kind, is_number: left.is_number && right.is_number })
}

fn product_kind(left: SeriesKind, right: SeriesKind) -> SeriesKind {
    if left == SeriesKind::Rate || right == SeriesKind::Rate { SeriesKind::Rate } else { SeriesKind::Gauge }
}

fn quotient(left: Option<Dimension>, right: Option<Dimension>) -> Option<Dimension> {
    let (left, right) = (left?, right?);
    let is_nothing = |d: Dimension| d == Dimension::default();
    if left == right && !is_nothing(left) {
        return Some(Dimension { is_share: true, ..Dimension::default() });
    }
    let difference = Dimension {
        seconds: left.seconds - right.seconds,
        bytes: left.bytes - right.bytes,
        // Things per things of another sort is a mean: seconds per request are seconds.
        things: if left.things == 0 { 0 } else { left.things - right.things },
        is_share: false,
    };
    (!is_nothing(difference)).then_some(difference)
}

/// Arguments at the top level of a call.
fn arguments(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    top_level(text, |at, b| {
        if b == b',' {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    });
    parts.push(&text[start..]);
    parts
}

/// Calls `see` for each byte outside brackets and quotes.
fn top_level(text: &str, mut see: impl FnMut(usize, u8)) {
    let (mut open, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, b) in text.bytes().enumerate() {
        if let Some(mark) = quote {
            if !is_escaped && b == mark {
                quote = None;
            }
            is_escaped = b == b'\\' && !is_escaped;
            continue;
        }
        match b {
            b'"' | b'\'' | b'`' => quote = Some(b),
            b'(' | b'{' | b'[' => open += 1,
            b')' | b'}' | b']' => open = open.saturating_sub(1),
            _ if open == 0 => see(at, b),
            _ => {}
        }
    }
}

/// Index of the bracket that closes the one at `start`.
fn matching(text: &str, start: usize) -> Option<usize> {
    if !text[start..].starts_with('(') {
        return None;
    }
    let (mut open, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, b) in text.bytes().enumerate().skip(start) {
        if let Some(mark) = quote {
            if !is_escaped && b == mark {
                quote = None;
            }
            is_escaped = b == b'\\' && !is_escaped;
            continue;
        }
        match b {
            b'"' | b'\'' | b'`' => quote = Some(b),
            b'(' => open += 1,
            b')' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The loosest operator at the top level, the last of its strength: left, operator, right.
pub(crate) fn split_operator(text: &str) -> Option<(&str, &'static str, &str)> {
    const STRENGTHS: [&[&str]; 5] = [&["or"], &["and", "unless"], &["==", "!=", ">=", "<=", ">", "<"], &["+", "-"], &["*", "/", "%"]];
    let mut best: Option<(usize, usize, &'static str)> = None;
    top_level(text, |at, _| {
        for (strength, operators) in STRENGTHS.iter().enumerate() {
            if best.is_some_and(|(known, ..)| known < strength) {
                break;
            }
            if let Some(operator) = operators.iter().find(|operator| stands_at(text, at, operator)) {
                best = Some((strength, at, operator));
                break;
            }
        }
    });
    let (_, at, operator) = best?;
    Some((text[..at].trim(), operator, text[at + operator.len()..].trim()))
}

fn stands_at(text: &str, at: usize, operator: &str) -> bool {
    let bytes = text.as_bytes();
    if !bytes[at..].starts_with(operator.as_bytes()) || text[..at].trim().is_empty() {
        return false;
    }
    let before = bytes[at - 1];
    let after = bytes.get(at + operator.len()).copied().unwrap_or(b' ');
    if operator.as_bytes()[0].is_ascii_alphabetic() {
        return (before == b' ' || before == b')' || before == b'}') && (after == b' ' || after == b'(');
    }
    let is_exponent = matches!(operator, "+" | "-") && matches!(before, b'e' | b'E') && at >= 2 && bytes[at - 2].is_ascii_digit();
    let follows_operator = text[..at].trim_end().ends_with(['+', '-', '*', '/', '%', '>', '<', '=', '!', ',']);
    let is_half = matches!(operator, ">" | "<") && after == b'=';
    !(is_exponent || follows_operator || is_half)
}

/// Whether a text may be a `PromQL` expression: a metric name or calls of known shape, not a sentence.
pub(crate) fn looks_like_query(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.len() > 10_000 {
        return false;
    }
    let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':')) && !text.as_bytes()[0].is_ascii_digit();
    if is_name {
        return true;
    }
    let is_selector = text.contains('{') && text.ends_with('}') && !text.starts_with('{') && text.contains('=');
    let has_call = ["rate(", "sum(", "sum by", "avg", "max", "min", "count", "histogram_quantile(", "increase(", "topk(", "_over_time("]
        .iter()
        .any(|call| text.contains(call))
        && text.contains('(');
    is_selector || has_call || (split_operator(text).is_some() && expression(text, 0).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, unit: Unit, kind: SeriesKind) {
        assert_eq!(by_query(query), Some((unit, kind)), "{query}");
    }

    #[test]
    fn queries_tell_unit_and_behaviour() {
        use SeriesKind::{Counter, Gauge, Quantile, Rate};
        check("histogram_quantile(0.99, sum by (service, le) (rate(x_duration_seconds_bucket[10s])))", Unit::Seconds, Quantile);
        check("histogram_quantile(0.9, sum(rate(response_size_bytes_bucket{job=\"a\"}[5m])) by (le))", Unit::Bytes, Quantile);
        check("sum(rate(r_total{code=~\"5..|499\"}[10s])) / sum(rate(r_total[10s]))", Unit::Ratio, Rate);
        check("1 - sum(rate(ok_total[1m])) / sum(rate(all_total[1m]))", Unit::Ratio, Rate);
        check("100 * sum(rate(bad_total[1m])) / sum(rate(all_total[1m]))", Unit::None, Rate);
        check("sum by (code) (rate(http_requests_total[10s]))", Unit::PerSecond, Rate);
        check("rate(wait_seconds_total[10s]) / rate(wait_total[10s])", Unit::Seconds, Rate);
        check("rate(x_seconds_sum[1m]) / rate(x_seconds_count[1m])", Unit::Seconds, Rate);
        check("rate(alloc_bytes_total[10s])", Unit::BytesPerSecond, Rate);
        check("rate(process_cpu_seconds_total[10s])", Unit::None, Rate);
        check("process_resident_memory_bytes / 1024", Unit::None, Gauge);
        check("max_over_time(heap_bytes[5m])", Unit::Bytes, Gauge);
        check("http_requests_total", Unit::None, Counter);
        check("go_gc_duration_seconds{quantile=\"1\"}", Unit::Seconds, Quantile);
        check("process_start_time_seconds", Unit::None, Gauge);
        check("sum(errors_total) or vector(0)", Unit::None, Counter);
    }

    #[test]
    fn names_tell_unit_and_behaviour() {
        use SeriesKind::{Counter, Gauge, HistogramPart, Rate};
        for (name, has_le, unit, kind) in [
            ("http_request_duration_seconds_bucket", true, Unit::None, HistogramPart),
            ("http_request_duration_seconds_sum", false, Unit::Seconds, HistogramPart),
            ("http_request_duration_seconds_count", false, Unit::None, HistogramPart),
            ("go_goroutines", false, Unit::None, Gauge),
            ("go.goroutine.count", false, Unit::None, Gauge),
            ("go_memstats_alloc_bytes", false, Unit::Bytes, Gauge),
            ("go_memstats_alloc_bytes_total", false, Unit::Bytes, Counter),
            ("cpu_seconds_total", false, Unit::Seconds, Counter),
            ("edge_error_ratio", false, Unit::Ratio, Gauge),
            ("edge_rps", false, Unit::PerSecond, Rate),
        ] {
            assert_eq!(by_name(name, has_le), (unit, kind), "{name}");
        }
    }

    #[test]
    fn the_top_bucket_limits_a_quantile() {
        let le = |bound: &str| Labels::new(vec![("le".into(), bound.into())]);
        let buckets = ["0.1", "60.0", "+Inf"].map(|bound| ("x_seconds_bucket", le(bound)));
        let other = [("y_seconds_bucket", le("900"))];
        let all = || buckets.iter().chain(&other).map(|(name, labels)| (*name, labels));
        assert_eq!(clip("histogram_quantile(0.99, sum by (le) (rate(x_seconds_bucket[1m])))", all()), Some(60.0));
        assert_eq!((clip("rate(x_seconds_bucket[1m])", all()), clip("histogram_quantile(0.99, z_bucket)", all())), (None, None));
    }

    #[test]
    fn sentences_are_not_queries() {
        for text in ["up", "node_load1", "sum(rate(x[1m]))", "a / b", "x{job=\"a\"}"] {
            assert!(looks_like_query(text), "{text}");
        }
        for text in ["Hello, world.", "1.2.3", "", "deploy of the order service", "2026-11-23T02:30:22Z"] {
            assert!(!looks_like_query(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_query_makes_it_panic(text in "[a-z_(){}\\[\\],./*+<>=\"0-9 é-]{0,60}") {
            let _ = (by_query(&text), looks_like_query(&text), split_operator(&text));
        }
    }
}
