//! `coroner canary CASE`: did the stages of the rollout pass, by the series of each stage?

use std::io::Write;

use serde_json::{Value, json};

use super::Outcome;
use super::args::OpenArgs;
use super::documents::default_target;
use super::open::{self, Notes};
use crate::model::case::Verdict;
use crate::model::text::{printable, rfc3339, value};
use crate::model::{Unit, text};
use crate::report::json::stage;
use crate::report::postmortem::{StageCheck, StageRow, overall};
use crate::runtime::export::prepare;
use crate::runtime::journal::CaseStore;

/// Runs it.
pub fn run(args: &OpenArgs, is_json: bool, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let opened = if args.sources.is_empty() { open::open_demo(args.read.case.clone(), Notes::Finished)? } else { open::open(args)? };
    open::load(&opened, args.read.quiet || is_json)?;
    let case = match (&opened.seed, opened.case_dir.exists()) {
        (Some(seed), false) => seed.clone(),
        _ => CaseStore::read_only(&opened.case_dir)?.0,
    };
    let stages = prepare(&case, &*opened.source, &default_target(&opened))?.postmortem.stages;
    let verdict = overall(&stages);
    if is_json {
        let rows: Vec<Value> = stages.iter().map(stage).collect();
        writeln!(out, "{}", json!({"schema": "coroner.canary/1", "stages": rows, "verdict": verdict.name()}))?;
    } else {
        write_text(&stages, verdict, out)?;
    }
    Ok(Outcome::from(verdict == Verdict::Pass))
}

fn write_text(stages: &[StageRow], verdict: Verdict, out: &mut dyn Write) -> anyhow::Result<()> {
    for stage in stages {
        let requests = stage
            .requests
            .map_or_else(|| "requests not counted".to_owned(), |n| format!("{} requests", text::grouped(n.max(0.0).round() as u64)));
        let percent = stage.percent.map_or_else(String::new, |percent| format!(", {} % of the traffic", value(percent, Unit::None)));
        let (from, to) = (rfc3339(stage.at.start()), rfc3339(stage.at.end()));
        writeln!(out, "{}  {from} … {to}{percent}, {requests}: {}", printable(&stage.name), stage.verdict().name())?;
        if stage.stated.is_some_and(|stated| stated != stage.derived) {
            writeln!(out, "  stated by a person; by the data {}", stage.derived.name())?;
        }
        writeln!(out, "  {}", printable(&stage.why))?;
        for check in &stage.checks {
            writeln!(out, "  {}", printable(&check_words(check)))?;
        }
    }
    if stages.is_empty() {
        writeln!(
            out,
            "no stage of a rollout is recorded; coroner note CASE add stage \"1 %\" --at FROM --to UNTIL --set pct=1 writes one"
        )?;
    }
    writeln!(out, "verdict: {}", verdict.name())?;
    Ok(())
}

fn check_words(check: &StageCheck) -> String {
    let sign = match check.verdict {
        Verdict::Pass => "ok",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "?",
    };
    let series = if check.series == check.metric || check.series.is_empty() { String::new() } else { format!(", {}", check.series) };
    format!("{sign:<5}{} ({}; {} samples{series})", check.words(), check.limit, check.n_samples)
}
