//! `coroner note`: words of the command line → what `note` does, and evidence frozen from the sources.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use super::Outcome;
use super::args::{NoteAction, NoteAddArgs, NoteArgs, OpenArgs, WindowArgs};
use super::note::{self, ListFormat, NewNote, NoteChange, NoteOptions};
use super::open::{self, Clock, Opened};
use crate::app::message::FreezeTarget;
use crate::model::case::{ActionItem, Anchor, CaseMeta, CauseStatus, CauseType, Edit, EditStep, Evidence, MarkerName};
use crate::model::{CaseDoc, Catalog, TimeRange, Timestamp, text};
use crate::runtime::answer::{freeze, freeze_lines};
use crate::runtime::journal::CaseStore;
use crate::runtime::session::now;
use crate::source::Job;
use crate::source::files::names::matches;

/// Runs one `coroner note`.
pub fn run(args: &NoteArgs, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let opened = open::open(&OpenArgs { sources: vec![args.source.clone()], read: args.read.clone() })?;
    let (mut store, mut doc, notices) = CaseStore::open(&opened.case_dir)?;
    for notice in &notices {
        eprintln!("note: {}", text::printable(notice));
    }
    if let NoteAction::Title { .. } = &args.action {
        set_head(&mut store, &mut doc, &args.action)?;
        store.save(&doc)?;
        return Ok(Outcome::Done);
    }
    let mut desk = Desk { opened: &opened, quiet: args.read.quiet, catalog: None };
    let action = desk.action(&doc, &args.action)?;
    let is_list = matches!(action, note::NoteAction::List { .. });
    let options = NoteOptions { action, now: now(), entropy: entropy(), author: author() };
    let outcome = note::run(&mut store, &mut doc, &options)?;
    if !is_list {
        if let Some(catalog) = &desk.catalog {
            store.note_sources(&doc, catalog);
        }
        store.save(&doc)?;
    }
    out.write_all(outcome.output.as_bytes())?;
    let has_answer = !is_list || !outcome.output.is_empty();
    Ok(has_answer.into())
}

fn author() -> String {
    std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "unknown".into())
}

/// Different in every process and at every moment.
fn entropy() -> u128 {
    u128::from(now().0.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ u128::from(std::process::id())
}

fn set_head(store: &mut CaseStore, doc: &mut CaseDoc, action: &NoteAction) -> anyhow::Result<()> {
    let NoteAction::Title { severity, status, services, title } = action else { return Ok(()) };
    let mut meta: CaseMeta = doc.meta.clone();
    if !title.is_empty() {
        meta.title = title.join(" ");
    }
    meta.severity = severity.clone().or(meta.severity);
    meta.status = status.clone().or(meta.status);
    if !services.is_empty() {
        meta.services.clone_from(services);
    }
    let edit = Edit::Meta { before: Box::new(doc.meta.clone()), after: Box::new(meta) };
    doc.apply(&edit);
    store.append(&EditStep { name: "head".into(), edits: vec![edit] })?;
    Ok(())
}

/// Loads the sources only when a note needs them: a relative time, or evidence.
struct Desk<'a> {
    opened: &'a Opened,
    quiet: bool,
    catalog: Option<std::sync::Arc<Catalog>>,
}

impl Desk<'_> {
    fn catalog(&mut self) -> anyhow::Result<std::sync::Arc<Catalog>> {
        if let Some(catalog) = &self.catalog {
            return Ok(catalog.clone());
        }
        let catalog = open::load(self.opened, self.quiet)?;
        self.catalog = Some(catalog.clone());
        Ok(catalog)
    }

    /// A moment; complete dates need no data.
    fn at(&mut self, doc: &CaseDoc, text: &str) -> anyhow::Result<Timestamp> {
        if let Ok(at) = Clock::of(doc, &Catalog::default()).at(text) {
            return Ok(at);
        }
        let catalog = self.catalog()?;
        Clock::of(doc, &catalog).at(text)
    }

    fn needed(&mut self, doc: &CaseDoc, at: Option<&str>, kind: &str) -> anyhow::Result<Timestamp> {
        let text = at.with_context(|| format!("a {kind} needs --at TIME"))?;
        self.at(doc, text)
    }

    fn action(&mut self, doc: &CaseDoc, action: &NoteAction) -> anyhow::Result<note::NoteAction> {
        Ok(match action {
            NoteAction::List { kind, json } => {
                let format = if *json { ListFormat::JsonLines } else { ListFormat::Text };
                note::NoteAction::List { kind: kind.clone(), format }
            }
            NoteAction::T0 { at, label } => {
                let at = self.at(doc, at)?;
                let label = if label.is_empty() { "set by hand".to_owned() } else { label.join(" ") };
                note::NoteAction::SetT0(Anchor { at, label })
            }
            NoteAction::Add(new) => {
                let what = self.new_note(doc, new)?;
                note::NoteAction::Add { what, text: new.text.join(" "), tags: Vec::new() }
            }
            NoteAction::Pin { series, lines, at, window, text } => {
                let evidence = match (series, lines) {
                    (Some(series), _) => self.pin_series(doc, series, at.as_deref(), window)?,
                    (None, Some(lines)) => self.pin_lines(lines)?,
                    (None, None) => anyhow::bail!("pin needs --series or --lines"),
                };
                note::NoteAction::Add { what: NewNote::Evidence(evidence), text: text.join(" "), tags: Vec::new() }
            }
            NoteAction::Edit { id, at, status, subtype, evidence, text } => {
                let at = at.as_deref().map(|text| self.at(doc, text)).transpose()?;
                let cause_status = status.as_deref().and_then(CauseStatus::from_name);
                let change = NoteChange {
                    text: (!text.is_empty()).then(|| text.join(" ")),
                    at,
                    tags: None,
                    status: cause_status,
                    cause_type: subtype.as_deref().map(cause_type).transpose()?,
                    effect: status.clone().filter(|_| cause_status.is_none()),
                    add_evidence: evidence.clone(),
                };
                note::NoteAction::Edit { id: id.clone(), change }
            }
            NoteAction::Remove { id } => note::NoteAction::Remove { id: id.clone() },
            NoteAction::Title { .. } => anyhow::bail!("the title is no record"),
        })
    }

    fn new_note(&mut self, doc: &CaseDoc, new: &NoteAddArgs) -> anyhow::Result<NewNote> {
        let (service, row_kind) = (new.service.clone(), new.row.clone());
        let at = new.at.as_deref();
        let to = new.to.as_deref().map(|text| self.at(doc, text)).transpose()?;
        Ok(match new.kind.as_str() {
            "moment" => match to {
                Some(to) => NewNote::Range { range: TimeRange::new(self.needed(doc, at, "range")?, to), service, row_kind },
                None => NewNote::Moment { at: self.needed(doc, at, "note")?, service, row_kind },
            },
            "range" => {
                let to = to.context("a range needs --to TIME")?;
                NewNote::Range { range: TimeRange::new(self.needed(doc, at, "range")?, to), service, row_kind }
            }
            "marker" => {
                let name = new.name.as_deref().context("a marker needs --name, for example --name detected")?;
                let names = || MarkerName::ALL.map(MarkerName::name).join(", ");
                let name = MarkerName::from_name(name).with_context(|| format!("no marker {name:?}; there are {}", names()))?;
                NewNote::Marker { name, at: self.needed(doc, at, "marker")?, latest: to }
            }
            "cause" => {
                let start = at.map(|text| self.at(doc, text)).transpose()?;
                NewNote::Cause {
                    cause_type: new.subtype.as_deref().map(cause_type).transpose()?.unwrap_or_default(),
                    status: new.status.as_deref().map(cause_status).transpose()?.unwrap_or_default(),
                    at: start.map(|start| TimeRange::new(start, to.unwrap_or(start))),
                    evidence: new.evidence.clone(),
                    caused_by: new.causes.clone(),
                }
            }
            "attempt" => {
                let start = self.needed(doc, at, "attempt")?;
                NewNote::Attempt { range: TimeRange::new(start, to.unwrap_or(start)), effect: new.status.clone() }
            }
            "action" => {
                let (owner, due) = (new.owner.clone(), new.due.clone());
                let item = ActionItem { action_type: new.subtype.clone(), owner, due, ..ActionItem::default() };
                NewNote::Action { item, causes: new.causes.clone() }
            }
            "keymoment" => NewNote::KeyMoment { at: self.needed(doc, at, "key moment")? },
            other => anyhow::bail!("no kind {other:?}; there are moment, range, marker, cause, action, attempt, keymoment"),
        })
    }

    fn pin_series(&mut self, doc: &CaseDoc, glob: &str, at: Option<&str>, window: &WindowArgs) -> anyhow::Result<Evidence> {
        let catalog = self.catalog()?;
        let found: Vec<_> = catalog.series.iter().filter(|meta| matches(glob, &meta.full_name()) || matches(glob, &meta.name)).collect();
        let meta = match found.as_slice() {
            [] => anyhow::bail!("no series matches {glob:?}; coroner series lists them"),
            // The same series told by several sources is one series: the first source is taken.
            [first, rest @ ..] if rest.iter().all(|other| other.full_name() == first.full_name()) => *first,
            several => {
                anyhow::bail!("{} series match {glob:?}, such as {} and {}", several.len(), several[0].full_name(), several[1].full_name())
            }
        };
        let clock = Clock::of(doc, &catalog);
        let at = clock.at(at.context("a pinned series needs --at TIME")?)?;
        let range = clock.window(window)?.or(catalog.extent).unwrap_or_default();
        Ok(freeze(&*self.opened.source, &FreezeTarget::Series { id: meta.id, range, at }, &Job::new())?)
    }

    fn pin_lines(&mut self, place: &str) -> anyhow::Result<Evidence> {
        let catalog = self.catalog()?;
        let wrong = || format!("{place:?} is not PATH:FIRST or PATH:FIRST-LAST");
        let (path, lines) = place.rsplit_once(':').with_context(wrong)?;
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        let (first, last): (u64, u64) = (first.parse().with_context(wrong)?, last.parse().with_context(wrong)?);
        anyhow::ensure!(1 <= first && first <= last, "{}: lines count from 1 and rise", wrong());
        let report = catalog.sources.iter().find(|source| source.path == path || Path::new(&source.path).ends_with(path));
        let report = report.with_context(|| format!("{path}: no such source; coroner inspect lists them"))?;
        Ok(freeze_lines(&*self.opened.source, report.id, (first, last), &Job::new())?)
    }
}

fn cause_type(name: &str) -> anyhow::Result<CauseType> {
    let names = || CauseType::ALL.map(CauseType::name).join(", ");
    CauseType::from_name(name).with_context(|| format!("no sort of cause {name:?}; there are {}", names()))
}

fn cause_status(name: &str) -> anyhow::Result<CauseStatus> {
    CauseStatus::from_name(name).with_context(|| format!("no status {name:?}; there are suspected, confirmed, refuted"))
}
