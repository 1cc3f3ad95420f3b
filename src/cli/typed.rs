//! What was probably meant by words that were typed wrongly: commands, options, a trace id behind the sources.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};

use super::args::Cli;
use crate::model::filter;

/// The name that comes nearest: a slip of the finger, a beginning, or letters left out (`lvl` for `level`).
fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let is_sparse = |name: &str| {
        let mut letters = name.chars();
        lower.chars().count() >= 2
            && name.starts_with(lower.chars().next().unwrap_or(' '))
            && lower.chars().all(|c| letters.any(|of| of == c))
    };
    let starts = || names.iter().copied().find(|name| lower.len() >= 2 && (name.starts_with(&lower) || lower.starts_with(name)));
    let sparse = || names.iter().copied().filter(|name| is_sparse(name)).min_by_key(|name| name.len());
    filter::nearest(&lower, names.iter().copied()).or_else(starts).or_else(sparse)
}

/// A word that is no file, where a command is near: an error that names it.
pub(super) fn check_command(sources: &[PathBuf]) -> anyhow::Result<()> {
    let Some(first) = sources.first().filter(|first| is_no_source(first)) else { return Ok(()) };
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let word = first.to_string_lossy();
    match nearest(&word, &names) {
        Some(name) => anyhow::bail!("{word}: no such file or folder; did you mean the command `{name}`?"),
        None => Ok(()),
    }
}

/// The same words with the command in front, where options stand before it: `coroner --tz UTC events DIR`. `None` when
/// there is no command behind options.
fn command_first(words: &[OsString]) -> Option<Vec<OsString>> {
    let command = Cli::command();
    let (program, rest) = words.split_first()?;
    if !rest.first()?.to_string_lossy().starts_with('-') {
        return None;
    }
    let at = rest.iter().position(|word| command.find_subcommand(word).is_some())?;
    let (before, after) = rest.split_at(at);
    let (name, after) = after.split_first()?;
    Some([std::slice::from_ref(program), std::slice::from_ref(name), before, after].concat())
}

/// What the words ask for. Where they are wrong as they stand, or explore a file that is a command's name and not there
/// (`coroner -q screenshot DIR`), they are read with the command in front.
pub(super) fn parse(words: &[OsString]) -> Result<Cli, clap::Error> {
    let parsed = Cli::try_parse_from(words);
    if parsed.as_ref().is_ok_and(|cli| !explores_a_command(cli)) {
        return parsed;
    }
    command_first(words).and_then(|words| Cli::try_parse_from(words).ok()).map_or(parsed, Ok)
}

/// Whether the first of what would be explored is no source but a command.
fn explores_a_command(cli: &Cli) -> bool {
    let is_command = |word: &PathBuf| is_no_source(word) && Cli::command().find_subcommand(word).is_some();
    cli.command.is_none() && cli.open.sources.first().is_some_and(is_command)
}

/// Whether a word names nothing that could be opened.
fn is_no_source(path: &Path) -> bool {
    let text = path.to_string_lossy();
    !path.exists() && text != "-" && !text.contains(['*', '?', '[', '/', '\\', '.']) && !text.contains("://")
}

/// Takes a trace id out of the sources: the last word, if it is no source and another word is.
pub(super) fn take_id(sources: &mut Vec<PathBuf>, id: &mut Option<String>) {
    if id.is_none() && sources.len() > 1 && sources.last().is_some_and(|last| is_no_source(last)) {
        *id = sources.pop().map(|last| last.to_string_lossy().into_owned());
    }
}

/// The error of the parser with a better tip: the nearest option instead of a way to pass it on as a value.
pub(super) fn with_tip(mut error: clap::Error, mut typed: impl Iterator<Item = String>) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument || error.get(ContextKind::SuggestedArg).is_some() {
        return error;
    }
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg) else { return error };
    let Some(word) = wrong.strip_prefix("--").map(|word| word.split('=').next().unwrap_or(word).to_owned()) else { return error };
    let mut command = Cli::command();
    command.build();
    let chosen = typed.find_map(|word| command.find_subcommand(&word).cloned());
    let command = chosen.unwrap_or(command);
    let names: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    error.remove(ContextKind::Suggested);
    if let Some(name) = nearest(&word, &names) {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{name}")));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::super::args::Command;
    use super::*;

    fn told(words: &[&str]) -> String {
        let error = Cli::try_parse_from(words).unwrap_err();
        with_tip(error, words.iter().skip(1).map(ToString::to_string)).to_string()
    }

    #[test]
    fn a_wrong_option_names_the_nearest_one() {
        assert!(told(&["coroner", "events", "x", "--lvl", "error"]).contains("--level"), "{}", told(&["coroner", "events", "x", "--lvl"]));
        assert!(told(&["coroner", "events", "x", "--levle", "error"]).contains("--level"));
        assert!(!told(&["coroner", "events", "x", "--zzz"]).contains("-- --zzz"));
    }

    #[test]
    fn a_wrong_command_names_the_nearest_one() {
        let told = |word: &str| check_command(&[PathBuf::from(word)]).map_err(|error| error.to_string());
        assert!(told("evnts").unwrap_err().contains("`events`"));
        assert!(told("verfy").unwrap_err().contains("`verify`"));
        assert!(told("nothing-like-it").is_ok() && told("evnts/").is_ok() && told("src").is_ok());
    }

    #[test]
    fn options_may_stand_before_the_command_or_behind_the_sources() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let first = |line: &str| command_first(&words(line));
        assert_eq!(first("coroner --tz UTC -q events x --limit 3"), Some(words("coroner events --tz UTC -q x --limit 3")));
        assert_eq!((first("coroner x events"), first("coroner --tz UTC x")), (None, None));
        for line in ["coroner x --theme light --follow --plain", "coroner --theme light x", "coroner demo --theme mono --no-state"] {
            assert!(Cli::try_parse_from(words(line)).is_ok(), "{line}");
        }
        assert!(Cli::try_parse_from(words("coroner x --theme blue")).is_err());
    }

    #[test]
    fn a_command_behind_options_of_the_screen_is_no_file() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let command = |line: &str| parse(&words(line)).ok().map(|cli| cli.command);
        assert!(matches!(command("coroner -q screenshot src"), Some(Some(Command::Screenshot { .. }))));
        assert!(matches!(command("coroner --theme light screenshot src"), Some(Some(Command::Screenshot { .. }))));
        assert!(matches!(command("coroner -q src"), Some(None)) && matches!(command("coroner -q src screenshot"), Some(None)));
        assert!(matches!(command("coroner -q evnts src"), Some(None)) && command("coroner --zzz src").is_none());
    }

    #[test]
    fn a_trace_id_may_stand_behind_the_sources() {
        let of = |words: &[&str]| {
            let (mut sources, mut id) = (words.iter().map(PathBuf::from).collect::<Vec<_>>(), None);
            take_id(&mut sources, &mut id);
            (sources.len(), id)
        };
        assert_eq!(of(&["src", "4bf92f3577b34da6"]), (1, Some("4bf92f3577b34da6".into())));
        assert_eq!(of(&["src", "tests"]), (2, None));
        assert_eq!(of(&["4bf92f3577b34da6"]), (1, None));
    }
}
