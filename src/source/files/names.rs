//! Names: patterns over paths, path parts that are shown, zones as the user writes them.

pub use crate::model::glob::{matches, names_source, stem};
use crate::model::{Zone, ZoneCertainty};

/// Folder of a path, with its `/`; empty at the top.
pub fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// How old a file of a rotated log is, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Rotated on this date, written as digits.
    Dated(String),
    /// Rotated so many times: the greatest number is the oldest.
    Rotated(std::cmp::Reverse<u32>),
    /// The one that is written to.
    Current,
}

/// The name that all files of a rotated log share, folder included, and the age of this one.
///
/// Knows `app.log.1`, `app.log.2.gz`, `app.log-20261123`, `app.log.2026-11-23`, `app-2026-11-23.log`, `app.log.old`.
pub fn rotation(path: &str) -> (String, Age) {
    const PACKED: [&str; 5] = [".gz", ".zst", ".xz", ".bz2", ".lz4"];
    let path = PACKED.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
    let at = folder(path).len();
    let name = &path[at..];
    if let Some(stem) = name.strip_suffix(".old").filter(|stem| !stem.is_empty()) {
        return (format!("{}{stem}", &path[..at]), Age::Rotated(std::cmp::Reverse(1)));
    }
    let cut = |end: usize| end.checked_sub(1).filter(|cut| *cut > 0 && matches!(name.as_bytes()[*cut], b'.' | b'-' | b'_'));
    // Digits and what stands between the parts of a date, at the end or before the last ending.
    let is_mark = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_' | b'T' | b'Z' | b':');
    let tail = name.len() - name.bytes().rev().take_while(|byte| is_mark(*byte)).count();
    let tail = tail + name[tail..].bytes().take_while(|byte| !byte.is_ascii_digit()).count();
    if tail < name.len()
        && let Some(stem) = cut(tail)
        && let Some(age) = age(&name[tail..], name.as_bytes()[stem])
    {
        return (format!("{}{}", &path[..at], &name[..stem]), age);
    }
    if let Some(dot) = name.rfind('.') {
        let start = dot - name[..dot].bytes().rev().take_while(|byte| is_mark(*byte)).count();
        let start = start + name[start..dot].bytes().take_while(|byte| !byte.is_ascii_digit()).count();
        if start < dot
            && let Some(stem) = cut(start)
            && let Some(age @ Age::Dated(_)) = age(&name[start..dot], b'-')
        {
            return (format!("{}{}{}", &path[..at], &name[..stem], &name[dot..]), age);
        }
    }
    (path.to_owned(), Age::Current)
}

/// The age that a mark of rotation tells: a date, or behind a dot a small number.
fn age(mark: &str, before: u8) -> Option<Age> {
    let digits: String = mark.chars().filter(char::is_ascii_digit).collect();
    if digits.len() >= 8 && digits.starts_with("20") {
        return Some(Age::Dated(digits));
    }
    let is_number = before == b'.' && mark.len() <= 4 && mark.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| mark.parse().ok().map(|n| Age::Rotated(std::cmp::Reverse(n)))).flatten()
}

/// Joins and cleans the parts of a path inside an archive: no `..`, no root, `/` between parts.
pub fn member_path(archive: &str, inner: &str) -> String {
    let parts = inner.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    let mut path = archive.to_owned();
    for part in parts {
        path.push('/');
        path.push_str(part);
    }
    path
}

/// A zone as the user writes it: `UTC`, an IANA name or an offset such as `+05:30`, `+0530`, `+5`.
pub fn zone(text: &str) -> Option<Zone> {
    let name = match text {
        "Z" | "z" | "utc" | "UTC" => "UTC".to_owned(),
        _ if text.starts_with(['+', '-']) => offset(text)?,
        _ => text.parse::<chrono_tz::Tz>().ok()?.name().to_owned(),
    };
    Some(Zone { name, certainty: ZoneCertainty::File })
}

fn offset(text: &str) -> Option<String> {
    let rest = &text[1..];
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if rest.len() > 2 => rest.split_at_checked(rest.len() - 2)?,
        None => (rest, "0"),
    };
    if hours.is_empty() || hours.len() > 2 || !rest.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 18 && minutes < 60).then(|| format!("{}{hours:02}:{minutes:02}", &text[..1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_rotated_log_share_a_name() {
        let of = |path| {
            let (name, age) = rotation(path);
            format!("{name} {age:?}")
        };
        assert_eq!(of("d/app.log"), "d/app.log Current");
        assert_eq!(of("d/app.log.2.gz"), "d/app.log Rotated(Reverse(2))");
        assert_eq!(of("syslog.1"), "syslog Rotated(Reverse(1))");
        assert_eq!(of("app.log-20261123.zst"), "app.log Dated(\"20261123\")");
        assert_eq!(of("0.log.20261123-022809.gz"), "0.log Dated(\"20261123022809\")");
        assert_eq!(of("app-2026-11-23.log"), "app.log Dated(\"20261123\")");
        assert_eq!(of("app.log.2026-11-23.1"), "app.log Dated(\"202611231\")");
        assert_eq!(of("order-1.log"), "order-1.log Current");
        assert_eq!(of("web-v2"), "web-v2 Current");
        assert_eq!(of("20261123.log"), "20261123.log Current");
        let mut ages = [rotation("a").1, rotation("a.1").1, rotation("a.2").1, rotation("a-20261101").1];
        ages.sort();
        assert_eq!(ages[3], Age::Current);
        assert!(ages[1] > rotation("a.3").1);
    }

    #[test]
    fn patterns_match_whole_names() {
        let yes = [("*", ""), ("go_*", "go_goroutines"), ("a?c", "abc"), ("*[1]*", "x[1]y"), ("a*b*c", "aXbbYc"), ("a**", "a")];
        assert!(yes.iter().all(|(pattern, text)| matches(pattern, text)));
        assert!(!matches("go", "go_goroutines") && !matches("a*b", "a") && !matches("?", ""));
    }

    #[test]
    fn a_source_is_meant_by_path_name_folder_or_pattern() {
        let path = "case/logs/order-1.log";
        let yes = [path, "order-1.log", "order-*.log", "case/logs", "./case/", "logs/order-1.log", "*/logs/*", "order-1"];
        assert!(yes.iter().all(|pattern| names_source(pattern, path)));
        assert!(["order", "log", "case/log", "1.log"].iter().all(|pattern| !names_source(pattern, path)));
    }

    #[test]
    fn zones_are_checked() {
        let name = |text| zone(text).map(|zone| zone.name);
        assert_eq!(name("+530").as_deref(), Some("+05:30"));
        assert_eq!(name("-8").as_deref(), Some("-08:00"));
        assert_eq!(name("Europe/Berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(name("z").as_deref(), Some("UTC"));
        assert!(["Berlin", "+25", "+1:2:3:4", "+", ""].iter().all(|text| zone(text).is_none()));
    }

    #[test]
    fn members_stay_inside_their_archive() {
        assert_eq!(member_path("a.tar", "../../etc/passwd"), "a.tar/etc/passwd");
        assert_eq!(member_path("a.zip", "/x\\..//y.log"), "a.zip/x/y.log");
    }
}
