//! From what the user names to the files that are meant: folders, patterns, standard input, bytes in memory.
//!
//! Nothing is opened here. Pipes, sockets and devices are refused because reading them may never end; hidden files and
//! folders and the files that Coroner itself writes into a case folder are not sources.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::model::Timestamp;

use super::content::Bytes;
use super::{OpenError, OpenOptions};

/// Folders below one another that are followed; deeper ones are a loop or a mistake.
const MAX_DEPTH: usize = 64;
/// What Coroner writes into a case folder (one that holds `case.toml`).
const CASE_FILES: &[&str] = &["case.toml", "annotations.jsonl", "sources.lock", "sections", "postmortem.md", "postmortem.assets"];

/// Whether this is a file of the case itself in a folder that holds one.
pub(super) fn is_case_file(folder: &Path, name: &std::ffi::OsStr) -> bool {
    let text = name.to_string_lossy();
    let is_written = CASE_FILES.contains(&&*text) || text.starts_with("postmortem.");
    is_written && folder.join("case.toml").is_file()
}

/// One source before anything is read.
#[derive(Debug)]
pub struct Found {
    /// Path as it will be shown.
    pub path: String,
    /// Where its bytes are.
    pub input: Input,
    /// Modification time.
    pub modified: Option<Timestamp>,
}

/// Where the bytes of a source are.
#[derive(Debug)]
pub enum Input {
    /// A regular file of this size.
    File {
        /// Its path.
        file: PathBuf,
        /// Its size now.
        size_bytes: u64,
    },
    /// Standard input.
    Stdin,
    /// Bytes in memory.
    Memory(Bytes),
    /// Something in a folder that is not read, and why.
    Refused(String),
}

/// All sources that are meant, sorted by path, each once.
pub fn expand(options: &OpenOptions) -> Result<Vec<Found>, OpenError> {
    let mut walk = Walk::default();
    let memory = options.memory.iter();
    walk.found.extend(memory.map(|(name, bytes)| Found { path: name.clone(), input: Input::Memory(bytes.clone()), modified: None }));
    for named in &options.sources {
        if named.as_os_str() == "-" {
            walk.stdin()?;
        } else {
            walk.named(named, options)?;
        }
    }
    if walk.found.is_empty() && options.sources.is_empty() {
        return Err(OpenError::NoSource);
    }
    Ok(walk.sorted())
}

#[derive(Default)]
struct Walk {
    found: Vec<Found>,
    folders: HashSet<PathBuf>,
    has_stdin: bool,
}

impl Walk {
    fn stdin(&mut self) -> Result<(), OpenError> {
        if io::stdin().is_terminal() {
            return Err(OpenError::Refused { path: "-".into(), reason: "standard input is a terminal; pipe something into it".into() });
        }
        if !self.has_stdin {
            self.has_stdin = true;
            self.found.push(Found { path: "-".into(), input: Input::Stdin, modified: None });
        }
        Ok(())
    }

    /// A path as given; a pattern when there is no such file.
    fn named(&mut self, named: &Path, options: &OpenOptions) -> Result<(), OpenError> {
        let text = named.to_string_lossy();
        if fs::symlink_metadata(named).is_err() && text.contains(['*', '?', '[']) {
            let paths =
                glob::glob(&text).map_err(|error| OpenError::Pattern { pattern: text.clone().into(), reason: error.to_string() })?;
            let mut paths: Vec<PathBuf> = paths.filter_map(Result::ok).collect();
            paths.sort();
            if paths.is_empty() {
                return Err(OpenError::NothingMatches { pattern: text.into() });
            }
            return paths.iter().try_for_each(|path| self.one(path, options));
        }
        self.one(named, options)
    }

    fn one(&mut self, named: &Path, options: &OpenOptions) -> Result<(), OpenError> {
        let shown = shown(named);
        let meta = fs::metadata(named).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OpenError::NotFound { path: shown.clone() },
            _ => OpenError::Refused { path: shown.clone(), reason: error.to_string() },
        })?;
        if meta.is_dir() {
            let is_only = options.sources.len() == 1 && options.memory.is_empty();
            let prefix = match &options.base {
                Some(base) => relative(named, base).unwrap_or_else(|| format!("{shown}/")),
                None if is_only => String::new(),
                None => format!("{}/", shown.trim_end_matches('/')),
            };
            self.folder(named, &prefix, 0);
            return Ok(());
        }
        if let Some(reason) = why_refused(&meta) {
            return Err(OpenError::Refused { path: shown, reason });
        }
        let path =
            options.base.as_deref().and_then(|base| relative(named, base)).map_or(shown, |path| path.trim_end_matches('/').to_owned());
        self.file(named, path, &meta);
        Ok(())
    }

    /// Everything in a folder. What cannot be read is a source that says so.
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let refused = |path: &str, reason: String| Found { path: path.into(), input: Input::Refused(reason), modified: None };
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        if depth > MAX_DEPTH || !self.folders.insert(real) {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.found.push(refused(prefix.trim_end_matches('/'), error.to_string())),
        };
        let is_case = folder.join("case.toml").is_file();
        let mut names: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
        // Real folders and files before links to them, so that the same source keeps one name.
        names.sort_by_key(|name| (folder.join(name).is_symlink(), name.clone()));
        for name in names {
            let text = name.to_string_lossy();
            let (file, path) = (folder.join(&name), format!("{prefix}{text}"));
            let is_written = CASE_FILES.contains(&&*text) || text.starts_with("postmortem.");
            if text.starts_with('.') || is_case && is_written || is_export(&file) {
                continue;
            }
            match fs::metadata(&file) {
                Ok(meta) if meta.is_dir() => self.folder(&file, &format!("{path}/"), depth + 1),
                Ok(meta) => match why_refused(&meta) {
                    Some(reason) => self.found.push(refused(&path, reason)),
                    None => self.file(&file, path, &meta),
                },
                Err(error) => self.found.push(refused(&path, error.to_string())),
            }
        }
    }

    fn file(&mut self, file: &Path, path: String, meta: &Metadata) {
        self.found.push(Found { path, input: Input::File { file: file.to_owned(), size_bytes: meta.len() }, modified: modified(meta) });
    }

    /// Sorted by path; a file that was named twice is kept once, different sources with one name get a number.
    fn sorted(mut self) -> Vec<Found> {
        let is_link = |found: &Found| matches!(&found.input, Input::File { file, .. } if file.is_symlink());
        self.found.sort_by_cached_key(|found| (is_link(found), found.path.clone()));
        let mut real = HashSet::new();
        self.found.retain(|found| match &found.input {
            Input::File { file, .. } => real.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())),
            _ => true,
        });
        self.found.sort_by(|a, b| a.path.cmp(&b.path));
        number_twins(self.found.iter_mut().map(|found| &mut found.path));
        self.found
    }
}

/// When a file was written last.
pub fn modified(meta: &Metadata) -> Option<Timestamp> {
    let modified = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    modified.and_then(|since| i64::try_from(since.as_nanos()).ok()).map(Timestamp)
}

/// Gives paths that occur again a number: `a.log`, `a.log#2`.
pub fn number_twins<'a>(paths: impl Iterator<Item = &'a mut String>) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for path in paths {
        let n = seen.entry(path.clone()).or_default();
        *n += 1;
        if *n > 1 {
            *path = format!("{path}#{n}");
        }
    }
}

/// What a page or a JSON document of ours says of itself in its first bytes.
const SIGNS: [(&str, &str); 2] = [("html", "<meta name=\"coroner:document\""), ("json", "\"urn:coroner:postmortem:1\"")];
/// Bytes in which it is looked for.
const SIGN_BYTES: u64 = 4096;

/// Whether this is a document of ours or the folder of its charts, which lies beside it.
fn is_export(path: &Path) -> bool {
    let has_extension = |wanted| path.extension().is_some_and(|extension| extension == wanted);
    if has_extension("md") {
        return path.with_extension("assets").is_dir();
    }
    if has_extension("assets") {
        return path.with_extension("md").is_file() || is_charts(path);
    }
    SIGNS.iter().any(|(extension, sign)| has_extension(extension) && begins_with(path, sign))
}

/// Whether a folder holds charts and nothing else: its document may have gone.
fn is_charts(folder: &Path) -> bool {
    let is_chart = |entry: fs::DirEntry| Path::new(&entry.file_name()).extension().is_some_and(|extension| extension == "svg");
    fs::read_dir(folder).is_ok_and(|entries| entries.filter_map(Result::ok).all(is_chart))
}

/// Whether the first bytes of a plain file hold a sign.
fn begins_with(path: &Path, sign: &str) -> bool {
    use std::io::Read as _;
    if !fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
        return false;
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(SIGN_BYTES).read_to_end(&mut bytes));
    read.is_ok() && String::from_utf8_lossy(&bytes).contains(sign)
}

/// A path as shown: without `./`, with `/` between parts.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

/// Path of a folder or file below `base`, ending in `/` unless empty; `None` when it is elsewhere.
fn relative(path: &Path, base: &Path) -> Option<String> {
    let (path, base) = (fs::canonicalize(path).ok()?, fs::canonicalize(base).ok()?);
    let rest = shown(path.strip_prefix(base).ok()?);
    Some(if rest.is_empty() { rest } else { format!("{rest}/") })
}

#[cfg(unix)]
fn why_refused(meta: &Metadata) -> Option<String> {
    use std::os::unix::fs::FileTypeExt;
    let kind = meta.file_type();
    let what = if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        return None;
    };
    Some(format!("is {what}, whose end may never come; copy it to a file, or pipe it in and give -"))
}

#[cfg(not(unix))]
fn why_refused(meta: &Metadata) -> Option<String> {
    (!meta.is_file()).then(|| "is not a regular file".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(sources: &[&Path]) -> OpenOptions {
        OpenOptions { sources: sources.iter().map(PathBuf::from).collect(), ..OpenOptions::default() }
    }

    fn paths(sources: &[&Path]) -> Vec<String> {
        expand(&options(sources)).unwrap().into_iter().map(|found| found.path).collect()
    }

    #[test]
    fn a_folder_gives_its_files_sorted_and_leaves_out_what_is_ours_or_hidden() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["b.log", "a/x.log", ".git/config", "case.toml", "annotations.jsonl", "sections/s.md", "a/case-like.toml", ".hidden"] {
            let file = dir.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        fs::create_dir(dir.path().join("a/report.assets")).unwrap();
        fs::write(dir.path().join("a/report.md"), "x").unwrap();
        fs::write(dir.path().join("a/report.assets/chart.svg"), "x").unwrap();
        assert_eq!(paths(&[dir.path()]), ["a/case-like.toml", "a/x.log", "b.log"]);
        let twice = paths(&[&dir.path().join("b.log"), dir.path(), &dir.path().join("*.log")]);
        assert_eq!(twice.len(), 3, "a file that is named again is read once: {twice:?}");
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_double_a_source_and_loops_end() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("app-1.log"), "x").unwrap();
        std::os::unix::fs::symlink("app-1.log", dir.path().join("app-0-current.log")).unwrap();
        std::os::unix::fs::symlink("..", dir.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("gone", dir.path().join("vanished.log")).unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        std::os::unix::fs::symlink("../app-1.log", dir.path().join("sub/again.log")).unwrap();
        assert_eq!(paths(&[&dir.path().join("sub"), dir.path()]).iter().filter(|path| path.ends_with("app-1.log")).count(), 1);
        let found = expand(&options(&[dir.path()])).unwrap();
        let vanished = found.iter().find(|found| found.path == "vanished.log").unwrap();
        assert!(matches!(&vanished.input, Input::Refused(reason) if reason.contains("No such file")));
    }

    #[cfg(unix)]
    #[test]
    fn sockets_and_devices_are_refused_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [socket.as_path(), Path::new("/dev/zero")] {
            let error = expand(&options(&[path])).unwrap_err().to_string();
            assert!(error.contains("give -"), "{error}");
        }
        assert!(matches!(&expand(&options(&[dir.path()])).unwrap()[0].input, Input::Refused(_)));
    }

    #[test]
    fn a_name_that_means_nothing_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(expand(&options(&[&dir.path().join("no.log")])), Err(OpenError::NotFound { .. })));
        assert!(matches!(expand(&options(&[&dir.path().join("*.log")])), Err(OpenError::NothingMatches { .. })));
        assert!(matches!(expand(&OpenOptions::default()), Err(OpenError::NoSource)));
    }
}
