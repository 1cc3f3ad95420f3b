//! `coroner` without arguments: the welcome screen, and the list of recent cases that it shows.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::Outcome;
use super::args::{Cli, OpenArgs, ReadArgs};
use super::explore::{self, Begin};
use super::open::{self, Notes};
use crate::app::tour::Offer;
use crate::runtime::recent::{self, Case};
use crate::runtime::session;
use crate::runtime::welcome::{self, Chosen, Start};

/// Opens this folder if it is a case; else asks what to open.
pub fn welcome(args: &OpenArgs, begin: &Begin) -> anyhow::Result<Outcome> {
    if Path::new("case.toml").is_file() {
        return explore::explore(&here(args), begin);
    }
    if let Err(why) = explore::ensure_terminal() {
        eprint!("{}", Cli::command().render_help());
        return Err(why);
    }
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let list = recent::place(variable);
    let cases = list.as_deref().map(recent::load).unwrap_or_default();
    let (theme, theme_for) = (explore::theme_of(&begin.config), explore::theme_for(&begin.config));
    let (chosen, background) = welcome::run(Start { folder, cases, list, theme, theme_for })?;
    let begin = &Begin { background, ..begin.clone() };
    match chosen {
        Chosen::Quit => Ok(Outcome::Done),
        Chosen::Folder => explore::explore(&here(args), begin),
        Chosen::Tour => explore::demo(open::open_demo(None, Notes::Finished)?, begin, Offer::Accepted),
        Chosen::Demo => explore::demo(open::open_demo(None, Notes::Finished)?, begin, Offer::Asked),
        Chosen::Case(case) => explore::explore(&of_case(case, &args.read), begin),
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn here(args: &OpenArgs) -> OpenArgs {
    OpenArgs { sources: vec![PathBuf::from(".")], read: args.read.clone() }
}

/// What the command line says now goes before what it said then.
fn of_case(case: Case, read: &ReadArgs) -> OpenArgs {
    let mut read = read.clone();
    read.case = read.case.or(case.case);
    read.tz.splice(0..0, case.zones);
    OpenArgs { sources: case.sources, read }
}

/// Puts what was opened into the list. What is no file on this disk has no place there; a list that cannot be written is
/// no reason to say anything.
pub fn remember(args: &OpenArgs, name: &str) {
    let Some(list) = recent::place(variable) else { return };
    let whole = |path: &PathBuf| std::fs::canonicalize(path).ok();
    let Some(sources) = args.sources.iter().map(whole).collect::<Option<Vec<_>>>() else { return };
    let case = args.read.case.as_ref().and_then(|path| std::path::absolute(path).ok());
    let case = Case { name: name.to_owned(), sources, case, zones: args.read.tz.clone(), opened: session::now() };
    let _ = recent::record(&list, case);
}
