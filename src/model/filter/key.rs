//! The words that mean something before a sign, and what any name before a sign may look like.

/// Words with a meaning before a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Level,
    Service,
    Status,
    Latency,
    File,
    Since,
    Until,
    Trace,
    Pattern,
    Fuzzy,
}

impl Key {
    pub const ALL: [Self; 10] = [
        Self::Level,
        Self::Service,
        Self::Status,
        Self::Latency,
        Self::File,
        Self::Since,
        Self::Until,
        Self::Trace,
        Self::Pattern,
        Self::Fuzzy,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Service => "service",
            Self::Status => "status",
            Self::Latency => "latency",
            Self::File => "file",
            Self::Since => "since",
            Self::Until => "until",
            Self::Trace => "trace",
            Self::Pattern => "pattern",
            Self::Fuzzy => "fuzzy",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }
}

/// Whether a name may stand before a sign without quotes.
pub(super) fn is_key(name: &str) -> bool {
    key_len(name) == name.len() && !name.is_empty()
}

/// Length of the key at the start of a text, 0 if there is none.
pub(super) fn key_len(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '@') {
        return 0;
    }
    let len = text.find(|c: char| !(c.is_alphanumeric() || "_-.@".contains(c))).unwrap_or(text.len());
    // `a->b` is a word.
    if text[..len].ends_with(['-', '.']) { 0 } else { len }
}
