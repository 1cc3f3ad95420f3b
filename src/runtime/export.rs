//! The postmortem on disk: gathered, rendered, and written by temporary file and rename.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::answer::choose_panels;
use super::facts::SourceFacts;
use crate::app::message::PanelChoice;
use crate::model::case::PanelRef;
use crate::model::{CaseDoc, Catalog};
use crate::report::blocks::{self, Refusal};
use crate::report::layout::Audience;
use crate::report::lint::{self, Desk};
use crate::report::markdown::Rendered;
use crate::report::postmortem::{Postmortem, ReportSettings, gather};
use crate::report::redact::{Names, redact};
use crate::report::{Facts as _, markdown};
use crate::source::{Job, Source};

/// The files that an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The document.
    pub markdown: PathBuf,
    /// Its charts, in the order of the document.
    pub assets: Vec<PathBuf>,
}

/// Where a document goes, and what its case is called and says besides the notes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The document.
    pub markdown: PathBuf,
    /// Name of what was opened: the title of a case that has none.
    pub name: String,
    /// Folder of the case, with its `sections/*.md`.
    pub case_dir: PathBuf,
    /// Sections of a case that comes with the program; those in the folder win.
    pub sections: BTreeMap<String, String>,
    /// Sections that are being written and not kept yet; they win over all others.
    pub unsaved: BTreeMap<String, String>,
    /// What becomes of a document that is there already.
    pub edits: Edits,
}

/// What becomes of a document that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edits {
    /// What people wrote into it is kept; where that is impossible nothing is written.
    #[default]
    Keep,
    /// It is written anew; the old one is kept beside it as `FILE.md.orig`.
    Overwrite,
}

/// A postmortem as it would be written now, and what it was gathered from.
pub struct Prepared<'a> {
    /// The sources.
    pub facts: SourceFacts<'a>,
    /// The values.
    pub postmortem: Postmortem,
    /// Document and pictures.
    pub rendered: Rendered,
}

/// Gathers and renders without writing. The source must be loaded to its end.
pub fn prepare<'a>(case: &CaseDoc, source: &'a dyn Source, target: &Target) -> anyhow::Result<Prepared<'a>> {
    let facts = SourceFacts::of_case(source, case, &Job::new())?;
    anyhow::ensure!(facts.catalog().is_complete, "the sources are still loading; try again when they are done");
    let formulas: Vec<String> = case.meta.panels.iter().filter_map(|panel| panel.formula().map(str::to_owned)).collect();
    if !formulas.is_empty() {
        source.define(&formulas, &Job::new())?;
    }
    let facts = if formulas.is_empty() { facts } else { SourceFacts::of_case(source, case, &Job::new())? };
    let panels = choose_panels(source, &Job::new())?;
    let stem = target.markdown.file_stem().and_then(|stem| stem.to_str()).unwrap_or("postmortem");
    let settings = ReportSettings {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        assets: format!("{stem}.assets"),
        panels: panel_refs(facts.catalog(), panels),
        sections: sections_of(target)?,
        name: target.name.clone(),
        ..ReportSettings::default()
    };
    let mut postmortem = gather(case, &facts, &settings);
    let rendered = markdown::render(&postmortem);
    // No clock and no earlier document: the same case gives the same bytes on any day.
    let desk = Desk { case, postmortem: &postmortem, facts: &facts, fresh: &rendered.markdown, exported: None, today: None };
    let findings = lint::check(&desk);
    postmortem.lint = Some(findings);
    let rendered = markdown::render(&postmortem);
    Ok(Prepared { facts, postmortem, rendered })
}

/// Writes the document and its charts into the folder beside it (`postmortem.md` → `postmortem.assets/`).
///
/// Same case, same sources: same bytes. What people wrote into an earlier export stays, or nothing is written.
pub fn export(case: &CaseDoc, source: &dyn Source, target: &Target) -> anyhow::Result<Written> {
    let Prepared { facts, postmortem, .. } = prepare(case, source, target)?;
    let postmortem = redact(postmortem, Audience::Internal, &Names::of(case, facts.catalog()));
    write_markdown((&target.markdown, target.edits), &postmortem.assets, &markdown::render(&postmortem))
}

/// Writes a rendered document and its charts.
pub(super) fn write_markdown((to, edits): (&Path, Edits), assets: &str, rendered: &Rendered) -> anyhow::Result<Written> {
    let text = keep_edits(to, edits, &rendered.markdown)?;
    let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let assets_dir = folder.join(assets);
    fs::create_dir_all(&assets_dir)
        .with_context(|| format!("{}: cannot be created; export elsewhere with -o FILE.md", assets_dir.display()))?;
    let mut assets = Vec::new();
    for (name, svg) in &rendered.assets {
        let path = assets_dir.join(name);
        write_whole(&path, svg.as_bytes())?;
        assets.push(path);
    }
    write_whole(to, text.as_bytes())?;
    Ok(Written { markdown: to.to_owned(), assets })
}

/// The text to write: the new one with what people wrote into the old one.
fn keep_edits(to: &Path, edits: Edits, fresh: &str) -> anyhow::Result<String> {
    let old = match fs::read(to) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(fresh.to_owned()),
        Err(error) => return Err(error).with_context(|| format!("{}: cannot be read", to.display())),
    };
    let way_out = "export elsewhere with -o FILE.md, or overwrite it with --force (the old one stays beside it as .orig)";
    match (blocks::merge(&old, fresh), edits) {
        (Ok(text), Edits::Keep) => Ok(text),
        (Err(Refusal::Foreign), Edits::Keep) => {
            anyhow::bail!(
                "{}: holds no marks of generated blocks (from elsewhere, from an older coroner, or written with --no-html), so nobody can tell \
                 what people wrote into it; move their words into sections/*.md of the case, then {way_out}",
                to.display()
            )
        }
        (Err(Refusal::Edited(names)), Edits::Keep) => anyhow::bail!(
            "{}: edited by hand where the generated text has changed as well: {}; move your words outside the block or into sections/*.md, or {way_out} (PM030)",
            to.display(),
            names.join(", ")
        ),
        (_, Edits::Overwrite) => {
            let mut name = to.file_name().unwrap_or_default().to_owned();
            name.push(".orig");
            if old != fresh {
                write_whole(&to.with_file_name(name), old.as_bytes())?;
            }
            Ok(fresh.to_owned())
        }
    }
}

/// The chosen series as a case names them.
pub(super) fn panel_refs(catalog: &Catalog, choices: Vec<PanelChoice>) -> Vec<PanelRef> {
    let named = |choice: PanelChoice| {
        let meta = catalog.series(choice.id)?;
        let source = catalog.source(meta.source)?.path.clone();
        Some(PanelRef { role: choice.role, series: meta.full_name(), source })
    };
    choices.into_iter().filter_map(named).collect()
}

/// Words of sections: those of the case's files, and those that are being written.
pub(super) fn sections_of(target: &Target) -> anyhow::Result<BTreeMap<String, String>> {
    let has_case = !target.case_dir.as_os_str().is_empty();
    let files = if has_case { read_sections(&target.case_dir.join("sections"))? } else { BTreeMap::new() };
    Ok(target.sections.clone().into_iter().chain(files).chain(target.unsaved.clone()).collect())
}

/// `sections/*.md` of the case by their stem, in order of name.
fn read_sections(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(BTreeMap::new()) };
    let mut sections = BTreeMap::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            sections.insert(name, String::from_utf8_lossy(&text).into_owned());
        }
    }
    Ok(sections)
}

/// Writes by temporary file, fsync and rename: a reader sees the old or the new file, never half of one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| {
        let _ = fs::remove_file(&temporary);
        format!("{}: cannot be written; export elsewhere with -o FILE.md", path.display())
    })
}
