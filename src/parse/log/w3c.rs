//! The format of a W3C extended log (IIS, `CloudFront` and others), made of the names in its `#Fields:` line.
//!
//! Nothing is read here: the line becomes a pattern, and `named` reads with it as with any other.

use std::fmt::Write as _;
use std::sync::Arc;

use super::format_file::FormatText;
use super::named::NamedFormat;

/// A format made of the field names of a W3C extended log; `None` without a time among them.
pub(super) fn format(fields: &str) -> Option<Arc<NamedFormat>> {
    let mut names: Vec<String> = Vec::new();
    // `CloudFront` measures in seconds, servers of Microsoft in milliseconds.
    let is_edge = fields.split_whitespace().any(|field| field.starts_with("x-edge-"));
    let mut pattern = String::from("^");
    for (index, field) in fields.split_whitespace().enumerate() {
        let name: String = field.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let name = match name.trim_matches('_') {
            "sc_status" => "status".to_owned(),
            "time_taken" if is_edge => "latency_s".to_owned(),
            "time_taken" => "latency_ms".to_owned(),
            "s_sitename" | "s_computername" => "service".to_owned(),
            "cs_uri" | "cs_uri_stem" => "message".to_owned(),
            name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name.to_owned(),
            name => format!("field_{name}"),
        };
        let name = if names.contains(&name) { format!("{name}_{index}") } else { name };
        let gap = if index == 0 { "" } else { r"[ \t]+" };
        let _ = write!(pattern, r#"{gap}(?<{name}>"(?:[^"]|"")*"|\S+)"#);
        names.push(name);
    }
    pattern.push_str(r"\s*$");
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if !has("time") {
        return None;
    }
    let say = has("cs_method").then(|| "{cs_method} {message} {status}".to_owned());
    let format = FormatText { name: "w3c-extended".into(), pattern: Some(pattern), say, ..FormatText::default() };
    NamedFormat::checked(format).ok().map(Arc::new)
}
