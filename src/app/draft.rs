//! The postmortem as it would be exported now, laid out for reading on screen beside what is being written.
//!
//! The document itself is made in the background (`Question::Manuscript`); here are its chapters, the lines that are
//! drawn, and where in them the reader is. While a section is written its words stand in the place of the old ones at once,
//! before the document is made again.

use super::layout::Area;
use super::line::LineInput;
use super::paper::{self, Line};
use crate::model::{AnnotationId, CaseDoc};

/// What the document is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ManuscriptQuery {
    /// The case.
    pub case: CaseDoc,
    /// Words of a section that are being written: stem of its file, text.
    pub typed: Option<(String, String)>,
    /// Which preset, counted from the first one; beyond the last it begins anew.
    pub preset: usize,
    /// Which language, counted likewise.
    pub language: usize,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manuscript {
    /// Title and the line under it, as Markdown.
    pub head: String,
    /// Name of the preset, and of the language where it is not English.
    pub style: String,
    /// Its sections in order.
    pub chapters: Vec<Chapter>,
}

/// Where the words of a section are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Made from the records and the data: nothing of it is written here.
    Made,
    /// `sections/STEM.md` of the case.
    File(String),
    /// A record of kind `section` with this name.
    Record(AnnotationId, String),
    /// Nobody has written it yet.
    Unwritten(String),
}

impl Origin {
    /// Name of the section as the case keeps it.
    pub(crate) fn stem(&self) -> Option<&str> {
        match self {
            Self::Made => None,
            Self::File(stem) | Self::Record(_, stem) | Self::Unwritten(stem) => Some(stem),
        }
    }
}

/// One section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// `timeline`; `section.went-well`.
    pub name: String,
    /// Its heading, as Markdown.
    pub title: String,
    /// Markdown before the words of people.
    pub before: String,
    /// The words of people as they are printed.
    pub prose: String,
    /// Markdown after them.
    pub after: String,
    /// The words as they are kept; what an editor opens.
    pub written: String,
    /// Where they are kept.
    pub origin: Origin,
    /// What a reviewer would object to here.
    pub remarks: Vec<Remark>,
}

/// An objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// `PM001` …
    pub rule: String,
    /// Whether it is not fit to publish; else a reviewer will ask.
    pub is_error: bool,
    /// `C2`, `sections/summary.md:3` …
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub fix: String,
    /// Line of the words as they are kept, from 0, if it is about one.
    pub line: Option<usize>,
    /// Label or time that stands in the line it is about.
    pub label: String,
}

impl Remark {
    /// `PM010 02:33:22: no evidence → pin …`.
    pub(crate) fn words(&self) -> String {
        let words = format!("{} {}: {} → {}", self.rule, self.place, self.message, self.fix);
        crate::model::text::printable(&words).into_owned()
    }
}

/// One drawn line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DraftLine {
    pub(crate) line: Line,
    /// Its chapter; `None`: title and lead.
    pub(crate) chapter: Option<usize>,
    /// The worst remark on it: index in the chapter.
    pub(crate) remark: Option<usize>,
}

/// What a find is doing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seeking {
    pub(crate) input: LineInput,
    pub(crate) is_typing: bool,
}

/// What was asked last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskedFor {
    pub(crate) revision: u64,
    pub(crate) typed: Option<String>,
    pub(crate) style: (usize, usize),
}

/// The document on screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) manuscript: Option<Manuscript>,
    pub(crate) lines: Vec<DraftLine>,
    /// First line of each chapter.
    pub(crate) starts: Vec<usize>,
    /// The line that the reader is at.
    pub(crate) at: usize,
    /// First line that is drawn.
    pub(crate) top: usize,
    pub(crate) find: Option<Seeking>,
    /// Preset and language.
    pub(crate) style: (usize, usize),
    pub(crate) asked: Option<AskedFor>,
    /// Why there is no document.
    pub(crate) error: Option<String>,
    /// Section that is gone to once it is there.
    pub(crate) wanted: Option<String>,
    /// What the lines were made for.
    made_for: Option<MadeFor>,
}

/// Longer lines are hard to read.
pub(crate) const WIDEST: usize = 110;

/// Which part of the screen belongs to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panes {
    pub(crate) outline: Option<Area>,
    /// Where one writes.
    pub(crate) source: Option<Area>,
    /// Where the document stands, without its margin of two columns.
    pub(crate) paper: Area,
    pub(crate) remarks: Area,
}

/// Shares the screen out: the first row is a title, the last one tells keys.
pub(crate) fn panes((width, height): (u16, u16), is_writing: bool) -> Panes {
    const OUTLINE: u16 = 30;
    let n_remarks = if height >= 30 { 3 } else { 1 };
    let end = height.saturating_sub(1 + n_remarks);
    let remarks = Area { x: 0, y: end, width, height: n_remarks };
    let rows = end.saturating_sub(1);
    let paper = |x: u16, width: u16, height: u16| Area { x: x + 2, y: 1, width: width.saturating_sub(3), height };
    if is_writing && width >= 120 {
        let half = width / 2;
        let source = Some(Area { x: 0, y: 1, width: half - 1, height: rows });
        return Panes { outline: None, source, paper: paper(half, width - half, rows), remarks };
    }
    if is_writing {
        let upper = rows / 2;
        let source = Some(Area { x: 0, y: 2 + upper, width, height: rows.saturating_sub(upper + 1) });
        return Panes { outline: None, source, paper: paper(0, width, upper), remarks };
    }
    let outline = (width >= 100).then_some(Area { x: 0, y: 1, width: OUTLINE, height: rows });
    let x = outline.map_or(0, |outline| outline.width + 1);
    Panes { outline, source: None, paper: paper(x, width - x, rows), remarks }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct MadeFor {
    width: usize,
    typed: Option<(String, String)>,
}

impl Draft {
    /// Takes a document; the reader stays where he is.
    pub(crate) fn take(&mut self, manuscript: Manuscript) {
        self.manuscript = Some(manuscript);
        (self.made_for, self.error) = (None, None);
    }

    /// Index of the section that the reader is in.
    pub(crate) fn chapter_index(&self) -> Option<usize> {
        self.lines.get(self.at)?.chapter
    }

    /// The section that the reader is in.
    pub(crate) fn chapter(&self) -> Option<&Chapter> {
        self.manuscript.as_ref()?.chapters.get(self.chapter_index()?)
    }

    /// The section whose words are kept under this stem.
    pub(crate) fn chapter_of(&self, stem: &str) -> Option<&Chapter> {
        self.manuscript.as_ref()?.chapters.iter().find(|chapter| chapter.origin.stem() == Some(stem))
    }

    /// Lays out for this many columns and rows, with words that are being written in place of those that are kept.
    pub(crate) fn prepare(&mut self, (width, height): (usize, usize), typed: Option<(&str, &str)>) {
        let key = MadeFor { width, typed: typed.map(|(stem, text)| (stem.to_owned(), text.to_owned())) };
        if self.made_for.as_ref() != Some(&key) {
            let name = self.chapter().map(|chapter| chapter.name.clone());
            let offset = self.chapter_index().and_then(|index| self.starts.get(index)).map_or(0, |start| self.at.saturating_sub(*start));
            self.lay_out(width, typed);
            self.made_for = Some(key);
            if let Some(start) = name.and_then(|name| self.start_of(&name)) {
                let end = self.starts.iter().find(|other| **other > start).copied().unwrap_or(self.lines.len());
                self.at = (start + offset).min(end.saturating_sub(1));
            }
        }
        if let Some(start) = self.wanted.as_ref().and_then(|name| self.start_of(name)) {
            self.go(start);
            self.wanted = None;
        }
        self.at = self.at.min(self.lines.len().saturating_sub(1));
        let height = height.max(1);
        self.top = self.top.clamp((self.at + 1).saturating_sub(height), self.at).min(self.lines.len().saturating_sub(height));
    }

    fn start_of(&self, name: &str) -> Option<usize> {
        let index = self.manuscript.as_ref()?.chapters.iter().position(|chapter| chapter.name == name)?;
        self.starts.get(index).copied()
    }

    fn lay_out(&mut self, width: usize, typed: Option<(&str, &str)>) {
        (self.lines, self.starts) = (Vec::new(), Vec::new());
        let Some(manuscript) = &self.manuscript else { return };
        let plain = |line| DraftLine { line, chapter: None, remark: None };
        self.lines.extend(paper::lay_out(&manuscript.head, width).into_iter().map(plain));
        for (index, chapter) in manuscript.chapters.iter().enumerate() {
            let blank = DraftLine { line: Line::default(), chapter: index.checked_sub(1), remark: None };
            self.lines.push(blank);
            self.starts.push(self.lines.len());
            let typed = typed.filter(|(stem, _)| chapter.origin.stem() == Some(stem)).map(|typed| typed.1);
            self.lines.extend(chapter.lay_out(index, width, typed));
        }
    }

    /// Goes by lines.
    pub(crate) fn step(&mut self, rows: isize) {
        self.at = self.at.saturating_add_signed(rows).min(self.lines.len().saturating_sub(1));
    }

    /// Goes to a line and shows it at the top.
    pub(crate) fn go(&mut self, line: usize) {
        (self.at, self.top) = (line, line);
    }

    /// Goes to the next section, or to the start of this one and then to the one before.
    pub(crate) fn turn(&mut self, chapters: isize) {
        let starts = &self.starts;
        let found = if chapters > 0 {
            starts.iter().find(|start| **start > self.at).or(starts.last())
        } else {
            starts.iter().rev().find(|start| **start < self.at).or(starts.first())
        };
        if let Some(start) = found.copied() {
            self.go(start);
        }
    }

    /// Goes to the next line, or with a negative count the one before, of which `is_it` is true; goes on at the other end.
    pub(crate) fn seek(&mut self, way: isize, is_it: impl Fn(&DraftLine) -> bool) -> bool {
        let n = self.lines.len() as isize;
        let found = (1..=n).map(|step| (self.at as isize + step * way).rem_euclid(n) as usize).find(|at| is_it(&self.lines[*at]));
        if let Some(found) = found {
            self.at = found;
        }
        found.is_some()
    }

    /// What is looked for, in small letters.
    pub(crate) fn needle(&self) -> Option<String> {
        let needle = self.find.as_ref()?.input.text().to_lowercase();
        (!needle.is_empty()).then_some(needle)
    }
}

impl Chapter {
    /// Its lines; `typed` stands in place of the words that are kept.
    fn lay_out(&self, index: usize, width: usize, typed: Option<&str>) -> Vec<DraftLine> {
        let prose = typed.unwrap_or(&self.prose).trim_end();
        let mut lines: Vec<DraftLine> = Vec::new();
        let mut source = String::new();
        let mut first_of_prose = 0;
        for (part, is_prose) in
            [(format!("## {}\n", self.title).as_str(), false), (&self.before, false), (prose, true), (&self.after, false)]
        {
            if part.trim().is_empty() {
                continue;
            }
            if is_prose {
                first_of_prose = source.lines().count();
            }
            source.push_str(part.trim_end());
            source.push_str("\n\n");
        }
        let texts: Vec<&str> = source.lines().collect();
        let of = |remark: &Remark| match remark.line {
            Some(line) => Some(first_of_prose + line).filter(|_| first_of_prose > 0),
            None if remark.label.is_empty() => None,
            None => texts.iter().position(|text| holds(text, &remark.label)),
        };
        let drawn = paper::lay_out(&source, width);
        // Lines of one paragraph are drawn as one: what is about one of them stands at its first.
        let of = |remark: &Remark| {
            let place = of(remark)?;
            drawn.iter().filter(|line| !line.spans.is_empty()).map(|line| line.source).take_while(|source| *source <= place).last()
        };
        let places: Vec<Option<usize>> = self.remarks.iter().map(of).collect();
        let mut is_told = vec![false; places.len()];
        for line in drawn {
            let here = |place: &Option<usize>| *place == Some(line.source) && !line.spans.is_empty();
            let found = (0..places.len()).filter(|at| here(&places[*at]) && !is_told[*at]).max_by_key(|at| self.remarks[*at].is_error);
            if found.is_some() {
                (0..places.len()).filter(|at| here(&places[*at])).for_each(|at| is_told[at] = true);
            }
            lines.push(DraftLine { line, chapter: Some(index), remark: found });
        }
        // What is about no line is told at the heading.
        if let (Some(heading), Some(found)) = (lines.first_mut(), (0..places.len()).find(|at| !is_told[*at])) {
            heading.remark.get_or_insert(found);
        }
        lines
    }
}

/// Whether a line holds a label as a word of its own: `C1` is not in `C12`.
fn holds(text: &str, label: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric();
    text.match_indices(label).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + label.len()..]);
        !before.chars().next_back().is_some_and(is_part) && !after.chars().next().is_some_and(is_part)
    })
}

/// What belongs into a section, for whoever has an empty page before him. Never exported.
pub(crate) fn advice(stem: &str) -> &'static str {
    let bare = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_').to_lowercase().replace(['_', ' '], "-");
    ADVICE.iter().find(|entry| bare == entry.0).map_or(
        "What a reader who was not there needs to know here.\nWhat happened, by which numbers it can be told, and what is still unknown.",
        |entry| entry.1,
    )
}

/// Sections that people usually write, in the order in which they are offered, and what belongs into each.
pub(crate) const ADVICE: [(&str, &str); 13] = [
    (
        "summary",
        "40 to 150 words for somebody who reads nothing else:\nwhat users saw, from when to when, how many; what set it off and what lay beneath;\nhow it was noticed, what ended it, what is done so that it does not come back.",
    ),
    (
        "impact",
        "What users could not do, in their words. Which of them, and how you know.\nThe numbers stand in the table; here is what they meant. Was data lost? Money, promises, trust?",
    ),
    ("background", "What a reader must know of the system to follow: the parts concerned, who calls whom, what is normal."),
    (
        "what-happened",
        "The story in the order in which it happened, with times. What people saw, what they thought it was, what they did.\nWhy each step looked right at the time.",
    ),
    ("detection", "How it was noticed, and what could have told sooner. Which alert was missing, late, or lost in noise."),
    ("response", "Who came when, what helped, what stood in the way: access, run books, tools, knowing whom to ask."),
    ("root-cause", "The mechanism, so that somebody could cause it on purpose. What was needed besides the trigger."),
    (
        "verification",
        "How you know that the fix works: stages, traffic, thresholds, what would have rolled it back, for how long it was watched.",
    ),
    ("went-well", "What limited the damage: an alert, a switch, a habit, a person who knew. One thing a line."),
    ("went-badly", "What made it worse or longer. Systems and habits, not people. One thing a line."),
    ("lucky", "What could have been much worse, and was not for no good reason. \"None\" is an answer."),
    ("lessons", "What you believed before, and know to be otherwise now. Where it is taught from now on."),
    ("customer-message", "What is said outside: what happened, what it meant to you, what we do. No names, no internals, no blame."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(name: &str, prose: &str, remarks: Vec<Remark>) -> Chapter {
        Chapter {
            name: name.into(),
            title: name.into(),
            before: "before".into(),
            prose: prose.into(),
            after: String::new(),
            written: prose.into(),
            origin: Origin::File(name.into()),
            remarks,
        }
    }

    fn remark(line: Option<usize>, label: &str) -> Remark {
        Remark {
            rule: "PM022".into(),
            is_error: false,
            place: "here".into(),
            message: "wrong".into(),
            fix: "mend".into(),
            line,
            label: label.into(),
        }
    }

    fn draft() -> Draft {
        let remarks = vec![remark(Some(1), ""), remark(None, "C1"), remark(None, "")];
        let chapters = vec![chapter("one", "a C12\nb\n\nC1 c", remarks), chapter("two", "x\n\ny", Vec::new())];
        let mut draft = Draft::default();
        draft.take(Manuscript { head: "# T".into(), style: String::new(), chapters });
        draft.prepare((40, 5), None);
        draft
    }

    fn texts(draft: &Draft) -> Vec<String> {
        draft.lines.iter().map(|line| line.line.text()).collect()
    }

    #[test]
    fn remarks_stand_at_the_line_they_are_about_else_at_the_heading() {
        let draft = draft();
        let marked: Vec<(String, usize)> = draft.lines.iter().filter_map(|line| Some((line.line.text(), line.remark?))).collect();
        // Both lines of a paragraph are drawn as one.
        assert_eq!(marked, [("one".to_owned(), 2), ("a C12 b".to_owned(), 0), ("C1 c".to_owned(), 1)]);
    }

    #[test]
    fn sections_are_turned_like_pages_and_the_reader_stays_when_the_width_changes() {
        let mut draft = draft();
        draft.turn(1);
        assert_eq!(draft.chapter().map(|chapter| chapter.name.as_str()), Some("one"));
        draft.turn(1);
        draft.step(2);
        let before = texts(&draft)[draft.at].clone();
        draft.prepare((12, 5), None);
        assert_eq!((texts(&draft)[draft.at].clone(), draft.chapter().map(|chapter| chapter.name.clone())), (before, Some("two".into())));
        draft.turn(-1);
        draft.turn(-1);
        assert_eq!(draft.chapter().map(|chapter| chapter.name.as_str()), Some("one"));
        draft.step(-100);
        draft.step(100);
        assert_eq!(draft.at, draft.lines.len() - 1);
    }

    #[test]
    fn words_being_written_stand_in_place_of_those_that_are_kept() {
        let mut draft = draft();
        draft.prepare((40, 5), Some(("two", "**new** words")));
        let all = texts(&draft).join("\n");
        assert!(all.contains("new words") && !all.contains("\ny") && all.contains("a C12 b"), "{all}");
    }

    #[test]
    fn advice_is_found_by_the_name_of_the_file() {
        assert!(advice("03-went_well").starts_with("What limited"));
        assert!(advice("anything").starts_with("What a reader"));
    }
}
