//! Presets: which sections a document has, in which order, under which titles. Data (`assets/presets.toml`), not code.

use std::sync::LazyLock;

use serde::Deserialize;

/// The presets that come with the program.
const PRESETS: &str = include_str!("../../assets/presets.toml");

/// How thoroughly words are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Colleagues: secrets only.
    #[default]
    Internal,
    /// Everybody: people, machines, addresses and internal links too.
    Public,
}

/// One preset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Layout {
    /// Name on the command line.
    pub name: String,
    /// One line for help.
    pub about: String,
    /// For whom it is written.
    #[serde(default, rename = "redaction")]
    pub audience: Audience,
    /// Places in their order.
    pub sections: Vec<Place>,
}

/// One place of a layout.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// Name of a section, `prose` or `rest`.
    pub id: String,
    /// Its title here.
    pub title: Option<String>,
}

#[derive(Deserialize)]
struct File {
    preset: Vec<Layout>,
}

static ALL: LazyLock<Vec<Layout>> =
    LazyLock::new(|| toml_edit::de::from_str::<File>(PRESETS).map(|file| file.preset).expect("a test reads the presets"));

impl Layout {
    /// All presets, `full` first.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The preset of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|layout| layout.name == name)
    }

    /// Everything, in the order of reading.
    pub fn full() -> &'static Self {
        &ALL[0]
    }

    /// Sections in the order of this layout, with the titles that it gives them. `names` are what there is.
    pub fn arrange<'a>(&'a self, names: &[&str]) -> Vec<(usize, Option<&'a str>)> {
        let is_named = |name: &str| self.sections.iter().any(|place| place.id == name);
        let is_prose = |name: &str| name.starts_with("section.");
        let mut order = Vec::new();
        for place in &self.sections {
            for (index, name) in names.iter().enumerate() {
                let is_here = match place.id.as_str() {
                    "prose" => is_prose(name) && !is_named(name),
                    "rest" => !is_prose(name) && !is_named(name),
                    id => id == *name,
                };
                if is_here {
                    order.push((index, place.title.as_deref()));
                }
            }
        }
        order
    }
}

/// The presets with their sentences, for help.
pub fn table() -> String {
    ALL.iter().map(|layout| format!("  {:<12} {}", layout.name, layout.about)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_read_and_full_comes_first() {
        let names: Vec<&str> = Layout::all().iter().map(|layout| layout.name.as_str()).collect();
        assert_eq!(names, ["full", "sre-book", "pagerduty", "kehoe", "atlassian", "public", "tldr"]);
        assert_eq!(Layout::named("public").unwrap().audience, Audience::Public);
    }

    #[test]
    fn a_section_stands_once_and_what_is_not_named_is_left_out() {
        let names = ["summary", "impact", "new", "section.went-well", "section.other", "appendix"];
        let ids = |preset: &str| -> Vec<&str> {
            Layout::named(preset).unwrap().arrange(&names).into_iter().map(|(index, _)| names[index]).collect()
        };
        assert_eq!(ids("tldr"), ["summary", "impact"]);
        assert_eq!(ids("full"), ["summary", "impact", "new", "section.went-well", "section.other", "appendix"]);
        assert_eq!(ids("sre-book"), ["summary", "impact", "section.went-well", "section.other", "new", "appendix"]);
    }
}
