//! From words of the command line to a source and a case folder.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::args::{OpenArgs, ReadArgs, WindowArgs};
use super::kept;
use crate::model::case::{CaseMeta, MarkerName};
use crate::model::when::{self, Reference};
use crate::model::{CaseDoc, Catalog, TimeRange, Timestamp, text};
use crate::report::case_file;
use crate::runtime::journal::CaseStore;
use crate::runtime::zones;
use crate::source::files::cache::CacheOptions;
use crate::source::files::content::Bytes;
use crate::source::files::decode::Growth;
use crate::source::files::{self, ComputedSeries, FileSource, OpenOptions, Preview};
use crate::source::pace::Pace;
use crate::source::{Job, Source as _};

/// The recorded outage, embedded: any machine can open it without a download.
const DEMO_DATA: &[u8] = include_bytes!("../../demo-data/order-outage.tar.zst");
const DEMO_CASE: &str = include_str!("../../demo-data/order-outage/case.toml");
const DEMO_NOTES: &str = include_str!("../../demo-data/order-outage/annotations.jsonl");
const DEMO_SECTIONS: [(&str, &str); 5] = [
    ("summary", include_str!("../../demo-data/order-outage/sections/summary.md")),
    ("01-contributing-factors", include_str!("../../demo-data/order-outage/sections/01-contributing-factors.md")),
    ("02-how-it-went", include_str!("../../demo-data/order-outage/sections/02-how-it-went.md")),
    ("03-lessons", include_str!("../../demo-data/order-outage/sections/03-lessons.md")),
    ("04-open-questions", include_str!("../../demo-data/order-outage/sections/04-open-questions.md")),
];
/// Name of the demo's archive: the sources are listed below it.
const DEMO_NAME: &str = "order-outage.tar.zst";

/// A source that is open but not loaded, and where its case is kept.
pub struct Opened {
    /// The engine over the files.
    pub source: Arc<FileSource>,
    /// Folder of the case.
    pub case_dir: PathBuf,
    /// What to call it before it has a title.
    pub name: String,
    /// What the command line says of how sources are read.
    pub read: ReadArgs,
    /// The case that comes with the data and is not in `case_dir` (the demo's).
    pub seed: Option<CaseDoc>,
    /// The prose of that case: stem of the file → text.
    pub sections: BTreeMap<String, String>,
}

impl Opened {
    /// The case as it is on disk, or the one that comes with the data.
    pub fn case(&self) -> anyhow::Result<CaseDoc> {
        Ok(match (&self.seed, self.case_dir.join("case.toml").exists()) {
            (Some(seed), false) => seed.clone(),
            _ if self.case_dir.is_dir() => CaseStore::read_only(&self.case_dir)?.0,
            _ => CaseDoc::default(),
        })
    }
}

/// Opens what the arguments name. Without sources: an error that says what to type.
pub fn open(args: &OpenArgs) -> anyhow::Result<Opened> {
    open_for(args, Reader::Screen)
}

/// Who reads what is opened; each leaves out what it never shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Someone who looks while it loads.
    Screen,
    /// A command that answers when everything is read.
    Command,
    /// A command whose answer is about what the sources hold, or about events, and needs nothing computed from series.
    WithoutComputed,
}

/// The same for a reader.
pub fn open_for(args: &OpenArgs, reader: Reader) -> anyhow::Result<Opened> {
    anyhow::ensure!(!args.sources.is_empty(), "nothing to open; name a file or folder, or try: coroner demo");
    let case_dir = args.read.case.clone().unwrap_or_else(|| default_case_dir(&args.sources));
    let meta = read_meta(&case_dir)?;
    let (mut options, notes) = options(&args.read, &meta, &case_dir)?;
    options.cache = (!args.read.no_cache).then(|| CacheOptions::new(Some(case_dir.clone()), user_cache()));
    options.preview = if reader == Reader::Screen { Preview::Shown } else { Preview::LeftOut };
    options.computed = if reader == Reader::WithoutComputed { ComputedSeries::LeftOut } else { ComputedSeries::Made };
    options.sources.clone_from(&args.sources);
    // A case may name sources outside its folder.
    options.sources.extend(meta.sources.iter().map(|source| case_dir.join(source)));
    let source = files::open(options)?;
    for note in notes {
        source.notice(note);
    }
    source.set_clocks(&kept::clocks(&args.read, &meta)?, &Job::new())?;
    let (name, read) = (name_of(&args.sources), args.read.clone());
    Ok(Opened { source: Arc::new(source), name, case_dir, read, seed: None, sections: BTreeMap::new() })
}

/// Opens the recorded outage that comes with the program.
pub fn open_demo(case: Option<PathBuf>, finished: Notes) -> anyhow::Result<Opened> {
    let default = match finished {
        Notes::Finished => "coroner-demo",
        Notes::Blank => "coroner-demo-blank",
    };
    let case_dir = case.unwrap_or_else(|| PathBuf::from(default));
    let (seed, sections) = match finished {
        Notes::Finished => (Some(demo_case()?), DEMO_SECTIONS.map(|(stem, text)| (stem.to_owned(), text.to_owned())).into()),
        Notes::Blank => (None, BTreeMap::new()),
    };
    let read = ReadArgs { max_decoded: Some(u64::MAX), ..ReadArgs::default() };
    let (mut options, _) = options(&read, &CaseMeta::default(), &case_dir)?;
    options.memory = vec![(DEMO_NAME.to_owned(), Bytes::Static(DEMO_DATA))];
    let source = files::open(options)?;
    source.set_clocks(&read_meta(&case_dir)?.clock_offsets, &Job::new())?;
    Ok(Opened { source: Arc::new(source), case_dir, name: "order-outage".into(), read: ReadArgs::default(), seed, sections })
}

/// Whether the demo opens with its finished notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    /// With markers, evidence and chain.
    Finished,
    /// Only the data.
    Blank,
}

fn demo_case() -> anyhow::Result<CaseDoc> {
    let meta = case_file::parse_meta(DEMO_CASE).map_err(|error| anyhow::anyhow!("demo case.toml: {error}"))?.meta;
    let loaded = case_file::parse_annotations(DEMO_NOTES);
    Ok(CaseDoc { meta, annotations: loaded.annotations })
}

/// How to read sources, and what in `case.toml` cannot be used.
fn options(read: &ReadArgs, meta: &CaseMeta, case_dir: &Path) -> anyhow::Result<(OpenOptions, Vec<String>)> {
    let (options, notes) = kept::options(read, meta, case_dir)?;
    let jobs = read.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    // Who names a limit has been told of the bomb, and means it.
    let growth = if read.max_decoded.is_some() { Growth::Any } else { Growth::Honest };
    let max_decoded_bytes = read.max_decoded.unwrap_or(options.max_decoded_bytes);
    Ok((OpenOptions { jobs, growth, max_decoded_bytes, ..options }, notes))
}

/// The folder of this user's caches.
fn user_cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("LOCALAPPDATA")).or_else(|| Some(folder("HOME")?.join(".cache")));
    Some(base?.join("coroner"))
}

/// The opened folder itself; beside a file or an archive, `NAME.case` in the current folder.
fn default_case_dir(sources: &[PathBuf]) -> PathBuf {
    match sources {
        [only] if only.is_dir() => only.clone(),
        _ => PathBuf::from(format!("{}.case", name_of(sources))),
    }
}

/// A short name for what was opened: the folder's, or the file's up to its first dot.
fn name_of(sources: &[PathBuf]) -> String {
    let first = sources.first().map_or(Path::new("incident"), PathBuf::as_path);
    if first == Path::new("-") {
        return "stdin".into();
    }
    let full = first.canonicalize().unwrap_or_else(|_| first.to_owned());
    let name = full.file_name().map_or_else(|| "incident".into(), |name| name.to_string_lossy().into_owned());
    let stem = if full.is_dir() { name.as_str() } else { name.split('.').find(|part| !part.is_empty()).unwrap_or(&name) };
    stem.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
}

pub(super) fn read_meta(case_dir: &Path) -> anyhow::Result<CaseMeta> {
    let path = case_dir.join("case.toml");
    match std::fs::read_to_string(&path) {
        Ok(text) => match case_file::parse_meta(&text) {
            Ok(loaded) => Ok(loaded.meta),
            Err(error) => anyhow::bail!("{}:{}: {}", path.display(), error.line, error.reason),
        },
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => Ok(CaseMeta::default()),
        Err(error) => Err(error).with_context(|| format!("{}: cannot be read", path.display())),
    }
}

/// Loads to the end, with progress on standard error when somebody is watching.
pub fn load(opened: &Opened, quiet: bool) -> anyhow::Result<Arc<Catalog>> {
    let job = Job::new();
    let is_watched = !quiet && std::io::stderr().is_terminal();
    std::thread::scope(|scope| {
        let waiting = std::thread::current();
        let loader = scope.spawn({
            let job = &job;
            move || {
                let loaded = opened.source.load(job, &|| {});
                waiting.unpark();
                loaded
            }
        });
        if is_watched {
            show_progress(&job, || loader.is_finished());
        }
        loader
            .join()
            .map_err(|_| anyhow::anyhow!("loading stopped; please report it with the file that caused it"))?
            .map_err(anyhow::Error::from)
    })?;
    let catalog = opened.source.catalog(&job)?;
    let lost = kept::check_names(&opened.read, &opened.case_dir, &catalog)?;
    if !quiet {
        for note in &lost {
            eprintln!("note: {}", text::printable(note));
        }
        note_kept(&catalog);
        opened.source.take_notices().iter().for_each(|notice| eprintln!("note: {}", text::printable(notice)));
        note_assumptions(&catalog);
        for hint in zones::hints(&*opened.source, &job)? {
            eprintln!("note: {}", text::printable(&hint.sentence()));
        }
    }
    Ok(catalog)
}

/// A line that tells how far it is, until it is done. Short loads stay silent: the line would only flash.
fn show_progress(job: &Job, is_done: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    let mut pace = Pace::new(start);
    let mut is_shown = false;
    while !is_done() {
        std::thread::park_timeout(Duration::from_millis(100));
        if start.elapsed() >= Duration::from_millis(100) && !is_done() {
            let (done, total) = job.progress();
            let speed = pace.tell(std::time::Instant::now(), (done, total));
            let share = done.min(total).saturating_mul(100).checked_div(total).unwrap_or(0);
            let left = speed.left_s.map(|secs| format!(", {} left", text::whole_duration(secs))).unwrap_or_default();
            let (done, total, per_s) = (done.min(total) / 1_000_000, total / 1_000_000, speed.per_s / 1_000_000);
            eprint!("\rreading {share} %: {done} of {total} MB, {per_s} MB/s{left}\x1b[K");
            let _ = std::io::stderr().flush();
            is_shown = true;
        }
    }
    if is_shown {
        eprint!("\r\x1b[K");
        let _ = std::io::stderr().flush();
    }
}

/// What the case says of how sources are read is never silent either.
fn note_kept(catalog: &Catalog) {
    let told = |remark: &String| remark.strip_suffix(kept::FROM_CASE).map(str::to_owned);
    let kept: Vec<String> = catalog
        .sources
        .iter()
        .flat_map(|source| source.remarks.iter().filter_map(told).map(|words| format!("{words} of {}", source.path)))
        .collect();
    if let Some(first) = kept.first() {
        let more = if kept.len() == 1 { String::new() } else { format!(" and {} more", kept.len() - 1) };
        eprintln!("note: from case.toml: {}{more}", text::printable(first));
    }
}

/// Zoneless times are never silent.
fn note_assumptions(catalog: &Catalog) {
    let assumed: Vec<&str> = catalog
        .sources
        .iter()
        .filter(|source| source.zone.certainty == crate::model::ZoneCertainty::Default && source.n_records > 0)
        .map(|source| source.path.as_str())
        .collect();
    if let [first, rest @ ..] = assumed.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        eprintln!("note: times without a zone were read as UTC in {}{more}; --tz [SRC=]ZONE says otherwise", text::printable(first));
    }
}

/// Reads times of the command line: T+ counts from the case's T+0, else from the first of the data; `-5m` from their end.
pub struct Clock {
    reference: Reference,
    /// Whether it is kept back what a time of day could have meant as well.
    is_quiet: bool,
}

impl Clock {
    /// The clock of a loaded source and the case in `case_dir` (or its seed).
    pub fn new(opened: &Opened, catalog: &Catalog) -> anyhow::Result<Self> {
        let case = match &opened.seed {
            Some(case) => case.clone(),
            None => CaseDoc { meta: read_meta(&opened.case_dir)?, annotations: BTreeMap::new() },
        };
        Ok(Self { is_quiet: opened.read.quiet, ..Self::of(&case, catalog) })
    }

    /// The clock of a case over a catalog.
    pub fn of(case: &CaseDoc, catalog: &Catalog) -> Self {
        let t0 = case.meta.t0.as_ref().map(|anchor| anchor.at).or_else(|| case.marker(MarkerName::Trigger));
        let extent = catalog.extent;
        let dense = catalog.dense.map(|dense| dense.range);
        let (start, peak) = (catalog.main().map(TimeRange::start), catalog.peak);
        Self { reference: Reference { t0, start, extent, dense, peak, ..Reference::default() }, is_quiet: false }
    }

    /// What relative times refer to.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// One moment.
    pub fn at(&self, text: &str) -> anyhow::Result<Timestamp> {
        let at = when::parse(text, &self.reference).map_err(anyhow::Error::msg)?;
        self.tell_day(text, at);
        Ok(at)
    }

    /// Two moments, of which each may take its day from the other.
    pub fn both(&self, from: Option<&str>, to: Option<&str>) -> anyhow::Result<(Option<Timestamp>, Option<Timestamp>)> {
        let ends = when::parse_range(from, to, &self.reference).map_err(anyhow::Error::msg)?;
        // Of a window one end tells the day.
        if let Some((text, at)) = from.zip(ends.0).or(to.zip(ends.1)) {
            self.tell_day(text, at);
        }
        Ok(ends)
    }

    /// Says which day was taken where the data have that time of day on others as well.
    fn tell_day(&self, text: &str, at: Timestamp) {
        let others = when::same_time_of_other_days(text, &self.reference);
        if self.is_quiet || others.is_empty() {
            return;
        }
        let days: Vec<String> = others.into_iter().filter(|other| *other != at).map(text::rfc3339).collect();
        let (text, at, days) = (text::printable(text.trim()), text::rfc3339(at), days.join(", "));
        eprintln!("note: {text} was read as {at}; write the date to mean {days}");
    }

    /// A window; a side that is not given is the data's.
    pub fn window(&self, window: &WindowArgs) -> anyhow::Result<Option<TimeRange>> {
        let (from, to) = self.both(window.from.as_deref(), window.to.as_deref())?;
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        let extent = self.reference.extent.unwrap_or_default();
        let (from, to) = (from.unwrap_or(extent.start().min(to.unwrap_or(extent.start()))), to.unwrap_or(extent.end()));
        anyhow::ensure!(from <= to, "--from {} lies after --to {}", text::rfc3339(from), text::rfc3339(to));
        Ok(Some(TimeRange::new(from, to)))
    }
}
