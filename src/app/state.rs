//! Everything the screen shows and the keys change. Plain data: `update` changes it, `ui` paints it.
//!
//! It has more than ten fields because it is the root: one field a pane or concern, each with its own file.

use std::num::NonZeroUsize;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::model::case::MarkerName;
use crate::model::{CaseDoc, Catalog, Event, EventRef, TimeRange, Timestamp, baseline};

use super::actions::Context;
use super::clock::{Clock, Style};
use super::commands::Typed;
use super::compare::Compared;
use super::debt::Debt;
use super::facets::FacetPane;
use super::follow::Following;
use super::history::History;
use super::jobs::Jobs;
use super::keymap::Keymap;
use super::lanes::Lanes;
use super::layout::{self, Layout, Shape, Zoomed};
use super::list::EventList;
use super::looks::Looks;
use super::macros::Macros;
use super::message::{LoadProgress, Progress, Words};
use super::mouse::Pointer;
use super::overlay::Overlay;
use super::panels::Panels;
use super::patterns::Patterns;
use super::press::KeyPress;
use super::preview::Preview;
use super::replay::Replay;
use super::resume::Resumed;
use super::said::Said;
use super::session::{CasePlace, Session};
use super::shapes::Shapes;
use super::shown::LastShown;
use super::side::Standings;
use super::side::{Side, Tab};
use super::timeline::Timeline;
use super::tour::Tour;
use super::trace::TracePane;

/// What the explorer starts with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What was opened, for the header until the case has a title.
    pub title: String,
    /// The case as loaded and recovered.
    pub case: CaseDoc,
    /// The wall clock.
    pub now: Timestamp,
    /// Seed of the ids of new annotations.
    pub id_seed: u64,
    /// Who writes the annotations.
    pub author: String,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Where the case is kept, or why nowhere.
    pub place: CasePlace,
}

/// The panes that keys can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Focus {
    Changes,
    Panels,
    List,
    Side,
}

/// A word to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_bad: bool,
    /// Shown until then.
    pub(crate) until: Timestamp,
}

/// How long a notice stays.
const NOTICE_NS: i64 = 8_000_000_000;

/// Why an event is being sought, to say what was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seek {
    /// `error`, `match for x`.
    pub(crate) what: String,
    pub(crate) is_forward: bool,
    /// It belongs to the find: its position is to be counted, and beyond the last hit it goes on at the first.
    pub(crate) is_find: bool,
    /// It went on at the other end of the data already.
    pub(crate) has_wrapped: bool,
    pub(crate) progress: Option<Progress>,
}

/// The explorer.
#[derive(Debug, Clone)]
pub struct State {
    pub(crate) title: String,
    pub(crate) now: Timestamp,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) has_catalog: bool,
    pub(crate) session: Session,
    pub(crate) timeline: Timeline,
    pub(crate) clock: Clock,
    /// Of local times, where the case names none.
    pub(crate) usual_zone: Tz,
    pub(crate) panels: Panels,
    pub(crate) list: EventList,
    pub(crate) lanes: Lanes,
    pub(crate) side: Side,
    pub(crate) patterns: Patterns,
    pub(crate) facets: FacetPane,
    pub(crate) shapes: Shapes,
    pub(crate) trace: TracePane,
    pub(crate) compared: Compared,
    pub(crate) jobs: Jobs,
    pub(crate) layout: Layout,
    pub(crate) looks: Looks,
    pub(crate) pointer: Pointer,
    pub(crate) keymap: Keymap,
    pub(crate) focus: Focus,
    /// The last pane but the side pane: what the detail is about.
    pub(crate) subject: Focus,
    pub(crate) zoomed: Option<Zoomed>,
    pub(crate) overlays: Vec<Overlay>,
    /// Keys of an unfinished sequence.
    pub(crate) pending: Vec<KeyPress>,
    pub(crate) history: History,
    pub(crate) last_shown: Option<LastShown>,
    /// Lines of the command line, of this session and those before.
    pub(crate) commands: Typed,
    /// Filters that were typed for this case.
    pub(crate) filters_typed: Typed,
    pub(crate) macros: Macros,
    /// A place of before that waits for the data.
    pub(crate) resumed: Option<Resumed>,
    pub(crate) notice: Option<Notice>,
    pub(crate) said: Said,
    pub(crate) progress: Option<LoadProgress>,
    /// The last lines of logs that are not read to their end.
    pub(crate) preview: Preview,
    /// `Some` while a curtain hides what comes after the cursor.
    pub(crate) replay: Option<Box<Replay>>,
    /// `Some` while growing sources are followed.
    pub(crate) follow: Option<Following>,
    /// The selected event with all its fields.
    pub(crate) detail: Option<Box<Event>>,
    pub(crate) seek: Option<Seek>,
    /// What filters and finds may name, once somebody types one.
    pub(crate) words: Option<Arc<Words>>,
    /// Series names of a freeze under way, to see that the right ones come back.
    pub(crate) freezing: Vec<Option<String>>,
    pub(crate) debt: Debt,
    /// What is known of the zones of sources beside the case.
    pub(crate) zones: super::update::zone_view::Zones,
    pub(crate) standings: Standings,
    pub(crate) tour: Tour,
    /// Rises with every answer, so that views know when to be made again.
    pub(crate) data_revision: u64,
    pub(crate) prepared: Option<PreparedFor>,
}

/// What the views were last made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PreparedFor {
    pub(crate) visible: TimeRange,
    pub(crate) columns: NonZeroUsize,
    pub(crate) data_revision: u64,
    pub(crate) case_revision: u64,
    pub(crate) catalog_version: u64,
    pub(crate) style: Style,
    pub(crate) zone: Tz,
    pub(crate) t0: Option<Timestamp>,
}

impl State {
    /// The first screen, before anything is loaded.
    pub fn new(setup: Setup) -> Self {
        let zones_at_open = setup.case.meta.zones.clone();
        let zone = setup.case.meta.time_zone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC);
        let shape = Shape {
            n_panels: 0,
            tall_panels: Vec::new(),
            selected_panel: 0,
            has_alerts: false,
            has_hits: false,
            is_side_focused: false,
            zoomed: None,
            screen: setup.case.meta.screen.clone(),
        };
        let layout = layout::compute(setup.size, &shape);
        let columns = NonZeroUsize::new(usize::from(layout.lanes_width)).unwrap_or(NonZeroUsize::MIN);
        let mut state = Self {
            title: setup.title,
            now: setup.now,
            catalog: Arc::default(),
            has_catalog: false,
            session: Session::new(setup.case, setup.place, setup.author, setup.id_seed),
            timeline: Timeline::new(columns),
            clock: Clock { zone, style: Style::Utc, t0: None },
            usual_zone: Tz::UTC,
            panels: Panels::default(),
            list: EventList::new(),
            lanes: Lanes::default(),
            side: Side::default(),
            patterns: Patterns::default(),
            facets: FacetPane::default(),
            shapes: Shapes::default(),
            trace: TracePane::default(),
            compared: Compared::default(),
            jobs: Jobs::default(),
            layout,
            looks: Looks::default(),
            pointer: Pointer::default(),
            keymap: Keymap::standard(),
            focus: Focus::Panels,
            subject: Focus::List,
            zoomed: None,
            overlays: Vec::new(),
            pending: Vec::new(),
            history: History::default(),
            last_shown: None,
            commands: Typed::default(),
            filters_typed: Typed::default(),
            macros: Macros::default(),
            resumed: None,
            notice: None,
            said: Said::default(),
            progress: None,
            replay: None,
            follow: None,
            preview: Preview::default(),
            detail: None,
            seek: None,
            words: None,
            freezing: Vec::new(),
            debt: Debt::default(),
            zones: super::update::zone_view::Zones { at_open: zones_at_open, proposed: Vec::new() },
            standings: Standings::default(),
            tour: Tour::default(),
            data_revision: 0,
            prepared: None,
        };
        super::update::read_filters(&mut state);
        super::update::settle_view(&mut state);
        state
    }

    /// The moment under the cursor.
    pub fn cursor(&self) -> Timestamp {
        self.timeline.cursor
    }

    /// What the lanes show.
    pub fn visible(&self) -> TimeRange {
        self.timeline.visible
    }

    /// The selected range, if there is one.
    pub fn selection(&self) -> Option<TimeRange> {
        self.timeline.selection()
    }

    /// The case as it is now.
    pub fn case(&self) -> &CaseDoc {
        &self.session.doc
    }

    /// The event that is selected in the list.
    pub fn selected_event(&self) -> Option<EventRef> {
        self.list.selected().map(|row| row.id)
    }

    /// How it is shown.
    pub fn looks(&self) -> Looks {
        self.looks
    }

    /// Begins with lines of text instead of the screen.
    pub fn start_plain(&mut self) {
        self.looks.plain = super::looks::Switch::On;
    }

    /// The case is not there yet, and flags say how its sources are read: that is kept with the first edit, or when the
    /// user saves; says so.
    pub fn begin_with_reading(&mut self) {
        self.session.has_unkept_reading = true;
        let key = self.keymap.key_of(super::Action::Save);
        self.say(format!("how the flags say that sources are read counts for now; case.toml keeps it with your first note, or with {key}"));
    }

    /// Whether questions are under way.
    pub fn is_waiting(&self) -> bool {
        self.jobs.is_any_waiting()
    }

    /// Whether everything is read.
    pub fn is_read(&self) -> bool {
        self.has_catalog && self.catalog.is_complete
    }

    /// Why the commands of a file or of `Message::Command` ended early.
    pub fn script_failure(&self) -> Option<&str> {
        self.macros.failure.as_deref()
    }

    /// The word to the user that is on screen.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|notice| notice.text.as_str())
    }

    /// T+0: the anchor of the case, else the trigger marker.
    pub(crate) fn t0(&self) -> Option<Timestamp> {
        self.session.doc.meta.t0.as_ref().map(|anchor| anchor.at).or_else(|| self.session.doc.marker(MarkerName::Trigger))
    }

    /// What is normal, by the rule of [`baseline::range`].
    pub(crate) fn baseline(&self) -> Option<TimeRange> {
        self.timeline.extent?;
        let marker = |name| self.session.doc.marker(name);
        let signs = [self.t0(), marker(MarkerName::Trigger), marker(MarkerName::ImpactStart)];
        baseline::of(&self.catalog, signs.into_iter().flatten()).filter(|range| !range.is_empty())
    }

    /// Names of all panes and layers that there are: whoever draws or tests them must not forget one.
    pub fn every_place() -> Vec<&'static str> {
        let panes = ["changes", "panels", "events"];
        panes.into_iter().chain(Tab::ALL.map(Tab::name)).chain(super::overlay::LAYERS.iter().copied()).collect()
    }

    /// Those of them that have the keys now, from the pane to the uppermost layer.
    pub fn places(&self) -> Vec<&'static str> {
        let pane = match self.focus {
            Focus::Changes => "changes",
            Focus::Panels => "panels",
            Focus::List => "events",
            Focus::Side => self.side.tab.name(),
        };
        std::iter::once(pane).chain(self.overlays.iter().map(Overlay::kind)).collect()
    }

    /// Where keys are looked up now.
    pub(crate) fn context(&self) -> Context {
        match self.overlays.last() {
            None => Context::Main,
            Some(Overlay::Editor(_) | Overlay::Form(_)) => Context::Editing,
            Some(Overlay::Confirm(_)) => Context::Asking,
            Some(_) => Context::Typing,
        }
    }

    /// Says something good or neutral.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.tell(text.into(), false);
    }

    /// Says that something did not work.
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.tell(text.into(), true);
    }

    fn tell(&mut self, text: String, is_bad: bool) {
        self.said.keep(&text, is_bad);
        self.notice = Some(Notice { text, is_bad, until: self.now.plus_ns(NOTICE_NS) });
    }

    /// Whether the screen says something else at this time than it does now, if nothing happens until then.
    pub fn shows_time(&self, at: Timestamp) -> bool {
        self.is_playing()
            || self.notice.as_ref().is_some_and(|notice| notice.until <= at)
            || self.follow.is_some_and(|following| following.words(at) != following.words(self.now))
    }

    /// Rows that the event list has for events.
    pub(crate) fn list_height(&self) -> usize {
        let height = usize::from(self.layout.list.height);
        height.saturating_sub(self.preview.n_rows(height) + usize::from(self.list.shape.has_header))
    }

    /// The shape that the layout depends on.
    pub(crate) fn shape(&self) -> Shape {
        Shape {
            n_panels: self.panels.all.len(),
            tall_panels: self.panels.tall(),
            selected_panel: self.panels.selected,
            // In a replay the lane must not come with the first alert: nothing else on the screen may move then.
            has_alerts: self.has_curtain() || !self.catalog.alerts.is_empty(),
            has_hits: self.list.find.is_some(),
            is_side_focused: self.focus == Focus::Side,
            zoomed: self.zoomed,
            screen: self.session.doc.meta.screen.clone(),
        }
    }
}
