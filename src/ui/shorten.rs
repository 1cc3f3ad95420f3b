//! Names of series in less room than they need: what all lines have in common goes first, then the middle.
//!
//! Which letters of the name are left is known, so that those that were typed can still be marked.

use unicode_width::UnicodeWidthChar;

/// A text and, for each of its letters, which one of the whole name it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shortened {
    letters: Vec<(char, Option<usize>)>,
}

impl Shortened {
    /// Fits a name into `room` columns; `others` are the lines beside it.
    pub(super) fn of<'o>(name: &str, others: impl Iterator<Item = &'o str>, room: usize) -> Self {
        let mut whole = Self { letters: name.chars().enumerate().map(|(at, letter)| (letter, Some(at))).collect() };
        if whole.width() > room {
            whole.drop_common(name, others);
        }
        // Sentences are read from their beginning: they are cut where they are drawn.
        if whole.width() > room && (pairs(name).is_some() || !name.contains(' ')) {
            whole.cut_middle(room);
        }
        whole
    }

    pub(super) fn text(&self) -> String {
        self.letters.iter().map(|letter| letter.0).collect()
    }

    /// The column of a letter of the whole name, if it is left.
    pub(super) fn column_of(&self, position: usize) -> Option<usize> {
        let at = self.letters.iter().position(|letter| letter.1 == Some(position))?;
        Some(width(&self.letters[..at]))
    }

    pub(super) fn width(&self) -> usize {
        width(&self.letters)
    }

    /// Leaves out the labels that all lines of the same metric have.
    fn drop_common<'o>(&mut self, name: &str, others: impl Iterator<Item = &'o str>) {
        let Some((metric, own)) = pairs(name) else { return };
        let alike: Vec<Vec<&str>> =
            others.filter_map(pairs).filter(|(other, pairs)| *other == metric && *pairs != own).map(|(_, pairs)| pairs).collect();
        let is_common = |pair: &&&str| !alike.is_empty() && alike.iter().all(|pairs| pairs.contains(pair));
        for pair in own.iter().filter(is_common) {
            // With the comma behind it, else the one before: all of it is ASCII but for the pair itself.
            let start = pair.as_ptr() as usize - name.as_ptr() as usize;
            let (first, n) = (name[..start].chars().count(), pair.chars().count());
            self.letters.retain(|(_, at)| at.is_none_or(|at| at < first || at > first + n));
        }
        if self.letters.len() < name.chars().count() {
            while self.letters.last().is_some_and(|letter| matches!(letter.0, ',' | '}')) {
                self.letters.pop();
            }
            self.letters.extend([('…', None), ('}', None)]);
        }
    }

    /// Leaves out the middle: both ends tell.
    fn cut_middle(&mut self, room: usize) {
        let head_room = room.saturating_sub(1) / 3;
        let mut head = 0;
        while head < self.letters.len() && width(&self.letters[..=head]) <= head_room {
            head += 1;
        }
        let mut tail = self.letters.len();
        while tail > head && width(&self.letters[tail - 1..]) + width(&self.letters[..head]) < room {
            tail -= 1;
        }
        self.letters.splice(head..tail, [('…', None)]);
    }
}

fn width(letters: &[(char, Option<usize>)]) -> usize {
    letters.iter().map(|letter| letter.0.width().unwrap_or(0)).sum()
}

/// `name{a="x",b="y"}` as its name and its pairs; commas in quotes divide nothing.
fn pairs(name: &str) -> Option<(&str, Vec<&str>)> {
    let (metric, rest) = name.split_once('{')?;
    let rest = rest.strip_suffix('}')?;
    let (mut out, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in rest.char_indices() {
        match letter {
            '"' if !is_escaped => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                out.push(&rest[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    out.push(&rest[start..]);
    Some((metric, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 3] = [
        r#"http_seconds_bucket{instance="o-1",job="lab, 2",le="0.5",route="/orders"}"#,
        r#"http_seconds_bucket{instance="o-1",job="lab, 2",le="1",route="/orders"}"#,
        r#"other{job="x"}"#,
    ];

    fn shown(line: usize, room: usize) -> String {
        let all = Shortened::of(LINES[line], LINES.into_iter(), room);
        assert!(all.width() <= room.max(1), "{all:?}");
        all.text()
    }

    #[test]
    fn what_tells_lines_apart_is_left() {
        assert_eq!(shown(0, 100), LINES[0]);
        assert_eq!(shown(0, 40), r#"http_seconds_bucket{le="0.5"…}"#);
        assert_eq!(shown(1, 24), r#"http_se…bucket{le="1"…}"#.replace("bucket", "_bucket").as_str());
        assert_eq!(shown(2, 9), "ot…b=\"x\"}");
        assert_eq!(Shortened::of("words in a line", [].into_iter(), 5).text(), "words in a line");
        for room in 0..90 {
            (0..3).for_each(|line| drop(shown(line, room)));
        }
    }

    #[test]
    fn letters_that_are_left_know_their_place() {
        let all = Shortened::of(LINES[0], LINES.into_iter(), 40);
        let place = |letters: &str| LINES[0].find(letters).expect("there");
        assert_eq!(all.column_of(place("0.5")), Some(24));
        assert_eq!(all.column_of(place("o-1")), None);
        assert_eq!(Shortened::of("漢字{", [].into_iter(), 9).column_of(1), Some(2));
    }
}
