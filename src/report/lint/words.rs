//! PM017, PM022 to PM025, PM027: what the words do: blame, leak, contradict the numbers, or say more than happened.

use regex::Regex;
use std::sync::LazyLock;

use super::evidence::place;
use super::{Desk, Finding, Severity, gist};
use crate::model::case::DataLoss;
use crate::model::{Annotation, AnnotationId, AnnotationKind};
use crate::report::postmortem::Derived;
use crate::report::secrets::{self, SecretKind};

/// Words that judge people instead of telling what the system let happen.
const BLAMING: [&str; 16] = [
    "human error",
    "operator error",
    "user error",
    "careless",
    "negligen",
    "should have",
    "should've",
    "shouldn't have",
    "failed to",
    "forgot",
    "neglected to",
    "obviously",
    "clearly should",
    "incompeten",
    "sloppy",
    "blame",
];

/// A text that people wrote, and where it stands.
struct Prose<'a> {
    place: String,
    id: Option<&'a AnnotationId>,
    text: &'a str,
    /// Whether it speaks of causes: there a person is never the subject.
    is_causal: bool,
}

pub(super) fn check(desk: &Desk, found: &mut Vec<Finding>) {
    let prose = prose(desk);
    for one in &prose {
        blame(desk, one, found);
        means(one, found);
        outage(desk, one, found);
    }
    numbers(desk, &prose, found);
    leaks(desk, &prose, found);
    counted(desk, found);
}

fn about(finding: Finding, id: Option<&AnnotationId>) -> Finding {
    if let Some(id) = id { finding.about(id) } else { finding }
}

/// Sections line by line, and the words of every record but evidence (its quotes are not ours).
fn prose<'a>(desk: &'a Desk) -> Vec<Prose<'a>> {
    let mut all = Vec::new();
    if !desk.case.meta.title.trim().is_empty() {
        all.push(Prose { place: "title".into(), id: None, text: &desk.case.meta.title, is_causal: false });
    }
    for (stem, text) in &desk.postmortem.sections {
        let is_causal = ["cause", "factor", "lesson", "summary", "badly", "went"].iter().any(|word| stem.contains(word));
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            all.push(Prose { place: format!("sections/{stem}.md:{}", index + 1), id: None, text: line, is_causal });
        }
    }
    for annotation in desk.case.by_time() {
        let is_causal = matches!(
            annotation.kind,
            AnnotationKind::Cause(_)
                | AnnotationKind::Factor(_)
                | AnnotationKind::Lesson(_)
                | AnnotationKind::Link(_)
                | AnnotationKind::Hypothesis(_)
        );
        for text in texts(annotation) {
            all.push(Prose { place: place(desk, annotation), id: Some(&annotation.id), text, is_causal });
        }
    }
    all
}

/// The words of a record, and the other fields of it that are prose.
fn texts(annotation: &Annotation) -> Vec<&str> {
    let more: [Option<&String>; 4] = match &annotation.kind {
        AnnotationKind::Cause(cause) => [cause.how_we_know.as_ref(), cause.accepted_because.as_ref(), cause.would_disprove.as_ref(), None],
        AnnotationKind::Lesson(lesson) => [lesson.misconception.as_ref(), lesson.taught_in.as_ref(), None, None],
        AnnotationKind::Question(question) => [question.answer.as_ref(), None, None, None],
        AnnotationKind::Resource(resource) => [resource.apparent.as_ref(), resource.actual.as_ref(), resource.why.as_ref(), None],
        AnnotationKind::Action(action) => [action.done_when.as_ref(), action.gap.as_ref(), action.not_doing_because.as_ref(), None],
        _ => [None; 4],
    };
    std::iter::once(annotation.text.as_str())
        .chain(more.into_iter().flatten().map(String::as_str))
        .filter(|text| !text.trim().is_empty())
        .collect()
}

/// Whether a name stands in a text as words of its own.
fn names(text: &str, name: &str) -> bool {
    let name = name.trim().to_lowercase();
    if name.chars().count() < 2 {
        return false;
    }
    let text = text.to_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(&name).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn blame(desk: &Desk, one: &Prose, found: &mut Vec<Finding>) {
    static MENTION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|[\s(])@([A-Za-z][\w.-]{1,38})").ok());
    let meta = &desk.case.meta;
    if one.is_causal {
        let roster = meta.people.iter().flat_map(|person| std::iter::once(&person.name).chain(&person.aliases));
        let known: Vec<&String> = roster.chain(&meta.head.authors).collect();
        let mention = MENTION.as_ref().and_then(|mention| mention.captures(one.text)).map(|found| format!("@{}", &found[1]));
        let named = known.into_iter().find(|name| names(one.text, name)).cloned().or(mention);
        if let Some(name) = named {
            let message = format!("names a person ({name}) where it speaks of causes: {}", gist(one.text));
            found.push(about(Finding::new("PM017", &one.place, message, "say which role did it, and what the system let happen"), one.id));
            return;
        }
    }
    let text = one.text.to_lowercase();
    if let Some(word) = BLAMING.iter().find(|word| text.contains(**word)) {
        let message = format!("\"{word}\" judges instead of telling: {}", gist(one.text));
        let finding = Finding::new("PM017", &one.place, message, "say what made the action look right, or what let it pass");
        found.push(about(finding.into_warning(), one.id));
    }
}

fn means(one: &Prose, found: &mut Vec<Finding>) {
    let is_mean = |word: &str| matches!(word, "MTTR" | "MTTD" | "MTTA" | "MTTM" | "MTTF" | "MTTI" | "MTTV" | "MTBF");
    if let Some(word) = one.text.split(|c: char| !c.is_alphanumeric()).find(|word| is_mean(word)) {
        let message = format!("{word} is a mean over many incidents, and this is one");
        found.push(about(Finding::new("PM023", &one.place, message, format!("write {}", word.replacen("MT", "T", 1))), one.id));
    }
}

/// Greatest share of failed requests, from the rows of the report.
fn peak_error(desk: &Desk) -> Option<f64> {
    let row = desk.postmortem.impact.iter().find(|row| row.label == "Peak error rate")?;
    let value = row.value.as_deref()?;
    (value.contains('%')).then(|| number(value)).flatten()
}

fn outage(desk: &Desk, one: &Prose, found: &mut Vec<Finding>) {
    let has_word = one.text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| word == "outage" || word == "outages");
    if let Some(peak) = peak_error(desk).filter(|peak| has_word && *peak < 100.0) {
        let message = format!("called an outage, but at most {peak} % of the requests failed: {}", gist(one.text));
        found.push(about(Finding::new("PM025", &one.place, message, "say degradation, or which part was down"), one.id));
    }
}

/// The first number of a text, blanks between its digits left out.
fn number(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut digits = String::new();
    let mut rest = text[start..].chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        match c {
            '0'..='9' => digits.push(c),
            '.' if next.is_some_and(|c| c.is_ascii_digit()) => digits.push(c),
            // Groups of three, whatever parts them.
            ' ' | ',' | '\u{a0}' | '\u{202f}' if next.is_some_and(|c| c.is_ascii_digit()) => {}
            _ => break,
        }
    }
    digits.parse().ok()
}

/// Whether `stated` is `derived`, rounded as coarsely as it is written.
fn is_rounded(stated: f64, derived: f64) -> bool {
    let (mut step, mut scaled) = (1.0, stated);
    if stated.fract().abs() > 0.0 {
        let text = format!("{stated}");
        step = 10f64.powi(-(text.split_once('.').map_or(0, |parts| parts.1.len()) as i32));
    } else {
        // Zeros at the end may be rounding: 19 000 is 19 456.
        while scaled >= 10.0 && scaled % 10.0 == 0.0 {
            (scaled, step) = (scaled / 10.0, step * 10.0);
        }
    }
    (stated - derived).abs() <= step
}

fn numbers(desk: &Desk, prose: &[Prose], found: &mut Vec<Finding>) {
    static FAILED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)(\d[\d  \u{a0}\u{202f},.]*\d|\d)\s*(?:failed requests|requests failed|failing requests|requests were lost|failures in all)").ok()
    });
    static LASTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:lasted|outage of|impact of|degraded for|down for|affected for)\s+(?:about |around |some |≈ ?)?(\d+(?:\.\d+)?)\s*(s|sec|seconds?|min|minutes?|h|hours?)\b").ok()
    });
    let row = |id: &str| desk.postmortem.impact.iter().find(|row: &&Derived| row.id == id);
    for one in prose {
        let mut add = |stated: &str, row: &Derived| {
            let message = format!("says {stated}, but {} is {}", row.label.to_lowercase(), row.value.as_deref().unwrap_or_default());
            found.push(about(Finding::new("PM022", &one.place, message, format!("take the derived number ({})", row.id)), one.id));
        };
        if let (Some(failed), Some(row)) = (FAILED.as_ref(), row("impact.failed")) {
            for captures in failed.captures_iter(one.text) {
                let derived = row.value.as_deref().and_then(number);
                let stated = number(&captures[1]);
                if let Some((stated, derived)) = stated.zip(derived).filter(|(stated, derived)| !is_rounded(*stated, *derived)) {
                    let _ = (stated, derived);
                    add(captures[0].trim(), row);
                }
            }
        }
        if let (Some(lasted), Some(row), Some(seconds)) = (LASTED.as_ref(), row("impact.duration.user"), desk.postmortem.impact_s) {
            for captures in lasted.captures_iter(one.text) {
                let unit = match captures[2].to_lowercase().chars().next() {
                    Some('h') => 3600.0,
                    Some('m') => 60.0,
                    _ => 1.0,
                };
                let Some(stated) = number(&captures[1]) else { continue };
                if !is_rounded(stated, seconds / unit) {
                    add(captures[0].trim(), row);
                }
            }
        }
        for (stated, row) in above_peak(desk, one.text) {
            add(&stated, row);
        }
    }
}

/// `P99 of 20 s` where the greatest value was 16 s: no reading of the series can be more than its peak.
fn above_peak<'a>(desk: &'a Desk, text: &str) -> Vec<(String, &'a Derived)> {
    let mut found = Vec::new();
    for row in desk.postmortem.impact.iter().filter(|row| row.id.starts_with("impact.peak.")) {
        let role = row.label.trim_start_matches("Peak ");
        let Some((greatest, unit)) = row.value.as_deref().and_then(sized) else { continue };
        let pattern = format!(
            r"(?i)\b{}\b\s+(?:of|at|is|was|reached|peaked at|rose to|went to|climbed to|up to|stood at|hit)\s+(≥ ?)?(\d[\d ]*(?:\.\d+)?\s*(?:%|ms|s|min|µs)?)",
            regex::escape(role)
        );
        let Ok(pattern) = Regex::new(&pattern) else { continue };
        for captures in pattern.captures_iter(text) {
            let Some((stated, stated_unit)) = sized(&captures[2]) else { continue };
            if stated_unit == unit && stated > greatest && !is_rounded(stated, greatest) {
                found.push((captures[0].trim().to_owned(), row));
            }
        }
    }
    found
}

/// A number in a base unit and the name of that unit: `850 ms` is 0.85 s.
fn sized(text: &str) -> Option<(f64, &'static str)> {
    let value = number(text)?;
    let words = text
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '.' | ','));
    let unit = words.split(|c: char| !c.is_alphanumeric() && c != '%' && c != 'µ').next().unwrap_or_default();
    Some(match unit {
        "%" => (value, "%"),
        "ms" => (value / 1000.0, "s"),
        "µs" => (value / 1e6, "s"),
        "s" => (value, "s"),
        "min" => (value * 60.0, "s"),
        _ => (value, ""),
    })
}

fn leaks(desk: &Desk, prose: &[Prose], found: &mut Vec<Finding>) {
    for one in prose {
        tell(&one.place, one.id, one.text, found);
    }
    for (annotation, evidence) in desk.case.evidence() {
        if let crate::model::case::EvidenceTarget::Lines { excerpt, .. } = &evidence.target {
            tell(&place(desk, annotation), Some(&annotation.id), excerpt, found);
        }
    }
}

/// One finding a rule and place, with the number of hits and never the secret itself.
fn tell(place: &str, id: Option<&AnnotationId>, text: &str, found: &mut Vec<Finding>) {
    let mut rules: Vec<(&str, SecretKind, usize)> = Vec::new();
    for secret in secrets::find(text) {
        // Addresses of a private network say nothing to anybody outside; a public document hides them anyway.
        if secret.kind == SecretKind::Address && secrets::is_private_address(&text[secret.range.clone()]) {
            continue;
        }
        match rules.iter_mut().find(|rule| rule.0 == secret.rule) {
            Some(rule) => rule.2 += 1,
            None => rules.push((secret.rule, secret.kind, 1)),
        }
    }
    for (rule, kind, n) in rules {
        let times = if n > 1 { format!(", {n} times") } else { String::new() };
        let mut finding = Finding::new("PM024", place, format!("possible {rule}{times}"), "cut it out of the text, or pin other lines");
        if kind == SecretKind::Address {
            finding.severity = Severity::Warning;
        }
        found.push(about(finding, id));
    }
}

fn counted(desk: &Desk, found: &mut Vec<Finding>) {
    let answers = &desk.case.meta.impact;
    let counted = desk.postmortem.impact.iter().any(|row| row.id == "impact.failed" && row.value.is_some());
    let stated = [&answers.users, &answers.accounts, &answers.tickets, &answers.revenue, &answers.other];
    if !counted && stated.iter().all(|answer| answer.as_deref().is_none_or(|text| text.trim().is_empty())) {
        let message = "nothing is counted: no failed requests, users, accounts, tickets or money";
        found.push(Finding::new("PM027", "impact", message, "load counters of requests, or set [impact] in case.toml"));
    }
    let is_answered = answers.data_loss.as_ref().is_some_and(|answer| match answer {
        DataLoss::No => true,
        DataLoss::Yes(what) | DataLoss::Unknown(what) => !what.trim().is_empty(),
    });
    if !is_answered {
        let fix = "set data_loss under [impact] in case.toml: false, or what was lost, or data_loss_unknown = why";
        found.push(Finding::new("PM027", "impact", "whether data was lost is not answered", fix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_rounded_as_coarsely_as_it_is_written() {
        assert!(is_rounded(19_000.0, 19_456.0) && is_rounded(19_500.0, 19_456.0) && is_rounded(3.7, 3.73));
        assert!(!is_rounded(21_000.0, 19_456.0) && !is_rounded(19_400.0, 19_556.0) && !is_rounded(3.7, 3.91));
        assert_eq!([number("about 19 456 of"), number("1,234.5"), number("none")], [Some(19_456.0), Some(1234.5), None]);
    }

    #[test]
    fn names_are_whole_words() {
        assert!(names("Ann deployed it", "ann") && names("by Li Wei.", "Li Wei"));
        assert!(!names("the annual plan", "ann"));
    }
}
