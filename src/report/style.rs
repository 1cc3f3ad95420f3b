//! How a document looks: order of sections and what its reader can show. Never what it says.

use super::layout::Layout;
use super::words::Language;

/// Something that not every reader of Markdown can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Feature {
    /// It is used.
    #[default]
    On,
    /// It is left out, and what it said is told in another way.
    Off,
}

/// What Markdown may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// A graph of the chain in a `mermaid` fence; the same always stands below as a list.
    pub mermaid: Feature,
    /// Line breaks in cells, parts that fold, and the comments by which numbers are found again.
    pub html: Feature,
}

/// How a document looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Sections, order, titles.
    pub layout: Layout,
    /// What Markdown may use.
    pub dialect: Dialect,
    /// In which language its fixed words are.
    pub language: Language,
}

impl Default for Style {
    fn default() -> Self {
        Self { layout: Layout::full().clone(), dialect: Dialect::default(), language: Language::English }
    }
}
