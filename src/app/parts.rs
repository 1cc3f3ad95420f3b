//! Series that share a panel: those of one name, or those that differ in one label only.
//!
//! Each has a letter besides its colour. What goes beyond the letters is summed up as one part, or counted and said.

use std::collections::BTreeSet;

use crate::model::case::{PanelForm, PanelShape};
use crate::model::known::cut_columns;
use crate::model::query::ValueAt;
use crate::model::series::Bucket;
use crate::model::{Catalog, Columns, SeriesId, SeriesMeta, TimeRange, Timestamp, text};

use super::columns;
use super::trust::{self, Nature, Trust};

/// Letters of parts: beyond that nobody tells them apart.
const LETTERS: [char; 12] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
/// Series that the last part may sum up.
const MOST_SUMMED: usize = 200;

/// One part of a panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// One series, or several that are summed up.
    pub(crate) ids: Vec<SeriesId>,
    pub(crate) letter: char,
    /// The values of the labels that tell it from the others.
    pub(crate) name: String,
    answers: Vec<Option<Columns>>,
    values: Vec<Option<ValueAt>>,
    /// The answer laid over the visible window.
    pub(crate) shown: Vec<Option<Bucket>>,
    /// Cells of braille, two a column; empty with blocks.
    pub(crate) fine: Vec<Option<Bucket>>,
    /// How far each column is to be trusted; empty for a sum, and while the answer is for another window.
    pub(crate) trust: Vec<Trust>,
    nature: Nature,
    /// Value at the cursor; of several their sum.
    pub(crate) value: Option<f64>,
}

/// The parts of a panel.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Parts {
    pub(crate) all: Vec<Part>,
    /// Series beyond the letters that are not shown.
    pub(crate) n_left_out: usize,
}

/// Labels in which series of this name and source differ, each with the number of series that differ from this one
/// in that label only.
pub(crate) fn splits(meta: &SeriesMeta, catalog: &Catalog) -> (usize, Vec<(String, usize)>) {
    let family = family(meta, catalog);
    let names: BTreeSet<&str> = family.iter().flat_map(|other| other.labels.iter().map(|(name, _)| name)).collect();
    let n_by = |name: &str| family.iter().filter(|other| differ_only_in(other, meta, name)).count();
    let by: Vec<(String, usize)> = names.into_iter().map(|name| (name.to_owned(), n_by(name))).filter(|(_, n)| *n > 1).collect();
    (family.len(), by)
}

/// Labels with more than one value among the series of this name and source.
pub(crate) fn varying(meta: &SeriesMeta, catalog: &Catalog) -> Vec<String> {
    let family = family(meta, catalog);
    let names: BTreeSet<&str> = family.iter().flat_map(|other| other.labels.iter().map(|(name, _)| name)).collect();
    let varies = |name: &&str| family.iter().any(|other| other.labels.get(name) != family[0].labels.get(name));
    names.into_iter().filter(varies).map(str::to_owned).collect()
}

/// Series of the same name and source. O(log series + its own).
fn family<'a>(meta: &SeriesMeta, catalog: &'a Catalog) -> Vec<&'a SeriesMeta> {
    let start = catalog.series.partition_point(|other| other.name.as_str() < meta.name.as_str());
    catalog.series[start..].iter().take_while(|other| other.name == meta.name).filter(|other| shares_source(other, meta)).collect()
}

/// Whether both come from one source: the same series of another dump would count twice.
fn shares_source(a: &SeriesMeta, b: &SeriesMeta) -> bool {
    a.sources().any(|source| b.sources().any(|other| other == source))
}

fn differ_only_in(a: &SeriesMeta, b: &SeriesMeta, name: &str) -> bool {
    let others = |meta: &SeriesMeta| {
        meta.labels.iter().filter(|(label, _)| *label != name).map(|(l, v)| (l.to_owned(), v.to_owned())).collect::<Vec<_>>()
    };
    a.labels.get(name).is_some() && others(a) == others(b)
}

impl Part {
    fn new(ids: Vec<SeriesId>, letter: char, name: String) -> Self {
        let (answers, values) = (vec![None; ids.len()], vec![None; ids.len()]);
        let (shown, fine, trust) = (Vec::new(), Vec::new(), Vec::new());
        Self { ids, letter, name, answers, values, shown, fine, trust, nature: Nature::default(), value: None }
    }

    /// Lays the answers over the visible window.
    fn prepare(&mut self, visible: TimeRange, n: usize, fineness: usize) {
        let laid: Vec<(Vec<Option<Bucket>>, bool)> =
            self.answers.iter().map(|answer| columns::lay(answer.as_ref(), visible, n * fineness)).collect();
        let is_fresh = laid.iter().all(|line| line.1);
        let lines: Vec<Vec<Option<Bucket>>> = laid.into_iter().map(|line| line.0).collect();
        let is_single = lines.len() == 1;
        let fine = if is_single { lines.into_iter().next().unwrap_or_default() } else { columns::sum(&lines) };
        self.shown = columns::together(&fine, fineness);
        self.fine = if fineness > 1 { fine } else { Vec::new() };
        self.trust = if is_single && is_fresh { trust::columns(&self.shown, visible, &self.nature) } else { Vec::new() };
        let numbers = self.values.iter().flatten().map(|value| value.value).filter(|value| !value.is_nan());
        self.value = numbers.reduce(|a, b| a + b);
    }
}

impl Parts {
    /// The parts of a series in this form. O(series of its name).
    pub(crate) fn of(meta: &SeriesMeta, form: &PanelForm, catalog: &Catalog) -> Self {
        let mut found = family(meta, catalog);
        if let Some(by) = &form.by {
            found.retain(|other| differ_only_in(other, meta, by));
        }
        let label = |meta: &SeriesMeta| form.by.as_ref().and_then(|by| meta.labels.get(by)).map(str::to_owned);
        let names = names_of(&found, label);
        let peak = |meta: &SeriesMeta| meta.bounds.map_or(f64::NEG_INFINITY, |bounds| bounds.1.abs().max(bounds.0.abs()));
        let mut order: Vec<usize> = (0..found.len()).collect();
        // Those that reach highest have a letter of their own; among them the order is that of their labels.
        order.sort_by(|a, b| peak(found[*b]).total_cmp(&peak(found[*a])).then(a.cmp(b)));
        let n_own = if found.len() > LETTERS.len() { LETTERS.len() - usize::from(form.shape == PanelShape::Stacked) } else { found.len() };
        let rest = order.split_off(n_own);
        order.sort_unstable();
        let own = |(index, letter): (&usize, char)| {
            let part = Part::new(vec![found[*index].id], letter, names[*index].clone());
            Part { nature: Nature::of(found[*index]), ..part }
        };
        let mut all: Vec<Part> = order.iter().zip(LETTERS).map(own).collect();
        let mut n_left_out = rest.len();
        if form.shape == PanelShape::Stacked && !rest.is_empty() {
            let ids: Vec<SeriesId> = rest.iter().take(MOST_SUMMED).map(|index| found[*index].id).collect();
            n_left_out -= ids.len();
            let name = format!("{} others", ids.len());
            all.push(Part::new(ids, LETTERS[LETTERS.len() - 1], name));
        }
        Self { all, n_left_out }
    }

    /// All series that are asked for.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SeriesId> {
        self.all.iter().flat_map(|part| part.ids.iter().copied())
    }

    /// Keeps the answers of parts that stay.
    pub(crate) fn keep_answers(&mut self, old: &Self) {
        for part in &mut self.all {
            if let Some(same) = old.all.iter().find(|same| same.ids == part.ids) {
                (part.answers, part.values) = (same.answers.clone(), same.values.clone());
            }
        }
    }

    /// Takes the columns of one series.
    pub(crate) fn take_columns(&mut self, id: SeriesId, columns: &Columns) {
        for part in &mut self.all {
            for (own, answer) in part.ids.iter().zip(&mut part.answers) {
                if *own == id {
                    *answer = Some(columns.clone());
                }
            }
        }
    }

    /// Takes the value of one series at the cursor.
    pub(crate) fn take_value(&mut self, id: SeriesId, value: Option<&ValueAt>) {
        for part in &mut self.all {
            for (own, answer) in part.ids.iter().zip(&mut part.values) {
                if *own == id {
                    *answer = value.cloned();
                }
            }
        }
    }

    /// Lays the answers over the visible window, `fineness` cells of an answer a column.
    pub(crate) fn prepare(&mut self, visible: TimeRange, n: usize, fineness: usize) {
        self.all.iter_mut().for_each(|part| part.prepare(visible, n, fineness));
    }

    /// What lies from here on is hidden.
    pub(crate) fn hide_from(&mut self, until: Option<Timestamp>) {
        self.all.iter_mut().for_each(|part| part.nature.until = until);
    }

    /// Forgets what is known from a moment on.
    pub(crate) fn forget_from(&mut self, until: Timestamp) {
        for part in &mut self.all {
            part.answers.iter_mut().flatten().for_each(|columns| cut_columns(columns, until));
            part.values.iter_mut().for_each(|value| *value = value.take().filter(|value| value.sample_time < until));
        }
    }

    /// Whether any part has something to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.iter().all(|part| part.shown.iter().all(Option::is_none))
    }

    /// Sum of all parts at the cursor.
    pub(crate) fn total(&self) -> Option<f64> {
        self.all.iter().filter_map(|part| part.value).reduce(|a, b| a + b)
    }

    /// From the bottom up, the top of each part on the stack in one column, by the means, and the highest that the sum
    /// can have been.
    pub(crate) fn stack(&self, column: usize) -> (Vec<Option<f64>>, f64) {
        let (mut sum, mut most) = (0.0, 0.0);
        let tops = self.all.iter().map(|part| {
            let bucket = part.shown.get(column).copied().flatten().filter(|bucket| bucket.count > 0)?;
            sum += bucket.mean.max(0.0);
            most += bucket.max.max(0.0);
            Some(sum)
        });
        (tops.collect(), most)
    }
}

/// What tells each series from the others: the label that was split by, else one label that differs everywhere, else all
/// that differ.
fn names_of(found: &[&SeriesMeta], label: impl Fn(&SeriesMeta) -> Option<String>) -> Vec<String> {
    let names: BTreeSet<&str> = found.iter().flat_map(|meta| meta.labels.iter().map(|(name, _)| name)).collect();
    let values = |name: &str| found.iter().filter_map(|meta| meta.labels.get(name)).collect::<BTreeSet<_>>();
    let telling = names.iter().find(|name| values(name).len() == found.len() && found.len() > 1);
    let varying: Vec<&&str> =
        names.iter().filter(|name| found.iter().any(|meta| meta.labels.get(name) != found[0].labels.get(name))).collect();
    let of = |meta: &&SeriesMeta| {
        let own = label(meta).or_else(|| telling.and_then(|name| meta.labels.get(name)).map(str::to_owned));
        let words = own.unwrap_or_else(|| varying.iter().filter_map(|name| meta.labels.get(name)).collect::<Vec<_>>().join(" "));
        let words = if words.is_empty() { meta.name.clone() } else { words };
        text::printable(&words).into_owned()
    };
    found.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;

    fn catalog(lines: &[&[(&str, &str)]]) -> Catalog {
        let series = lines.iter().enumerate().map(|(id, labels)| SeriesMeta {
            id: SeriesId(id as u32),
            name: "x".into(),
            labels: Labels::new(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
            bounds: Some((0.0, id as f64)),
            ..SeriesMeta::default()
        });
        Catalog { series: series.collect(), ..Catalog::default() }
    }

    fn names(catalog: &Catalog, by: Option<&str>, shape: PanelShape) -> Vec<String> {
        let form = PanelForm { shape, by: by.map(str::to_owned) };
        Parts::of(&catalog.series[0], &form, catalog).all.iter().map(|part| format!("{}:{}", part.letter, part.name)).collect()
    }

    #[test]
    fn parts_are_named_by_what_tells_them_apart() {
        let all = catalog(&[
            &[("code", "200"), ("instance", "o-1"), ("service", "o")],
            &[("code", "500"), ("instance", "o-1"), ("service", "o")],
            &[("code", "200"), ("instance", "o-2"), ("service", "o")],
        ]);
        assert_eq!(names(&all, None, PanelShape::Overlaid), ["a:200 o-1", "b:500 o-1", "c:200 o-2"]);
        assert_eq!(names(&all, Some("code"), PanelShape::Stacked), ["a:200", "b:500"]);
        assert_eq!(splits(&all.series[0], &all), (3, vec![("code".to_owned(), 2), ("instance".to_owned(), 2)]));
        assert_eq!(varying(&all.series[0], &all), ["code", "instance"]);
    }

    #[test]
    fn beyond_the_letters_a_stack_sums_up_and_lines_are_counted() {
        let values: Vec<String> = (0..20).map(|i| format!("{i:02}")).collect();
        let labels: Vec<[(&str, &str); 1]> = values.iter().map(|value| [("i", value.as_str())]).collect();
        let all = catalog(&labels.iter().map(<[(&str, &str); 1]>::as_slice).collect::<Vec<_>>());
        let stacked = names(&all, None, PanelShape::Stacked);
        assert_eq!((stacked.len(), stacked[0].as_str(), stacked[11].as_str()), (12, "a:09", "l:9 others"));
        let form = PanelForm { shape: PanelShape::Overlaid, by: None };
        let lines = Parts::of(&all.series[0], &form, &all);
        assert_eq!((lines.all.len(), lines.n_left_out), (12, 8));
    }
}
