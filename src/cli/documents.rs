//! Commands that write documents: `export`, `man`, `completions`.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory as _;

use super::Outcome;
use super::args::{Cli, OpenArgs};
use super::open::{self, Notes, Opened};
use crate::runtime::export as writer;
use crate::runtime::journal::CaseStore;

/// `coroner export`: the postmortem of a case.
pub fn export(
    args: &OpenArgs,
    (output, edits): (Option<&Path>, writer::Edits),
    is_json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Outcome> {
    let opened = if args.sources.is_empty() { open::open_demo(args.read.case.clone(), Notes::Finished)? } else { open::open(args)? };
    open::load(&opened, args.read.quiet)?;
    let case = match (&opened.seed, opened.case_dir.exists()) {
        (Some(seed), false) => seed.clone(),
        _ => CaseStore::read_only(&opened.case_dir)?.0,
    };
    let mut target = default_target(&opened);
    if let Some(output) = output {
        output.clone_into(&mut target.markdown);
    }
    if let Some(parent) = target.markdown.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    target.edits = edits;
    let written = writer::export(&case, &*opened.source, &target)?;
    if is_json {
        let assets: Vec<String> = written.assets.iter().map(|path| path.display().to_string()).collect();
        let answer = serde_json::json!({"schema": "coroner.export/1", "markdown": written.markdown, "assets": assets});
        writeln!(out, "{answer}")?;
    } else {
        writeln!(out, "{} and {} charts", written.markdown.display(), written.assets.len())?;
    }
    Ok(Outcome::Done)
}

/// `postmortem.md` in the case folder.
pub fn default_target(opened: &Opened) -> writer::Target {
    writer::Target {
        markdown: opened.case_dir.join("postmortem.md"),
        name: opened.name.clone(),
        case_dir: opened.case_dir.clone(),
        sections: opened.sections.clone(),
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
