//! What can lie open above the panes: pickers, prompts, the editor, forms, questions, help, the filter list.
//!
//! They form a stack; keys go to the top one and Esc closes exactly that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono_tz::Tz;

use crate::model::case::{AnnotationKind, Choice, Link, MarkerName, PanelForm, PanelRef, PanelShape};
use crate::model::{Annotation, AnnotationId, SeriesId, SeriesMeta, SourceId, TimeRange, Timestamp, fuzzy};

use super::actions::Action;
use super::draft::{Draft, Origin};
use super::editor::Editor;
use super::form::Form;
use super::help::Scope;
use super::layout::Lane;
use super::line::LineInput;
use super::message::FreezeTarget;
use super::panels;
use super::prompt::Prompt;
use super::series_search::{Moment, SeriesSearch, SeriesWords};
use super::shapes::Outline;
use super::update::{Bearing, Settling};

/// One layer.
#[derive(Debug, Clone)]
pub(crate) enum Overlay {
    Help(Help),
    Picker(Picker),
    Prompt(Prompt),
    Filters(usize),
    Editor(Box<Editor>),
    Form(Box<Form>),
    Confirm(Confirm),
    /// The document as it would be exported.
    Draft(Box<Draft>),
}

macro_rules! layers {
    ($($layer:ident $name:literal),*) => {
        /// The kind of a layer, for those who must not forget one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Layer { $($layer,)* }

        /// Names of all kinds of layers.
        pub(crate) const LAYERS: &[&str] = &[$($name),*];

        impl Layer {
            const fn name(self) -> &'static str {
                match self { $(Self::$layer => $name,)* }
            }
        }
    };
}

layers! { Help "help", Picker "list", Prompt "prompt", Filters "filters", Editor "note", Form "form", Confirm "question", Draft "document" }

impl Overlay {
    /// What kind of layer it is.
    pub(crate) const fn kind(&self) -> &'static str {
        let layer = match self {
            Self::Help(_) => Layer::Help,
            Self::Picker(_) => Layer::Picker,
            Self::Prompt(_) => Layer::Prompt,
            Self::Filters(_) => Layer::Filters,
            Self::Editor(_) => Layer::Editor,
            Self::Form(_) => Layer::Form,
            Self::Confirm(_) => Layer::Confirm,
            Self::Draft(_) => Layer::Draft,
        };
        layer.name()
    }
}

/// Help with its search.
#[derive(Debug, Clone, Default)]
pub(crate) struct Help {
    pub(crate) input: LineInput,
    pub(crate) scroll: usize,
    pub(crate) scope: Scope,
}

/// What a line of a picker stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PickValue {
    Action(Action),
    Series(PanelRef),
    /// A panel of what is typed.
    Formula(String),
    Moment(Timestamp),
    /// Something else of the palette.
    Place(Place),
    Annotation(AnnotationId),
    Zone(Tz),
    Marker(MarkerName),
    /// A source whose clock is to be moved.
    Clock(SourceId),
    /// A source whose zone is to be said.
    SourceZone(SourceId),
    KeyMoment,
    Target(FreezeTarget),
    /// A marker that the data suggest, and what it is.
    Suggested(Box<AnnotationKind>, String),
    /// One of the two values of a conflict.
    Settle(Settling, Choice),
    /// A record as it was.
    Version(Option<Box<Annotation>>),
    /// A section to write.
    Section(&'static str),
    /// A kind of record to add.
    Kind(&'static str),
    /// A link between two records.
    LinkTo(Box<Link>),
    /// A panel of the histogram that this series belongs to.
    Heat(PanelRef),
    /// The parts of the selected panel.
    Form(PanelForm),
    /// A formula whose lines share a panel.
    Sum(PanelShape, String),
    /// A lane to hide or show.
    Lane(Lane),
    /// A column of the event list.
    Column(String),
}

/// What only the palette leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// Number of a message pattern.
    Pattern(u32),
    Service(String),
    /// Its place among the sources.
    Source(usize),
    /// A time that was typed.
    Time(Timestamp),
    /// A filter that was typed.
    Filter(String),
    /// A line of the command line.
    Command(String),
}

/// One line of a picker.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PickItem {
    pub(crate) label: String,
    /// Dim words behind it.
    pub(crate) detail: String,
    /// Key that does the same, if there is one.
    pub(crate) key: String,
    pub(crate) value: PickValue,
}

/// What happens with what was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PickPurpose {
    Palette,
    Panels,
    Zone,
    /// Whose clock is to be moved.
    Clock,
    Marker,
    Pin,
    Conflicts,
    Suggested,
    Kind,
    /// Which section to write.
    Section,
    /// How a record was.
    Versions,
    Link,
    /// Evidence for or against a claim.
    Attach(Bearing),
    /// How the selected panel is split.
    Split,
    /// Lanes that are shown.
    Lanes,
    /// Columns of the event list.
    Columns,
}

/// A list narrowed by typing.
#[derive(Debug, Clone)]
pub(crate) struct Picker {
    pub(crate) purpose: PickPurpose,
    pub(crate) title: String,
    pub(crate) input: LineInput,
    /// Its own lines, then those of the series that may fit.
    pub(crate) items: Vec<PickItem>,
    n_own: usize,
    series: Option<SeriesSearch>,
    /// Items that fit what is typed, best first, with the matched characters.
    pub(crate) shown: Vec<(usize, Vec<usize>)>,
    pub(crate) selected: usize,
    /// Chosen items, in lists that take several.
    pub(crate) chosen: Option<BTreeSet<usize>>,
    /// Those that were chosen when it was opened.
    pub(crate) first_chosen: Option<BTreeSet<usize>>,
    /// The chosen items in the order in which they were chosen.
    pub(crate) order: Vec<usize>,
    /// The record that the choice is for.
    pub(crate) about: Option<AnnotationId>,
}

impl Picker {
    pub(crate) fn new(purpose: PickPurpose, title: impl Into<String>, items: Vec<PickItem>) -> Self {
        let mut picker = Self {
            purpose,
            title: title.into(),
            input: LineInput::default(),
            n_own: items.len(),
            items,
            series: None,
            shown: Vec::new(),
            selected: 0,
            chosen: None,
            first_chosen: None,
            order: Vec::new(),
            about: None,
        };
        picker.narrow();
        picker
    }

    /// The same with series behind its own lines.
    pub(crate) fn with_series(mut self, series: SeriesSearch) -> Self {
        self.series = Some(series);
        self.narrow();
        self
    }

    /// Further lines of its own that were not known when it was opened; what is chosen and typed stays.
    pub(crate) fn add(&mut self, items: &[PickItem]) {
        let selected = self.selected;
        self.items.splice(self.n_own..self.n_own, items.iter().cloned());
        self.n_own += items.len();
        self.narrow();
        self.selected = selected.min(self.shown.len().saturating_sub(1));
    }

    /// How many lines there are to choose from, listed or not.
    pub(crate) fn n_all(&self) -> usize {
        self.n_own + self.series.as_ref().map_or(0, SeriesSearch::len)
    }

    /// What is not listed, in words.
    pub(crate) fn left_out_words(&self) -> String {
        self.series.as_ref().map(SeriesSearch::left_out_words).unwrap_or_default()
    }

    /// Narrows the list to what is typed. O(items).
    pub(crate) fn narrow(&mut self) {
        let words = self.series_words();
        if let Some(series) = &mut self.series {
            self.items.truncate(self.n_own);
            self.items.extend(series.lines(&words));
        }
        let query = words.text.as_str();
        let mut scored: Vec<(i64, usize, Vec<usize>)> = self
            .items
            .iter()
            .enumerate()
            // Series behind the own lines are listed by what they are asked for.
            .filter(|(index, item)| *index >= self.n_own || self.is_asked_for(item, &words))
            .filter_map(|(index, item)| {
                // Words of the detail find too, as they stand, but rank below names.
                let in_detail = || !query.is_empty() && item.detail.to_lowercase().contains(&query.to_lowercase());
                let (score, positions) = fuzzy::score(query, &item.label).or_else(|| in_detail().then(|| (0, Vec::new())))?;
                let exact = if item.label == query { 10_000 } else { 0 };
                Some((score + exact, index, positions))
            })
            .collect();
        if words.is_by_moves() {
            scored.sort_by_cached_key(|(_, index, _)| (std::cmp::Reverse((self.moves(*index) * 1e3) as u32), *index));
        } else {
            scored.sort_by_key(|(score, index, _)| (std::cmp::Reverse(*score), *index));
        }
        self.shown = scored.into_iter().map(|(_, index, positions)| (index, positions)).collect();
        let typed = self.input.text().trim().to_owned();
        if self.purpose == PickPurpose::Panels && self.series.is_some() && typed.contains(['(', '[', '{', '*', '/', '+', '>', '<']) {
            let label = format!("= {}", crate::model::text::printable(&typed));
            let detail = "a panel of this formula (PromQL)".to_owned();
            self.items.push(PickItem { label, detail, key: String::new(), value: PickValue::Formula(typed) });
            self.shown.push((self.items.len() - 1, Vec::new()));
        }
        self.selected = 0;
    }

    /// What is typed, read as what a series may be asked for; only its letters where no series are listed.
    fn series_words(&self) -> SeriesWords {
        if self.purpose == PickPurpose::Panels && self.series.is_some() {
            return SeriesWords::read(self.input.text());
        }
        SeriesWords::letters(self.input.text())
    }

    /// The series of a line.
    fn meta(&self, item: &PickItem) -> Option<&SeriesMeta> {
        match &item.value {
            PickValue::Series(reference) | PickValue::Heat(reference) => panels::find(self.series.as_ref()?.catalog(), reference),
            _ => None,
        }
    }

    /// Whether a line has the unit and the shape that are asked for.
    fn is_asked_for(&self, item: &PickItem, words: &SeriesWords) -> bool {
        if words.is_letters_only() {
            return true;
        }
        let Some(series) = &self.series else { return true };
        self.meta(item).is_some_and(|meta| series.fits(meta, words))
    }

    fn moves(&self, index: usize) -> f32 {
        let meta = self.items.get(index).and_then(|item| self.meta(item));
        meta.zip(self.series.as_ref()).map_or(0.0, |(meta, series)| series.moves(meta))
    }

    /// Whether shapes are asked for.
    pub(crate) fn wants_shapes(&self) -> bool {
        self.series_words().has_shape()
    }

    pub(crate) fn has_shapes(&self) -> bool {
        self.series.as_ref().is_some_and(SeriesSearch::has_shapes)
    }

    pub(crate) fn forget_shapes(&mut self) {
        self.series.iter_mut().for_each(SeriesSearch::forget_shapes);
    }

    /// Takes what is known of shapes and lists again; the line that was selected stays.
    pub(crate) fn take_shapes(&mut self, known: Arc<BTreeMap<SeriesId, Outline>>, moment: Moment) {
        let Some(series) = &mut self.series else { return };
        series.take_shapes(known, moment);
        let selected = self.current().and_then(|index| self.items.get(index)).map(|item| item.value.clone());
        let at = self.selected;
        self.narrow();
        let same = |shown: &(usize, Vec<usize>)| self.items.get(shown.0).map(|item| &item.value) == selected.as_ref();
        if at > 0 {
            self.selected = self.shown.iter().position(same).unwrap_or(0);
        }
    }

    /// Puts lines that were made for what is typed before or behind those that fit; typing on drops them.
    pub(crate) fn offer(&mut self, first: Vec<PickItem>, last: Vec<PickItem>) {
        for (n, item) in first.into_iter().enumerate() {
            self.items.push(item);
            self.shown.insert(n, (self.items.len() - 1, Vec::new()));
        }
        for item in last {
            self.items.push(item);
            self.shown.push((self.items.len() - 1, Vec::new()));
        }
    }

    /// Own lines that are known only now; what is selected stays.
    pub(crate) fn add_own(&mut self, more: Vec<PickItem>) {
        let selected = self.selected;
        self.items.truncate(self.n_own);
        self.items.extend(more);
        self.n_own = self.items.len();
        self.narrow();
        self.selected = selected.min(self.shown.len().saturating_sub(1));
    }

    pub(crate) fn current(&self) -> Option<usize> {
        self.shown.get(self.selected).map(|shown| shown.0)
    }

    pub(crate) fn step(&mut self, rows: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = match (self.selected, rows) {
            (0, -1) => last,
            (at, 1) if at >= last => 0,
            (at, rows) => at.saturating_add_signed(rows).min(last),
        };
    }

    /// Whether the choice is another one than at the start.
    pub(crate) fn is_changed(&self) -> bool {
        self.chosen != self.first_chosen
    }

    /// Chooses or unchooses the current item and goes on to the next.
    pub(crate) fn toggle(&mut self) {
        let is_series = |index: &usize| !matches!(self.items[*index].value, PickValue::Formula(_) | PickValue::Heat(_));
        let current = self.current().filter(|index| self.chosen.is_some() && is_series(index));
        let Some(index) = current.map(|index| self.keep(index)) else { return };
        if let Some(chosen) = &mut self.chosen {
            self.order.retain(|kept| *kept != index);
            if !chosen.remove(&index) {
                chosen.insert(index);
                self.order.push(index);
            }
        }
        self.selected = (self.selected + 1).min(self.shown.len().saturating_sub(1));
    }

    /// Makes a found series a line of the picker's own, so that typing on does not forget it; tells its new index.
    fn keep(&mut self, index: usize) -> usize {
        let (Some(series), true) = (&mut self.series, index >= self.n_own) else { return index };
        if let Some(PickItem { value: PickValue::Series(reference), .. }) = self.items.get(index)
            && let Some(meta) = panels::find(series.catalog(), reference)
        {
            series.leave_out(meta.id);
        }
        let kept = self.n_own;
        self.items.swap(index, kept);
        for (shown, _) in &mut self.shown {
            *shown = match *shown {
                at if at == index => kept,
                at if at == kept => index,
                at => at,
            };
        }
        self.n_own += 1;
        kept
    }
}

/// What a yes does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfirmPurpose {
    /// Throw away what is typed in the layer below.
    DiscardBelow,
    /// Leave although something is not saved.
    QuitUnsaved,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Confirm {
    pub(crate) question: String,
    pub(crate) purpose: ConfirmPurpose,
}

/// What a note will be about when it is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextPurpose {
    /// A new note on this stretch (a moment when empty).
    NewNote(TimeRange),
    /// A note on what could be known at this moment.
    Known(Timestamp),
    /// The words of a record.
    ChangeText(AnnotationId),
    /// A unified diff to pin at this moment.
    Diff(Timestamp),
    /// The words of a section of the document.
    Prose(Origin),
}
