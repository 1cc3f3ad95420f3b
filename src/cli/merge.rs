//! `coroner merge`: the merge driver of git for the files of a case, how to set it up, and the screen to settle what
//! it could not.
//!
//! Which of the three files of a case it is tells `--path`, else the content. Exit code: 0 merged; 1 merged, with
//! conflicts left to settle; 2 one of the files cannot be read: then nothing is written.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::args::{OpenArgs, ReadArgs};
use super::{Outcome, explore};
use crate::model::text::printable;
use crate::report::case_file::{Merged, merge_annotations, merge_lock, merge_meta};

/// What to type once in a clone, and what stands in the case.
const SETUP: &str = "\
Once in each clone (git does not take commands from a repository):

  git config merge.coroner.name 'Coroner case files, by record and field'
  git config merge.coroner.driver 'coroner merge %O %A %B --path %P'

In .gitattributes beside the case, written there with every save:

  annotations.jsonl merge=coroner
  case.toml merge=coroner
  sources.lock merge=coroner

After a merge with conflicts: coroner merge --ui CASE, settle them, git add the files.
";

/// `coroner merge …`.
#[derive(Debug, Clone, Args)]
#[command(after_help = SETUP)]
pub struct MergeArgs {
    /// What both sides began with (%O)
    #[arg(required_unless_present_any = ["setup", "ui"])]
    pub base: Option<PathBuf>,
    /// Our version (%A); the merged file is written here unless -o says otherwise
    #[arg(required_unless_present_any = ["setup", "ui"])]
    pub ours: Option<PathBuf>,
    /// Their version (%B)
    #[arg(required_unless_present_any = ["setup", "ui"])]
    pub theirs: Option<PathBuf>,
    /// Where to write; - for standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Name of the file in the case (%P): annotations.jsonl, case.toml or sources.lock
    #[arg(long, value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Print the lines that make git use this
    #[arg(long, conflicts_with_all = ["base", "ui"])]
    pub setup: bool,
    /// Open a case on its list of conflicts
    #[arg(long, value_name = "CASE", conflicts_with = "base")]
    pub ui: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: &MergeArgs, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    if args.setup {
        out.write_all(SETUP.as_bytes())?;
        return Ok(Outcome::Done);
    }
    if let Some(case) = &args.ui {
        let open = OpenArgs { sources: vec![case.clone()], read: ReadArgs::default() };
        return explore::settle(&open);
    }
    let (Some(base), Some(ours), Some(theirs)) = (&args.base, &args.ours, &args.theirs) else {
        anyhow::bail!("merge needs BASE OURS THEIRS; --setup says how git calls it");
    };
    let texts = [read(base)?, read(ours)?, read(theirs)?];
    let merged = merge(args.path.as_deref().unwrap_or(ours), [&texts[0], &texts[1], &texts[2]])?;
    match args.output.as_deref() {
        Some(path) if path == Path::new("-") => out.write_all(merged.text.as_bytes())?,
        path => {
            let path = path.unwrap_or(ours);
            fs::write(path, &merged.text).with_context(|| format!("{}: cannot be written", path.display()))?;
        }
    }
    for conflict in &merged.conflicts {
        eprintln!("conflict: {}", printable(conflict));
    }
    if !merged.conflicts.is_empty() {
        eprintln!("{} conflicts to settle: coroner merge --ui CASE, or coroner note CASE settle", merged.conflicts.len());
    }
    Ok(merged.conflicts.is_empty().into())
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))
}

/// Merges the three versions of one file of a case.
fn merge(path: &Path, [base, ours, theirs]: [&str; 3]) -> anyhow::Result<Merged> {
    match sort_of(path, [ours, theirs, base]) {
        Sort::Records => Ok(merge_annotations(base, ours, theirs)),
        Sort::Lock => Ok(Merged { text: merge_lock(base, ours, theirs), conflicts: Vec::new() }),
        Sort::Meta => {
            merge_meta(base, ours, theirs).with_context(|| format!("{}: not merged, because a version of it is no TOML", path.display()))
        }
    }
}

enum Sort {
    Records,
    Meta,
    Lock,
}

/// By name; the temporary files of git have none, but their content tells.
fn sort_of(path: &Path, texts: [&str; 3]) -> Sort {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("annotations.jsonl") => return Sort::Records,
        Some("case.toml") => return Sort::Meta,
        Some("sources.lock") => return Sort::Lock,
        _ => {}
    }
    let content = texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
    let is_lock = content.contains("[[source]]") || content.starts_with("# What the evidence of this case stands on");
    match content.trim_start_matches('\u{feff}').trim_start().as_bytes().first() {
        Some(b'{' | b'<') => Sort::Records,
        _ if is_lock => Sort::Lock,
        _ => Sort::Meta,
    }
}
