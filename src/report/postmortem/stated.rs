//! What people say and no series tells: users, tickets, money, lost data; who, where, and the change by its versions.

use super::Derived;
use super::context::Context;
use crate::model::case::{CaseDoc, Cause, DataLoss, IfRemoved, MarkerName};

/// Where these answers stand.
const SOURCE: &str = "as recorded in the case";

/// Rows of the impact table. Whether data was lost is always among them: the answer is required.
pub(super) fn impact(context: &mut Context) -> Vec<Derived> {
    let answers = context.case.meta.impact.clone();
    let data_loss = answers.data_loss.map(|answer| match answer {
        DataLoss::No => "no".to_owned(),
        DataLoss::Yes(what) => format!("yes: {what}"),
        DataLoss::Unknown(why) => format!("unknown: {why}"),
    });
    let all = [
        ("users", "Users affected", answers.users),
        ("accounts", "Accounts affected", answers.accounts),
        ("tickets", "Support tickets", answers.tickets),
        ("revenue", "Revenue lost", answers.revenue),
        ("other", "Further impact", answers.other),
        ("data_loss", "Data lost", data_loss),
    ];
    let is_told = |id: &str, value: &Option<String>| id == "data_loss" || value.as_deref().is_some_and(|text| !text.trim().is_empty());
    let rows: Vec<Derived> = all
        .into_iter()
        .filter(|(id, _, value)| is_told(id, value))
        .map(|(id, label, value)| Derived {
            id: format!("impact.stated.{id}"),
            label: label.to_owned(),
            value,
            how: SOURCE.to_owned(),
            formula: SOURCE.to_owned(),
            inputs: Vec::new(),
        })
        .collect();
    for row in &rows {
        context.record(row.clone());
    }
    rows
}

/// Further lines of the front matter: key and what stands there; lists have several.
pub(super) fn head(context: &Context) -> Vec<(&'static str, Vec<String>)> {
    let head = &context.case.meta.head;
    let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let named = |pairs: &std::collections::BTreeMap<String, String>| pairs.iter().map(|(name, who)| format!("{name}: {who}")).collect();
    let all = [
        ("id", one(&head.id)),
        ("published", one(&head.published)),
        ("authors", head.authors.clone()),
        ("owner", one(&head.owner)),
        ("roles", named(&head.roles)),
        ("environments", head.environments.clone()),
        ("regions", head.regions.clone()),
        ("tags", head.tags.clone()),
        ("categories", head.categories.clone()),
        ("links", named(&head.links)),
        ("change", change(context).into_iter().collect()),
    ];
    all.into_iter().filter(|(_, values)| values.iter().any(|value| !value.trim().is_empty())).collect()
}

/// `order v1.8.3 → v1.9.0`: what the trigger changed, if it is a change with versions.
fn change(context: &Context) -> Option<String> {
    let change = context.change_at(context.marker(MarkerName::Trigger)?.at)?;
    let (from, to) = (change.from.as_deref()?, change.to.as_deref()?);
    let service = change.service.as_deref().map_or(String::new(), |service| format!("{service} "));
    Some(format!("{service}{from} → {to}"))
}

/// What a step says besides its statement: name and words.
pub(super) fn notes(
    case: &CaseDoc,
    cause: &Cause,
    labels: &dyn Fn(&crate::model::AnnotationId) -> Option<String>,
) -> Vec<(&'static str, String)> {
    let against: Vec<String> = cause.against.iter().filter(|id| case.annotations.contains_key(*id)).filter_map(labels).collect();
    let removed = cause.if_removed.map(|what| match what {
        IfRemoved::Prevented => "there would have been no impact".to_owned(),
        IfRemoved::Reduced => "the impact would have been smaller".to_owned(),
        IfRemoved::NoEffect => "the impact would have been the same".to_owned(),
    });
    let all = [
        ("How we know", cause.how_we_know.clone()),
        ("Evidence against it", Some(against.join(", "))),
        ("What would disprove it", cause.would_disprove.clone()),
        ("Without it", removed),
        ("No action, because", cause.accepted_because.clone()),
    ];
    all.into_iter().filter_map(|(name, words)| Some((name, words.filter(|words| !words.trim().is_empty())?))).collect()
}
