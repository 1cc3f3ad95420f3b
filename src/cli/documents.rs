//! Commands that write documents: `export`, `man`, `completions`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::Outcome;
use super::args::{Cli, ExportArgs};
use super::kept;
use super::open::{self, Notes, Opened};
use super::output::{write_json, write_table};
use crate::model::text::printable;
use crate::model::{CaseDoc, Catalog};
use crate::report::Facts as _;
use crate::report::format::Format;
use crate::report::layout::{Audience, Layout};
use crate::report::postmortem::Postmortem;
use crate::report::redact::{self, Names, Redaction};
use crate::report::style::{Dialect, Feature, Style};
use crate::report::template;
use crate::runtime::export::{self as writer, Edits, Prepared};
use crate::runtime::exported::Ledger;
use crate::runtime::journal::CaseStore;
use crate::runtime::publish::{Destination, Published, publish, publish_template};
use crate::source::{Job, Source as _};

/// `coroner export`: the postmortem of a case in the forms that were asked for.
pub fn export(args: &ExportArgs, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let mut style = style(args)?;
    if args.public {
        style.layout.audience = Audience::Public;
    }
    let opened = match args.open.sources.as_slice() {
        [] => open::open_demo(args.open.read.case.clone(), Notes::Finished)?,
        _ => open::open(&args.open)?,
    };
    open::load(&opened, args.open.read.quiet)?;
    // Whoever asks for a listing, or writes elsewhere beside no case, keeps nothing.
    let keeps = !args.redactions && opened.seed.is_none() && (args.output.is_none() || opened.case_dir.join("case.toml").exists());
    if keeps && let Err(why) = kept::keep(&opened, &args.open.read) {
        eprintln!("note: how the sources were read is not kept in the case: {}", printable(&format!("{why:#}")));
    }
    let case = match (&opened.seed, opened.case_dir.exists()) {
        (Some(seed), false) => seed.clone(),
        _ => CaseStore::read_only(&opened.case_dir)?.0,
    };
    let all = case;
    let edits = if args.force { Edits::Overwrite } else { Edits::Keep };
    let to = Destination::of(args.output.as_deref(), &opened.case_dir);
    let markdown = args.format.iter().position(|format| *format == Format::Markdown).unwrap_or(0);
    let target = writer::Target { markdown: to.path(markdown, Format::Markdown), edits, ..default_target(&opened) };
    let audience = style.layout.audience;
    let (case, n_left_out) = redact::visible(&all, audience);
    let Prepared { facts, postmortem, .. } = writer::prepare(&case, &*opened.source, &target)?;
    let postmortem = redact::redact(postmortem, audience, &Names::of(&all, facts.catalog()));
    if args.redactions {
        return list_redactions(&postmortem, args.json, out);
    }
    if !args.open.read.quiet {
        remark_on_nothing(facts.catalog(), &all);
    }
    if n_left_out > 0 && !args.open.read.quiet {
        eprintln!(
            "coroner: {n_left_out} of {} records are left out, because only those marked public go to the public: coroner note CASE list shows their \
             ids, coroner note CASE edit ID --set vis=public lets one through",
            all.annotations.len()
        );
    }
    let sources = files(&opened, &args.open.sources)?;
    let mut ledger = if opened.seed.is_some() { Ledger::default() } else { Ledger::of(&opened.case_dir) };
    let published = match template::written_name(&args.template) {
        Some(name) => {
            vec![publish_template(&postmortem, Path::new(&args.template), &style, (&to.path_named(name), edits, &mut ledger), &sources)?]
        }
        None => publish(&postmortem, &args.format, &style, (&to, edits, &mut ledger), &sources)?,
    };
    if args.json {
        write_json(out, &listing(&published))?;
        return Ok(Outcome::Done);
    }
    for one in &published {
        let charts = if one.assets.is_empty() { String::new() } else { format!(" and {} charts", one.assets.len()) };
        writeln!(out, "{}{charts}", printable(&one.path.display().to_string()))?;
    }
    Ok(Outcome::Done)
}

/// Says when a document has nothing to stand on: it is written all the same, for those who fill it in by hand.
fn remark_on_nothing(catalog: &Catalog, case: &CaseDoc) {
    let has_data = catalog.extent.is_some() || !catalog.series.is_empty() || catalog.n_events > 0;
    let missing = match (has_data, case.annotations.is_empty()) {
        (false, true) => "no data was found in the sources, and the case has no notes: the document is a form to fill in",
        (false, false) => "no data was found in the sources: the document holds only the notes of the case",
        (true, true) => {
            "the case has no notes yet: the document holds only what the data suggest; coroner note CASE accept lists the markers to take over"
        }
        (true, false) => return,
    };
    eprintln!("coroner: {missing}");
}

/// What would be taken out, by rule; writes no file.
fn list_redactions(postmortem: &Postmortem, is_json: bool, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let done = &postmortem.redactions;
    if is_json {
        let rules: Vec<_> = done.iter().map(|one| serde_json::json!({"rule": one.rule, "count": one.count, "found": one.found})).collect();
        write_json(out, &serde_json::json!({"schema": "coroner.redactions/1", "redactions": rules}))?;
        return Ok(Outcome::from(!done.is_empty()));
    }
    let row = |one: &Redaction| {
        let found: Vec<String> = one.found.iter().map(|found| printable(found).into_owned()).collect();
        vec![one.rule.clone(), one.count.to_string(), found.join(", ")]
    };
    write_table(out, &done.iter().map(row).collect::<Vec<_>>(), &[1])?;
    Ok(Outcome::from(!done.is_empty()))
}

/// Order of sections and dialect.
fn style(args: &ExportArgs) -> anyhow::Result<Style> {
    let feature = |is_left_out| if is_left_out { Feature::Off } else { Feature::On };
    let dialect = Dialect { mermaid: feature(args.no_mermaid), html: feature(args.no_html), footnotes: feature(args.no_footnotes) };
    if template::written_name(&args.template).is_some() {
        return Ok(Style { dialect, language: args.lang, ..Style::default() });
    }
    let names = || Layout::all().iter().map(|layout| layout.name.as_str()).collect::<Vec<_>>().join(", ");
    let layout = Layout::named(&args.template)
        .ok_or_else(|| anyhow::anyhow!("no template is called {:?}; there are {}", args.template, names()))?
        .clone();
    Ok(Style { layout, dialect, language: args.lang })
}

/// `coroner.export/1`. `markdown` and `assets` are the document and its charts, for those who ask for nothing else.
fn listing(published: &[Published]) -> serde_json::Value {
    let text = |path: &Path| path.display().to_string();
    let assets = |one: &Published| one.assets.iter().map(|path| text(path)).collect::<Vec<_>>();
    let markdown = published.iter().find(|one| one.format == Some(Format::Markdown));
    let files: Vec<_> = published
        .iter()
        .map(|one| serde_json::json!({"format": one.format.map_or("template", Format::name), "path": text(&one.path), "assets": assets(one)}))
        .collect();
    serde_json::json!({
        "schema": "coroner.export/1",
        "markdown": markdown.map(|one| text(&one.path)),
        "assets": markdown.map(assets).unwrap_or_default(),
        "files": files,
    })
}

/// The files that the sources are read from, as far as they are files of their own.
fn files(opened: &Opened, named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let catalog = opened.source.catalog(&Job::new())?;
    let below = |folder: &PathBuf| catalog.sources.iter().map(|source| folder.join(&source.path)).collect::<Vec<_>>();
    let all = named.iter().flat_map(|named| if named.is_dir() { below(named) } else { vec![named.clone()] });
    Ok(all.chain(catalog.sources.iter().map(|source| PathBuf::from(&source.path))).collect())
}

/// `postmortem.md` in the case folder.
pub fn default_target(opened: &Opened) -> writer::Target {
    writer::Target {
        markdown: opened.case_dir.join("postmortem.md"),
        name: opened.name.clone(),
        case_dir: opened.case_dir.clone(),
        sections: opened.sections.clone(),
        unsaved: BTreeMap::new(),
        edits: writer::Edits::Keep,
    }
}

/// `coroner completions SHELL`.
pub fn completions(shell: clap_complete::Shell, mut out: &mut dyn Write) -> Outcome {
    clap_complete::generate(shell, &mut Cli::command(), "coroner", &mut out);
    Outcome::Done
}

/// `coroner man`: the commands, then the keys from the action table.
pub fn man(mut out: &mut dyn Write) -> anyhow::Result<Outcome> {
    clap_mangen::Man::new(Cli::command()).render(&mut out)?;
    writeln!(out, ".SH KEYS")?;
    for action in crate::app::actions::ALL {
        if action.keys.is_empty() {
            continue;
        }
        let keys = action.keys.join(", ").replace('\\', "\\e").replace('-', "\\-");
        writeln!(out, ".TP\n.B {}\n{}", if keys.starts_with(['.', '\'']) { format!("\\&{keys}") } else { keys }, action.sentence)?;
    }
    Ok(Outcome::Done)
}
