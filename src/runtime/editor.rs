//! `$EDITOR` on a text: through a temporary file, with the terminal lent to the editor.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::Context as _;

/// Opens `$VISUAL` or `$EDITOR` (else `vi`) on `text` and returns what was saved. The terminal must not be ours.
pub fn edit(text: &str) -> anyhow::Result<String> {
    let editor = super::programs::editor();
    let mut words = editor.split_whitespace();
    let program = words.next().context("no editor is named")?;
    let file = TemporaryFile::create(text)?;
    let status = Command::new(program)
        .args(words)
        .arg(&file.path)
        .status()
        .with_context(|| format!("{program}: cannot be started; set $EDITOR to an editor that is installed"))?;
    anyhow::ensure!(status.success(), "{program} ended with {status}; the text is unchanged");
    fs::read_to_string(&file.path).with_context(|| format!("{}: cannot be read back", file.path.display()))
}

/// A file of our own in the temporary directory, removed when dropped.
struct TemporaryFile {
    path: PathBuf,
}

impl TemporaryFile {
    fn create(text: &str) -> anyhow::Result<Self> {
        use std::io::Write as _;
        for attempt in 0..100 {
            let path = env::temp_dir().join(format!("coroner-{}-{attempt}.md", std::process::id()));
            // create_new: never follow or overwrite what somebody else put there.
            match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    let this = Self { path };
                    file.write_all(text.as_bytes()).with_context(|| format!("{}: cannot be written", this.path.display()))?;
                    return Ok(this);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| format!("{}: cannot be created", path.display())),
            }
        }
        anyhow::bail!("{}: no free name for a temporary file", env::temp_dir().display())
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
