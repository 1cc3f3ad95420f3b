//! The words of the document that are not the program's: what people wrote, and what sources say.
//!
//! A document in another language changes only the fixed words. Whoever translates must know which words to leave
//! alone, as a note may read like a phrase of ours. Names of series and paths of sources stand in the values themselves.

use std::collections::BTreeSet;

use serde_json::Value;

use super::context::{Context, change_words};
use crate::model::case::{DataLoss, annotation_to_json, parse_time};

/// Changes and alerts of which the words are kept: far more than a timeline shows.
const MOST_RECORDS: usize = 10_000;
/// What the program itself writes before the rule of a marker that it suggested.
const OWN_RULE: &str = "accepted: ";

/// Each once, sorted. Times, numbers and single letters are not among them.
pub(super) fn gather(context: &Context) -> Vec<String> {
    let mut found = BTreeSet::new();
    let meta = &context.case.meta;
    let head = &meta.head;
    for text in [&meta.title, &context.settings.name].into_iter().chain(&meta.services).chain(&head.authors) {
        add(&mut found, text);
    }
    for text in meta.severity.iter().chain(&meta.status).chain(&head.owner).chain(meta.t0.iter().map(|t0| &t0.label)) {
        add(&mut found, text);
    }
    add(&mut found, context.t0.as_ref().map_or("", |t0| &t0.label));
    for text in meta.panels.iter().map(|panel| &panel.role).chain(meta.lint.suppress.iter().map(|one| &one.reason)) {
        add(&mut found, text);
    }
    for text in context.case.meta.slos.iter().map(|slo| &slo.name) {
        add(&mut found, text);
    }
    let answers = &meta.impact;
    let lost = match &answers.data_loss {
        Some(DataLoss::Yes(words) | DataLoss::Unknown(words)) => Some(words),
        Some(DataLoss::No) | None => None,
    };
    let stated = [&answers.users, &answers.accounts, &answers.tickets, &answers.revenue, &answers.other];
    for text in stated.into_iter().flatten().chain(lost) {
        add(&mut found, text);
    }
    for text in super::stated::head(context).iter().flat_map(|(_, values)| values) {
        add(&mut found, text);
    }
    for record in context.case.annotations.values() {
        leaves(&Value::Object(annotation_to_json(record)), &mut found);
    }
    let sections = super::told::sections(context.case, context.settings);
    for line in sections.values().flat_map(|text| text.lines()) {
        add(&mut found, line);
    }
    for change in context.catalog.changes.iter().take(MOST_RECORDS) {
        add(&mut found, &change_words(change));
        for text in std::iter::once(&change.text).chain(&change.service).chain(&change.from).chain(&change.to) {
            add(&mut found, text);
        }
        change.fields.iter().for_each(|field| add(&mut found, &field.1));
    }
    for alert in context.catalog.alerts.iter().take(MOST_RECORDS) {
        for text in std::iter::once(&alert.name).chain(&alert.summary).chain(&alert.severity).chain(&alert.service) {
            add(&mut found, text);
        }
    }
    found.into_iter().collect()
}

/// All texts of a record, however deep.
fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if !text.starts_with(OWN_RULE) => add(found, text),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| leaves(item, found)),
        _ => {}
    }
}

fn add(found: &mut BTreeSet<String>, text: &str) {
    let text = text.trim();
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let is_time = parse_time(text).is_some();
    if n_letters >= 2 && !is_time {
        found.insert(text.to_owned());
    }
}
