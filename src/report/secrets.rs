//! Tokens, mail addresses and IP addresses in a text, by the rules of `assets/secrets.toml`.
//!
//! Shared by lint (PM024) and redaction, so that what one warns of the other hides. A finding may be wrong: who hides
//! it loses a word, who prints it loses a key.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What sort of secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretKind {
    /// A key to something.
    Token,
    /// A mail address.
    Email,
    /// An IP address.
    Address,
}

/// A possible secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Name of the rule.
    pub rule: &'static str,
    /// Sort.
    pub kind: SecretKind,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

struct Rule {
    name: String,
    kind: SecretKind,
    pattern: Regex,
    entropy: f64,
}

/// The rules; a broken one would be found by the test below, never by a user.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| read(include_str!("../../assets/secrets.toml")).unwrap_or_default());

fn read(text: &str) -> Option<Vec<Rule>> {
    let document: toml_edit::DocumentMut = text.parse().ok()?;
    let tables = document.get("rule")?.as_array_of_tables()?;
    let rule = |table: &toml_edit::Table| {
        let word = |key: &str| table.get(key)?.as_str().map(str::to_owned);
        let kind = match word("kind")?.as_str() {
            "token" => SecretKind::Token,
            "email" => SecretKind::Email,
            "address" => SecretKind::Address,
            _ => return None,
        };
        let entropy = table.get("entropy").and_then(toml_edit::Item::as_float).unwrap_or(0.0);
        Some(Rule { name: word("name")?, kind, pattern: Regex::new(&word("pattern")?).ok()?, entropy })
    };
    tables.iter().map(rule).collect()
}

/// Every possible secret, by place; where two rules meet the first of the file wins. O(rules × length).
pub fn find(text: &str) -> Vec<Secret> {
    let mut found: Vec<Secret> = Vec::new();
    for rule in RULES.iter() {
        for captures in rule.pattern.captures_iter(text) {
            let Some(place) = captures.name("secret").or_else(|| captures.get(0)) else { continue };
            let is_new = found.iter().all(|other| other.range.end <= place.start() || place.end() <= other.range.start);
            if is_new && entropy(place.as_str()) >= rule.entropy && is_real(rule.kind, place.as_str()) {
                found.push(Secret { rule: &rule.name, kind: rule.kind, range: place.range() });
            }
        }
    }
    found.sort_by_key(|secret| secret.range.start);
    found
}

/// Whether an address belongs to nobody: this machine, a private network, documentation.
pub fn is_private_address(text: &str) -> bool {
    match text.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_documentation()
        }
        Ok(std::net::IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified() || (ip.segments()[0] & 0xfe00) == 0xfc00,
        Err(_) => false,
    }
}

/// Version numbers and times look like addresses; only what parses as one is one.
fn is_real(kind: SecretKind, text: &str) -> bool {
    match kind {
        SecretKind::Address => text.parse::<std::net::IpAddr>().is_ok(),
        SecretKind::Token => {
            // A token may hold a few of the letters by chance; a mask is little else.
            let n_masked = text.chars().filter(|c| matches!(c, 'x' | 'X' | '*' | '•')).count();
            let is_mask = n_masked >= 3 && n_masked * 2 >= text.chars().count();
            !is_mask && !["redacted", "example", "placeholder"].iter().any(|word| text.to_ascii_lowercase().contains(word))
        }
        SecretKind::Email => true,
    }
}

/// Bits a sign, after Shannon.
fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let n = text.len().max(1) as f64;
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / n).map(|p| -p * p.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secrets of a text, each with its rule.
    fn check(text: &str, expected: &[(&str, &str)]) {
        let got: Vec<(&str, &str)> = find(text).iter().map(|secret| (secret.rule, &text[secret.range.clone()])).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn every_rule_of_the_file_is_understood() {
        let text = include_str!("../../assets/secrets.toml");
        assert_eq!(RULES.len(), text.matches("[[rule]]").count());
    }

    #[test]
    fn tokens_are_found_where_they_stand() {
        let aws = format!("AKIA{}", "IOSFODNN7ABCDEF2");
        check(&format!("key {aws} used"), &[("AWS access key", &aws)]);
        let github = format!("ghp_{}", "a1B2".repeat(9));
        check(&format!("push with {github}"), &[("GitHub token", &github)]);
        let by_chance = format!("ghp_{}", "45VXXxx9DMVO506jK61XEpaqu7Xp7IsIn9B4");
        check(&format!("push with {by_chance}"), &[("GitHub token", &by_chance)]);
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N";
        check(&format!("Authorization: Bearer {jwt}"), &[("JSON web token", jwt)]);
        check("bearer abcdef0123456789abcd", &[("bearer token", "abcdef0123456789abcd")]);
        check("postgres://app:hunter22@db/orders", &[("password in an address", "hunter22")]);
        check("{\"password\":\"s3cr3t!x\"}", &[("password", "s3cr3t!x")]);
        check("client_secret=9f8Kq2LmXz81TbVw", &[("secret", "9f8Kq2LmXz81TbVw")]);
        check("-----BEGIN RSA PRIVATE KEY-----", &[("private key", "-----BEGIN RSA PRIVATE KEY-----")]);
    }

    #[test]
    fn people_and_machines_are_found() {
        check("mail ann.lee@shop.example.com now", &[("e-mail address", "ann.lee@shop.example.com")]);
        check("client 203.0.113.7 left", &[("IPv4 address", "203.0.113.7")]);
        check("from 2001:db8::8a2e:370:7334", &[("IPv6 address", "2001:db8::8a2e:370:7334")]);
    }

    #[test]
    fn ordinary_lines_hold_no_secret() {
        for line in [
            "2026-11-23T02:33:27.256Z level=error msg=\"acquire: pool exhausted\" trace_id=c239014d51de31d0e08b126f8f4dd18a",
            "token=disabled key=none auth_token=",
            "order v1.8.3.1 → v1.9.0, 02:33:28 to 02:37:12",
            "password=*** secret=[redacted]",
            "goroutine 12 [running]: main.(*Server).handle(0xc000123456)",
        ] {
            check(line, &[]);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            for secret in find(&text) {
                prop_assert!(text.get(secret.range).is_some());
            }
        }
    }
}
