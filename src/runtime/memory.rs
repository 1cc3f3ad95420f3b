//! What is kept for a user whatever is opened: lines of the command line and macros, in the state folder.
//!
//! Only this user may read it: lines hold words of incidents. Lines are appended, so that two sessions lose nothing of
//! each other; a file of another shape is read as far as it makes sense. Nothing here is ever needed: what cannot be
//! read or written is left out.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::app::commands::REMEMBERED;
use crate::app::{KeyPress, Memory, keys};

/// Where lines are kept.
const COMMANDS: &str = "commands";
/// Where macros are kept: a name, a tab, its keys.
const MACROS: &str = "macros";
/// A larger file is none of ours, or was never tidied.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// The folder of what this user's programs remember: `$XDG_STATE_HOME/coroner`, else `~/.local/state/coroner`.
pub fn state_folder(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_STATE_HOME").or_else(|| folder("LOCALAPPDATA")).or_else(|| Some(folder("HOME")?.join(".local/state")));
    Some(base?.join("coroner"))
}

/// What was kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Lines, the last one at the end.
    pub commands: Vec<String>,
    /// Macros by name.
    pub macros: BTreeMap<String, Vec<KeyPress>>,
}

/// Reads what was kept.
pub fn read(folder: &Path) -> Kept {
    let commands = lines(&folder.join(COMMANDS));
    let newest = commands.len().saturating_sub(REMEMBERED);
    let macros = lines(&folder.join(MACROS)).into_iter().filter_map(|line| {
        let (name, keys) = line.split_once('\t')?;
        Some((name.to_owned(), keys::parse_sequence(keys).ok()?))
    });
    Kept { commands: commands[newest..].to_vec(), macros: macros.collect() }
}

fn lines(path: &Path) -> Vec<String> {
    let mut text = Vec::new();
    let is_read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut text)).is_ok();
    if is_read { String::from_utf8_lossy(&text).lines().map(str::to_owned).collect() } else { Vec::new() }
}

/// Makes a folder that only this user may look into.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    builder.create(folder)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    }
    options
}

/// Puts a text in the place of a file, whole or not at all, for this user only.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
    let _ = fs::remove_file(&unfinished);
    let written = private(OpenOptions::new().write(true).create_new(true))
        .open(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn keep(folder: &Path, memory: &Memory) -> io::Result<()> {
    make_private(folder)?;
    match memory {
        Memory::Command(line) => {
            let path = folder.join(COMMANDS);
            let known = lines(&path);
            if known.len() >= 2 * REMEMBERED {
                let newest = known[known.len() - REMEMBERED..].join("\n");
                return replace(&path, &format!("{newest}\n{line}\n"));
            }
            let mut file = private(OpenOptions::new().append(true).create(true)).open(path)?;
            // One write: lines of two sessions never mix.
            file.write_all(format!("{line}\n").as_bytes())
        }
        Memory::Macro(name, keys) => change_macros(folder, name, Some(keys)),
        Memory::NoMacro(name) => change_macros(folder, name, None),
    }
}

fn change_macros(folder: &Path, name: &str, keys: Option<&str>) -> io::Result<()> {
    let path = folder.join(MACROS);
    let is_other = |line: &String| line.split_once('\t').is_some_and(|(other, _)| other != name);
    let mut all: Vec<String> = lines(&path).into_iter().filter(is_other).collect();
    all.extend(keys.map(|keys| format!("{name}\t{keys}")));
    all.sort();
    let text: String = all.iter().map(|line| format!("{line}\n")).collect();
    replace(&path, &text)
}

/// The thread that keeps things, so that no key waits for a disk.
pub struct Keeper {
    orders: Option<Sender<Memory>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts it; without a folder nothing is kept.
    pub fn start(folder: Option<PathBuf>) -> Self {
        let Some(folder) = folder else { return Self { orders: None, thread: None } };
        let (orders, inbox): (Sender<Memory>, Receiver<Memory>) = channel();
        let thread = std::thread::spawn(move || {
            for memory in inbox {
                // Nobody is told: the line is remembered for this session anyway.
                let _ = keep(&folder, &memory);
            }
        });
        Self { orders: Some(orders), thread: Some(thread) }
    }

    /// Keeps something.
    pub fn keep(&self, memory: Memory) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(memory);
        }
    }

    /// Waits until everything is kept.
    pub fn finish(mut self) {
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_macros_come_back_bounded_and_only_for_this_user() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state/coroner");
        let keeper = Keeper::start(Some(folder.clone()));
        for n in 0..3 * REMEMBERED {
            keeper.keep(Memory::Command(format!("goto {n}")));
        }
        keeper.keep(Memory::Macro("b".into(), "l \"x\ty\"".into()));
        keeper.keep(Memory::Macro("a".into(), "l l".into()));
        keeper.keep(Memory::NoMacro("b".into()));
        keeper.finish();
        let kept = read(&folder);
        assert_eq!(kept.commands.len(), REMEMBERED);
        assert_eq!(kept.commands.last().map(String::as_str), Some(format!("goto {}", 3 * REMEMBERED - 1).as_str()));
        assert_eq!(kept.macros.keys().collect::<Vec<_>>(), ["a"]);
        assert!(lines(&folder.join(COMMANDS)).len() <= 2 * REMEMBERED);
        #[cfg(unix)]
        for (path, mode) in [(folder.clone(), 0o700), (folder.join(COMMANDS), 0o600), (folder.join(MACROS), 0o600)] {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
        }
    }

    #[test]
    fn garbage_in_the_folder_is_no_reason_to_stop() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(COMMANDS), b"\xff\xfe\x00goto 1\nzoom-in").unwrap();
        fs::write(dir.path().join(MACROS), "no tab\nbad\thop hop\ngood\tl l\n").unwrap();
        let kept = read(dir.path());
        assert_eq!(kept.commands.len(), 2);
        assert_eq!(kept.macros.keys().collect::<Vec<_>>(), ["good"]);
        assert_eq!(read(&dir.path().join("nowhere")), Kept::default());
    }
}
