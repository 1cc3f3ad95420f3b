//! The cases that were opened lately, in the folder of this user's state: `$XDG_STATE_HOME/coroner/recent.json`.
//!
//! For the welcome screen only; nothing depends on it. Private (0600 in a folder of 0700), bounded, written whole and
//! renamed. Garbage reads as an empty list and is replaced by the next case; whatever fails here is never told as an error
//! of opening a case. `CORONER_NO_RECENT` set to anything keeps no list.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::model::Timestamp;

/// Entries that are kept; nobody looks further.
const MAX_CASES: usize = 20;
/// A longer file is not ours.
const MAX_BYTES: u64 = 256 << 10;
/// Format of the file.
const SCHEMA: &str = "coroner.recent/1";

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// What was opened, absolute.
    pub sources: Vec<PathBuf>,
    /// Its case folder, where it was named.
    pub case: Option<PathBuf>,
    /// Zones that were given, as on the command line.
    pub zones: Vec<String>,
    /// When it was opened last.
    pub opened: Timestamp,
}

impl Case {
    /// Whether all of it is there now.
    pub fn is_there(&self) -> bool {
        self.sources.iter().all(|source| source.exists())
    }

    fn is_same(&self, other: &Self) -> bool {
        self.sources == other.sources && self.case == other.case
    }

    fn to_json(&self) -> Option<Value> {
        // A path that is no text would come back as another one.
        let sources = self.sources.iter().map(|path| path.to_str()).collect::<Option<Vec<_>>>()?;
        let case = self.case.as_ref().and_then(|path| path.to_str());
        let opened = crate::model::text::rfc3339(self.opened);
        Some(json!({ "name": self.name, "sources": sources, "case": case, "tz": self.zones, "opened": opened }))
    }

    fn from_json(value: &Value) -> Option<Self> {
        let texts = |name: &str| -> Vec<String> {
            value[name].as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let sources: Vec<PathBuf> = texts("sources").into_iter().map(PathBuf::from).collect();
        let is_usable = !sources.is_empty() && sources.iter().all(|path| path.is_absolute());
        let opened = chrono::DateTime::parse_from_rfc3339(value["opened"].as_str()?).ok()?;
        is_usable.then(|| Self {
            name: value["name"].as_str().unwrap_or("case").to_owned(),
            sources,
            case: value["case"].as_str().map(PathBuf::from),
            zones: texts("tz"),
            opened: Timestamp(opened.timestamp_nanos_opt().unwrap_or(0)),
        })
    }
}

/// Where the list is kept; `None` when this user has no such folder or wants no list.
pub fn place(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    if variable("CORONER_NO_RECENT").is_some_and(|value| !value.is_empty()) {
        return None;
    }
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
    Some(state?.join("coroner/recent.json"))
}

/// The list, the latest first. What cannot be read is left out.
pub fn load(file: &Path) -> Vec<Case> {
    let is_ours = fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_BYTES);
    let text = if is_ours { fs::read_to_string(file).unwrap_or_default() } else { String::new() };
    let whole: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut cases: Vec<Case> = whole["cases"].as_array().into_iter().flatten().filter_map(Case::from_json).collect();
    cases.sort_by_key(|case| std::cmp::Reverse(case.opened));
    cases.truncate(MAX_CASES);
    cases
}

/// Puts a case first.
pub fn record(file: &Path, case: Case) -> std::io::Result<()> {
    let mut cases = load(file);
    cases.retain(|other| !other.is_same(&case));
    cases.insert(0, case);
    cases.truncate(MAX_CASES);
    write(file, &cases)
}

/// Takes a case from the list.
pub fn forget(file: &Path, case: &Case) -> std::io::Result<()> {
    let mut cases = load(file);
    cases.retain(|other| !other.is_same(case));
    write(file, &cases)
}

fn write(file: &Path, cases: &[Case]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    let cases: Vec<Value> = cases.iter().filter_map(Case::to_json).collect();
    let text = serde_json::to_string_pretty(&json!({ "schema": SCHEMA, "cases": cases }))?;
    // Two that write at once each write a file of their own; the last rename wins.
    let beside = folder.join(format!("recent.{}.tmp", std::process::id()));
    let written = write_private(&beside, text.as_bytes()).and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, secs: i64) -> Case {
        let sources = vec![PathBuf::from(format!("/inc/{name}"))];
        Case { name: name.into(), sources, case: None, zones: vec!["user=Asia/Shanghai".into()], opened: Timestamp::from_secs(secs) }
    }

    #[test]
    fn the_latest_case_stands_first_and_once_and_the_list_is_bounded() {
        let dir = tempfile::tempdir().expect("folder");
        let file = dir.path().join("state/coroner/recent.json");
        for i in 0..30 {
            record(&file, case(&format!("c{i}"), i)).expect("written");
        }
        record(&file, case("c20", 99)).expect("written");
        let cases = load(&file);
        assert_eq!((cases.len(), cases[0].name.as_str(), cases[1].name.as_str()), (MAX_CASES, "c20", "c29"));
        assert_eq!(cases[0], case("c20", 99), "it comes back as it was");
        forget(&file, &cases[0]).expect("written");
        assert_eq!(load(&file)[0].name, "c29");
        assert_eq!(fs::read_dir(file.parent().expect("folder")).expect("folder").count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("folder");
        let file = dir.path().join("coroner/recent.json");
        record(&file, case("a", 1)).expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().expect("folder"))), (0o600, 0o700));
    }

    #[test]
    fn garbage_reads_as_an_empty_list_and_good_entries_survive_bad_ones() {
        let dir = tempfile::tempdir().expect("folder");
        let file = dir.path().join("recent.json");
        for garbage in ["", "{", "[]", "null", "{\"cases\": 7}", "{\"cases\": [7, {\"sources\": [\"relative\"]}]}", "\u{0}"] {
            fs::write(&file, garbage).expect("written");
            assert_eq!(load(&file), [], "{garbage:?}");
        }
        let good = case("a", 5).to_json().expect("text");
        fs::write(&file, json!({ "cases": [null, good, { "name": 3 }] }).to_string()).expect("written");
        assert_eq!(load(&file), [case("a", 5)]);
        assert_eq!(load(dir.path()), [], "a folder is no list");
        fs::write(&file, [0xff, 0xfe]).expect("written");
        record(&file, case("b", 6)).expect("written");
        assert_eq!(load(&file), [case("b", 6)]);
    }

    #[test]
    fn the_list_lies_where_the_user_says_or_nowhere() {
        let with = |pairs: &[(&str, &str)]| {
            place(|name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.into())).map(|path| path.display().to_string())
        };
        assert_eq!(with(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]).as_deref(), Some("/s/coroner/recent.json"));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_STATE_HOME", "s")]).as_deref(), Some("/h/.local/state/coroner/recent.json"));
        assert_eq!(with(&[("HOME", "/h"), ("CORONER_NO_RECENT", "1")]), None);
        assert_eq!(with(&[]), None);
    }
}
