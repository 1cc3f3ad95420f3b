//! Names: patterns over paths, path parts that are shown, zones as the user writes them.

use crate::model::{Zone, ZoneCertainty};

/// Whether `text` matches a pattern in which `*` is any run of characters and `?` any one. O(n · m) at worst.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = star {
            star = Some((star_p, star_t + 1));
            p = star_p + 1;
            t = star_t + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether a source is meant by what a user writes: its path, its file name, a folder or member above it, or a pattern.
pub fn names_source(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    let is_part = |rest: &str| rest.is_empty() || rest.starts_with('/');
    matches(pattern, path)
        || path.rsplit('/').next().is_some_and(|name| matches(pattern, name))
        || path.strip_prefix(pattern).is_some_and(is_part)
        || path.strip_suffix(pattern).is_some_and(|rest| rest.ends_with('/'))
}

/// Folder of a path, with its `/`; empty at the top.
pub fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// File name without its endings.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.find('.').filter(|at| *at > 0).map_or(name, |at| &name[..at])
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
    fn patterns_match_whole_names() {
        let yes = [("*", ""), ("go_*", "go_goroutines"), ("a?c", "abc"), ("*[1]*", "x[1]y"), ("a*b*c", "aXbbYc"), ("a**", "a")];
        assert!(yes.iter().all(|(pattern, text)| matches(pattern, text)));
        assert!(!matches("go", "go_goroutines") && !matches("a*b", "a") && !matches("?", ""));
    }

    #[test]
    fn a_source_is_meant_by_path_name_folder_or_pattern() {
        let path = "case/logs/order-1.log";
        let yes = [path, "order-1.log", "order-*.log", "case/logs", "./case/", "logs/order-1.log", "*/logs/*"];
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
