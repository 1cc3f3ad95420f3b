//! Other programs at the terminal: the source of an event in an editor, text in a pager, copies for other machines.
//!
//! Nothing goes through a shell: a program is started with its arguments, paths are absolute, text goes through a pipe.
//! What the settings, `$VISUAL`, `$EDITOR` and `$PAGER` say is split at blanks and nothing else.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::Context as _;

use super::private::PrivateFile;
use super::terminal::Around;
use super::{programs, terminal};
use crate::model::SourceId;
use crate::model::text::grouped;
use crate::source::{Job, Source};

/// Terminals drop longer texts for the clipboard: 100 000 bytes of base64, less what stands around them.
const MOST_CLIPBOARD_BYTES: usize = 74_994;
/// Lines around an event in an unpacked copy; fewer where there are not so many or they are very long.
const SURROUNDINGS: [u64; 4] = [2_000, 200, 20, 0];

/// Puts text on the clipboard of the terminal; over SSH, or when it is too long for that, into a private file as well.
/// Tells what was done.
pub fn copy(text: &str) -> anyhow::Result<String> {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_remote = ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].into_iter().any(is_set);
    let around = if is_set("STY") && !is_set("TMUX") { Around::Screen } else { Around::Nothing };
    copy_as(text, is_remote.then_some(Remote), &mut |text| {
        if is_set("TMUX") && give_to_tmux(text) {
            return Ok(());
        }
        Ok(terminal::copy(text, around)?)
    })
}

/// Hands text to tmux, whose usual settings drop what a program inside says about the clipboard: as its newest buffer,
/// and (from 3.2 on) for the clipboard of the terminal around it. Whether it took it.
fn give_to_tmux(text: &str) -> bool {
    let load = |arguments: &[&str]| -> anyhow::Result<bool> {
        let mut child = Command::new("tmux").args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(text.as_bytes())?;
        }
        Ok(child.wait()?.success())
    };
    [&["load-buffer", "-w", "-"][..], &["load-buffer", "-"]].into_iter().any(|arguments| load(arguments).unwrap_or(false))
}

/// The terminal is on another machine.
#[derive(Debug, Clone, Copy)]
struct Remote;

fn copy_as(text: &str, remote: Option<Remote>, clipboard: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<String> {
    let fits = text.len() <= MOST_CLIPBOARD_BYTES;
    if fits {
        clipboard(text)?;
        if remote.is_none() {
            return Ok("copied".to_owned());
        }
    }
    let path = PrivateFile::create("copy.txt", text.as_bytes())?.keep();
    let what = format!("{} bytes", grouped(text.len() as u64));
    Ok(if fits {
        format!("copied; also in {}", path.display())
    } else {
        format!("{what} are too long for the clipboard: in {}", path.display())
    })
}

/// A file to be opened at a line.
#[derive(Debug)]
pub struct Place {
    /// Absolute.
    pub path: PathBuf,
    /// From 1.
    pub line: u64,
    /// What is said afterwards, when it is a copy.
    pub words: Option<String>,
    /// The copy: it goes with this value.
    pub copy: Option<PrivateFile>,
}

/// Where lines of a source stand: its file, else an unpacked copy of them and their surroundings.
pub fn locate(source: &dyn Source, id: SourceId, (line, n_lines): (u64, u32)) -> anyhow::Result<Place> {
    if let Some(path) = source.file(id).and_then(|path| fs::canonicalize(path).ok()) {
        return Ok(Place { path, line: line.max(1), words: None, copy: None });
    }
    let job = Job::new();
    let name = source.catalog(&job)?.source(id).map(|report| report.path.clone()).unwrap_or_default();
    let line = line.max(1);
    let last = line + u64::from(n_lines.max(1)) - 1;
    let around = |n: u64| source.lines(id, line.saturating_sub(n).max(1), last + n, &job);
    // Behind the event there may be fewer lines than asked for.
    let lines = SURROUNDINGS.iter().find_map(|n| around(*n).ok());
    let lines = match lines {
        Some(lines) => lines,
        None => source.lines(id, line, last, &job).with_context(|| format!("{name}: line {line} cannot be shown"))?,
    };
    let short = name.rsplit('/').next().unwrap_or(&name);
    let copy = PrivateFile::create(&format!("lines-{}-{}-{short}.txt", lines.first, lines.last), &lines.bytes)?;
    let words = format!(
        "{name} is packed: shown was a private copy of its lines {} to {}; changes to it are not kept",
        grouped(lines.first),
        grouped(lines.last)
    );
    Ok(Place { path: copy.path().to_owned(), line: line - lines.first + 1, words: Some(words), copy: Some(copy) })
}

/// Opens a file in the editor of the user at a line. The terminal must not be ours.
pub fn open_at(path: &Path, line: u64) -> anyhow::Result<()> {
    let (program, mut arguments) = program_of(&programs::editor())?;
    arguments.extend(at_line(&program, path, line));
    run(Command::new(&program).args(arguments), &program, "$EDITOR")
}

/// Shows text in the pager of the user. The terminal must not be ours.
pub fn page(text: &str) -> anyhow::Result<()> {
    let (program, arguments) = program_of(&programs::pager())?;
    let mut child = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program}: cannot be started; set $PAGER to a program that is installed"))?;
    if let Some(mut pipe) = child.stdin.take() {
        // Who leaves the pager before its end has seen enough.
        let _ = pipe.write_all(text.as_bytes());
    }
    let status = child.wait()?;
    anyhow::ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

/// A program and its arguments as settings or environment name them.
pub fn program_of(named: &str) -> anyhow::Result<(String, Vec<OsString>)> {
    let mut words = named.split_whitespace();
    let program = words.next().context("no program is named")?.to_owned();
    Ok((program, words.map(OsString::from).collect()))
}

fn run(command: &mut Command, program: &str, variable: &str) -> anyhow::Result<()> {
    let status =
        command.status().with_context(|| format!("{program}: cannot be started; set {variable} to a program that is installed"))?;
    anyhow::ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

/// How an editor is told a file and a line; one that is not known gets the file alone.
fn at_line(program: &str, path: &Path, line: u64) -> Vec<OsString> {
    let name = Path::new(program).file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let with_line = || {
        let mut both = path.as_os_str().to_owned();
        both.push(format!(":{line}"));
        both
    };
    match name.as_str() {
        "code" | "code-insiders" | "codium" | "vscodium" | "cursor" | "windsurf" => vec!["-g".into(), with_line()],
        "subl" | "sublime_text" | "zed" | "hx" | "helix" => vec![with_line()],
        "vi" | "vim" | "nvim" | "view" | "gvim" | "nano" | "pico" | "emacs" | "emacsclient" | "micro" | "kak" | "joe" | "jed" | "mg"
        | "ne" | "vis" | "ed" | "less" | "more" => {
            vec![format!("+{line}").into(), path.as_os_str().to_owned()]
        }
        _ => vec![path.as_os_str().to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_editor_is_told_the_line_in_its_own_words() {
        let told = |program: &str| {
            at_line(program, Path::new("/a b/x;rm.log"), 7).into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(told("/usr/bin/nvim"), ["+7", "/a b/x;rm.log"]);
        assert_eq!(told("emacsclient"), ["+7", "/a b/x;rm.log"]);
        assert_eq!(told("code"), ["-g", "/a b/x;rm.log:7"]);
        assert_eq!(told("hx"), ["/a b/x;rm.log:7"]);
        assert_eq!(told("my-editor"), ["/a b/x;rm.log"]);
    }

    #[test]
    fn what_may_not_arrive_on_the_clipboard_is_in_a_file_that_is_named() {
        let mut copied = Vec::new();
        let mut tell = |text: &str, remote| {
            copy_as(text, remote, &mut |text: &str| {
                copied.push(text.len());
                Ok(())
            })
            .unwrap()
        };
        assert_eq!(tell("x", None), "copied");
        let both = tell("words", Some(Remote));
        let long = tell(&"y".repeat(MOST_CLIPBOARD_BYTES + 1), None);
        assert!(long.starts_with("74 995 bytes are too long"), "{long}");
        assert_eq!(copied, [1, 5], "a terminal is not sent what it would drop");
        for (words, len) in [(both, 5), (long, MOST_CLIPBOARD_BYTES + 1)] {
            let path = words.split(" in ").last().unwrap();
            assert_eq!(fs::read(path).unwrap().len(), len);
            fs::remove_file(path).unwrap();
        }
    }
}
