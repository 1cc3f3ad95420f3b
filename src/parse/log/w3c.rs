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
    // The standard says seconds and CloudFront keeps to it; IIS and most others write milliseconds.
    let taken = if fields.contains("x-edge-location") { "latency_s" } else { "latency_ms" };
    let mut pattern = String::from("^");
    for (index, field) in fields.split_whitespace().enumerate() {
        let name: String = field.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let name = match name.trim_matches('_') {
            "sc_status" => "status".to_owned(),
            "time_taken" => taken.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloudfront_writes_seconds_and_others_milliseconds() {
        let units = |fields: &str| {
            let format = format(fields)?;
            format.groups().iter().find_map(|group| group.name.strip_prefix("latency_").map(str::to_owned))
        };
        assert_eq!(units("date time x-edge-location sc-status time-taken").as_deref(), Some("s"));
        assert_eq!(units("date time cs-method cs-uri-stem sc-status time-taken").as_deref(), Some("ms"));
    }
}
