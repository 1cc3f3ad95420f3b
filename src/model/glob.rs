//! Patterns as people write them: `*` is any run of characters, `?` any one.

/// Whether `text` matches a pattern in which `*` is any run of characters and `?` any one. O(n · m) at worst.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text[t..].chars().next() {
        match pattern[p..].chars().next() {
            Some('*') => {
                p += 1;
                star = Some((p, t));
            }
            Some(wanted) if wanted == '?' || wanted == c => {
                p += wanted.len_utf8();
                t += c.len_utf8();
            }
            _ => {
                let Some((star_p, star_t)) = star else { return false };
                let next = star_t + text[star_t..].chars().next().map_or(1, char::len_utf8);
                star = Some((star_p, next));
                (p, t) = (star_p, next);
            }
        }
    }
    pattern[p..].bytes().all(|byte| byte == b'*')
}

/// Name of a file without its folder and its endings.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.find('.').filter(|at| *at > 0).map_or(name, |at| &name[..at])
}

/// Whether a source is meant by what a user writes: its path, its file name with or without its endings, a folder or
/// member above it, or a pattern.
pub fn names_source(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    let is_part = |rest: &str| rest.is_empty() || rest.starts_with('/');
    matches(pattern, path)
        || path.rsplit('/').next().is_some_and(|name| matches(pattern, name))
        || stem(path) == pattern
        || path.strip_prefix(pattern).is_some_and(is_part)
        || path.strip_suffix(pattern).is_some_and(|rest| rest.ends_with('/'))
}
