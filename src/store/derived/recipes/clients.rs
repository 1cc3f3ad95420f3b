//! What a client sees of a request beyond what its server measures: network, queues in front of the server, refused
//! connections. P99 of the client less P99 of the server, per service that is called; nothing where one of them is clipped.
//!
//! Never guessed from names alone: the values of labels must say that two duration histograms tell of the same calls.
//! 1. Roles: a label of the one that names who is called (`peer`, `target`, `upstream` …) has values in common with a
//!    label of the other that names the service (`service`, `app`, `job` …); `http://payment:8080` is `payment`.
//! 2. Sides: both names are alike but for a word such as `client` and `server`, and both have the label that names who
//!    is called (`grpc_service`, `server` …) with values in common.
//! 3. Reporter: one histogram holds both sides, told apart by a label such as `reporter` or `span_kind`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Family, Recipe};
use crate::model::{SeriesKind, SeriesMeta};
use crate::parse::ParsedSeries;
use crate::parse::metric::meaning;
use crate::store::derived::words;

/// Labels of a client's metric that name who is called.
const CALLED: [&str; 19] = [
    "target",
    "target_service",
    "peer",
    "peer_service",
    "upstream",
    "upstream_service",
    "upstream_cluster",
    "destination",
    "destination_service",
    "destination_service_name",
    "destination_workload",
    "server",
    "server_address",
    "net_peer_name",
    "callee",
    "remote_service",
    "remote",
    "dependency",
    "backend",
];
/// The same in metrics that are called those of a client: elsewhere they name a machine, or who calls.
const CALLED_BY_CLIENT: [&str; 2] = ["client_name", "host"];
/// Labels that name who is called in metrics of both sides.
const SHARED: [&str; 5] = ["grpc_service", "rpc_service", "server", "destination_service", "destination_service_name"];
/// Words of a metric name for the side that calls, and for the one that is called.
const CLIENT: [&str; 4] = ["client", "outgoing", "outbound", "upstream"];
const SERVER: [&str; 3] = ["server", "incoming", "inbound"];
/// Labels whose value says which side measured, with the values of both.
const SIDES: [(&str, &str, &str); 4] = [
    ("reporter", "source", "destination"),
    ("span_kind", "SPAN_KIND_CLIENT", "SPAN_KIND_SERVER"),
    ("kind", "client", "server"),
    ("side", "client", "server"),
];
/// The host of an address up to its first dot: `payment` of `http://payment.shop:8080/pay`.
const HOST: &str = "(?:[a-z]+://)?([^.:/]+)(?:[.:/].*)?";
/// All of a value.
const WHOLE: &str = "(.+)";

/// Duration histograms that are compared with one another, the first by name.
const MAX_COMPARED: usize = 300;

/// The formulas for all pairs, and the histograms of clients that are in none. O(series of duration histograms).
pub(super) fn clients(families: &[Family<'_>]) -> (Vec<Recipe>, Vec<String>) {
    let durations: Vec<&Family<'_>> = families.iter().filter(|family| is_duration(family)).take(MAX_COMPARED).collect();
    let servers: Vec<Served<'_>> = durations.iter().flat_map(|family| Served::of(family)).collect();
    let (mut recipes, mut alone) = (Vec::new(), Vec::new());
    for client in &durations {
        match by_side(client).or_else(|| by_roles(client, &servers)).or_else(|| by_names(client, &durations)) {
            Some(recipe) => recipes.push(recipe),
            None if tells_of_calls(client) => alone.push(client.name.strip_suffix("_bucket").unwrap_or(client.name).to_owned()),
            None => {}
        }
    }
    (recipes, alone)
}

/// Whether it measures what a client saw.
fn tells_of_calls(family: &Family<'_>) -> bool {
    words::has(family.name, &CLIENT) || CALLED.iter().any(|label| family.labels.contains(label))
}

/// A histogram and the services that one of its labels names.
struct Served<'f> {
    family: &'f Family<'f>,
    label: &'static str,
    services: BTreeSet<&'f str>,
}

impl<'f> Served<'f> {
    fn of(family: &'f Family<'f>) -> impl Iterator<Item = Self> {
        let labels = words::SERVICE.into_iter().filter(|label| family.labels.contains(label));
        labels.map(move |label| Self { family, label, services: values(family, label) })
    }
}

fn is_duration(family: &Family<'_>) -> bool {
    family.kind == SeriesKind::HistogramPart
        && family.name.ends_with("_bucket")
        && family.labels.contains("le")
        && words::has(family.name, &["seconds", "milliseconds", "ms", "duration", "latency"])
}

/// Whether both count in thousandths of a second, or neither does.
fn is_comparable(a: &Family<'_>, b: &Family<'_>) -> bool {
    let is_small = |family: &Family<'_>| words::has(family.name, &["milliseconds", "ms"]);
    is_small(a) == is_small(b)
}

/// The values of a label, without empty ones.
fn values<'a>(family: &Family<'a>, label: &str) -> BTreeSet<&'a str> {
    family.metas.iter().filter_map(|meta: &&'a SeriesMeta| meta.labels.get(label)).filter(|value| !value.is_empty()).collect()
}

/// The host that [`HOST`] finds.
fn host(value: &str) -> &str {
    let value = value.split_once("://").map_or(value, |(_, rest)| rest);
    &value[..value.find(['.', ':', '/']).unwrap_or(value.len())]
}

/// A pair by the labels of their roles: the most values in common, then the most words of the names in common.
fn by_roles(client: &Family<'_>, servers: &[Served<'_>]) -> Option<Recipe> {
    let is_client = words::has(client.name, &CLIENT);
    let roles = CALLED.into_iter().chain(CALLED_BY_CLIENT.into_iter().filter(|_| is_client));
    let mut best: Option<((usize, usize), &Served<'_>, &str, &str)> = None;
    for called in roles.filter(|label| client.labels.contains(label)) {
        let seen = values(client, called);
        let hosts: BTreeSet<&str> = seen.iter().copied().map(host).collect();
        for server in servers.iter().filter(|server| is_server_for(client, server.family)) {
            let (whole, by_host) = (server.services.intersection(&seen).count(), server.services.intersection(&hosts).count());
            let (n, pattern) = if by_host > whole { (by_host, HOST) } else { (whole, WHOLE) };
            let rank = (n, alike(client.name, server.family.name));
            if n > 0 && best.as_ref().is_none_or(|known| rank > known.0) {
                best = Some((rank, server, called, pattern));
            }
        }
    }
    let (_, server, called, pattern) = best?;
    let rate = client.rate(&format!("{called}=~{pattern:?}"));
    let seen = format!("label_replace({rate}, {:?}, \"$1\", {called:?}, {pattern:?})", server.label);
    Some(beyond(client, server.family, server.label, [&seen, &server.family.rate("")]))
}

/// A server's own histogram: not the client's, and not one of somebody who calls.
fn is_server_for(client: &Family<'_>, server: &Family<'_>) -> bool {
    client.name != server.name && !words::has(server.name, &CLIENT) && is_comparable(client, server)
}

/// How many words two names have in common.
fn alike(a: &str, b: &str) -> usize {
    let b = words::parts(b);
    words::parts(a).iter().filter(|part| b.contains(part)).count()
}

/// A pair by names that differ in the side only, with a label of who is called in both.
fn by_names(client: &Family<'_>, durations: &[&Family<'_>]) -> Option<Recipe> {
    if !words::has(client.name, &CLIENT) {
        return None;
    }
    let both: Vec<&str> = CLIENT.into_iter().chain(SERVER).collect();
    let core = words::core(client.name, &both);
    let is_other_side = |server: &&&Family<'_>| {
        words::has(server.name, &SERVER) && is_server_for(client, server) && words::core(server.name, &both) == core
    };
    durations.iter().filter(is_other_side).find_map(|server| {
        let names_both = |label: &&str| !values(client, label).is_disjoint(&values(server, label));
        let label = SHARED.into_iter().find(names_both)?;
        Some(beyond(client, server, label, [&client.rate(""), &server.rate("")]))
    })
}

/// Both sides in one histogram.
fn by_side(family: &Family<'_>) -> Option<Recipe> {
    let (label, client, server) = SIDES.into_iter().find(|(label, client, server)| {
        let values = values(family, label);
        values.contains(client) && values.contains(server)
    })?;
    let has_both = |called: &&str| {
        let of = |side: &str| {
            let own = family.metas.iter().filter(|meta| meta.labels.get(label) == Some(side));
            own.filter_map(|meta| meta.labels.get(called)).collect::<BTreeSet<_>>()
        };
        !of(client).is_disjoint(&of(server))
    };
    let called = SHARED.into_iter().chain(CALLED).find(has_both)?;
    let rate = |side: &str| family.rate(&format!("{label}={side:?}"));
    Some(beyond(family, family, called, [&rate(client), &rate(server)]))
}

/// Where either quantile lies in the bucket without an end, their difference is anything: the formula says nothing there.
fn beyond(client: &Family<'_>, server: &Family<'_>, service: &str, [seen, measured]: [&str; 2]) -> Recipe {
    let p99 = |rate: &str| format!("histogram_quantile(0.99, sum by (le, {service}) ({rate}))");
    let known = |family: &Family<'_>, p99: String| match least_top(family) {
        Some(top) => format!("({p99} < {top})"),
        None => p99,
    };
    let mut probe = ParsedSeries { name: client.name.trim_end_matches("_bucket").to_owned(), ..ParsedSeries::default() };
    meaning::fill(&mut probe, Some(&p99(seen)));
    let formula = format!("{} - {}", known(client, p99(seen)), known(server, p99(measured)));
    let is_one = client.name == server.name;
    Recipe {
        unit: Some(probe.unit),
        kind: Some(SeriesKind::Gauge),
        n_read: if is_one { client.n_samples() } else { client.n_samples() + server.n_samples() },
        n_lines: values(server, service).len() as u64,
        of_several: None,
        ..client.recipe(10, "p99_beyond_server", formula)
    }
}

/// The highest finite bound; the least of them where histograms of one name have different ones. O(series).
fn least_top(family: &Family<'_>) -> Option<f64> {
    let mut tops: BTreeMap<Vec<(&str, &str)>, f64> = BTreeMap::new();
    for meta in &family.metas {
        let bound = meta.labels.get("le").and_then(|bound| bound.parse::<f64>().ok()).filter(|bound| bound.is_finite());
        let others = meta.labels.iter().filter(|(label, _)| *label != "le").collect();
        if let Some(bound) = bound {
            tops.entry(others).and_modify(|top| *top = top.max(bound)).or_insert(bound);
        }
    }
    tops.into_values().min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_without_scheme_domain_port_and_path() {
        let pattern = regex::Regex::new(&format!("^(?s:{HOST})$")).expect("a pattern");
        for value in ["payment", "payment:8080", "http://payment.shop.svc:80/pay", "payment/x"] {
            assert_eq!(host(value), "payment");
            assert_eq!(pattern.captures(value).map(|found| found[1].to_owned()).as_deref(), Some("payment"), "{value}");
        }
    }
}
