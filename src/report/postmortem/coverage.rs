//! Which causes are answered by which sort of action: the holes of a plan at one glance.

use super::{ActionRow, Step};
use crate::model::case::{CauseStatus, CauseType};

/// Sorts of actions in the order of the table.
pub const ACTION_TYPES: [&str; 5] = ["prevent", "mitigate", "detect", "process", "document"];

/// Causes against sorts of actions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Label of a cause and, for each sort of action, the labels of its actions.
    pub rows: Vec<(String, Vec<Vec<String>>)>,
    /// Sorts of which there is no action at all.
    pub absent: Vec<String>,
    /// Causes without any action; effects are not causes to act on.
    pub open: Vec<String>,
}

pub(super) fn gather(chain: &[Step], actions: &[ActionRow]) -> Coverage {
    let is_type =
        |action: &ActionRow, wanted: &str| action.action_type.as_deref().is_some_and(|have| have.trim().eq_ignore_ascii_case(wanted));
    let shown = chain.iter().filter(|step| step.status != CauseStatus::Refuted);
    let answers = |step: &Step, wanted: &str| -> Vec<String> {
        actions
            .iter()
            .filter(|action| action.causes.contains(&step.label) && is_type(action, wanted))
            .map(|action| action.label.clone())
            .collect()
    };
    let rows: Vec<(String, Vec<Vec<String>>)> =
        shown.clone().map(|step| (step.label.clone(), ACTION_TYPES.iter().map(|wanted| answers(step, wanted)).collect())).collect();
    let absent =
        ACTION_TYPES.iter().filter(|wanted| !actions.iter().any(|action| is_type(action, wanted))).map(|&wanted| wanted.to_owned());
    let open =
        shown.filter(|step| step.cause_type != CauseType::Effect && !actions.iter().any(|action| action.causes.contains(&step.label)));
    Coverage { rows, absent: absent.collect(), open: open.map(|step| step.label.clone()).collect() }
}
