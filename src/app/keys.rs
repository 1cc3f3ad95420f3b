//! Keys as text, both ways: `ctrl-p` and `^p` are read, `^p` is shown; whole sequences for scripts and tests.

use super::message::{KeyCode, KeyPress};

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

/// Reads keys separated by blanks; text in double quotes is typed letter by letter: `l l T Enter "T+3m" ^s`.
/// Inside quotes `\"` and `\\` stand for themselves and `\n` for Enter.
pub fn parse_sequence(text: &str) -> Result<Vec<KeyPress>, String> {
    let mut keys = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            continue;
        }
        if c == '"' {
            chars.next();
            quoted(&mut chars, &mut keys)?;
            continue;
        }
        let mut word = String::new();
        while let Some(&c) = chars.peek().filter(|c| !c.is_whitespace()) {
            word.push(c);
            chars.next();
        }
        keys.push(parse(&word)?);
    }
    Ok(keys)
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
}
