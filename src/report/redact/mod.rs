//! Takes out what is not for the reader, before anything is printed: so no form can forget it.
//!
//! For colleagues only keys and passwords go. For the public also mail and IP addresses, links, names of machines and of
//! people, records that are marked internal, evidence, sources, owners and who set what. Rules are data
//! (`assets/secrets.toml`, `assets/redaction.toml`); what was replaced is counted and printed.

mod names;
mod rules;
mod visit;

use std::collections::{BTreeMap, BTreeSet};

use regex::{Regex, RegexBuilder};

use super::layout::Audience;
use super::postmortem::Postmortem;
use super::secrets::{self, SecretKind};
use crate::model::case::Visibility;
use crate::model::{AnnotationKind, CaseDoc};
use rules::Rules;

pub use names::Names;

/// How often a rule replaced something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redaction {
    /// Name of the rule.
    pub rule: String,
    /// Times.
    pub count: u64,
    /// What it found, each once; keys only by their first signs.
    pub found: BTreeSet<String>,
}

/// The records that this audience may know, and how many were left out.
///
/// For the public only those that are marked public; of other markers the time stays and the words go.
pub fn visible(case: &CaseDoc, audience: Audience) -> (CaseDoc, usize) {
    let mut case = case.clone();
    if audience == Audience::Internal {
        return (case, 0);
    }
    let n_before = case.annotations.len();
    case.annotations.retain(|_, annotation| {
        let is_time = matches!(annotation.kind, AnnotationKind::Marker { .. });
        if is_time && annotation.visibility == Visibility::Internal {
            annotation.text.clear();
        }
        is_time || annotation.visibility == Visibility::Public
    });
    let n_left_out = n_before - case.annotations.len();
    (case, n_left_out)
}

/// The values without what this audience must not read; what was replaced is listed in `redactions`.
pub fn redact(mut postmortem: Postmortem, audience: Audience, names: &Names) -> Postmortem {
    let mut redactor = Redactor::new(audience, names);
    if audience == Audience::Public {
        visit::prune(&mut postmortem);
    }
    visit::visit(&mut postmortem, &mut |text| redactor.replace(text));
    let done = std::mem::take(&mut redactor.done);
    postmortem.foreign.iter_mut().for_each(|text| redactor.replace(text));
    postmortem.audience = audience;
    postmortem.redactions = done.into_values().collect();
    postmortem
}

/// Replaces what its audience must not read.
struct Redactor {
    audience: Audience,
    people: Option<(Regex, BTreeMap<String, String>)>,
    parts: Option<(Regex, BTreeMap<String, String>)>,
    hosts: Option<(Regex, BTreeMap<String, String>)>,
    done: BTreeMap<String, Redaction>,
}

impl Redactor {
    fn new(audience: Audience, names: &Names) -> Self {
        let any = |names: &BTreeMap<String, String>, is_exact: bool| {
            let mut words: Vec<&String> = names.keys().collect();
            // The longest first, so that no part of a name hides the whole.
            words.sort_by_key(|word| std::cmp::Reverse(word.len()));
            let pattern = words.iter().map(|word| regex::escape(word)).collect::<Vec<_>>().join("|");
            let regex = RegexBuilder::new(&pattern).case_insensitive(!is_exact).size_limit(64 << 20).build().ok();
            let key = |word: &str| if is_exact { word.to_owned() } else { word.to_lowercase() };
            let instead = names.iter().map(|(name, instead)| (key(name), instead.clone())).collect();
            regex.filter(|_| !names.is_empty()).map(|regex| (regex, instead))
        };
        let hosts: BTreeMap<String, String> =
            names.hosts.iter().enumerate().map(|(index, host)| (host.clone(), format!("[host {}]", index + 1))).collect();
        Self {
            audience,
            people: any(&names.people, false),
            parts: any(&names.parts, true),
            hosts: any(&hosts, false),
            done: BTreeMap::new(),
        }
    }

    fn count(&mut self, rule: &str, found: String) {
        let entry = self.done.entry(rule.to_owned()).or_insert_with(|| Redaction { rule: rule.to_owned(), ..Redaction::default() });
        entry.count += 1;
        entry.found.insert(found);
    }

    fn replace(&mut self, text: &mut String) {
        if text.is_empty() {
            return;
        }
        self.replace_secrets(text, |kind| kind == SecretKind::Token);
        if self.audience == Audience::Internal {
            return;
        }
        for pattern in Rules::patterns().iter().filter(|pattern| pattern.name == "link") {
            self.replace_pattern(text, pattern);
        }
        self.replace_secrets(text, |_| true);
        for pattern in Rules::patterns().iter().filter(|pattern| pattern.name != "link") {
            self.replace_pattern(text, pattern);
        }
        for (names, rule) in [(self.hosts.clone(), "host name"), (self.people.clone(), "person"), (self.parts.clone(), "person")] {
            if let Some((regex, instead)) = names {
                self.replace_names(text, &regex, &instead, rule);
            }
        }
    }

    fn replace_secrets(&mut self, text: &mut String, is_wanted: impl Fn(SecretKind) -> bool) {
        for secret in secrets::find(text).into_iter().rev().filter(|secret| is_wanted(secret.kind)) {
            let found = &text[secret.range.clone()];
            let shown = match secret.kind {
                SecretKind::Token => found.chars().take(4).chain(['…']).collect(),
                SecretKind::Email | SecretKind::Address => found.to_owned(),
            };
            self.count(secret.rule, shown);
            text.replace_range(secret.range, &format!("[{}]", secret.rule));
        }
    }

    fn replace_pattern(&mut self, text: &mut String, pattern: &rules::Pattern) {
        let found: Vec<(std::ops::Range<usize>, String)> =
            pattern.regex.find_iter(text).map(|found| (found.range(), found.as_str().to_owned())).collect();
        for (range, words) in found.into_iter().rev() {
            self.count(pattern.name, words);
            text.replace_range(range, pattern.replace);
        }
    }

    /// Whole words only, where the writing has words: letters and digits must not stand on both sides of an edge.
    fn replace_names(&mut self, text: &mut String, regex: &Regex, instead: &BTreeMap<String, String>, rule: &str) {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(found) = regex.find_at(text, at) {
            let (start, end) = (found.start(), found.end());
            let before = text[..start].chars().next_back();
            let after = text[end..].chars().next();
            let edge = |inside: Option<char>, outside: Option<char>| {
                !(inside.is_some_and(|c| c.is_ascii_alphanumeric()) && outside.is_some_and(|c| c.is_ascii_alphanumeric()))
            };
            let is_word = edge(found.as_str().chars().next(), before) && edge(found.as_str().chars().next_back(), after);
            let words = instead.get(found.as_str()).or_else(|| instead.get(&found.as_str().to_lowercase()));
            if let Some(words) = words.filter(|_| is_word) {
                self.count(rule, found.as_str().to_owned());
                out.push_str(&text[at..start]);
                out.push_str(words);
                at = end;
            } else {
                // Not here: go on behind the first letter, a shorter name may begin there.
                let next = start + text[start..].chars().next().map_or(1, char::len_utf8);
                out.push_str(&text[at..next]);
                at = next;
            }
        }
        out.push_str(&text[at..]);
        *text = out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(audience: Audience, text: &str, expected: &str) {
        let mut names = Names::default();
        names.people.insert("Ann Lee".into(), "[on-call engineer]".into());
        names.people.insert("张伟".into(), "[person]".into());
        names.parts.insert("Ann".into(), "[on-call engineer]".into());
        names.hosts.extend(["web-1".to_owned(), "web-1:9090".to_owned(), "db".to_owned()]);
        let mut text = text.to_owned();
        Redactor::new(audience, &names).replace(&mut text);
        assert_eq!(text, expected);
    }

    #[test]
    fn colleagues_read_all_but_keys() {
        check(Audience::Internal, "Ann Lee on web-1 with password=hunter22xy", "Ann Lee on web-1 with password=[password]");
    }

    #[test]
    fn the_public_reads_no_person_machine_or_address() {
        for (text, expected) in [
            ("ann lee restarts WEB-1:9090", "[on-call engineer] restarts [host 3]"),
            ("Ann saw it; announce web-10", "[on-call engineer] saw it; announce web-10"),
            ("请张伟看一下", "请[person]看一下"),
            ("rate{instance=\"web-1\"} of db_pool", "rate{instance=\"[host 2]\"} of [host 1]_pool"),
            ("see https://wiki.corp/x?y=1, then", "see [link] then"),
            ("mail ann@shop.example from 10.1.2.3", "mail [e-mail address] from [IPv4 address]"),
            ("node-7.prod.internal:9100 asks @bob", "[host] asks [person]"),
            ("v1.9.0 at 10:03:20", "v1.9.0 at 10:03:20"),
        ] {
            check(Audience::Public, text, expected);
        }
    }
}
