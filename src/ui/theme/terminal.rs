//! Which theme fits a terminal: what its environment says, and what it answered when asked for its background.
//!
//! What the user says goes first (`CORONER_THEME`, `NO_COLOR`), then what the terminal can show (`TERM`, `COLORTERM`), then
//! whether it is dark or light: its own answer, else `COLORFGBG`, else dark.

use super::Theme;
use crate::app::looks::ThemeName;

/// What a terminal shows behind text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl Background {
    /// Of the answer to OSC 11: `rgb:ffff/ffff/dddd`, with one to four digits a part, or `#ffffdd`. Light from half of
    /// the lightness that eyes see on (Rec. 709 luma).
    pub fn of_answer(answer: &str) -> Option<Self> {
        let parts: Vec<&str> = match (answer.strip_prefix("rgb:").or_else(|| answer.strip_prefix("rgba:")), answer.strip_prefix('#')) {
            (Some(parts), _) => parts.split('/').take(3).collect(),
            (None, Some(digits)) if digits.is_ascii() && digits.len().is_multiple_of(3) => {
                let n = digits.len() / 3;
                (0..3).filter_map(|part| digits.get(part * n..(part + 1) * n)).collect()
            }
            _ => return None,
        };
        let share = |digits: &&str| {
            let most = 16u32.checked_pow(u32::try_from(digits.len()).ok().filter(|n| (1..=4).contains(n))?)? - 1;
            Some(f64::from(u32::from_str_radix(digits, 16).ok()?) / f64::from(most))
        };
        let [red, green, blue] = parts.iter().map(share).collect::<Option<Vec<f64>>>()?.try_into().ok()?;
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        Some(if luma >= 0.5 { Self::Light } else { Self::Dark })
    }
}

impl Theme {
    /// What fits the terminal that these environment variables describe.
    pub fn of_terminal(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self::of_answering_terminal(variable, None)
    }

    /// The same for a terminal that was asked for its background.
    ///
    /// `CORONER_THEME` takes the name of a theme, `ascii` or `unicode`, or both with a comma. A locale that is not UTF-8
    /// gives ASCII signs; none at all says nothing. The Linux console gives them as well: it has 512 glyphs, and the usual
    /// fonts (Lat15, Uni2) lack all heights of bars but the full one, so that courses would be rows of question marks.
    pub fn of_answering_terminal(variable: impl Fn(&str) -> Option<String>, background: Option<Background>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let wanted = given("CORONER_THEME").unwrap_or_default();
        let named = wanted.split(',').map(str::trim).find_map(ThemeName::from_name);
        let term = given("TERM").unwrap_or_default();
        let is_light = match background {
            Some(background) => background == Background::Light,
            None => given("COLORFGBG")
                .and_then(|colours| colours.rsplit(';').next()?.parse::<u8>().ok())
                .is_some_and(|background| matches!(background, 7 | 9..=15)),
        };
        let has_few = ["xterm", "screen", "linux", "ansi", "rxvt", "cygwin", "xterm-color", "screen.linux"].contains(&term.as_str())
            || term.ends_with("-16color");
        let has_none = ["vt100", "vt102", "vt220"].contains(&term.as_str()) || term.ends_with("-mono") || term.ends_with("-m");
        let has_many = given("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        let name = match named {
            Some(ThemeName::Sixteen) if is_light => ThemeName::SixteenLight,
            Some(name) => name,
            None if given("NO_COLOR").is_some() || has_none => ThemeName::Mono,
            None if has_few && !has_many && is_light => ThemeName::SixteenLight,
            None if has_few && !has_many => ThemeName::Sixteen,
            None if is_light => ThemeName::Light,
            None => ThemeName::Dark,
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(given).unwrap_or_else(|| "UTF-8".into()).to_lowercase();
        let is_utf8 = locale.contains("utf-8") || locale.contains("utf8");
        let theme = Self::of(name);
        let wants = |signs: &str| wanted.split(',').any(|part| part.trim() == signs);
        let has_blocks = is_utf8 && term != "linux" && !term.starts_with("linux-");
        if wants("unicode") || has_blocks && !wants("ascii") { theme } else { theme.ascii() }
    }

    /// Whether it is worth asking the terminal for its background: the theme depends on it, and the terminal is of a
    /// kind that answers. The Linux console and GNU screen do not.
    pub fn asks_background(variable: impl Fn(&str) -> Option<String>) -> bool {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let wanted = given("CORONER_THEME").unwrap_or_default();
        let is_chosen = wanted.split(',').map(str::trim).filter_map(ThemeName::from_name).any(|name| name != ThemeName::Sixteen);
        let term = given("TERM").unwrap_or_default();
        let is_deaf = ["", "dumb", "linux", "cons25", "vt100", "vt102", "vt220", "cygwin", "emacs"].contains(&term.as_str())
            || term.starts_with("screen") && given("TMUX").is_none();
        !is_chosen && !is_deaf && given("NO_COLOR").is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| variables.iter().find(|variable| variable.0 == name).map(|variable| variable.1.to_owned())
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: &Theme) {
        let theme = Theme::of_terminal(environment(variables));
        assert_eq!(format!("{theme:?}"), format!("{expected:?}"), "{variables:?}");
    }

    #[test]
    fn the_environment_says_what_the_terminal_can_show() {
        check(&[("TERM", "xterm-256color")], &Theme::dark());
        check(&[("TERM", "xterm-256color"), ("COLORFGBG", "0;15")], &Theme::light());
        check(&[("TERM", "xterm"), ("LANG", "en_US.UTF-8")], &Theme::sixteen());
        check(&[("TERM", "xterm"), ("COLORFGBG", "0;15")], &Theme::sixteen_light());
        check(&[("TERM", "xterm"), ("COLORTERM", "truecolor")], &Theme::dark());
        check(&[("TERM", "xterm"), ("NO_COLOR", "1")], &Theme::mono());
        check(&[("NO_COLOR", "1"), ("CORONER_THEME", "16")], &Theme::sixteen());
        check(&[("CORONER_THEME", "high-contrast, ascii")], &Theme::of(ThemeName::HighContrast).ascii());
        check(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], &Theme::dark().ascii());
        check(&[("LANG", "C.UTF-8"), ("LC_ALL", "")], &Theme::dark());
        check(&[("TERM", "linux"), ("LANG", "en_US.UTF-8")], &Theme::sixteen().ascii());
        check(&[("TERM", "linux"), ("CORONER_THEME", "unicode")], &Theme::sixteen());
    }

    #[test]
    fn what_the_terminal_answers_counts_more_than_what_is_said_of_it() {
        let variables = [("TERM", "xterm-256color"), ("COLORFGBG", "15;0")];
        let theme = Theme::of_answering_terminal(environment(&variables), Background::of_answer("rgb:ffff/ffff/dddd"));
        assert_eq!(theme.name(), ThemeName::Light);
        for (answer, expected) in [
            ("rgb:0000/2b2b/3636", Some(Background::Dark)),
            ("rgb:fd/f6/e3", Some(Background::Light)),
            ("#eeeeee", Some(Background::Light)),
            ("rgba:0000/0000/0000/ffff", Some(Background::Dark)),
            ("rgb:", None),
            ("#é", None),
            ("rgb:zz/00/00", None),
        ] {
            assert_eq!(Background::of_answer(answer), expected, "{answer}");
        }
    }

    #[test]
    fn only_who_can_answer_and_whose_answer_counts_is_asked() {
        assert!(Theme::asks_background(environment(&[("TERM", "xterm-256color")])));
        assert!(Theme::asks_background(environment(&[("TERM", "screen-256color"), ("TMUX", "/tmp/x")])));
        for variables in [
            [("TERM", "linux"), ("LANG", "C.UTF-8")],
            [("TERM", "screen"), ("LANG", "C")],
            [("TERM", "xterm"), ("NO_COLOR", "1")],
            [("TERM", "xterm"), ("CORONER_THEME", "light")],
            [("TERM", ""), ("LANG", "")],
        ] {
            assert!(!Theme::asks_background(environment(&variables)), "{variables:?}");
        }
    }
}
