//! One series as a picture beside the document: own background, axes with units, T+ marks, baseline, gaps, markers.
//!
//! The drawing area has one height; the picture grows with the rows that its marker labels need, so that no two of them
//! overlap. No script, no style sheet, no outside reference: GitHub shows it as an image and strips everything else.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use super::escape::xml;
use crate::model::series::Unit;
use crate::model::text::{rfc3339, t_offset, value};
use crate::model::time::NS_PER_S;
use crate::model::{Sample, TimeRange, Timestamp};

const WIDTH: f64 = 860.0;
/// Height of the drawing area.
const AREA: f64 = 170.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 32.0;
const BOTTOM: f64 = 40.0;
/// Foot of the first row of marker labels, and the height of a row.
const LABELS: (f64, f64) = (38.0, 14.0);
/// Mean width of a sign of a label; generous, as fonts differ.
const SIGN: f64 = 6.4;
/// Signs of a title that fit above the drawing.
const TITLE_SIGNS: usize = 112;
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
    /// What is normal: shaded.
    pub baseline: Option<TimeRange>,
    /// Vertical lines with a short label.
    pub marks: Vec<(Timestamp, String)>,
}

/// Draws the chart. Deterministic; O(samples).
pub fn draw(chart: &Chart) -> String {
    let labels = place_labels(chart);
    let frame = Frame::of(chart, labels.iter().map(|label| label.row + 1).max().unwrap_or(0));
    let height = frame.bottom() + BOTTOM;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"11\">\n<title>{}</title>\n<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"#ffffff\" stroke=\"#d1d9e0\"/>\n",
        xml(&chart.title),
        WIDTH - 1.0,
        height - 1.0
    );
    let title = if chart.title.chars().count() > TITLE_SIGNS {
        chart.title.chars().take(TITLE_SIGNS - 1).chain(['…']).collect()
    } else {
        chart.title.clone()
    };
    let _ = writeln!(out, "<text x=\"12\" y=\"20\" font-size=\"13\" font-weight=\"600\" fill=\"#1f2328\">{}</text>", xml(&title));
    draw_baseline(&mut out, chart, &frame);
    draw_gaps(&mut out, chart, &frame);
    draw_value_axis(&mut out, chart, &frame);
    draw_baseline_word(&mut out, chart, &frame);
    draw_time_axis(&mut out, chart, &frame);
    draw_line(&mut out, chart, &frame);
    draw_limits(&mut out, chart, &frame);
    draw_labels(&mut out, &labels, &frame);
    if !chart.samples.iter().any(|sample| sample.value.is_finite()) {
        let middle = frame.top + AREA / 2.0;
        let _ = writeln!(out, "<text x=\"{}\" y=\"{middle}\" text-anchor=\"middle\" fill=\"#59636e\">no samples</text>", WIDTH / 2.0);
    }
    out.push_str("</svg>\n");
    out
}

struct Frame {
    range: TimeRange,
    low: f64,
    high: f64,
    top: f64,
}

impl Frame {
    fn of(chart: &Chart, n_rows: usize) -> Self {
        let finite = || chart.samples.iter().map(|sample| sample.value).filter(|value| value.is_finite());
        let low = finite().fold(0.0, f64::min);
        let high = finite().chain(chart.threshold).filter(|value| value.is_finite()).fold(f64::MIN, f64::max);
        let top = LABELS.0 + LABELS.1 * n_rows as f64 - 6.0;
        Self { range: chart.range, low, high: if high > low { high } else { low + 1.0 }, top }
    }

    fn bottom(&self) -> f64 {
        self.top + AREA
    }

    fn x(&self, at: Timestamp) -> f64 {
        x_of(self.range, at)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        self.bottom() - share.clamp(0.0, 1.0) * AREA
    }
}

fn x_of(range: TimeRange, at: Timestamp) -> f64 {
    let share = at.since(range.start()) as f64 / (range.len_ns() as f64).max(1.0);
    LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
}

fn draw_baseline(out: &mut String, chart: &Chart, frame: &Frame) {
    let Some(normal) = chart.baseline.and_then(|normal| normal.intersect(frame.range)) else { return };
    let (from, to) = (frame.x(normal.start()), frame.x(normal.end()));
    let _ = write!(
        out,
        "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{AREA}\" fill=\"#dafbe1\" fill-opacity=\"0.6\"/>",
        frame.top,
        to - from
    );
    out.push('\n');
}

fn draw_baseline_word(out: &mut String, chart: &Chart, frame: &Frame) {
    let Some(normal) = chart.baseline.and_then(|normal| normal.intersect(frame.range)) else { return };
    let (from, to) = (frame.x(normal.start()), frame.x(normal.end()));
    if to - from > 9.0 * SIGN {
        let (x, y) = (from + 5.0, frame.top + 13.0);
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"#1a7f37\" stroke=\"#ebfdee\" stroke-width=\"4\" paint-order=\"stroke\">baseline</text>"
        );
    }
}

/// Grey where a series that was there has no sample.
fn draw_gaps(out: &mut String, chart: &Chart, frame: &Frame) {
    let finite: Vec<Timestamp> = chart
        .samples
        .iter()
        .filter(|sample| sample.value.is_finite() && chart.range.contains(sample.time))
        .map(|sample| sample.time)
        .collect();
    let mut gaps: Vec<(f64, f64)> = Vec::new();
    for pair in finite.windows(2).filter(|pair| pair[1].since(pair[0]) > chart.max_gap_ns) {
        let (from, to) = (frame.x(pair[0]), frame.x(pair[1]));
        match gaps.last_mut() {
            // Many short gaps in one pixel are one.
            Some(last) if from - last.1 < 0.5 => last.1 = to,
            _ => gaps.push((from, to)),
        }
    }
    for (from, to) in &gaps {
        let _ = writeln!(
            out,
            "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{AREA}\" fill=\"#afb8c1\" fill-opacity=\"0.35\"/>",
            frame.top,
            (to - from).max(1.0)
        );
    }
    if !gaps.is_empty() {
        let (x, y) = (WIDTH - RIGHT, 20);
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\" fill=\"#59636e\">grey: no samples</text>");
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
    let bottom = frame.bottom();
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
    let from_zero = if chart.t0.is_some() { "T+" } else { "" };
    let _ = writeln!(
        out,
        "<text x=\"12\" y=\"{}\" fill=\"#1f2328\">{from_zero}</text><text x=\"12\" y=\"{}\" fill=\"#59636e\">UTC</text><path d=\"M{LEFT} {}V{bottom}H{}\" fill=\"none\" stroke=\"#59636e\"/>",
        bottom + 16.0,
        bottom + 30.0,
        frame.top,
        WIDTH - RIGHT
    );
}

fn draw_limits(out: &mut String, chart: &Chart, frame: &Frame) {
    let lines = [("≥ clipped at", chart.clip, "#8250df"), ("threshold", chart.threshold, "#bc4c00")];
    for (word, limit, colour) in lines {
        let Some(limit) = limit.filter(|limit| *limit <= frame.high && *limit >= frame.low) else { continue };
        let y = frame.y(limit);
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{}\" stroke=\"{colour}\" stroke-dasharray=\"6 3\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\">{word} {}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT - 2.0,
            if y < frame.top + 14.0 { y + 12.0 } else { y - 3.0 },
            xml(&value(limit, chart.unit))
        );
    }
}

fn draw_line(out: &mut String, chart: &Chart, frame: &Frame) {
    let (mut line, mut area, mut alone) = (String::new(), String::new(), String::new());
    let zero = frame.y(0.0);
    for run in runs(&thinned(chart), chart.max_gap_ns) {
        let at = |sample: &Sample| (frame.x(sample.time), frame.y(sample.value));
        if let [only] = run {
            let (x, y) = at(only);
            let _ = write!(alone, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.5\" fill=\"#0969da\"/>");
        }
        for (index, sample) in run.iter().enumerate() {
            let (x, y) = at(sample);
            let _ = write!(line, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
            let start = if index == 0 { format!("M{x:.1} {zero:.1}") } else { String::new() };
            let end = if index + 1 == run.len() { format!("V{zero:.1}Z") } else { String::new() };
            let _ = write!(area, "{start}L{x:.1} {y:.1}{end}");
        }
    }
    let _ = writeln!(out, "<path d=\"{area}\" fill=\"#0969da\" fill-opacity=\"0.1\"/>");
    let _ = writeln!(out, "<path d=\"{line}\" fill=\"none\" stroke=\"#0969da\" stroke-width=\"1.5\" stroke-linejoin=\"round\"/>{alone}");
}

/// Stretches of finite samples without a gap.
fn runs(points: &[Sample], max_gap_ns: i64) -> impl Iterator<Item = &[Sample]> {
    let is_joined = move |a: &Sample, b: &Sample| a.value.is_finite() && b.value.is_finite() && b.time.since(a.time) <= max_gap_ns;
    points.chunk_by(is_joined).filter(|run| run.iter().all(|sample| sample.value.is_finite()))
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

/// A vertical line with its words in a row above the drawing.
struct Label {
    x: f64,
    words: String,
    row: usize,
    /// Whether the words stand left of the line.
    is_left: bool,
}

/// Marks as labels: those of one place share a line, and each takes the first row in which it touches no other.
fn place_labels(chart: &Chart) -> Vec<Label> {
    let mut marks: Vec<(Timestamp, &str)> = chart.t0.map(|t0| (t0, "T+0")).into_iter().collect();
    marks.extend(chart.marks.iter().map(|(at, label)| (*at, label.as_str())));
    marks.retain(|(at, _)| *at >= chart.range.start() && *at <= chart.range.end());
    marks.sort_by_key(|mark| mark.0);
    let mut labels: Vec<Label> = Vec::new();
    let mut rows: Vec<f64> = Vec::new();
    for group in marks.chunk_by(|a, b| x_of(chart.range, b.0) - x_of(chart.range, a.0) < 1.5) {
        let words: Vec<String> = group.iter().map(|(_, label)| label.chars().take(24).collect()).collect();
        let words = words.join(", ");
        let (x, width) = (x_of(chart.range, group[0].0), words.chars().count() as f64 * SIGN + 8.0);
        let is_left = x + width > WIDTH;
        let (from, to) = if is_left { (x - width, x) } else { (x, x + width) };
        let row = rows.iter().position(|end| *end <= from).unwrap_or(rows.len());
        if row == rows.len() {
            rows.push(to);
        } else {
            rows[row] = to;
        }
        labels.push(Label { x, words, row, is_left });
    }
    labels
}

fn draw_labels(out: &mut String, labels: &[Label], frame: &Frame) {
    let foot = |label: &Label| LABELS.0 + LABELS.1 * label.row as f64;
    for label in labels {
        let (x, from, to) = (label.x, foot(label) - 9.0, frame.bottom());
        let _ = writeln!(out, "<path d=\"M{x:.1} {from}V{to}\" stroke=\"#cf222e\" stroke-dasharray=\"3 3\"/>");
    }
    for label in labels {
        let (anchor, x) = if label.is_left { ("end", label.x - 4.0) } else { ("start", label.x + 4.0) };
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\" fill=\"#cf222e\" stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
            foot(label),
            xml(&label.words)
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
            baseline: Some(TimeRange::new(Timestamp::from_secs(0), Timestamp::from_secs(10))),
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
    fn no_two_labels_overlap_and_marks_of_one_moment_share_a_line() {
        let mut one = chart(&[(0, 1.0), (60, 2.0)]);
        one.marks = [10, 11, 12, 30, 59].map(|secs| (Timestamp::from_secs(secs), format!("marker number {secs}"))).to_vec();
        let labels = place_labels(&one);
        assert_eq!(
            labels.iter().map(|label| (label.row, label.is_left)).collect::<Vec<_>>(),
            [(0, false), (1, false), (2, false), (0, false), (0, true)]
        );
        assert_eq!(labels[0].words, "T+0, marker number 10");
    }

    #[test]
    fn a_gap_is_grey_and_the_baseline_is_named() {
        let svg = draw(&chart(&[(0, 1.0), (1, 2.0), (30, 10.0)]));
        assert!(svg.contains("grey: no samples") && svg.contains(">baseline<"), "{svg}");
        assert!(!draw(&chart(&[(0, 1.0), (1, 2.0)])).contains("grey"));
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
