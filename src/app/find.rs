//! The find: what is looked for, how many hits there are, and what is offered while it is typed.
//!
//! Names (patterns, services, series, values of fields) are matched here, at once: there are few. Records are looked
//! through in the background; every key takes the question before it back.

use std::cmp::Reverse;

use crate::model::filter::{Expr, FieldTest, Term, TextTest, Words as Wanting};
use crate::model::find::Fit;
use crate::model::query::{TextMatch, TextPattern};
use crate::model::{Catalog, EventFilter, EventRef, SeriesId, Timestamp, fuzzy, text};

use super::list::EventRow;
use super::message::{Look, Progress, Words};

/// Names offered while typing.
const MAX_NAMES: usize = 6;
/// Names of one kind that are scored for a key; more would be felt.
const MAX_SCORED: usize = 20_000;

/// What a hit must pass, beside the filter of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    pub(crate) text: Vec<TextMatch>,
    pub(crate) expr: Option<Expr>,
    pub(crate) fit: Fit,
}

impl Wanted {
    /// Events with a name that was picked.
    pub(crate) fn of_expr(expr: Expr) -> Self {
        Self { text: Vec::new(), expr: Some(expr), fit: Fit::Whole }
    }

    /// The filter that hits pass.
    pub(crate) fn within(&self, filter: &EventFilter) -> EventFilter {
        let mut filter = filter.clone();
        filter.text.extend(self.text.iter().cloned());
        let parts: Vec<Expr> = filter.expr.take().into_iter().chain(self.expr.clone()).collect();
        filter.expr = (!parts.is_empty()).then(|| Expr::all(parts));
        filter
    }
}

/// A find that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Find {
    /// As it is shown.
    pub(crate) typed: String,
    /// Letters, of which growing data may tell a stricter way of fitting.
    pub(crate) letters: Option<TextPattern>,
    /// `None` while it is not known yet how records hold the letters.
    pub(crate) wanted: Option<Wanted>,
    pub(crate) total: Option<u64>,
    /// The count under way.
    pub(crate) progress: Option<Progress>,
    /// The count was stopped; what was counted until then stays.
    pub(crate) is_stopped: bool,
    /// From 1; `None` while not on a hit.
    pub(crate) position: Option<u64>,
    /// The hit that was found last.
    pub(crate) at: Option<(EventRef, Timestamp)>,
}

impl Find {
    pub(crate) fn new(typed: &str, wanted: Option<Wanted>) -> Self {
        Self { typed: typed.to_owned(), letters: None, wanted, total: None, progress: None, is_stopped: false, position: None, at: None }
    }

    /// `12 of 4 013`, `12 of 1 204… 34 %` while it is counted.
    pub(crate) fn count_words(&self) -> String {
        let position = self.position.map(|n| format!("{} of ", text::grouped(n))).unwrap_or_default();
        format!("{position}{}", total_words(self.total, self.progress, self.is_stopped))
    }
}

/// `4 013`, `1 204… 34 %`, `1 204+`.
pub(crate) fn total_words(total: Option<u64>, progress: Option<Progress>, is_stopped: bool) -> String {
    match (total, progress) {
        (Some(n), _) => text::grouped(n),
        (None, Some(progress)) if is_stopped => format!("{}+", text::grouped(progress.found)),
        (None, Some(progress)) => format!("{}… {}", text::grouped(progress.found), share_words(progress)),
        (None, None) => "…".to_owned(),
    }
}

/// `34 %`.
pub(crate) fn share_words(progress: Progress) -> String {
    format!("{} %", (progress.done.min(progress.total) * 100).checked_div(progress.total).unwrap_or(0))
}

/// Something with a name that fits the letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Pattern(u32),
    Service(String),
    Series(SeriesId),
    Field(String, String),
}

/// A name that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameHit {
    pub(crate) name: Name,
    /// `pattern`, `service`, `series`, `field`.
    pub(crate) kind: &'static str,
    pub(crate) label: String,
    /// Where it is from, for names that come twice.
    pub(crate) detail: String,
    /// Matched characters of the label.
    pub(crate) positions: Vec<usize>,
    /// Events, where they are counted.
    pub(crate) count: Option<u64>,
}

impl NameHit {
    /// The events that have it; a series has none.
    pub(crate) fn expr(&self) -> Option<Expr> {
        let is = |value: &str| TextTest::Is(Wanting::Exact(value.to_owned()));
        Some(Expr::Term(match &self.name {
            Name::Pattern(id) => Term::Pattern(*id),
            Name::Service(name) => Term::Service(is(name)),
            Name::Field(name, value) => Term::Field(name.clone(), FieldTest::Text(is(value))),
            Name::Series(_) => return None,
        }))
    }
}

/// A row below a find that is typed.
pub(crate) enum Row<'a> {
    Name(&'a NameHit),
    Event(&'a EventRow),
}

/// A find that is being typed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Typing {
    pub(crate) pattern: TextPattern,
    pub(crate) names: Vec<NameHit>,
    /// What the records say; `None` while they are looked through.
    pub(crate) wanted: Option<Wanted>,
    pub(crate) rows: Vec<EventRow>,
    pub(crate) looking: Option<Progress>,
    pub(crate) total: Option<u64>,
    pub(crate) counting: Option<Progress>,
    pub(crate) error: Option<String>,
    pub(crate) selected: Option<usize>,
}

impl Typing {
    pub(crate) fn new(pattern: TextPattern, catalog: &Catalog, words: Option<&Words>) -> Self {
        let names = match &pattern {
            TextPattern::Fuzzy(letters) => names(letters, catalog, words),
            _ => Vec::new(),
        };
        let (wanted, rows) = (None, Vec::new());
        Self { pattern, names, wanted, rows, looking: None, total: None, counting: None, error: None, selected: None }
    }

    pub(crate) fn take(&mut self, look: Look) {
        self.rows = look.best.iter().map(EventRow::new).collect();
        self.wanted = Some(Wanted { text: look.wanted, expr: None, fit: look.fit });
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.names.len() + self.rows.len()
    }

    pub(crate) fn row(&self, at: usize) -> Option<Row<'_>> {
        match self.names.get(at) {
            Some(name) => Some(Row::Name(name)),
            None => self.rows.get(at - self.names.len()).map(Row::Event),
        }
    }

    /// Goes through the rows; above the first one is the text itself.
    pub(crate) fn step(&mut self, rows: isize) {
        let n = self.n_rows() as isize;
        let at = self.selected.map_or(0, |at| at as isize + 1);
        let next = (at + rows).rem_euclid(n + 1);
        self.selected = (next > 0).then(|| next as usize - 1);
    }
}

/// Names that fit the letters, best first.
fn names(letters: &str, catalog: &Catalog, words: Option<&Words>) -> Vec<NameHit> {
    let mut found: Vec<(i64, NameHit)> = Vec::new();
    let mut offer = |name: Name, kind, label: &str, count| {
        let label = text::printable(label).into_owned();
        if let Some((score, positions)) = fuzzy::score(letters, &label) {
            found.push((score, NameHit { name, kind, label, detail: String::new(), positions, count }));
        }
    };
    for service in catalog.services() {
        offer(Name::Service(service.clone()), "service", &service, None);
    }
    for pattern in words.iter().flat_map(|words| &words.patterns).take(MAX_SCORED) {
        offer(Name::Pattern(pattern.id), "pattern", &pattern.template, Some(pattern.count));
    }
    for field in words.iter().flat_map(|words| &words.fields) {
        for (value, _) in field.values.iter().take(MAX_SCORED / 100) {
            offer(Name::Field(field.name.clone(), value.clone()), "field", &format!("{}:{value}", field.name), None);
        }
    }
    for meta in catalog.series.iter().take(MAX_SCORED) {
        offer(Name::Series(meta.id), "series", &meta.full_name(), None);
    }
    // Of equal ones the shorter says less that was not typed.
    // Of one series in several sources the one with most samples comes first.
    let n_samples = |name: &Name| match name {
        Name::Series(id) => catalog.series(*id).map_or(0, |meta| meta.n_samples),
        _ => 0,
    };
    found.sort_by_key(|(score, hit)| (Reverse(*score), hit.label.len(), hit.kind, Reverse(n_samples(&hit.name))));
    let mut of_kind = std::collections::BTreeMap::<&str, usize>::new();
    let mut names: Vec<NameHit> = found.into_iter().map(|(_, hit)| hit).collect();
    // No kind takes all the room.
    names.retain(|hit| {
        let n = of_kind.entry(hit.kind).or_default();
        *n += 1;
        *n <= MAX_NAMES / 2
    });
    names.truncate(MAX_NAMES);
    for hit in &mut names {
        let Name::Series(id) = hit.name else { continue };
        let path = catalog.series(id).and_then(|meta| catalog.source(meta.source)).map(|source| source.path.as_str());
        hit.detail = text::printable(path.unwrap_or_default()).into_owned();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::query::{FieldSeen, Pattern};
    use crate::model::{Level, SourceReport};

    fn words() -> Words {
        let pattern = |id, template: &str| Pattern {
            id,
            template: template.into(),
            count: 9,
            first: None,
            last: None,
            level: Level::Info,
            ..Pattern::default()
        };
        let field = FieldSeen { name: "reason".into(), n_records: 3, n_numbers: 0, n_durations: 0, values: vec![("pool gone".into(), 3)] };
        Words { fields: vec![field], patterns: vec![pattern(0, "GET <*>"), pattern(7, "acquire: pool exhausted after <*>")] }
    }

    #[test]
    fn patterns_values_and_services_fit_before_any_record_is_read() {
        let source = SourceReport { services: vec!["spool".into()], ..SourceReport::default() };
        let catalog = Catalog { sources: vec![source], ..Catalog::default() };
        let hits = names("pool", &catalog, Some(&words()));
        let labels: Vec<&str> = hits.iter().map(|hit| hit.label.as_str()).collect();
        assert_eq!(labels, ["acquire: pool exhausted after <*>", "reason:pool gone", "spool"]);
        let exprs: Vec<String> = hits.iter().filter_map(NameHit::expr).map(|expr| expr.to_string()).collect();
        assert_eq!(exprs, ["pattern:7", "reason:\"pool gone\"", "service:spool"]);
    }

    #[test]
    fn counts_say_what_they_are() {
        let progress = Some(Progress { done: 34, total: 100, found: 1204 });
        assert_eq!(total_words(None, progress, false), "1 204… 34 %");
        assert_eq!(total_words(None, progress, true), "1 204+");
        assert_eq!(total_words(Some(4013), progress, false), "4 013");
        let find = Find { position: Some(12), total: Some(4013), ..Find::new("x", None) };
        assert_eq!(find.count_words(), "12 of 4 013");
    }

    #[test]
    fn rows_are_gone_through_in_a_ring_with_the_text() {
        let source = SourceReport { services: vec!["pool".into()], ..SourceReport::default() };
        let catalog = Catalog { sources: vec![source], ..Catalog::default() };
        let mut typing = Typing::new(TextPattern::Fuzzy("pool".into()), &catalog, None);
        typing.step(1);
        assert_eq!(typing.selected, Some(0));
        typing.step(1);
        assert_eq!(typing.selected, None);
        typing.step(-1);
        assert_eq!(typing.selected, Some(0));
    }
}
