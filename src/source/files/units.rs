//! One unit for one latency key: logs of one format agree before any of them is read, and what stays a guess is told.

use super::load::Loader;
use crate::parse::log::LogPlan;

impl Loader<'_> {
    /// The plans of logs after they agreed on units.
    pub(super) fn with_units(&mut self, mut plans: Vec<(usize, LogPlan)>) -> Vec<(usize, LogPlan)> {
        LogPlan::agree(&mut plans.iter_mut().map(|(_, plan)| plan).collect::<Vec<_>>());
        for (index, plan) in &plans {
            if let Some(source) = self.sources.get_mut(*index) {
                source.guessed = plan.unit_remarks();
            }
        }
        plans
    }
}
