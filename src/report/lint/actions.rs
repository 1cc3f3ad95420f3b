//! PM011 to PM016: will anything be different afterwards?

use super::markers::is_late;
use super::{Desk, Finding, Limits, gist};
use crate::model::case::{ActionItem, CauseStatus, CauseType};
use crate::model::{Annotation, AnnotationKind};

/// Beginnings that promise nothing that could be checked.
const VAGUE: [&str; 18] = [
    "investigate",
    "look into",
    "be careful",
    "be more careful",
    "improve",
    "fix the issue",
    "fix the bug",
    "fix the problem",
    "make sure",
    "ensure that everyone",
    "consider",
    "think about",
    "try to",
    "monitor the situation",
    "keep an eye",
    "pay attention",
    "remember to",
    "raise awareness",
];

pub(super) fn check(desk: &Desk, limits: &Limits, found: &mut Vec<Finding>) {
    let all = desk.case.annotations.values().filter_map(|annotation| match &annotation.kind {
        AnnotationKind::Action(action) => Some((annotation, action)),
        _ => None,
    });
    let all: Vec<(&Annotation, &ActionItem)> = all.collect();
    for (index, (annotation, action)) in all.iter().enumerate() {
        // What was considered and dropped needs neither owner nor date.
        if is_empty(action.not_doing_because.as_ref()) {
            item(desk, &format!("A{}", index + 1), annotation, action, found);
        }
    }
    let is_doing = |action: &&ActionItem| is_empty(action.not_doing_because.as_ref());
    let doing: Vec<&ActionItem> = all.iter().map(|one| one.1).filter(is_doing).collect();
    coverage(desk, limits, &doing, found);
}

fn is_empty(text: Option<&String>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

fn item(desk: &Desk, label: &str, annotation: &Annotation, action: &ActionItem, found: &mut Vec<Finding>) {
    let words = gist(&annotation.text);
    let mut add = |rule, message: String, fix: &str| found.push(Finding::new(rule, label, message, fix).about(&annotation.id));
    if is_empty(action.owner.as_ref()) {
        add("PM011", format!("nobody owns: {words}"), "name the team or role that does it");
    }
    if is_empty(action.due.as_ref()) {
        add("PM012", format!("no due date: {words}"), "give it a day, YYYY-MM-DD");
    }
    if is_empty(action.link.as_ref()) {
        add("PM013", format!("not tracked anywhere: {words}"), "link the ticket");
    }
    let text = annotation.text.trim().to_lowercase();
    if let Some(vague) = VAGUE.iter().find(|vague| text.starts_with(**vague)) {
        add(
            "PM014",
            format!("\"{vague}\" can never be seen to be done: {words}"),
            "begin with a verb that has an end: add, remove, limit, alert when",
        );
    }
    if let (Some(today), Some(due)) = (desk.today, action.due.as_deref())
        && is_date(due)
        && due.trim() < today
        && is_empty(action.done_on.as_ref())
    {
        add("PM015", format!("was due on {}: {words}", due.trim()), "do it, note when it was done, or set a new day");
    }
}

/// `YYYY-MM-DD`: then the order of texts is the order of days.
fn is_date(text: &str) -> bool {
    let bytes = text.trim().as_bytes();
    bytes.len() == 10 && bytes.iter().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() })
}

fn coverage(desk: &Desk, limits: &Limits, doing: &[&ActionItem], found: &mut Vec<Finding>) {
    let has = |wanted: &str| {
        doing.iter().any(|action| action.action_type.as_deref().is_some_and(|have| have.trim().eq_ignore_ascii_case(wanted)))
    };
    if !has("prevent") {
        found.push(Finding::new("PM016", "actions", "no action prevents it from happening again", "add one of type prevent"));
    }
    if is_late(desk, limits) && !has("detect") {
        found.push(Finding::new("PM016", "actions", "it was detected late, and no action is of type detect", "add one of type detect"));
    }
    for (index, (annotation, cause)) in desk.case.chain().into_iter().enumerate() {
        let is_cause = cause.cause_type != CauseType::Effect && cause.status != CauseStatus::Refuted;
        let is_answered = doing.iter().any(|action| action.causes.contains(&annotation.id)) || !is_empty(cause.accepted_because.as_ref());
        if is_cause && !is_answered {
            let message = format!("no action answers it: {}", gist(&annotation.text));
            found.push(
                Finding::new("PM016", format!("C{}", index + 1), message, "add an action for it, or say why it is accepted")
                    .about(&annotation.id),
            );
        }
    }
}
