//! Exemplars of a panel: single observations that its series, or what its formula reads, keep as examples.
//!
//! They are not samples: none of them is drawn as a value. A panel only marks where they lie, tells those under the
//! cursor, and leads to the traces that they name.

use std::num::NonZeroUsize;

use crate::app::heat::observed_unit;
use crate::app::selector::{self, Matcher};
use crate::model::{Catalog, Exemplar, SeriesMeta, TimeRange, Timestamp, text};

/// Where one lies.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    time: Timestamp,
    value: f64,
    /// In the catalog.
    index: u32,
}

/// Exemplars of one panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Exemplars {
    /// By time.
    places: Vec<Place>,
    /// Columns of the visible window that hold any, rising.
    pub(crate) columns: Vec<usize>,
    /// Each column and the highest bucket that one of them lies in, where the panel shows a histogram: every bucket may
    /// have one in every column, and a mark on each would hide the histogram.
    pub(crate) cells: Vec<(usize, usize)>,
    /// What lies from here on is hidden.
    pub(crate) until: Option<Timestamp>,
}

impl Exemplars {
    /// Those of a series; of what a formula or query reads, under the conditions of its selectors. O(log all + those of
    /// these names).
    pub(crate) fn of(meta: &SeriesMeta, catalog: &Catalog) -> Self {
        if catalog.exemplars.is_empty() {
            return Self::default();
        }
        let mut found: Vec<Place> = Vec::new();
        for (name, matchers) in read_by(meta) {
            let start = catalog.exemplars.partition_point(|exemplar| exemplar.name < name);
            let own = catalog.exemplars[start..].iter().take_while(|exemplar| exemplar.name == name);
            let fits = |exemplar: &Exemplar| belongs_to(exemplar, meta) && matchers.iter().all(|matcher| matcher.holds(&exemplar.labels));
            found.extend((start..).zip(own).filter(|(_, exemplar)| fits(exemplar)).map(|(index, own)| Place {
                time: own.time,
                value: own.value,
                index: index as u32,
            }));
        }
        // What several sources hold is one observation.
        let own = |place: &Place| &catalog.exemplars[place.index as usize].own;
        found.sort_by(|a, b| (a.time, a.value.to_bits(), own(a), a.index).cmp(&(b.time, b.value.to_bits(), own(b), b.index)));
        found.dedup_by(|a, b| a.time == b.time && a.value.to_bits() == b.value.to_bits() && own(a) == own(b));
        Self { places: found, ..Self::default() }
    }

    /// Those of all buckets of the histogram that a series is a part of.
    pub(crate) fn of_histogram(meta: &SeriesMeta, catalog: &Catalog) -> Self {
        match meta.name.strip_suffix("_bucket") {
            Some(base) if !catalog.exemplars.is_empty() => Self::of(&SeriesMeta { name: format!("{base}_count"), ..meta.clone() }, catalog),
            _ => Self::of(meta, catalog),
        }
    }

    /// Whether there is none that may be spoken of.
    pub(crate) fn is_empty(&self) -> bool {
        self.known().is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.known().len()
    }

    /// Those that are not hidden. O(log n).
    fn known(&self) -> &[Place] {
        let n = self.until.map_or(self.places.len(), |until| self.places.partition_point(|place| place.time < until));
        &self.places[..n]
    }

    /// Finds the columns of the visible window that hold any, and their buckets where there are bounds. O(exemplars).
    pub(crate) fn lay(&mut self, visible: TimeRange, columns: usize, bounds: &[f64]) {
        let column_of = |place: &Place| visible.column_of(place.time, NonZeroUsize::new(columns)?);
        self.columns = self.within(visible).iter().filter_map(column_of).collect();
        self.columns.dedup();
        let bucket_of = |value: f64| Some(bounds.partition_point(|bound| *bound < value)).filter(|bucket| *bucket < bounds.len());
        let cell_of = |place: &Place| Some((column_of(place)?, bucket_of(place.value)?));
        self.cells = self.within(visible).iter().filter_map(cell_of).collect();
        self.cells.sort_unstable_by(|a, b| b.cmp(a));
        self.cells.dedup_by_key(|cell| cell.0);
    }

    /// Those of a stretch of time. O(log n).
    fn within(&self, range: TimeRange) -> &[Place] {
        let known = self.known();
        let start = known.partition_point(|place| place.time < range.start());
        let n = known[start..].partition_point(|place| place.time < range.end());
        &known[start..start + n]
    }

    /// Those of a stretch of time, in the catalog that they were found in.
    pub(crate) fn iter_within<'c>(&'c self, range: TimeRange, catalog: &'c Catalog) -> impl DoubleEndedIterator<Item = &'c Exemplar> {
        self.within(range).iter().filter_map(|place| catalog.exemplars.get(place.index as usize))
    }

    /// The one nearest to a moment of those that pass; of equally near ones the greatest value.
    pub(crate) fn nearest<'c>(&self, at: Timestamp, catalog: &'c Catalog, passes: impl Fn(&Exemplar) -> bool) -> Option<&'c Exemplar> {
        let all = self.known().iter().filter_map(|place| catalog.exemplars.get(place.index as usize)).filter(|own| passes(own));
        all.min_by(|a, b| {
            let away = |exemplar: &Exemplar| exemplar.time.since(at).unsigned_abs();
            away(a).cmp(&away(b)).then(b.value.total_cmp(&a.value))
        })
    }

    /// The first after a moment.
    pub(crate) fn after<'c>(&self, at: Timestamp, catalog: &'c Catalog) -> Option<&'c Exemplar> {
        let next = self.known().partition_point(|place| place.time <= at);
        catalog.exemplars.get(self.known().get(next)?.index as usize)
    }

    /// The last before a moment.
    pub(crate) fn before<'c>(&self, at: Timestamp, catalog: &'c Catalog) -> Option<&'c Exemplar> {
        let next = self.known().partition_point(|place| place.time < at);
        catalog.exemplars.get(self.known().get(next.checked_sub(1)?)?.index as usize)
    }
}

/// `9.81 s of trace 4bf92f…`, or its own labels where it names no trace.
pub(crate) fn words(exemplar: &Exemplar) -> String {
    let base = exemplar.name.strip_suffix("_bucket").unwrap_or(&exemplar.name);
    let value = text::value(exemplar.value, observed_unit(base));
    match exemplar.trace_id() {
        Some(id) => format!("{value} of trace {}", text::printable(id)),
        None => {
            let own: Vec<String> = exemplar.own.iter().map(|(name, value)| format!("{name}={value}")).collect();
            text::printable(format!("{value} {}", own.join(" ")).trim_end()).into_owned()
        }
    }
}

/// Names of metrics whose exemplars a series may show, each with conditions on their labels: its own, those of the
/// histogram that it is a part of, else those that its formula reads.
fn read_by(meta: &SeriesMeta) -> Vec<(String, Vec<Matcher>)> {
    let formula = meta.derivation.as_ref().map(|derivation| derivation.formula.as_str()).or(meta.query.as_deref());
    let mut names = vec![(meta.name.clone(), Vec::new())];
    if let Some(base) = meta.name.strip_suffix("_count").or_else(|| meta.name.strip_suffix("_sum")) {
        names.extend([(base.to_owned(), Vec::new()), (format!("{base}_bucket"), Vec::new())]);
    }
    for (word, rest) in formula.into_iter().flat_map(selector::words) {
        if names.iter().any(|(name, _)| name == word) {
            continue;
        }
        names.push((word.to_owned(), selector::matchers(rest)));
        if let Some(base) = word.strip_suffix("_count").or_else(|| word.strip_suffix("_sum")) {
            names.extend([base.to_owned(), format!("{base}_bucket")].map(|name| (name, selector::matchers(rest))));
        }
    }
    // A word that a formula says twice is read once.
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|(name, _)| seen.insert(name.clone()));
    names
}

/// Whether the labels that both have agree. The buckets of a measured series are its own bucket only.
fn belongs_to(exemplar: &Exemplar, meta: &SeriesMeta) -> bool {
    if meta.name == exemplar.name && meta.derivation.is_none() && meta.query.is_none() {
        return meta.labels == exemplar.labels;
    }
    let is_own = |label: &str| !matches!(label, "le" | "quantile" | "__name__");
    meta.labels.iter().filter(|(label, _)| is_own(label)).all(|(label, value)| exemplar.labels.get(label).is_none_or(|own| own == value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Labels, SourceId};

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn exemplar(name: &str, own: &[(&str, &str)], at: i64, value: f64, source: u32) -> Exemplar {
        let trace = labels(&[("trace_id", &format!("t{at}"))]);
        Exemplar { name: name.into(), labels: labels(own), time: Timestamp(at), value, own: trace, source: SourceId(source) }
    }

    /// Buckets of two services in two sources, and a counter.
    fn catalog() -> Catalog {
        let mut exemplars = vec![
            exemplar("x_seconds_bucket", &[("le", "1"), ("service", "a")], 10, 0.5, 0),
            exemplar("x_seconds_bucket", &[("le", "1"), ("service", "a")], 10, 0.5, 1),
            exemplar("x_seconds_bucket", &[("le", "9"), ("service", "a")], 35, 7.0, 0),
            exemplar("x_seconds_bucket", &[("le", "9"), ("service", "b")], 50, 8.0, 0),
            exemplar("y_total", &[("service", "a")], 20, 1.0, 0),
        ];
        exemplars.sort_by(|a, b| (&a.name, &a.labels, a.time).cmp(&(&b.name, &b.labels, b.time)));
        Catalog { exemplars, ..Catalog::default() }
    }

    fn times(name: &str, own: &[(&str, &str)], query: Option<&str>) -> Vec<i64> {
        let meta = SeriesMeta { name: name.into(), labels: labels(own), query: query.map(str::to_owned), ..SeriesMeta::default() };
        Exemplars::of(&meta, &catalog()).places.iter().map(|place| place.time.0).collect()
    }

    #[test]
    fn a_series_shows_its_own_exemplars_and_those_that_its_formula_reads_once_each() {
        assert_eq!(times("x_seconds_bucket", &[("le", "1"), ("service", "a")], None), [10]);
        assert_eq!(times("x_seconds_count", &[("service", "a")], None), [10, 35]);
        let bucket =
            SeriesMeta { name: "x_seconds_bucket".into(), labels: labels(&[("le", "1"), ("service", "a")]), ..SeriesMeta::default() };
        assert_eq!(Exemplars::of_histogram(&bucket, &catalog()).len(), 2);
        let quantile = "histogram_quantile(0.99, sum by (le, service) (rate(x_seconds_bucket[4s])))";
        assert_eq!(times("p99", &[("service", "b")], Some(quantile)), [50]);
        assert_eq!(times("p99", &[], Some(quantile)), [10, 35, 50]);
        assert_eq!(times("slow", &[], Some(r#"rate(x_seconds_bucket{le="9",service!="b"}[4s])"#)), [35]);
        assert_eq!(times("y", &[("service", "a")], Some("sum by (service) (rate(y_total[4s])) / sum(rate(y_total[4s]))")), [20]);
        assert!(times("other", &[], None).is_empty());
    }

    #[test]
    fn exemplars_are_found_by_time_and_laid_over_columns() {
        let catalog = catalog();
        let meta = SeriesMeta { name: "x_seconds_count".into(), ..SeriesMeta::default() };
        let mut own = Exemplars::of(&meta, &catalog);
        own.lay(TimeRange::new(Timestamp(0), Timestamp(40)), 4, &[1.0, 9.0, f64::INFINITY]);
        assert_eq!((own.len(), own.columns.as_slice(), own.cells.as_slice()), (3, [1, 3].as_slice(), [(3, 1), (1, 0)].as_slice()));
        let at = |found: Option<&Exemplar>| found.map(|exemplar| exemplar.time.0);
        assert_eq!([at(own.after(Timestamp(10), &catalog)), at(own.before(Timestamp(10), &catalog))], [Some(35), None]);
        assert_eq!(at(own.nearest(Timestamp(30), &catalog, |_| true)), Some(35));
        assert_eq!(at(own.nearest(Timestamp(30), &catalog, |exemplar| exemplar.value < 1.0)), Some(10));
        assert_eq!(
            own.iter_within(TimeRange::new(Timestamp(10), Timestamp(36)), &catalog).map(words).collect::<Vec<_>>(),
            ["500 ms of trace t10", "7 s of trace t35"]
        );
    }
}
