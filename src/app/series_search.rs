//! Series of the catalog as lines of a picker, made only for what is typed.
//!
//! A catalog may hold a million series; a key must not wait for them. So a cheap test of letters goes over at most
//! `LOOKED_THROUGH` of them, or over those that passed before where one typed on, and only `LISTED` that pass become lines.
//! What is left out is counted and said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::overlay::{PickItem, PickValue};
use super::panels;
use super::shapes::{Outline, Shape};
use crate::model::{Catalog, SeriesId, SeriesMeta, Unit, text};

/// More lines than anybody scrolls through; each costs a fuzzy match a key.
const LISTED: usize = 1_000;
/// A pass over a million series takes about 40 ms.
const LOOKED_THROUGH: usize = 2_000_000;

/// The series that a picker offers besides its own lines.
#[derive(Debug, Clone)]
pub(crate) struct SeriesSearch {
    catalog: Arc<Catalog>,
    /// Listed by the picker itself.
    left_out: BTreeSet<SeriesId>,
    /// How many fit what is typed, among those looked through.
    n_fitting: usize,
    n_listed: usize,
    /// What was typed last, and which series fit it.
    passed: Option<(SeriesWords, Passed)>,
    /// Shapes as far as they are known.
    outlines: Option<Arc<BTreeMap<SeriesId, Outline>>>,
    moment: Moment,
}

/// Series that fit what was typed.
#[derive(Debug, Clone, Default)]
struct Passed {
    /// Their places in the catalog.
    places: Vec<u32>,
    /// Whether some may fit by the path of their source only.
    has_named: bool,
}

/// Where a series may move, and how far the shapes are known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    /// Column of the outlines.
    pub(crate) column: usize,
    /// Series whose shape is not known yet.
    pub(crate) n_left: usize,
}

impl SeriesSearch {
    pub(crate) fn new(catalog: Arc<Catalog>, left_out: BTreeSet<SeriesId>) -> Self {
        Self { catalog, left_out, n_fitting: 0, n_listed: 0, passed: None, outlines: None, moment: Moment::default() }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// From now on the picker lists this one itself.
    pub(crate) fn leave_out(&mut self, id: SeriesId) {
        self.left_out.insert(id);
        self.passed = None;
    }

    /// Takes what is known of shapes.
    pub(crate) fn take_shapes(&mut self, outlines: Arc<BTreeMap<SeriesId, Outline>>, moment: Moment) {
        (self.outlines, self.moment) = (Some(outlines), moment);
        self.passed = None;
    }

    /// Lets go of it, so that it can grow in place.
    pub(crate) fn forget_shapes(&mut self) {
        self.outlines = None;
        self.passed = None;
    }

    pub(crate) fn has_shapes(&self) -> bool {
        self.outlines.is_some()
    }

    /// Whether a series is what was asked for besides its letters.
    pub(crate) fn fits(&self, meta: &SeriesMeta, query: &SeriesWords) -> bool {
        let outline = self.outlines.as_ref().and_then(|outlines| outlines.get(&meta.id));
        query.units.iter().all(|wanted| wanted.fits(meta))
            && query.shapes.iter().all(|(shape, word)| {
                outline.is_some_and(|outline| outline.is(*shape, self.moment.column))
                    || word.as_ref().is_some_and(|word| meta.name.contains(word.as_str()))
            })
    }

    /// How far a series moves at the moment.
    pub(crate) fn moves(&self, meta: &SeriesMeta) -> f32 {
        self.outlines.as_ref().and_then(|outlines| outlines.get(&meta.id)).map_or(0.0, |outline| outline.moves(self.moment.column))
    }

    /// Its shapes in words.
    pub(crate) fn shape_words(&self, meta: &SeriesMeta) -> String {
        self.outlines
            .as_ref()
            .and_then(|outlines| outlines.get(&meta.id))
            .map(|outline| outline.words(self.moment.column))
            .unwrap_or_default()
    }

    /// How many series there are beyond the picker's own lines.
    pub(crate) fn len(&self) -> usize {
        self.catalog.series.len().saturating_sub(self.left_out.len())
    }

    /// Lines for the series whose letters can fit the query, in the order of the catalog. O(`LOOKED_THROUGH`).
    pub(crate) fn lines(&mut self, query: &SeriesWords) -> Vec<PickItem> {
        let catalog = Arc::clone(&self.catalog);
        let lower = query.text.to_lowercase();
        let sources: BTreeSet<_> = catalog
            .sources
            .iter()
            .filter(|source| !lower.is_empty() && source.path.to_lowercase().contains(&lower))
            .map(|source| source.id)
            .collect();
        let words: Vec<Vec<u8>> = lower.split_whitespace().map(letters).collect();
        let (mut tight, mut loose, mut passed) = (Vec::new(), Vec::new(), Vec::new());
        let before = self.passed.take().filter(|(typed, _)| query.narrows(typed));
        // What passed holds the words that were typed before; only the last of them may have grown.
        let n_sure = before.as_ref().filter(|(_, passed)| !passed.has_named).map_or(0, |(typed, _)| typed.n_ended_words());
        let new = &words[n_sure.min(words.len())..];
        let is_wanted = |meta: &SeriesMeta| {
            let is_named = || !sources.is_empty() && meta.sources().any(|source| sources.contains(&source));
            (new.iter().all(|word| may_fit(word, meta)) || is_named()) && self.fits(meta, query) && !self.left_out.contains(&meta.id)
        };
        let mut look = |place: u32, meta| {
            if !is_wanted(meta) {
                return;
            }
            passed.push(place);
            // Scattered letters are not listed where there are enough whole words.
            if tight.len() < LISTED && words.iter().all(|word| holds(word, meta)) {
                tight.push(meta);
            } else if loose.len() < LISTED {
                loose.push(meta);
            }
        };
        match before {
            Some((_, before)) => before
                .places
                .into_iter()
                .filter_map(|place| Some((place, catalog.series.get(place as usize)?)))
                .for_each(|(place, meta)| look(place, meta)),
            None => (0..).zip(catalog.series.iter().take(LOOKED_THROUGH)).for_each(|(place, meta)| look(place, meta)),
        }
        self.n_fitting = passed.len();
        self.passed = Some((query.clone(), Passed { places: passed, has_named: !sources.is_empty() }));
        // Whole words first: scattered letters must not crowd them out.
        let mut fitting: Vec<&SeriesMeta> = tight.into_iter().chain(loose).collect();
        if query.is_by_moves() {
            fitting.sort_by_cached_key(|meta| std::cmp::Reverse((self.moves(meta) * 1e3) as u32));
        }
        let shape = |meta: &SeriesMeta| match self.shape_words(meta) {
            words if words.is_empty() => words,
            words => format!("{words}  "),
        };
        let lines: Vec<PickItem> = fitting.into_iter().take(LISTED).map(|meta| line(&catalog, meta, &shape(meta))).collect();
        self.n_listed = lines.len();
        lines
    }

    /// What is not listed, in words; empty when everything is.
    pub(crate) fn left_out_words(&self) -> String {
        let all = self.catalog.series.len();
        let searched =
            if all > LOOKED_THROUGH { format!(", first {} series searched", text::grouped(LOOKED_THROUGH as u64)) } else { String::new() };
        if self.moment.n_left > 0 && self.outlines.is_some() {
            return format!("shapes of {} more to look at{searched}", text::grouped(self.moment.n_left as u64));
        }
        match self.n_fitting.saturating_sub(self.n_listed) {
            0 => searched.trim_start_matches(", ").to_owned(),
            more => format!("{} more fit: type on{searched}", text::grouped(more as u64)),
        }
    }
}

/// What is typed for a series: letters of its name, its unit, its shape.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SeriesWords {
    /// Everything else, to be found in names and labels.
    pub(crate) text: String,
    units: Vec<UnitWord>,
    /// Shapes, each with the word itself where a name may hold it as well.
    shapes: Vec<(Shape, Option<String>)>,
}

/// A unit that is wanted.
#[derive(Debug, Clone, PartialEq)]
struct UnitWord {
    unit: Option<Unit>,
    /// The word itself, where a name may hold it as well.
    word: Option<String>,
}

impl UnitWord {
    fn fits(&self, meta: &SeriesMeta) -> bool {
        self.unit == Some(meta.unit) || self.word.as_ref().is_some_and(|word| meta.name.contains(word.as_str()))
    }
}

/// Units with their words.
const UNITS: [(Unit, &[&str]); 5] = [
    (Unit::Seconds, &["s", "seconds", "ms", "time"]),
    (Unit::Bytes, &["bytes", "b", "byte"]),
    (Unit::Ratio, &["%", "ratio", "percent", "share"]),
    (Unit::PerSecond, &["/s", "1/s", "rate"]),
    (Unit::BytesPerSecond, &["bytes/s", "b/s"]),
];

impl SeriesWords {
    /// Reads `latency unit:s shape:spike`; `spike`, `moves at onset` and `seconds` alone mean a shape and a unit too, or a
    /// name with that word.
    pub(crate) fn read(typed: &str) -> Self {
        let mut out = Self::default();
        let mut rest = Vec::new();
        for word in typed.split_whitespace() {
            let lower = word.to_lowercase();
            let unit_of = |name: &str| UNITS.into_iter().find(|(_, words)| words.contains(&name)).map(|(unit, _)| unit);
            if let Some(name) = lower.strip_prefix("unit:") {
                out.units.extend((!name.is_empty()).then(|| UnitWord { unit: unit_of(name), word: None }));
            } else if let Some(name) = lower.strip_prefix("shape:") {
                out.shapes.extend(Shape::from_word(name).map(|shape| (shape, None)));
            } else if let Some(shape) = Shape::from_word(&lower) {
                if !out.shapes.iter().any(|(known, _)| *known == shape) {
                    out.shapes.push((shape, Some(lower)));
                }
            } else if lower.len() > 3 && unit_of(&lower).is_some() {
                out.units.push(UnitWord { unit: unit_of(&lower), word: Some(lower) });
            } else if !matches!(lower.as_str(), "at" | "the" | "most" | "cursor") || out.shapes.is_empty() {
                rest.push(word);
            }
        }
        out.text = rest.join(" ");
        out
    }

    /// Letters only, whatever they say.
    pub(crate) fn letters(typed: &str) -> Self {
        Self { text: typed.to_owned(), ..Self::default() }
    }

    /// Whether every series that fits this fits the other too, because one typed on.
    fn narrows(&self, other: &Self) -> bool {
        self.text.starts_with(&other.text) && self.units == other.units && self.shapes == other.shapes
    }

    /// Words that are typed to their end.
    fn n_ended_words(&self) -> usize {
        let n = self.text.split_whitespace().count();
        if self.text.ends_with(char::is_whitespace) { n } else { n.saturating_sub(1) }
    }

    pub(crate) fn is_letters_only(&self) -> bool {
        self.units.is_empty() && self.shapes.is_empty()
    }

    /// Whether a shape is asked for.
    pub(crate) fn has_shape(&self) -> bool {
        !self.shapes.is_empty()
    }

    /// Whether those that move most come first.
    pub(crate) fn is_by_moves(&self) -> bool {
        self.shapes.iter().any(|(shape, _)| *shape == Shape::Moves)
    }
}

/// One series as a line; `why` goes before its source.
pub(crate) fn line(catalog: &Catalog, meta: &SeriesMeta, why: &str) -> PickItem {
    let reference = panels::reference(catalog, meta, "");
    let label = text::printable(&reference.series).into_owned();
    let detail = format!("{why}series {}", text::printable(&reference.source));
    PickItem { label, detail, key: String::new(), value: PickValue::Series(reference) }
}

/// Letters and digits: the signs between names and labels are not looked at.
fn letters(word: &str) -> Vec<u8> {
    word.bytes().filter(u8::is_ascii_alphanumeric).collect()
}

/// Whether the letters, in lower case, come in this order in name and labels: true wherever the fuzzy match is.
fn may_fit(letters: &[u8], meta: &SeriesMeta) -> bool {
    // What labels are kept as is searched at once; it holds a few digits that are in no label.
    let rest = behind(letters, meta.name.as_bytes());
    let fits = behind(rest, meta.labels.as_kept().as_bytes()).is_empty();
    let has_digit = || rest.iter().any(u8::is_ascii_digit);
    let parts = || meta.labels.iter().flat_map(|(name, value)| [name, value]);
    fits && (!has_digit() || parts().fold(rest, |rest, part| behind(rest, part.as_bytes())).is_empty())
}

/// The letters but for those that come in this order in a text.
fn behind<'l>(letters: &'l [u8], mut text: &[u8]) -> &'l [u8] {
    for (n, letter) in letters.iter().enumerate() {
        match memchr::memchr2(*letter, letter.to_ascii_uppercase(), text) {
            Some(at) => text = &text[at + 1..],
            None => return &letters[n..],
        }
    }
    &[]
}

/// Whether the letters stand side by side in the name or in a label's value.
fn holds(letters: &[u8], meta: &SeriesMeta) -> bool {
    // Where they do not stand in all that is kept of the labels, they are in no value.
    let is_in_a_value = || {
        is_within(letters, meta.labels.as_kept().as_bytes()) && meta.labels.iter().any(|(_, value)| is_within(letters, value.as_bytes()))
    };
    is_within(letters, meta.name.as_bytes()) || is_in_a_value()
}

/// Whether the letters, in lower case, stand side by side in a text of any case. O(text): most places are passed over by
/// their first letter.
fn is_within(letters: &[u8], text: &[u8]) -> bool {
    let Some(first) = letters.first() else { return true };
    let mut places = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text);
    places.any(|at| text.get(at..at + letters.len()).is_some_and(|part| part.eq_ignore_ascii_case(letters)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;

    fn search(n: usize) -> SeriesSearch {
        let series = (0..n).map(|i| SeriesMeta { id: SeriesId(i as u32), name: format!("metric_{i}"), ..SeriesMeta::default() });
        SeriesSearch::new(Arc::new(Catalog { series: series.collect(), ..Catalog::default() }), BTreeSet::new())
    }

    #[test]
    fn letters_side_by_side_are_found_in_any_case_and_in_values_only() {
        let labels = Labels::new(vec![("path".into(), "/Orders/49".into()), ("job".into(), "oo".into())]);
        let meta = SeriesMeta { name: "http_Total".into(), labels, ..SeriesMeta::default() };
        let found = ["", "total", "orders", "49", "oo", "ttp_t", "path", "order49", "x"].map(|word| holds(word.as_bytes(), &meta));
        assert_eq!(found, [true, true, true, true, true, true, false, false, false]);
    }

    #[test]
    fn of_very_many_series_a_part_is_listed_and_the_rest_is_counted() {
        let mut search = search(5_000);
        assert_eq!(search.lines(&SeriesWords::read("")).len(), LISTED);
        assert_eq!(search.left_out_words(), "4 000 more fit: type on");
        assert_eq!(search.lines(&SeriesWords::read("metric_4999")).len(), 1);
        assert_eq!(search.left_out_words(), "");
    }

    #[test]
    fn whole_words_are_listed_before_scattered_letters() {
        let mut search = search(5_000);
        assert_eq!(search.lines(&SeriesWords::read("4999")).first().map(|line| line.label.as_str()), Some("metric_4999"));
        assert!(search.lines(&SeriesWords::read("49")).iter().take(100).all(|line| line.label.contains("49")));
    }

    #[test]
    fn typing_on_gives_what_typing_at_once_gives() {
        let labels = |i: usize| Labels::new(vec![("pod".into(), format!("Web-{}", i * 7)), ("le".into(), format!("{}", i % 5))]);
        let series =
            |i: usize| SeriesMeta { id: SeriesId(i as u32), name: format!("m{}", i % 3), labels: labels(i), ..SeriesMeta::default() };
        let catalog = Arc::new(Catalog { series: (0..500).map(series).collect(), ..Catalog::default() });
        let told = |search: &mut SeriesSearch, typed: &str| {
            let lines = search.lines(&SeriesWords::letters(typed)).into_iter().map(|line| line.label).collect::<Vec<_>>();
            (lines, search.left_out_words())
        };
        for typed in ["m1 web 33", "webm", "w4 2", "3:pod", "zz", "lepod14"] {
            let mut typing = SeriesSearch::new(Arc::clone(&catalog), BTreeSet::new());
            for end in 1..=typed.len() {
                let at_once = told(&mut SeriesSearch::new(Arc::clone(&catalog), BTreeSet::new()), &typed[..end]);
                assert_eq!(told(&mut typing, &typed[..end]), at_once, "{}", &typed[..end]);
            }
            assert_eq!(told(&mut typing, "m"), told(&mut SeriesSearch::new(Arc::clone(&catalog), BTreeSet::new()), "m"), "taken back");
        }
    }

    #[test]
    fn a_series_that_the_picker_lists_itself_comes_once() {
        let mut search = search(3);
        search.leave_out(SeriesId(1));
        assert_eq!((search.lines(&SeriesWords::read("")).len(), search.len()), (2, 2));
    }

    #[test]
    fn units_and_shapes_are_read_beside_letters() {
        let read = |typed: &str| {
            let words = SeriesWords::read(typed);
            let shapes: Vec<&str> = words.shapes.iter().map(|(shape, _)| shape.name()).collect();
            format!("{:?} {} {:?}", words.text, words.units.len(), shapes)
        };
        assert_eq!(read("latency unit:s shape:spike"), r#""latency" 1 ["spike"]"#);
        assert_eq!(read("moves at onset"), r#""" 0 ["moves"]"#);
        assert_eq!(read("moves most at the cursor"), r#""" 0 ["moves"]"#);
        assert_eq!(read("look at this"), r#""look at this" 0 []"#);
        assert_eq!(read("order seconds leak"), r#""order" 1 ["rising"]"#);
        assert_eq!(read("unit: shape:round"), r#""" 0 []"#);
    }

    #[test]
    fn a_unit_leaves_only_series_that_have_it() {
        let series = |id, name: &str, unit| SeriesMeta { id: SeriesId(id), name: name.into(), unit, ..SeriesMeta::default() };
        let all = vec![series(0, "a", Unit::Seconds), series(1, "b", Unit::Bytes), series(2, "c_seconds_total", Unit::None)];
        let mut search = SeriesSearch::new(Arc::new(Catalog { series: all, ..Catalog::default() }), BTreeSet::new());
        let labels = |search: &mut SeriesSearch, typed: &str| {
            search.lines(&SeriesWords::read(typed)).into_iter().map(|line| line.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(&mut search, "unit:s"), ["a"]);
        assert_eq!(labels(&mut search, "seconds"), ["a", "c_seconds_total"]);
        assert_eq!(labels(&mut search, "unit:parsec"), Vec::<String>::new());
    }
}
