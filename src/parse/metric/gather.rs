//! Samples of one file on their way to series, for formats whose records say name, labels, unit and time themselves.
//!
//! Keeps count of what could not be placed or read, by line. One [`Gather`] a file; `finish` gives the document.

use crate::model::catalog::Problems;
use crate::model::when::WallZone;
use crate::model::{Labels, ProblemKind, Sample, SeriesKind, Timestamp, Unit, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::{Collector, Place};

/// What a series is, as its format states it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Identity {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub unit: Unit,
    /// Behaviour, when the format states one.
    pub kind: Option<SeriesKind>,
}

impl Identity {
    pub fn new(name: impl Into<String>, labels: Vec<(String, String)>) -> Self {
        Self { name: name.into(), labels, ..Self::default() }
    }
}

/// Series under construction, and what went wrong.
pub(super) struct Gather<'a> {
    context: &'a Context,
    collector: Collector,
    kinds: Vec<Option<SeriesKind>>,
    pub problems: Problems,
    /// Zone of times without an offset.
    pub zone: WallZone,
    /// How the zone of the times is known; `None` while there is no time.
    pub certainty: Option<ZoneCertainty>,
    /// Records as the format counts them: rows, points, lines.
    pub n_records: u64,
    /// Records without a usable time.
    pub n_unplaced: u64,
}

impl<'a> Gather<'a> {
    pub fn new(context: &'a Context) -> Self {
        let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
        Self {
            context,
            collector: Collector::default(),
            kinds: Vec::new(),
            problems: Problems::default(),
            zone,
            certainty: None,
            n_records: 0,
            n_unplaced: 0,
        }
    }

    /// Adds a sample. A second one at the same time replaces the first and is counted.
    pub fn push(&mut self, place: Place, identity: Identity, time: Timestamp, value: f64) {
        let index = self.collector.series(identity.name, Labels::new(identity.labels));
        self.kinds.resize(self.kinds.len().max(index + 1), None);
        self.kinds[index] = self.kinds[index].or(identity.kind);
        self.collector.set_unit(index, identity.unit);
        if let Err(surprise) = self.collector.push(index, Sample { time, value })
            // Engines answer newest first: the order of points is no fault of theirs.
            && surprise.kind != ProblemKind::Order
        {
            self.problems.push(place.problem(surprise.kind, surprise.reason));
        }
    }

    /// Counts a record that cannot be read.
    pub fn refuse(&mut self, place: Place, reason: impl Into<String>) {
        self.problems.push(place.problem(ProblemKind::Syntax, reason.into()));
    }

    /// Counts a record without a usable time.
    pub fn unplaced(&mut self, place: Place, reason: impl Into<String>) {
        self.n_unplaced += 1;
        self.problems.push(place.problem(ProblemKind::Time, reason.into()));
    }

    /// The document of all that was gathered.
    pub fn finish(mut self, bytes: &[u8]) -> Document {
        let mut series = self.collector.finish(self.context, &mut self.problems);
        for (one, kind) in series.iter_mut().zip(&self.kinds) {
            one.kind = kind.unwrap_or(one.kind);
        }
        let stated = self.context.zone.clone();
        let zone = match self.certainty {
            None => Zone::default(),
            Some(ZoneCertainty::Default) if stated.is_some() => stated.unwrap_or_default(),
            Some(certainty) => Zone { name: self.zone.name(), certainty },
        };
        Document {
            series,
            problems: self.problems,
            n_records: self.n_records,
            n_lines: json::count_lines(bytes),
            n_unplaced: self.n_unplaced,
            zone,
            ..Document::default()
        }
    }
}

/// Words of a column or key as a metric name: `%user` → `percent_user`, `rxpck/s` → `rxpck_per_s`, `cpu-load` → `cpu_load`.
pub(super) fn name_of(words: &str) -> String {
    let spelled = words.trim().replace('%', "percent_").replace("/s", "_per_s");
    let mut name = String::with_capacity(spelled.len());
    for c in spelled.chars() {
        let c = if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        if c != '_' || !name.ends_with('_') {
            name.push(c);
        }
    }
    name.trim_matches('_').to_owned()
}

/// Lines of a text with their places, line ends cut.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (Place, &str)> {
    let mut place = Place { line: 1, byte: 0 };
    text.split_inclusive('\n').map(move |line| {
        let here = place;
        place = Place { line: here.line + 1, byte: here.byte + line.len() as u64 };
        (here, line.trim_end_matches(['\n', '\r']))
    })
}
