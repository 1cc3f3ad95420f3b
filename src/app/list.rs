//! The event list: a window of rows around the cursor, asked for in pages, and the filters.
//!
//! Rows are made harmless for the screen when they arrive. The list never holds "all": a page before and a page
//! after its centre; when the selection comes near an end, the centre moves there and both are asked again.

use std::fmt::Write as _;

use crate::model::query::PageStart;
use crate::model::text;
use crate::model::{Event, EventFilter, EventPage, EventQuery, EventRef, Level, Timestamp};

use super::chips::{self, Chip};
use super::find::Find;
use super::message::Progress;

pub(crate) mod rows;

/// Rows in each direction of one page: several screens, one short answer.
const PAGE: usize = 200;
/// When fewer rows than this are left towards an end, the centre moves.
const MARGIN: usize = 60;
/// Longest message kept for a row; the detail pane shows the rest.
const MESSAGE_CHARS: usize = 400;

/// One event as a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventRow {
    pub(crate) id: EventRef,
    pub(crate) time: Option<Timestamp>,
    pub(crate) level: Level,
    pub(crate) service: String,
    pub(crate) message: String,
    /// Bytes of it before the fields that stand at its end.
    pub(crate) n_before_fields: usize,
    /// Further fields of a structured record, `name=value`, as many as a row can show.
    pub(crate) fields: String,
    pub(crate) trace_id: Option<String>,
    /// The record as in the source, for copying.
    pub(crate) raw: String,
    /// Path of its source.
    pub(crate) source: String,
    /// Its line there, from 1.
    pub(crate) line: String,
    /// Lines of the record.
    pub(crate) n_lines: u32,
    /// The message with all its lines, as in the source.
    pub(crate) whole_message: String,
    /// All fields, as in the source.
    pub(crate) pairs: Vec<(String, String)>,
}

impl EventRow {
    pub(crate) fn new(event: &Event) -> Self {
        let line: String = event.message.chars().take(MESSAGE_CHARS).collect();
        let (n_before, told) = rows::fields_at_end(&event.message, &event.fields, event.trace_id.as_deref());
        let others: Vec<_> = event.fields.iter().filter(|(name, _)| !told.contains(&name.as_str())).collect();
        let before = line.get(..n_before).unwrap_or(&line);
        Self {
            id: event.id,
            time: event.time,
            level: event.level,
            service: text::printable(event.service.as_deref().unwrap_or_default()).into_owned(),
            message: text::printable(line.trim_end()).into_owned(),
            n_before_fields: text::printable(before.trim_end()).len(),
            fields: fields_words(&others, VALUE_CHARS),
            trace_id: event.trace_id.clone(),
            raw: event.raw.clone(),
            source: event.source.clone(),
            line: event.line.to_string(),
            n_lines: event.n_lines,
            whole_message: event.message.clone(),
            pairs: event.fields.clone(),
        }
    }
}

/// Longest value of a field in a row that is cut.
const VALUE_CHARS: usize = 100;

/// `status=503 latency_ms=12`: what tells structured records with the same message apart. With a limit of characters for
/// each value the fields together are limited too.
fn fields_words(fields: &[&(String, String)], most_chars: usize) -> String {
    /// Values of several words tell most, so they come first; longer ones without a blank are ids and paths as a rule
    /// and come last.
    const SHORT_CHARS: usize = 12;
    let mut out = String::new();
    let rank = |value: &str| match value {
        words if words.contains(' ') => 0,
        short if short.chars().count() <= SHORT_CHARS => 1,
        _ => 2,
    };
    let mut ranked: Vec<&(String, String)> = fields.to_vec();
    ranked.sort_by_key(|field| rank(&field.1));
    for (name, value) in ranked {
        if most_chars == VALUE_CHARS && out.len() > MESSAGE_CHARS / 2 {
            break;
        }
        let value: String = value.chars().take(most_chars).collect();
        let _ = write!(out, "{}{name}={value}", if out.is_empty() { "" } else { " " });
    }
    text::printable(&out).into_owned()
}

/// Where the pages meet.
#[derive(Debug, Clone, PartialEq)]
enum Centre {
    Time(Timestamp),
    Event(Box<EventRow>),
    /// Nowhere: records without a time are listed, from this position on.
    Unplaced(u64),
}

/// The list.
#[derive(Debug, Clone)]
pub(crate) struct EventList {
    pub(crate) rows: Vec<EventRow>,
    pub(crate) selected: Option<usize>,
    /// First row that is drawn.
    pub(crate) top: usize,
    /// What stands in the rows.
    pub(crate) shape: rows::Shape,
    /// Columns by which long messages are moved to the left.
    pub(crate) pan: usize,
    /// Lines of the selected message that stand above the list, when it is wrapped and higher than that.
    pub(crate) skip: usize,
    /// The message that `skip` is about.
    skip_of: Option<EventRef>,
    /// What the chips that are on let pass.
    pub(crate) filter: EventFilter,
    pub(crate) chips: Vec<Chip>,
    pub(crate) find: Option<Find>,
    /// How many events pass the filter, and how far the count of them is.
    pub(crate) n_passing: Option<u64>,
    pub(crate) counting: Option<Progress>,
    /// The event that the user chose; the cursor lies on it.
    picked: Option<EventRef>,
    centre: Centre,
    pages: (Option<EventPage>, Option<EventPage>),
    has_more: (bool, bool),
    /// Where the range of rows begins that keys work on, with the time range.
    pub(crate) anchor: Option<EventRef>,
    /// The page that comes is entered at its end.
    is_entered_at_end: bool,
    pub(crate) is_answered: bool,
    /// The cursor stays at the end of data that grow: so does the selection.
    pub(crate) is_at_end: bool,
}

impl EventList {
    pub(crate) fn new() -> Self {
        Self {
            rows: Vec::new(),
            selected: None,
            top: 0,
            shape: rows::Shape::default(),
            pan: 0,
            skip: 0,
            skip_of: None,
            filter: EventFilter::default(),
            chips: Vec::new(),
            find: None,
            n_passing: None,
            counting: None,
            picked: None,
            centre: Centre::Time(Timestamp::MIN),
            pages: (None, None),
            has_more: (false, false),
            anchor: None,
            is_entered_at_end: false,
            is_answered: false,
            is_at_end: false,
        }
    }

    /// The event under the cursor: also the one that was just found, while the rows around it are on their way.
    pub(crate) fn selected(&self) -> Option<&EventRow> {
        self.coming().or_else(|| self.rows.get(self.selected?))
    }

    /// The chosen event while the rows are still those of another place.
    fn coming(&self) -> Option<&EventRow> {
        match &self.centre {
            Centre::Event(row) if self.picked == Some(row.id) && !self.rows.iter().any(|known| known.id == row.id) => Some(row),
            _ => None,
        }
    }

    /// The questions for the page before and the page after the centre.
    pub(crate) fn questions(&self) -> (Option<EventQuery>, EventQuery) {
        let (before, after) = match &self.centre {
            Centre::Time(at) => (Some(PageStart::Before(*at)), PageStart::AtOrAfter(*at)),
            Centre::Event(row) => (Some(PageStart::BeforeEvent(row.id)), PageStart::After(row.id)),
            Centre::Unplaced(from) => (None, PageStart::Unplaced(*from)),
        };
        let query = |start| EventQuery { filter: self.filter.clone(), range: None, start, limit: PAGE };
        (before.map(query), query(after))
    }

    pub(crate) fn take_before(&mut self, page: EventPage) {
        self.pages.0 = Some(page);
    }

    pub(crate) fn take_after(&mut self, page: EventPage) {
        self.pages.1 = Some(page);
    }

    /// Puts the two pages together once both are there, and again when one of them comes anew: while data grow, the
    /// answers of one round may lie on both sides of a change.
    pub(crate) fn assemble(&mut self, cursor: Timestamp) {
        let is_unplaced = self.is_unplaced();
        let (before, Some(after)) = (&self.pages.0, &self.pages.1) else { return };
        if before.is_none() && !is_unplaced {
            return;
        }
        self.has_more = (before.as_ref().is_some_and(|page| page.has_more), after.has_more);
        self.rows = before.iter().flat_map(|page| &page.events).map(EventRow::new).collect();
        if let Centre::Event(row) = &self.centre {
            self.rows.push((**row).clone());
        }
        self.rows.extend(after.events.iter().map(EventRow::new));
        self.is_answered = true;
        if is_unplaced {
            let last = self.rows.len().checked_sub(1);
            self.selected = if std::mem::take(&mut self.is_entered_at_end) { last } else { last.map(|_| 0) };
        } else {
            self.select_by_cursor(cursor);
        }
    }

    /// Forgets the pages: their questions changed.
    pub(crate) fn drop_pages(&mut self) {
        self.pages = (None, None);
    }

    /// Selects the chosen event if the cursor is still on it, else the first row at or after the cursor.
    fn select_by_cursor(&mut self, cursor: Timestamp) {
        let picked = self.picked.and_then(|id| self.rows.iter().position(|row| row.id == id && row.time == Some(cursor)));
        let at = self.rows.partition_point(|row| row.time.is_some_and(|time| time < cursor));
        let at = if self.is_at_end && !self.has_more.1 { usize::MAX } else { at };
        self.selected = picked.or_else(|| (!self.rows.is_empty()).then(|| at.min(self.rows.len() - 1)));
    }

    /// The cursor moved or rows came: select, and move the centre when the selection nears an end.
    pub(crate) fn follow(&mut self, cursor: Timestamp) {
        if self.is_unplaced() {
            return;
        }
        if !self.is_answered {
            self.move_centre(Centre::Time(cursor));
            return;
        }
        if self.coming().is_some_and(|row| row.time != Some(cursor)) {
            self.picked = None;
        }
        self.select_by_cursor(cursor);
        let Some(selected) = self.selected else {
            // Nothing passes around the old centre; elsewhere something may.
            if self.has_more.0 || self.has_more.1 {
                self.move_centre(Centre::Time(cursor));
            }
            return;
        };
        let is_near_start = self.has_more.0 && selected < MARGIN;
        let is_near_end = self.has_more.1 && selected + MARGIN >= self.rows.len();
        if !(is_near_start || is_near_end) {
            return;
        }
        let row = &self.rows[selected];
        let centre = if row.time == Some(cursor) { Centre::Event(Box::new(row.clone())) } else { Centre::Time(cursor) };
        self.move_centre(centre);
    }

    /// Pages around another centre are asked for; those around the old one do not go with them.
    fn move_centre(&mut self, centre: Centre) {
        if self.centre != centre {
            self.centre = centre;
            self.drop_pages();
        }
    }

    /// Moves the selection; tells the time of the new row.
    pub(crate) fn step(&mut self, rows: isize) -> Option<Timestamp> {
        let last = self.rows.len().checked_sub(1)?;
        let from = self.selected.unwrap_or(0);
        if let Centre::Unplaced(first) = self.centre {
            if !self.is_answered {
                return None;
            }
            if rows > 0 && from == last && self.has_more.1 {
                self.turn_page(first + self.rows.len() as u64);
                return None;
            }
            if rows < 0 && from == 0 && first > 0 {
                self.turn_page(first.saturating_sub(PAGE as u64));
                self.is_entered_at_end = true;
                return None;
            }
        }
        self.pick(from.saturating_add_signed(rows).min(last))
    }

    /// Asks for the records without a time from another position on.
    fn turn_page(&mut self, from: u64) {
        self.centre = Centre::Unplaced(from);
        self.is_answered = false;
        self.drop_pages();
    }

    /// Position of the selected record among those without a time, from 1.
    pub(crate) fn unplaced_position(&self) -> Option<u64> {
        match self.centre {
            Centre::Unplaced(first) if self.is_answered => Some(first + self.selected? as u64 + 1),
            _ => None,
        }
    }

    /// The rows between the anchor and the selected one; `None` without an anchor that is still among the rows.
    pub(crate) fn range(&self) -> Option<(usize, usize)> {
        let (anchor, selected) = (self.anchor?, self.selected?);
        let at = self.rows.iter().position(|row| row.id == anchor)?;
        Some((at.min(selected), at.max(selected)))
    }

    fn pick(&mut self, index: usize) -> Option<Timestamp> {
        let row = self.rows.get(index)?;
        self.picked = Some(row.id);
        self.selected = Some(index);
        row.time
    }

    /// The cursor goes to this event.
    pub(crate) fn choose(&mut self, row: EventRow) {
        self.picked = Some(row.id);
        if !self.rows.iter().any(|known| known.id == row.id) {
            self.move_centre(Centre::Event(Box::new(row)));
        }
    }

    /// Whether records without a time are listed.
    pub(crate) fn is_unplaced(&self) -> bool {
        matches!(self.centre, Centre::Unplaced(_))
    }

    /// Lists the records without a time, or those around the cursor again.
    pub(crate) fn toggle_unplaced(&mut self, cursor: Timestamp) {
        self.centre = if self.is_unplaced() { Centre::Time(cursor) } else { Centre::Unplaced(0) };
        self.rows.clear();
        self.selected = None;
        self.is_answered = false;
        self.drop_pages();
    }

    /// The chosen event is no longer there: the rows are those around the cursor.
    pub(crate) fn lose_centre(&mut self, cursor: Timestamp) {
        if let Centre::Event(_) = self.centre {
            self.centre = Centre::Time(cursor);
            self.picked = None;
            self.drop_pages();
        }
    }

    /// The filter changed: everything is asked again around the cursor.
    pub(crate) fn refilter(&mut self, cursor: Timestamp) {
        self.centre = Centre::Time(cursor);
        (self.n_passing, self.counting) = (None, None);
        self.drop_pages();
    }

    /// Which row is selected, and whether it is known: tells whether a step did anything.
    pub(crate) fn place(&self) -> (Option<EventRef>, Option<usize>, bool) {
        (self.selected().map(|row| row.id), self.selected, self.is_answered)
    }

    /// Lines of a row in a list of this height.
    fn height_of(&self, row: usize, height: usize) -> usize {
        self.rows.get(row).map_or(1, |row| row.n_lines(&self.shape, height))
    }

    /// The same where rows have several lines. O(height).
    fn scroll_wrapped(&mut self, height: usize) {
        let selected = self.selected.unwrap_or(0).min(self.rows.len().saturating_sub(1));
        let id = self.rows.get(selected).map(|row| row.id);
        if self.skip_of != id {
            (self.skip, self.skip_of) = (0, id);
        }
        let mut room = height.saturating_sub(self.height_of(selected, height));
        let mut first = selected;
        while first > self.top.min(selected) && room > 0 {
            let above = self.height_of(first - 1, height);
            if above > room {
                break;
            }
            room -= above;
            first -= 1;
        }
        let is_in_sight = self.top <= selected && first <= self.top;
        if !is_in_sight {
            let mut third = (height / 3).min(height.saturating_sub(self.height_of(selected, height)));
            self.top = selected;
            while self.top > 0 {
                let above = self.height_of(self.top - 1, height);
                if above > third {
                    break;
                }
                third -= above;
                self.top -= 1;
            }
        }
    }

    /// Forgets what does not pass, for nothing from a moment on may be known any more.
    pub(crate) fn cut_rows(&mut self, is_known: &dyn Fn(&EventRow) -> bool, until: Timestamp) {
        self.rows.retain(is_known);
        self.selected = self.selected.filter(|_| !self.rows.is_empty()).map(|index| index.min(self.rows.len() - 1));
        if let Centre::Event(row) = &self.centre
            && !is_known(row)
        {
            self.centre = Centre::Time(until);
        }
        (self.picked, self.n_passing, self.counting) = (None, None, None);
        if let Some(find) = &mut self.find {
            (find.total, find.position) = (None, None);
        }
        self.drop_pages();
    }

    /// Keeps the selection inside the drawn rows.
    pub(crate) fn scroll(&mut self, height: usize) {
        if self.shape.is_wrapped {
            return self.scroll_wrapped(height.max(1));
        }
        let selected = self.selected.unwrap_or(0);
        let height = height.max(1);
        let third = height / 3;
        let last_top = self.rows.len().saturating_sub(height);
        // The selection keeps a third of the pane above it, so that what led to it is seen.
        self.top = if selected < self.top || selected >= self.top + height { selected.saturating_sub(third) } else { self.top };
        self.top = self.top.min(last_top);
    }

    /// The filter in words: `level>=warn service:order "pool"`; empty when everything passes.
    pub(crate) fn filter_words(&self) -> String {
        chips::words(&self.chips)
    }
}

/// Whether matching events are kept or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsNegated {
    Yes,
    No,
}

#[cfg(test)]
mod tests;
