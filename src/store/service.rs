//! The service a source speaks for when its records name none, derived from its path.
//!
//! Purely by form: last part of the path, endings of compression, rotation and format removed, then an instance
//! or date suffix of digits: `logs/order-1.log` → `order`, `edge-access.log.2.gz` → `edge-access`.

/// Endings that say how a file is stored or written, not who wrote it.
const ENDINGS: &[&str] =
    &["gz", "zst", "xz", "bz2", "zip", "log", "json", "jsonl", "ndjson", "txt", "out", "err", "logfmt", "csv", "old", "current"];

/// Names of files that say which of its outputs a program wrote, or where it ran, not which program.
const GENERIC: &[&str] = &["console", "stdout", "stderr", "output", "production", "development", "staging"];
/// Folders that hold the logs of anything; IIS numbers its sites.
const FOLDERS: &[&str] = &["log", "logs", "logfiles", "var", "tmp", "data", "containers", "pods", "W3SVC"];

/// The service named by a path; `None` for standard input and names without a letter. Where the file has a name that any
/// service's may have, or only a date, it is the nearest folder with a name of its own.
pub fn service_of_path(path: &str) -> Option<String> {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    let name = bare(file);
    let is_generic = GENERIC.iter().any(|generic| name.eq_ignore_ascii_case(generic)) || is_dated(name);
    let is_any = |folder: &str| FOLDERS.iter().any(|any| folder.trim_end_matches(|c: char| c.is_ascii_digit()).eq_ignore_ascii_case(any));
    let own = |folder: &&str| folder.chars().any(char::is_alphabetic) && !is_any(folder) && !folder.contains('.');
    let folder = if is_generic { folders.rsplit('/').find(own).map(bare) } else { None };
    folder.or(Some(name)).filter(|name| name.chars().any(char::is_alphabetic)).map(str::to_owned)
}

/// A few letters and a date: `u_ex26031209`, as IIS names its logs.
fn is_dated(name: &str) -> bool {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    letters.len() <= 4 && name.len() - letters.len() >= 6 && letters.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

/// A name without its endings.
fn bare(mut name: &str) -> &str {
    loop {
        let shorter = without_ending(name);
        if shorter.len() == name.len() {
            break;
        }
        name = shorter;
    }
    name
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

    #[test]
    fn a_name_that_any_log_has_gives_way_to_its_folder() {
        let of = |path| service_of_path(path).unwrap_or_default();
        assert_eq!(of("services/payments-api/console.log"), "payments-api");
        assert_eq!(of("iis/WEB01/W3SVC1/u_ex26031209.log"), "WEB01");
        assert_eq!(of("rails/web-1/production.log"), "web");
        assert_eq!(of("rails/admin/log/production.log.1"), "admin");
        assert_eq!(of("logs/production.log"), "production");
        assert_eq!(of("production.log"), "production");
        assert_eq!(of("case/access.log"), "access");
    }
}
