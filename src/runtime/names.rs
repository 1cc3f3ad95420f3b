//! What a case calls the sources at hand. Its evidence keeps the paths of the day it was pinned; the archive may have been
//! opened from another folder since, or renamed.
//!
//! Paths agree by their last components; where that leaves several, or none, the hash of the bytes decides.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AnnotationKind, CaseDoc, Catalog, SourceId, SourceReport};
use crate::source::{Job, Source};

/// Sources that the case knows by another path. Those beside them in the same folder or archive are renamed alike.
pub(super) fn of_case(source: &dyn Source, catalog: &Catalog, case: &CaseDoc, job: &Job) -> BTreeMap<SourceId, String> {
    let known: BTreeSet<&str> = catalog.sources.iter().map(|report| report.path.as_str()).collect();
    let mut wanted: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for annotation in case.annotations.values() {
        if let AnnotationKind::Evidence(evidence) = &annotation.kind {
            wanted.insert(&evidence.source, evidence.source_sha256.as_deref());
        }
    }
    for panel in &case.meta.panels {
        wanted.entry(&panel.source).or_default();
    }
    let mut names: BTreeMap<SourceId, String> = BTreeMap::new();
    let mut folders: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, hash) in wanted.into_iter().filter(|(path, _)| !path.is_empty() && !known.contains(path)) {
        let Some(report) = found(source, catalog, (path, hash), job).filter(|report| !names.contains_key(&report.id)) else { continue };
        names.insert(report.id, path.to_owned());
        if let Some((there, here)) = beginnings(path, &report.path) {
            folders.entry(here).or_insert(there);
        }
    }
    let mut taken: BTreeSet<String> = names.values().cloned().collect();
    for report in &catalog.sources {
        let renamed = |(here, there): (&&str, &&str)| report.path.strip_prefix(here).map(|rest| format!("{there}{rest}"));
        // The longest folder that holds it comes last.
        let Some(name) = folders.iter().filter_map(renamed).next_back().filter(|_| !names.contains_key(&report.id)) else { continue };
        if !name.is_empty() && !known.contains(name.as_str()) && taken.insert(name.clone()) {
            names.insert(report.id, name);
        }
    }
    names
}

fn found<'a>(source: &dyn Source, catalog: &'a Catalog, (path, hash): (&str, Option<&str>), job: &Job) -> Option<&'a SourceReport> {
    if let Some(report) = catalog.source_of(path) {
        return Some(report);
    }
    let nearest = catalog.nearest_sources(path);
    let candidates = if nearest.is_empty() { catalog.sources.iter().collect() } else { nearest };
    let has_it = |report: &&&SourceReport| source.sha256(report.id, job).ok().as_deref() == hash;
    hash.and_then(|_| candidates.iter().find(has_it).copied())
}

/// Two paths without the components at their ends that agree: what stands before them. `None` if none agrees.
fn beginnings<'a, 'b>(a: &'a str, b: &'b str) -> Option<(&'a str, &'b str)> {
    let shared: usize = a.rsplit('/').zip(b.rsplit('/')).take_while(|(a, b)| a == b).map(|(name, _)| name.len() + 1).sum();
    // The first component has no slash before it.
    let before = |path: &str| (path.len() + 1).saturating_sub(shared);
    (shared > 0).then(|| (&a[..before(a)], &b[..before(b)]))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::report::case_file::parse_annotations;
    use crate::source::files::{FileSource, OpenOptions, open};

    fn load(sources: &[&Path]) -> FileSource {
        let sources = sources.iter().map(|path| path.to_path_buf()).collect();
        let source = open(OpenOptions { sources, jobs: 1, ..OpenOptions::default() }).unwrap();
        source.load(&Job::new(), &|| {}).unwrap();
        source
    }

    fn line(words: &str) -> String {
        format!("{{\"ts\":\"2026-11-23T02:28:00Z\",\"level\":\"info\",\"msg\":\"{words}\"}}\n")
    }

    fn case(path: &str, hash: Option<&str>) -> CaseDoc {
        let src = serde_json::json!({ "path": path, "sha256": hash });
        let line = format!(
            r#"{{"id":"E1","v":1,"kind":"evidence","t":"2026-11-23T02:28:00Z","src":{src},"what":"change","sel":{{"line":1}},"snapshot":{{"text":"x"}},"text":"x","rev":1}}"#
        );
        let notes = parse_annotations(&line);
        assert_eq!(notes.annotations.len(), 1, "{:?}", notes.problems);
        CaseDoc { annotations: notes.annotations, ..CaseDoc::default() }
    }

    /// How the sources are called after that, sorted.
    fn called(source: &FileSource, case: &CaseDoc) -> Vec<String> {
        let catalog = source.catalog(&Job::new()).unwrap();
        let names = of_case(source, &catalog, case, &Job::new());
        let mut all: Vec<_> = catalog.sources.iter().map(|report| names.get(&report.id).unwrap_or(&report.path).clone()).collect();
        all.sort();
        all
    }

    #[test]
    fn a_folder_opened_by_another_path_keeps_the_names_that_the_case_has() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("now/logs")).unwrap();
        fs::write(dir.path().join("now/logs/x.log"), line("a")).unwrap();
        fs::write(dir.path().join("now/y.log"), line("b")).unwrap();
        let source = load(&[&dir.path().join("now")]);
        assert_eq!(called(&source, &case("then/logs/x.log", None)), ["then/logs/x.log", "then/y.log"]);
        assert!(called(&source, &case("then/z.log", None)).iter().all(|name| !name.starts_with("then")));
    }

    #[test]
    fn where_several_have_the_name_the_hash_decides() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["one", "two"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join("x.log"), line(folder)).unwrap();
        }
        let source = load(&[dir.path()]);
        let catalog = source.catalog(&Job::new()).unwrap();
        let two = catalog.sources.iter().find(|report| report.path.ends_with("two/x.log")).unwrap();
        assert!(called(&source, &case("then/x.log", None)).iter().all(|name| name != "then/x.log"));
        let hash = source.sha256(two.id, &Job::new()).ok();
        let names = of_case(&source, &catalog, &case("then/x.log", hash.as_deref()), &Job::new());
        assert_eq!(names.get(&two.id).map(String::as_str), Some("then/x.log"));
        let renamed = of_case(&source, &catalog, &case("then/other.log", hash.as_deref()), &Job::new());
        assert_eq!(renamed.get(&two.id).map(String::as_str), Some("then/other.log"));
    }
}
