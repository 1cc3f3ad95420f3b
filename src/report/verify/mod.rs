//! Compares an exported document with the one that the sources give now: what is stated, what comes out, what drifted.
//!
//! Three verdicts. Equal; drifted; *cannot be checked* because a source that the document rests on is not there. The
//! last is never silently the first. Pure: whoever calls it computes the document anew (`runtime::gate`).

pub mod claims;
mod page;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;
use super::blocks::{self, blocks};
use super::format::Format;
use super::html;
use super::layout::Audience;
use super::postmortem::{Postmortem, provenance};
use super::print::{Printed, print};
use super::style::Style;
use super::words::Language;
use crate::model::{Catalog, SourceReport};
use claims::{Claim, ClaimKind, claims, numbers};

/// What became of one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The sources say the same.
    Same,
    /// They say something else, or the document no longer says it.
    Drifted,
    /// It cannot be computed; why.
    Unchecked(String),
}

/// One claim, as stated and as computed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its name.
    pub id: String,
    /// Line in the document, `None` for what it no longer says.
    pub line: Option<usize>,
    /// As the document says.
    pub stated: Option<String>,
    /// As the sources say.
    pub recomputed: Option<String>,
    /// The outcome.
    pub verdict: Verdict,
}

/// The whole comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Every claim in the order of the document.
    pub claims: Vec<Checked>,
    /// Blocks that were edited by hand since they were generated.
    pub edited: Vec<String>,
    /// Sources that the document rests on and that are not there.
    pub missing: Vec<String>,
    /// Sources that are read otherwise now than when the document was made.
    pub reread: Vec<Reread>,
}

/// A source that was read otherwise when the document was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// Its path as it is now.
    pub path: String,
    /// What differs.
    pub what: Way,
    /// As the document says.
    pub then: String,
    /// As it is now.
    pub now: String,
}

/// In what the reading of a source may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The zone of times without one.
    Zone,
    /// What it was taken for.
    Format,
}

impl Way {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Format => "format",
        }
    }
}

impl Report {
    /// Claims that drifted.
    pub fn n_drifted(&self) -> usize {
        self.claims.iter().filter(|claim| claim.verdict == Verdict::Drifted).count()
    }

    /// Claims that could not be checked.
    pub fn n_unchecked(&self) -> usize {
        self.claims.iter().filter(|claim| matches!(claim.verdict, Verdict::Unchecked(_))).count()
    }
}

/// A picture beside the document: its name, its hash as found, its hash as drawn anew.
pub type Picture = (String, Option<String>, Option<String>);

/// A form in which a document can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Markdown with the marks of its blocks, or with one seal.
    Markdown,
    /// A page.
    Html,
    /// `coroner.postmortem/1`.
    Json,
}

impl Form {
    /// What a document is; `None`: nothing that this program wrote.
    pub fn of(document: &str) -> Option<Self> {
        if document.trim_start().to_ascii_lowercase().starts_with("<!doctype html") {
            return html::is_sealed(document).map(|_| Self::Html);
        }
        if document.trim_start().starts_with('{') {
            return values::claims(document).map(|_| Self::Json);
        }
        let is_ours = blocks::is_bare(document) || blocks(document).keys().any(|name| name != "front");
        is_ours.then_some(Self::Markdown)
    }

    /// The style in which a document of this form was written.
    pub fn style_of(self, document: &str) -> Style {
        match self {
            Self::Markdown => Style::of_document(document),
            Self::Html => html::style_of(document),
            Self::Json => {
                let mut style = Style::default();
                style.layout.audience = if values::is_public(document) { Audience::Public } else { Audience::Internal };
                style
            }
        }
    }

    /// A document of this form as it would be written now, with its pictures.
    pub fn print(self, postmortem: &Postmortem, style: &Style) -> Printed {
        let format = match self {
            Self::Markdown => Format::Markdown,
            Self::Html => Format::Html,
            Self::Json => Format::Json,
        };
        print(postmortem, format, style)
    }

    fn claims(self, document: &str) -> Vec<Claim> {
        match self {
            Self::Markdown => claims(document),
            // Lines of the Markdown are none of the page.
            Self::Html => claims(&page::as_markdown(document)).into_iter().map(|claim| Claim { line: 0, ..claim }).collect(),
            Self::Json => values::claims(document).unwrap_or_default(),
        }
    }

    /// Parts that were edited by hand since they were written: block and place, what it should hash to and what it does.
    fn edited(self, document: &str) -> Vec<(String, usize, [String; 2])> {
        let is_broken = match self {
            Self::Markdown if !blocks::is_bare(document) => {
                let edited = blocks(document).into_values().filter(blocks::Block::is_edited);
                return edited.map(|block| (block.name, block.line, [blocks::hash(&block.content), block.sha])).collect();
            }
            Self::Markdown => !blocks::is_sealed(document),
            Self::Html => html::is_sealed(document) == Some(false),
            Self::Json => false,
        };
        let words = ["other than as written".to_owned(), "as written".to_owned()];
        if is_broken { vec![("document".to_owned(), 1, words)] } else { Vec::new() }
    }
}

/// Paths of the sources that a document rests on, as it was written.
pub fn stated_sources(form: Form, document: &str) -> Vec<String> {
    sources(&form.claims(document)).keys().map(ToString::to_string).collect()
}

/// A document with paths as another one tells them, which was written from another folder: pairs of path now and path then.
/// Only whole paths are taken: `m.json` is not in `am.json`, `x/m.json` or `m.json.gz`.
pub fn in_paths_of(fresh: &str, pairs: &[(String, String)]) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "_-/\\".contains(c);
    pairs.iter().fold(fresh.to_owned(), |text, (now, then)| {
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for (at, found) in text.match_indices(now.as_str()) {
            let (before, mut after) = (text[..at].chars().next_back(), text[at + found.len()..].chars());
            let next = after.next();
            let goes_on = next.is_some_and(is_part) || (next == Some('.') && after.next().is_some_and(is_part));
            if at < from || goes_on || before.is_some_and(|c| is_part(c) || c == '.') {
                continue;
            }
            out.push_str(&text[from..at]);
            out.push_str(then);
            from = at + found.len();
        }
        out + &text[from..]
    })
}

/// Compares. `document` as it stands, `fresh` as rendered now, `facts` for the sources that the document names.
pub fn compare(form: Form, document: &str, fresh: &str, (facts, pictures): (&dyn Facts, &[Picture])) -> Report {
    let (stated, now) = (form.claims(document), form.claims(fresh));
    let found: BTreeMap<&str, &Claim> = now.iter().map(|claim| (claim.id.as_str(), claim)).collect();
    let changed = form.edited(document);
    let edited: Vec<String> = changed.iter().map(|one| one.0.clone()).collect();
    let sources = sources(&stated);
    let missing: Vec<String> = sources.keys().filter(|path| facts.sha256(path).is_none()).cloned().collect();
    let judge = Judge { missing: &missing, inputs: inputs(&stated), values: appendix_values(&stated) };
    let mut out: Vec<Checked> = Vec::new();
    for (path, then) in &sources {
        let recomputed = facts.sha256(path);
        let verdict = match &recomputed {
            None => Verdict::Unchecked(format!("source missing: {path}")),
            Some(hash) if hash == then => Verdict::Same,
            Some(_) => Verdict::Drifted,
        };
        out.push(Checked { id: format!("source/{path}"), line: None, stated: Some(then.clone()), recomputed, verdict });
    }
    for claim in &stated {
        let recomputed = found.get(claim.id.as_str()).map(|claim| claim.text.clone());
        let verdict = judge.verdict(claim, recomputed.as_deref());
        let line = Some(claim.line).filter(|line| *line > 0);
        out.push(Checked { id: claim.id.clone(), line, stated: Some(claim.text.clone()), recomputed, verdict });
    }
    let known: BTreeSet<&str> = stated.iter().map(|claim| claim.id.as_str()).collect();
    for claim in now.iter().filter(|claim| !known.contains(claim.id.as_str())) {
        let verdict = if missing.is_empty() { Verdict::Drifted } else { Verdict::Unchecked(judge.why()) };
        out.push(Checked { id: claim.id.clone(), line: None, stated: None, recomputed: Some(claim.text.clone()), verdict });
    }
    // Which of its words were changed nobody can tell without the sources; that they were, the hash tells.
    for (name, line, [now, then]) in changed.into_iter().filter(|_| !missing.is_empty()) {
        let id = format!("block/{name} (edited by hand)");
        out.push(Checked { id, line: Some(line), stated: Some(now), recomputed: Some(then), verdict: Verdict::Drifted });
    }
    for (name, stated, recomputed) in pictures {
        let verdict = match (stated, recomputed) {
            (a, b) if a == b => Verdict::Same,
            _ if !missing.is_empty() => Verdict::Unchecked(judge.why()),
            _ => Verdict::Drifted,
        };
        out.push(Checked { id: format!("picture/{name}"), line: None, stated: stated.clone(), recomputed: recomputed.clone(), verdict });
    }
    Report { claims: out, edited, missing, reread: reread(&stated, facts.catalog()) }
}

struct Judge<'a> {
    missing: &'a [String],
    /// Name of a derived value → its inputs as the document states them.
    inputs: BTreeMap<String, String>,
    /// Name of a derived value → its value in the appendix.
    values: BTreeMap<String, String>,
}

impl Judge<'_> {
    fn verdict(&self, claim: &Claim, recomputed: Option<&str>) -> Verdict {
        let is_same = recomputed.is_some_and(|now| match claim.kind {
            ClaimKind::Text => numbers(now) == numbers(&claim.text),
            ClaimKind::Cell | ClaimKind::Quote => squeezed(now) == squeezed(&claim.text),
        });
        // The document must agree with itself, whatever is there to compute from.
        let contradicts = self.values.get(&claim.id).is_some_and(|value| squeezed(value) != squeezed(&claim.text));
        if is_same && !contradicts {
            return Verdict::Same;
        }
        if self.missing.is_empty() || contradicts {
            return Verdict::Drifted;
        }
        let is_independent =
            self.inputs.get(&claim.id).is_some_and(|inputs| !self.missing.iter().any(|path| inputs.contains(path.as_str())));
        if is_independent && recomputed.is_some() { Verdict::Drifted } else { Verdict::Unchecked(self.why()) }
    }

    fn why(&self) -> String {
        let rest = self.missing.len().saturating_sub(1);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!("source missing: {}{more}", self.missing.first().map_or("", String::as_str))
    }
}

/// What the appendix says of how each source was read, where it is read otherwise now.
fn reread(stated: &[Claim], catalog: &Catalog) -> Vec<Reread> {
    let ways: [(Way, &str, fn(&SourceReport) -> String); 2] =
        [(Way::Zone, "Zone", provenance::zone_words), (Way::Format, "Format", provenance::format_words)];
    let mut found = Vec::new();
    for (what, column, words) in ways {
        for (path, then) in cells(stated, "Sources", column) {
            let Some(source) = catalog.source_of(&path).filter(|_| then != "not loaded") else { continue };
            let now = words(source);
            if squeezed(&now) != squeezed(&then) {
                found.push(Reread { path: source.path.clone(), what, then, now });
            }
        }
    }
    found
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cells of a column of a table of the appendix by the name of their row, in whatever language the document is.
fn cells(claims: &[Claim], table: &str, column: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (language, _) in Language::ALL {
        let (start, end) = (format!("appendix/{}/", language.say(table)), format!("/{}", language.say(column)));
        let row = |claim: &Claim| Some((claim.id.strip_prefix(&start)?.strip_suffix(&end)?.to_owned(), claim.text.clone()));
        found.extend(claims.iter().filter_map(row));
    }
    found
}

/// Path → hash of the sources that the appendix lists with a hash.
fn sources(claims: &[Claim]) -> BTreeMap<String, String> {
    let mut found = cells(claims, "Sources", "SHA-256");
    found.retain(|_, hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    found
}

fn column(claims: &[Claim], name: &str) -> BTreeMap<String, String> {
    cells(claims, "Derived values", name)
}

fn inputs(claims: &[Claim]) -> BTreeMap<String, String> {
    column(claims, "Inputs")
}

fn appendix_values(claims: &[Claim]) -> BTreeMap<String, String> {
    let mut values = column(claims, "Value");
    // Rows that print their value over several cells have no single cell to compare with.
    values.retain(|id, _| ["impact.", "response.", "slo.", "whatif."].iter().any(|prefix| id.starts_with(prefix)));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::query::ValueAt;
    use crate::model::{Catalog, EventFilter, Sample, SeriesId, TimeRange, Timestamp};

    /// Knows the hashes of sources and nothing else.
    struct Hashes(BTreeMap<String, String>, Catalog);

    impl Facts for Hashes {
        fn catalog(&self) -> &Catalog {
            &self.1
        }
        fn value_at(&self, _: SeriesId, _: Timestamp) -> Option<ValueAt> {
            None
        }
        fn samples(&self, _: SeriesId, _: TimeRange) -> Vec<Sample> {
            Vec::new()
        }
        fn count(&self, _: &EventFilter, _: TimeRange) -> u64 {
            0
        }
        fn sha256(&self, path: &str) -> Option<String> {
            self.0.get(path).cloned()
        }
    }

    fn document(failed: &str, other: &str) -> String {
        let hash = "a".repeat(64);
        let impact = format!(
            "## Impact\n\n| What | Value |\n| --- | --- |\n| Failed | **{failed}** <!-- impact.failed --> |\n| Peak | **{other}** <!-- impact.peak.1 --> |"
        );
        let appendix = format!(
            "### Sources\n\n| Path | SHA-256 |\n| --- | --- |\n| `m.json` | `{hash}` |\n\n### Derived values\n\n| Id | Value | Inputs |\n| --- | --- | --- |\n\
             | `impact.failed` | {failed} | counter x (m.json) |\n| `impact.peak.1` | {other} | series y (n.json) |"
        );
        blocks::wrap("impact", &impact) + &blocks::wrap("appendix", &appendix)
    }

    /// What drifted and what cannot be checked, by id.
    fn outcome(document: &str, fresh: &str, hash: Option<&str>) -> (Vec<String>, Vec<String>) {
        let hashes = hash.map(|hash| ("m.json".to_owned(), hash.repeat(64))).into_iter().collect();
        let report = compare(Form::Markdown, document, fresh, (&Hashes(hashes, Catalog::default()), &[]));
        let ids =
            |wanted: fn(&Verdict) -> bool| report.claims.iter().filter(|one| wanted(&one.verdict)).map(|one| one.id.clone()).collect();
        (ids(|verdict| *verdict == Verdict::Drifted), ids(|verdict| matches!(verdict, Verdict::Unchecked(_))))
    }

    #[test]
    fn a_number_edited_by_hand_is_caught_with_and_without_the_sources() {
        let stated = document("12", "3");
        let edited = stated.replace("**12**", "**11**");
        assert_eq!(outcome(&stated, &stated, Some("a")), (vec![], vec![]));
        assert_eq!(outcome(&edited, &stated, Some("a")).0, ["impact.failed"]);
        assert_eq!(outcome(&edited, &document("not recorded", "3"), None).0, ["impact.failed", "block/impact (edited by hand)"]);
    }

    #[test]
    fn a_changed_source_is_caught_even_if_no_number_changes() {
        let stated = document("12", "3");
        assert_eq!(outcome(&stated, &stated, Some("b")).0, ["source/m.json"]);
        assert_eq!(
            outcome(&stated, &document("13", "3"), Some("b")).0,
            ["source/m.json", "impact.failed", "appendix/Derived values/impact.failed/Value"]
        );
    }

    #[test]
    fn what_rests_on_a_missing_source_cannot_be_checked_and_the_rest_can() {
        let (drifted, unchecked) = outcome(&document("12", "3"), &document("not recorded", "4"), None);
        assert_eq!(drifted, ["impact.peak.1"]);
        assert!(unchecked.contains(&"source/m.json".to_owned()) && unchecked.contains(&"impact.failed".to_owned()), "{unchecked:?}");
    }

    #[test]
    fn other_words_are_no_drift_and_other_numbers_are() {
        let (stated, now) =
            (blocks::wrap("summary", "- **What.** 12 users for 4m."), blocks::wrap("summary", "- **What.** 12 people, 4m long."));
        assert_eq!(outcome(&stated, &now, None).0.len(), 0);
        assert_eq!(outcome(&stated, &now.replace("12", "13"), None).0.len(), 1);
    }

    #[test]
    fn a_document_written_from_another_folder_tells_the_same() {
        let pairs = [("m.json".to_owned(), "data/m.json".to_owned())];
        assert_eq!(
            in_paths_of("`m.json`, m.json:7, am.json, x/m.json, m.json.gz, m.json.", &pairs),
            "`data/m.json`, data/m.json:7, am.json, x/m.json, m.json.gz, data/m.json."
        );
    }

    #[test]
    fn a_claim_that_was_deleted_is_missed() {
        let stated = document("12", "3").lines().filter(|line| !line.contains("impact.peak.1 -->")).collect::<Vec<_>>().join("\n");
        assert!(outcome(&stated, &document("12", "3"), Some("a")).0.contains(&"impact.peak.1".to_owned()));
    }
}
