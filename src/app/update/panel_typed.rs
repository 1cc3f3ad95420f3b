//! What is typed for a panel: the earlier window of its ghost, and its limit.

use crate::app::message::Effect;
use crate::app::panels::Panel;
use crate::app::prompt::PromptKind;
use crate::app::state::State;
use crate::model::case::Earlier;
use crate::model::when::parse_duration;
use crate::model::{Unit, text};

use super::panel_edit::case_changed;
use super::panel_view::{change, selected};

/// A limit as it was typed.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Typed {
    value: f64,
    /// Lesser values are bad.
    is_floor: bool,
}

/// What the text would do, for the prompt.
pub(super) fn preview(state: &State, kind: PromptKind, typed: &str) -> Option<Result<String, String>> {
    let typed = typed.trim();
    let panel = state.panels.selected()?;
    if typed.is_empty() {
        return None;
    }
    Some(match kind {
        PromptKind::Ghost => match typed {
            "off" => Ok("no ghost".to_owned()),
            "baseline" => Ok("the baseline from T+0 on".to_owned()),
            _ => earlier(state, typed).map(ghost_words),
        },
        _ if typed == "off" => Ok("no limit but those of rules".to_owned()),
        _ => read_limit(typed, panel.unit).map(|limit| limit_words(panel, limit)),
    })
}

pub(super) fn ghost_words(earlier: Earlier) -> String {
    match earlier {
        Earlier::Shifted(_) => format!("∘ is what was {} earlier", earlier.text().trim_start_matches('-')),
        Earlier::BeforeT0(_) => format!("∘ is the {} before T+0, from T+0 on", earlier.text().trim_start_matches("T-")),
    }
}

fn limit_words(panel: &Panel, limit: Typed) -> String {
    let way = if limit.is_floor { "less" } else { "more" };
    format!("{way} than {} is beyond the limit", text::value(limit.value, panel.unit))
}

fn earlier(state: &State, typed: &str) -> Result<Earlier, String> {
    let earlier = Earlier::parse(typed).ok_or_else(|| format!("{typed:?} is no earlier window; known forms: -1h, T-10m, baseline, off"))?;
    if matches!(earlier, Earlier::BeforeT0(_)) && state.t0().is_none() {
        return Err("T+0 is not set: t 0 sets it at the cursor".to_owned());
    }
    Ok(earlier)
}

/// The ghost of the selected panel: an earlier window, `baseline`, or `off`.
pub(super) fn ghost(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let window = match typed.trim() {
        "off" | "baseline" => None,
        typed => Some(earlier(state, typed)?),
    };
    let Some(series) = selected(state) else { return Ok(Vec::new()) };
    let is_off = typed.trim() == "off";
    let words = match window {
        Some(window) => ghost_words(window),
        None if is_off => "no ghost".to_owned(),
        None => "∘ is the baseline, laid over what came after it".to_owned(),
    };
    Ok(change(state, "ghost", &words, |view| {
        if is_off {
            view.ghost.remove(&series);
        } else {
            view.ghost.insert(series.clone());
        }
        match window {
            Some(window) => drop(view.earlier.insert(series, window)),
            None => drop(view.earlier.remove(&series)),
        }
    }))
}

/// The limit of the selected panel, or `off`.
pub(super) fn limit(state: &mut State, typed: &str) -> Result<Vec<Effect>, String> {
    let Some(panel) = state.panels.selected() else {
        state.say("no panel selected: P adds panels");
        return Ok(Vec::new());
    };
    let series = panel.reference.series.clone();
    let limit = if typed.trim() == "off" { None } else { Some(read_limit(typed, panel.unit)?) };
    let words = limit.map_or_else(|| "no limit but those of rules".to_owned(), |limit| limit_words(panel, limit));
    let edit = state.session.change_meta(|meta| {
        meta.view.floors.remove(&series);
        match limit {
            Some(limit) => {
                if limit.is_floor {
                    meta.view.floors.insert(series.clone());
                }
                meta.thresholds.insert(series, limit.value);
            }
            None => drop(meta.thresholds.remove(&series)),
        }
    });
    let Some(edit) = edit else {
        state.say("the limit is that already");
        return Ok(Vec::new());
    };
    let effects = state.session.commit("limit", vec![edit]);
    case_changed(state);
    state.say(words);
    Ok(effects)
}

/// A number with an optional unit, in the base unit of the panel: `1.5s`, `5%`, `64MiB`, `10k`; `<` before a floor.
fn read_limit(typed: &str, unit: Unit) -> Result<Typed, String> {
    let refuse = || format!("{typed:?} is no limit; known forms: 1000, 10k, 1.5s, 250ms, 5%, 64MiB, <99.9%");
    let text = typed.trim();
    let (is_floor, text) = match text.strip_prefix('<') {
        Some(rest) => (true, rest),
        None => (false, text.trim_start_matches(['>', '≥'])),
    };
    let text = text.trim().trim_end_matches("/s").trim_end();
    let found = |value: f64| value.is_finite().then_some(Typed { value, is_floor }).ok_or_else(refuse);
    if let Ok(value) = text.parse::<f64>() {
        return found(value);
    }
    if let Some(percent) = text.strip_suffix('%') {
        // The text is scaled, not the number: 99.9 % is 0.999 exactly.
        let scale = if unit == Unit::Ratio { "e-2" } else { "" };
        return found(format!("{}{scale}", percent.trim()).parse().map_err(|_| refuse())?);
    }
    if let (Unit::Seconds, Ok(ns)) = (unit, parse_duration(text)) {
        return found(ns as f64 / 1e9);
    }
    let at = text.find(|c: char| c.is_alphabetic()).ok_or_else(refuse)?;
    let (number, prefix) = (text[..at].trim(), text[at..].trim_end_matches("bytes").trim_end_matches(['B', 'b']).trim());
    let number: f64 = number.parse().map_err(|_| refuse())?;
    let factor = match prefix {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return Err(refuse()),
    };
    found(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_in_the_unit_of_its_panel() {
        let read = |typed: &str, unit| read_limit(typed, unit).map(|limit| (limit.value, limit.is_floor)).ok();
        assert_eq!(read("1.5s", Unit::Seconds), Some((1.5, false)));
        assert_eq!(read("> 250ms", Unit::Seconds), Some((0.25, false)));
        assert_eq!(read("<99.9%", Unit::Ratio), Some((0.999, true)));
        assert_eq!(read("5%", Unit::None), Some((5.0, false)));
        assert_eq!(read("64MiB", Unit::Bytes), Some((67_108_864.0, false)));
        assert_eq!(read("10k/s", Unit::PerSecond), Some((10_000.0, false)));
        assert_eq!(read("1e3", Unit::None), Some((1000.0, false)));
        for wrong in ["soon", "nan", "%", "1 parsec", ""] {
            assert_eq!(read(wrong, Unit::Seconds), None, "{wrong}");
        }
    }
}
