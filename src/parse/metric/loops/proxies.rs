//! What proxies tell of themselves: `show stat` of `HAProxy` as CSV, `/stats` of Envoy as text.
//!
//! Envoy's names are taken apart as its own exposition does: the cluster, listener or prefix is a label.

use super::{Program, Reading};
use crate::model::{SeriesKind, Unit};
use crate::parse::metric::gather::name_of;
use crate::parse::metric::value_of;

/// Columns that name things or limits of the configuration by number.
const IDS: [&str; 5] = ["pid", "iid", "sid", "type", "uweight"];
/// Columns that count up, by the starts of their names.
const COUNTED: [&str; 17] = [
    "stot", "bin", "bout", "dreq", "dresp", "ereq", "econ", "eresp", "wretr", "wredis", "chkfail", "chkdown", "downtime", "lbtot", "hrsp_",
    "req_tot", "conn_tot",
];
const ABORTED: [&str; 2] = ["cli_abrt", "srv_abrt"];

pub(super) fn begun(line: &str) -> Option<(Box<dyn Program>, Vec<Reading>)> {
    if let Some(columns) = line.strip_prefix("# pxname,svname,").or_else(|| line.strip_prefix("pxname,svname,")) {
        let columns = columns.split(',').map(|column| column.trim().to_owned()).collect();
        return Some((Box::new(Proxies { columns }), Vec::new()));
    }
    let readings = envoy(line)?;
    Some((Box::new(Envoy), readings))
}

struct Proxies {
    columns: Vec<String>,
}

impl Program for Proxies {
    fn name(&self) -> &'static str {
        "haproxy"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        let cells: Vec<&str> = line.split(',').collect();
        let (proxy, service, values) = match cells[..] {
            [proxy, service, ref values @ ..] if values.len() + 1 >= self.columns.len() && !proxy.is_empty() => (proxy, service, values),
            _ => return None,
        };
        let labels = [("proxy", proxy), ("service", service)];
        let mut readings = Vec::new();
        let named = self.columns.iter().zip(values).filter(|(column, value)| !column.is_empty() && !value.is_empty());
        for (column, value) in named.filter(|(column, _)| !IDS.contains(&column.as_str())) {
            if column == "status" {
                // `UP 1/3` is up while a check fails; `no check` says nothing.
                let is_up = match value.split(' ').next() {
                    Some("UP" | "OPEN") => 1.0,
                    Some("DOWN" | "MAINT" | "STOP") => 0.0,
                    _ => continue,
                };
                readings.push(Reading::new("haproxy_up", &labels, is_up));
            } else if let Ok(number) = value_of(value) {
                let mut reading = Reading::new(&format!("haproxy_{}", name_of(column)), &labels, number);
                let is_counted = COUNTED.iter().any(|start| column.starts_with(start)) || ABORTED.contains(&column.as_str());
                reading.identity.kind = Some(if is_counted { SeriesKind::Counter } else { SeriesKind::Gauge });
                readings.push(match column.as_str() {
                    "bin" | "bout" => reading.in_unit(Unit::Bytes),
                    _ => reading,
                });
            }
        }
        (!readings.is_empty()).then_some(readings)
    }
}

/// What names of Envoy begin with.
const ROOTS: [&str; 22] = [
    "cluster.",
    "cluster_manager.",
    "http.",
    "http1.",
    "http2.",
    "listener.",
    "listener_manager.",
    "server.",
    "runtime.",
    "main_thread.",
    "workers.",
    "filesystem.",
    "dns.",
    "tcp.",
    "control_plane.",
    "overload.",
    "access_logs.",
    "tls_inspector.",
    "thread_local_cluster_manager.",
    "vhost.",
    "sds.",
    "wasm.",
];
/// What stands behind the name of a cluster, which may hold points itself.
const OF_CLUSTER: [&str; 18] = [
    ".upstream_",
    ".membership_",
    ".lb_",
    ".circuit_breakers.",
    ".outlier_detection.",
    ".health_check.",
    ".update_",
    ".assignment_",
    ".bind_errors",
    ".max_host_weight",
    ".version",
    ".external.",
    ".internal.",
    ".canary.",
    ".default.",
    ".ssl.",
    ".http1.",
    ".http2.",
];
/// The same of a listener, whose name is an address.
const OF_LISTENER: [&str; 7] = [".downstream_", ".http.", ".ssl.", ".worker_", ".no_filter_chain_match", ".server_ssl", ".connections_"];

struct Envoy;

impl Program for Envoy {
    fn name(&self) -> &'static str {
        "envoy"
    }

    fn line(&mut self, line: &str) -> Option<Vec<Reading>> {
        envoy(line)
    }

    fn goes_on(&self, line: &str) -> bool {
        envoy(line).is_some()
    }
}

/// `cluster.order.upstream_rq_total: 12`, `….upstream_rq_time: P0(nan,1) P50(2.5,2) …`.
fn envoy(line: &str) -> Option<Vec<Reading>> {
    let (name, value) = line.trim_end().rsplit_once(": ").filter(|(name, _)| ROOTS.iter().any(|root| name.starts_with(root)))?;
    let (metric, label) = taken_apart(name);
    let labels: Vec<(&str, &str)> = label.into_iter().collect();
    if let Ok(number) = value.parse::<u64>() {
        let mut reading = Reading::new(&metric, &labels, number as f64);
        let is_counted = ["_total", "_1xx", "_2xx", "_3xx", "_4xx", "_5xx", "_success", "_failure", "_timeout", "_reset"];
        reading.identity.kind = is_counted.iter().any(|end| metric.ends_with(end)).then_some(SeriesKind::Counter);
        return Some(vec![reading]);
    }
    if value == "No recorded values" || value.starts_with('"') {
        return Some(Vec::new());
    }
    let mut readings = Vec::new();
    for word in value.split(' ') {
        let (quantile, pair) = word.strip_prefix('P')?.strip_suffix(')')?.split_once('(')?;
        let share = quantile.parse::<f64>().ok()? / 100.0;
        let (interval, all) = pair.split_once(',')?;
        for (over, number) in [("interval", interval), ("since start", all)] {
            // Nothing was recorded in the interval.
            let Some(number) = number.parse::<f64>().ok().filter(|number| number.is_finite()) else { continue };
            let quantile = share.to_string();
            let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("over", over), ("quantile", quantile.as_str())]).collect();
            let mut reading = Reading::new(&metric, &labels, number);
            reading.identity.kind = Some(SeriesKind::Quantile);
            readings.push(reading);
        }
    }
    Some(readings)
}

/// The name of a metric and the label that stands in it.
fn taken_apart(name: &str) -> (String, Option<(&'static str, &str)>) {
    let at = |rest: &str, behind: &[&str]| behind.iter().filter_map(|word| rest.find(word)).min().or_else(|| rest.find('.'));
    let split = |rest: &'_ str, at: usize| (rest[at + 1..].to_owned(), at);
    for (root, label, behind) in [
        ("cluster", "cluster", &OF_CLUSTER[..]),
        ("listener", "listener", &OF_LISTENER[..]),
        ("http", "prefix", &[]),
        ("tcp", "prefix", &[]),
    ] {
        let Some(rest) = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('.')) else { continue };
        if let Some((stat, end)) = at(rest, behind).filter(|at| *at > 0).map(|at| split(rest, at)) {
            return (format!("envoy_{root}_{}", name_of(&stat)), Some((label, &rest[..end])));
        }
    }
    (format!("envoy_{}", name_of(name)), None)
}
