//! Records of tools whose shapes are known: finds them in answers, lists and lines, and reads them by their shape.

use std::ops::Range;

use serde_json::Value;

use super::shapes::{SHAPES, Shape, Sign};
use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Change, ProblemKind, Timestamp};
use crate::parse::document::json;
use crate::parse::log::convert::scan::{elements, members, skip_space, value_end};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};

/// Members that hold records deeper down.
const WRAPPERS: &[&str] = &[
    "data",
    "items",
    "results",
    "result",
    "records",
    "events",
    "event",
    "incidents",
    "incident",
    "incident_updates",
    "log_entries",
    "entries",
    "messages",
    "alerts",
    "logs",
    "workflow_runs",
    "workflow_run",
    "deployments",
    "statuses",
    "releases",
    "release",
    "commits",
    "pipelines",
    "builds",
    "annotations",
    "issues",
    "object",
    "value",
    "services",
];
/// Records are not looked for deeper than this.
const MAX_DEPTH: u8 = 5;
/// Records that decide what a file is.
const PROBED: usize = 50;
/// Longest text of a change.
const MAX_TEXT: usize = 500;

/// One record where it stands.
struct Item {
    shape: &'static Shape,
    value: Value,
    offset: usize,
}

/// What was found in a text.
#[derive(Default)]
struct Found {
    items: Vec<Item>,
    n_others: usize,
    is_cut: bool,
}

/// The format of most records, if there are any.
pub(crate) fn recognise(head: &[u8]) -> Option<&'static str> {
    let found = find(head, PROBED);
    let first = found.items.first()?.shape.format;
    let n = found.items.iter().filter(|item| item.shape.format == first).count();
    (n * 2 > found.items.len() && n > found.n_others).then_some(first)
}

/// Names of all formats that are read here.
pub(crate) fn is_known(format: &str) -> bool {
    SHAPES.iter().any(|shape| shape.format == format)
}

fn find(bytes: &[u8], limit: usize) -> Found {
    let mut found = Found::default();
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    // Whoever looks for a few records gives up when most of what is there is something else.
    while found.items.len() < limit && found.n_others < limit.saturating_mul(4) {
        at = skip_space(bytes, at);
        match bytes.get(at) {
            Some(b'{' | b'[') => {
                let end = value_end(bytes, at);
                found.is_cut |= end.is_none();
                visit(bytes, at..end.unwrap_or(bytes.len()), 0, limit, &mut found);
                let Some(end) = end else { break };
                at = end;
            }
            Some(b',') => at += 1,
            // Anything else at the top is no JSON.
            Some(_) => {
                found.n_others += 1;
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len + 1);
            }
            None => break,
        }
    }
    found
}

fn visit(bytes: &[u8], range: Range<usize>, depth: u8, limit: usize, found: &mut Found) {
    if depth > MAX_DEPTH || found.items.len() >= limit {
        return;
    }
    match bytes.get(range.start) {
        Some(b'[') => {
            for (element, _) in elements(bytes, range.start) {
                visit(bytes, element, depth + 1, limit, found);
            }
        }
        Some(b'{') => {
            let all = members(bytes, range.clone());
            let has = |name: &str| all.iter().any(|member| member.name == name.as_bytes());
            // Only what may be a record is built: the first member of each path must be there.
            if SHAPES.iter().any(|shape| shape.signs.iter().all(|sign| may_hold(sign, &has)))
                && let Ok(value) = serde_json::from_slice::<Value>(&bytes[range.clone()])
                && let Some(shape) = SHAPES.iter().find(|shape| shape.signs.iter().all(|sign| holds(sign, &value)))
            {
                found.items.push(Item { shape, value, offset: range.start });
                return;
            }
            let before = found.items.len();
            for member in all.iter().filter(|member| WRAPPERS.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(member.name))) {
                visit(bytes, member.value.clone(), depth + 1, limit, found);
            }
            found.n_others += usize::from(found.items.len() == before);
        }
        _ => {}
    }
}

fn may_hold(sign: &Sign, has: &impl Fn(&str) -> bool) -> bool {
    let first = |path: &str| has(path.split('.').next().unwrap_or(path));
    match sign {
        Sign::Has(path) | Sign::Is(path, _) | Sign::Ends(path, _) | Sign::Starts(path, _) => first(path),
        Sign::Any(paths) => paths.iter().any(|path| first(path)),
    }
}

fn holds(sign: &Sign, value: &Value) -> bool {
    let text = |path: &str| at(value, path).and_then(Value::as_str);
    match sign {
        Sign::Has(path) => at(value, path).is_some(),
        Sign::Any(paths) => paths.iter().any(|path| at(value, path).is_some()),
        Sign::Is(path, wanted) => text(path) == Some(wanted),
        Sign::Starts(path, start) => text(path).is_some_and(|text| text.starts_with(start)),
        Sign::Ends(path, ending) => text(path).is_some_and(|text| text.ends_with(ending)),
    }
}

/// The member at a path, unless it is null.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let step = |value: &'v Value, name: &str| match value {
        Value::Array(list) => list.get(name.parse::<usize>().ok()?),
        other if name.contains('|') => other.get(name.replace('|', ".")),
        other => other.get(name),
    };
    path.split('.').try_fold(value, step).filter(|value| !value.is_null())
}

/// Reads all records. O(bytes).
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let found = find(bytes, usize::MAX);
    if found.is_cut {
        let reason = format!("cut at byte {}: the document ends too early; {} complete records are kept", bytes.len(), found.items.len());
        problems.push(Place { line: 0, byte: bytes.len() as u64 }.problem(ProblemKind::Truncated, reason));
    }
    let mut changes = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for item in &found.items {
        line += memchr::memchr_iter(b'\n', &bytes[counted..item.offset.max(counted)]).count() as u64;
        counted = item.offset.max(counted);
        let list = at(&item.value, item.shape.each).and_then(Value::as_array).filter(|_| !item.shape.each.is_empty());
        if item.shape.each.is_empty() {
            changes.push(change_of(item.shape, &item.value, &item.value, line));
        } else {
            // An element of a list that has no time did not happen: a container that never ended.
            let of_list = list.into_iter().flatten().map(|element| change_of(item.shape, element, &item.value, line));
            changes.extend(of_list.filter(|change| change.time.is_some()));
        }
    }
    for change in changes.iter().filter(|change| change.time.is_none()) {
        let place = Place { line: change.line, byte: 0 };
        problems.push(place.problem(ProblemKind::Time, format!("{} without a readable time", change.kind)));
    }
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let n_records = changes.len() as u64;
    super::finish(changes, problems, bytes, n_records, n_unplaced, super::zone_of(context, false))
}

fn change_of(shape: &Shape, element: &Value, parent: &Value, line: u64) -> Change {
    let text = |paths: &[&str]| paths.iter().find_map(|path| said(path, element, parent));
    let time = |paths: &[&str]| text(paths).and_then(|text| when::any(&text, WallZone::Utc)).filter(|at| *at > Timestamp(0));
    let start = time(shape.time);
    // `+path`: so many milliseconds after the start.
    let after = |paths: &[&str]| {
        let ms = paths.iter().find_map(|path| at(element, path.strip_prefix('+')?)?.as_i64())?;
        Some(start?.plus_ns(ms.checked_mul(1_000_000)?))
    };
    let kind = text(shape.kind).unwrap_or_else(|| "change".into());
    let mut parts: Vec<String> = Vec::new();
    for part in shape.text.iter().filter_map(|paths| text(paths)) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let mut sentence = parts.join(": ");
    if let Some((end, _)) = sentence.char_indices().nth(MAX_TEXT) {
        sentence.truncate(end);
        sentence.push('…');
    }
    let fields = element.as_object().into_iter().flatten().filter(|(_, value)| !value.is_object() && !value.is_array());
    Change {
        time: start,
        end: time(shape.end).or_else(|| after(shape.end)).filter(|end| start.is_some_and(|start| *end > start)),
        kind: kind.trim_end_matches("_log_entry").to_lowercase(),
        service: text(shape.service).map(|service| without_revision(shape, service)),
        text: sentence,
        from: text(shape.from),
        to: text(shape.to),
        fields: fields.filter_map(|(key, value)| Some((key.clone(), json::plain(value)?))).collect(),
        line,
        ..Change::default()
    }
}

/// `shop` of `shop:88`, where a shape names a service by the revision of its task.
fn without_revision(shape: &Shape, service: String) -> String {
    match service.rsplit_once(':').filter(|_| shape.service == shape.to) {
        Some((name, revision)) if !name.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => service,
    }
}

/// What stands at a path, in one line and without marks of HTML.
fn said(path: &str, element: &Value, parent: &Value) -> Option<String> {
    if let Some(word) = path.strip_prefix('=') {
        return Some(word.to_owned());
    }
    if let Some(path) = path.strip_prefix('/') {
        let whole = said(path, element, parent)?;
        return whole.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
    }
    if let Some(path) = path.strip_prefix('(') {
        let whole = said(path, element, parent)?;
        return whole.strip_prefix('(')?.split_once(')')?.0.split_whitespace().last().map(str::to_owned);
    }
    let value = match path.strip_prefix('^') {
        Some(path) => at(parent, path),
        None => at(element, path),
    };
    let text = without_tags(&json::plain(value?)?);
    let text = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(text.to_owned())
}

/// Text without tags and the commonest entities: annotations of Grafana are HTML.
fn without_tags(text: &str) -> String {
    if !text.contains('<') && !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let is_tag = rest[open + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        match rest[open..].find('>').filter(|_| is_tag) {
            Some(close) => rest = &rest[open + close + 1..],
            None => {
                out.push('<');
                rest = &rest[open + 1..];
            }
        }
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, format: &str, expected: &[(&str, &str, &str, &str)]) {
        assert_eq!(recognise(text.as_bytes()), Some(format));
        let document = parse(text.as_bytes(), &Context::default());
        let shown = |at: Option<Timestamp>| at.map(when::shown).unwrap_or_default();
        let told: Vec<_> = document
            .changes
            .iter()
            .map(|change| (shown(change.time), shown(change.end), change.service.clone().unwrap_or_default(), change.text.clone()))
            .collect();
        let told: Vec<_> =
            told.iter().map(|(time, end, service, text)| (time.as_str(), end.as_str(), service.as_str(), text.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_activity_log_of_azure_says_who_did_what_to_which_resource() {
        let text = r#"[{"caller":"m@example.com","eventTimestamp":"2026-11-23T02:12:30.0000000Z",
            "operationName":{"value":"Microsoft.AppConfiguration/x/write","localizedValue":"Create or update key-value"},
            "resourceId":"/subscriptions/1/resourceGroups/rg/providers/x/appcs-shop","status":{"value":"Succeeded"},
            "properties":{"message":"Pooling=False"}}]"#;
        let sentence = "Create or update key-value: appcs-shop: Pooling=False: Succeeded: m@example.com";
        check(text, "azure-activity", &[("2026-11-23T02:12:30Z", "", "appcs-shop", sentence)]);
    }

    #[test]
    fn a_release_of_azure_devops_is_a_deploy_for_each_environment_it_reached() {
        let text = r#"{"count":1,"value":[{"id":7,"name":"Release-7","createdOn":"2026-11-23T02:02:02Z","reason":"manual",
            "description":"larger cache","createdBy":{"displayName":"Lena"},"releaseDefinition":{"name":"catalog-api"},"environments":[
            {"name":"Production","status":"succeeded","deploySteps":[{"queuedOn":"2026-11-23T02:04:42Z","lastModifiedOn":"2026-11-23T02:05:50Z"}]},
            {"name":"Later","status":"notStarted","deploySteps":[]}]}]}"#;
        let sentence = "catalog-api: Release-7: Production: succeeded: larger cache: Lena";
        check(text, "azure-devops", &[("2026-11-23T02:04:42Z", "2026-11-23T02:05:50Z", "catalog-api", sentence)]);
    }

    #[test]
    fn deployments_and_events_of_a_service_of_ecs_are_placed_on_their_lines() {
        let text = r#"{"services": [{"serviceName": "shop", "status": "ACTIVE", "createdAt": "2024-11-02T09:11:00-04:00", "deployments": [
            {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/shop:88",
             "createdAt": "2026-03-17T10:15:10.412000-04:00", "updatedAt": "2026-03-17T10:16:45-04:00", "rolloutState": "COMPLETED"}],
          "events": [
            {"id": "724b", "createdAt": "2026-03-17T10:16:02.1-04:00", "message": "(service shop) has stopped 2 running tasks: (task 77aa)."}]}]}"#;
        assert_eq!(recognise(text.as_bytes()), Some("ecs-services"));
        let document = parse(text.as_bytes(), &Context::default());
        let told: Vec<_> = document
            .changes
            .iter()
            .map(|change| (change.time.map(when::shown).unwrap_or_default(), change.service.as_deref(), change.text.as_str(), change.line))
            .collect();
        assert_eq!(
            told,
            [
                ("2026-03-17T14:15:10.412Z".to_owned(), Some("shop"), "shop:88: COMPLETED", 2),
                ("2026-03-17T14:16:02.1Z".to_owned(), Some("shop"), "(service shop) has stopped 2 running tasks: (task 77aa).", 5),
            ]
        );
    }
}
