//! `sections/*.md` written from the screen: by temporary file and rename, and never over what somebody else wrote meanwhile.

use std::fs;

use super::export::{Target, write_whole};
use crate::app::Message;

/// Writes the words of a section if its file still holds `before`, and tells what became of it.
pub fn written(target: &Target, stem: String, before: &str, text: String) -> Message {
    match write(target, &stem, before, &text) {
        Ok(()) => Message::SectionWritten(stem),
        Err(error) => Message::SectionFailed { stem, text, why: format!("{error:#}") },
    }
}

fn write(target: &Target, stem: &str, before: &str, text: &str) -> anyhow::Result<()> {
    anyhow::ensure!(!target.case_dir.as_os_str().is_empty(), "the case is kept nowhere; open it with --case DIR");
    let is_plain = !stem.is_empty() && !stem.starts_with('.') && !stem.contains(['/', '\\', '\0']);
    anyhow::ensure!(is_plain, "{stem:?} is no name of a section");
    let folder = target.case_dir.join("sections");
    let path = folder.join(format!("{stem}.md"));
    let now = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => target.sections.get(stem).cloned().unwrap_or_default(),
        Err(error) => return Err(anyhow::Error::from(error).context(format!("{}: cannot be read", path.display()))),
    };
    anyhow::ensure!(
        now.trim_end() == before.trim_end() || now.trim_end() == text.trim_end(),
        "{}: somebody else has changed it meanwhile; your words are still here: copy them, Esc, and open the section again",
        path.display()
    );
    fs::create_dir_all(&folder)?;
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    write_whole(&path, format!("{text}{end}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_written_whole_and_never_over_the_words_of_others() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = Target { case_dir: dir.path().to_owned(), ..Target::default() };
        let path = dir.path().join("sections/summary.md");
        assert_eq!(written(&target, "summary".into(), "", "one".into()), Message::SectionWritten("summary".into()));
        assert_eq!(fs::read_to_string(&path).expect("written"), "one\n");
        assert_eq!(written(&target, "summary".into(), "one", "two".into()), Message::SectionWritten("summary".into()));
        let refused = written(&target, "summary".into(), "one", "mine".into());
        assert!(matches!(refused, Message::SectionFailed { ref text, .. } if text == "mine"), "{refused:?}");
        assert_eq!(fs::read_to_string(&path).expect("kept"), "two\n");
        assert!(matches!(written(&target, "../x".into(), "", "x".into()), Message::SectionFailed { .. }));
    }
}
