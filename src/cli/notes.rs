//! `coroner note`: words of the command line → what `note` does, and evidence frozen from the sources.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use super::Outcome;
use super::args::{BeginArgs, NoteAction, NoteAddArgs, NoteArgs, OpenArgs, PinArgs};
use super::kept;
use super::note::args::{FieldArgs, NoteEditArgs, SelectArgs};
use super::note::{self, ListFormat, NewNote, NoteChange, NoteOptions, Only, Select, Standings};
use super::note::{pinned, values};
use super::open::{self, Clock, Opened};
use crate::app::message::FreezeTarget;
use crate::model::case::{
    Anchor, AnnotationKind, CaseMeta, Choice, Edit, EditStep, Evidence, EvidenceTarget, KINDS, KindFields, MarkerName, Relation,
    signed_duration,
};
use crate::model::query::PageStart;
use crate::model::{
    Alert, Annotation, AnnotationId, CaseDoc, Catalog, Event, EventFilter, EventQuery, ProfileMark, SourceId, SourceReport, Timestamp, text,
};
use crate::report::case_file::{kind_from_fields, set_meta};
use crate::runtime::answer::{freeze, freeze_lines};
use crate::runtime::gate;
use crate::runtime::journal::CaseStore;
use crate::runtime::session::now;
use crate::runtime::standing::standing;
use crate::source::files::names::matches;
use crate::source::{Job, Source as _};

/// Runs one `coroner note`.
pub fn run(args: &NoteArgs, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let opened = open::open(&OpenArgs { sources: vec![args.source.clone()], read: args.read.clone() })?;
    let (store, mut doc, notices) = CaseStore::open(&opened.case_dir)?;
    let mut store = store.signed_by(author());
    for notice in &notices {
        eprintln!("note: {}", text::printable(notice));
    }
    let is_asked = matches!(&args.action, NoteAction::List { .. } | NoteAction::Show { .. } | NoteAction::Accept { name: None });
    if !is_asked {
        kept::keep_in(&mut store, &mut doc, &args.read)?;
    }
    if let NoteAction::Set { pairs } = &args.action {
        set_keys(&mut store, &mut doc, pairs, &opened.case_dir)?;
        store.save(&doc)?;
        return Ok(Outcome::Done);
    }
    if let NoteAction::Title { .. } = &args.action {
        set_head(&mut store, &mut doc, &args.action)?;
        store.save(&doc)?;
        return Ok(Outcome::Done);
    }
    if let NoteAction::Accept { name: None } = &args.action {
        return list_suggested(&doc, &opened, args.read.quiet, out);
    }
    let mut desk = Desk { opened: &opened, quiet: args.read.quiet, catalog: None };
    let action = desk.action(&doc, &args.action)?;
    let is_list =
        matches!(action, note::NoteAction::List { .. } | note::NoteAction::Show { .. } | note::NoteAction::Settle { which: None, .. });
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

fn list_suggested(doc: &CaseDoc, opened: &Opened, is_quiet: bool, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    open::load(opened, is_quiet)?;
    let found = gate::suggested(doc, &*opened.source, &Job::new())?;
    for (kind, words) in &found {
        let AnnotationKind::Marker { name, at, rule, .. } = kind else { continue };
        let rule = text::printable(rule.trim_start_matches("accepted: "));
        let words = if words.is_empty() { String::new() } else { format!("  {}", text::printable(words)) };
        writeln!(out, "{} {}{words}  ({rule})", text::rfc3339(*at), name.name())?;
    }
    Ok((!found.is_empty()).into())
}

fn author() -> String {
    // A settings file that is wrong is told where the screen opens; a note is written all the same.
    super::settings::author(&super::settings::of(&BeginArgs::default()).unwrap_or_default())
}

/// Different in every process and at every moment.
fn entropy() -> u128 {
    u128::from(now().0.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ u128::from(std::process::id())
}

fn set_keys(store: &mut CaseStore, doc: &mut CaseDoc, pairs: &[String], case_dir: &Path) -> anyhow::Result<()> {
    let split = |pair: &String| {
        let (key, text) = split_pair(pair).with_context(|| format!("{pair:?} is not KEY=VALUE"))?;
        anyhow::Ok((key.trim().to_owned(), text.trim().to_owned()))
    };
    let pairs: Vec<(String, String)> = pairs.iter().map(split).collect::<anyhow::Result<_>>()?;
    let after = set_meta(&doc.meta, &pairs).map_err(anyhow::Error::msg)?;
    if pairs.iter().any(|(key, text)| {
        !text.is_empty() && ["zones.", "formats.", "anchors.", "format_files"].iter().any(|table| key.starts_with(table))
    }) {
        kept::check(&after, case_dir)?;
    }
    let edit = Edit::Meta { before: Box::new(doc.meta.clone()), after: Box::new(after) };
    doc.apply(&edit);
    store.append(&EditStep { name: "set".into(), edits: vec![edit] })?;
    Ok(())
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

    fn action(&mut self, doc: &CaseDoc, action: &NoteAction) -> anyhow::Result<note::NoteAction> {
        let format = |json: bool| if json { ListFormat::JsonLines } else { ListFormat::Text };
        Ok(match action {
            NoteAction::List { select, json, check } => {
                let standings = if *check { self.standings(&selection(select, &[]).of(doc)?)? } else { Standings::new() };
                note::NoteAction::List { select: selection(select, &[]), format: format(*json), standings }
            }
            NoteAction::Show { id, json, check } => {
                let standings = if *check { self.standings(&[note::find(doc, id)?])? } else { Standings::new() };
                note::NoteAction::Show { id: id.clone(), format: format(*json), standings }
            }
            NoteAction::T0 { at, label } => {
                let at = self.at(doc, at)?;
                let label = if label.is_empty() { "set by hand".to_owned() } else { label.join(" ") };
                note::NoteAction::SetT0(Anchor { at, label })
            }
            NoteAction::Add(new) => note::NoteAction::Add(Box::new(self.new_note(doc, new)?)),
            NoteAction::Pin(pin) => {
                let kind = AnnotationKind::Evidence(self.pin(doc, pin)?);
                note::NoteAction::Add(Box::new(NewNote::new(kind, &pin.text.join(" "))))
            }
            NoteAction::Accept { name } => note::NoteAction::Add(Box::new(self.accept(doc, name.as_deref().unwrap_or_default())?)),
            NoteAction::Edit(edit) => self.edit(doc, edit)?,
            NoteAction::Tag { add, remove, select, ids } => {
                anyhow::ensure!(!add.is_empty() || !remove.is_empty(), "say which labels: --add TAG, --remove TAG");
                note::NoteAction::Tag { select: selection(select, ids), add: add.clone(), remove: remove.clone() }
            }
            NoteAction::Retime { by, select, ids } => {
                note::NoteAction::Retime { select: selection(select, ids), by_ns: signed_duration(by).map_err(anyhow::Error::msg)? }
            }
            NoteAction::Settle { which, take } => {
                let choice = if take == "b" { Choice::Second } else { Choice::First };
                note::NoteAction::Settle { which: which.clone(), choice }
            }
            NoteAction::Remove { id } => note::NoteAction::Remove { id: id.clone() },
            NoteAction::Title { .. } | NoteAction::Set { .. } => anyhow::bail!("the head is no record"),
        })
    }

    /// A marker as the data suggest it; one that is set stays.
    fn accept(&mut self, doc: &CaseDoc, wanted: &str) -> anyhow::Result<NewNote> {
        let name = MarkerName::from_name(&wanted.trim().replace([' ', '-'], "_"))
            .with_context(|| format!("{wanted:?} is no marker; coroner note CASE accept lists those that the data suggest"))?;
        anyhow::ensure!(doc.marker(name).is_none(), "{} is set already; move it with coroner note CASE edit", name.name());
        self.catalog()?;
        let found = gate::suggested(doc, &*self.opened.source, &Job::new())?;
        let is_it = |kind: &AnnotationKind| matches!(kind, AnnotationKind::Marker { name: other, .. } if *other == name);
        let (kind, words) = found
            .into_iter()
            .find(|(kind, _)| is_it(kind))
            .with_context(|| format!("the data suggest no {}; set it with coroner note CASE add {0} --at TIME", name.name()))?;
        Ok(NewNote::new(kind, &words))
    }

    /// Where the evidence among these records, and what they point at, stands now.
    fn standings(&mut self, records: &[&Annotation]) -> anyhow::Result<Standings> {
        self.catalog()?;
        let mut standings = Standings::new();
        for record in records {
            if let AnnotationKind::Evidence(evidence) = &record.kind {
                standings.insert(record.id.clone(), standing(&*self.opened.source, evidence, &Job::new())?);
            }
        }
        Ok(standings)
    }

    fn new_note(&mut self, doc: &CaseDoc, new: &NoteAddArgs) -> anyhow::Result<NewNote> {
        let (mut kind, words) = kind_and_words(new);
        let args = &new.fields;
        if kind == "moment" && args.to.is_some() {
            "range".clone_into(&mut kind);
        }
        let form = KindFields::of(&kind).with_context(|| {
            let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            format!("no kind {kind:?}; there are {}", names.join(", "))
        })?;
        let mut fields = values::fields(&kind, args, &mut |text| self.at(doc, text))?;
        fields.retain(|_, value| !value.is_null());
        for (given, keys) in [(&args.at, ["t", "t0"]), (&args.to, ["t1", "t_latest"])] {
            let Some(text) = given else { continue };
            let key = keys.into_iter().find(|key| form.field(key).is_some()).with_context(|| format!("a {kind} has no time"))?;
            fields.insert(key.into(), text::rfc3339(self.at(doc, text)?).into());
        }
        // What is told by a moment alone has no length; only a range may stay open.
        if kind != "range" && form.field("t1").is_some() && !fields.contains_key("t1") {
            fields.extend(fields.get("t0").cloned().map(|start| ("t1".to_owned(), start)));
        }
        let mut common = serde_json::Map::new();
        for key in ["vis", "pinned"] {
            common.extend(fields.shift_remove(key).map(|value| (key.to_owned(), value)));
        }
        if !args.tag.is_empty() {
            common.insert("tags".into(), args.tag.clone().into());
        }
        let mut caused_by = Vec::new();
        match kind.as_str() {
            "cause" => caused_by.clone_from(&args.causes),
            "link" => {
                let from = args.causes.first().map(|from| ("from", from));
                fields
                    .extend(from.into_iter().chain(new.on.as_ref().map(|on| ("to", on))).map(|(key, id)| (key.into(), id.clone().into())));
                fields.entry("rel").or_insert_with(|| new.relation.clone().into());
            }
            _ => {}
        }
        for (key, ids) in id_lists(&kind, args)? {
            fields.insert(key.into(), ids.into());
        }
        needed(form, &fields)?;
        let kind = kind_from_fields(&kind, fields).map_err(anyhow::Error::msg)?;
        Ok(NewNote { kind, text: words.join(" "), common, caused_by, relation: relation(&new.relation)? })
    }

    fn edit(&mut self, doc: &CaseDoc, edit: &NoteEditArgs) -> anyhow::Result<note::NoteAction> {
        let record = note::find(doc, &edit.id)?;
        let (kind, args) = (record.kind.name(), &edit.fields);
        let mut fields = values::fields(kind, args, &mut |text| self.at(doc, text))?;
        let at = args.at.as_deref().map(|text| self.at(doc, text)).transpose()?;
        if let Some(text) = &args.to {
            let key = ["t1", "t_latest"].into_iter().find(|key| KindFields::of(kind).is_some_and(|form| form.field(key).is_some()));
            let key = key.with_context(|| format!("a {kind} has no end"))?;
            fields.insert(key.into(), text::rfc3339(self.at(doc, text)?).into());
        }
        let change = NoteChange {
            text: (!edit.text.is_empty()).then(|| edit.text.join(" ")),
            at,
            fields,
            add_ids: id_lists(kind, args)?,
            add_tags: args.tag.clone(),
            remove_tags: edit.untag.clone(),
        };
        let AnnotationId(id) = record.id.clone();
        Ok(note::NoteAction::Edit { id, change })
    }

    fn pin(&mut self, doc: &CaseDoc, pin: &PinArgs) -> anyhow::Result<Evidence> {
        if pin.diff.is_some() || pin.url.is_some() {
            let at = pin.at.as_deref().map(|text| self.at(doc, text)).transpose()?;
            return pinned::outside(pin, at);
        }
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
            _ => anyhow::bail!("pin needs --series, --lines, --change, --alert, --profile, --diff or --url"),
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
    let found = catalog.source_of(path);
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

fn selection(args: &SelectArgs, ids: &[String]) -> Select {
    let only = if args.pinned { Only::Pinned } else { Only::All };
    Select { ids: ids.to_vec(), kinds: args.kind.clone(), tags: args.tag.clone(), authors: args.author.clone(), only }
}

/// The kind by `--kind` or by the first word, and the words that are left.
fn kind_and_words(new: &NoteAddArgs) -> (String, &[String]) {
    match (&new.kind, new.text.split_first()) {
        (Some(kind), _) => (kind.clone(), &new.text),
        (None, Some((first, rest))) if KindFields::of(first).is_some() => (first.clone(), rest),
        (None, _) => ("moment".to_owned(), &new.text),
    }
}

/// Ids that options add to lists, by the key of the list.
fn id_lists(kind: &str, args: &FieldArgs) -> anyhow::Result<Vec<(&'static str, Vec<String>)>> {
    let mut lists = Vec::new();
    if !args.evidence.is_empty() {
        lists.push((values::list_key(kind, "--evidence", &["ev", "for"])?, args.evidence.clone()));
    }
    if !args.against.is_empty() {
        lists.push((values::list_key(kind, "--against", &["against"])?, args.against.clone()));
    }
    if !args.causes.is_empty() && !["cause", "link"].contains(&kind) {
        lists.push((values::list_key(kind, "--causes", &["causes", "about"])?, args.causes.clone()));
    }
    Ok(lists)
}

/// Says in the words of the command line what is missing.
fn needed(form: &KindFields, fields: &serde_json::Map<String, serde_json::Value>) -> anyhow::Result<()> {
    let Some(field) = form.fields.iter().find(|field| field.is_needed && !fields.contains_key(field.key)) else { return Ok(()) };
    let way = match field.key {
        "t" | "t0" => "--at TIME".to_owned(),
        "t1" => "--to TIME".to_owned(),
        "name" => "--name NAME".to_owned(),
        "from" | "to" => "--causes ID --on ID".to_owned(),
        "group" => "--type GROUP".to_owned(),
        key => format!("--set {key}=VALUE"),
    };
    anyhow::bail!("a {} needs {way} ({})", form.name, field.says)
}

/// `KEY=VALUE` at the first sign that is not inside the braces of a series: `thresholds.x{a="b"}=1`.
fn split_pair(pair: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let at = pair.char_indices().find(|(_, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == '=' && depth == 0
    });
    at.map(|(at, _)| (&pair[..at], &pair[at + 1..]))
}
