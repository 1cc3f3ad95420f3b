//! Records that name no kind, and still tell that a version went somewhere: by the names of their keys.

use serde_json::{Map, Value};

use super::{FROM_KEYS, SERVICE_KEYS, TO_KEYS, VERSION_KEYS, field};

/// Where something was deployed.
const PLACE_KEYS: [&str; 7] = ["environment", "env", "cluster", "namespace", "region", "stage", "tier"];
/// Who or what did it.
const ACTOR_KEYS: [&str; 17] = [
    "deployed_by",
    "released_by",
    "triggered_by",
    "created_by",
    "started_by",
    "approved_by",
    "initiated_by",
    "changed_by",
    "author",
    "actor",
    "deployer",
    "initiator",
    "operator",
    "owner",
    "user",
    "by",
    "who",
];
/// How it went, in a word.
const STATUS_KEYS: [&str; 5] = ["status", "state", "result", "conclusion", "outcome"];
/// Keys of requests, messages and measurements: a record that has them and no kind is no change.
const TELEMETRY_KEYS: [&str; 18] = [
    "message",
    "msg",
    "log",
    "text",
    "path",
    "url",
    "uri",
    "request",
    "request_id",
    "route",
    "duration",
    "latency",
    "elapsed",
    "bytes",
    "value",
    "metric",
    "ip",
    "host",
];
/// Without a kind: a version that went somewhere, by somebody, with some outcome. Either the time says what happened
/// (`deployed_at`), or at least three of these are told and nothing that only telemetry has.
pub(super) fn tells_of_a_version(record: &Map<String, Value>) -> bool {
    let has_any = |keys: &[&str]| field(record, keys).is_some();
    let has_word = |keys: &[&str]| field(record, keys).is_some_and(|word| word.parse::<f64>().is_err());
    if !has_any(&VERSION_KEYS) && !has_any(&TO_KEYS) {
        return false;
    }
    let hints = [has_any(&SERVICE_KEYS), has_any(&PLACE_KEYS), has_any(&ACTOR_KEYS), has_word(&STATUS_KEYS), has_any(&FROM_KEYS)];
    let n_hints = hints.iter().filter(|has| **has).count();
    if kind_of_time(record).is_some() {
        return n_hints > 0;
    }
    let has_telemetry = record.keys().any(|key| TELEMETRY_KEYS.contains(&key.to_ascii_lowercase().as_str()));
    !has_telemetry && (hints[0] || hints[1]) && n_hints >= 3
}

/// The kind that the name of a time tells: `deployed_at` is a deploy.
pub(super) fn kind_of_time(record: &Map<String, Value>) -> Option<&'static str> {
    const WORDS: [(&str, &str); 8] = [
        ("deploy", "deploy"),
        ("rolledback", "rollback"),
        ("rollback", "rollback"),
        ("rollout", "rollout"),
        ("released", "release"),
        ("published", "release"),
        ("promoted", "promotion"),
        ("merged", "merge"),
    ];
    record.keys().find_map(|key| {
        let key = plain_key(key);
        let kind = WORDS.iter().find(|(word, _)| key.starts_with(word))?.1;
        is_time_key(&key).then_some(kind)
    })
}

/// A key in small letters and digits only: `deployedAt` and `deployed_at` are one.
pub(super) fn plain_key(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a plain key names a moment: that of something done, or a time, date or timestamp.
pub(super) fn is_time_key(key: &str) -> bool {
    ["edat", "time", "date", "timestamp", "ts", "startat", "runat", "begin"].iter().any(|ending| key.ends_with(ending))
        && !["update", "candidate", "validate", "runtime", "uptime", "artifacts", "downtime", "leadtime"]
            .iter()
            .any(|other| key.ends_with(other))
}
