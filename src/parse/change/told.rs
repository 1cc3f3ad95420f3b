//! What somebody did, as a record of a log tells it: a statement that changes a schema, a parameter, a package, a command
//! by `sudo`, a job of cron, a write to the API of Kubernetes, a configuration or flag that a program says has changed.
//!
//! Only what is said to have happened counts: a record of level error, or one whose words deny it, tells of no change.

use crate::model::{Change, Event, Level, Timestamp};

/// Statements that change a schema or rights, by their first words.
const STATEMENTS: [&str; 18] = [
    "alter ",
    "create table",
    "create index",
    "create unique",
    "create or",
    "create view",
    "create materialized",
    "create trigger",
    "create function",
    "drop ",
    "truncate",
    "rename ",
    "reindex",
    "cluster ",
    "vacuum full",
    "lock table",
    "grant ",
    "revoke ",
];
/// Programs that change something whenever they run.
const TOOLS: &str = "reboot shutdown poweroff kill pkill killall iptables ip6tables nft ufw tc mount umount rm mv cp tee vi vim nano sed \
    chmod chown ansible-playbook terraform visudo setenforce sysctl crontab certbot truncate";
/// Programs that change something by one of these words.
const VERBS: &str = "restart start stop reload try-restart enable disable mask install upgrade update remove purge erase apply set scale \
    rollout rollback undo delete patch edit drain cordon uncordon run up down deploy";
/// Programs that the verbs belong to.
const MANAGERS: &str = "systemctl service initctl supervisorctl apt apt-get aptitude yum dnf rpm dpkg snap pip npm kubectl helm docker \
    docker-compose podman nerdctl pm2 consul nomad vault";
/// Modules of Ansible that only look.
const LOOKS: &str = "setup stat ping gather_facts debug service_facts package_facts wait_for";
/// Resources of Kubernetes that components write all the time.
const CHATTER: &str = "events leases tokenreviews subjectaccessreviews selfsubjectaccessreviews selfsubjectrulesreviews selfsubjectreviews";
/// What a program may say has changed, and how.
const THINGS: &str = "config configuration configmap setting settings flag feature-flag toggle feature_flag";
const DONE: &str = "reloaded changed updated applied enabled disabled toggled flipped switched activated deactivated reloading reconfiguring \
    reconfigured rolled overridden modified set turned evaluated-to";
/// Words by which a record denies it, or tells a plan.
const DENIED: [&str; 16] = [
    "fail",
    "error",
    "unable",
    "could not",
    "cannot",
    "can't",
    "skip",
    "unchanged",
    "no change",
    "not ",
    "invalid",
    "without",
    "unless",
    "would",
    "will ",
    "retry",
];
/// Longest text of a change.
const MAX_TEXT: usize = 300;

/// Whether a word stands in a list of words.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|own| own == word)
}

/// Whether a message may tell of something done: what a log holds few of, found by their words. O(bytes).
pub fn may_tell(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    lower.starts_with("/api") && lower.contains("/namespaces/")
        || lower.starts_with('(') && says(&[") cmd (", ") replace ("])
        || says(&["parameter \"", "invoked with ", "changed: [", "task ["])
        || statement_of(message, &lower).is_some()
        || lower.find("command=").is_some_and(|at| of_command(message, at).is_some())
        || of_package(message).is_some()
        || of_program(&lower)
}

/// Reads records of one log in their order. Ansible names a task before it says what the task changed.
#[derive(Debug, Default)]
pub struct Teller {
    task: Option<String>,
}

impl Teller {
    /// What the record tells was done, if it does. O(bytes).
    pub fn change(&mut self, event: &Event) -> Option<Change> {
        let time = event.time?;
        if event.level >= Level::Error {
            return None;
        }
        let told = self.told(event)?;
        let service = told.service.or_else(|| event.service.clone().filter(|_| told.is_own));
        let mut text: String = told.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
            text.truncate(end);
            text.push('…');
        }
        // A statement that is logged with its time is logged when it ends.
        let took_ns = told.took_s.map_or(0, |seconds| (seconds * 1e9) as i64);
        Some(Change {
            time: Some(Timestamp(time.0 - took_ns)),
            end: (took_ns > 0).then_some(time),
            kind: told.kind.to_owned(),
            service,
            text,
            from: told.from,
            to: told.to,
            fields: event.fields.clone(),
            source: event.id.source,
            line: event.line,
        })
    }

    fn told(&mut self, event: &Event) -> Option<Told> {
        let message = event.message.as_str();
        let lower = message.to_ascii_lowercase();
        let logger = event.service.as_deref().unwrap_or_default();
        if message.starts_with("/api") {
            return of_kubernetes(event);
        }
        if let Some(told) = of_statement(message, &lower, event).or_else(|| of_parameter(message, &lower)) {
            return Some(told);
        }
        if let Some(at) = lower.find("command=") {
            return of_command(message, at);
        }
        if let Some(told) = of_cron(message, logger).or_else(|| of_package(message)) {
            return Some(told);
        }
        if let Some((module, rest)) = logger.strip_prefix("ansible-").zip(lower.starts_with("invoked with").then(|| &message[12..])) {
            let name = module.rsplit('.').next().unwrap_or(module);
            return (!has(LOOKS, name)).then(|| Told::new("ansible", format!("{name}:{rest}")));
        }
        if let Some(at) = lower.find("task [") {
            self.task = message[at + 6..].split(']').next().map(str::to_owned);
            return None;
        }
        if let Some(at) = lower.find("changed: [") {
            let host = message[at + 10..].split(']').next().unwrap_or_default();
            let task = self.task.as_deref()?;
            return Some(Told::new("ansible", format!("{task} on {host}")));
        }
        of_program(&lower).then(|| with_values(event))
    }
}

/// What is known of something done.
#[derive(Default)]
struct Told {
    kind: &'static str,
    text: String,
    service: Option<String>,
    /// Done to the service that logs it.
    is_own: bool,
    from: Option<String>,
    to: Option<String>,
    took_s: Option<f64>,
}

impl Told {
    fn new(kind: &'static str, text: String) -> Self {
        Self { kind, text, ..Self::default() }
    }
}

/// The statement of `statement: ALTER TABLE …`, `execute <unnamed>: CREATE INDEX …`, `SET GLOBAL …`, if it changes something,
/// and whether what it changes is a setting.
fn statement_of<'m>(message: &'m str, lower: &str) -> Option<(&'m str, bool)> {
    let statement = ["statement: ", "execute "].iter().find_map(|sign| {
        let at = lower.find(sign)? + sign.len();
        // The name of what was prepared stands before it.
        let named = if *sign == "execute " { lower[at..].find(": ")? + 2 } else { 0 };
        message.get(at + named..)
    });
    let statement = statement.or_else(|| lower.find("set global").and_then(|at| message.get(at..)))?.trim_start();
    let start = statement.to_ascii_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| start.starts_with(word));
    let is_setting = begins(&["alter system", "set global", "alter database"]);
    (is_setting || begins(&STATEMENTS)).then_some((statement, is_setting))
}

fn of_statement(message: &str, lower: &str, event: &Event) -> Option<Told> {
    let (statement, is_setting) = statement_of(message, lower)?;
    let took_s = lower.contains("duration: ").then(|| event.latency_s.map(f64::from).or_else(|| spoken_seconds(lower))).flatten();
    Some(Told { is_own: true, took_s, ..Told::new(if is_setting { "config" } else { "ddl" }, statement.to_owned()) })
}

/// Seconds of `duration: 1234.5 ms`.
fn spoken_seconds(lower: &str) -> Option<f64> {
    let (number, unit) = lower.split("duration: ").nth(1)?.split_once(' ')?;
    let scale = if unit.starts_with("ms") { 1e-3 } else { 1.0 };
    Some(number.parse::<f64>().ok()? * scale)
}

/// `parameter "work_mem" changed to "4MB"`.
fn of_parameter(message: &str, lower: &str) -> Option<Told> {
    let at = lower.find("parameter \"")?;
    let (name, rest) = message[at + 11..].split_once('"')?;
    if let Some(value) = rest.strip_prefix(" changed to \"").and_then(|rest| rest.split('"').next()) {
        let text = format!("{name} → {value}");
        return Some(Told { is_own: true, to: Some(value.to_owned()), ..Told::new("config", text) });
    }
    rest.contains("reset to default").then(|| Told { is_own: true, ..Told::new("config", format!("{name} → default")) })
}

/// `mia : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx`, if the command changes something.
fn of_command(message: &str, at: usize) -> Option<Told> {
    let command = message.get(at + 8..)?.trim();
    let mut words = command.split_whitespace();
    let program = words.next()?.rsplit('/').next()?;
    let is_change = has(TOOLS, program) || has(MANAGERS, program) && words.any(|word| has(VERBS, word));
    if !is_change {
        return None;
    }
    let who = message.split(" : ").next().map(str::trim).filter(|who| !who.is_empty() && !who.contains(' '));
    let text = who.map_or_else(|| command.to_owned(), |who| format!("{command}: {who}"));
    Some(Told::new("command", text))
}

/// `(root) CMD (/usr/local/bin/backup.sh)` and `(root) REPLACE (root)`.
fn of_cron(message: &str, logger: &str) -> Option<Told> {
    if !logger.to_ascii_lowercase().contains("cron") {
        return None;
    }
    let (user, rest) = message.strip_prefix('(')?.split_once(") ")?;
    if let Some(command) = rest.strip_prefix("CMD (") {
        let command = command.strip_suffix(')').unwrap_or(command);
        return Some(Told::new("job", format!("{command}: {user}")));
    }
    rest.strip_prefix("REPLACE (").map(|whose| Told::new("crontab", format!("crontab of {}: {user}", whose.trim_end_matches(')'))))
}

/// `upgrade nginx:amd64 1.18 1.20` of dpkg, `Upgraded: nginx-1.20` of yum.
fn of_package(message: &str) -> Option<Told> {
    let mut words = message.split_whitespace();
    let (verb, package) = (words.next()?, words.next()?);
    match verb {
        "upgrade" | "install" | "remove" | "purge" if package.contains(':') => {
            let (from, to) = (words.next()?, words.next()?);
            let known = |version: &str| (version != "<none>").then(|| version.to_owned());
            if words.next().is_some() {
                return None;
            }
            let text = format!("{verb} {package} {from} → {to}");
            Some(Told { from: known(from), to: known(to), ..Told::new("package", text) })
        }
        "Upgraded:" | "Installed:" | "Erased:" | "Updated:" | "Downgraded:" if words.next().is_none() && package.contains('-') => {
            Some(Told::new("package", format!("{} {package}", verb.trim_end_matches(':').to_ascii_lowercase())))
        }
        _ => None,
    }
}

/// A program that says a configuration or flag has changed. `lower`: its message in lower case.
fn of_program(lower: &str) -> bool {
    /// A sentence that tells of more is about something else.
    const MAX_WORDS: usize = 16;
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').filter(|word| !word.is_empty());
    let (mut thing, mut done, mut n) = (false, false, 0);
    for word in words.by_ref().take(MAX_WORDS + 1) {
        thing |= has(THINGS, word);
        done |= has(DONE, word);
        n += 1;
    }
    let is_signal = lower.contains("reconfiguring") && lower.contains("signal");
    (thing && done && n <= MAX_WORDS || is_signal) && !DENIED.iter().any(|word| lower.contains(word))
}

/// What a program says has changed, with the values that its record holds beside the sentence.
fn with_values(event: &Event) -> Told {
    let field = |names: &[&str]| {
        let value = |name: &&str| event.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        names.iter().find_map(value).filter(|value| !value.is_empty())
    };
    let sentence = event.message.rsplit("LOG:").next().unwrap_or_default().trim();
    let (from, to) = (field(&["old", "from", "previous", "before", "old_value"]), field(&["new", "to", "value", "after", "new_value"]));
    let mut text = sentence.to_owned();
    for part in [field(&["flag", "key", "name", "setting", "parameter", "path"]), from.clone()].into_iter().flatten() {
        text.push_str(if text.len() == sentence.len() { ": " } else { " " });
        text.push_str(&part);
    }
    if let Some(to) = &to {
        text.push_str(" → ");
        text.push_str(to);
    }
    Told { is_own: true, from, to, ..Told::new("config", text) }
}

/// A write that the API of Kubernetes carried out for a person or a tool, by its audit record.
fn of_kubernetes(event: &Event) -> Option<Told> {
    let field = |name: &str| event.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let verb = field("verb").filter(|verb| ["create", "update", "patch", "delete", "deletecollection"].contains(verb))?;
    let (user, resource) = (field("user.username")?, field("objectRef.resource")?);
    let is_done = field("stage").is_none_or(|stage| stage == "ResponseComplete")
        && field("responseStatus.code").and_then(|code| code.parse::<u16>().ok()).is_none_or(|code| code < 300);
    let is_a_person = !user.starts_with("system:") || user.starts_with("system:serviceaccount:") && !user.contains(":kube-system:");
    if !is_done || !is_a_person || has(CHATTER, resource) || field("objectRef.subresource").is_some_and(|part| part != "scale") {
        return None;
    }
    let name = field("objectRef.name").unwrap_or("*");
    let place = field("objectRef.namespace").map_or_else(String::new, |space| format!(" in {space}"));
    let text = format!("{verb} {resource}/{name}{place}: {user}");
    let is_workload = ["deployments", "statefulsets", "daemonsets", "services", "rollouts"].contains(&resource);
    Some(Told { service: is_workload.then(|| name.to_owned()), ..Told::new("kubernetes", text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(service: &str, messages: &[&str]) -> Vec<String> {
        let mut teller = Teller::default();
        let changes = messages.iter().filter(|message| may_tell(message)).filter_map(|message| {
            let event = Event {
                time: Some(Timestamp(1_000_000_000_000)),
                service: Some(service.to_owned()),
                message: (*message).to_owned(),
                ..Event::default()
            };
            teller.change(&event)
        });
        changes.map(|change| format!("{} {}", change.kind, change.text)).collect()
    }

    #[test]
    fn statements_that_change_a_schema_or_a_setting_are_changes_and_queries_are_none() {
        let of = |message: &str| told("db", &[message]);
        assert_eq!(of("LOG:  statement: ALTER TABLE orders ADD note text;"), ["ddl ALTER TABLE orders ADD note text;"]);
        assert_eq!(of("execute <unnamed>: CREATE INDEX i ON t (a)"), ["ddl CREATE INDEX i ON t (a)"]);
        assert_eq!(of("7 Query\tSET GLOBAL max_connections = 20"), ["config SET GLOBAL max_connections = 20"]);
        assert_eq!(of("parameter \"work_mem\" changed to \"64kB\""), ["config work_mem → 64kB"]);
        assert!(of("statement: SELECT 1").is_empty());
        assert!(of("statement: CREATE TEMP TABLE x (a int)").is_empty());
    }

    #[test]
    fn what_programs_say_of_requests_is_not_even_read() {
        for message in ["/api/v1/orders/7", "failed to execute query: timeout", "GET /x COMMAND=ls", "statement: SELECT 1", "cmd (x)"] {
            assert!(!may_tell(message), "{message}");
        }
    }

    #[test]
    fn a_statement_that_is_logged_with_its_time_began_so_much_earlier() {
        let message = "duration: 2500.000 ms  statement: ALTER TABLE a ADD b int".to_owned();
        let event = Event { time: Some(Timestamp(10_000_000_000)), message, ..Event::default() };
        let change = Teller::default().change(&event).map(|change| (change.time, change.end));
        assert_eq!(change, Some((Some(Timestamp(7_500_000_000)), Some(Timestamp(10_000_000_000)))));
    }

    #[test]
    fn commands_that_only_look_are_no_changes() {
        let of = |command: &str| told("sudo", &[&format!("mia : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND={command}")]);
        assert_eq!(of("/usr/bin/systemctl restart nginx"), ["command /usr/bin/systemctl restart nginx: mia"]);
        assert_eq!(of("/sbin/iptables -A INPUT -j DROP"), ["command /sbin/iptables -A INPUT -j DROP: mia"]);
        assert!(of("/usr/bin/systemctl status nginx").is_empty());
        assert!(of("/usr/bin/tail -f /var/log/syslog").is_empty());
    }

    #[test]
    fn jobs_packages_and_tasks_are_told_with_what_they_changed() {
        assert_eq!(told("CRON", &["(root) CMD (/usr/local/bin/backup.sh)"]), ["job /usr/local/bin/backup.sh: root"]);
        assert_eq!(told("crontab", &["(root) REPLACE (www)"]), ["crontab crontab of www: root"]);
        assert_eq!(told("dpkg", &["upgrade nginx:amd64 1.18 1.20"]), ["package upgrade nginx:amd64 1.18 → 1.20"]);
        let play = ["n=ansible | TASK [app : Pool size] ****", "n=ansible | changed: [web1]"];
        assert_eq!(told("ansible", &play), ["ansible app : Pool size on web1"]);
        assert_eq!(told("ansible-ansible.builtin.template", &["Invoked with src=/x dest=/y"]), ["ansible template: src=/x dest=/y"]);
        assert!(told("ansible-setup", &["Invoked with gather_subset=all"]).is_empty());
    }

    #[test]
    fn a_program_that_says_its_configuration_changed_is_believed_unless_it_denies_it() {
        let of = |message: &str| told("api", &[message]);
        assert_eq!(of("configuration reloaded from /etc/app.yaml"), ["config configuration reloaded from /etc/app.yaml"]);
        assert_eq!(of("feature flag new-cart enabled for 100%"), ["config feature flag new-cart enabled for 100%"]);
        let fields = [("flag", "cart"), ("old", "1"), ("new", "100")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let event = Event { message: "feature flag changed".into(), fields: fields.to_vec(), ..Event::default() };
        let told = with_values(&event);
        assert_eq!((told.text.as_str(), told.to.as_deref()), ("feature flag changed: cart 1 → 100", Some("100")));
        for not in ["failed: configuration changed", "config unchanged, nothing reloaded", "configuration loaded", "flag parsed"] {
            assert!(!of_program(not), "{not}");
        }
    }

    #[test]
    fn writes_of_people_to_kubernetes_are_changes_and_those_of_components_are_none() {
        let of = |user: &str, verb: &str, resource: &str| {
            let fields = [
                ("verb", verb),
                ("user.username", user),
                ("stage", "ResponseComplete"),
                ("objectRef.resource", resource),
                ("objectRef.name", "order"),
                ("objectRef.namespace", "shop"),
                ("responseStatus.code", "200"),
            ];
            let event = Event {
                time: Some(Timestamp(1)),
                message: "/apis/apps/v1/x".into(),
                fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
                ..Event::default()
            };
            Teller::default().change(&event).map(|change| (change.service.unwrap_or_default(), change.text))
        };
        let patch = Some(("order".to_owned(), "patch deployments/order in shop: mia@example.com".to_owned()));
        assert_eq!(of("mia@example.com", "patch", "deployments"), patch);
        assert_eq!(of("system:node:n1", "patch", "nodes"), None);
        assert_eq!(of("mia@example.com", "list", "pods"), None);
        assert_eq!(of("system:kube-scheduler", "update", "leases"), None);
    }
}
