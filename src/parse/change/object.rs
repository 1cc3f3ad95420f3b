//! Kubernetes objects of any kind, as `kubectl get -o json` or `-o yaml` writes them: every moment that an object holds.
//!
//! A member whose name ends in `Time`, `Timestamp` or `At` and whose value is a moment happened then; conditions, containers
//! that ended and who wrote the object last (`managedFields`) say more of it. Times at which something was merely looked at
//! again (heartbeats, probes, renewals) are none of these.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::kubernetes;
use crate::model::catalog::Problems;
use crate::model::when;
use crate::model::{Change, Problem, ProblemKind, Timestamp};
use crate::parse::document::json::{self, Sketch, plain};
use crate::parse::document::yaml;
use crate::parse::{Context, Document};

/// Name of the format.
pub(crate) const FORMAT: &str = "kubernetes-object";
/// Moments lie no deeper in an object.
const MAX_DEPTH: usize = 12;
/// Longest text of a change.
const MAX_TEXT: usize = 500;
/// Moments of looking at something again, which change nothing.
const LOOKS: [&str; 7] =
    ["lastHeartbeatTime", "lastProbeTime", "lastUpdateTime", "renewTime", "lastScheduleTime", "observedAt", "reconciledAt"];

/// Why a JSON document is one, if it is.
pub(crate) fn recognise(sketch: &Sketch) -> Option<&'static str> {
    let is_object = |front: &str| ["apiVersion", "kind", "metadata"].iter().all(|key| sketch.has(&format!("{front}{key}")));
    let has_items = sketch.has("apiVersion") && is_object("items[].");
    (is_object("") && sketch.has("metadata.name") || has_items).then_some("Kubernetes objects with the moments that they hold")
}

/// The same of YAML, by the keys at the start of its lines.
pub(crate) fn recognise_yaml(head: &str) -> Option<&'static str> {
    let starts = |key: &str| head.lines().any(|line| line.trim_start_matches(['-', ' ']).starts_with(key));
    let is_object = head.lines().any(|line| line.starts_with("apiVersion: ")) && starts("kind: ") && starts("metadata:");
    // A manifest that was never applied holds no moment.
    let has_moments = starts("creationTimestamp: ") || starts("lastTransitionTime: ") || starts("managedFields:");
    (is_object && has_moments).then_some("Kubernetes objects in YAML with the moments that they hold")
}

/// Reads objects and lists of them; records are moments.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let is_json = text.trim_start().starts_with(['{', '[']);
    let objects: Vec<Value> = if is_json {
        json::elements(&text, &mut problems).into_iter().map(|element| element.value).collect()
    } else {
        yaml::documents(&text).unwrap_or_else(|(line, reason)| {
            problems.push(Problem { line, byte: 0, kind: ProblemKind::Syntax, reason: format!("not valid YAML: {reason}") });
            Vec::new()
        })
    };
    let mut reader = Reader { places: Places::of(&text), changes: Vec::new(), problems };
    for value in &objects {
        reader.objects(value, 0);
    }
    let Reader { changes, problems, .. } = reader;
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let n_records = changes.len() as u64;
    super::finish(changes, problems, bytes, n_records, n_unplaced, super::zone_of(context, false))
}

/// Lines on which moments stand, by how they are written.
struct Places<'t>(HashMap<&'t str, Vec<(u64, &'t str)>>);

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let mut places: HashMap<&str, Vec<(u64, &str)>> = HashMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let is_break = |c: char| matches!(c, '"' | '\'' | ' ' | ',' | '\t' | '{' | '}' | '[' | ']');
            for word in line.split(is_break).filter(|word| word.len() >= 20 && word.as_bytes()[10] == b'T') {
                places.entry(word).or_default().push((number, line));
            }
        }
        // The first is taken from the end.
        for lines in places.values_mut() {
            lines.reverse();
        }
        Self(places)
    }

    /// The next line with this moment behind this key; 0 where there is none.
    fn take(&mut self, key: &str, moment: &str) -> u64 {
        let Some(lines) = self.0.get_mut(moment) else { return 0 };
        let Some(at) = lines.iter().rposition(|(_, line)| line.contains(key)) else { return 0 };
        lines.remove(at).0
    }
}

struct Reader<'t> {
    places: Places<'t>,
    changes: Vec<Change>,
    problems: Problems,
}

/// The object that moments are of.
struct Object<'v> {
    kind: &'v str,
    name: &'v str,
    namespace: Option<&'v str>,
}

/// What happened, before it has a place.
#[derive(Default)]
struct Happened {
    kind: String,
    words: String,
    /// Whether somebody did it; else it was answered or seen.
    is_done: bool,
    fields: Vec<(&'static str, Option<String>)>,
}

fn text<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn own(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(plain).filter(|text| !text.is_empty())
}

impl Reader<'_> {
    /// An object, or the objects of a list.
    fn objects(&mut self, value: &Value, depth: usize) {
        if depth > 3 {
            return;
        }
        match value {
            Value::Array(list) => list.iter().for_each(|value| self.objects(value, depth + 1)),
            Value::Object(map) => match map.get("items").filter(|items| items.is_array()) {
                Some(items) => self.objects(items, depth + 1),
                None => self.object(value, map),
            },
            _ => {}
        }
    }

    fn object(&mut self, value: &Value, map: &Map<String, Value>) {
        let (Some(kind), Some(Value::Object(metadata))) = (text(map, "kind"), map.get("metadata")) else { return };
        if kind == "Event" {
            let moment = ["firstTimestamp", "eventTime", "lastTimestamp"].iter().find_map(|key| Some((*key, text(map, key)?)));
            let line = moment.map_or(0, |(key, moment)| self.places.take(key, moment));
            self.changes.push(kubernetes::change_of(value, line));
            return;
        }
        let object = Object { kind, name: text(metadata, "name").unwrap_or_default(), namespace: text(metadata, "namespace") };
        self.members(&object, map, &mut Vec::new());
    }

    fn members<'v>(&mut self, object: &Object<'_>, map: &'v Map<String, Value>, path: &mut Vec<&'v str>) {
        if path.len() > MAX_DEPTH {
            return;
        }
        for (key, value) in map {
            // What somebody wrote is named by paths, and holds no moments.
            if key.starts_with("f:") || key == "kubectl.kubernetes.io/last-applied-configuration" {
                continue;
            }
            path.push(key);
            match value {
                Value::Object(inner) => self.members(object, inner, path),
                Value::Array(list) => {
                    for inner in list.iter().filter_map(Value::as_object) {
                        self.members(object, inner, path);
                    }
                }
                Value::String(moment) if is_moment_key(key) && !LOOKS.contains(&key.as_str()) => self.moment(object, map, path, moment),
                _ => {}
            }
            path.pop();
        }
    }

    /// A member that is a moment, by the object that it stands in.
    fn moment(&mut self, object: &Object<'_>, map: &Map<String, Value>, path: &[&str], moment: &str) {
        let (Some(key), list) = (path.last(), path.iter().rev().nth(1).copied().unwrap_or_default()) else { return };
        let time = when::written(moment).filter(|written| written.offset.is_some()).map(|written| written.at(when::WallZone::Utc));
        if time.is_none() && !moment.contains(['-', ':']) {
            return;
        }
        // A container that ended began before: its end tells both.
        if *key == "startedAt" && map.contains_key("finishedAt") {
            return;
        }
        let line = self.places.take(key, moment);
        let Some(time) = time else {
            let reason = format!("{}: {moment:?} is no moment with an offset", path.join("."));
            self.problems.push(Problem { line, byte: 0, kind: ProblemKind::Time, reason });
            return;
        };
        if time <= Timestamp(0) {
            return;
        }
        let happened = happened(map, path, (list, key));
        let started = (*key == "finishedAt").then(|| text(map, "startedAt")).flatten();
        self.changes.push(change(object, happened, (time, line), started));
    }
}

fn is_moment_key(key: &str) -> bool {
    ["Time", "Timestamp", "At"].iter().any(|end| key.ends_with(end)) || key == "time"
}

fn happened(map: &Map<String, Value>, path: &[&str], (list, key): (&str, &str)) -> Happened {
    match (list, key) {
        ("conditions", "lastTransitionTime") => {
            let (condition, status) = (own(map, "type").unwrap_or_default(), own(map, "status").unwrap_or_default());
            let because = [own(map, "reason"), own(map, "message")].into_iter().flatten().collect::<Vec<_>>().join(": ");
            let words = format!("{condition}={status} {because}").trim().to_owned();
            let reason = own(map, "reason").or_else(|| own(map, "type"));
            let fields =
                vec![("condition", Some(condition)), ("status", Some(status)), ("reason", reason), ("message", own(map, "message"))];
            Happened { kind: "condition".to_owned(), words, is_done: false, fields }
        }
        ("managedFields", "time") => {
            let part = own(map, "subresource");
            let of_part = part.as_ref().map(|part| format!(" of {part}")).unwrap_or_default();
            let (who, what) = (own(map, "manager").unwrap_or_default(), own(map, "operation").unwrap_or_default());
            let words = format!("last {}{of_part} by {who}", what.to_lowercase());
            // Controllers write states, people and pipelines the rest.
            let reason = part.is_some().then(|| what.clone());
            let fields = vec![("manager", Some(who)), ("operation", Some(what)), ("subresource", part.clone()), ("reason", reason)];
            Happened { kind: "update".to_owned(), words, is_done: part.is_none(), fields }
        }
        ("terminated" | "running", _) => {
            let reason = own(map, "reason").unwrap_or_else(|| list.to_owned());
            let code = own(map, "exitCode").map(|code| format!(" (exit code {code})")).unwrap_or_default();
            let is_last = if path.contains(&"lastState") { " before the last start" } else { "" };
            let words = format!("container {reason}{code}{is_last}");
            let fields = vec![("reason", Some(reason)), ("exit_code", own(map, "exitCode"))];
            Happened { kind: "container".to_owned(), words, is_done: false, fields }
        }
        ("metadata", "creationTimestamp") if path.len() == 2 => {
            Happened { kind: "created".to_owned(), words: "created".to_owned(), is_done: true, fields: Vec::new() }
        }
        _ => {
            let words = path.join(".");
            Happened { kind: key.to_lowercase(), words, is_done: key == "restartedAt" || key == "deployedAt", fields: Vec::new() }
        }
    }
}

fn change(object: &Object<'_>, happened: Happened, (time, line): (Timestamp, u64), started: Option<&str>) -> Change {
    let named = format!("{}/{}", object.kind, object.name);
    let mut words = format!("{named} {}", happened.words);
    if let Some((end, _)) = words.char_indices().nth(MAX_TEXT) {
        words.truncate(end);
        words.push('…');
    }
    let mut fields: Vec<(String, String)> =
        happened.fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?))).collect();
    if !happened.is_done && !fields.iter().any(|(name, _)| name == "reason") {
        fields.push(("reason".to_owned(), happened.kind.clone()));
    }
    fields.push(("object".to_owned(), named));
    fields.extend(object.namespace.map(|namespace| ("namespace".to_owned(), namespace.to_owned())));
    fields.extend(started.map(|started| ("started".to_owned(), started.to_owned())));
    let service = Some(object.name.to_owned()).filter(|name| !name.is_empty());
    Change { time: Some(time), kind: happened.kind, service, text: words, fields, line, ..Change::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::ChangeSort;

    const ROLLOUT: &str = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {\"metadata\":{\"creationTimestamp\":\"2020-01-01T00:00:00Z\"}}
  creationTimestamp: \"2026-11-01T08:00:00Z\"
  managedFields:
  - apiVersion: argoproj.io/v1alpha1
    fieldsV1:
      f:spec:
        f:time: {}
    manager: kubectl-edit
    operation: Update
    time: \"2026-11-22T03:19:00Z\"
  - manager: rollouts-controller
    operation: Update
    subresource: status
    time: \"2026-11-22T03:24:00Z\"
  name: order
  namespace: shop
status:
  conditions:
  - lastTransitionTime: \"2026-11-22T03:24:00Z\"
    lastUpdateTime: \"2026-11-22T03:29:00Z\"
    message: Rollout aborted update to revision 7
    reason: RolloutAborted
    status: \"False\"
    type: Progressing
  pauseConditions:
  - reason: CanaryPauseStep
    startTime: \"2026-11-22T03:21:00Z\"
  abortedAt: soon or later
";

    fn told(document: &Document) -> Vec<String> {
        let one = |change: &Change| format!("{} {} {}", change.line, &when::shown(change.time.unwrap_or_default())[11..19], change.text);
        document.changes.iter().map(one).collect()
    }

    #[test]
    fn conditions_and_last_writers_of_any_object_are_told_at_their_lines() {
        assert!(recognise_yaml(ROLLOUT).is_some());
        let document = parse(ROLLOUT.as_bytes(), &Context::default());
        assert_eq!(
            told(&document),
            [
                "7 08:00:00 Rollout/order created",
                "15 03:19:00 Rollout/order last update by kubectl-edit",
                "19 03:24:00 Rollout/order last update of status by rollouts-controller",
                "24 03:24:00 Rollout/order Progressing=False RolloutAborted: Rollout aborted update to revision 7",
                "32 03:21:00 Rollout/order status.pauseConditions.startTime",
            ]
        );
        let sorts: Vec<ChangeSort> = document.changes.iter().map(Change::sort).collect();
        let (done, reaction) = (ChangeSort::Done, ChangeSort::Reaction);
        assert_eq!(sorts, [done, done, reaction, reaction, reaction]);
        assert_eq!(document.problems.total(), 0, "words are no moment");
    }

    #[test]
    fn lists_in_json_are_read_with_their_containers_and_events() {
        let text = r#"{"apiVersion":"v1","kind":"List","items":[
 {"apiVersion":"v1","kind":"Pod","metadata":{"name":"order-1","creationTimestamp":"2026-11-22T03:00:00Z"},
  "status":{"conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-22T03:25"}],
   "containerStatuses":[{"name":"order",
    "lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","startedAt":"2026-11-22T03:21:02Z","finishedAt":"2026-11-22T03:25:38Z"}},
    "state":{"running":{"startedAt":"2026-11-22T03:25:40Z"}}}]}},
 {"apiVersion":"v1","kind":"Event","reason":"BackOff","metadata":{"name":"x"},"involvedObject":{"kind":"Pod","name":"order-1"},"message":"m","eventTime":"2026-11-22T03:26:00Z"}]}"#;
        assert!(Sketch::of(text.as_bytes()).and_then(|sketch| recognise(&sketch)).is_some());
        let document = parse(text.as_bytes(), &Context::default());
        assert_eq!(
            told(&document),
            [
                "2 03:00:00 Pod/order-1 created",
                "5 03:25:38 Pod/order-1 container OOMKilled (exit code 137) before the last start",
                "6 03:25:40 Pod/order-1 container running",
                "7 03:26:00 order-1 BackOff: m",
            ]
        );
        assert_eq!(
            document.problems.kept()[0].reason,
            "status.conditions.lastTransitionTime: \"2026-11-22T03:25\" is no moment with an offset"
        );
    }

    #[test]
    fn what_is_no_object_or_was_never_applied_is_left_alone() {
        assert!(recognise_yaml("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\n").is_none());
        assert!(recognise_yaml("time: x\nkind: y\n").is_none());
        for odd in ["", "{", "[[[[[1]]]]]", "kind: [", "{\"items\":[{\"kind\":\"Pod\",\"metadata\":{}}]}", "a: {creationTimestamp: 1}"] {
            let _ = parse(odd.as_bytes(), &Context::default());
        }
    }
}
