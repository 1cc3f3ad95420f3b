//! How a document looks: order of sections and what its reader can show. Never what it says.

use super::layout::{Audience, Layout};
use super::words::Language;

/// Lines among which the front matter of a document is looked for.
const FRONT_LINES: usize = 60;

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
    /// Labels of evidence lead to a note at the end that says where it is from.
    pub footnotes: Feature,
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

impl Style {
    /// What of it is not as usual, as lines of the front matter: by them `verify` writes the document in the same style.
    pub fn stated(&self) -> Vec<(&'static str, String)> {
        let usual = Self::default();
        let mut out = Vec::new();
        if self.layout.name != usual.layout.name {
            out.push(("preset", self.layout.name.clone()));
        }
        if self.layout.audience == Audience::Public {
            out.push(("audience", "public".to_owned()));
        }
        if let Some((_, name)) = Language::ALL.iter().find(|entry| entry.0 == self.language && entry.0 != usual.language) {
            out.push(("language", (*name).to_owned()));
        }
        let Dialect { mermaid, html, footnotes } = self.dialect;
        let off = [("mermaid", mermaid), ("html", html), ("footnotes", footnotes)].into_iter().filter(|entry| entry.1 == Feature::Off);
        out.extend(off.map(|(name, _)| (name, "off".to_owned())));
        out
    }

    /// The style that a document states in its front matter; what it does not state is as usual.
    pub fn of_document(document: &str) -> Self {
        let front = document.lines().skip(1).take(FRONT_LINES).take_while(|line| *line != "---");
        let mut style = Self::default();
        let mut is_public = false;
        for line in front {
            let Some((key, value)) = line.split_once(": ") else { continue };
            let value = value.trim().trim_matches('"');
            match key {
                "preset" => style.layout = Layout::named(value).cloned().unwrap_or(style.layout),
                "audience" => is_public = value == "public",
                "language" => style.language = Language::from_name(value).unwrap_or(style.language),
                "mermaid" if value == "off" => style.dialect.mermaid = Feature::Off,
                "html" if value == "off" => style.dialect.html = Feature::Off,
                "footnotes" if value == "off" => style.dialect.footnotes = Feature::Off,
                _ => {}
            }
        }
        if is_public {
            style.layout.audience = Audience::Public;
        }
        style
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_is_read_back_from_what_it_states() {
        for layout in Layout::all() {
            for (language, _) in Language::ALL {
                for (mermaid, html) in [(Feature::On, Feature::Off), (Feature::Off, Feature::On)] {
                    let dialect = Dialect { mermaid, html, footnotes: html };
                    let style = Style { layout: layout.clone(), dialect, language };
                    let lines: String = style.stated().iter().map(|(key, value)| format!("{key}: \"{value}\"\n")).collect();
                    assert_eq!(Style::of_document(&format!("---\n# gen:front\n{lines}---\n\n# T\npreset: tldr\n")), style);
                }
            }
        }
        assert!(Style::default().stated().is_empty());
    }
}
