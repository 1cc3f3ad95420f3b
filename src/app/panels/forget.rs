//! What panels forget when the past becomes shorter: a play head went back behind the curtain.

use super::{Panel, Panels};
use crate::app::heat::Heat;
use crate::model::known::cut_columns;
use crate::model::{Timestamp, text};

impl Panels {
    /// Forgets what is known from a moment on.
    pub(crate) fn forget_from(&mut self, until: Timestamp) {
        self.all.iter_mut().for_each(|panel| panel.forget_from(until));
    }
}

impl Panel {
    fn forget_from(&mut self, until: Timestamp) {
        for columns in [&mut self.columns, &mut self.ghost_columns].into_iter().flatten() {
            cut_columns(columns, until);
        }
        self.parts.forget_from(until);
        self.heat = Heat::default();
        if let Some(stats) = &mut self.stats {
            stats.peak = stats.peak.filter(|(at, _)| *at < until);
            stats.crossing = stats.crossing.filter(|crossing| crossing.at < until);
            stats.last = None;
        }
        if self.value.as_ref().is_some_and(|value| value.sample_time >= until) {
            (self.value, self.state, self.has_value_answer) = (None, None, false);
        }
    }

    /// `over 1 000`, `under 99.9 %`; empty without a limit.
    pub(crate) fn limit_sentence(&self) -> String {
        let Some(line) = &self.threshold else { return String::new() };
        format!("{} {}", if line.above_is_bad { "over" } else { "under" }, text::value(line.value, self.unit))
    }
}
