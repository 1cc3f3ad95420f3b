//! Names that a case and its sources know: people and machines.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Rules;
use crate::model::{AnnotationKind, CaseDoc, Catalog, Labels};

/// Names by what stands in their place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Name as written → what is told instead. Found in any case of letters.
    pub people: BTreeMap<String, String>,
    /// Parts of names of people; found only as they are written.
    pub parts: BTreeMap<String, String>,
    /// Machines.
    pub hosts: BTreeSet<String>,
}

impl Names {
    /// Everybody whom the case names and every machine that labels of its sources name.
    pub fn of(case: &CaseDoc, catalog: &Catalog) -> Self {
        let mut names = Self::default();
        for person in &case.meta.people {
            let role = person.role.as_deref().map_or_else(|| "[person]".to_owned(), |role| format!("[{}]", role.trim()));
            for name in std::iter::once(&person.name).chain(&person.aliases) {
                names.person(name, &role);
            }
        }
        let head = &case.meta.head;
        for name in head.authors.iter().chain(head.roles.values()) {
            names.person(name, "[person]");
        }
        for annotation in case.annotations.values() {
            names.person(&annotation.author, "[person]");
            if let AnnotationKind::Evidence(evidence) = &annotation.kind {
                use crate::model::case::EvidenceTarget::{Alert, Series};
                if let Series { labels, .. } | Alert { labels, .. } = &evidence.target {
                    names.machines(labels);
                }
            }
        }
        for labels in catalog.series.iter().map(|series| &series.labels).chain(catalog.alerts.iter().map(|alert| &alert.labels)) {
            names.machines(labels);
        }
        let services = Rules::all();
        let told: BTreeSet<&str> = catalog
            .series
            .iter()
            .flat_map(|series| series.labels.iter())
            .filter(|(name, _)| services.is_service_label(name))
            .map(|(_, value)| value)
            .chain(case.meta.services.iter().map(String::as_str))
            .collect();
        names.hosts.retain(|host| !told.contains(host.as_str()));
        names
    }

    fn person(&mut self, name: &str, instead: &str) {
        let name = name.trim().trim_start_matches('@');
        if name.chars().count() < 2 || Rules::all().is_role(name) {
            return;
        }
        self.people.entry(name.to_owned()).or_insert_with(|| instead.to_owned());
        if let Some((local, _)) = name.split_once('@') {
            self.people.entry(local.to_owned()).or_insert_with(|| instead.to_owned());
        }
        let parts: Vec<&str> = name.split([' ', '.', '@']).filter(|part| part.chars().count() >= 3).collect();
        let is_name = |part: &&str| part.chars().next().is_some_and(char::is_uppercase);
        if name.contains(' ') {
            for part in parts.into_iter().filter(is_name) {
                self.parts.entry(part.to_owned()).or_insert_with(|| instead.to_owned());
            }
        }
    }

    fn machines(&mut self, labels: &Labels) {
        for (name, value) in labels.iter() {
            if !Rules::all().is_host_label(name) {
                continue;
            }
            let bare =
                value.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(value, |parts| parts.0);
            for host in [value, bare, bare.split('.').next().unwrap_or_default()] {
                let is_number = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                if host.chars().count() >= 3 && !is_number {
                    self.hosts.insert(host.to_owned());
                }
            }
        }
    }
}
