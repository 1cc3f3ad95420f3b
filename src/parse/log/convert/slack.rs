//! Messages of a Slack channel, from an export (a file a day) or the API: who said what when.
//!
//! The id of a message is its time. Marks such as `<@U2>` and `<url|words>` become words; who speaks stands as the
//! service, so that a person can be filtered like any other source of lines.

use serde_json::{Map, Value};

/// Whether a value in quotes is an id of a message: ten digits, a point, six digits.
pub(super) fn is_id(json: &[u8]) -> bool {
    let inner = json.strip_prefix(b"\"").and_then(|json| json.strip_suffix(b"\"")).unwrap_or_default();
    inner.len() == 17 && inner[10] == b'.' && inner.iter().enumerate().all(|(at, byte)| at == 10 || byte.is_ascii_digit())
}

pub(super) fn record_of(message: &Map<String, Value>) -> Map<String, Value> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let of = |parent: &str, name: &str| text(message.get(parent).and_then(|parent| parent.get(name)));
    let who = of("user_profile", "display_name")
        .or_else(|| of("user_profile", "real_name"))
        .or_else(|| text(message.get("username")))
        .or_else(|| text(message.get("user")))
        .or_else(|| text(message.get("bot_id")));
    let mut said = text(message.get("text")).map_or_else(String::new, |text| words(&text));
    if said.is_empty() {
        let attachments = message.get("attachments").and_then(Value::as_array).into_iter().flatten();
        let shown = attachments.filter_map(|one| ["fallback", "title", "text"].iter().find_map(|name| text(one.get(*name))));
        said = shown.map(|text| words(&text)).collect::<Vec<_>>().join("\n");
    }
    let mut record = Map::new();
    record.insert("timestamp".into(), message.get("ts").cloned().unwrap_or_default());
    record.insert("message".into(), said.into());
    if let Some(who) = who {
        record.insert("service".into(), who.into());
    }
    for name in ["user", "subtype", "thread_ts", "reply_count", "channel"] {
        if let Some(value) = message.get(name).filter(|value| !value.is_null()) {
            record.insert(name.into(), value.clone());
        }
    }
    record
}

/// Text without the marks of Slack: `<@U2>`, `<#C1|ops>`, `<!here>`, `<https://a|words>`, `&amp;`.
fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, mark)) = rest.split_once('<') {
        out.push_str(before);
        let Some((inside, after)) = mark.split_once('>') else {
            out.push('<');
            rest = mark;
            continue;
        };
        let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
        match (target.chars().next(), label) {
            (Some(sign @ ('@' | '#')), Some(label)) => out.extend([sign].into_iter().chain(label.chars())),
            (Some('!'), _) => out.extend(['@'].into_iter().chain(label.unwrap_or(&target[1..]).trim_start_matches('@').chars())),
            (_, Some(label)) => out.extend([label, " (", target, ")"]),
            _ => out.push_str(target),
        }
        rest = after;
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
