//! Records of what people and automation did: JSON of any deploy tool's shape, Kubernetes events, GitHub, `git log`.
//!
//! A record is a change when it has a time and says in a short field what kind it is; see `looks_like_change` for
//! what keeps ordinary log lines out. One file a format.

pub(crate) mod describe;
pub mod git;
pub mod github;
pub(crate) mod helm;
pub(crate) mod kubectl;
pub mod kubernetes;
pub(crate) mod mapped;
pub(crate) mod object;
mod shapes;
pub(crate) mod table;
pub mod told;
mod version;

use serde_json::{Map, Value};

use crate::model::catalog::Problems;
use crate::model::when::{self, WallZone};
use crate::model::{Change, Level, ProblemKind, Timestamp, Zone, ZoneCertainty};
use crate::parse::document::json::{self, plain};
use crate::parse::metric::Place;
use crate::parse::{Context, Document};
use version::{is_time_key, kind_of_time, plain_key, tells_of_a_version};

const TIME_KEYS: [&str; 18] = [
    "ts",
    "time",
    "timestamp",
    "@timestamp",
    "at",
    "date",
    "datetime",
    "when",
    "started_at",
    "startedat",
    "start",
    "start_time",
    "created_at",
    "createdat",
    "deployed_at",
    "deployedat",
    "event_time",
    "eventtime",
];
const END_KEYS: [&str; 9] = ["end", "ended_at", "endedat", "end_time", "finished_at", "finishedat", "completed_at", "completedat", "until"];
const KIND_KEYS: [&str; 10] =
    ["kind", "type", "event", "action", "event_type", "eventtype", "change_type", "changetype", "category", "operation"];
const SERVICE_KEYS: [&str; 9] = ["service", "app", "application", "component", "svc", "project", "system", "target", "deployment"];
const FROM_KEYS: [&str; 12] = [
    "from",
    "old",
    "before",
    "previous",
    "from_version",
    "old_version",
    "previous_version",
    "was",
    "prior_version",
    "previous_tag",
    "previous_image",
    "old_image",
];
const TO_KEYS: [&str; 7] = ["to", "new", "after", "to_version", "new_version", "target_version", "now"];
const VERSION_KEYS: [&str; 13] = [
    "version",
    "tag",
    "image",
    "release",
    "revision",
    "commit",
    "sha",
    "git_sha",
    "commit_sha",
    "ref",
    "build",
    "build_number",
    "image_tag",
];
/// What a person would say, best first; `stage` and the like follow.
const DETAIL_KEYS: [&str; 16] = [
    "change",
    "text",
    "message",
    "msg",
    "description",
    "title",
    "summary",
    "reason",
    "note",
    "notes",
    "comment",
    "body",
    "changelog",
    "commit_message",
    "stage",
    "status",
];

/// Parts of words that name a change.
const CHANGE_WORDS: [&str; 41] = [
    "deploy",
    "release",
    "rollout",
    "rollback",
    "roll-back",
    "roll_back",
    "revert",
    "scale",
    "scaling",
    "flag",
    "toggle",
    "canary",
    "config",
    "restart",
    "reboot",
    "note",
    "migrat",
    "incident",
    "upgrade",
    "downgrade",
    "failover",
    "switchover",
    "maintenance",
    "drain",
    "cordon",
    "evict",
    "promot",
    "hotfix",
    "patch",
    "publish",
    "feature",
    "experiment",
    "chaos",
    "annotation",
    "change",
    "mitigat",
    "traffic",
    "shift",
    "secret",
    "certificate",
    "provision",
];

/// Keys that logs and spans have and change records have not.
const LOG_KEYS: [&str; 16] = [
    "trace_id",
    "traceid",
    "span_id",
    "spanid",
    "caller",
    "logger",
    "logger_name",
    "pid",
    "thread",
    "status_code",
    "method",
    "latency_ms",
    "duration_ms",
    "hostname",
    "stack",
    "stacktrace",
];

/// Whether a record is a change: a time, a short kind with a change word, nothing that only a log line has.
pub(crate) fn looks_like_change(record: &Map<String, Value>) -> bool {
    let has_level = record.iter().any(|(key, value)| {
        matches!(key.to_ascii_lowercase().as_str(), "level" | "lvl" | "severity" | "levelname" | "log.level")
            && (value.is_number() || value.as_str().is_some_and(|word| Level::from_word(word.as_bytes()).is_some()))
    });
    let has_log_key = record.keys().any(|key| LOG_KEYS.contains(&key.to_ascii_lowercase().as_str()));
    if has_level || has_log_key || find_time(record, WallZone::Utc).is_none() {
        return false;
    }
    let has_any = |keys: &[&str]| field(record, keys).is_some();
    let n_hints = [has_any(&FROM_KEYS), has_any(&TO_KEYS), has_any(&VERSION_KEYS), has_any(&SERVICE_KEYS), has_any(&DETAIL_KEYS)];
    let n_hints = n_hints.iter().filter(|has| **has).count();
    match kind_of(record) {
        Some(kind) if names_a_change(&kind) => n_hints > 0 || record.len() <= 3,
        // The kind may be that of what was deployed.
        Some(_) => kind_of_time(record).is_some() && tells_of_a_version(record),
        // No kind, but a move of a service from one version to another is a deploy whatever it is called.
        None if has_any(&SERVICE_KEYS)
            && has_any(&["from", "from_version", "old_version"])
            && has_any(&["to", "to_version", "new_version"]) =>
        {
            true
        }
        None => tells_of_a_version(record),
    }
}

/// How many records of a text would be placed if it were told to hold changes, of how many. Two or more keys besides the
/// time are needed to say anything.
pub(crate) fn readable(bytes: &[u8], context: &Context) -> (usize, usize) {
    let document = parse(bytes, context);
    let n = document.changes.iter().filter(|change| change.time.is_some() && change.fields.len() >= 2).count();
    (n, document.changes.len())
}

fn names_a_change(kind: &str) -> bool {
    let is_short = kind.len() <= 40 && kind.split_whitespace().count() <= 3;
    let lower = kind.to_ascii_lowercase();
    is_short && CHANGE_WORDS.iter().any(|word| lower.contains(word))
}

/// The value of the first of `keys` that the record has, any case of the key, not empty.
fn field(record: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|wanted| {
        let (_, value) = record.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted))?;
        let value = value.get("name").unwrap_or(value);
        plain(value).filter(|text| !text.trim().is_empty())
    })
}

/// The kind as written: of the kind-like fields the first that names a change, else the first that is short.
fn kind_of(record: &Map<String, Value>) -> Option<String> {
    let all = || KIND_KEYS.iter().filter_map(|key| field(record, &[key]));
    all().find(|kind| names_a_change(kind)).or_else(|| all().find(|kind| kind.len() <= 40))
}

/// The first time-like field that reads as a time, and whether its text had no offset.
fn find_time(record: &Map<String, Value>, zone: WallZone) -> Option<(Timestamp, bool)> {
    let others = || {
        record
            .keys()
            .map(String::as_str)
            .filter(|key| is_time_key(&plain_key(key)) && !END_KEYS.contains(&key.to_ascii_lowercase().as_str()))
    };
    TIME_KEYS.iter().copied().chain(others()).find_map(|key| {
        let text = field(record, &[key])?;
        let at = when::any(&text, zone).filter(|at| at.0 > 100_000_000 * crate::model::time::NS_PER_S)?;
        let is_zoneless = when::epoch(&text).is_none() && when::written(&text).is_some_and(|written| written.offset.is_none());
        Some((at, is_zoneless))
    })
}

/// Reads JSON lines, an array or one object of change records.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
    let mut problems = Problems::default();
    let text = json::text(bytes, &mut problems);
    let mut changes: Vec<Change> = Vec::new();
    let (mut n_unplaced, mut is_zoneless, mut n_records) = (0, false, 0);
    let is_table = !text.trim_start().starts_with(['{', '[']);
    let elements = if is_table { table::elements(&text) } else { listed(json::elements(&text, &mut problems)) };
    for element in elements {
        let place = Place { line: element.line, byte: element.byte };
        let Some(record) = element.value.as_object() else {
            problems.push(place.problem(ProblemKind::Syntax, "record is not an object".into()));
            continue;
        };
        n_records += 1;
        let time = find_time(record, zone);
        is_zoneless |= time.is_some_and(|(_, is_zoneless)| is_zoneless);
        if time.is_none() {
            n_unplaced += 1;
            problems.push(place.problem(ProblemKind::Time, "change without a readable time".into()));
        }
        let change = change_of(record, time.map(|(at, _)| at), zone, element.line);
        if changes.last().is_some_and(|last| last.fields == change.fields && last.time == change.time) {
            problems.push(place.problem(ProblemKind::Duplicate, "the same record again".into()));
        }
        changes.push(change);
    }
    finish(changes, problems, bytes, n_records, n_unplaced, zone_of(context, is_zoneless))
}

/// Records may stand in the one list of a wrapping object, such as `{"deployments": […]}`.
fn listed(mut elements: Vec<json::Element>) -> Vec<json::Element> {
    let is_wrapped = elements.len() == 1 && elements[0].value.as_object().is_some_and(|object| !looks_like_change(object));
    if !is_wrapped {
        return elements;
    }
    let wrapper = elements.remove(0);
    let (line, byte) = (wrapper.line, wrapper.byte);
    let lists = wrapper.value.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_array);
    let longest = lists.max_by_key(|list| list.len()).cloned();
    match longest {
        Some(list) => list.into_iter().map(|value| json::Element { value, line, byte }).collect(),
        None => vec![wrapper],
    }
}

pub(crate) fn zone_of(context: &Context, is_zoneless: bool) -> Zone {
    let given = context.zone.clone().filter(|_| is_zoneless);
    let certainty = if is_zoneless { ZoneCertainty::Default } else { ZoneCertainty::Offset };
    given.unwrap_or(Zone { name: "UTC".into(), certainty })
}

pub(crate) fn finish(changes: Vec<Change>, problems: Problems, bytes: &[u8], n_records: u64, n_unplaced: u64, zone: Zone) -> Document {
    let zone = if changes.iter().any(|change| change.time.is_some()) { zone } else { Zone::default() };
    Document { changes, problems, n_records, n_unplaced, n_lines: json::count_lines(bytes), zone, ..Document::default() }
}

fn change_of(record: &Map<String, Value>, time: Option<Timestamp>, zone: WallZone, line: u64) -> Change {
    let of_time = || Some(kind_of_time(record)?.to_owned());
    let kind = kind_of(record).filter(|kind| names_a_change(kind)).or_else(of_time).or_else(|| kind_of(record));
    // A version that went somewhere is a deploy, whoever told it without a word for it.
    let kind = kind.or_else(|| tells_of_a_version(record).then(|| "deploy".to_owned()));
    let kind = kind.unwrap_or_else(|| "change".into()).to_lowercase();
    let (from, to) = (field(record, &FROM_KEYS), field(record, &TO_KEYS).or_else(|| field(record, &VERSION_KEYS)));
    Change {
        time,
        end: field(record, &END_KEYS).and_then(|text| when::any(&text, zone)).filter(|end| time.is_some_and(|time| *end > time)),
        kind,
        service: field(record, &SERVICE_KEYS),
        text: sentence(record),
        from,
        to,
        fields: record.iter().filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect(),
        line,
        ..Change::default()
    }
}

/// `order v1.8.3 → v1.9.0: batch pricing v2`: who, what moved, and what the record says about it.
fn sentence(record: &Map<String, Value>) -> String {
    let mut who: Vec<String> = field(record, &SERVICE_KEYS).into_iter().collect();
    let (from, to, version) = (field(record, &FROM_KEYS), field(record, &TO_KEYS), field(record, &VERSION_KEYS));
    let is_move_of_versions = version.is_none() || to == version || from == version;
    if !is_move_of_versions || (from.is_none() && to.is_none()) {
        who.extend(version.clone());
    }
    who.extend(field(record, &["flag", "feature", "key", "setting", "parameter"]));
    match (from, to) {
        (Some(from), Some(to)) => who.push(format!("{from} → {to}")),
        (None, Some(to)) => who.push(format!("→ {to}")),
        (Some(from), None) => who.push(format!("from {from}")),
        (None, None) => {}
    }
    let mut details: Vec<String> = Vec::new();
    for key in DETAIL_KEYS {
        let known = |text: &String| details.contains(text) || who.contains(text);
        if let Some(text) = field(record, &[key]).filter(|text| !known(text)) {
            details.push(text);
        }
    }
    let details = details.join("; ");
    match (who.is_empty(), details.is_empty()) {
        (true, true) => kind_of(record).unwrap_or_default(),
        (true, false) => details,
        (false, true) => who.join(" "),
        (false, false) => format!("{}: {details}", who.join(" ")),
    }
}

/// So many lines of a window tell what the file is.
const SHARE_LINES: usize = 200;

/// Share of complete JSON records in a stretch of text that are changes, and how many were looked at.
pub(crate) fn share(text: &str) -> (f32, usize) {
    let records: Vec<bool> = if text.trim_start().starts_with('[') {
        let mut ignored = Problems::default();
        json::elements(text, &mut ignored).iter().filter_map(|e| e.value.as_object().map(looks_like_change)).collect()
    } else {
        let lines = text.lines().filter(|line| !line.trim().is_empty()).take(SHARE_LINES);
        let read = |line: &str| serde_json::from_str::<Map<String, Value>>(line).ok();
        let by_line: Vec<bool> = lines.filter_map(|line| read(line).map(|record| looks_like_change(&record))).collect();
        if by_line.is_empty() { read(text).iter().map(looks_like_change).collect() } else { by_line }
    };
    let n_changes = records.iter().filter(|is_change| **is_change).count();
    (n_changes as f32 / records.len().max(1) as f32, records.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_change(text: &str) -> bool {
        looks_like_change(&serde_json::from_str(text).expect("object"))
    }

    #[test]
    fn changes_are_told_from_log_lines() {
        for text in [
            r#"{"ts":"2026-11-23T02:30:22Z","kind":"deploy","service":"order","from":"v1","to":"v2"}"#,
            r#"{"time":1795401022,"type":"feature_flag","name":"x","to":"on"}"#,
            r#"{"timestamp":"2026-11-23T02:30:22Z","event":"rollback","app":"web"}"#,
            r#"{"at":"2026-11-23 02:30:22","action":"scale-out","replicas":4,"reason":"load"}"#,
            r#"{"date":"2026-11-23T02:30:22Z","service":"web","from":"1.0","to":"1.1"}"#,
            r#"{"app":"shop","environment":"production","version":"3.1","previous_version":"3.0","deployedAt":"2026-11-23T02:30:22Z","deployed_by":"x"}"#,
            r#"{"created_at":"2026-11-23T02:30:22Z","repo":"shop","ref":"main","sha":"abc","environment":"prod","status":"success","actor":"x"}"#,
            r#"{"finished":"x","releaseDate":"2026-11-23T02:30:22Z","component":"web","image":"web:2","author":"x"}"#,
        ] {
            assert!(is_change(text), "{text}");
        }
        for text in [
            r#"{"ts":1795401022.1,"level":"info","msg":"deploy started","event":"deploy"}"#,
            r#"{"timestamp":"2026-11-23T02:30:22Z","event":"released connection to the pool after use","user":"x"}"#,
            r#"{"time":"2026-11-23T02:30:22Z","type":"request","status":200}"#,
            r#"{"kind":"deploy","service":"order"}"#,
            r#"{"ts":"2026-11-23T02:30:22Z","action":"config.reload","trace_id":"abc","msg":"x"}"#,
            r#"{"time":"2026-11-23T02:30:22Z","service":"web","version":"1.2","env":"prod","user":"x","path":"/a","status":200}"#,
            r#"{"time":"2026-11-23T02:30:22Z","service":"web","version":"1.2","env":"prod","message":"cache is full"}"#,
            r#"{"time":"2026-11-23T02:30:22Z","service":"web","version":"1.2","env":"prod","value":3}"#,
        ] {
            assert!(!is_change(text), "{text}");
        }
    }

    #[test]
    fn a_record_becomes_one_readable_line() {
        let check = |text: &str, expected: &str| assert_eq!(sentence(&serde_json::from_str(text).expect("object")), expected);
        check(
            r#"{"service":"order","from":"v1.8.3","to":"v1.9.0","change":"batch pricing v2"}"#,
            "order v1.8.3 → v1.9.0: batch pricing v2",
        );
        check(
            r#"{"service":"order","from":"1 instance","to":"2 instances","version":"v1.9.0","reason":"high load"}"#,
            "order v1.9.0 1 instance → 2 instances: high load",
        );
        check(r#"{"service":"pay","version":"v5","flag":"batch","from":"1","to":"100","stage":"all"}"#, "pay v5 batch 1 → 100: all");
        check(r#"{"service":"edge","text":"load started"}"#, "edge: load started");
        check(r#"{"kind":"note"}"#, "note");
    }

    #[test]
    fn lines_lists_and_wrapped_lists_are_read_and_unplaced_ones_kept() {
        let one = r#"{"ts":"2026-11-23T02:30:22Z","kind":"Deploy","service":"a"}"#;
        let two = r#"{"kind":"rollback","service":"a"}"#;
        for text in [format!("{one}\n{two}\n"), format!("[{one},{two}]"), format!("{{\"deployments\":[{one},{two}]}}")] {
            let document = parse(text.as_bytes(), &Context::default());
            assert_eq!((document.changes.len(), document.n_records, document.n_unplaced), (2, 2, 1), "{text}");
            assert_eq!((document.changes[0].kind.as_str(), document.changes[1].time), ("deploy", None));
        }
    }
}
