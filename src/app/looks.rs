//! How the explorer is shown: theme, signs, mouse, and whether it is told in lines of text.
//!
//! Only choices live here; colours are in `ui::theme`, and the terminal is told by `runtime`. What is not chosen is as
//! the terminal has it.

/// A row of the table of themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub enum ThemeName {
    /// 256 colours on a dark background, safe for colour-blind eyes; the default.
    #[default]
    Dark,
    /// 256 colours on a light background.
    Light,
    /// White on black, both set by us, whatever the terminal has.
    HighContrast,
    /// The 16 colours of the terminal, on a dark background.
    Sixteen,
    /// The 16 colours of the terminal, on a light background.
    SixteenLight,
    /// Bold, underlined and reversed only.
    Mono,
}

impl ThemeName {
    /// All, in the order in which a key goes through them.
    pub const ALL: [Self; 6] = [Self::Dark, Self::Light, Self::HighContrast, Self::Sixteen, Self::SixteenLight, Self::Mono];

    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Sixteen => "16",
            Self::SixteenLight => "16-light",
            Self::Mono => "mono",
        }
    }

    /// The theme of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// All names, for people: `dark, light, … and mono`.
    pub fn names() -> String {
        let names = Self::ALL.map(Self::name);
        let (last, rest) = names.split_last().expect("there are themes");
        format!("{} and {last}", rest.join(", "))
    }

    const fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }
}

/// Which signs may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signs {
    /// Blocks, lines, arrows.
    #[default]
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// Off.
    #[default]
    Off,
    /// On.
    On,
}

impl Switch {
    /// The other one.
    #[must_use]
    pub const fn flipped(self) -> Self {
        match self {
            Self::Off => Self::On,
            Self::On => Self::Off,
        }
    }

    /// Whether it is on.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }

    /// `on` or `off`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }

    /// Reads `on` and `off`.
    fn from_name(name: &str) -> Option<Self> {
        [Self::Off, Self::On].into_iter().find(|switch| switch.name() == name)
    }
}

/// The choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looks {
    /// What fits the terminal.
    pub(crate) terminal: (ThemeName, Signs),
    /// What the user chose instead.
    chosen: (Option<ThemeName>, Option<Signs>),
    /// Whether the mouse is ours.
    pub(crate) mouse: Switch,
    /// Whether the state is told in lines of text.
    pub(crate) plain: Switch,
    /// Counts how often everything was to be drawn anew.
    n_redraws: u64,
}

impl Looks {
    /// The theme that the user chose.
    pub fn theme(&self) -> Option<ThemeName> {
        self.chosen.0
    }

    /// The signs that the user chose.
    pub fn signs(&self) -> Option<Signs> {
        self.chosen.1
    }

    /// Whether the mouse is ours; else the terminal selects text with it.
    pub fn mouse(&self) -> Switch {
        self.mouse
    }

    /// Whether the state is told in lines of text instead of a screen.
    pub fn plain(&self) -> Switch {
        self.plain
    }

    /// Changes whenever everything is to be drawn anew.
    pub fn n_redraws(&self) -> u64 {
        self.n_redraws
    }

    pub(crate) fn redraw(&mut self) {
        self.n_redraws += 1;
    }

    /// Goes on to the next theme; tells what to say.
    pub(crate) fn next_theme(&mut self) -> String {
        let next = self.chosen.0.unwrap_or(self.terminal.0).next();
        self.chosen.0 = Some(next);
        format!("theme {}; :theme NAME chooses", next.name())
    }

    /// Takes a theme or a set of signs by name.
    pub(crate) fn choose(&mut self, name: &str) -> Result<String, String> {
        match name {
            "ascii" => self.chosen.1 = Some(Signs::Ascii),
            "unicode" => self.chosen.1 = Some(Signs::Unicode),
            "terminal" => self.chosen = (None, None),
            name => match ThemeName::from_name(name) {
                Some(theme) => self.chosen.0 = Some(theme),
                None => return Err(format!("no theme {name:?}; there are {}; ascii and unicode choose the signs", ThemeName::names())),
            },
        }
        Ok(format!("theme {name}"))
    }

    /// Takes `on` or `off`, or turns the mouse over; tells what to say.
    pub(crate) fn turn_mouse(&mut self, wanted: Option<&str>) -> Result<&'static str, String> {
        self.mouse = turned(self.mouse, wanted)?;
        Ok(match self.mouse {
            Switch::On => "mouse on: click, wheel and drag are ours; U m gives text selection back to the terminal",
            Switch::Off => "mouse off: the terminal selects text",
        })
    }

    /// The same for lines of text.
    pub(crate) fn turn_plain(&mut self, wanted: Option<&str>) -> Result<&'static str, String> {
        self.plain = turned(self.plain, wanted)?;
        Ok(match self.plain {
            Switch::On => "told in lines of text; U p goes back to the screen",
            Switch::Off => "back on the screen",
        })
    }
}

fn turned(now: Switch, wanted: Option<&str>) -> Result<Switch, String> {
    match wanted {
        None => Ok(now.flipped()),
        Some(name) => Switch::from_name(name).ok_or_else(|| format!("{name:?} is neither on nor off")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_through_all_themes_from_the_one_of_the_terminal() {
        let mut looks = Looks { terminal: (ThemeName::Light, Signs::Unicode), ..Looks::default() };
        assert_eq!(looks.theme(), None);
        let seen: Vec<_> = (0..6).filter_map(|_| (looks.next_theme(), looks.theme()).1).collect();
        assert_eq!(seen.first(), Some(&ThemeName::HighContrast));
        assert_eq!(seen.last(), Some(&ThemeName::Light));
    }

    #[test]
    fn a_name_that_is_none_is_told_which_there_are() {
        let mut looks = Looks::default();
        assert!(looks.choose("blue").unwrap_err().contains("high-contrast"));
        assert!(looks.choose("ascii").is_ok() && looks.signs() == Some(Signs::Ascii));
        assert!(looks.turn_mouse(Some("maybe")).is_err() && looks.mouse() == Switch::Off);
    }
}
