//! Keys as text, both ways: `ctrl-p` and `^p` are read, `^p` is shown; whole sequences for scripts and tests.

use super::press::{KeyCode, KeyPress};

/// Named keys: what is written, what it is, how it is shown.
const NAMED: &[(&str, KeyCode, &str)] = &[
    ("enter", KeyCode::Enter, "Enter"),
    ("esc", KeyCode::Esc, "Esc"),
    ("tab", KeyCode::Tab, "Tab"),
    ("backtab", KeyCode::BackTab, "S-Tab"),
    ("backspace", KeyCode::Backspace, "Backspace"),
    ("delete", KeyCode::Delete, "Del"),
    ("insert", KeyCode::Insert, "Ins"),
    ("left", KeyCode::Left, "←"),
    ("right", KeyCode::Right, "→"),
    ("up", KeyCode::Up, "↑"),
    ("down", KeyCode::Down, "↓"),
    ("home", KeyCode::Home, "Home"),
    ("end", KeyCode::End, "End"),
    ("pageup", KeyCode::PageUp, "PgUp"),
    ("pagedown", KeyCode::PageDown, "PgDn"),
    ("space", KeyCode::Char(' '), "Space"),
];

impl KeyPress {
    /// A key without modifiers.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// A character.
    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }
}

/// Reads one key: `a`, `G`, `?`, `enter`, `F1`, `ctrl-p`, `^p`, `alt-left`, `shift-right`.
///
/// Names ignore case; a letter keeps its own. Errors name the text that is no key.
pub fn parse(text: &str) -> Result<KeyPress, String> {
    let unknown = || format!("{text:?} is no key; write one character, a name such as enter or pagedown, or ctrl-p, alt-left, shift-right");
    let mut rest = text;
    let mut key = KeyPress::char('\0');
    loop {
        let lower = rest.to_ascii_lowercase();
        if lower.starts_with("ctrl-") && rest.len() > 5 {
            (key.ctrl, rest) = (true, &rest[5..]);
        } else if lower.starts_with("alt-") && rest.len() > 4 {
            (key.alt, rest) = (true, &rest[4..]);
        } else if lower.starts_with("shift-") && rest.len() > 6 {
            (key.shift, rest) = (true, &rest[6..]);
        } else if rest.starts_with('^') && rest.chars().count() == 2 {
            (key.ctrl, rest) = (true, &rest[1..]);
        } else {
            break;
        }
    }
    let mut chars = rest.chars();
    key.code = match (chars.next(), chars.next()) {
        (Some(c), None) => KeyCode::Char(c),
        (Some('F' | 'f'), Some(_)) if rest[1..].parse::<u8>().is_ok_and(|n| (1..=24).contains(&n)) => {
            KeyCode::F(rest[1..].parse().map_err(|_| unknown())?)
        }
        _ => {
            let lower = rest.to_ascii_lowercase();
            NAMED.iter().find(|named| named.0 == lower).map(|named| named.1).ok_or_else(unknown)?
        }
    };
    if let (KeyCode::Char(c), true) = (key.code, key.shift) {
        key.code = KeyCode::Char(c.to_ascii_uppercase());
        key.shift = false;
    }
    if (key.code, key.shift) == (KeyCode::Tab, true) {
        key = KeyPress { code: KeyCode::BackTab, shift: false, ..key };
    }
    Ok(key)
}

/// One step of a sequence: a key, or an action by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A key.
    Key(KeyPress),
    /// A line of the command line: the name of an action, and what follows it.
    Command(String),
}

/// Most steps of one sequence.
const MAX_STEPS: usize = 100_000;

/// Reads keys separated by blanks; text in double quotes is typed letter by letter: `l l T Enter "T+3m" ^s`.
/// Inside quotes `\"` and `\\` stand for themselves and `\n` for Enter; `10*l` is a key ten times.
pub fn parse_sequence(text: &str) -> Result<Vec<KeyPress>, String> {
    let key = |step| match step {
        Step::Key(key) => Ok(key),
        Step::Command(name) => Err(format!("<{name}> is no key")),
    };
    parse_steps(text)?.into_iter().map(key).collect()
}

/// The same with actions by their names between `<` and `>`: `l <zoom-in> <goto T+3m>`.
pub fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if steps.len() > MAX_STEPS {
            return Err(format!("more than {MAX_STEPS} keys"));
        }
        if let Some(inside) = rest.strip_prefix('"') {
            let mut chars = inside.chars().peekable();
            let mut keys = Vec::new();
            quoted(&mut chars, &mut keys)?;
            steps.extend(keys.into_iter().map(Step::Key));
            rest = &inside[inside.len() - chars.map(char::len_utf8).sum::<usize>()..];
        } else if let Some(inside) = rest.strip_prefix('<').filter(|inside| inside.starts_with(char::is_alphabetic)) {
            // A name ends where nothing follows the sign: `<filter-in level>=warn>`.
            let ends = |at: &usize| inside[at + 1..].chars().next().is_none_or(char::is_whitespace);
            let end = inside.match_indices('>').map(|(at, _)| at).find(ends).ok_or_else(|| format!("{rest:?} has no closing >"))?;
            steps.push(Step::Command(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        } else {
            let (word, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
            let (times, key) = times(word);
            steps.extend(std::iter::repeat_n(Step::Key(parse(key)?), times.min(MAX_STEPS)));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(steps)
}

/// `10*l`: how often, and what.
fn times(word: &str) -> (usize, &str) {
    let counted = word.split_once('*').and_then(|(times, key)| Some((times.parse().ok()?, key)));
    counted.filter(|(_, key)| !key.is_empty()).unwrap_or((1, word))
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, keys: &mut Vec<KeyPress>) -> Result<(), String> {
    loop {
        match chars.next() {
            None => return Err("the text in the key sequence has no closing quote".into()),
            Some('"') => return Ok(()),
            Some('\\') => match chars.next() {
                Some('n') => keys.push(KeyPress::plain(KeyCode::Enter)),
                Some(c) => keys.push(KeyPress::char(c)),
                None => return Err("the key sequence ends after a backslash".into()),
            },
            Some(c) => keys.push(KeyPress::char(c)),
        }
    }
}

/// A key as help and hints show it: `h`, `^p`, `A-←`, `S-→`, `Enter`, `Space`.
pub fn show(key: KeyPress) -> String {
    let name = match key.code {
        KeyCode::F(n) => format!("F{n}"),
        code => NAMED.iter().find(|named| named.1 == code).map_or_else(
            || match code {
                KeyCode::Char(c) => c.to_string(),
                _ => String::new(),
            },
            |named| named.2.to_owned(),
        ),
    };
    let ctrl = if key.ctrl { "^" } else { "" };
    let alt = if key.alt { "A-" } else { "" };
    let shift = if key.shift { "S-" } else { "" };
    format!("{ctrl}{alt}{shift}{name}")
}

/// A key as [`parse_sequence`] reads it: `ctrl-p`, `alt-left`, `"\""`.
pub fn write(key: KeyPress) -> String {
    let name = match key.code {
        KeyCode::F(n) => format!("F{n}"),
        KeyCode::Char('"') => return "\"\\\"\"".to_owned(),
        code => NAMED.iter().find(|named| named.1 == code).map_or_else(
            || match code {
                KeyCode::Char(c) => c.to_string(),
                _ => String::new(),
            },
            |named| named.0.to_owned(),
        ),
    };
    let ctrl = if key.ctrl { "ctrl-" } else { "" };
    let alt = if key.alt { "alt-" } else { "" };
    let shift = if key.shift { "shift-" } else { "" };
    format!("{ctrl}{alt}{shift}{name}")
}

/// Several keys as [`parse_sequence`] reads them; what is typed stands in quotes.
pub fn write_sequence(keys: &[KeyPress]) -> String {
    let typed = |key: &KeyPress| match key {
        KeyPress { code: KeyCode::Char(c), ctrl: false, alt: false, shift: false } if !c.is_control() => Some(*c),
        _ => None,
    };
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < keys.len() {
        let text: String = keys[at..].iter().map_while(typed).collect();
        let n = text.chars().count();
        if n > 2 {
            words.push(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
            at += n;
        } else {
            words.push(write(keys[at]));
            at += 1;
        }
    }
    words.join(" ")
}

/// Several keys one after the other: `t z`.
pub fn show_sequence(keys: &[KeyPress]) -> String {
    keys.iter().map(|key| show(*key)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_it_is_shown() {
        for text in ["a", "G", "?", "^p", "^", "F1", "\"", "'", "-", "+"] {
            assert_eq!(show(parse(text).expect(text)), text);
        }
        assert_eq!(parse("ctrl-p"), parse("^p"));
        assert_eq!(show(parse("alt-left").expect("key")), "A-←");
        assert_eq!(show(parse("Shift-Right").expect("key")), "S-→");
        assert_eq!(parse("shift-tab"), parse("backtab"));
        assert_eq!(parse("shift-a"), parse("A"));
        assert!(parse("hop").is_err());
        assert!(parse("").is_err());
        assert!(parse("F99").is_err());
    }

    #[test]
    fn a_sequence_types_what_stands_in_quotes() {
        let keys = parse_sequence(r#"l t t "T+3m" Enter "a \"b\"\n""#).expect("sequence");
        assert_eq!(show_sequence(&keys), "l t t T + 3 m Enter a Space \" b \" Enter");
        assert!(parse_sequence("\"open").is_err());
        assert!(parse_sequence("l hop").unwrap_err().contains("hop"));
    }

    #[test]
    fn a_key_may_be_counted_and_an_action_named() {
        assert_eq!(show_sequence(&parse_sequence("2*l 3*ctrl-p *").expect("sequence")), "l l ^p ^p ^p *");
        let steps = parse_steps("l <zoom-in> < > <filter-in level>=warn> \"<x>\"").expect("steps");
        let told: Vec<String> = steps
            .into_iter()
            .map(|step| match step {
                Step::Key(key) => show(key),
                Step::Command(line) => format!("({line})"),
            })
            .collect();
        assert_eq!(told.join(" "), "l (zoom-in) < > (filter-in level>=warn) < x >");
        assert!(parse_steps("<zoom-in").is_err_and(|why| why.contains("no closing >")));
        assert!(parse_sequence("<zoom-in>").is_err());
        assert!(parse_sequence("999999999*l").is_ok_and(|keys| keys.len() <= MAX_STEPS));
    }

    #[test]
    fn keys_are_read_back_as_they_are_written() {
        let text = r#"l 2*t "T+3m \"x\" \\ é" Enter ctrl-s alt-left shift-right backtab F5 space < > ^ - + "9*x <a>""#;
        let keys = parse_sequence(text).expect("sequence");
        assert_eq!(parse_sequence(&write_sequence(&keys)), Ok(keys));
        let all: Vec<KeyPress> = ('!'..='~').chain(['é', '漢', ' ']).map(KeyPress::char).collect();
        assert_eq!(parse_sequence(&write_sequence(&all)), Ok(all.clone()));
        for key in all {
            assert_eq!(parse_sequence(&write(key)), Ok(vec![key]));
        }
    }
}
