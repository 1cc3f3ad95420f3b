//! Everything that can happen (`Message`) and everything that can be asked of the world (`Effect`).
//!
//! Background results are data, never closures. A slot remembers the `JobId` it waits for; other answers are dropped.

use std::path::PathBuf;
use std::sync::Arc;

use super::actions::Action;
use super::debt::Owed;
use super::draft::{Manuscript, ManuscriptQuery};
use super::looks::{Signs, ThemeName};
use super::mouse::MousePress;
use super::press::KeyPress;
use super::script::Script;
use super::tour::Offer;
use crate::model::case::{AnnotationKind, CaseDoc, CaseMeta, Choice, EditStep, Evidence, MetaConflict, Standing};
use crate::model::compare::{CompareQuery, Difference};
use crate::model::facets::{FacetQuery, Facets};
use crate::model::find::Fit;
use crate::model::offset::ClockOffsets;
use crate::model::onset::{Onset, OnsetQuery};
use crate::model::query::{FieldSeen, HistogramQuery, Pattern, PatternQuery, TextMatch, TextPattern, ValueAt};
use crate::model::skew::ClockCheck;
use crate::model::zones::{ProposedZone, SourceZones};
use crate::model::{Annotation, AnnotationId};
use crate::model::{
    Catalog, Columns, Event, EventFilter, EventPage, EventQuery, EventRef, Histogram, SeriesId, SeriesQuery, SourceId, TimeRange, Timestamp,
};

/// Names one background job; the state counts them up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct JobId(pub u64);

/// What is asked in the background.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Which series to show for goroutines, P99 and error rate. Answered by `Reply::Panels`.
    ChoosePanels,
    /// Columns of panels.
    Series(SeriesQuery),
    /// Baseline, peak and first crossing of series. Answered by `Reply::Stats`.
    Stats {
        /// Which.
        ids: Vec<SeriesId>,
        /// What is normal.
        baseline: TimeRange,
        /// Where to look for the peak and the first crossing.
        window: TimeRange,
        /// What each of them must not cross, in the order of `ids`.
        limits: Vec<Option<Limit>>,
    },
    /// Make series of these formulas (`PromQL`), and of no others. Answered by `Reply::Defined`.
    Define(Vec<String>),
    /// Move the clocks of sources by these offsets, and no others. Answered by `Reply::Defined`.
    /// Sources whose zone is another than when they were opened are read in it, by path; see `Source::set_zones`.
    SetClocks(ClockOffsets, SourceZones),
    /// Values at a moment.
    ValuesAt {
        /// Which.
        ids: Vec<SeriesId>,
        /// When.
        at: Timestamp,
    },
    /// Lane of events.
    Histogram(HistogramQuery),
    /// A page of the list.
    Events(EventQuery),
    /// One event with all fields.
    Event(EventRef),
    /// Message patterns, with what two windows tell of each.
    Patterns(PatternQuery),
    /// Which values the events of a window have. Answered by `Reply::Facets`.
    Facets(Box<FacetQuery>),
    /// What differs between two windows. Answered by `Reply::Difference`.
    Compare(Box<CompareQuery>),
    /// When something left its own baseline. Answered by `Reply::Onsets`.
    Onsets(Box<OnsetQuery>),
    /// How far the clocks of the sources are apart, by the traces that they share.
    Clocks,
    /// Whether evidence stands where it was pinned. Answered by `Reply::Standings`.
    Standings(Vec<(AnnotationId, Evidence)>),
    /// How many pass.
    Count {
        /// Which.
        filter: EventFilter,
        /// Where.
        range: Option<TimeRange>,
    },
    /// How records hold what is typed into a find, and those that do best. Answered by `Reply::Look`.
    Look(LookQuery),
    /// How many events that pass come before this one. Answered by `Reply::Count`.
    Position {
        /// Which.
        filter: EventFilter,
        /// The event.
        id: EventRef,
        /// Its time.
        at: Timestamp,
    },
    /// What filters and finds may name. Answered by `Reply::Words`.
    Words,
    /// Which claims of this case lack support. Answered by `Reply::Debt`.
    Debt(Box<CaseDoc>),
    /// The document as it would be exported. Answered by `Reply::Manuscript`.
    Manuscript(Box<ManuscriptQuery>),
    /// Which markers the data suggest that this case has not. Answered by `Reply::Suggested`.
    Suggested(Box<CaseDoc>),
    /// The same as if nothing from a moment on had happened yet. Answered as the question itself.
    Known {
        /// The first moment that is not known.
        until: Timestamp,
        /// What is asked.
        question: Box<Question>,
    },
    /// Turn what is under the cursor into evidence with frozen values and hashes. Answered by `Reply::Frozen`.
    Freeze(Vec<FreezeTarget>),
}

/// What is being typed into a find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookQuery {
    /// The events that are listed.
    pub filter: EventFilter,
    /// What is typed.
    pub pattern: TextPattern,
    /// Where the cursor is: an exact text and an expression show what follows.
    pub from: Timestamp,
    /// Events wanted.
    pub limit: usize,
}

/// How records hold what is looked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Look {
    /// What they must hold.
    pub wanted: Vec<TextMatch>,
    /// How strict that is.
    pub fit: Fit,
    /// The best by their letters, else those that follow the cursor.
    pub best: Vec<Event>,
}

/// What filters and finds may name, as the data have it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Fields and their values.
    pub fields: Vec<FieldSeen>,
    /// Message patterns.
    pub patterns: Vec<Pattern>,
}

/// How far a question is. Counts records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Looked at.
    pub done: u64,
    /// To be looked at.
    pub total: u64,
    /// Passed so far.
    pub found: u64,
}

/// Something that can be pinned.
#[derive(Debug, Clone, PartialEq)]
pub enum FreezeTarget {
    /// A series over a window, with its value at a moment.
    Series {
        /// Which.
        id: SeriesId,
        /// Window.
        range: TimeRange,
        /// Moment of the cursor.
        at: Timestamp,
    },
    /// One event (all its lines).
    Event(EventRef),
    /// Index in `Catalog::changes`.
    Change(usize),
    /// Index in `Catalog::alerts`.
    Alert(usize),
    /// Index in `Catalog::profiles`.
    Profile(usize),
    /// The first event of a message pattern.
    PatternStart(u32),
}

/// A series chosen for a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelChoice {
    /// What it is called: `goroutines`, `P99`, `error rate`, or what stands in for one of them.
    pub role: String,
    /// The most telling series.
    pub id: SeriesId,
    /// Why this one, one sentence.
    pub why: String,
    /// Other candidates with what they are called, best first.
    pub others: Vec<(String, SeriesId)>,
}

/// Numbers of a panel that need the samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SeriesStats {
    /// Median over the baseline.
    pub baseline: Option<f64>,
    /// Greatest finite value in the window and when it was first reached.
    pub peak: Option<(Timestamp, f64)>,
    /// Last finite value at or before the window's end.
    pub last: Option<f64>,
    /// When the limit was first crossed in the window.
    pub crossing: Option<Crossing>,
}

/// What a series should stay below, or above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// The value that is still good.
    pub value: f64,
    /// Whether greater values are bad; else lesser ones are.
    pub above_is_bad: bool,
}

impl Limit {
    /// Whether a value is on the bad side. The limit itself and what is no number are not.
    pub fn is_crossed_by(self, value: f64) -> bool {
        if self.above_is_bad { value > self.value } else { value < self.value }
    }
}

/// The first sample beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crossing {
    /// When.
    pub at: Timestamp,
    /// It is the first number of the window: the true crossing may be earlier.
    pub is_at_start: bool,
}

/// Answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To `ChoosePanels`.
    Panels(Vec<PanelChoice>),
    /// To `Series`.
    Series(Vec<Columns>),
    /// To `Stats`, in the order asked.
    Stats(Vec<SeriesStats>),
    /// To `ValuesAt`, in the order asked.
    Values(Vec<Option<ValueAt>>),
    /// To `Define` and `SetClocks`: the catalog as it is now, and what is wrong with formulas or names that have no effect.
    Defined(Arc<Catalog>, Vec<String>),
    /// To `Histogram`.
    Histogram(Histogram),
    /// To `Events`.
    Events(EventPage),
    /// To `Patterns`.
    Patterns(Vec<Pattern>),
    /// To `Facets`.
    Facets(Box<Facets>),
    /// To `Compare`.
    Difference(Box<Difference>),
    /// To `Standings`: whether evidence stands where it was pinned.
    Standings(std::collections::BTreeMap<AnnotationId, Standing>),
    /// To `Onsets`, in order of time.
    Onsets(Vec<Onset>),
    /// To `Clocks`.
    Clocks(ClockCheck),
    /// To `Event`.
    Event(Box<Event>),
    /// To `Count`.
    Count(u64),
    /// To `Look`.
    Look(Box<Look>),
    /// To `Words`.
    Words(Arc<Words>),
    /// To `Debt`, the weakest first.
    Debt(Vec<Owed>),
    /// To `Manuscript`.
    Manuscript(Box<Manuscript>),
    /// To `Suggested`: markers with their rule, and what they are.
    Suggested(Vec<(AnnotationKind, String)>),
    /// To `Freeze`, in the order asked.
    Frozen(Vec<Evidence>),
}

/// How far loading is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadProgress {
    /// Bytes read and bytes known.
    pub bytes: (u64, u64),
    /// Sources done and known.
    pub sources: (usize, usize),
    /// What is being read.
    pub current: String,
    /// Bytes a second over the last moments.
    pub bytes_per_s: u64,
    /// Seconds that are left at this speed, once that can be told.
    pub left_s: Option<u64>,
}

/// One change of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordVersion {
    /// Name of the step that made it.
    pub step: String,
    /// As it was; `None`: it was not there.
    pub before: Option<Box<Annotation>>,
    /// As it became; `None`: it was removed.
    pub after: Option<Box<Annotation>>,
}

/// Everything that can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A key was pressed.
    Key(KeyPress),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something, while it is ours.
    Mouse(MousePress),
    /// What fits the terminal, known at the start.
    Terminal(ThemeName, Signs),
    /// The terminal has this size now.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The wall clock, about once a second while something moves, and before every key.
    Tick(Timestamp),
    /// The source knows more.
    Catalog(Arc<Catalog>),
    /// Loading goes on.
    Loading(LoadProgress),
    /// An answer, or why there is none.
    Replied(JobId, Result<Reply, String>),
    /// A question goes on: how far it is.
    Progress(JobId, Progress),
    /// The case is on disk up to and including edit number `.0`.
    Saved(u64),
    /// It could not be saved: shown until it works.
    SaveFailed(String),
    /// Others wrote to the case files.
    CaseMoved,
    /// Ours and theirs together; nothing of it is lost when `revision` is still that of the case.
    CaseMerged {
        /// Of the case that was merged.
        revision: u64,
        /// The merged case.
        case: Box<CaseDoc>,
        /// What came in, for people; empty when nothing did.
        words: String,
    },
    /// One of the two values of a conflict in `case.toml` was taken; the case as it was then, and as it becomes.
    MetaSettled(Box<CaseMeta>, Box<CaseMeta>),
    /// How a record came to be, oldest first.
    History(AnnotationId, Vec<RecordVersion>),
    /// The words of this section are in its file.
    SectionWritten(String),
    /// They are not.
    SectionFailed {
        /// Which.
        stem: String,
        /// The words, so that they are not lost.
        text: String,
        /// Why.
        why: String,
    },
    /// The postmortem was written.
    Exported(PathBuf),
    /// It could not be written.
    ExportFailed(String),
    /// `$EDITOR` came back; `None` when it failed or changed nothing.
    Edited(Option<String>),
    /// Follow growing sources, as if the key had been pressed; nothing when they are followed already.
    Follow,
    /// Put the cursor here, as if the time had been typed.
    GoTo(Timestamp),
    /// Run this action, as if its key had been pressed.
    RunAction(Action),
    /// Something good or neutral from below (where a copy was put).
    Told(String),
    /// Run this line of the command line, as if it had been typed.
    Command(String),
    /// Run these commands once everything is read.
    Start(Script),
    /// What is being played goes on (asked for by `Effect::GoOn`).
    GoOn,
    /// The demo was opened: its tour is offered, or begins.
    Tour(Offer),
    /// Other sources speak for the zones of some that have none.
    ZonesProposed(Vec<ProposedZone>),
    /// A word for the user from below (job panicked, file vanished).
    Notice(String),
}

/// What is kept for a user, whatever is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Memory {
    /// A line of the command line.
    Command(String),
    /// A macro: its name, and its keys as `keys::parse_sequence` reads them.
    Macro(String, String),
    /// The macro of this name is gone.
    NoMacro(String),
}

/// What the state asks of the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answer in the background.
    Ask(JobId, Question),
    /// The answer is no longer wanted.
    Cancel(JobId),
    /// Journal this step durably, then `Saved(number)`.
    Journal {
        /// Counts up from 1 in a session.
        number: u64,
        /// What changed.
        step: EditStep,
    },
    /// Write `case.toml` and `annotations.jsonl`.
    SaveCase(Box<CaseDoc>),
    /// Merge what others wrote into this, then `CaseMerged`.
    MergeCase {
        /// Of the case, to tell whether it changed meanwhile.
        revision: u64,
        /// The case.
        case: Box<CaseDoc>,
    },
    /// Take one of the two values of a conflict in `case.toml`, then `MetaSettled`.
    SettleMeta {
        /// As it is.
        meta: Box<CaseMeta>,
        /// What is to be settled.
        conflict: MetaConflict,
        /// Which value.
        choice: Choice,
    },
    /// Tell how a record came to be, then `History`.
    History(AnnotationId),
    /// Write `sections/STEM.md`, then `SectionWritten` or `SectionFailed`.
    WriteSection {
        /// Which.
        stem: String,
        /// What its file held when it was opened; another text in it is not written over.
        before: String,
        /// The new text.
        text: String,
    },
    /// Write the postmortem.
    Export(Box<CaseDoc>),
    /// Open `$EDITOR` on this text, then `Edited`.
    OpenEditor(String),
    /// Copy to the clipboard (OSC 52), and to a file where that may not arrive; then `Told` where it is.
    Copy(String),
    /// Open the source of an event at its line in `$VISUAL` or `$EDITOR`.
    OpenSource {
        /// Which source.
        source: SourceId,
        /// First line of the event, from 1.
        line: u64,
        /// Its lines.
        n_lines: u32,
    },
    /// Show this text in `$PAGER`.
    OpenPager(String),
    /// Send `Message::GoOn`, after the keys that wait: something is being played.
    GoOn,
    /// Keep this for the user's next session.
    Remember(Memory),
    /// Look for growing sources again and again; what is found comes as `Message::Catalog`.
    Follow,
    /// No longer.
    Unfollow,
    /// Suspend the process (`^z`).
    Suspend,
    /// Leave. Unsaved steps are flushed first.
    Quit,
}
