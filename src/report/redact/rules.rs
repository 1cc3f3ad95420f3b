//! Patterns and word lists of `assets/redaction.toml`.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
pub(super) struct Rules {
    host_labels: Vec<String>,
    service_labels: Vec<String>,
    roles: Vec<String>,
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    name: String,
    pattern: String,
    replace: String,
}

/// One pattern, ready.
pub(super) struct Pattern {
    pub(super) name: &'static str,
    pub(super) regex: Regex,
    pub(super) replace: &'static str,
}

static RULES: LazyLock<Rules> =
    LazyLock::new(|| toml_edit::de::from_str(include_str!("../../../assets/redaction.toml")).expect("a test reads the rules of redaction"));
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let rules = RULES.rules.iter();
    let ready = rules.filter_map(|rule| Some(Pattern { name: &rule.name, regex: Regex::new(&rule.pattern).ok()?, replace: &rule.replace }));
    ready.collect()
});

impl Rules {
    pub(super) fn all() -> &'static Self {
        &RULES
    }

    pub(super) fn patterns() -> &'static [Pattern] {
        &PATTERNS
    }

    pub(super) fn is_host_label(&self, name: &str) -> bool {
        self.host_labels.iter().any(|label| label == name)
    }

    pub(super) fn is_service_label(&self, name: &str) -> bool {
        self.service_labels.iter().any(|label| label == name)
    }

    pub(super) fn is_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_file_is_understood() {
        assert_eq!(Rules::patterns().len(), RULES.rules.len());
        assert!(Rules::all().is_host_label("instance") && Rules::all().is_role("On-Call"));
    }
}
