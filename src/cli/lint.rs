//! `coroner lint CASE`: what a reviewer would object to, as text or JSON.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Outcome;
use super::args::OpenArgs;
use super::documents::default_target;
use super::open::{self, Notes};
use super::output::time;
use crate::model::text::printable;
use crate::report::lint::{Finding, Severity, counts, debt};
use crate::runtime::gate;
use crate::runtime::journal::CaseStore;

/// What makes the command fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Errors only.
    Errors,
    /// Warnings too.
    Strict,
}

/// What is wanted besides the case.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The exported document.
    pub document: Option<PathBuf>,
    /// The day on which due dates are judged.
    pub today: Option<String>,
    /// What makes it fail.
    pub strictness: Strictness,
}

/// Runs it.
pub fn run(args: &OpenArgs, wanted: &Wanted, is_json: bool, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let opened = if args.sources.is_empty() { open::open_demo(args.read.case.clone(), Notes::Finished)? } else { open::open(args)? };
    let today = match &wanted.today {
        Some(day) => {
            let is_day = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok() && day.len() == 10;
            anyhow::ensure!(is_day, "--today {day:?} is no day; write YYYY-MM-DD");
            day.clone()
        }
        None => chrono::Utc::now().format("%Y-%m-%d").to_string(),
    };
    open::load(&opened, args.read.quiet || is_json)?;
    let case = match (&opened.seed, opened.case_dir.exists()) {
        (Some(seed), false) => seed.clone(),
        _ => CaseStore::read_only(&opened.case_dir)?.0,
    };
    let mut target = default_target(&opened);
    let exported = match &wanted.document {
        Some(path) => {
            path.clone_into(&mut target.markdown);
            let bytes = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        None => std::fs::read(&target.markdown).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    };
    let findings = gate::lint(&case, &*opened.source, &target, (exported.as_deref(), Some(&today)))?;
    if is_json {
        write_json(&findings, out)?;
    } else {
        write_text(&findings, out)?;
    }
    let (errors, warnings, _) = counts(&findings);
    Ok(match wanted.strictness {
        _ if errors > 0 => Outcome::Objections,
        Strictness::Strict if warnings > 0 => Outcome::Nothing,
        _ => Outcome::Done,
    })
}

fn write_json(findings: &[Finding], out: &mut dyn Write) -> anyhow::Result<()> {
    let one = |finding: &Finding| -> Value {
        json!({
            "rule": finding.rule,
            "severity": finding.severity.name(),
            "where": finding.place,
            "message": finding.message,
            "fix": finding.fix,
            "id": finding.subject.as_ref().map(|id| id.0.clone()),
            "at": time(finding.at),
        })
    };
    let told: Vec<Value> = findings.iter().filter(|finding| finding.suppressed.is_none()).map(one).collect();
    let suppressed = findings.iter().filter_map(|finding| {
        let mut value = one(finding);
        value.as_object_mut()?.insert("reason".into(), json!(finding.suppressed.as_ref()?));
        Some(value)
    });
    let suppressed: Vec<Value> = suppressed.collect();
    let (errors, warnings, infos) = counts(findings);
    let answer = json!({
        "schema": "coroner.lint/1",
        "findings": told,
        "suppressed": suppressed,
        "errors": errors,
        "warnings": warnings,
        "infos": infos,
        "evidence_debt": debt(findings).len(),
    });
    writeln!(out, "{answer}")?;
    Ok(())
}

fn write_text(findings: &[Finding], out: &mut dyn Write) -> anyhow::Result<()> {
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
        let severity = finding.severity.name();
        writeln!(out, "{} {severity:<7} {}: {}", finding.rule, printable(&finding.place), printable(&finding.message))?;
        writeln!(out, "              → {}", printable(&finding.fix))?;
    }
    for finding in findings {
        if let Some(reason) = &finding.suppressed {
            writeln!(out, "{} off     {}: {}", finding.rule, printable(&finding.place), printable(reason))?;
        }
    }
    let (errors, warnings, infos) = counts(findings);
    let n_off = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let parts = [plural(errors, Severity::Error.name()), plural(warnings, Severity::Warning.name()), plural(infos, "info")];
    let off = if n_off > 0 { format!(", {n_off} suppressed") } else { String::new() };
    writeln!(out, "{}{off}; evidence debt {}", parts.join(", "), debt(findings).len())?;
    Ok(())
}
