//! One line to type above the panes (go to, find, filter, labels, a command …): what it is for, what it says so far.
//!
//! What the line does when it is entered is decided in `update`; here is only what is on it.

use std::ops::Range;

use super::find::Typing;
use super::line::LineInput;
use crate::model::SourceId;

/// What a typed line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptKind {
    GoTo,
    Find,
    /// The earlier window of a ghost.
    Ghost,
    /// The limit of a panel.
    Limit,
    FilterIn,
    FilterOut,
    /// The whole filter as a text.
    FilterAll,
    /// One condition of it.
    FilterOne(usize),
    /// Labels for notes.
    Tag,
    /// By how much notes move in time.
    Retime,
    /// By how much the clock of a source moves.
    Clock(SourceId),
    /// The zone of a source whose times have none.
    SourceZone(SourceId),
    /// Which notes are listed.
    Notes,
    /// An action by its name.
    Command,
    /// An address to pin, with words behind it.
    Url,
}

impl PromptKind {
    /// Whether lines that were typed before can be called back.
    pub(crate) const fn is_recalled(self) -> bool {
        self.is_filter() || matches!(self, Self::Command)
    }

    /// Whether the filter language is typed.
    pub(crate) const fn is_filter(self) -> bool {
        matches!(self, Self::FilterIn | Self::FilterOut | Self::FilterAll | Self::FilterOne(_))
    }
}

/// Words to go on with in a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    /// Byte of the text from which a word stands.
    pub(crate) start: usize,
    pub(crate) words: Vec<String>,
    /// What each of them means, where it does not say so itself.
    pub(crate) notes: Vec<String>,
    /// The one that was taken last.
    pub(crate) chosen: Option<usize>,
}

/// One line to type, with what it would do.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    pub(crate) kind: PromptKind,
    pub(crate) input: LineInput,
    /// What the text means so far, or why it means nothing; `None` while empty.
    pub(crate) preview: Option<Result<String, String>>,
    /// Bytes of the text that are wrong.
    pub(crate) wrong: Option<Range<usize>>,
    pub(crate) offered: Option<Offered>,
    /// What a find offers so far.
    pub(crate) find: Option<Box<Typing>>,
    /// An earlier line that was called back.
    pub(crate) recalled: Option<Recalled>,
}

/// An earlier line in the place of what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recalled {
    /// Its place among those that were typed.
    pub(crate) at: usize,
    /// What was typed before it.
    pub(crate) typed: String,
}

impl Prompt {
    pub(crate) fn new(kind: PromptKind, text: &str) -> Self {
        Self { kind, input: LineInput::new(text), preview: None, wrong: None, offered: None, find: None, recalled: None }
    }

    pub(crate) const fn title(&self) -> &'static str {
        match self.kind {
            PromptKind::GoTo => "go to",
            PromptKind::Find => "find",
            PromptKind::Ghost => "ghost of",
            PromptKind::Limit => "limit of the selected panel",
            PromptKind::FilterIn => "keep only",
            PromptKind::FilterOut => "leave out",
            PromptKind::FilterAll => "filter",
            PromptKind::FilterOne(_) => "condition",
            PromptKind::Tag => "labels",
            PromptKind::Retime => "move by",
            PromptKind::Clock(_) => "clock offset",
            PromptKind::SourceZone(_) => "zone of a source",
            PromptKind::Notes => "notes",
            PromptKind::Command => "command",
            PromptKind::Url => "pin",
        }
    }

    pub(crate) const fn hint(&self) -> &'static str {
        match self.kind {
            PromptKind::GoTo => "14:03:22   3pm   yesterday 3pm   T+12m   -90s   2026-11-22T03:24Z   1795400650",
            PromptKind::FilterIn | PromptKind::FilterOut | PromptKind::FilterAll | PromptKind::FilterOne(_) => {
                "level>=warn   service:name   status>=500   latency>1s   words   \"exact\"   /regex/   and or not ()"
            }
            PromptKind::Ghost => "-1h: an hour ago   T-10m: the ten minutes before T+0, from T+0 on   baseline   off",
            PromptKind::Limit => "1000   1.5s   250ms   5%   64MiB   <99.9% for what must not fall below   off",
            PromptKind::Tag => "pool   -draft takes a label off; for the selected note, or all that the filter of the notes leaves",
            PromptKind::Retime => "+90s   -1h   250ms",
            PromptKind::SourceZone(_) => "+01:00   Europe/Berlin   UTC",
            PromptKind::Clock(_) => "+1.5s   -90s   2m   -8h   0: as the source states them",
            PromptKind::Notes => "kind:hypothesis   tag:pool   author:name   pinned   words; nothing lists all",
            PromptKind::Command => "",
            PromptKind::Url => "https://git.example/pull/7 the change that closes each connection",
            PromptKind::Find => "fuzzy words   'exact text   /regex/",
        }
    }
}
