//! Which functions and stacks a profile is made of, added up while it is read; not where it lies in time.
//!
//! Flat is what a function holds itself, cumulative what runs (or waits) below it as well; a function that calls itself
//! counts once a stack. Only the heaviest are kept, so that a profile costs no more than its table.

use std::collections::HashMap;

use crate::model::{ProfileFunction, ProfileStack, ProfileTop};

/// Functions that are kept of a profile.
const MOST_FUNCTIONS: usize = 400;
/// Stacks that are kept of a profile.
const MOST_STACKS: usize = 8;
/// Frames of a stack that are kept, from the innermost.
const MOST_FRAMES: usize = 40;
/// Bytes of a name.
const MOST_NAME: usize = 300;

/// Adds up samples.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    functions: HashMap<&'a str, (f64, f64, usize)>,
    stacks: HashMap<Vec<&'a str>, f64>,
}

impl<'a> Tally<'a> {
    /// One sample: its value, and its functions from the innermost.
    pub(super) fn add(&mut self, value: f64, frames: &[&'a str]) {
        let Some(first) = frames.first().filter(|_| value != 0.0) else { return };
        self.functions.entry(first).or_insert((0.0, 0.0, 0)).0 += value;
        for (depth, name) in frames.iter().enumerate().take(MOST_FRAMES) {
            if !frames[..depth].contains(name) {
                self.functions.entry(name).or_insert((0.0, 0.0, depth)).1 += value;
            }
        }
        *self.stacks.entry(frames.iter().take(MOST_FRAMES).copied().collect()).or_default() += value;
    }

    /// The heaviest of both.
    pub(super) fn top(self) -> ProfileTop {
        let n_functions = self.functions.len() as u64;
        let mut functions: Vec<_> = self.functions.into_iter().collect();
        functions.sort_by(|a, b| b.1.1.total_cmp(&a.1.1).then(b.1.0.total_cmp(&a.1.0)).then((a.1.2, a.0).cmp(&(b.1.2, b.0))));
        functions.truncate(MOST_FUNCTIONS);
        let mut stacks: Vec<_> = self.stacks.into_iter().collect();
        stacks.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        stacks.truncate(MOST_STACKS);
        ProfileTop {
            n_functions,
            functions: functions.into_iter().map(|(name, (flat, cum, _))| ProfileFunction { name: cut(name), flat, cum }).collect(),
            stacks: stacks
                .into_iter()
                .map(|(frames, value)| ProfileStack { value, frames: frames.into_iter().map(cut).collect() })
                .collect(),
        }
    }
}

fn cut(name: &str) -> String {
    name.char_indices().nth(MOST_NAME).map_or_else(|| name.to_owned(), |(at, _)| format!("{}…", &name[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_calls_itself_counts_once_a_stack() {
        let mut tally = Tally::default();
        tally.add(2.0, &["wait", "walk", "walk", "main"]);
        tally.add(3.0, &["walk", "main"]);
        let top = tally.top();
        let of = |name: &str| top.functions.iter().find(|function| function.name == name).map(|f| (f.flat, f.cum));
        assert_eq!((of("main"), of("walk"), of("wait")), (Some((0.0, 5.0)), Some((3.0, 5.0)), Some((2.0, 2.0))));
        assert_eq!((top.stacks[0].value, top.stacks[0].frames.len(), top.n_functions), (3.0, 2, 3));
    }
}
