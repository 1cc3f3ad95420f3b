//! The words beside a panel, made when its numbers change.

use super::Panel;
use crate::app::clock::Clock;
use crate::model::series::ValueState;
use crate::model::text;

/// Words beside a panel, made when its numbers change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PanelTexts {
    /// Value at the cursor: `≥15.9 s`, `NaN`, `stale`, `absent`.
    pub(crate) value: String,
    /// `×407`, empty without a baseline.
    pub(crate) ratio: String,
    /// `peak 2 718`.
    pub(crate) peak: String,
    /// When the peak was reached.
    pub(crate) peak_at: String,
    /// `base 33`.
    pub(crate) baseline: String,
    /// `limit 1 000`, once it was crossed `>1 000 03:22:50`.
    pub(crate) threshold: String,
    /// `>1 000`, or `limit 1 000`: without its moment.
    pub(crate) limit: String,
    /// `over 1 000 first at 03:22:50`, empty while the limit holds.
    pub(crate) crossing: String,
    pub(crate) axis_top: String,
    pub(crate) axis_bottom: String,
}

impl Panel {
    /// All of them.
    pub(super) fn words(&self, clock: &Clock) -> PanelTexts {
        let baseline = self.stats.and_then(|stats| stats.baseline);
        let value = match &self.value {
            Some(value) => self.print(value.value),
            None if self.has_value_answer => self.state.unwrap_or(ValueState::Absent).name().to_owned(),
            None if self.id.is_none() => "no data".into(),
            None => String::new(),
        };
        let peak = self.stats.and_then(|stats| stats.peak);
        let [threshold, limit, crossing] = self.limit_words(clock);
        PanelTexts {
            value,
            ratio: self.value.as_ref().zip(baseline).map(|(value, base)| ratio(value.value, base)).unwrap_or_default(),
            peak: peak.map(|(_, peak)| format!("peak {}", self.print(peak))).unwrap_or_default(),
            peak_at: peak.map(|(at, _)| clock.short(at)).unwrap_or_default(),
            baseline: baseline.map(|base| format!("base {}", self.print(base))).unwrap_or_default(),
            threshold,
            limit,
            crossing,
            axis_top: text::value(self.axis.1, self.unit),
            axis_bottom: text::value(self.axis.0, self.unit),
        }
    }

    /// The limit and when it was first crossed, the limit alone, and both in words.
    fn limit_words(&self, clock: &Clock) -> [String; 3] {
        let Some(line) = &self.threshold else { return Default::default() };
        let limit = text::value(line.value, self.unit);
        let Some(crossing) = self.stats.and_then(|stats| stats.crossing) else {
            let words = format!("limit {limit}");
            return [words.clone(), words, String::new()];
        };
        let (sign, word) = if line.above_is_bad { ('>', "over") } else { ('<', "under") };
        let at = clock.short(crossing.at);
        let since = if crossing.is_at_start { "at the start already," } else { "first at" };
        [format!("{sign}{limit} {at}"), format!("{sign}{limit}"), format!("{word} {limit} {since} {at}")]
    }
}

/// `×407`, `×1.2`, `×0.04`; empty when the baseline is 0 or either is no number.
pub(super) fn ratio(value: f64, baseline: f64) -> String {
    let ratio = value / baseline;
    if !ratio.is_finite() || baseline <= 0.0 {
        return String::new();
    }
    match ratio.abs() {
        r if r >= 9.95 => format!("×{}", text::grouped(r.round() as u64)),
        r if r >= 0.995 => format!("×{ratio:.1}"),
        _ => format!("×{ratio:.2}"),
    }
}
