//! One series as a picture beside the document: own background, axes with units, T+ marks, gaps, markers.
//!
//! No script, no style sheet, no outside reference: GitHub shows it as an image and strips everything else.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use super::escape::xml;
use crate::model::series::Unit;
use crate::model::text::{rfc3339, t_offset, value};
use crate::model::time::NS_PER_S;
use crate::model::{Sample, TimeRange, Timestamp};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 54.0;
const BOTTOM: f64 = 40.0;
/// Columns of the drawing area; each keeps its least and greatest sample, so that no spike is lost.
const COLUMNS: NonZeroUsize = NonZeroUsize::new(380).expect("not zero");

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Heading.
    pub title: String,
    /// Unit of the values.
    pub unit: Unit,
    /// What the x axis covers.
    pub range: TimeRange,
    /// T+0, if set.
    pub t0: Option<Timestamp>,
    /// In rising order of time.
    pub samples: Vec<Sample>,
    /// Samples further apart than this are not joined by a line, ns.
    pub max_gap_ns: i64,
    /// Values at this limit are clipped: drawn as a dashed line with `≥`.
    pub clip: Option<f64>,
    /// Threshold line.
    pub threshold: Option<f64>,
    /// Vertical lines with a short label.
    pub marks: Vec<(Timestamp, String)>,
}

/// Draws the chart. Deterministic; O(samples).
pub fn draw(chart: &Chart) -> String {
    let frame = Frame::of(chart);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" font-family=\"sans-serif\" font-size=\"11\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        xml(&chart.title)
    );
    let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"18\" font-size=\"13\" fill=\"#1f2328\">{}</text>", xml(&chart.title));
    draw_value_axis(&mut out, chart, &frame);
    draw_time_axis(&mut out, chart, &frame);
    draw_limits(&mut out, chart, &frame);
    draw_line(&mut out, chart, &frame);
    draw_marks(&mut out, chart, &frame);
    if !chart.samples.iter().any(|sample| sample.value.is_finite()) {
        let _ =
            writeln!(out, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#59636e\">no samples</text>", WIDTH / 2.0, HEIGHT / 2.0);
    }
    out.push_str("</svg>\n");
    out
}

struct Frame {
    range: TimeRange,
    low: f64,
    high: f64,
}

impl Frame {
    fn of(chart: &Chart) -> Self {
        let finite = || chart.samples.iter().map(|sample| sample.value).filter(|value| value.is_finite());
        let low = finite().fold(0.0, f64::min);
        let high = finite().chain(chart.threshold).filter(|value| value.is_finite()).fold(f64::MIN, f64::max);
        Self { range: chart.range, low, high: if high > low { high } else { low + 1.0 } }
    }

    fn x(&self, at: Timestamp) -> f64 {
        let share = at.since(self.range.start()) as f64 / (self.range.len_ns() as f64).max(1.0);
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }
}

fn draw_value_axis(out: &mut String, chart: &Chart, frame: &Frame) {
    for tick in ticks(frame.low, frame.high) {
        let y = frame.y(tick);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{}\" stroke=\"#d1d9e0\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#59636e\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0,
            xml(&value(tick, chart.unit))
        );
    }
}

/// Round values from `low` to `high`, about four.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = high / 4.0 - low / 4.0;
    let power = 10f64.powf(span.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= span).unwrap_or(span);
    if !step.is_finite() || step <= 0.0 {
        return vec![low, high];
    }
    let first = (low / step).ceil();
    (0..8).map(|i| (first + f64::from(i)) * step).take_while(|tick| *tick <= high * (1.0 + 1e-9)).collect()
}

fn draw_time_axis(out: &mut String, chart: &Chart, frame: &Frame) {
    const STEPS_S: [i64; 15] = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86_400, 604_800];
    let zero = chart.t0.unwrap_or(chart.range.start());
    let wanted = chart.range.len_ns() / 7;
    let step = STEPS_S.into_iter().map(|secs| secs * NS_PER_S).find(|step| *step >= wanted).unwrap_or(wanted.max(1));
    let mut n = chart.range.start().since(zero).div_euclid(step);
    let bottom = HEIGHT - BOTTOM;
    for _ in 0..12 {
        let at = zero.plus_ns(n.saturating_mul(step));
        n = n.saturating_add(1);
        if at > chart.range.end() {
            break;
        }
        if at < chart.range.start() {
            continue;
        }
        let x = frame.x(at);
        let clock = rfc3339(Timestamp(at.0.div_euclid(NS_PER_S).saturating_mul(NS_PER_S)));
        let clock = clock.get(11..19).unwrap_or_default();
        let label = chart.t0.map_or(String::new(), |t0| t_offset(at.since(t0)));
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {bottom}v4\" stroke=\"#59636e\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#1f2328\">{}</text><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#59636e\">{clock}</text>",
            bottom + 16.0,
            xml(&label),
            bottom + 30.0,
        );
    }
    let _ = writeln!(out, "<path d=\"M{LEFT} {TOP}V{bottom}H{}\" fill=\"none\" stroke=\"#59636e\"/>", WIDTH - RIGHT);
}

fn draw_limits(out: &mut String, chart: &Chart, frame: &Frame) {
    let lines = [("≥ clipped at", chart.clip, "#8250df"), ("threshold", chart.threshold, "#bc4c00")];
    for (word, limit, colour) in lines {
        let Some(limit) = limit.filter(|limit| *limit <= frame.high && *limit >= frame.low) else { continue };
        let y = frame.y(limit);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{}\" stroke=\"{colour}\" stroke-dasharray=\"6 3\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\">{word} {}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT - 2.0,
            y - 3.0,
            xml(&value(limit, chart.unit))
        );
    }
}

fn draw_line(out: &mut String, chart: &Chart, frame: &Frame) {
    let mut path = String::new();
    let mut alone = String::new();
    let mut previous: Option<(Timestamp, bool)> = None;
    let points = thinned(chart);
    for (index, sample) in points.iter().enumerate() {
        if !sample.value.is_finite() {
            previous = None;
            continue;
        }
        let is_joined = previous.is_some_and(|(at, _)| sample.time.since(at) <= chart.max_gap_ns);
        let goes_on = points.get(index + 1).is_some_and(|next| next.value.is_finite() && next.time.since(sample.time) <= chart.max_gap_ns);
        let (x, y) = (frame.x(sample.time), frame.y(sample.value));
        if !is_joined && !goes_on {
            let _ = write!(alone, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.5\" fill=\"#0969da\"/>");
        }
        let _ = write!(path, "{}{x:.1} {y:.1}", if is_joined { 'L' } else { 'M' });
        previous = Some((sample.time, true));
    }
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"#0969da\" stroke-width=\"1.5\" stroke-linejoin=\"round\"/>{alone}");
}

/// At most the first, least, greatest and last sample of each column, in order of time; NaN and ±Inf stay as breaks.
fn thinned(chart: &Chart) -> Vec<Sample> {
    let inside: Vec<Sample> = chart.samples.iter().copied().filter(|sample| chart.range.contains(sample.time)).collect();
    if inside.len() <= COLUMNS.get() * 2 {
        return inside;
    }
    let mut out: Vec<Sample> = Vec::new();
    for group in inside.chunk_by(|a, b| chart.range.column_of(a.time, COLUMNS) == chart.range.column_of(b.time, COLUMNS)) {
        let by_value = |a: &&Sample, b: &&Sample| a.value.total_cmp(&b.value);
        let mut kept: Vec<&Sample> = [group.first(), group.last()].into_iter().flatten().collect();
        kept.extend(group.iter().filter(|sample| sample.value.is_finite()).min_by(by_value));
        kept.extend(group.iter().filter(|sample| sample.value.is_finite()).max_by(by_value));
        kept.extend(group.iter().find(|sample| !sample.value.is_finite()));
        kept.sort_by_key(|sample| sample.time);
        kept.dedup_by_key(|sample| sample.time);
        out.extend(kept.into_iter().copied());
    }
    out
}

/// Vertical lines; labels alternate between two rows so that neighbours stay readable.
fn draw_marks(out: &mut String, chart: &Chart, frame: &Frame) {
    let mut marks: Vec<(Timestamp, &str)> = chart.marks.iter().map(|(at, label)| (*at, label.as_str())).collect();
    marks.extend(chart.t0.map(|t0| (t0, "T+0")));
    marks.retain(|(at, _)| *at >= chart.range.start() && *at <= chart.range.end());
    marks.sort();
    for (index, (at, label)) in marks.into_iter().enumerate() {
        let x = frame.x(at);
        let y = if index % 2 == 0 { TOP - 18.0 } else { TOP - 5.0 };
        let (anchor, shift) = if x > WIDTH - 120.0 { ("end", -3.0) } else { ("start", 3.0) };
        let short: String = label.chars().take(24).collect();
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {:.1}V{}\" stroke=\"#cf222e\" stroke-dasharray=\"3 3\"/><text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#cf222e\">{}</text>",
            y - 8.0,
            HEIGHT - BOTTOM,
            x + shift,
            xml(&short)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[(i64, f64)]) -> Chart {
        Chart {
            title: "p99{a=\"<script>\"} & more".into(),
            unit: Unit::Seconds,
            range: TimeRange::new(Timestamp::from_secs(0), Timestamp::from_secs(60)),
            t0: Some(Timestamp::from_secs(10)),
            samples: values.iter().map(|(secs, value)| Sample { time: Timestamp::from_secs(*secs), value: *value }).collect(),
            max_gap_ns: 5 * NS_PER_S,
            clip: Some(10.0),
            threshold: None,
            marks: vec![(Timestamp::from_secs(20), "impact <start>".into())],
        }
    }

    #[test]
    fn a_line_is_never_drawn_over_a_gap() {
        let svg = draw(&chart(&[(0, 1.0), (1, 2.0), (30, 10.0), (31, f64::NAN), (32, 3.0)]));
        let line = svg.lines().find(|line| line.contains("stroke-linejoin")).unwrap();
        assert_eq!(line.matches('M').count(), 3, "{line}");
        assert!(svg.contains("≥ clipped at 10 s") && svg.contains("T+10s"), "{svg}");
    }

    #[test]
    fn foreign_text_stays_text() {
        let svg = draw(&chart(&[]));
        assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;") && svg.contains("no samples"));
    }

    #[test]
    fn a_spike_among_many_samples_is_drawn() {
        let many: Vec<(i64, f64)> = (0..60).flat_map(|s| (0..100).map(move |_| (s, 1.0))).collect();
        let mut one = chart(&many);
        for (index, sample) in one.samples.iter_mut().enumerate() {
            sample.time = Timestamp(index as i64 * 10_000_000);
        }
        one.samples[3333].value = 7.0;
        assert!(thinned(&one).iter().any(|sample| sample.value > 6.9));
        assert!(thinned(&one).len() <= COLUMNS.get() * 4);
    }

    #[test]
    fn no_values_make_it_panic() {
        for values in [[(0, f64::MAX), (1, f64::MIN)], [(0, 0.0), (1, f64::INFINITY)], [(0, 1e-300), (1, 5e-324)], [(0, -3.0), (1, -3.0)]] {
            assert!(!draw(&chart(&values)).contains("NaN"));
        }
    }
}
