//! `coroner note`: words of the command line → what `note` does, and evidence frozen from the sources.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use super::Outcome;
use super::args::{NoteAction, NoteAddArgs, NoteArgs, OpenArgs, PinArgs};
use super::note::{self, ListFormat, NewNote, NoteChange, NoteOptions};
use super::open::{self, Clock, Opened};
use crate::app::message::FreezeTarget;
use crate::model::case::{
    ActionItem, Anchor, CaseMeta, CauseStatus, CauseType, Edit, EditStep, Evidence, EvidenceTarget, MarkerName, Relation,
};
use crate::model::query::PageStart;
use crate::model::{
    Alert, CaseDoc, Catalog, Event, EventFilter, EventQuery, ProfileMark, SourceId, SourceReport, TimeRange, Timestamp, text,
};
use crate::runtime::answer::{freeze, freeze_lines};
use crate::runtime::journal::CaseStore;
use crate::runtime::session::now;
use crate::source::files::names::matches;
use crate::source::{Job, Source as _};

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
            NoteAction::Pin(pin) => {
                let what = NewNote::Evidence(self.pin(doc, pin)?);
                note::NoteAction::Add { what, text: pin.text.join(" "), tags: Vec::new() }
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
                NewNote::Marker { name, at: self.needed(doc, at, "marker")?, latest: to, rule: new.rule.clone() }
            }
            "cause" => {
                let start = at.map(|text| self.at(doc, text)).transpose()?;
                NewNote::Cause {
                    cause_type: new.subtype.as_deref().map(cause_type).transpose()?.unwrap_or_default(),
                    status: new.status.as_deref().map(cause_status).transpose()?.unwrap_or_default(),
                    at: start.map(|start| TimeRange::new(start, to.unwrap_or(start))),
                    evidence: new.evidence.clone(),
                    caused_by: new.causes.clone(),
                    relation: relation(&new.relation)?,
                }
            }
            "link" => match (new.causes.as_slice(), &new.on) {
                ([from], Some(to)) => NewNote::Link { from: from.clone(), to: to.clone(), relation: relation(&new.relation)? },
                _ => anyhow::bail!("a link needs --causes ID --on ID"),
            },
            "attempt" => {
                let start = self.needed(doc, at, "attempt")?;
                NewNote::Attempt { range: TimeRange::new(start, to.unwrap_or(start)), effect: new.status.clone() }
            }
            "action" => {
                let item = ActionItem {
                    action_type: new.subtype.clone(),
                    owner: new.owner.clone(),
                    priority: new.priority.clone(),
                    link: new.link.clone(),
                    due: new.due.clone(),
                    done_when: new.done_when.clone(),
                    causes: Vec::new(),
                };
                NewNote::Action { item, causes: new.causes.clone() }
            }
            "keymoment" => NewNote::KeyMoment { at: self.needed(doc, at, "key moment")? },
            other => anyhow::bail!("no kind {other:?}; there are moment, range, marker, cause, link, action, attempt, keymoment"),
        })
    }

    fn pin(&mut self, doc: &CaseDoc, pin: &PinArgs) -> anyhow::Result<Evidence> {
        let catalog = self.catalog()?;
        let target = match (&pin.series, &pin.lines, &pin.change, &pin.alert, &pin.profile) {
            (Some(glob), ..) => series_target(doc, &catalog, glob, pin)?,
            (_, Some(place), ..) => return self.pin_lines(&catalog, place),
            (_, _, Some(place), ..) => change_target(&catalog, place)?,
            (_, _, _, Some(name), _) => {
                let near = pin.at.as_deref().map(|text| Clock::of(doc, &catalog).at(text)).transpose()?;
                alert_target(&catalog, name, near)?
            }
            (_, _, _, _, Some(glob)) => profile_target(&catalog, glob)?,
            _ => anyhow::bail!("pin needs --series, --lines, --change, --alert or --profile"),
        };
        Ok(freeze(&*self.opened.source, &target, &Job::new())?)
    }

    fn pin_lines(&mut self, catalog: &Catalog, place: &str) -> anyhow::Result<Evidence> {
        let wrong = || format!("{place:?} is not PATH:FIRST or PATH:FIRST-LAST");
        let (path, lines) = place.rsplit_once(':').with_context(wrong)?;
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        let (first, last): (u64, u64) = (first.parse().with_context(wrong)?, last.parse().with_context(wrong)?);
        anyhow::ensure!(1 <= first && first <= last, "{}: lines count from 1 and rise", wrong());
        let report = find_source(catalog, path)?;
        let mut evidence = freeze_lines(&*self.opened.source, report.id, (first, last), &Job::new())?;
        if let EvidenceTarget::Lines { at, .. } = &mut evidence.target {
            // A dump has one time for all of its lines.
            let of_profile = || catalog.profiles.iter().find(|profile| profile.source == report.id)?.time;
            *at = self.time_of_line(report.id, first)?.or_else(of_profile);
        }
        Ok(evidence)
    }

    /// Time of the record that begins at a line, or of the one that the line continues.
    fn time_of_line(&self, source: SourceId, line: u64) -> anyhow::Result<Option<Timestamp>> {
        const PAGE: usize = 20_000;
        let filter = EventFilter { sources: vec![source], ..EventFilter::default() };
        let mut start = PageStart::AtOrAfter(Timestamp::MIN);
        loop {
            let query = EventQuery { filter: filter.clone(), range: None, start, limit: PAGE };
            let page = self.opened.source.events(&query, &Job::new())?.value;
            let holds = |event: &&Event| event.line <= line && line < event.line + u64::from(event.n_lines.max(1));
            if let Some(event) = page.events.iter().find(holds) {
                return Ok(event.time);
            }
            match page.events.last() {
                Some(last) if page.has_more => start = PageStart::After(last.id),
                _ => return Ok(None),
            }
        }
    }
}

fn find_source<'a>(catalog: &'a Catalog, path: &str) -> anyhow::Result<&'a SourceReport> {
    let found = catalog.sources.iter().find(|source| source.path == path);
    let found = found.or_else(|| catalog.sources.iter().find(|source| Path::new(&source.path).ends_with(path)));
    found.with_context(|| format!("{path}: no such source; coroner inspect lists them"))
}

fn series_target(doc: &CaseDoc, catalog: &Catalog, glob: &str, pin: &PinArgs) -> anyhow::Result<FreezeTarget> {
    let found: Vec<_> = catalog.series.iter().filter(|meta| matches(glob, &meta.full_name()) || matches(glob, &meta.name)).collect();
    let meta = match found.as_slice() {
        [] => anyhow::bail!("no series matches {glob:?}; coroner series lists them"),
        // The same series told by several sources is one series: the first source is taken.
        [first, rest @ ..] if rest.iter().all(|other| other.full_name() == first.full_name()) => *first,
        several => {
            anyhow::bail!("{} series match {glob:?}, such as {} and {}", several.len(), several[0].full_name(), several[1].full_name())
        }
    };
    let clock = Clock::of(doc, catalog);
    let at = clock.at(pin.at.as_deref().context("a pinned series needs --at TIME")?)?;
    let range = clock.window(&pin.window)?.or(catalog.extent).unwrap_or_default();
    Ok(FreezeTarget::Series { id: meta.id, range, at })
}

fn change_target(catalog: &Catalog, place: &str) -> anyhow::Result<FreezeTarget> {
    let wrong = || format!("{place:?} is not PATH:LINE");
    let (path, line) = place.rsplit_once(':').with_context(wrong)?;
    let line: u64 = line.parse().with_context(wrong)?;
    let source = find_source(catalog, path)?;
    let index = catalog.changes.iter().position(|change| change.source == source.id && change.line == line);
    let index = index.with_context(|| format!("{}:{line}: no change record is there; coroner events lists them", source.path))?;
    Ok(FreezeTarget::Change(index))
}

fn alert_target(catalog: &Catalog, name: &str, near: Option<Timestamp>) -> anyhow::Result<FreezeTarget> {
    let named = catalog.alerts.iter().enumerate().filter(|(_, alert)| alert.name == name);
    let begin = |alert: &Alert| alert.firing_at.unwrap_or(alert.active_at);
    let nearest = named.min_by_key(|(index, alert)| match near {
        Some(near) => (false, begin(alert).since(near).saturating_abs(), *index),
        // One that fired is more telling than one that was only pending.
        None => (alert.firing_at.is_none(), begin(alert).0, *index),
    });
    let known = || {
        let all: BTreeSet<&str> = catalog.alerts.iter().map(|alert| alert.name.as_str()).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    };
    let (index, _) = nearest.with_context(|| format!("no alert {name:?}; there are {}", known()))?;
    Ok(FreezeTarget::Alert(index))
}

fn profile_target(catalog: &Catalog, glob: &str) -> anyhow::Result<FreezeTarget> {
    let path = |profile: &ProfileMark| catalog.source(profile.source).map_or("", |source| source.path.as_str());
    let fits = |profile: &ProfileMark| matches(glob, path(profile)) || Path::new(path(profile)).ends_with(glob);
    let found: Vec<usize> = catalog.profiles.iter().enumerate().filter(|(_, profile)| fits(profile)).map(|(index, _)| index).collect();
    match found.as_slice() {
        [] => anyhow::bail!("no profile matches {glob:?}; coroner inspect lists them"),
        [only] => Ok(FreezeTarget::Profile(*only)),
        [first, second, ..] => {
            let (first, second) = (path(&catalog.profiles[*first]), path(&catalog.profiles[*second]));
            anyhow::bail!("{} profiles match {glob:?}, such as {first} and {second}", found.len())
        }
    }
}

fn relation(name: &str) -> anyhow::Result<Relation> {
    let names = || Relation::ALL.map(Relation::name).join(", ");
    Relation::from_name(name).with_context(|| format!("no relation {name:?}; there are {}", names()))
}

fn cause_type(name: &str) -> anyhow::Result<CauseType> {
    let names = || CauseType::ALL.map(CauseType::name).join(", ");
    CauseType::from_name(name).with_context(|| format!("no sort of cause {name:?}; there are {}", names()))
}

fn cause_status(name: &str) -> anyhow::Result<CauseStatus> {
    CauseStatus::from_name(name).with_context(|| format!("no status {name:?}; there are suspected, confirmed, refuted"))
}
