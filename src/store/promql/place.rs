//! Where in an expression a word stands: the grammar of the parser keeps no places, people need them.

use super::ExpressionError;

/// A piece of the text that means something: a word, a number, a string, or signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    /// Byte offset.
    pub at: usize,
}

impl Piece<'_> {
    fn first(&self) -> char {
        self.text.chars().next().unwrap_or(' ')
    }

    fn is_word(&self) -> bool {
        self.first().is_alphabetic() || matches!(self.first(), '_' | ':')
    }

    fn is_operand(&self) -> bool {
        let is_keyword = matches!(self.text, "by" | "without" | "and" | "or" | "unless" | "on" | "ignoring" | "offset" | "bool" | "atan2");
        let starts = self.first().is_ascii_digit() || matches!(self.first(), '"' | '\'' | '`' | '.');
        starts || self.is_word() && !is_keyword && !matches!(self.text, "group_left" | "group_right")
    }
}

/// Cuts an expression into pieces; comments and blanks are left out.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        let mut end = at + first.len_utf8();
        match first {
            c if c.is_whitespace() => continue,
            '#' => {
                while rest.next_if(|(_, c)| *c != '\n').is_some() {}
                continue;
            }
            '"' | '\'' | '`' => {
                while let Some((at, c)) = rest.next() {
                    end = at + c.len_utf8();
                    if c == first {
                        break;
                    }
                    if c == '\\' && first != '`' {
                        rest.next();
                    }
                }
            }
            c if c.is_alphanumeric() || matches!(c, '_' | ':' | '.') => {
                while let Some((at, c)) = rest.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | ':' | '.')) {
                    end = at + c.len_utf8();
                }
            }
            _ => {
                while let Some((at, c)) = rest.next_if(|(_, c)| matches!(c, '=' | '~')) {
                    end = at + c.len_utf8();
                }
            }
        }
        out.push(Piece { text: &text[at..end], at });
    }
    out
}

/// An error at the `nth` place (from 0) of a word; at the beginning where the word is not found.
pub(super) fn error_at(text: &str, word: &str, nth: usize, reason: String) -> ExpressionError {
    let at = pieces(text).iter().filter(|piece| piece.text == word).nth(nth).map_or(0, |piece| piece.at);
    ExpressionError { reason, column: column(text, at) }
}

/// What the parser says of a text that it refuses, with the place that its words speak of.
pub(super) fn refused(text: &str, reason: &str) -> ExpressionError {
    let pieces = pieces(text);
    let end = text.trim_end().len();
    if let Some(error) = unclosed(text, &pieces) {
        return error;
    }
    let mut quoted = reason.split(['\'', '`', '"']).skip(1).step_by(2);
    let is_named = |piece: &Piece<'_>, word: &str| piece.text == word || piece.text.trim_matches(['"', '\'']) == word;
    let named = quoted.find_map(|word| pieces.iter().find(|piece| is_named(piece, word)));
    if reason != "invalid promql query" {
        // An unknown sign is the last thing that its words name; a word may stand in quotes.
        let last = reason.rsplit([' ', ':']).next().unwrap_or_default();
        let at = named.map(|piece| piece.at).or_else(|| (!last.is_empty()).then(|| text.find(last)).flatten());
        return ExpressionError { reason: reason.to_owned(), column: column(text, at.unwrap_or(0)) };
    }
    let mut before: Option<Piece<'_>> = None;
    for piece in &pieces {
        let after_operand = before.is_some_and(|before| before.is_operand() || matches!(before.text, ")" | "}" | "]"));
        let is_grouping = before.is_some_and(|before| matches!(before.text, "sum" | "max" | "min" | "avg" | "count"));
        let is_wrong = if after_operand {
            piece.is_operand() && !is_grouping
        } else {
            matches!(piece.text, ")" | "]" | "*" | "/" | "%" | "^" | "==" | ">" | "<" | ">=" | "<=" | "!=" | ",") && {
                !matches!((before.map(|before| before.text), piece.text), (Some("(" | ","), ")") | (Some("{" | ","), "}"))
            }
        };
        if is_wrong {
            return ExpressionError { reason: format!("{:?} is not expected here", piece.text), column: column(text, piece.at) };
        }
        before = Some(*piece);
    }
    ExpressionError { reason: "something is missing here".into(), column: column(text, end) }
}

/// A bracket that nothing closes, or that closes nothing.
fn unclosed(text: &str, pieces: &[Piece<'_>]) -> Option<ExpressionError> {
    let mut open: Vec<Piece<'_>> = Vec::new();
    let partner = |sign: &str| match sign {
        ")" => "(",
        "]" => "[",
        _ => "{",
    };
    for piece in pieces {
        match piece.text {
            "(" | "[" | "{" => open.push(*piece),
            ")" | "]" | "}" => match open.pop() {
                Some(before) if before.text == partner(piece.text) => {}
                // The one inside is forgotten more often than the one outside is wrong.
                Some(before) => {
                    let reason = format!("{:?} is not closed before {:?}", before.text, piece.text);
                    return Some(ExpressionError { reason, column: column(text, before.at) });
                }
                None => {
                    return Some(ExpressionError { reason: format!("{:?} closes nothing", piece.text), column: column(text, piece.at) });
                }
            },
            _ => {}
        }
    }
    let last = open.pop()?;
    Some(ExpressionError { reason: format!("{:?} is not closed", last.text), column: column(text, last.at) })
}

/// Column in characters from 1.
fn column(text: &str, at: usize) -> usize {
    text.get(..at).map_or(1, |before| before.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_hide_their_words() {
        let words: Vec<&str> = pieces("sum(x{a=~\"rate( \\\" \"}) # rate\n+ 1e3").iter().map(|piece| piece.text).collect();
        assert_eq!(words, ["sum", "(", "x", "{", "a", "=~", "\"rate( \\\" \"", "}", ")", "+", "1e3"]);
    }

    #[test]
    fn an_error_names_the_column_of_its_word() {
        let of = |text: &str| refused(text, "invalid promql query").to_string();
        assert_eq!(of("fooo bar"), "column 6: \"bar\" is not expected here");
        assert_eq!(of("1 +"), "column 4: something is missing here");
        assert_eq!(of("sum(rate(x[5m))"), "column 11: \"[\" is not closed before \")\"");
        assert_eq!(of("sum(rate(x[5m]"), "column 9: \"(\" is not closed");
        assert_eq!(of("é * / 2"), "column 5: \"/\" is not expected here");
        assert_eq!(refused("1 + foo(x)", "unknown function with name 'foo'").column, 5);
    }
}
