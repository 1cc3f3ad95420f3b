//! What a pinned profile shows: its heaviest functions, beside what they were before, and its heaviest stacks.
//!
//! Compared is the last profile of the same sort and the same instance that was taken before users were affected. Which of
//! the two matters is for people to say; the table is read from the source, so it is missing when the source is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::context::Context;
use super::evidence::profile_total;
use crate::model::case::MarkerName;
use crate::model::{ProfileFunction, ProfileMark, Timestamp};

/// Functions that are printed.
const MOST_FUNCTIONS: usize = 16;
/// Stacks that are printed.
const MOST_STACKS: usize = 3;
/// Frames of a stack that are printed.
const MOST_FRAMES: usize = 14;
/// A stack that holds less than this share says little.
const LEAST_SHARE: f64 = 0.05;

/// Pairs and the table; `None` where the source is gone or has no names.
pub(super) fn show(context: &mut Context, source: &str) -> Option<(Vec<(String, String)>, String)> {
    let catalog = context.catalog;
    let id = catalog.source_of(source)?.id;
    let mark = catalog.profiles.iter().find(|mark| mark.source == id).filter(|mark| !mark.top.functions.is_empty())?;
    let before = before(context, mark);
    let mut pairs = Vec::new();
    if let Some(other) = before {
        context.used_sources.insert(other.source);
        let when = other.time.map_or_else(String::new, |at| format!(", {}", context.moment(at)));
        let total = profile_total(other.total, &other.unit);
        pairs.push(("Compared with".to_owned(), format!("{}, total {total}{when}", context.path(other.source))));
    }
    Some((pairs, table(mark, before)))
}

/// The last profile of this sort and instance before users were affected, if this one is later.
fn before<'a>(context: &Context<'a>, mark: &ProfileMark) -> Option<&'a ProfileMark> {
    let at = mark.time?;
    let normal_until = [MarkerName::Trigger, MarkerName::ImpactStart].into_iter().filter_map(|name| context.moment_of(name));
    let normal_until: Timestamp = normal_until.map(|moment| moment.0).min().filter(|until| at > *until)?;
    let is_like = |other: &&ProfileMark| {
        other.source != mark.source && (&other.kind, &other.service, &other.unit) == (&mark.kind, &mark.service, &mark.unit)
    };
    let earlier = context.catalog.profiles.iter().filter(is_like).filter(|other| other.time.is_some_and(|time| time < normal_until));
    earlier.filter(|other| !other.top.functions.is_empty()).max_by_key(|other| (other.time, std::cmp::Reverse(context.path(other.source))))
}

/// Whether a function says something: the inner workings of a runtime stand below everything, so only what they hold themselves does.
fn is_telling(function: &ProfileFunction) -> bool {
    const INNER: [&str; 4] = ["runtime.", "internal/", "runtime/", "syscall."];
    function.flat != 0.0 || !INNER.iter().any(|start| function.name.starts_with(start))
}

/// Functions as `go tool pprof -top -cum` lists them, then stacks.
fn table(mark: &ProfileMark, before: Option<&ProfileMark>) -> String {
    let was: BTreeMap<&str, f64> =
        before.iter().flat_map(|other| &other.top.functions).map(|function| (function.name.as_str(), function.cum)).collect();
    // What a cut list does not name may still have been there.
    let is_cut = before.is_some_and(|other| other.top.n_functions > other.top.functions.len() as u64);
    let growth = |function: &ProfileFunction| function.cum - was.get(function.name.as_str()).copied().unwrap_or(0.0);
    let mut functions: Vec<&ProfileFunction> = mark.top.functions.iter().filter(|function| is_telling(function)).collect();
    if before.is_some() {
        functions.retain(|function| growth(function) > 0.0);
        functions.sort_by(|a, b| growth(b).total_cmp(&growth(a)));
    }
    functions.truncate(MOST_FUNCTIONS);
    let print = |value: f64| profile_total(value, &mark.unit);
    let mut rows = vec![["flat".to_owned(), "cumulative".into(), "before".into(), "function".into()]];
    for function in functions {
        let before = match was.get(function.name.as_str()) {
            Some(value) => print(*value),
            None if is_cut => "–".into(),
            None => print(0.0),
        };
        let share = if mark.total > 0.0 { format!(" ({:.0} %)", function.cum / mark.total * 100.0) } else { String::new() };
        rows.push([print(function.flat), format!("{}{share}", print(function.cum)), before, function.name.clone()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut out = String::new();
    for [flat, cum, was, name] in rows.iter().filter(|_| rows.len() > 1) {
        let _ = write!(out, "{flat:>0$}  {cum:>1$}  ", widths[0], widths[1]);
        if before.is_some() {
            let _ = write!(out, "{was:>0$}  ", widths[2]);
        }
        let _ = writeln!(out, "{name}");
    }
    for stack in mark.top.stacks.iter().filter(|stack| stack.value >= mark.total * LEAST_SHARE).take(MOST_STACKS) {
        let _ = writeln!(out, "\n{} of {} in this stack, the innermost first:", print(stack.value), print(mark.total));
        for frame in stack.frames.iter().take(MOST_FRAMES) {
            let _ = writeln!(out, "    {frame}");
        }
        if stack.frames.len() > MOST_FRAMES {
            let _ = writeln!(out, "    … {} more", stack.frames.len() - MOST_FRAMES);
        }
    }
    out.trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProfileStack, ProfileTop, SourceId};

    fn profile(total: f64, functions: &[(&str, f64, f64)]) -> ProfileMark {
        let functions: Vec<_> =
            functions.iter().map(|(name, flat, cum)| ProfileFunction { name: (*name).into(), flat: *flat, cum: *cum }).collect();
        let stacks = vec![ProfileStack { value: total, frames: vec!["park".into(), "wait".into()] }];
        let top = ProfileTop { n_functions: functions.len() as u64, functions, stacks };
        let (kind, unit) = ("goroutine".into(), "count".into());
        ProfileMark { time: None, kind, service: None, total, unit, n_samples: 1, duration_ns: None, top, source: SourceId::default() }
    }

    #[test]
    fn what_grew_the_most_since_the_calm_stands_first() {
        let calm = profile(30.0, &[("park", 30.0, 30.0), ("serve", 0.0, 28.0)]);
        let now = profile(2_000.0, &[("park", 2_000.0, 2_000.0), ("wait", 0.0, 1_960.0), ("serve", 0.0, 28.0)]);
        let told = table(&now, Some(&calm));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["flat", "cumulative", "before", "function"]);
        assert!(lines[1].ends_with("park") && lines[1].contains("2 000 (100 %)") && lines[2].ends_with("0  wait"), "{told}");
        assert!(!lines[..4].iter().any(|line| line.ends_with("serve")), "what did not grow is no news: {told}");
        assert!(told.contains("2 000 of 2 000 in this stack, the innermost first:\n    park\n    wait"), "{told}");
        assert!(!table(&now, None).contains("before"), "nothing to compare with");
    }
}
