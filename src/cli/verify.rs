//! `coroner verify FILE.md`: does an exported postmortem still say what its sources say?
//!
//! Text names what drifted and what could not be checked; JSON lists every claim. Needs no screen: made for pull requests.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Outcome;
use super::args::OpenArgs;
use super::documents::default_target;
use super::open;
use crate::model::text::printable;
use crate::report::blocks::blocks;
use crate::report::verify::{Checked, Report, Reread, Verdict, Way};
use crate::runtime::gate;
use crate::runtime::journal::CaseStore;

/// Drifted claims that are told one by one.
const MOST_LINES: usize = 50;
/// Signs of a claim that are told.
const MOST_CHARS: usize = 100;

/// Runs it.
pub fn run(document: &Path, args: &OpenArgs, is_json: bool, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    // A folder means the document in it.
    let document = &if document.is_dir() { document.join("postmortem.md") } else { document.to_owned() };
    let text = std::fs::read(document).map_err(|error| anyhow::anyhow!("{}: cannot be read: {error}", document.display()))?;
    let folder = document.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let mut args = args.clone();
    let has_case = |folder: &Path| folder.join("case.toml").exists() || folder.join("annotations.jsonl").exists();
    if args.sources.is_empty() {
        args.sources.push(folder.clone());
    }
    if args.read.case.is_none() && has_case(&folder) && !args.sources.iter().any(|source| has_case(source)) {
        args.read.case = Some(folder);
    }
    let opened = open::open(&args)?;
    open::load(&opened, args.read.quiet || is_json)?;
    let case = CaseStore::read_only(&opened.case_dir)?.0;
    let mut target = default_target(&opened);
    document.clone_into(&mut target.markdown);
    if let Some(title) = title(&String::from_utf8_lossy(&text)) {
        target.name = title;
    }
    let report = gate::verify(&case, &*opened.source, &target)?;
    if is_json {
        write_json(&report, out)?;
    } else {
        write_text(document, &report, out)?;
    }
    Ok(match (report.n_drifted(), report.n_unchecked()) {
        (0, 0) => Outcome::Done,
        (0, _) => Outcome::Nothing,
        _ => Outcome::Objections,
    })
}

/// The title of a document whose case has none: the name of what was opened when it was written.
fn title(document: &str) -> Option<String> {
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(document) {
        return value["head"]["title"].as_str().map(str::to_owned);
    }
    if let Some(title) = document.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()) {
        let plain = title.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        return Some(plain.replace("&amp;", "&"));
    }
    let front = blocks(document).remove("front")?;
    let quoted = front.content.lines().find_map(|line| line.strip_prefix("title: "))?;
    serde_json::from_str(quoted).ok()
}

fn write_json(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let claim = |claim: &Checked| {
        let mut value = json!({
            "id": claim.id,
            "stated": claim.stated,
            "recomputed": claim.recomputed,
            "ok": match claim.verdict { Verdict::Same => Some(true), Verdict::Drifted => Some(false), Verdict::Unchecked(_) => None },
            "line": claim.line,
        });
        if let (Verdict::Unchecked(why), Some(fields)) = (&claim.verdict, value.as_object_mut()) {
            fields.insert("why".into(), json!(format!("cannot be checked: {why}")));
        }
        value
    };
    let claims: Vec<_> = report.claims.iter().map(claim).collect();
    let answer = json!({
        "schema": "coroner.verify/1",
        "claims": claims,
        "drifted": report.n_drifted(),
        "unchecked": report.n_unchecked(),
        "edited": report.edited,
        "missing": report.missing,
        "reread": report.reread.iter().map(|one| json!({"path": one.path, "what": one.what.name(), "then": one.then, "now": one.now})).collect::<Vec<_>>(),
    });
    writeln!(out, "{answer}")?;
    Ok(())
}

fn write_text(document: &Path, report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let shown = |text: &Option<String>| text.as_deref().map_or_else(|| "(nothing)".to_owned(), |text| cut(&printable(text)));
    let drifted: Vec<&Checked> = report.claims.iter().filter(|claim| claim.verdict == Verdict::Drifted).collect();
    for claim in drifted.iter().take(MOST_LINES) {
        let line = claim.line.map_or_else(String::new, |line| format!(":{line}"));
        writeln!(out, "{}{line}: {} drifted", document.display(), printable(&claim.id))?;
        writeln!(out, "  stated      {}\n  recomputed  {}", shown(&claim.stated), shown(&claim.recomputed))?;
    }
    if drifted.len() > MOST_LINES {
        writeln!(out, "and {} more; --json lists all", drifted.len() - MOST_LINES)?;
    }
    for path in &report.missing {
        writeln!(out, "cannot be checked: source missing: {}", printable(path))?;
    }
    for one in &report.reread {
        let (path, what) = (printable(&one.path), one.what.name());
        writeln!(
            out,
            "read otherwise: {path}: its {what} was {} when the document was made, now {}",
            printable(&one.then),
            printable(&one.now)
        )?;
        if let Some(flag) = flag_of(one) {
            writeln!(out, "  as then: {flag}; coroner export or note keeps it in case.toml")?;
        }
    }
    if !report.edited.is_empty() {
        writeln!(out, "edited by hand: {}", printable(&report.edited.join(", ")))?;
    }
    let (n, n_drifted, n_unchecked) = (report.claims.len(), report.n_drifted(), report.n_unchecked());
    writeln!(out, "{n} claims: {} as stated, {n_drifted} drifted, {n_unchecked} cannot be checked", n - n_drifted - n_unchecked)?;
    Ok(())
}

/// The flag that has a source read as it was.
fn flag_of(one: &Reread) -> Option<String> {
    let quoted = |path: &str| if path.contains(' ') { format!("'{path}'") } else { path.to_owned() };
    let path = quoted(&printable(&one.path));
    match one.what {
        Way::Zone => {
            let zone = one.then.strip_suffix(" (file)")?;
            Some(format!("--tz {path}={}", printable(zone)))
        }
        Way::Format => Some(format!("--as {path}={}", printable(one.then.split(" / ").nth(1)?))),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
