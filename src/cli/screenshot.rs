//! `coroner screenshot`, and the picture of `demo --print`: the screen without a terminal.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;

use super::Outcome;
use super::args::OpenArgs;
use super::explore::Face;
use super::open::{self, Clock, Notes, Opened};
use super::settings;
use crate::app::looks::ThemeName;
use crate::app::{CasePlace, Message, Settings, Setup, State, keys};
use crate::config::Place;
use crate::runtime::batch::{Batch, as_text};
use crate::runtime::svg::{self, Page};
use crate::ui::{self, Theme};

/// What the picture shows.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// Where to write; standard output if absent.
    pub output: Option<PathBuf>,
    /// `WxH`.
    pub size: String,
    /// Cursor.
    pub at: Option<String>,
    /// Commands that run after that.
    pub run: Option<PathBuf>,
    /// Keys pressed after that.
    pub keys: Option<String>,
    /// Settings file.
    pub config: Option<PathBuf>,
    /// Name of a theme, or ascii.
    pub theme: String,
    /// Cells, or lines of text.
    pub face: Face,
}

/// Draws what the arguments name (the demo without any).
pub fn run(args: &OpenArgs, picture: &Picture, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let opened = if args.sources.is_empty() { open::open_demo(args.read.case.clone(), Notes::Finished)? } else { open::open(args)? };
    draw(&opened, picture, args.read.quiet, out)?;
    Ok(Outcome::Done)
}

/// The first screen at 120×40 as text.
pub fn print(opened: &Opened, out: &mut dyn Write) -> anyhow::Result<Outcome> {
    let picture = Picture { size: "120x40".into(), theme: "mono".into(), ..Picture::default() };
    draw(opened, &picture, true, out)?;
    Ok(Outcome::Done)
}

fn draw(opened: &Opened, picture: &Picture, quiet: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let size = parse_size(&picture.size)?;
    let steps = picture.keys.as_deref().map(keys::parse_steps).transpose().map_err(anyhow::Error::msg)?.unwrap_or_default();
    let script = picture.run.as_ref().map(settings::script).transpose()?;
    // The same case gives the same picture on every machine: settings count only where they are named.
    let config = picture.config.clone().map(|path| settings::load(&Place::Named(path))).transpose()?.unwrap_or_default();
    let (theme, page) = theme_of(&picture.theme)?;
    let catalog = open::load(opened, quiet)?;
    let case = opened.case()?;
    let at = picture.at.as_deref().map(|text| Clock::of(&case, &catalog).at(text)).transpose()?;
    // The clock of the picture is the end of the data: the same case gives the same picture.
    let now = catalog.extent.map_or_else(Default::default, crate::model::TimeRange::end);
    let place = CasePlace::Saved(opened.case_dir.display().to_string());
    let setup = Setup { title: opened.name.clone(), case, now, id_seed: 0, author: String::new(), size, place };
    let mut state = State::new(setup);
    state.configure(Settings { keymap: config.keymap.clone(), style: config.time, zone: config.zone, ..Settings::default() });
    let mut batch = Batch::new(state, &*opened.source, super::documents::default_target(opened))?;
    if let Some(at) = at {
        batch.feed(Message::GoTo(at));
    }
    batch.run(config.start.then(script.unwrap_or_default())).map_err(anyhow::Error::msg)?;
    batch.take(&steps).map_err(anyhow::Error::msg)?;
    let buffer = batch.screen(size, &theme)?;
    // Keys may have chosen another one.
    let page = batch.state.looks().theme().map_or(page, page_of);
    let as_text = || match picture.face {
        Face::Cells => as_text(&buffer),
        Face::Lines => ui::describe(&batch.state).iter().map(|line| format!("{}\n", theme.written(line))).collect(),
    };
    match &picture.output {
        None => out.write_all(as_text().as_bytes())?,
        Some(path) => {
            let is_svg = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
            let text = if is_svg { svg::render(&buffer, page) } else { as_text() };
            std::fs::write(path, text).with_context(|| format!("{}: cannot be written", path.display()))?;
        }
    }
    Ok(())
}

/// The theme of this name and the page that it is made for.
fn theme_of(name: &str) -> anyhow::Result<(Theme, Page)> {
    if name == "ascii" {
        return Ok((Theme::mono().ascii(), Page::LIGHT));
    }
    let Some(theme) = ThemeName::from_name(name) else { anyhow::bail!("no theme {name:?}; there are {}, and ascii", ThemeName::names()) };
    Ok((Theme::of(theme), page_of(theme)))
}

/// What a picture of a theme has behind it.
const fn page_of(theme: ThemeName) -> Page {
    match theme {
        ThemeName::Dark | ThemeName::Sixteen => Page::DARK,
        ThemeName::HighContrast => Page::BLACK,
        ThemeName::Light | ThemeName::SixteenLight | ThemeName::Mono => Page::LIGHT,
    }
}

/// `120x40`; 10×3 to 1000×500.
fn parse_size(text: &str) -> anyhow::Result<(u16, u16)> {
    let size = text.split_once(['x', '×']).and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    match size {
        Some((w @ 10..=1000, h @ 3..=500)) => Ok((w, h)),
        _ => anyhow::bail!("{text:?} is not a size from 10x3 to 1000x500, such as 120x40"),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_size, theme_of};

    #[test]
    fn every_theme_has_a_picture_and_another_name_is_told_which_there_are() {
        for name in ["dark", "light", "high-contrast", "16", "16-light", "mono", "ascii"] {
            assert!(theme_of(name).is_ok(), "{name}");
        }
        assert!(theme_of("blue").unwrap_err().to_string().contains("16-light"));
    }

    #[test]
    fn a_size_is_columns_by_rows() {
        assert_eq!(parse_size("140x45").unwrap(), (140, 45));
        assert!(parse_size("9x9").is_err() && parse_size("big").is_err());
    }
}
