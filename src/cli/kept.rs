//! How sources are read: what the flags say, what the case says, and how the one becomes the other.
//!
//! A flag speaks last. What flags say is kept in `case.toml` by the commands that write there, so that every later one
//! reads the sources alike; a word about a source that is not there is an error on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::args::ReadArgs;
use super::open::Opened;
use crate::model::case::{CaseMeta, Edit, EditStep};
use crate::model::offset::{self, ClockOffsets};
use crate::model::{CaseDoc, Catalog, Timestamp, filter, text};
use crate::parse::log::read_formats;
use crate::parse::timestamp;

use crate::runtime::journal::CaseStore;
use crate::source::files::names::{names_source, zone};
use crate::source::files::{OpenOptions, Said, is_format};

/// How what is told of a source ends when the case says it.
pub(super) const FROM_CASE: &str = " from case.toml";

/// Sources by pattern, and a word about them.
type Words = Vec<(Option<String>, String)>;

/// What the flags say of sources, by kind.
struct Flags {
    zones: Words,
    formats: Words,
    time_columns: Words,
    anchors: Words,
    clocks: Words,
}

impl Flags {
    fn of(read: &ReadArgs) -> anyhow::Result<Self> {
        let first =
            |text: &String| text.split_once('=').map_or((None, text.clone()), |(pattern, word)| (Some(pattern.into()), word.into()));
        let last =
            |text: &String| text.rsplit_once('=').map_or((None, text.clone()), |(pattern, word)| (Some(pattern.into()), word.into()));
        for text in &read.anchor {
            let word = text.split_once('=').and_then(|(_, time)| moment(time));
            let wrong = || format!("--anchor {text:?}: write FILE=TIME with a full time, for example boot.log=2026-11-23T02:28:09Z");
            word.with_context(wrong)?;
        }
        read.clock.iter().try_for_each(|text| clock(text).map(drop))?;
        Ok(Self {
            zones: read.tz.iter().map(first).collect(),
            formats: read.as_format.iter().map(last).collect(),
            time_columns: read.time_column.iter().map(last).collect(),
            anchors: read.anchor.iter().map(first).collect(),
            clocks: read.clock.iter().map(last).collect(),
        })
    }

    fn all(&self) -> [(&'static str, &Words); 5] {
        [
            ("--tz", &self.zones),
            ("--as", &self.formats),
            ("--time-column", &self.time_columns),
            ("--anchor", &self.anchors),
            ("--clock", &self.clocks),
        ]
    }
}

/// A full time; without an offset it is UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let civil = timestamp::read(text.as_bytes()).filter(|stamp| stamp.len == text.len())?.civil;
    if civil.missing != timestamp::Missing::Nothing {
        return None;
    }
    timestamp::to_ns(civil.secs - i64::from(civil.offset_s.unwrap_or(0)), civil.nanos).map(Timestamp)
}

/// What a map of the case says once flags have spoken: a flag for all takes the place of all, one with a pattern that of
/// what it names.
fn with_flags<T: Clone>(case: &BTreeMap<String, T>, flags: &[(Option<String>, T)]) -> BTreeMap<String, T> {
    let mut words = case.clone();
    for (pattern, word) in flags {
        match pattern {
            None => words = BTreeMap::from([("*".to_owned(), word.clone())]),
            Some(pattern) => {
                words.retain(|old, _| !names_source(pattern, old));
                words.insert(pattern.clone(), word.clone());
            }
        }
    }
    words
}

/// `SRC=OFFSET`.
fn clock(text: &str) -> anyhow::Result<(Option<String>, i64)> {
    let wrong = || format!("--clock {text:?}: write SRC=OFFSET, for example payment.log=-1.5s");
    let (pattern, by) = text.rsplit_once('=').with_context(wrong)?;
    Ok((Some(pattern.to_owned()), offset::parse(by).map_err(anyhow::Error::msg).with_context(wrong)?))
}

/// How far the clocks of sources are moved: what the case says, then what the flags say.
pub(super) fn clocks(read: &ReadArgs, meta: &CaseMeta) -> anyhow::Result<ClockOffsets> {
    let flags = read.clock.iter().map(|text| clock(text)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(with_flags(&meta.clock_offsets, &flags))
}

/// The head of a case with what the flags say kept in it.
fn kept_in(meta: &CaseMeta, read: &ReadArgs, case_dir: &Path) -> anyhow::Result<CaseMeta> {
    let flags = Flags::of(read)?;
    let mut meta = meta.clone();
    meta.zones = with_flags(&meta.zones, &flags.zones);
    meta.reading.formats = with_flags(&meta.reading.formats, &flags.formats);
    meta.reading.time_columns = with_flags(&meta.reading.time_columns, &flags.time_columns);
    meta.reading.anchors = with_flags(&meta.reading.anchors, &flags.anchors);
    meta.clock_offsets = clocks(read, &meta)?;
    for path in &read.format_file {
        let place = place_of(path, case_dir);
        if !meta.reading.format_files.contains(&place) {
            meta.reading.format_files.push(place);
        }
    }
    Ok(meta)
}

/// A file as a case names it: relative to its folder if it lies below, else from the root.
fn place_of(path: &Path, case_dir: &Path) -> String {
    let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    let path = whole(path);
    path.strip_prefix(whole(case_dir)).unwrap_or(&path).to_string_lossy().replace('\\', "/")
}

/// How to read the sources: what the case says, then what the flags say. What of the case cannot be used is told and left.
pub(super) fn options(read: &ReadArgs, meta: &CaseMeta, case_dir: &Path) -> anyhow::Result<(OpenOptions, Vec<String>)> {
    let flags = Flags::of(read)?;
    let mut formats = Vec::new();
    let mut notes = Vec::new();
    for path in &meta.reading.format_files {
        match formats_of(&case_dir.join(path)) {
            Ok(more) => formats.extend(more),
            Err(error) => notes.push(format!("case.toml: format_files: {error:#}; not used")),
        }
    }
    for path in &read.format_file {
        formats.extend(formats_of(path)?);
    }
    let mut usable = |key: &str, case: &BTreeMap<String, String>, flags: &Words, is_good: &dyn Fn(&str) -> bool| {
        let mut words: Words = Vec::new();
        for (pattern, word) in with_flags(case, flags) {
            if case.get(&pattern) == Some(&word) && !is_good(&word) {
                notes.push(format!(
                    "case.toml: {key}.{pattern}: {word:?} cannot be used; coroner note CASE set '{key}.{pattern}=' takes it away"
                ));
            } else {
                words.push((Some(pattern), word));
            }
        }
        words.extend(flags.iter().cloned());
        words
    };
    let is_known = |name: &str| is_format(name, &formats);
    let zones = usable("zones", &meta.zones, &flags.zones, &|name| zone(name).is_some());
    let forced = usable("formats", &meta.reading.formats, &flags.formats, &is_known);
    let time_columns = usable("time_columns", &meta.reading.time_columns, &flags.time_columns, &|_| true);
    let anchors = usable("anchors", &meta.reading.anchors, &flags.anchors, &|text| moment(text).is_some());
    let anchors = anchors.into_iter().filter_map(|(pattern, text)| Some((pattern?, moment(&text)?))).collect();
    let said = said(meta, &flags);
    Ok((OpenOptions { zones, forced, time_columns, anchors, formats, said, ..OpenOptions::default() }, notes))
}

fn formats_of(path: &PathBuf) -> anyhow::Result<Vec<std::sync::Arc<crate::parse::log::NamedFormat>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    read_formats(&text).with_context(|| format!("{}: describes no format that can be used", path.display()))
}

/// What is told of sources that the case, and no flag, speaks of.
fn said(meta: &CaseMeta, flags: &Flags) -> Said {
    let told = |case: &BTreeMap<String, String>, what: &str, flags: &Words| {
        let of_case = case.iter().map(|(pattern, word)| (Some(pattern.clone()), format!("{what} {word}{FROM_CASE}")));
        of_case.chain(flags.iter().map(|(pattern, _)| (pattern.clone(), String::new()))).collect::<Words>()
    };
    Said {
        zones: told(&meta.zones, "zone", &flags.zones),
        others: vec![
            told(&meta.reading.formats, "format", &flags.formats),
            told(&meta.reading.time_columns, "time column", &flags.time_columns),
            told(&meta.reading.anchors, "clock began at", &flags.anchors),
        ],
    }
}

/// Keeps what the flags say in the case, unless it says so already. Whether something was written.
pub(super) fn keep(opened: &Opened, read: &ReadArgs) -> anyhow::Result<bool> {
    let is_silent = read.format_file.is_empty() && Flags::of(read)?.all().iter().all(|(_, words)| words.is_empty());
    if is_silent {
        return Ok(false);
    }
    let (mut store, mut doc, _) = CaseStore::open(&opened.case_dir)?;
    let is_changed = keep_in(&mut store, &mut doc, read)?;
    if is_changed {
        store.save(&doc)?;
    }
    Ok(is_changed)
}

/// The same in a case that is open: journalled, not saved. A case that is not there yet keeps it with its first edit.
pub(super) fn keep_in(store: &mut CaseStore, doc: &mut CaseDoc, read: &ReadArgs) -> anyhow::Result<bool> {
    let after = kept_in(&doc.meta, read, store.dir())?;
    if after == doc.meta {
        return Ok(false);
    }
    let edit = Edit::Meta { before: Box::new(doc.meta.clone()), after: Box::new(after) };
    doc.apply(&edit);
    store.append(&EditStep { name: "how sources are read".into(), edits: vec![edit] })?;
    Ok(true)
}

/// The same in memory only, for a case that is not there yet. Whether flags said anything.
pub(super) fn keep_unsaved(doc: &mut CaseDoc, read: &ReadArgs, case_dir: &Path) -> anyhow::Result<bool> {
    let after = kept_in(&doc.meta, read, case_dir)?;
    let is_changed = after != doc.meta;
    doc.meta = after;
    Ok(is_changed)
}

/// Tells of zones, formats and times in `case.toml` that nobody could use.
pub(super) fn check(meta: &CaseMeta, case_dir: &Path) -> anyhow::Result<()> {
    let (_, notes) = options(&ReadArgs::default(), meta, case_dir)?;
    match notes.first() {
        Some(note) => anyhow::bail!("{}", note.split("; ").next().unwrap_or(note)),
        None => Ok(()),
    }
}

/// Words about sources that are not there: of the flags an error, of the case a note.
pub(super) fn check_names(read: &ReadArgs, case_dir: &Path, catalog: &Catalog) -> anyhow::Result<Vec<String>> {
    let is_there = |pattern: &str| catalog.sources.iter().any(|source| names_source(pattern, &source.path));
    let flags = Flags::of(read)?;
    for (flag, words) in flags.all() {
        for (pattern, word) in words {
            let Some(pattern) = pattern.as_deref().filter(|pattern| !is_there(pattern)) else { continue };
            anyhow::bail!("{flag} {pattern}={word}: no source is called {pattern:?}; {}", nearest(pattern, catalog));
        }
    }
    // Who opens the case says what is wrong with it.
    let meta = super::open::read_meta(case_dir).unwrap_or_default();
    let reading = &meta.reading;
    let maps =
        [("zones", &meta.zones), ("formats", &reading.formats), ("time_columns", &reading.time_columns), ("anchors", &reading.anchors)];
    let lost = maps.into_iter().flat_map(|(key, map)| map.keys().map(move |pattern| (key, pattern)));
    let clocks = meta.clock_offsets.keys().map(|pattern| ("clock_offsets", pattern));
    Ok(lost
        .chain(clocks)
        .filter(|(_, pattern)| !is_there(pattern))
        .map(|(key, pattern)| format!("case.toml: {key}.{pattern}: no source here is called so"))
        .collect())
}

/// The sources whose names come nearest to what was meant.
fn nearest(pattern: &str, catalog: &Catalog) -> String {
    let wanted = pattern.to_lowercase();
    let wanted = wanted.trim_matches('*');
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let names: Vec<String> = catalog.sources.iter().map(|source| name(&source.path)).collect();
    let typo = filter::nearest(wanted, names.iter().map(String::as_str));
    let mut ranked: Vec<(usize, &str)> = Vec::new();
    for (source, name) in catalog.sources.iter().zip(&names) {
        let shared = wanted.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
        let is_part = !wanted.is_empty() && (source.path.to_lowercase().contains(wanted) || wanted.contains(name.as_str()));
        let score = if typo == Some(name) || is_part { 1_000 } else { shared };
        ranked.push((score, &source.path));
    }
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let near: Vec<&str> = ranked.iter().filter(|(score, _)| *score >= 3).map(|(_, path)| *path).collect();
    let (shown, words) = if near.is_empty() { (ranked.iter().map(|one| one.1).collect(), "there are") } else { (near, "did you mean") };
    let list = shown.iter().take(3).map(|path| text::printable(path).into_owned()).collect::<Vec<_>>().join(", ");
    match (words, shown.len() > 3) {
        ("did you mean", _) => format!("did you mean {list}?"),
        (_, true) => format!("there are {list} and {} more", shown.len() - 3),
        (_, false) => format!("there are {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceReport;
    use crate::report::case_file;

    fn words(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(pattern, word)| ((*pattern).to_owned(), (*word).to_owned())).collect()
    }

    #[test]
    fn a_flag_takes_the_place_of_what_the_case_says_of_the_same_sources() {
        let case = words(&[("a.log", "+01:00"), ("b.csv", "+02:00")]);
        let flag = |pattern: Option<&str>, word: &str| vec![(pattern.map(str::to_owned), word.to_owned())];
        assert_eq!(with_flags(&case, &flag(Some("*.log"), "UTC")), words(&[("*.log", "UTC"), ("b.csv", "+02:00")]));
        assert_eq!(with_flags(&case, &flag(Some("c"), "UTC")).len(), 3);
        assert_eq!(with_flags(&case, &flag(None, "UTC")), words(&[("*", "UTC")]));
        assert_eq!(with_flags(&case, &Vec::new()), case);
    }

    #[test]
    fn a_word_about_no_source_is_an_error_that_names_the_nearest() {
        let source = |path: &str| SourceReport { path: path.into(), ..SourceReport::default() };
        let catalog = Catalog { sources: vec![source("logs/nginx-error.log"), source("web.log")], ..Catalog::default() };
        let check = |tz: &str| check_names(&ReadArgs { tz: vec![tz.into()], ..ReadArgs::default() }, Path::new("/nowhere"), &catalog);
        assert!(check("nginx-error.log=UTC").is_ok() && check("nginx-error=UTC").is_ok() && check("UTC").is_ok());
        assert!(check("nginx-eror.log=UTC").unwrap_err().to_string().ends_with("did you mean logs/nginx-error.log?"));
        assert!(check("nosuch=UTC").unwrap_err().to_string().contains("there are logs/nginx-error.log, web.log"));
    }

    #[test]
    fn what_flags_say_is_kept_and_read_again() {
        let read = ReadArgs {
            tz: vec!["a*=+01:00".into()],
            as_format: vec!["d.json=changes".into()],
            time_column: vec!["t.csv=When".into()],
            anchor: vec!["boot.log=2026-11-23T02:28:09Z".into()],
            clock: vec!["pay*=-1.5s".into()],
            ..ReadArgs::default()
        };
        let meta = kept_in(&CaseMeta::default(), &read, Path::new("/case")).unwrap();
        let text = case_file::write_meta(&meta, &case_file::LoadedMeta::default());
        let again = case_file::parse_meta(&text).unwrap();
        assert!(again.problems.is_empty() && again.meta == meta, "{text}");
        assert_eq!(again.meta.clock_offsets, BTreeMap::from([("pay*".to_owned(), -1_500_000_000)]));
        let (by_flag, _) = options(&read, &CaseMeta::default(), Path::new("/case")).unwrap();
        let (by_case, notes) = options(&ReadArgs::default(), &again.meta, Path::new("/case")).unwrap();
        assert!(notes.is_empty());
        assert_eq!((by_case.zones[0].clone(), by_case.forced[0].clone()), (by_flag.zones[0].clone(), by_flag.forced[0].clone()));
        assert_eq!(
            (by_case.time_columns[0].clone(), by_case.anchors[0].clone()),
            (by_flag.time_columns[0].clone(), by_flag.anchors[0].clone())
        );
        assert_eq!(by_case.said.zones[0].1, "zone +01:00 from case.toml");
    }

    #[test]
    fn what_a_case_says_wrongly_is_told_and_left() {
        let meta = CaseMeta { zones: words(&[("a.log", "Atlantis"), ("b.log", "UTC")]), ..CaseMeta::default() };
        let (options, notes) = options(&ReadArgs::default(), &meta, Path::new("/case")).unwrap();
        assert_eq!((options.zones.len(), notes.len()), (1, 1));
        assert!(check(&meta, Path::new("/case")).unwrap_err().to_string().contains("Atlantis"));
    }
}
