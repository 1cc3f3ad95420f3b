//! `$EDITOR` on a text: through a temporary file, with the terminal lent to the editor.

use std::fs;
use std::process::Command;

use anyhow::Context as _;

use super::outside::program_of;
use super::private::PrivateFile;
use super::programs;

/// Opens `$VISUAL` or `$EDITOR` (else `vi`) on `text` and returns what was saved. The terminal must not be ours.
pub fn edit(text: &str) -> anyhow::Result<String> {
    let (program, arguments) = program_of(&programs::editor())?;
    let file = PrivateFile::create("note.md", text.as_bytes())?;
    let status = Command::new(&program)
        .args(arguments)
        .arg(file.path())
        .status()
        .with_context(|| format!("{program}: cannot be started; set $EDITOR to an editor that is installed"))?;
    anyhow::ensure!(status.success(), "{program} ended with {status}; the text is unchanged");
    fs::read_to_string(file.path()).with_context(|| format!("{}: cannot be read back", file.path().display()))
}
