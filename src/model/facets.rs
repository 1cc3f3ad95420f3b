//! Which values the events of a window have, and how many events each: the answer to "what is in here?".
//!
//! Levels, services, sources and patterns are counted in all events, fields in a stated sample where there are many.
//! What is not listed is counted too, so that nobody takes a list for all there is.

use super::event::Level;
use super::filter::{Comparison, Expr, FieldTest, Term, TextTest, Words};
use super::query::EventFilter;
use super::time::TimeRange;

/// Which events, and which part of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetQuery {
    /// Which events.
    pub filter: EventFilter,
    /// Over which time.
    pub range: TimeRange,
    /// What is counted.
    pub part: FacetPart,
    /// In how many of them.
    pub reach: FacetReach,
}

/// In how many events fields are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FacetReach {
    /// Above [`Facets::MOST_READ`] events in half as many or more of them, spread evenly over each source: the same ones every time.
    #[default]
    Sample,
    /// In all.
    All,
}

/// What is counted at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FacetPart {
    /// Level, service and source: from columns, a few ns an event.
    Columns,
    /// Message patterns and all fields of structured records: reads the text, some us an event.
    Fields,
}

/// What a value belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FacetKey {
    /// Severity.
    Level,
    /// Service.
    Service,
    /// Path of the source.
    Source,
    /// Message pattern; values are its number.
    Pattern,
    /// A field of structured records, by name.
    Field(String),
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// As filters have it.
    pub value: String,
    /// What it stands for, where the value does not say so itself.
    pub label: Option<String>,
    /// Events that have it.
    pub count: u64,
}

/// The values of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Of what.
    pub key: FacetKey,
    /// Events that have a value.
    pub n_events: u64,
    /// The most frequent values, at most [`Facets::MOST_LISTED`]; of a key with too many different ones none.
    pub values: Vec<FacetValue>,
    /// Different values; `None`: more than [`Facets::MOST_VALUES`].
    pub n_values: Option<u64>,
    /// Counted in a sample of so many events; `None`: in all.
    pub sample: Option<u64>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    /// Events of the window that pass.
    pub n_events: u64,
    /// Those of columns in their order; fields with few different values first.
    pub facets: Vec<Facet>,
}

impl Facets {
    /// Events whose text is read at most, about, unless all are asked for: some 0.3 s of one core.
    pub const MOST_READ: u64 = 100_000;
    /// Different values of a field from which on it names things one by one: bounds the memory of one question.
    pub const MOST_VALUES: usize = 1_000;
    /// Values of one key in an answer.
    pub const MOST_LISTED: usize = 40;
    /// Characters of the longest value that is one: longer ones are sentences.
    pub const LONGEST: usize = 120;
}

impl FacetKey {
    /// Name for people.
    pub fn name(&self) -> &str {
        match self {
            Self::Level => "level",
            Self::Service => "service",
            Self::Source => "source",
            Self::Pattern => "pattern",
            Self::Field(name) => name,
        }
    }

    /// The events with this value. Errors say why no filter asks for them.
    pub fn condition(&self, value: &str) -> Result<Expr, &'static str> {
        let is = || TextTest::Is(Words::Exact(value.to_owned()));
        let level = || Level::ALL.into_iter().find(|level| level.name() == value);
        Ok(Expr::Term(match self {
            Self::Level => Term::Level(Comparison::Eq, level().ok_or("this is no level")?),
            _ if value.is_empty() => return Err("no filter asks for events without a value"),
            Self::Service => Term::Service(is()),
            Self::Source => Term::File(is()),
            Self::Pattern => Term::Pattern(value.parse().map_err(|_| "these messages have no pattern")?),
            Self::Field(name) => Term::Field(name.clone(), FieldTest::Text(is())),
        }))
    }
}

impl Facet {
    /// The most frequent of these values; equals by name.
    pub fn of(key: FacetKey, mut values: Vec<FacetValue>) -> Self {
        values.retain(|value| value.count > 0);
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        let (n_values, n_events) = (values.len() as u64, values.iter().map(|value| value.count).sum());
        values.truncate(Facets::MOST_LISTED);
        Self { key, n_events, values, n_values: Some(n_values), sample: None }
    }

    /// The events among which it was counted, of so many that pass.
    pub fn of_events(&self, n_events: u64) -> u64 {
        self.sample.unwrap_or(n_events)
    }

    /// Values that the answer does not list; `None`: too many to be counted.
    pub fn n_left_out(&self) -> Option<u64> {
        self.n_values.map(|n| n.saturating_sub(self.values.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_by_how_often_they_are_and_those_left_out_are_counted() {
        let value = |index: u64| FacetValue { value: format!("v{index:02}"), label: None, count: index / 2 };
        let facet = Facet::of(FacetKey::Service, (0..60).map(value).collect());
        assert_eq!((facet.values[0].value.as_str(), facet.values[1].value.as_str()), ("v58", "v59"));
        assert_eq!((facet.n_values, facet.n_left_out(), facet.values.len()), (Some(58), Some(18), 40));
    }

    #[test]
    fn each_value_is_a_condition_or_says_why_not() {
        let text = |key: FacetKey, value: &str| key.condition(value).map(|expr| expr.to_string());
        assert_eq!(text(FacetKey::Level, "warn").as_deref(), Ok("level:warn"));
        assert_eq!(text(FacetKey::Source, "logs/a b.log").as_deref(), Ok("file:\"logs/a b.log\""));
        assert_eq!(text(FacetKey::Field("status".into()), "5*").as_deref(), Ok("\"status\":\"5*\""));
        assert_eq!(text(FacetKey::Pattern, "17").as_deref(), Ok("pattern:17"));
        assert!(text(FacetKey::Service, "").is_err() && text(FacetKey::Pattern, "").is_err());
    }
}
