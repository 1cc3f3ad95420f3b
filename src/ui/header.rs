//! First row: title, cursor, visible range, counts and badges.
//!
//! What does not fit is first said shorter, then left out, least important first.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::paint;
use super::theme::Theme;
use crate::app::State;
use crate::app::clock::Precision;
use crate::model::{ZoneCertainty, text};

struct Part {
    /// 0 stays longest.
    rank: u8,
    text: String,
    /// The same in fewer words; empty when there are none.
    short: String,
    style: Style,
    is_right: bool,
}

/// Draws it.
pub(super) fn draw(state: &State, theme: &Theme, buffer: &mut Buffer) {
    let width = buffer.area.width;
    let mut parts = parts(state, theme, width);
    let gap = 2;
    while parts.iter().map(|part| part.text.width() + gap).sum::<usize>().saturating_sub(gap) > usize::from(width) && parts.len() > 1 {
        let longest = (0..parts.len()).filter(|index| !parts[*index].short.is_empty()).max_by_key(|index| parts[*index].rank);
        if let Some(part) = longest.and_then(|index| parts.get_mut(index)) {
            part.text = std::mem::take(&mut part.short);
        } else {
            let worst = (0..parts.len()).max_by_key(|index| parts[*index].rank).unwrap_or(0);
            parts.remove(worst);
        }
    }
    let mut x = 0;
    for part in parts.iter().filter(|part| !part.is_right) {
        x += paint::put(buffer, x, 0, width - x, &theme.signs(&part.text), part.style) + gap as u16;
    }
    let mut right = width;
    for part in parts.iter().rev().filter(|part| part.is_right) {
        let text = theme.signs(&part.text);
        right = right.saturating_sub(text.width() as u16);
        paint::put(buffer, right, 0, width - right, &text, part.style);
        right = right.saturating_sub(gap as u16);
    }
}

fn parts(state: &State, theme: &Theme, width: u16) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut push = |rank, (text, short): (String, String), style, is_right| {
        if !text.is_empty() {
            parts.push(Part { rank, text, short, style, is_right });
        }
    };
    let always = |text: String| (text, String::new());
    let title = if state.session.doc.meta.title.is_empty() { &state.title } else { &state.session.doc.meta.title };
    let title = text::printable(title).into_owned();
    push(
        4,
        (cut(&title, if width < 100 { 20 } else { 40 }), if title.width() > 12 { cut(&title, 12) } else { String::new() }),
        theme.strong,
        false,
    );
    if let Some(replay) = &state.replay {
        push(0, super::replay::head(replay), theme.key, false);
        let (words, short) = super::replay::warnings(state);
        push(1, (words, short), theme.error, true);
    }
    let timeline = &state.timeline;
    if let Some(extent) = timeline.extent {
        let precision = Precision::for_column(timeline.column_ns());
        let time = format!("{} {}", state.clock.day_time(timeline.cursor, precision), state.clock.zone_label(timeline.cursor));
        push(0, (state.clock.date_time(timeline.cursor, precision), time), theme.time, false);
        let offset = state.clock.offset(timeline.cursor).unwrap_or_default();
        push(1, always(offset), theme.strong, false);
        let visible = timeline.visible;
        let length = text::whole_duration((visible.len_ns() / 1_000_000_000) as u64);
        let whole = if visible == extent { " all" } else { "" };
        let range = format!("{}─{} ({length}{whole})", state.clock.short(visible.start()), state.clock.short(visible.end()));
        push(6, (range, format!("({length}{whole})")), theme.dim, false);
        if let Some(dense) = state.catalog.dense.filter(|_| timeline.is_home() && !state.has_curtain()) {
            let n = paint::compact(dense.n_outside);
            push(3, (format!("{n} outside"), format!("+{n}")), theme.warn, false);
        }
    }
    let (n_read, n_guessed) = if state.has_curtain() { (state.n_events_known(), 0) } else { state.catalog.n_events_expected() };
    if n_read + n_guessed > 0 {
        let n = format!("{}{}", if n_guessed > 0 { "~" } else { "" }, paint::compact(n_read + n_guessed));
        push(3, (format!("{n} events"), format!("{n} ev")), theme.dim, true);
    }
    // Where the list is, its heading tells the filter.
    if !state.list.filter.is_empty() && state.layout.list.height == 0 {
        push(1, ("filtered".into(), "filt".into()), theme.key, true);
    }
    let n_problems = state.catalog.n_problems();
    if n_problems > 0 {
        let plural = if n_problems == 1 { "" } else { "s" };
        let n = paint::compact(n_problems);
        push(5, (format!("⚠ {n} problem{plural}"), format!("⚠{n}")), theme.warn, true);
    }
    if state.catalog.sources.iter().any(|source| source.zone.certainty == ZoneCertainty::Default) {
        push(2, always("UTC?".into()), theme.warn, true);
    }
    if let Some(words) = crate::app::update::clock_view::words(state) {
        push(2, words, theme.warn, true);
    }
    if let Some(following) = state.follow {
        push(1, (following.words(state.now), "FOLLOW".into()), theme.key, true);
    }
    push(2, loading(state), theme.key, true);
    parts
}

/// At most so many columns; what is cut ends in `…`.
fn cut(words: &str, width: usize) -> String {
    if words.width() <= width { words.to_owned() } else { format!("{}…", paint::cut(words, width - 1)) }
}

/// `reading logs/order.jsonl 34 % 1.2 GiB of 3.5 GiB 120 MiB/s 19s left`, while it goes on; shorter without the file.
fn loading(state: &State) -> (String, String) {
    let Some(progress) = &state.progress else {
        let is_open = !state.has_catalog || !state.catalog.is_complete;
        return (if is_open { "reading …".into() } else { String::new() }, String::new());
    };
    let (done, all) = progress.bytes;
    let share = done.saturating_mul(100).checked_div(all).map(|share| format!(" {share} %")).unwrap_or_default();
    let rate = text::value(progress.bytes_per_s as f64, crate::model::Unit::BytesPerSecond);
    let rate = if progress.bytes_per_s > 0 { format!(" {rate}") } else { String::new() };
    let left = progress.left_s.map(|secs| format!(" {} left", text::whole_duration(secs))).unwrap_or_default();
    let bytes = |n: u64| text::value(n as f64, crate::model::Unit::Bytes);
    let of = if all > 0 { format!(" {} of {}", bytes(done.min(all)), bytes(all)) } else { String::new() };
    let short = format!("reading{share}{rate}{left}");
    if progress.current.is_empty() {
        return (short, String::new());
    }
    let file = crate::app::side::fit(&text::printable(&progress.current), 24);
    (format!("reading {}{share}{of}{rate}{left}", file.trim_end()), short)
}
