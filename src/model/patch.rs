//! What a unified diff says of itself: files, added and removed lines, the commit it was made of.
//!
//! Reads what `git diff`, `git format-patch`, `git show` and `diff -u` write. Applies nothing.

use super::text::printable;

/// Greatest patch that is kept as evidence; larger ones belong into a repository that a link points to.
pub const MAX_BYTES: usize = 256 << 10;

/// One file of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatchFile {
    /// Its path after the change, or before if it was removed.
    pub path: String,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
}

/// A patch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// Its files in order.
    pub files: Vec<PatchFile>,
    /// The commit that it is, if it says so.
    pub commit: Option<String>,
}

impl Patch {
    /// Reads a patch; the error says why it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!(
                "{} KiB are too much for a piece of evidence (at most {}); pin a link to it",
                text.len() >> 10,
                MAX_BYTES >> 10
            ));
        }
        let mut patch = Self::default();
        // Lines of the old and the new file that the hunk still has.
        let mut left = (0_u64, 0_u64);
        let mut old = String::new();
        let mut has_hunk = false;
        for line in text.lines() {
            if left != (0, 0) {
                patch.count(line, &mut left);
                continue;
            }
            if let Some(path) = line.strip_prefix("--- ") {
                old = path_of(path);
            } else if let Some(path) = line.strip_prefix("+++ ") {
                let new = path_of(path);
                let path = if new == "/dev/null" { std::mem::take(&mut old) } else { new };
                patch.files.push(PatchFile { path, ..PatchFile::default() });
            } else if let Some(hunk) = line.strip_prefix("@@ ").and_then(hunk_of).filter(|_| !patch.files.is_empty()) {
                (left, has_hunk) = (hunk, true);
            } else if patch.commit.is_none()
                && let Some(hash) = ["From ", "commit "].iter().find_map(|sign| line.strip_prefix(sign))
            {
                let hash = hash.split(' ').next().unwrap_or_default();
                let is_hash = (7..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
                patch.commit = is_hash.then(|| hash.to_owned());
            }
        }
        if has_hunk { Ok(patch) } else { Err("no unified diff: it has no --- and +++ lines with a hunk (@@ -1,3 +1,4 @@)".to_owned()) }
    }

    fn count(&mut self, line: &str, left: &mut (u64, u64)) {
        let Some(file) = self.files.last_mut() else { return };
        match line.as_bytes().first() {
            Some(b'+') => {
                file.added += 1;
                left.1 = left.1.saturating_sub(1);
            }
            Some(b'-') => {
                file.removed += 1;
                left.0 = left.0.saturating_sub(1);
            }
            // `\ No newline at end of file`
            Some(b'\\') => {}
            _ => *left = (left.0.saturating_sub(1), left.1.saturating_sub(1)),
        }
    }

    /// Lines added and removed in all.
    pub fn total(&self) -> (usize, usize) {
        self.files.iter().fold((0, 0), |(added, removed), file| (added + file.added, removed + file.removed))
    }

    /// `pool.go +12 −3, main.go +1 −1 and 4 more files`.
    pub fn words(&self, most: usize) -> String {
        let one = |file: &PatchFile| format!("{} +{} −{}", printable(&file.path), file.added, file.removed);
        let shown: Vec<String> = self.files.iter().take(most).map(one).collect();
        let more = self.files.len().saturating_sub(most);
        let rest = if more == 0 { String::new() } else { format!(" and {more} more files") };
        format!("{}{rest}", shown.join(", "))
    }
}

/// `b/pool.go\t2026-…` → `pool.go`.
fn path_of(text: &str) -> String {
    let path = text.split('\t').next().unwrap_or_default().trim().trim_matches('"');
    ["a/", "b/"].iter().find_map(|sign| path.strip_prefix(sign)).unwrap_or(path).to_owned()
}

/// `-1,3 +1,4 @@ …` → 3, 4.
fn hunk_of(text: &str) -> Option<(u64, u64)> {
    let (ranges, _) = text.split_once(" @@")?;
    let (old, new) = ranges.split_once(' ')?;
    let length = |range: &str, sign: char| -> Option<u64> {
        let range = range.strip_prefix(sign)?;
        match range.split_once(',') {
            Some((start, length)) => start.parse::<u64>().ok().and(length.parse().ok()),
            None => range.parse::<u64>().ok().map(|_| 1),
        }
    };
    Some((length(old, '-')?, length(new, '+')?))
}

/// An address that may be evidence: http, https or mailto, without blanks and control characters.
pub fn web_address(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let is_known = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme) && lower.len() > scheme.len());
    let is_clean = !text.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"`\\".contains(c));
    match (is_known, is_clean) {
        (true, true) => Ok(text),
        (false, _) => Err(format!("{:?} is no address: only http://, https:// and mailto: are kept", printable(text))),
        (true, false) => Err(format!("{:?} holds signs that no address has; write them as %20 …", printable(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "From 1f2e3d4c5b6a Mon Sep 17 00:00:00 2001\nSubject: close\n\ndiff --git a/pool.go b/pool.go\n--- a/pool.go\n+++ b/pool.go\n\
        @@ -1,3 +1,4 @@ func price\n for id := range ids {\n-\tdefer conn.Close()\n+\tconn.Close()\n+--- not a file\n }\n\
        --- /dev/null\n+++ b/new file.go\t2026-11-23\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n";

    #[test]
    fn files_and_lines_are_counted_and_what_a_hunk_holds_is_no_head() {
        let patch = Patch::read(PATCH).expect("a patch");
        assert_eq!(patch.words(8), "pool.go +2 −1, new file.go +1 −0");
        assert_eq!(patch.words(1), "pool.go +2 −1 and 1 more files");
        assert_eq!((patch.total(), patch.commit.as_deref()), ((3, 1), Some("1f2e3d4c5b6a")));
        assert_eq!(Patch::read("--- gone.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n").expect("a patch").files[0].path, "gone.go");
    }

    #[test]
    fn what_is_no_patch_is_refused_with_a_reason() {
        for text in ["", "hello", "--- a\n+++ b\n", "@@ -1 +1 @@\n-a\n+b\n", "--- a\n+++ b\n@@ x @@\n"] {
            assert!(Patch::read(text).unwrap_err().contains("no unified diff"), "{text:?}");
        }
        assert!(Patch::read(&"x".repeat(MAX_BYTES + 1)).unwrap_err().contains("link"));
    }

    #[test]
    fn only_addresses_of_the_web_and_of_mail_are_links() {
        assert_eq!(web_address(" https://git.example/pr/7?a=b#c "), Ok("https://git.example/pr/7?a=b#c"));
        assert!(web_address("mailto:oncall@example.org").is_ok());
        for text in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "https://",
            "",
            "http://a b",
            "https://a\u{1b}[31m",
            "https://x/<script>",
        ] {
            assert!(web_address(text).is_err(), "{text:?}");
        }
    }
}
