//! Small forms: a causal step, an attempt, an action item, the case itself.

use crate::model::{AnnotationId, TimeRange};

use super::editor::TextBox;
use super::line::LineInput;
use super::press::{KeyCode, KeyPress};

/// What the form makes or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FormPurpose {
    /// A causal step; `Some` changes an existing one.
    Cause { id: Option<AnnotationId>, at: TimeRange },
    /// A mitigation that was tried.
    Attempt { id: Option<AnnotationId>, at: TimeRange },
    /// An action item.
    Action { id: Option<AnnotationId> },
    /// A record of any kind, by the table of its fields.
    Record { kind: &'static str, id: Option<AnnotationId> },
    /// Title and severity of the case.
    Case,
}

/// One line of a list with several choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PickLine {
    pub(crate) id: AnnotationId,
    pub(crate) label: String,
    pub(crate) is_chosen: bool,
}

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text(LineInput),
    /// Text of several lines.
    Lines(Box<TextBox>),
    /// One of several names.
    Choice {
        options: Vec<&'static str>,
        chosen: usize,
    },
    /// Any of several records.
    Picks {
        lines: Vec<PickLine>,
        cursor: usize,
    },
}

/// A labelled field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) label: &'static str,
    pub(crate) kind: FieldKind,
    /// What to write here, shown while it is empty.
    pub(crate) hint: &'static str,
}

/// A form.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) purpose: FormPurpose,
    pub(crate) title: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) focus: usize,
    original: Vec<Field>,
}

impl Form {
    pub(crate) fn new(purpose: FormPurpose, title: impl Into<String>, fields: Vec<Field>) -> Self {
        Self { purpose, title: title.into(), original: fields.clone(), fields, focus: 0 }
    }

    pub(crate) fn is_changed(&self) -> bool {
        self.fields != self.original
    }

    pub(crate) fn go(&mut self, fields: isize) {
        let n = self.fields.len() as isize;
        self.focus = (self.focus as isize + fields).rem_euclid(n) as usize;
    }

    /// The text of a field, trimmed; empty for other kinds.
    pub(crate) fn text(&self, label: &str) -> String {
        match self.fields.iter().find(|field| field.label == label).map(|field| &field.kind) {
            Some(FieldKind::Text(line)) => line.text().trim().to_owned(),
            Some(FieldKind::Lines(lines)) => lines.text().trim().to_owned(),
            _ => String::new(),
        }
    }

    /// Index of the chosen option.
    pub(crate) fn choice(&self, label: &str) -> usize {
        match self.fields.iter().find(|field| field.label == label).map(|field| &field.kind) {
            Some(FieldKind::Choice { chosen, .. }) => *chosen,
            _ => 0,
        }
    }

    /// Chosen records.
    pub(crate) fn picks(&self, label: &str) -> Vec<AnnotationId> {
        match self.fields.iter().find(|field| field.label == label).map(|field| &field.kind) {
            Some(FieldKind::Picks { lines, .. }) => lines.iter().filter(|line| line.is_chosen).map(|line| line.id.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// The text of the field in focus; `None` where nothing is written.
    pub(crate) fn focused_text(&self) -> Option<String> {
        match &self.fields.get(self.focus)?.kind {
            FieldKind::Text(line) => Some(line.text().to_owned()),
            FieldKind::Lines(lines) => Some(lines.text()),
            _ => None,
        }
    }

    /// Other text for the field in focus.
    pub(crate) fn replace_text(&mut self, text: &str) {
        match self.fields.get_mut(self.focus).map(|field| &mut field.kind) {
            Some(FieldKind::Text(line)) => {
                *line = LineInput::default();
                line.insert(text.trim());
            }
            Some(FieldKind::Lines(lines)) => lines.replace(text),
            _ => {}
        }
    }

    /// Text at the cursor of the field in focus.
    pub(crate) fn paste(&mut self, text: &str) {
        match self.fields.get_mut(self.focus).map(|field| &mut field.kind) {
            Some(FieldKind::Text(line)) => line.insert(text),
            Some(FieldKind::Lines(lines)) => lines.paste(text),
            _ => {}
        }
    }

    /// Puts the focus on a field.
    pub(crate) fn focus_on(&mut self, label: &str) {
        self.focus = self.fields.iter().position(|field| field.label == label).unwrap_or(0);
    }

    /// Keys inside a field; up and down leave it at its ends. Enter goes on, but in a text of several lines it starts
    /// the next one; `true` means it was the last field.
    pub(crate) fn key(&mut self, key: KeyPress) -> bool {
        let is_last = self.focus + 1 == self.fields.len();
        let is_text = matches!(self.fields.get(self.focus).map(|field| &field.kind), Some(FieldKind::Lines(_)));
        if key.code == KeyCode::Enter && !is_text {
            if !is_last {
                self.go(1);
            }
            return is_last;
        }
        let Some(field) = self.fields.get_mut(self.focus) else { return false };
        let leave = match (&mut field.kind, key.code) {
            (FieldKind::Picks { cursor, .. }, KeyCode::Up) if *cursor > 0 => {
                *cursor -= 1;
                0
            }
            (FieldKind::Picks { lines, cursor }, KeyCode::Down) if *cursor + 1 < lines.len() => {
                *cursor += 1;
                0
            }
            (FieldKind::Lines(lines), KeyCode::Up) if lines.cursor().0 > 0 => {
                lines.key(key);
                0
            }
            (FieldKind::Lines(lines), KeyCode::Down) if lines.cursor().0 + 1 < lines.lines().len() => {
                lines.key(key);
                0
            }
            (_, KeyCode::Up) => -1,
            (_, KeyCode::Down) => 1,
            (FieldKind::Choice { options, chosen }, KeyCode::Right | KeyCode::Char(' ' | 'l')) => {
                *chosen = (*chosen + 1) % options.len();
                0
            }
            (FieldKind::Choice { options, chosen }, KeyCode::Left | KeyCode::Char('h')) => {
                *chosen = (*chosen + options.len() - 1) % options.len();
                0
            }
            (FieldKind::Choice { options, chosen }, KeyCode::Char(letter)) => {
                // The first letter of an option chooses it.
                if let Some(found) = options.iter().position(|option| option.starts_with(letter)) {
                    *chosen = found;
                }
                0
            }
            (FieldKind::Picks { lines, cursor }, KeyCode::Char(' ' | 'x')) => {
                if let Some(line) = lines.get_mut(*cursor) {
                    line.is_chosen = !line.is_chosen;
                }
                0
            }
            (FieldKind::Text(line), _) => {
                line.key(key);
                0
            }
            (FieldKind::Lines(lines), _) => {
                lines.key(key);
                0
            }
            _ => 0,
        };
        if leave != 0 {
            self.go(leave);
        }
        false
    }
}
