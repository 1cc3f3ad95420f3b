//! Lines drawn across panels: who states them, and what dashboards say of a series.

use crate::app::message::Limit;
use crate::model::record::squeezed;
use crate::model::{Catalog, DashboardPanel, SeriesMeta, text};

/// A line drawn across a panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    pub(crate) value: f64,
    pub(crate) above_is_bad: bool,
    /// Rule that states it, or `case`.
    pub(crate) name: String,
}

impl Threshold {
    /// What it says of a value.
    pub(crate) fn limit(&self) -> Limit {
        Limit { value: self.value, above_is_bad: self.above_is_bad }
    }
}

/// The alerting rule that speaks of this series: same expression, up to blanks and (for ratios and quantiles) grouping.
pub(super) fn rule_for(meta: &SeriesMeta, catalog: &Catalog) -> Option<Threshold> {
    let rule = catalog.rules.iter().find(|rule| rule.speaks_of(meta))?;
    let name = text::printable(&rule.name).into_owned();
    Some(Threshold { value: rule.value, above_is_bad: rule.above_is_bad, name })
}

/// Panels of dashboards that ask for this series: by the same expression, else by its name.
pub(crate) fn dashboards_of<'a>(meta: &'a SeriesMeta, catalog: &'a Catalog) -> impl Iterator<Item = &'a DashboardPanel> {
    let query = squeezed(meta.query.as_deref().unwrap_or(&meta.name));
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let asks = move |panel: &&DashboardPanel| {
        panel.expressions.iter().any(|expression| {
            squeezed(expression) == query || expression.split(|c| !is_name(c)).any(|word| word == meta.name && meta.query.is_none())
        })
    };
    catalog.dashboard_panels.iter().filter(asks)
}
