//! Message templates of Serilog and its kin: `HTTP {Method} {Path} responded {StatusCode} in {Elapsed:0.0000} ms`, with the
//! values in other fields of the record. Patterns keep the template, which is what the lines have in common.
//!
//! After the message template specification (messagetemplates.org) and the compact format of Serilog (CLEF).

use crate::parse::RecordDetail;

/// Key of the template in the compact format.
pub(super) const TEMPLATE: &str = "@mt";

/// Fills the message of a record, which is a template, from its fields, and names the fields of the compact format.
pub(super) fn fill(detail: &mut RecordDetail) {
    let value = |key: &str| detail.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    // How values with a format look, in the order of their places.
    let formatted: Vec<String> = value("@r").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    detail.message = render(&detail.message, &formatted, value);
}

/// Gives the fields of the compact format names for people, and leaves out what only machines need.
pub(super) fn name_fields(fields: &mut Vec<(String, String)>) {
    fields.retain(|(name, _)| !matches!(name.as_str(), "@r" | "@i"));
    for (name, _) in fields {
        match name.as_str() {
            "@x" => "exception".clone_into(name),
            "@sp" => "span_id".clone_into(name),
            _ => {}
        }
    }
}

/// The template with its holes filled; a hole whose value is missing stays as it is.
fn render<'v>(template: &str, formatted: &[String], value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut formatted = formatted.iter();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            // Doubled braces stand for themselves.
            text.push_str(brace);
            rest = after;
            continue;
        }
        let hole = if brace == "{" { rest.find('}').map(|end| &rest[..end]) } else { None };
        let Some(hole) = hole else {
            text.push_str(brace);
            continue;
        };
        let name = hole.trim_start_matches(['@', '$']);
        let name = &name[..name.find([',', ':']).unwrap_or(name.len())];
        let rendering = if hole.contains(':') { formatted.next().map(String::as_str) } else { None };
        match rendering.or_else(|| value(name)) {
            Some(value) => text.push_str(value),
            None => text.extend(["{", hole, "}"]),
        }
        rest = &rest[hole.len() + 1..];
    }
    text + rest
}

/// The trace id in the scopes that the JSON console of .NET writes: a list of objects, where keys have no roles.
pub(super) fn scope_trace(line: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"\"TraceId\":\"";
    let at = memchr::memmem::find(line, KEY)? + KEY.len();
    let len = line[at..].iter().take(64).position(|byte| *byte == b'"')?;
    let id = &line[at..at + len];
    (len >= 16 && id.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_from_the_fields_of_its_record() {
        let fields =
            |key: &str| [("Method", "GET"), ("Elapsed", "15.74"), ("User", "{\"Id\":7}")].into_iter().find(|(name, _)| *name == key);
        let filled = |template: &str| render(template, &["15.7400".to_owned()], |key| fields(key).map(|(_, value)| value));
        assert_eq!(filled("HTTP {Method} in {Elapsed:0.0000} ms"), "HTTP GET in 15.7400 ms");
        assert_eq!(filled("{Method,-8}|{@User} {{kept}} {Gone} {open"), "GET|{\"Id\":7} {kept} {Gone} {open");
        assert_eq!(filled("5 } 3 {} ü{Method}"), "5 } 3 {} üGET");
    }
}
