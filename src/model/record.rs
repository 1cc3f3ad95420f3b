//! Small records that are held whole: changes, alerts, profile marks, threshold rules.

use std::borrow::Cow;

use super::event::SourceId;
use super::series::{Labels, SeriesMeta, Unit};
use super::time::Timestamp;

/// Something that people or automation did: deploy, rollback, scale-out, flag, canary, config, note …
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// When it happened; `None` keeps an unplaced record visible in lists.
    pub time: Option<Timestamp>,
    /// When it ended, for changes with a length.
    pub end: Option<Timestamp>,
    /// Lower-case kind as in the record.
    pub kind: String,
    /// Service that was changed.
    pub service: Option<String>,
    /// One line that says what happened, made from the fields: `order v1.8.3 → v1.9.0: batch pricing v2`.
    pub text: String,
    /// State or version before and after.
    pub from: Option<String>,
    /// State or version after.
    pub to: Option<String>,
    /// All fields in the order of the record.
    pub fields: Vec<(String, String)>,
    /// Source that holds it.
    pub source: SourceId,
    /// Line in the source, from 1.
    pub line: u64,
}

/// What a record among the changes tells: not everything that such a list holds was done by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeSort {
    /// Somebody or something put it into effect: deploy, configuration, flag, migration.
    Done,
    /// What automation answered, or what need not have gone live: pods that are created, replicas that follow, a commit.
    Reaction,
    /// What was seen to be wrong, or happened by itself: a failed probe, a pod without a node, a new leader.
    Observed,
    /// A page went out.
    Paged,
    /// A person took the page.
    Acknowledged,
    /// The page was closed.
    Closed,
}

impl Change {
    /// What the record tells, by its own fields.
    pub fn sort(&self) -> ChangeSort {
        let field = |name: &str| self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.to_ascii_lowercase());
        if let Some(sort) = field("type").or_else(|| field("event_type")).and_then(|kind| of_paging(&kind)) {
            return sort;
        }
        // Pagers number what they sent out; others tell how an incident was handled.
        if self.kind.eq_ignore_ascii_case("incident") {
            let is_page = self.fields.iter().any(|(own, _)| ["incident_number", "tinyId", "alias", "urgency"].contains(&&**own));
            return if is_page { ChangeSort::Paged } else { ChangeSort::Observed };
        }
        // Events of Kubernetes name their object and their reason.
        if let (Some(reason), Some(_)) = (field("reason"), field("object")) {
            let is_seen = field("type").is_some_and(|kind| kind == "warning") || reason.contains("election");
            return if is_seen { ChangeSort::Observed } else { ChangeSort::Reaction };
        }
        // What a scheduler says of its services, one line at a time.
        if self.kind.eq_ignore_ascii_case("event") {
            return of_scheduler(&self.text);
        }
        if self.kind.eq_ignore_ascii_case("commit") { ChangeSort::Reaction } else { ChangeSort::Done }
    }
}

/// An event of a scheduler of containers, by its words: it starts and stops them, or tells what it saw.
fn of_scheduler(text: &str) -> ChangeSort {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["unhealthy", "unable to", "steady state", "failed", "failing"]) { ChangeSort::Observed } else { ChangeSort::Reaction }
}

/// What the entry of a paging log or its webhook tells: `acknowledge_log_entry`, `incident.resolved`.
fn of_paging(kind: &str) -> Option<ChangeSort> {
    let word = kind.strip_suffix("_log_entry").or_else(|| kind.strip_prefix("incident."))?;
    Some(match word {
        "trigger" | "triggered" => ChangeSort::Paged,
        "acknowledge" | "acknowledged" => ChangeSort::Acknowledged,
        "resolve" | "resolved" => ChangeSort::Closed,
        _ => ChangeSort::Observed,
    })
}

impl Change {
    /// What it says in one line: its kind before its text, unless the text says it already, and no more of a long hash
    /// than tells it from others. O(bytes).
    pub fn title(&self) -> String {
        let is_kind = |word: &str| word.trim_end_matches([':', ',']).eq_ignore_ascii_case(&self.kind);
        let (head, rest) = self.text.split_at(self.text.find(": ").unwrap_or(self.text.len()));
        let is_told = head.split(' ').any(is_kind);
        // `deployment deploy: …`: the first word is the kind in short.
        let is_short = head.len() >= 4 && !head.contains(' ') && self.kind.starts_with(&head.to_ascii_lowercase());
        let text = match (is_told, is_short) {
            (true, _) => self.text.clone(),
            (false, true) => format!("{}{rest}", self.kind),
            (false, false) => format!("{} {}", self.kind, self.text),
        };
        text.trim().split(' ').map(short_hash).collect::<Vec<_>>().join(" ")
    }
}

/// The first eight digits of a hash of git, and what stands behind it.
fn short_hash(word: &str) -> Cow<'_, str> {
    let digits = word.trim_end_matches([':', ',', '.', ';', ')']);
    let is_hash = matches!(digits.len(), 40 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Cow::Owned(format!("{}{}", &digits[..8], &word[digits.len()..])) } else { Cow::Borrowed(word) }
}

/// State of an alert over one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// The condition holds, the waiting time is not over.
    Pending,
    /// Firing.
    Firing,
}

/// One alert from becoming active to its end. Sorted by (`active_at`, name, labels) in the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// `alertname`.
    pub name: String,
    /// Other labels, `alertstate` removed.
    pub labels: Labels,
    /// `severity` label.
    pub severity: Option<String>,
    /// `service` label (or `job`).
    pub service: Option<String>,
    /// Summary annotation.
    pub summary: Option<String>,
    /// When the condition first held.
    pub active_at: Timestamp,
    /// When it began to fire; `None` if it never did.
    pub firing_at: Option<Timestamp>,
    /// First moment at which it was seen to be over; `None` while active at the end of the data.
    pub ended_at: Option<Timestamp>,
    /// How far the three moments may be off because the source polls or steps, ns.
    pub uncertainty_ns: i64,
    /// Source that tells it.
    pub source: SourceId,
}

/// A profile or goroutine dump at its moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileMark {
    /// When it was taken: from the profile itself, else from its file name; `None` if neither tells.
    pub time: Option<Timestamp>,
    /// `cpu`, `heap`, `goroutine`, `mutex`, `block`, `allocs` …
    pub kind: String,
    /// Service or instance, from the file name.
    pub service: Option<String>,
    /// Sum of the default sample type (goroutines of a dump).
    pub total: f64,
    /// Unit of `total`: `count`, `nanoseconds`, `bytes`.
    pub unit: String,
    /// Number of samples (distinct stacks) in it.
    pub n_samples: u64,
    /// Length of the measurement, ns, for profiles with one.
    pub duration_ns: Option<i64>,
    /// Its heaviest functions and stacks; empty where the form has no names.
    pub top: ProfileTop,
    /// Source that holds it.
    pub source: SourceId,
}

/// The heaviest functions and stacks of a profile, in the unit of its total.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProfileTop {
    /// Functions by what runs or waits below them, the heaviest first.
    pub functions: Vec<ProfileFunction>,
    /// Functions that there are, the light ones included.
    pub n_functions: u64,
    /// Stacks, the heaviest first.
    pub stacks: Vec<ProfileStack>,
}

/// A function of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileFunction {
    /// Name as the profile has it.
    pub name: String,
    /// What it holds itself.
    pub flat: f64,
    /// What it holds with all that it calls.
    pub cum: f64,
}

/// A stack of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileStack {
    /// What it holds.
    pub value: f64,
    /// Functions from the innermost.
    pub frames: Vec<String>,
}

/// What a dashboard says of one of its panels: context for the series that answer the same expressions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DashboardPanel {
    /// Title of the panel.
    pub title: String,
    /// Title of the dashboard.
    pub dashboard: String,
    /// Unit, where values are in base units.
    pub unit: Unit,
    /// Its queries as written, variables included.
    pub expressions: Vec<String>,
    /// Values at which it turns red.
    pub limits: Vec<f64>,
    /// Source that tells it.
    pub source: SourceId,
}

/// `expression > value` of an alerting rule: draws a threshold line on the series it matches.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdRule {
    /// Name of the rule.
    pub name: String,
    /// Left side, white space squeezed.
    pub expression: String,
    /// Whether values above (true) or below the threshold are bad.
    pub above_is_bad: bool,
    /// Right side.
    pub value: f64,
    /// How long the condition must hold, ns.
    pub for_ns: i64,
    /// Source that tells it.
    pub source: SourceId,
}

/// One observation that a counter or histogram keeps as an example, mostly with the trace that made it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exemplar {
    /// Metric name of the series that it belongs to.
    pub name: String,
    /// Labels of that series.
    pub labels: Labels,
    /// When it was observed.
    pub time: Timestamp,
    /// What was observed, in the unit of the metric.
    pub value: f64,
    /// Its own labels.
    pub own: Labels,
    /// Source that holds it.
    pub source: SourceId,
}

impl Exemplar {
    /// The trace that made it: its label `trace_id`, `traceID` or the like.
    pub fn trace_id(&self) -> Option<&str> {
        let is_trace = |name: &str| {
            let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            matches!(letters.to_ascii_lowercase().as_str(), "traceid" | "ddtraceid" | "trace")
        };
        self.own.iter().find(|(name, value)| is_trace(name) && !value.is_empty()).map(|(_, value)| value)
    }
}
impl ThresholdRule {
    /// Whether it speaks of this series: the same expression, up to blanks and (for ratios and quantiles) grouping.
    pub fn speaks_of(&self, meta: &SeriesMeta) -> bool {
        let query = meta.query.as_deref().unwrap_or(&meta.name);
        let expression = squeezed(&self.expression);
        expression == squeezed(query) || self.expression == meta.name || self.expression == meta.full_name() || {
            let is_scale_free = expression.contains('/') || expression.starts_with("histogram_quantile");
            is_scale_free && without_grouping(&expression) == without_grouping(&squeezed(query))
        }
    }
}

/// An expression without blanks.
pub(crate) fn squeezed(expression: &str) -> String {
    expression.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Drops `by(…)` and `without(…)` from an expression without blanks.
fn without_grouping(expression: &str) -> String {
    let mut out = expression.to_owned();
    for word in ["by(", "without("] {
        while let Some(at) = out.find(word) {
            let end = out[at..].find(')').map_or(out.len(), |end| at + end + 1);
            out.replace_range(at..end, "");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_symptoms_are_told_from_what_was_done() {
        let sort = |kind: &str, fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Change { kind: kind.to_owned(), fields, ..Change::default() }.sort()
        };
        assert_eq!(sort("trigger", &[("type", "trigger_log_entry")]), ChangeSort::Paged);
        assert_eq!(sort("acknowledge", &[("type", "acknowledge_log_entry")]), ChangeSort::Acknowledged);
        assert_eq!(sort("incident.resolved", &[("event_type", "incident.resolved")]), ChangeSort::Closed);
        assert_eq!(sort("notify", &[("type", "notify_log_entry")]), ChangeSort::Observed);
        let event = |reason: &str, kind: &str| sort(reason, &[("type", kind), ("reason", reason), ("object", "pod/a")]);
        assert_eq!(event("FailedScheduling", "Warning"), ChangeSort::Observed);
        assert_eq!(event("LeaderElection", "Normal"), ChangeSort::Observed);
        assert_eq!(event("ScalingReplicaSet", "Normal"), ChangeSort::Reaction);
        assert_eq!(sort("commit", &[]), ChangeSort::Reaction);
        assert_eq!(sort("deploy", &[("reason", "release 4")]), ChangeSort::Done);
        assert_eq!(sort("trigger", &[]), ChangeSort::Done, "a kind alone is no page");
        let scheduled = |text: &str| Change { kind: "event".into(), text: text.into(), ..Change::default() }.sort();
        assert_eq!(scheduled("(service shop) has reached a steady state."), ChangeSort::Observed);
        assert_eq!(scheduled("(service shop) (port 80) is unhealthy in (target-group x)"), ChangeSort::Observed);
        assert_eq!(scheduled("(service shop) has started 2 tasks: (task a) (task b)."), ChangeSort::Reaction);
    }

    #[track_caller]
    fn check(kind: &str, text: &str, expected: &str) {
        assert_eq!(Change { kind: kind.into(), text: text.into(), ..Change::default() }.title(), expected);
    }

    #[test]
    fn the_title_of_a_change_says_its_kind_once_and_hashes_in_short() {
        check("deploy", "order v1 → v2: batches", "deploy order v1 → v2: batches");
        check("scalingreplicaset", "web ScalingReplicaSet: Scaled up to 3", "web ScalingReplicaSet: Scaled up to 3");
        check("deployment", "deploy: v4.18.2: production", "deployment: v4.18.2: production");
        check("deploy", "shop: 1a69be3679d356baf14b8dc8fb6cb7658bb95e23: mia", "deploy shop: 1a69be36: mia");
        check("note", "", "note");
    }
}
