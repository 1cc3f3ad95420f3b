//! What may follow the name of an action on the command line, and other names that actions go by.
//!
//! Only words here: what an argument does is in `update::action`, what it may go on with in `update::command_line`.

use super::actions::Action;

/// What an action takes behind its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    Time,
    Zone,
    Filter,
    Find,
    /// A key moment.
    Marker,
    /// A kind of record.
    Kind,
    /// A series or a formula over series.
    Formula,
    Limit,
    /// An earlier window.
    Ghost,
    /// A label of series.
    Label,
    Severity,
    /// Labels for notes.
    Tags,
    /// A time with a sign, by which something moves.
    Shift,
    /// A source, if none is selected, and by how much its clock moves.
    Clock,
    /// A source, if none is selected, and the zone of its times.
    SourceZone,
    /// Which notes are listed.
    Notes,
    /// Any words.
    Words,
    /// How many times.
    Count,
    /// A word for macros and the name of one.
    Macro,
    /// Keys to press.
    Keys,
    /// A theme, or a set of signs.
    Theme,
    /// `on` or `off`.
    Switch,
    /// A step of the tour.
    Step,
}

impl Argument {
    /// How help calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Time => "TIME",
            Self::Zone => "ZONE",
            Self::Filter => "FILTER",
            Self::Find => "WORDS, 'EXACT or /REGEX/",
            Self::Marker => "MOMENT",
            Self::Kind => "KIND [WORDS]",
            Self::Formula => "SERIES or FORMULA",
            Self::Limit => "LIMIT",
            Self::Ghost => "EARLIER",
            Self::Label => "LABEL",
            Self::Severity => "SEVERITY",
            Self::Tags => "LABELS",
            Self::Shift => "+TIME or -TIME",
            Self::SourceZone => "[FILE] ZONE",
            Self::Clock => "[FILE] +TIME, -TIME or 0",
            Self::Notes => "CONDITIONS",
            Self::Words => "WORDS",
            Self::Count => "TIMES",
            Self::Macro => "save NAME, play NAME [TIMES], remove NAME or list",
            Self::Keys => "KEYS",
            Self::Theme => "THEME",
            Self::Switch => "on or off",
            Self::Step => "STEP, skip or off",
        }
    }

    /// What can be typed for it.
    pub(crate) const fn forms(self) -> &'static str {
        match self {
            Self::Time => "14:03:22   T+12m   -90s   2026-11-22T03:24Z   1795400650",
            Self::Zone => "Europe/Berlin   Asia/Shanghai   UTC",
            Self::Filter => "level>=warn   service:name   status>=500   latency>1s   words   \"exact\"   /regex/   and or not ()",
            Self::Find => "fuzzy words   'exact text   /regex/",
            Self::Formula => "go_goroutines   rate(requests_total[1m])   sum by (service) (…)",
            Self::Limit => "1000   1.5s   250ms   5%   64MiB   <99.9% for what must not fall below   off",
            Self::Ghost => "-1h   T-10m   baseline   off",
            Self::Tags => "pool   -draft takes a label off",
            Self::Shift => "+90s   -1h   250ms",
            Self::SourceZone => "+01:00   logs/app.log Europe/Berlin   UTC",
            Self::Clock => "+1.5s   logs/payment.log -90s   0",
            Self::Notes => "kind:hypothesis   tag:pool   author:name   pinned   words",
            Self::Keys => "e e Enter   3*l   \"typed text\"   <zoom-in>   ^p",
            Self::Theme => "dark   light   high-contrast   16   16-light   mono   ascii   unicode   terminal",
            Self::Switch => "on   off",
            Self::Severity => "SEV1   SEV2   as your house says",
            Self::Marker | Self::Kind | Self::Label | Self::Words | Self::Count | Self::Macro | Self::Step => "",
        }
    }
}

/// What an action takes; `None` when nothing may follow its name.
pub(crate) const fn of(action: Action) -> Option<Argument> {
    use Action as A;
    Some(match action {
        A::GoTo | A::SetT0 => Argument::Time,
        A::ChooseZone => Argument::Zone,
        A::Find => Argument::Find,
        A::FilterIn | A::FilterOut => Argument::Filter,
        A::Mark => Argument::Marker,
        A::AddRecord => Argument::Kind,
        A::TagRecords => Argument::Tags,
        A::Retime => Argument::Shift,
        A::SourceZone => Argument::SourceZone,
        A::ClockOffset => Argument::Clock,
        A::FilterNotes => Argument::Notes,
        A::Ghost | A::GhostWindow => Argument::Ghost,
        A::Limit => Argument::Limit,
        A::Overlaid | A::Stacked | A::Multiples => Argument::Label,
        A::Title | A::Note => Argument::Words,
        A::Severity => Argument::Severity,
        A::PanelPicker => Argument::Formula,
        A::PlayMacro => Argument::Count,
        A::Macro => Argument::Macro,
        A::PressKeys => Argument::Keys,
        A::NextTheme => Argument::Theme,
        A::Mouse | A::PlainText => Argument::Switch,
        A::Tour => Argument::Step,
        _ => return None,
    })
}

/// Whether an action means nothing without its argument.
pub(crate) const fn needs_argument(action: Action) -> bool {
    matches!(action, Action::Macro | Action::PressKeys)
}

/// Other names, where fingers know them from elsewhere, and what they stand for.
pub(crate) const ALIASES: &[(&str, Action)] = &[
    ("q", Action::Quit),
    ("w", Action::Save),
    ("h", Action::Help),
    ("panel", Action::PanelPicker),
    ("go", Action::GoTo),
    ("filter", Action::FilterIn),
    ("t0", Action::SetT0),
];

/// The action that goes by another name.
pub(crate) fn alias(name: &str) -> Option<Action> {
    ALIASES.iter().find(|alias| alias.0 == name).map(|alias| alias.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::actions;

    #[test]
    fn no_other_name_hides_an_action() {
        for (name, _) in ALIASES {
            assert!(actions::Action::from_name(name).is_none(), "{name}");
            assert_eq!(ALIASES.iter().filter(|other| other.0 == *name).count(), 1, "{name}");
        }
    }
}
