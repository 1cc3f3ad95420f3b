//! `ss -s`, and the connections that `ss -tan` and `netstat -an` list, counted by state.
//!
//! A state that a later round does not show has no connection then: it is 0 and no gap.

use std::collections::{BTreeMap, BTreeSet};

use super::{Program, Reading};

/// Name of the series of listed connections.
const LISTED: &str = "socket_count";

/// States that rounds of this file have shown so far, by protocol.
#[derive(Default)]
pub(super) struct States(BTreeSet<(String, String)>);

impl States {
    /// Adds a 0 for each state that was there before and is not now.
    pub fn complete(&mut self, mut readings: Vec<Reading>) -> Vec<Reading> {
        if !readings.iter().any(|reading| reading.identity.name == LISTED) {
            return readings;
        }
        let own = |reading: &Reading| {
            let label = |name: &str| reading.identity.labels.iter().find(|(own, _)| own == name).map(|label| label.1.clone());
            (label("protocol").unwrap_or_default(), label("state").unwrap_or_default())
        };
        let now: BTreeSet<_> = readings.iter().map(own).collect();
        let gone = self.0.difference(&now).map(|(protocol, state)| listed(protocol, state, 0.0));
        readings.extend(gone.collect::<Vec<_>>());
        self.0.extend(now);
        readings
    }
}

fn listed(protocol: &str, state: &str, n: f64) -> Reading {
    Reading::new(LISTED, &[("protocol", protocol), ("state", state)], n)
}

/// What netstat writes above its header.
pub(super) fn is_title(line: &str) -> bool {
    ["Active Internet connections", "Active UNIX domain sockets"].iter().any(|title| line.starts_with(title))
}

pub(super) fn begun(line: &str) -> Option<(Box<dyn Program>, Vec<Reading>)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let has = |wanted: &[&str]| wanted.iter().all(|word| words.contains(word));
    if words.len() >= 2 && words[0] == "Total:" && line.contains("Total:") && words[1].parse::<f64>().is_ok() {
        let total = Reading::new("ss_sockets", &[("transport", "all")], words[1].parse().ok()?);
        return Some((Box::new(Summary { columns: Vec::new() }), vec![total]));
    }
    // Header words run together where columns are narrow: `Local Address:Port`.
    let is_ss = has(&["State", "Recv-Q", "Send-Q", "Local"]);
    let is_netstat = has(&["Proto", "Recv-Q", "Send-Q", "Local"]) && words.contains(&"State");
    (is_ss || is_netstat).then(|| {
        // Two words name an address before the state in netstat, in each row it is one.
        let at = |name: &str| words.iter().position(|word| *word == name);
        let (state, protocol) = match is_netstat {
            true => (5, at("Proto")),
            false => (at("State").unwrap_or(0), at("Netid")),
        };
        let program: Box<dyn Program> = Box::new(List { state, protocol, counts: BTreeMap::new() });
        (program, Vec::new())
    })
}

struct Summary {
    /// Columns of the table at the end.
    columns: Vec<String>,
}

impl Program for Summary {
    fn name(&self) -> &'static str {
        "ss -s"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() == Some(&"Transport") {
            self.columns = words[1..].iter().map(|word| word.to_ascii_lowercase()).collect();
            return Some(Vec::new());
        }
        if let Some(rest) = line.trim().strip_prefix("TCP:") {
            // `100 (estab 80, closed 12, timewait 12/0), ports 0`
            let (all, states) = rest.split_once('(').unwrap_or((rest, ""));
            let mut readings = vec![Reading::new("ss_tcp", &[("state", "all")], all.trim().trim_end_matches(',').parse().ok()?)];
            for pair in states.split(')').next().unwrap_or_default().split(',') {
                let Some((state, n)) = pair.trim().split_once(' ') else { continue };
                let n = n.split('/').next().unwrap_or(n);
                readings.push(Reading::new("ss_tcp", &[("state", state)], n.trim().parse().ok()?));
            }
            return Some(readings);
        }
        let (transport, cells) = words.split_first().filter(|_| !self.columns.is_empty() && words.len() == self.columns.len() + 1)?;
        let cells = self.columns.iter().zip(cells).filter(|(_, cell)| **cell != "-");
        let read = |(column, cell): (&String, &&str)| {
            let value = cell.parse().ok()?;
            Some(match column.as_str() {
                "total" => Reading::new("ss_sockets", &[("transport", transport)], value),
                family => Reading::new("ss_sockets_by_family", &[("transport", transport), ("family", family)], value),
            })
        };
        // The star is the sum that the first line tells with what the kernel adds.
        cells.filter(|_| *transport != "*").map(read).collect()
    }
}

struct List {
    state: usize,
    protocol: Option<usize>,
    counts: BTreeMap<(String, String), f64>,
}

impl Program for List {
    fn name(&self) -> &'static str {
        "ss"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        if line.starts_with([' ', '\t']) {
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_protocol =
            |word: &&str| ["tcp", "udp", "raw", "unix", "u_", "nl", "icmp", "p_", "v_"].iter().any(|start| word.starts_with(start));
        let protocol = match self.protocol {
            Some(at) => *words.get(at).filter(|word| is_protocol(word))?,
            None => "tcp",
        };
        let state = words.get(self.state).copied().unwrap_or("-");
        // A row of a socket without connections has none.
        let state =
            if state.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_' | b'1' | b'2')) { state } else { "-" };
        if self.protocol.is_none() && (state == "-" || words.len() < 4) {
            return None;
        }
        *self.counts.entry((protocol.to_owned(), state.to_owned())).or_default() += 1.0;
        Some(Vec::new())
    }

    fn end(&mut self) -> Vec<Reading> {
        std::mem::take(&mut self.counts).into_iter().map(|((protocol, state), n)| listed(&protocol, &state, n)).collect()
    }

    fn is_silent(&self, line: &str) -> bool {
        // What ss tells of a connection below it (-i, -m).
        line.starts_with([' ', '\t'])
    }
}
