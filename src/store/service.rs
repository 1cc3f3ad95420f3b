//! The service a source speaks for when its records name none, derived from its path.
//!
//! Purely by form: last part of the path, endings of compression, rotation and format removed, then an instance
//! or date suffix of digits: `logs/order-1.log` → `order`, `edge-access.log.2.gz` → `edge-access`.

/// Endings that say how a file is stored or written, not who wrote it.
const ENDINGS: &[&str] =
    &["gz", "zst", "xz", "bz2", "zip", "log", "json", "jsonl", "ndjson", "txt", "out", "err", "logfmt", "csv", "old", "current"];

/// The service named by a path; `None` for standard input and names without a letter.
pub fn service_of_path(path: &str) -> Option<String> {
    let mut name = path.rsplit('/').next()?;
    loop {
        let shorter = without_ending(name);
        if shorter.len() == name.len() {
            break;
        }
        name = shorter;
    }
    name.chars().any(char::is_alphabetic).then(|| name.to_owned())
}

/// One ending, or one suffix of digits after `-`, `_` or `.`, less.
fn without_ending(name: &str) -> &str {
    let Some(cut) = name.rfind(['.', '-', '_']).filter(|cut| *cut > 0) else { return name };
    let last = &name[cut + 1..];
    let is_ending = name.as_bytes()[cut] == b'.' && ENDINGS.iter().any(|ending| last.eq_ignore_ascii_case(ending));
    let is_instance = !last.is_empty() && is_stamp(last);
    if is_ending || is_instance { &name[..cut] } else { name }
}

/// Digits, or a date and time in digits like `20261123T023337Z`.
fn is_stamp(text: &str) -> bool {
    let digits = text.strip_suffix('Z').unwrap_or(text);
    digits.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'T')
        && digits.bytes().filter(|b| *b == b'T').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_rotations_and_endings_do_not_name_a_service() {
        let of = |path| service_of_path(path).unwrap_or_default();
        assert_eq!(of("logs/order-1.log"), "order");
        assert_eq!(of("edge-access.log.2.gz"), "edge-access");
        assert_eq!(of("a.tar.xz/var/log/syslog"), "syslog");
        assert_eq!(of("payment_03.jsonl"), "payment");
        assert_eq!(of("api-20261123T023337Z.log"), "api");
        assert_eq!(of("web-v2.log"), "web-v2");
        assert_eq!(of("db.primary.log"), "db.primary");
        assert_eq!(of("-"), "");
        assert_eq!(of("2026-11-23.log"), "");
    }
}
