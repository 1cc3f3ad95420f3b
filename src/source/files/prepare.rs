//! What is done to sources between recognising and reading them: documents of records become text, a rotated set
//! becomes one log, and content that is there twice is read once.
//!
//! Nothing here loses its name: a part of a set and a twin stay in the catalog and say where their records are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::model::time::NS_PER_S;
use crate::model::{Problem, ProblemKind, SourceKind};
use crate::parse::detect::detect;
use crate::parse::log::{LogPlan, convert, parse_chunk};
use crate::parse::{Context, NO_TIME, Plan, Verdict, Windows};
use crate::store::segment::count_lines;
use crate::store::{StoreError, Text};

use super::content::Content;
use super::loading::Loading;
use super::names;

/// Size of the three windows that detection looks at.
pub const WINDOW_BYTES: u64 = 256 << 10;
/// Blocks in which a whole file is looked through.
const BLOCK_BYTES: u64 = 1 << 20;
/// Sets up to this size say which of their lines are in which file: that takes a pass over their bytes.
const MAX_COUNTED_BYTES: u64 = 1 << 30;

/// What a source is, and the text that it was made into.
pub struct Recognised {
    pub verdict: Verdict,
    pub converted: Option<Content>,
    pub problems: Vec<Problem>,
}

/// Looks at head, middle and tail, or takes what was `seen` there already. A document of log records of at most `max_bytes`
/// is made into a text of records.
pub fn recognise(text: &Arc<Content>, context: &Context, seen: Option<&Verdict>, max_bytes: u64) -> Result<Recognised, StoreError> {
    #[cfg(feature = "parquet")]
    if text.size_bytes() <= max_bytes && *text.head(4)? == *crate::parse::parquet::MAGIC {
        return rows(text, context, max_bytes);
    }
    if context.forced.is_none()
        && let Some(sort) = with_windows(text, context, convert::sort_of)?
        && (sort != convert::Sort::Partial || has_parts(text, 0)?)
    {
        if text.size_bytes() <= max_bytes {
            if let Some(found) = converted(sort, text, context)? {
                return Ok(found);
            }
        } else {
            let reason =
                format!("holds log records in one document of {} bytes, more than --max-decoded allows to unfold", text.size_bytes());
            let problems = vec![Problem { line: 0, byte: 0, kind: ProblemKind::Limit, reason }];
            return Ok(Recognised { verdict: verdict_of(text, context)?, converted: None, problems });
        }
    }
    let verdict = seen.map_or_else(|| verdict_of(text, context), |seen| Ok(seen.clone()))?;
    Ok(Recognised { verdict, converted: None, problems: Vec::new() })
}

/// The rows of a Parquet file as a text, and what that is.
#[cfg(feature = "parquet")]
fn rows(original: &Arc<Content>, context: &Context, max_bytes: u64) -> Result<Recognised, StoreError> {
    let table = match crate::parse::parquet::table(original.read(0..original.size_bytes())?.into_owned(), max_bytes) {
        Ok(table) => table,
        Err(reason) => {
            let mut verdict = verdict_of(original, context)?;
            verdict.why = format!("{}: {reason}", verdict.why);
            let problems = vec![Problem { line: 0, byte: 0, kind: ProblemKind::Unreadable, reason }];
            return Ok(Recognised { verdict, converted: None, problems });
        }
    };
    let text = Arc::new(Content::converted(Arc::clone(original), table.text, false));
    let mut found = recognise(&text, context, None, max_bytes)?;
    found.verdict.why = format!("{}: {}", table.why, found.verdict.why);
    found.problems.splice(0..0, table.problems.kept().iter().cloned());
    if found.converted.is_none() {
        found.converted = Arc::into_inner(text);
    }
    Ok(found)
}

/// What the text of a source is, as it stands.
pub fn verdict_of(text: &Content, context: &Context) -> Result<Verdict, StoreError> {
    with_windows(text, context, |windows| detect(windows, context))
}

fn converted(sort: convert::Sort, original: &Arc<Content>, context: &Context) -> Result<Option<Recognised>, StoreError> {
    let made = convert::convert(sort, &original.read(0..original.size_bytes())?);
    let text = Content::converted(Arc::clone(original), made.text, made.keeps_lines);
    let mut verdict = verdict_of(&text, context)?;
    if made.n_records == 0 || !matches!(verdict.plan, Plan::Log(_)) {
        return Ok(None);
    }
    if !made.format.is_empty() && sort != convert::Sort::Partial {
        verdict.kind = made.kind;
        verdict.format = made.format;
        verdict.confidence = verdict.confidence.max(0.9);
    }
    verdict.why = made.why;
    let mut problems = made.problems.kept().to_vec();
    let n_more = made.problems.total() - problems.len() as u64;
    if n_more > 0 {
        problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Syntax, reason: format!("{n_more} further problems of this kind") });
    }
    Ok(Some(Recognised { verdict, converted: Some(text), problems }))
}

/// Whether a text is read only after its records were made lines of their own.
pub fn is_to_be_unfolded(text: &Content, context: &Context) -> Result<bool, StoreError> {
    if context.forced.is_some() {
        return Ok(false);
    }
    Ok(match with_windows(text, context, convert::sort_of)? {
        Some(convert::Sort::Partial) => has_parts(text, 0)?,
        sort => sort.is_some(),
    })
}

/// Whether a log of a container holds lines in parts anywhere from a place on.
pub fn has_parts(content: &Content, from: u64) -> Result<bool, StoreError> {
    /// Longer than what is looked for, so that nothing hides at a border.
    const OVERLAP: u64 = 16;
    let (mut at, size) = (from, content.size_bytes());
    while at < size {
        let end = size.min(at + BLOCK_BYTES);
        if convert::has_parts(&content.read(at.saturating_sub(OVERLAP)..end)?) {
            return Ok(true);
        }
        at = end;
    }
    Ok(false)
}

fn with_windows<T>(text: &Content, context: &Context, look: impl FnOnce(&Windows<'_>) -> T) -> Result<T, StoreError> {
    let size = text.size_bytes();
    let head = text.head(WINDOW_BYTES)?;
    let window = |from: u64| -> Result<_, StoreError> {
        let mut bytes = text.read(from..size.min(from + WINDOW_BYTES))?.into_owned();
        if from > 0 {
            let start = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
            bytes.drain(..start);
        }
        Ok(bytes)
    };
    let middle = window((size / 2).saturating_sub(WINDOW_BYTES / 2))?;
    let tail = window(size.saturating_sub(WINDOW_BYTES))?;
    Ok(look(&Windows { path: &context.path, size_bytes: size, head: &head, middle: &middle, tail: &tail }))
}

/// Logs whose bytes an earlier source holds too: index and index of the earlier one.
pub fn twins(sources: &[Loading], verdicts: &[Option<Verdict>]) -> Vec<(usize, usize)> {
    let mut by_size: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, verdict) in verdicts.iter().enumerate() {
        if matches!(verdict, Some(Verdict { plan: Plan::Log(_), .. })) {
            by_size.entry(sources[index].content.size_bytes()).or_default().push(index);
        }
    }
    let mut twins = Vec::new();
    for group in by_size.into_values().filter(|group| group.len() > 1) {
        let mut known: HashMap<[u8; 32], usize> = HashMap::new();
        for index in group {
            // One that cannot be read says so when it is loaded.
            let Ok(hash) = hash(&sources[index].content) else { continue };
            match known.get(&hash) {
                Some(first) => twins.push((index, *first)),
                None => {
                    known.insert(hash, index);
                }
            }
        }
    }
    twins
}

fn hash(content: &Content) -> Result<[u8; 32], StoreError> {
    let mut hasher = Sha256::new();
    let (mut at, size) = (0, content.size_bytes());
    while at < size {
        let block = content.read(at..size.min(at + BLOCK_BYTES))?;
        hasher.update(&block);
        at += block.len() as u64;
    }
    Ok(hasher.finalize().into())
}

/// Marks a source as one whose records are told by another.
pub fn mark_twin(source: &mut Loading, first: &str) {
    source.report.kind = SourceKind::Report;
    "duplicate".clone_into(&mut source.report.format);
    source.report.confidence = 1.0;
    source.report.runner_up = None;
    source.report.why = format!("holds the same bytes as {first}");
    let reason = format!("holds the same bytes as {first}; its records are counted once, there");
    source.problems.push(Problem { line: 0, byte: 0, kind: ProblemKind::Duplicate, reason });
}

/// Files of one log that was cut by rotation, oldest first.
pub struct RotatedSet {
    /// The source that stands for all: the one that is not rotated, else the newest.
    pub head: usize,
    /// All of them, oldest first.
    pub parts: Vec<usize>,
}

/// Sets among the logs: same folder, same name but for the mark of rotation, same format.
pub fn rotated_sets(sources: &[Loading], verdicts: &[Option<Verdict>]) -> Vec<RotatedSet> {
    let mut groups: BTreeMap<String, Vec<(names::Age, usize)>> = BTreeMap::new();
    for (index, verdict) in verdicts.iter().enumerate() {
        let Some(Verdict { plan: Plan::Log(_), .. }) = verdict else { continue };
        let (name, age) = names::rotation(&sources[index].report.path);
        groups.entry(name).or_default().push((age, index));
    }
    let is_set = |group: &Vec<(names::Age, usize)>| group.len() > 1 && group.iter().any(|(age, _)| *age != names::Age::Current);
    let sets = groups.into_values().filter(is_set).filter_map(|mut group| {
        group.sort();
        // Two files of one age are no parts of one log.
        if group.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let head = group.last()?.1;
        let mut parts: Vec<usize> = group.into_iter().map(|(_, index)| index).collect();
        let plan = |index: usize| log_plan(verdicts[index].as_ref());
        if !parts.iter().all(|index| plan(*index).zip(plan(parts[0])).is_some_and(|(a, b)| a.reads_like(b))) {
            return None;
        }
        let spans: Vec<Option<(i64, i64)>> = parts.iter().map(|index| span(&sources[*index], plan(*index)?)).collect();
        if let Some(mut by_time) = spans.iter().zip(&parts).map(|(span, index)| Some(((*span)?, *index))).collect::<Option<Vec<_>>>() {
            // Names say which is older; where the times are there they know better (some tools count upwards).
            by_time.sort_unstable();
            if by_time.windows(2).any(|pair| overlaps(pair[0].0, pair[1].0)) {
                return None;
            }
            parts = by_time.into_iter().map(|(_, index)| index).collect();
        }
        Some(RotatedSet { head, parts })
    });
    sets.collect()
}

fn log_plan(verdict: Option<&Verdict>) -> Option<&LogPlan> {
    match &verdict?.plan {
        Plan::Log(plan) => Some(plan),
        _ => None,
    }
}

/// First and last time of a log whose dates are complete, by its two ends.
fn span(source: &Loading, plan: &LogPlan) -> Option<(i64, i64)> {
    if plan.needs_date() {
        return None;
    }
    let size = source.content.size_bytes();
    let times = |bytes: &[u8]| parse_chunk(plan, bytes).columns.times.into_iter().filter(|time| *time != NO_TIME).collect::<Vec<_>>();
    let head = source.content.head(WINDOW_BYTES / 4).ok()?;
    let tail = source.content.read(size.saturating_sub(WINDOW_BYTES / 4)..size).ok()?;
    let start = if size > WINDOW_BYTES / 4 { memchr::memchr(b'\n', &tail)? + 1 } else { 0 };
    Some((times(&head).into_iter().min()?, times(&tail[start..]).into_iter().max()?))
}

/// Whether two logs were written at the same time: then they are of two instances, not parts of one. What was
/// written during the rotation itself may be in both.
fn overlaps(older: (i64, i64), newer: (i64, i64)) -> bool {
    let shared = older.1.min(newer.1) - newer.0;
    let shorter = (older.1 - older.0).min(newer.1 - newer.0);
    shared > NS_PER_S && shared > shorter / 20
}

/// Where each part of a set is in it: `app.log.1 (lines 1 to 300), app.log (lines 301 to 800)`.
pub fn describe(parts: &[Arc<Content>]) -> String {
    let name = |part: &Content| part.path().rsplit('/').next().unwrap_or_default().to_owned();
    let size: u64 = parts.iter().map(|part| part.size_bytes()).sum();
    let mut line = 1;
    let describe = |part: &Arc<Content>| {
        if size > MAX_COUNTED_BYTES {
            return name(part);
        }
        let n = lines_in(part).unwrap_or(0);
        line += n;
        format!("{} (lines {} to {})", name(part), line - n, line - 1)
    };
    parts.iter().map(describe).collect::<Vec<_>>().join(", ")
}

fn lines_in(content: &Content) -> Result<u64, StoreError> {
    let (mut at, size, mut n, mut last) = (0, content.size_bytes(), 0, b'\n');
    while at < size {
        let block = content.read(at..size.min(at + BLOCK_BYTES))?;
        n += count_lines(&block);
        last = block.last().copied().unwrap_or(last);
        at += block.len() as u64;
    }
    Ok(n + u64::from(last != b'\n'))
}
