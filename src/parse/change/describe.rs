//! `kubectl describe` of pods, nodes and anything else: the moments of an object, and its events with their ages.
//!
//! Ages count back from the moment of the description, which the text does not tell; see `kubectl` for where it is taken
//! from. Several descriptions may follow one another.

use super::kubectl::{self, Seen};
use crate::model::catalog::Problems;
use crate::model::{Change, ProblemKind, Timestamp, Zone, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::metric::Place;
use crate::parse::timestamp::{self, Missing};
use crate::parse::{Context, Document};

/// Name of the format.
pub(crate) const FORMAT: &str = "kubectl-describe";
/// Columns of events, as their header names them.
const EVENTS: [&str; 5] = ["Type", "Reason", "Age", "From", "Message"];
/// Moments at which something was merely looked at again.
const LOOKS: [&str; 4] = ["LastHeartbeatTime", "Last Heartbeat Time", "Last Probe Time", "RenewTime"];

/// Why a text is one, if it is.
pub(crate) fn recognise(head: &str) -> Option<&'static str> {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty());
    let has = |start: &str| head.lines().any(|line| line.starts_with(start));
    let is_named = lines.next()?.starts_with("Name:  ") && ["Namespace:", "Labels:", "Annotations:"].iter().any(|key| has(key));
    (is_named && (has("Events:") || has("Status:") || has("Conditions:") || has("Containers:")))
        .then_some("a description of an object, as kubectl describe prints it")
}

/// `Sun, 22 Nov 2026 03:25:40 +0000` and other moments with an offset.
fn moment(text: &str) -> Option<Timestamp> {
    let stamp = timestamp::read(text.as_bytes()).filter(|stamp| stamp.len == text.len() && stamp.civil.missing == Missing::Nothing)?;
    let secs = stamp.civil.secs.checked_sub(i64::from(stamp.civil.offset_s?))?;
    timestamp::to_ns(secs, stamp.civil.nanos).map(Timestamp)
}

/// Cells of a table of kubectl: two blanks or more stand between them. Of `n` the last takes the rest.
fn cells(line: &str, n: usize) -> Vec<&str> {
    let mut rest = line.trim();
    let mut found = Vec::new();
    while found.len() + 1 < n {
        let Some(gap) = rest.find("  ") else { break };
        found.push(&rest[..gap]);
        rest = rest[gap..].trim_start();
    }
    found.push(rest);
    found
}

/// Where a line stands in its description.
#[derive(Default)]
struct Reader {
    name: String,
    /// Keys above the line, with how far they are set in.
    above: Vec<(usize, String)>,
    /// What the fields beside a moment say: reason and exit code.
    beside: Vec<(String, String)>,
    /// Columns of the conditions, if a table of them is being read.
    conditions: Vec<String>,
    is_in_events: bool,
    n_ages: u64,
    changes: Vec<Change>,
    problems: Problems,
}

/// Reads descriptions; records are events and moments.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let reference = kubectl::reference(context);
    let mut reader = Reader::default();
    let text = json::text(bytes, &mut reader.problems).into_owned();
    let mut byte = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let place = Place { line: number, byte };
        byte += line.len() as u64;
        let line = line.trim_end();
        if !line.trim().is_empty() {
            reader.line(place, line, reference.map(|(at, _, word)| (at, word)));
        }
    }
    let Reader { changes, problems, n_ages, .. } = reader;
    let n_unplaced = changes.iter().filter(|change| change.time.is_none()).count() as u64;
    let zone = match reference.filter(|_| n_ages > 0) {
        Some((_, certainty, _)) => Zone { name: "UTC".into(), certainty },
        None => Zone { name: "UTC".into(), certainty: ZoneCertainty::Offset },
    };
    let n_records = changes.len() as u64;
    super::finish(changes, problems, bytes, n_records, n_unplaced, zone)
}

impl Reader {
    fn line(&mut self, place: Place, line: &str, reference: Option<(Timestamp, &str)>) {
        let depth = line.len() - line.trim_start().len();
        if depth == 0 {
            (self.is_in_events, self.conditions) = (false, Vec::new());
        }
        if self.is_in_events {
            self.event(place, line, reference);
            return;
        }
        if !self.conditions.is_empty() {
            self.condition(place, line);
            return;
        }
        let columns = cells(line, usize::MAX);
        if depth > 0 && columns.contains(&"LastTransitionTime") {
            self.conditions = columns.iter().map(|column| (*column).to_owned()).collect();
            return;
        }
        let Some((key, value)) = line.split_once(':') else { return };
        let (key, value) = (key.trim(), value.trim());
        if depth == 0 && key == "Name" {
            value.clone_into(&mut self.name);
        }
        self.is_in_events = depth == 0 && key == "Events" && value.is_empty();
        while self.above.last().is_some_and(|(above, _)| *above >= depth) {
            self.above.pop();
        }
        // A list of states begins anew where one is set in less.
        if value.is_empty() || matches!(key, "State" | "Last State") {
            self.beside.clear();
        }
        match moment(value) {
            Some(at) if !LOOKS.contains(&key) => self.moment(place, key, at),
            _ if matches!(key, "Reason" | "Exit Code" | "State" | "Last State") => {
                self.beside.push((key.to_lowercase().replace(' ', "_"), value.to_owned()));
            }
            _ => {}
        }
        self.above.push((depth, key.to_owned()));
    }

    /// A key whose value is a moment.
    fn moment(&mut self, place: Place, key: &str, at: Timestamp) {
        let path: Vec<&str> = self.above.iter().map(|(_, key)| key.as_str()).filter(|key| *key != "Containers").collect();
        let said = |name: &str| self.beside.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        let reason = said("reason");
        let code = said("exit_code").map(|code| format!(" (exit code {code})")).unwrap_or_default();
        let words = format!("{} {} {key}: {}{code}", self.name, path.join(" "), reason.clone().unwrap_or_default());
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut fields: Vec<(String, String)> = self.beside.clone();
        if reason.is_none() {
            fields.push(("reason".to_owned(), key.to_owned()));
        }
        fields.push(("object".to_owned(), self.name.clone()));
        let kind = if path.iter().any(|part| part.contains("State")) { "container" } else { "description" };
        self.push(
            place,
            Change { time: Some(at), kind: kind.to_owned(), text: words.trim_end_matches(':').to_owned(), fields, ..Change::default() },
        );
    }

    /// A row of a table of conditions.
    fn condition(&mut self, place: Place, line: &str) {
        let row = cells(line, self.conditions.len());
        if row.iter().all(|cell| cell.bytes().all(|byte| byte == b'-')) {
            return;
        }
        let cell =
            |name: &str| self.conditions.iter().position(|column| column == name).and_then(|at| row.get(at)).copied().unwrap_or_default();
        let Some(at) = moment(cell("LastTransitionTime")) else {
            let reason = format!("the condition {:?} has no moment", cell("Type"));
            self.problems.push(place.problem(ProblemKind::Time, reason));
            return;
        };
        let words = format!("{} {}={} {}: {}", self.name, cell("Type"), cell("Status"), cell("Reason"), cell("Message"));
        let fields = [("condition", cell("Type")), ("status", cell("Status")), ("reason", cell("Reason")), ("object", &self.name)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        self.push(place, Change { time: Some(at), kind: "condition".to_owned(), text: words, fields, ..Change::default() });
    }

    /// A row of the events.
    fn event(&mut self, place: Place, line: &str, reference: Option<(Timestamp, &str)>) {
        let row = cells(line, EVENTS.len());
        let is_rule = row.iter().all(|cell| cell.bytes().all(|byte| byte == b'-'));
        if is_rule || row == EVENTS {
            return;
        }
        if row.len() < EVENTS.len() {
            let reason = format!("the event has {} columns, its header {}", row.len(), EVENTS.len());
            self.problems.push(place.problem(ProblemKind::Syntax, reason));
            return;
        }
        let named = [
            ("TYPE", row[0]),
            ("REASON", row[1]),
            ("LAST SEEN", row[2]),
            ("OBJECT", self.name.as_str()),
            ("SOURCE", row[3]),
            ("MESSAGE", row[4]),
        ];
        let seen = Seen::of(&named, reference.map(|(at, _)| at));
        self.n_ages += 1;
        let change = kubectl::change_of(&named, &seen, place.line, reference.map_or("", |(_, word)| word));
        if change.time.is_none() {
            let reason = "an age without the moment that it counts back from; --anchor FILE=TIME tells it".to_owned();
            self.problems.push(place.problem(ProblemKind::Time, reason));
        }
        self.push(place, change);
    }

    fn push(&mut self, place: Place, change: Change) {
        let service = Some(self.name.clone()).filter(|name| !name.is_empty());
        self.changes.push(Change { line: place.line, service, ..change });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::when;

    const POD: &str = "\
Name:             order-7d9
Namespace:        shop
Start Time:       Sun, 22 Nov 2026 03:01:12 +0000
Labels:           app=order
Containers:
  order:
    Image:          registry/order:v1.42
    State:          Running
      Started:      Sun, 22 Nov 2026 03:25:40 +0000
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Sun, 22 Nov 2026 03:21:02 +0000
      Finished:     Sun, 22 Nov 2026 03:25:38 +0000
    Ready:          True
Conditions:
  Type              Status
  Ready             True
Events:
  Type     Reason     Age                    From     Message
  ----     ------     ----                   ----     -------
  Normal   Scheduled  29m                    default  Successfully assigned
  Warning  BackOff    4m35s (x12 over 9m5s)  kubelet  Back-off restarting  failed container
  Warning  odd
Name:  node-1
Conditions:
  Type             Status  LastHeartbeatTime                 LastTransitionTime                Reason             Message
  ----             ------  -----------------                 ------------------                ------             -------
  MemoryPressure   True    Sun, 22 Nov 2026 03:29:40 +0000   Sun, 22 Nov 2026 03:24:00 +0000   KubeletHasNoRoom   low on memory
";

    #[test]
    fn moments_conditions_and_events_of_a_description_are_told() {
        assert!(recognise(POD).is_some() && recognise("Name:  x\nNothing: else\n").is_none());
        let written = when::any("2026-11-22T03:30:00Z", when::WallZone::Utc);
        let document = parse(POD.as_bytes(), &Context { modified: written, ..Context::default() });
        let told: Vec<String> = document
            .changes
            .iter()
            .map(|change| format!("{} {} {}", change.line, &when::shown(change.time.unwrap_or_default())[11..19], change.text))
            .collect();
        assert_eq!(
            told,
            [
                "3 03:01:12 order-7d9 Start Time",
                "9 03:25:40 order-7d9 order State Started",
                "13 03:21:02 order-7d9 order Last State Started: OOMKilled (exit code 137)",
                "14 03:25:38 order-7d9 order Last State Finished: OOMKilled (exit code 137)",
                "22 03:01:00 order-7d9 Scheduled: Successfully assigned",
                "23 03:20:55 order-7d9 BackOff: Back-off restarting  failed container (×12)",
                "29 03:24:00 node-1 MemoryPressure=True KubeletHasNoRoom: low on memory",
            ]
        );
        let problems = document.problems.kept();
        assert_eq!((problems.len(), problems[0].line, document.zone.certainty), (1, 24, ZoneCertainty::Inferred));
        let document = parse(POD.as_bytes(), &Context::default());
        assert_eq!((document.n_records, document.n_unplaced), (7, 2));
    }

    #[test]
    fn odd_descriptions_are_no_trouble() {
        for odd in ["", "Name:  a\nEvents:\n  \u{e9}", "Name:  a\nConditions:\n  LastTransitionTime  a\n  b\n", ":\n::\n  :"] {
            let _ = (recognise(odd), parse(odd.as_bytes(), &Context::default()));
        }
    }
}
