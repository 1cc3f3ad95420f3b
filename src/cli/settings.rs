//! `coroner config`, and what the settings file says for the screen.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;

use super::Outcome;
use super::args::BeginArgs;
use crate::app::Script;
use crate::config::{self, Config, Place};
use crate::model::text::printable;

/// What `coroner config` is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Every key with its default.
    Default,
    /// Where the file lies.
    Path,
    /// What is wrong in it.
    Check,
}

/// Runs `coroner config`.
pub fn run(file: Option<PathBuf>, asked: Asked, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    if asked == Asked::Default {
        out.write_all(config::default_document().as_bytes())?;
        return Ok(Outcome::Done);
    }
    let place = config::find(file, |name| std::env::var_os(name));
    let Some(path) = place.path() else {
        writeln!(out, "no settings file: neither CORONER_CONFIG nor HOME names a place")?;
        return Ok(Outcome::Nothing);
    };
    let shown = path.display().to_string();
    let is_there = path.is_file();
    if asked == Asked::Path {
        writeln!(out, "{}", printable(&shown))?;
        return Ok(Outcome::Done);
    }
    let config = load(&place)?;
    if !is_there {
        writeln!(out, "{}: not there, and none is needed (coroner config --print-default shows what it could say)", printable(&shown))?;
        return Ok(Outcome::Done);
    }
    for conflict in &config.conflicts {
        writeln!(out, "{}: {}", printable(&shown), printable(conflict))?;
    }
    let keyless = config.keyless();
    if !keyless.is_empty() {
        writeln!(out, "{}: no key for {}", printable(&shown), keyless.join(", "))?;
    }
    if config.conflicts.is_empty() {
        writeln!(out, "{}: all is well", printable(&shown))?;
    }
    Ok(config.conflicts.is_empty().into())
}

/// The settings of a place and the environment.
pub fn load(place: &Place) -> anyhow::Result<Config> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()));
    let text = match place {
        Place::Named(path) => Some((path.display().to_string(), read(path)?)),
        Place::Usual(path) if path.is_file() => Some((path.display().to_string(), read(path)?)),
        Place::Usual(_) | Place::Nowhere => None,
    };
    let file = text.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    Config::load(file, |name| std::env::var(name).ok()).map_err(|wrong| anyhow::anyhow!(wrong.join("\n")))
}

/// The settings that these flags ask for.
pub fn of(args: &BeginArgs) -> anyhow::Result<Config> {
    let place = if args.no_config { Place::Nowhere } else { config::find(args.config.clone(), |name| std::env::var_os(name)) };
    let mut config = load(&place)?;
    if let Some(name) = &args.theme {
        config.theme = (name != "auto").then(|| name.clone());
        config.is_theme_asked = true;
    }
    Ok(config)
}

/// The commands of a file.
pub fn script(path: &PathBuf) -> anyhow::Result<Script> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    Script::parse(&path.display().to_string(), &text).map_err(|wrong| anyhow::anyhow!(wrong.join("\n")))
}

/// Who writes notes: as settled, else the user of the system, else whom git knows.
pub fn author(config: &Config) -> String {
    let said = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let user = || ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| said(std::env::var(name).ok()?));
    let git = || {
        let told = std::process::Command::new("git").args(["config", "--get", "user.name"]).stdin(std::process::Stdio::null()).output();
        told.ok().filter(|told| told.status.success()).and_then(|told| said(String::from_utf8_lossy(&told.stdout).into_owned()))
    };
    config.author.clone().or_else(user).or_else(git).unwrap_or_else(|| "unknown".into())
}
