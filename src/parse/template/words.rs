//! A message as a row of words, signs and masks: what a template is made of.
//!
//! Masks are generic: whatever holds a digit (numbers, addresses, ids, versions, durations), quoted text, long runs of
//! hexadecimal letters, dates with their names of days and months, numbers with their unit, lists of such. Names and
//! plain words are left for [`super::cluster`], which sees how many of them there are.

/// Words of one message that are looked at; the rest of a longer one is one mask.
pub(super) const MAX_WORDS: usize = 120;
/// Masks in a row that are a list, whatever their number.
const MANY_IN_LIST: usize = 2;
/// Dots in a row that are a sign of their own.
const LEADER_DOTS: usize = 3;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sort {
    /// Letters.
    Word,
    /// Punctuation: structure, never a value.
    Sign,
    /// Something that changes from message to message.
    Any,
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Word {
    pub sort: Sort,
    /// Whether white space stands before it.
    pub is_apart: bool,
    /// As written; empty for a mask.
    pub text: Box<str>,
}

impl Word {
    fn new(sort: Sort, is_apart: bool, text: &str) -> Self {
        Self { sort, is_apart, text: if sort == Sort::Any { "".into() } else { text.into() } }
    }

    fn is(&self, sign: &str) -> bool {
        self.sort == Sort::Sign && &*self.text == sign
    }
}

/// Whether a message has more words than are looked at.
pub(super) fn is_cut(message: &str) -> bool {
    let (mut n, mut rest) = (0, message.trim_start());
    while !rest.is_empty() && n <= MAX_WORDS {
        let len = next(rest, false, &mut |_, _, _| n += 1);
        rest = rest[len..].trim_start();
    }
    n > MAX_WORDS
}

/// Cuts a message into words and masks what is generic.
pub(super) fn words(message: &str) -> Vec<Word> {
    let mut row = Vec::new();
    let mut rest = message;
    let mut is_apart = false;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            is_apart = true;
            rest = &rest[first.len_utf8()..];
            continue;
        }
        if row.len() >= MAX_WORDS {
            row.push(Word::new(Sort::Any, is_apart, ""));
            break;
        }
        let len = next(rest, is_apart || row.is_empty(), &mut |sort, text, glue| row.push(Word::new(sort, is_apart && !glue, text)));
        rest = &rest[len..];
        is_apart = false;
    }
    values(&mut row);
    dates(&mut row);
    units(&mut row);
    lists(&mut row);
    row
}

const fn is_sign(c: char) -> bool {
    matches!(c, '=' | ':' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '|' | '"' | '!' | '?' | '&')
}

/// Takes the next quoted text, sign or word. Gives its length.
fn next(rest: &str, is_start: bool, push: &mut dyn FnMut(Sort, &str, bool)) -> usize {
    let first = rest.chars().next().unwrap_or(' ');
    // Leaders between a label and its value, `label.......0`, as long as the label is short.
    let n_dots = rest.len() - rest.trim_start_matches('.').len();
    if n_dots >= LEADER_DOTS {
        push(Sort::Sign, "...", false);
        return n_dots;
    }
    if let Some(len) = hex_parts(rest) {
        push(Sort::Any, "", false);
        return len;
    }
    if let Some(len) = quoted(rest, first, is_start) {
        push(Sort::Any, "", false);
        return len;
    }
    if is_sign(first) {
        push(Sort::Sign, &rest[..first.len_utf8()], false);
        return first.len_utf8();
    }
    let len = rest.find(|c: char| c.is_whitespace() || is_sign(c)).unwrap_or(rest.len());
    let len = rest[..len].find("...").filter(|at| *at > 0).unwrap_or(len);
    let whole = &rest[..len];
    let word = whole.trim_end_matches(['.', '\'', '`']);
    let word = if word.is_empty() { whole } else { word };
    push(sort_of(word), word, false);
    if word.len() < len {
        push(Sort::Sign, &whole[word.len()..], true);
    }
    len
}

/// Length of the quoted text that starts here: double quotes anywhere, others only around one word.
fn quoted(rest: &str, first: char, is_start: bool) -> Option<usize> {
    match first {
        '"' if !is_request(&rest[1..]) => rest[1..].find('"').map(|end| end + 2),
        '\'' | '`' if is_start => {
            let end = rest[1..].find(['\'', '`']).map(|end| end + 1)?;
            let is_one = end > 1 && !rest[..end].contains(char::is_whitespace);
            is_one.then_some(end + 1)
        }
        _ => None,
    }
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT"];

/// Whether a quoted text is a request line: its method is structure.
fn is_request(text: &str) -> bool {
    METHODS.iter().any(|method| text.strip_prefix(method).is_some_and(|rest| rest.starts_with(' ')))
}

/// Length of an address such as `00:1b:ff:03`: four and more parts that are two hexadecimal letters or hold a digit, so that
/// it does not depend on which digits there are.
fn hex_parts(rest: &str) -> Option<usize> {
    const PARTS: usize = 4;
    let is_word = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    let (mut n, mut len, mut at) = (0, 0, 0);
    loop {
        let part = &rest[at..rest[at..].find(|c| !is_word(c)).map_or(rest.len(), |end| at + end)];
        let is_letters = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_letters && !part.bytes().any(|byte| byte.is_ascii_digit()) {
            break;
        }
        (n, len) = (n + 1, at + part.len());
        if rest.as_bytes().get(len) != Some(&b':') {
            break;
        }
        at = len + 1;
    }
    (n >= PARTS && len + 1 != at).then_some(len)
}

/// Whether a word is the path of a file in a folder, of either sort of system.
fn is_path(word: &str) -> bool {
    let is_deep = |sign: char| word.starts_with(sign) && word.matches(sign).count() > 1 && word.chars().any(char::is_alphanumeric);
    is_deep('/') || is_deep('\\')
}

fn sort_of(word: &str) -> Sort {
    let bytes = word.as_bytes();
    if bytes.iter().any(u8::is_ascii_digit) {
        return Sort::Any;
    }
    if !word.chars().any(char::is_alphanumeric) {
        return Sort::Sign;
    }
    let is_hex = bytes.len() >= 8 && bytes.iter().all(u8::is_ascii_hexdigit);
    if is_hex { Sort::Any } else { Sort::Word }
}

/// Masks what its neighbours tell to be a value: `host.name:80`, `name(7)`, `=true`, `(true)`, `Thing{7}`, the path of a file,
/// brackets with nothing in them.
fn values(row: &mut Vec<Word>) {
    const CONSTANTS: &[&str] = &["true", "false", "null", "nil", "none", "undefined"];
    let is_any = |row: &[Word], i: usize| row.get(i).is_some_and(|word| word.sort == Sort::Any && !word.is_apart);
    let mut i = 0;
    while i < row.len() {
        let is_alone = i > 0 && row[i - 1].is("(") && row.get(i + 1).is_some_and(|sign| sign.is(")"));
        let is_after_key = is_alone || i > 0 && (row[i - 1].is("=") || row[i - 1].is(":"));
        // What is asked for without quotes is judged like any name: it tells what a service does.
        let is_asked = i > 0 && METHODS.contains(&&*row[i - 1].text) && (i < 2 || !row[i - 2].is("\""));
        if let Some(end) = thing(row, i) {
            row.drain(i + 1..=end);
            row[i] = Word::new(Sort::Any, row[i].is_apart, "");
        } else if row[i].sort == Sort::Word && !is_asked && is_path(&row[i].text) {
            row[i] = Word::new(Sort::Any, row[i].is_apart, "");
        } else if row[i].sort == Sort::Word {
            let has_port =
                row[i].text.contains('.') && row.get(i + 1).is_some_and(|sign| sign.is(":") && !sign.is_apart) && is_any(row, i + 2);
            let has_index = i > 0
                && row.get(i + 1).is_some_and(|sign| sign.is("(") && !sign.is_apart)
                && is_any(row, i + 2)
                && row.get(i + 3).is_some_and(|sign| sign.is(")"));
            if has_index {
                row.drain(i + 1..i + 4);
            }
            if has_port || has_index || (is_after_key && CONSTANTS.contains(&row[i].text.to_ascii_lowercase().as_str())) {
                row[i] = Word::new(Sort::Any, row[i].is_apart, "");
            }
        } else if (row[i].is("(") || row[i].is("[")) && row[i].is_apart && row.get(i + 1).is_some_and(|sign| sign.is(")") || sign.is("]")) {
            row.insert(i + 1, Word::new(Sort::Any, false, ""));
        }
        i += 1;
    }
}

/// Where the braces end that are joined to this word, if they hold a value: `Token{a64f992 Record{de9231d u0}}`.
fn thing(row: &[Word], at: usize) -> Option<usize> {
    if row[at].sort != Sort::Word || !row.get(at + 1)?.is("{") || row[at + 1].is_apart {
        return None;
    }
    let mut depth = 0;
    for (i, word) in row.iter().enumerate().skip(at + 1) {
        depth += i32::from(word.is("{")) - i32::from(word.is("}"));
        if depth == 0 {
            return row[at..i].iter().any(|word| word.sort == Sort::Any).then_some(i);
        }
    }
    None
}

/// Whether a word names a day of the week, a month, a half of the day or a zone, as dates write them.
fn is_of_date(word: &Word) -> bool {
    const NAMES: &[&str] = &[
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
        "Dec", "AM", "PM", "UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "BST", "IST", "JST",
    ];
    word.sort == Sort::Word && NAMES.contains(&&*word.text)
}

/// Masks the names in a date: those beside a number, or beside another that is.
fn dates(row: &mut [Word]) {
    for i in (0..row.len()).rev() {
        if is_of_date(&row[i]) && row.get(i + 1).is_some_and(|after| after.sort == Sort::Any) {
            row[i] = Word::new(Sort::Any, row[i].is_apart, "");
        }
    }
    for i in 1..row.len() {
        if is_of_date(&row[i]) && row[i - 1].sort == Sort::Any {
            row[i] = Word::new(Sort::Any, row[i].is_apart, "");
        }
    }
}

/// A number takes its unit and a sign of comparison along.
fn units(row: &mut Vec<Word>) {
    const UNITS: &[&str] = &[
        "ns", "us", "µs", "ms", "s", "sec", "secs", "second", "seconds", "min", "mins", "minute", "minutes", "h", "hr", "hrs", "hour",
        "hours", "day", "days", "b", "byte", "bytes", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "%",
    ];
    let mut i = 0;
    while i < row.len() {
        if row[i].sort != Sort::Any {
            i += 1;
            continue;
        }
        let is_unit = |word: &Word| word.sort != Sort::Any && UNITS.contains(&word.text.to_ascii_lowercase().as_str());
        if row.get(i + 1).is_some_and(is_unit) {
            row.remove(i + 1);
        }
        let is_bracket = row.get(i + 1).is_some_and(|after| after.is(">"));
        if i > 0 && !row[i].is_apart && !is_bracket && (row[i - 1].is("<") || row[i - 1].is(">")) {
            let before = row.remove(i - 1);
            i -= 1;
            row[i].is_apart = before.is_apart;
        }
        i += 1;
    }
}

/// Makes one mask of masks that belong together: `host:port`, `1,2,3`, three and more in a row.
fn lists(row: &mut Vec<Word>) {
    let is_any = |row: &[Word], i: usize| row.get(i).is_some_and(|word| word.sort == Sort::Any);
    let mut i = 0;
    while i < row.len() {
        if is_any(row, i) {
            while is_any(row, i + 2)
                && !row[i + 1].is_apart
                && !row[i + 2].is_apart
                && [":", ",", ";", "|"].iter().any(|s| row[i + 1].is(s))
            {
                row.drain(i + 1..i + 3);
            }
            // A colon before the last group of an address, `fe80::1`.
            while is_any(row, i + 3) && row[i + 1].is(":") && row[i + 2].is(":") && !row[i + 3].is_apart {
                row.drain(i + 1..i + 4);
            }
            while is_any(row, i + 1) && !row[i + 1].is_apart {
                row.remove(i + 1);
            }
        }
        i += 1;
    }
    let mut i = 0;
    while i < row.len() {
        let mut end = i;
        let mut n = 0;
        while is_any(row, end) {
            n += 1;
            let gap = usize::from(row.get(end + 1).is_some_and(|word| word.is(",") || word.is(";")) && is_any(row, end + 2));
            end += 1 + gap;
        }
        if n >= MANY_IN_LIST {
            row.drain(i + 1..end);
        }
        i += 1;
    }
}
