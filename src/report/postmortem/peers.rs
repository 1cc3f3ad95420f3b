//! Which hosts stand side by side: instances of one service behind a balancer, by their names and by what their logs are.
//!
//! Not here: layers, one behind the other, which tell each request once more. The one thing to know: only names that differ
//! by an index or by what Kubernetes puts behind a name are taken for peers; two names of their own never are.

/// Words that count stages of a way: what follows them is no index of a host.
const STAGES: [&str; 9] = ["tier", "layer", "level", "stage", "step", "hop", "service", "svc", "phase"];
/// What files of one program hold besides each other, by a part of their names: the same requests stand in several of them.
const ROLES: [&str; 10] = ["access", "request", "http", "app", "error", "audit", "main", "debug", "trace", "slow"];
/// Names of peers that are told one by one.
const MOST_NAMED: usize = 3;

/// What the names of peers have in common: `WEB01` and `web02` are `web#`, `shop-6c8f9d7b54-x2k9p` is `shop-#`.
/// A name without an index is its own family.
pub(super) fn family(name: &str) -> String {
    let lower = without_pod(&name.to_lowercase());
    let mut out = String::with_capacity(lower.len());
    for c in lower.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    let counts_stages = |before: &str| {
        let word = before.trim_end_matches(|c: char| !c.is_alphanumeric()).rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        STAGES.contains(&word)
    };
    let is_address = !out.chars().any(char::is_alphabetic);
    let is_staged = out.match_indices('#').any(|(at, _)| counts_stages(&out[..at]));
    if is_address || is_staged { name.to_owned() } else { out }
}

/// A name of a pod without what its replica set and Kubernetes itself put behind it.
fn without_pod(name: &str) -> String {
    let is_of = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let has_digit = |part: &str| part.bytes().any(|b| b.is_ascii_digit());
    let mut parts = name.rsplitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(own), Some(set), Some(rest)) if is_of(own, 5..=5) && is_of(set, 7..=10) && has_digit(set) => format!("{rest}-#"),
        _ => name.to_owned(),
    }
}

/// What a file is among the files of its program, by the words of its name; most have none.
pub(super) fn role(path: &str) -> Vec<&'static str> {
    let file = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let words: Vec<&str> = file.split(|c: char| !c.is_alphabetic()).collect();
    ROLES.into_iter().filter(|role| words.iter().any(|word| word == role || word.strip_suffix('s') == Some(*role))).collect()
}

/// `WEB01 and WEB02`, `9 hosts (web-1 … web-9)`.
pub(super) fn words(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] if names.len() <= MOST_NAMED => format!("{} and {last}", most.join(", ")),
        [first, .., last] => format!("{} hosts ({first} … {last})", names.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_differ_by_an_index_and_layers_do_not() {
        let is_one = |a: &str, b: &str| family(a) == family(b);
        for (a, b) in [("WEB01", "WEB02"), ("lb1.example.com", "lb12.example.com"), ("shop-0", "shop-1")] {
            assert!(is_one(a, b), "{a} {b}");
        }
        assert!(is_one("order-enricher-6c8f9d7b54-x2k9p", "order-enricher-6c8f9d7b54-8w2mn"));
        for (a, b) in [
            ("web", "api"),
            ("web", "web-1"),
            ("10.0.0.1", "10.0.0.2"),
            ("service1", "service2"),
            ("tier-1", "tier-2"),
            ("plan-b", "plan-c"),
        ] {
            assert!(!is_one(a, b), "{a} {b}");
        }
    }

    #[test]
    fn files_of_one_program_that_hold_other_things_have_other_roles() {
        assert_eq!(role("web-1/access.log.2.gz"), ["access"]);
        assert_eq!(role("var/requests_2026.log"), ["request"]);
        assert!(role("iis/WEB01/u_ex26031209.log").is_empty() && role("shop/application.log").is_empty());
    }

    #[test]
    fn a_few_peers_are_named_and_many_are_counted() {
        let names = |n: usize| (1..=n).map(|n| format!("web-{n}")).collect::<Vec<_>>();
        assert_eq!(words(&names(2)), "web-1 and web-2");
        assert_eq!(words(&names(3)), "web-1, web-2 and web-3");
        assert_eq!(words(&names(9)), "9 hosts (web-1 … web-9)");
    }
}
