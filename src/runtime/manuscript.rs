//! The document of a case for the screen: its sections as they would be exported, whose words stand where, and what a
//! reviewer would object to in each.

use std::collections::BTreeMap;

use super::export::{Prepared, Target, prepare};
use crate::app::draft::{Chapter, Manuscript, ManuscriptQuery, Origin, Remark};
use crate::model::case::CaseDoc;
use crate::model::{AnnotationId, AnnotationKind};
use crate::report::Facts as _;
use crate::report::escape;
use crate::report::layout::Layout;
use crate::report::lint::{Finding, Severity};
use crate::report::markdown::{self, Section};
use crate::report::redact::{self, Names};
use crate::report::style::{Dialect, Feature, Style};
use crate::report::words::Language;
use crate::source::Source;

/// Sections that take words of people beside what is made.
const MIXED: [&str; 2] = ["summary", "impact"];

/// Makes it. The source must be loaded to its end.
pub fn manuscript(query: &ManuscriptQuery, source: &dyn Source, target: &Target) -> anyhow::Result<Manuscript> {
    let layouts = Layout::all();
    let layout = layouts[query.preset % layouts.len()].clone();
    let (language, language_name) = Language::ALL[query.language % Language::ALL.len()];
    let dialect = Dialect { footnotes: Feature::Off, ..Dialect::default() };
    let style = Style { layout, language, dialect };
    let mut target = target.clone();
    target.unsaved.extend(query.typed.clone());
    let audience = style.layout.audience;
    let (case, _) = redact::visible(&query.case, audience);
    let Prepared { facts, postmortem, .. } = prepare(&case, source, &target)?;
    let kept = postmortem.sections.clone();
    let findings = postmortem.lint.clone().unwrap_or_default();
    let postmortem = redact::redact(postmortem, audience, &Names::of(&query.case, facts.catalog()));
    let files = super::export::sections_of(&target)?;
    let origin = Origins { case: &case, files: &files, kept: &kept };
    let mut chapters: Vec<Chapter> =
        markdown::sections(&postmortem, &style).into_iter().map(|section| origin.chapter(section, &postmortem.sections)).collect();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
        if let Some(chapter) = place(finding, &chapters) {
            chapters[chapter].remarks.push(remark(finding));
        }
    }
    let language = if language == Language::English { String::new() } else { format!(", {language_name}") };
    Ok(Manuscript { head: markdown::head(&postmortem, &style), style: format!("{}{language}", style.layout.name), chapters })
}

/// Where the words of sections are kept.
struct Origins<'a> {
    case: &'a CaseDoc,
    /// Those of files.
    files: &'a BTreeMap<String, String>,
    /// Those of files and records.
    kept: &'a BTreeMap<String, String>,
}

impl Origins<'_> {
    fn of(&self, stem: &str) -> Origin {
        if self.files.contains_key(stem) {
            return Origin::File(stem.to_owned());
        }
        let is_it = |kind: &AnnotationKind| matches!(kind, AnnotationKind::Section(section) if section.name == stem);
        // Of several records of one name the last one is printed.
        let record = self.case.annotations.values().rfind(|record| is_it(&record.kind));
        record.map_or_else(|| Origin::Unwritten(stem.to_owned()), |record| Origin::Record(record.id.clone(), stem.to_owned()))
    }

    fn chapter(&self, section: Section, printed: &BTreeMap<String, String>) -> Chapter {
        let bare = section.name.strip_prefix("section.");
        let stem = match bare {
            Some(name) => self.kept.keys().find(|stem| markdown::bare(stem) == name).map(String::as_str),
            None => Some(section.name.as_str()).filter(|name| MIXED.contains(name)),
        };
        let origin = stem.map_or(Origin::Made, |stem| self.of(stem));
        let written = stem.and_then(|stem| self.kept.get(stem)).cloned().unwrap_or_default();
        let prose = stem.and_then(|stem| printed.get(stem)).map(|text| escape::section(text.trim())).unwrap_or_default();
        let found = section.text.find(&prose).filter(|_| !prose.trim().is_empty());
        let (before, after) = match found {
            Some(at) => (section.text[..at].to_owned(), section.text[at + prose.len()..].to_owned()),
            // The words of a summary would stand first, those of the impact last.
            None if section.name == "summary" => (String::new(), section.text),
            None => (section.text, String::new()),
        };
        let prose = if found.is_some() { prose } else { String::new() };
        Chapter { name: section.name, title: section.title, before, prose, after, written, origin, remarks: Vec::new() }
    }
}

fn remark(finding: &Finding) -> Remark {
    let line = section_of(finding).and_then(|(_, line)| line.checked_sub(1));
    Remark {
        rule: finding.rule.to_owned(),
        is_error: finding.severity == Severity::Error,
        place: finding.place.clone(),
        message: finding.message.clone(),
        fix: finding.fix.clone(),
        line,
        label: finding.place.trim_end_matches(|c: char| !c.is_alphanumeric()).to_owned(),
    }
}

/// `sections/summary.md:3` → `summary`, 3.
fn section_of(finding: &Finding) -> Option<(&str, usize)> {
    let (stem, line) = finding.place.strip_prefix("sections/")?.rsplit_once(".md")?;
    Some((stem, line.strip_prefix(':').and_then(|line| line.parse().ok()).unwrap_or(1)))
}

/// Sections where what a rule is about stands, the likeliest first.
fn homes(rule: &str) -> &'static [&'static str] {
    match rule {
        "PM001" | "PM020" | "PM021" => &["chain"],
        "PM002" => &["chain", "standings", "appendix"],
        "PM003" | "PM004" | "PM005" | "PM006" | "PM026" => &["detection", "turning-points", "appendix"],
        "PM007" | "PM008" | "PM009" | "PM010" => &["timeline"],
        "PM011" | "PM012" | "PM013" | "PM014" | "PM015" | "PM016" => &["actions"],
        "PM018" => &["stages", "section.verification"],
        "PM019" => &["hypotheses", "questions"],
        "PM025" | "PM027" => &["impact"],
        "PM028" => &["refuted", "hypotheses", "chain"],
        _ => &[],
    }
}

/// The chapter that a finding belongs to: that of its words, else that of its rule, else the last one with its label.
fn place(finding: &Finding, chapters: &[Chapter]) -> Option<usize> {
    let named = |name: &str| chapters.iter().position(|chapter| chapter.name == name);
    if let Some((stem, _)) = section_of(finding) {
        return chapters.iter().position(|chapter| chapter.origin.stem() == Some(stem));
    }
    let holds = |chapter: &Chapter| {
        let is_id = |id: &AnnotationId| finding.place.contains(id.0.as_str());
        [&chapter.before, &chapter.prose, &chapter.after].iter().any(|part| part.contains(finding.place.as_str()))
            || matches!(&chapter.origin, Origin::Record(id, _) if is_id(id) || finding.subject.as_ref() == Some(id))
    };
    let home = homes(finding.rule).iter().find_map(|name| named(name));
    home.or_else(|| chapters.iter().position(holds)).or_else(|| chapters.len().checked_sub(1))
}
