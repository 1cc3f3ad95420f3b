//! What a case says of how its sources are read, as it is told of each of them.

use crate::model::{Zone, ZoneCertainty};

use super::said_of;

/// Sources by pattern, and words about them.
type Words = Vec<(Option<String>, String)>;

/// What is to be told of sources, by the pattern that names them or of all; the last that names one counts, and empty
/// words are not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Of those whose times have no zone of their own.
    pub zones: Words,
    /// Of any source.
    pub others: Vec<Words>,
}

/// What is told of one source.
#[derive(Debug, Clone, Default)]
pub struct Told {
    zone: Option<String>,
    others: Vec<String>,
}

impl Told {
    /// What concerns the source of this path.
    pub fn of(said: &Said, path: &str) -> Self {
        let of = |said: &Words| said_of(said, path).filter(|words| !words.is_empty());
        Self { zone: of(&said.zones), others: said.others.iter().filter_map(of).collect() }
    }

    /// Remarks about a source that is read in this zone.
    pub fn remarks(&self, zone: &Zone) -> Vec<String> {
        let has_none_of_its_own = !matches!(zone.certainty, ZoneCertainty::Offset | ZoneCertainty::None);
        self.zone.iter().filter(|_| has_none_of_its_own).chain(&self.others).cloned().collect()
    }
}
