//! The commands: read arguments, ask the library, print text or JSON, exit code.
//!
//! Exit codes: 0 done; 1 done but the answer is "no" (nothing matched, warnings, something cannot be checked); 2 usage,
//! unreadable input, or a gate that objects.

pub mod args;
mod canary;
pub mod compare;
pub mod documents;
pub mod events;
mod explore;
pub mod facets;
mod fields;
mod first;
pub mod histogram;
pub mod inspect;
mod kept;
mod lint;
pub mod merge;
pub mod note;
mod notes;
pub mod open;
pub mod output;
pub mod patterns;
mod queries;
mod reading;
mod screenshot;
pub mod series;
mod settings;
mod tail;
pub mod trace;
mod typed;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use args::{Cli, Command};

use crate::app::tour::Offer;

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Done, and the answer is "no".
    Nothing,
    /// A gate objects: errors of lint, claims that drifted.
    Objections,
}

impl From<bool> for Outcome {
    fn from(has_found: bool) -> Self {
        if has_found { Self::Done } else { Self::Nothing }
    }
}

/// Reads the arguments, runs the command and prints an error chain on one line.
pub fn main() -> ExitCode {
    let typed: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let cli = typed::parse(&typed).unwrap_or_else(|error| typed::with_tip(error, std::env::args().skip(1)).exit());
    match run(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(1),
        Ok(Outcome::Objections) => ExitCode::from(2),
        // Whoever reads our output has seen enough: success, as for any filter.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            for line in format!("{error:#}").lines() {
                eprintln!("coroner: {}", crate::model::text::printable(line));
            }
            if let Some(wrong) = error.downcast_ref::<queries::WrongFilter>() {
                eprintln!("{}", wrong.marked());
            }
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let outcome = match cli.command {
        None if cli.open.sources.is_empty() => {
            drop(out);
            return first::welcome(&cli.open, &explore::Begin::new(&cli.begin, cli.follow.into())?);
        }
        None => {
            drop(out);
            typed::check_command(&cli.open.sources)?;
            return explore::explore(&cli.open, &explore::Begin::new(&cli.begin, cli.follow.into())?);
        }
        Some(Command::Demo { blank, print, case, begin }) => {
            let notes = if blank { open::Notes::Blank } else { open::Notes::Finished };
            let opened = open::open_demo(case, notes)?;
            if print {
                screenshot::print(&opened, &mut out)?
            } else {
                drop(out);
                return explore::demo(opened, &explore::Begin::new(&begin, explore::Follow::No)?, Offer::Asked);
            }
        }
        Some(Command::Screenshot { open, output, size, at, run, keys, config, theme, plain }) => {
            let face = explore::Face::of(plain);
            screenshot::run(&open, &screenshot::Picture { output, size, at, run, keys, config, theme, face }, &mut out)?
        }
        Some(Command::Config { print_default, path: _, check, config }) => {
            let asked = match (print_default, check) {
                (true, _) => settings::Asked::Default,
                (_, true) => settings::Asked::Check,
                _ => settings::Asked::Path,
            };
            settings::run(config, asked, &mut out)?
        }
        Some(Command::Completions { shell }) => documents::completions(shell, &mut out),
        Some(Command::Man) => documents::man(&mut out)?,
        Some(Command::Merge(merge)) => merge::run(&merge, &mut out)?,
        Some(Command::Note(note)) => notes::run(&note, &mut out)?,
        Some(Command::Export(export)) => documents::export(&export, &mut out)?,
        Some(Command::Lint { open, document, strict, today, json }) => {
            let wanted =
                lint::Wanted { document, today, strictness: if strict { lint::Strictness::Strict } else { lint::Strictness::Errors } };
            lint::run(&open, &wanted, json, &mut out)?
        }
        Some(Command::Canary { open, json }) => canary::run(&open, json, &mut out)?,
        Some(Command::Verify { document, open, json }) => verify::run(&document, &open, json, &mut out)?,
        Some(query) => queries::run(query, &mut out)?,
    };
    out.flush()?;
    Ok(outcome)
}
