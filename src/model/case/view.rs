//! How panels are drawn, as far as the case keeps it, and its short forms in text.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::time::NS_PER_S;
use crate::model::when::parse_duration;

/// How panels are drawn: the user's choice, by full series name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PanelView {
    /// Series with a logarithmic axis.
    pub log: BTreeSet<String>,
    /// Series with their baseline drawn behind them.
    pub ghost: BTreeSet<String>,
    /// Whether stretches that are not to be trusted are shaded in all panels.
    pub has_trust: bool,
    /// Series whose panel shows more than that series, and how.
    pub forms: BTreeMap<String, PanelForm>,
    /// Series whose ghost is not their baseline but this earlier window; each is in `ghost` as well.
    pub earlier: BTreeMap<String, Earlier>,
    /// Series whose threshold in the case must not be fallen below; that of others must not be exceeded.
    pub floors: BTreeSet<String>,
    /// What the lines of all panels are drawn with.
    pub renderer: Renderer,
}

/// A panel that shows several series, or a histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelForm {
    /// How.
    pub shape: PanelShape,
    /// The label whose values are the parts, all others as in the series; `None`: all series of its name.
    pub by: Option<String>,
}

/// How several series share a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelShape {
    /// One line each, over one another.
    Overlaid,
    /// Parts of a sum on top of one another.
    Stacked,
    /// A small panel each, with one axis.
    Multiples,
    /// Buckets of a histogram over time.
    Heat,
}

impl PanelShape {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Overlaid, Self::Stacked, Self::Multiples, Self::Heat];

    /// Name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overlaid => "overlaid",
            Self::Stacked => "stacked",
            Self::Multiples => "multiples",
            Self::Heat => "heat",
        }
    }
}

/// Which earlier window a ghost shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// Everywhere what was so many ns earlier.
    Shifted(i64),
    /// The so many ns before T+0, laid over what came after it.
    BeforeT0(i64),
}

/// What lines are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renderer {
    /// Columns of blocks.
    #[default]
    Blocks,
    /// A line of braille dots, two to a column.
    Braille,
}

impl PanelForm {
    /// `stacked by code`, as files have it.
    pub fn text(&self) -> String {
        match &self.by {
            Some(by) => format!("{} by {by}", self.shape.name()),
            None => self.shape.name().to_owned(),
        }
    }

    /// Reads what `text` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, by) = match text.split_once(" by ") {
            Some((name, by)) => (name, Some(by.to_owned())),
            None => (text, None),
        };
        let shape = PanelShape::ALL.into_iter().find(|shape| shape.name() == name)?;
        Some(Self { shape, by })
    }
}

impl Earlier {
    /// `-1h` or `T-10m`, as files and the command line have it.
    pub fn text(self) -> String {
        match self {
            Self::Shifted(ns) => format!("-{}", duration(ns)),
            Self::BeforeT0(ns) => format!("T-{}", duration(ns)),
        }
    }

    /// Reads what `text` writes, and other durations; the minus of a shift may be left out.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (make, rest): (fn(i64) -> Self, &str) = match text.strip_prefix(['T', 't']) {
            Some(rest) => (Self::BeforeT0, rest.trim_start().strip_prefix(['-', '−'])?),
            None => (Self::Shifted, text.strip_prefix(['-', '−']).unwrap_or(text)),
        };
        parse_duration(rest.trim()).ok().filter(|ns| *ns > 0).map(make)
    }
}

/// Whole units only, the greatest that fits: `90s`, `1h`.
fn duration(ns: i64) -> String {
    const UNITS: [(&str, i64); 6] =
        [("d", 86_400 * NS_PER_S), ("h", 3600 * NS_PER_S), ("m", 60 * NS_PER_S), ("s", NS_PER_S), ("ms", NS_PER_S / 1000), ("ns", 1)];
    let (unit, size) = UNITS.into_iter().find(|(_, size)| ns % size == 0).unwrap_or(("ns", 1));
    format!("{}{unit}", ns / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_earlier_windows_read_as_they_are_written() {
        for shape in PanelShape::ALL {
            for by in [None, Some("code".to_owned()), Some("a by b".to_owned())] {
                let form = PanelForm { shape, by };
                assert_eq!(PanelForm::parse(&form.text()), Some(form));
            }
        }
        for earlier in [Earlier::Shifted(3600 * NS_PER_S), Earlier::BeforeT0(90 * NS_PER_S), Earlier::Shifted(7)] {
            assert_eq!(Earlier::parse(&earlier.text()), Some(earlier));
        }
        assert_eq!(Earlier::parse("1h").map(Earlier::text).as_deref(), Some("-1h"));
        assert_eq!([Earlier::parse("T+3m"), Earlier::parse("soon"), Earlier::parse("-0s")], [None; 3]);
        assert_eq!(PanelForm::parse("round"), None);
    }
}
