//! Values of the invented events, and which of them pass a condition on one.

use std::collections::BTreeMap;

use coroner::model::facets::{Facet, FacetKey, FacetPart, FacetQuery, FacetValue, Facets};
use coroner::model::filter::{Comparison, Expr, FieldTest, Term, TextTest, Words};
use coroner::model::query::{EventFilter, TextPattern};
use coroner::model::{Event, TimeRange};

use super::Fake;
use super::patterns::pattern_of;

/// Whether an event passes a condition; those that no test uses let everything pass.
pub fn holds(expr: &Expr, event: &Event) -> bool {
    let is = |test: &TextTest, value: Option<&str>| match test {
        TextTest::Is(Words::Exact(wanted)) => value == Some(wanted),
        _ => true,
    };
    match expr {
        Expr::And(parts) => parts.iter().all(|part| holds(part, event)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, event)),
        Expr::Not(part) => !holds(part, event),
        Expr::Term(Term::Pattern(id)) => pattern_of(event) == *id,
        Expr::Term(Term::Level(Comparison::Eq, level)) => event.level == *level,
        Expr::Term(Term::Service(test)) => is(test, event.service.as_deref()),
        Expr::Term(Term::File(test)) => is(test, Some(&event.source)),
        Expr::Term(Term::Text(TextPattern::Literal(words))) => event.raw.contains(words.as_str()),
        Expr::Term(Term::Field(name, FieldTest::Text(test))) => {
            is(test, event.fields.iter().find(|field| field.0 == *name).map(|field| field.1.as_str()))
        }
        Expr::Term(_) => true,
    }
}

impl Fake {
    /// What the store counts.
    pub fn facets(&self, query: &FacetQuery) -> Facets {
        let events = || self.events.iter().filter(|event| is_counted(event, &query.filter, query.range));
        let n_events = events().count() as u64;
        let facet = |key: FacetKey, value: &dyn Fn(&Event) -> Option<String>| {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            events().filter_map(value).for_each(|value| *counts.entry(value).or_default() += 1);
            let label = |value: &str| (key == FacetKey::Pattern).then(|| format!("template {value}"));
            Facet::of(key.clone(), counts.into_iter().map(|(value, count)| FacetValue { label: label(&value), value, count }).collect())
        };
        let facets = match query.part {
            FacetPart::Columns => vec![
                facet(FacetKey::Level, &|event| Some(event.level.name().to_owned())),
                facet(FacetKey::Service, &|event| event.service.clone()),
                facet(FacetKey::Source, &|event| Some(event.source.clone())),
            ],
            FacetPart::Fields => {
                let latency = |event: &Event| event.fields.iter().find(|field| field.0 == "latency_ms").map(|field| field.1.clone());
                let trace = Facet { key: FacetKey::Field("request".into()), n_events, values: Vec::new(), n_values: None, sample: None };
                vec![
                    facet(FacetKey::Pattern, &|event| Some(pattern_of(event).to_string())),
                    facet(FacetKey::Field("latency_ms".into()), &latency),
                    trace,
                ]
            }
        };
        Facets { n_events, facets }
    }
}

fn is_counted(event: &Event, filter: &EventFilter, range: TimeRange) -> bool {
    Fake::passes(event, filter) && event.time.is_some_and(|at| range.contains(at))
}
