//! The rules of the gate in one table, and every limit they use in one place.

use std::collections::BTreeMap;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A reviewer will ask.
    Warning,
    /// Not fit to publish.
    Error,
}

impl Severity {
    /// Name in JSON answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// `PM001` …
    pub id: &'static str,
    /// Its worst severity.
    pub severity: Severity,
    /// What it asks for, one line.
    pub says: &'static str,
    /// What its findings weigh as evidence debt: 0 when it is not about a claim that lacks support; the greatest is the
    /// weakest claim.
    pub debt: u8,
}

const fn rule(id: &'static str, severity: Severity, debt: u8, says: &'static str) -> Rule {
    Rule { id, severity, says, debt }
}

use Severity::{Error, Info, Warning};

/// All rules in the order of their numbers.
pub const RULES: [Rule; 32] = [
    rule("PM001", Error, 9, "every causal step stands on evidence"),
    rule("PM002", Error, 10, "every piece of evidence resolves, and its source is as it was"),
    rule("PM003", Error, 6, "markers are in the order in which things can happen"),
    rule("PM004", Warning, 0, "late detection is answered by a detect action"),
    rule("PM005", Warning, 4, "detection and impact are not one default moment"),
    rule("PM006", Error, 5, "every required marker is set, or declared unknown with a reason"),
    rule("PM007", Warning, 0, "the timeline has no long hole while users are affected"),
    rule("PM008", Warning, 0, "the timeline begins before the trigger"),
    rule("PM009", Error, 7, "every row lies inside the data, and none an hour off"),
    rule("PM010", Warning, 3, "every row of the timeline has evidence"),
    rule("PM011", Error, 0, "every action has an owner"),
    rule("PM012", Error, 0, "every action has a due date"),
    rule("PM013", Warning, 0, "every action is tracked somewhere"),
    rule("PM014", Warning, 0, "actions say what is done"),
    rule("PM015", Warning, 0, "no action is overdue"),
    rule("PM016", Warning, 0, "causes are answered, by prevention too"),
    rule("PM017", Error, 0, "nobody is blamed"),
    rule("PM018", Error, 0, "the fix was verified"),
    rule("PM019", Error, 8, "a final document leaves nothing open that it rests on"),
    rule("PM020", Warning, 0, "more than one straight line of causes was looked for"),
    rule("PM021", Error, 8, "no effect comes before its cause, and no cause is its own effect"),
    rule("PM022", Warning, 5, "numbers in prose are the derived ones"),
    rule("PM023", Warning, 0, "means are not taken of one incident"),
    rule("PM024", Error, 0, "no secret and no personal data is quoted"),
    rule("PM025", Warning, 0, "an outage is called one only when everything failed"),
    rule("PM026", Info, 0, "the duration is that of the impact, not of the paperwork"),
    rule("PM027", Warning, 0, "the impact is counted, and data loss is answered"),
    rule("PM028", Warning, 0, "what was ruled out is recorded"),
    rule("PM029", Warning, 0, "the document renders everywhere"),
    rule("PM030", Error, 0, "no generated block is edited by hand"),
    rule("PM031", Info, 0, "the document has a title of its own"),
    rule("PM032", Warning, 2, "no error rate is above 100 %, and none is left after the mitigation"),
];

/// The rule of this id.
pub fn rule_of(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Limits and their defaults; `[lint.limits]` of the case changes them by name.
const LIMITS: [(&str, f64); 8] = [
    // PM004: later than this a detection is late.
    ("detection_s", 300.0),
    // PM007: longest hole of the timeline.
    ("gap_s", 600.0),
    // PM010: evidence this near to a row stands for it.
    ("near_s", 60.0),
    // PM021: how far clocks may be apart.
    ("clock_s", 2.0),
    // PM026: paperwork this much later than the recovery is told.
    ("paperwork_s", 600.0),
    // PM018: shortest stage, fewest requests and fewest samples that tell something.
    ("stage_s", 60.0),
    ("stage_requests", 100.0),
    ("stage_samples", 5.0),
];

/// The limits of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits(BTreeMap<String, f64>);

impl Limits {
    /// Defaults, with those that the case names.
    pub fn new(named: &BTreeMap<String, f64>) -> Self {
        let defaults = LIMITS.iter().map(|(name, value)| ((*name).to_owned(), *value));
        Self(defaults.chain(named.clone()).collect())
    }

    /// One limit; 0 for a name that no rule has.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// One limit in seconds as nanoseconds.
    pub fn ns(&self, name: &str) -> i64 {
        (self.get(name) * 1e9) as i64
    }
}
