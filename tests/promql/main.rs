//! Expressions answered here and by a real Prometheus on the same samples are equal to 1e-9.
//!
//! Skipped with a line when `prometheus` and `promtool` are not installed. The samples are made here; with
//! `CORONER_CAPTURES=DIR` the recorded incidents below it are compared as well: Prometheus reads their `tsdb-snapshot`,
//! Coroner everything beside it, staleness markers of the text dump included.

mod log;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use coroner::model::{TimeRange, Timestamp};
use coroner::source::files::{self, OpenOptions};
use coroner::source::{Job, Source, Steps};
use serde_json::Value;

/// First second of the made samples.
const START: i64 = 1_700_000_000;

/// A Prometheus on a loopback port over a folder of blocks; ends with this value.
struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Serves the blocks in `folder`; `None` when the program is not there.
    fn start(folder: tempfile::TempDir) -> Option<Self> {
        let config = folder.path().join("empty.yml");
        std::fs::write(&config, "global: {}\n").expect("as it was made");
        let port = TcpListener::bind("127.0.0.1:0").expect("as it was made").local_addr().expect("as it was made").port();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().display()))
            .arg("--storage.tsdb.retention.time=100y")
            .arg("--enable-feature=native-histograms")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let server = Self { child, port, _folder: folder };
        let end = Instant::now() + Duration::from_secs(60);
        while server.get("/-/ready").is_none_or(|answer| !answer.contains("Ready")) {
            assert!(Instant::now() < end, "Prometheus is not ready after a minute");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    }

    /// Labels → (ms, value) …, or the words of the error.
    fn range(&self, query: &str, (start, end, step): (i64, i64, i64)) -> Result<BTreeMap<String, Vec<(i64, f64)>>, String> {
        let mut encoded = String::new();
        for byte in query.bytes() {
            let _ = write!(encoded, "%{byte:02X}");
        }
        let body = self.get(&format!("/api/v1/query_range?query={encoded}&start={start}&end={end}&step={step}")).ok_or("no answer")?;
        let json: Value = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        if json["status"] != "success" {
            return Err(json["error"].as_str().unwrap_or_default().to_owned());
        }
        let mut rows = BTreeMap::new();
        for row in json["data"]["result"].as_array().into_iter().flatten() {
            let labels: BTreeMap<String, String> = serde_json::from_value(row["metric"].clone()).expect("as it was made");
            let point = |pair: &Value| {
                ((pair[0].as_f64().expect("as it was made") * 1000.0).round() as i64, number(pair[1].as_str().expect("as it was made")))
            };
            rows.insert(format!("{labels:?}"), row["values"].as_array().expect("as it was made").iter().map(point).collect());
        }
        Ok(rows)
    }
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().expect("as it was made"),
    }
}

/// The same question to Coroner.
fn ours(source: &dyn Source, query: &str, (start, end, step): (i64, i64, i64)) -> Result<BTreeMap<String, Vec<(i64, f64)>>, String> {
    let steps = Steps { start: Timestamp::from_secs(start), step_ns: step * 1_000_000_000, n: ((end - start) / step + 1) as usize };
    let rows = source.evaluate(query, Some(steps), &Job::new()).map_err(|error| error.to_string())?.value;
    let row = |row: &coroner::source::Computed| {
        let labels: BTreeMap<&str, &str> = row.labels.iter().collect();
        (format!("{labels:?}"), row.samples.iter().map(|sample| (sample.time.0 / 1_000_000, sample.value)).collect())
    };
    Ok(rows.iter().map(row).collect())
}

/// Every difference of two answers in words, and how many values were compared.
fn differences(query: &str, ours: &BTreeMap<String, Vec<(i64, f64)>>, theirs: &BTreeMap<String, Vec<(i64, f64)>>) -> (Vec<String>, usize) {
    let (mut wrong, mut n) = (Vec::new(), 0);
    let keys: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        let (own, other) = (ours.get(key).cloned().unwrap_or_default(), theirs.get(key).cloned().unwrap_or_default());
        let (own, other): (BTreeMap<i64, f64>, BTreeMap<i64, f64>) = (own.into_iter().collect(), other.into_iter().collect());
        for at in own.keys().chain(other.keys()).collect::<std::collections::BTreeSet<_>>() {
            n += 1;
            let is_equal = match (own.get(at), other.get(at)) {
                (Some(a), Some(b)) => {
                    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-9)
                }
                _ => false,
            };
            if !is_equal {
                wrong.push(format!("{query}\n   {key} at {at}: ours {:?}, Prometheus {:?}", own.get(at), other.get(at)));
            }
        }
    }
    (wrong, n)
}

fn compare(server: &Server, source: &dyn Source, queries: &[String], times: (i64, i64, i64)) {
    let (mut wrong, mut n, mut n_empty) = (Vec::new(), 0, 0);
    for query in queries {
        match (ours(source, query, times), server.range(query, times)) {
            (Ok(own), Ok(other)) => {
                n_empty += usize::from(other.is_empty());
                let (more, compared) = differences(query, &own, &other);
                n += compared;
                if !more.is_empty() {
                    wrong.push(format!("{} of {compared} differ: {}", more.len(), more[0]));
                }
            }
            (Err(_), Err(_)) => {}
            (own, other) => wrong.push(format!("{query}\n   ours {:?}, Prometheus {:?}", own.map(|r| r.len()), other.map(|r| r.len()))),
        }
    }
    eprintln!("{} expressions, {n} values, {n_empty} expressions without any", queries.len());
    assert!(wrong.is_empty(), "{} expressions differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Metrics of two services with restarts, missed scrapes, codes that appear late, values that are no numbers.
fn made() -> String {
    let mut random = 7u64;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut families: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (service, instance) in [("api", "api-1"), ("api", "api-2"), ("db", "db-1")] {
        let place = format!("instance=\"{instance}\",service=\"{service}\"");
        let (mut ok, mut failed, mut sum) = (0.0, 0.0, 0.0);
        let mut buckets = [0.0f64; 5];
        for tick in 0..240i64 {
            if tick == 90 + i64::from(instance == "api-2") * 31 {
                (ok, failed, sum, buckets) = (0.0, 0.0, 0.0, [0.0; 5]);
            }
            if next(25) == 0 || instance == "db-1" && (120..200).contains(&tick) {
                continue;
            }
            let at = format!("{}.{:03}", START + tick * 5, next(200));
            for _ in 0..next(9) {
                let bucket = next(5) as usize;
                buckets[bucket..].iter_mut().for_each(|count| *count += 1.0);
                sum += [0.05, 0.3, 0.8, 4.0, 20.0][bucket];
                if tick > 60 && next(4) == 0 { failed += 1.0 } else { ok += 1.0 }
            }
            let mut put = |metric: &'static str, series: String, value: f64| {
                let lines = families.entry(metric).or_default().entry(series.clone()).or_default();
                let _ = writeln!(lines, "{series} {value} {at}");
            };
            put("requests", format!("requests_total{{code=\"200\",{place}}}"), ok);
            if tick > 60 {
                put("requests", format!("requests_total{{code=\"503\",{place}}}"), failed);
            }
            for (bound, count) in ["0.1", "0.5", "1.0", "10.0", "+Inf"].iter().zip(buckets) {
                put("duration_seconds", format!("duration_seconds_bucket{{{place},le=\"{bound}\"}}"), count);
            }
            put("duration_seconds", format!("duration_seconds_count{{{place}}}"), buckets[4]);
            put("duration_seconds", format!("duration_seconds_sum{{{place}}}"), sum);
            put("in_use", format!("in_use{{{place},pool=\"p\"}}"), next(50) as f64 - 5.0);
            put("limit", format!("limit{{{place}}}"), if service == "db" { 0.0 } else { 40.0 });
            let odd = if (100..110).contains(&tick) {
                f64::NAN
            } else if tick > 230 {
                f64::INFINITY
            } else {
                next(1000) as f64 / 7.0
            };
            put("odd", format!("odd{{{place}}}"), odd);
        }
    }
    let mut text = String::new();
    for (name, series) in families {
        let kind = match name {
            "requests" => "counter",
            "duration_seconds" => "histogram",
            _ => "gauge",
        };
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for lines in series.values() {
            text += lines;
        }
    }
    text.replace("inf ", "+Inf ") + "# EOF\n"
}

/// Questions about the made metrics.
fn questions() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for function in ["rate", "irate", "increase", "resets", "changes"] {
        all.extend([12, 20, 60, 300].map(|window| format!("{function}(requests_total[{window}s])")));
    }
    for function in ["delta", "idelta", "deriv", "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time"] {
        all.extend([20, 90].map(|window| format!("{function}(in_use[{window}s])")));
        all.push(format!("{function}(odd[1m])"));
    }
    for function in ["last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time"] {
        all.push(format!("{function}(odd[30s])"));
    }
    for q in ["-1", "0", "0.5", "0.9", "0.99", "1", "2"] {
        all.push(format!("histogram_quantile({q}, sum by (le, service) (rate(duration_seconds_bucket[20s])))"));
        all.push(format!("histogram_quantile({q}, rate(duration_seconds_bucket[1m]))"));
        all.push(format!("quantile_over_time({q}, in_use[1m])"));
    }
    for function in ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"] {
        all.push(format!("{function}(in_use)"));
        all.push(format!("{function} by (service) (odd)"));
        all.push(format!("{function} without (instance, code) (rate(requests_total[20s]))"));
    }
    let single = [
        "in_use",
        "odd",
        "nothing",
        "in_use offset 1m",
        "in_use @ 1700000300",
        "in_use @ end() - in_use @ start()",
        "rate(requests_total[1m] @ 1700000300.5 offset 10s)",
        "in_use / in_use @ start() > 1",
        "sum(rate(requests_total[1m] @ end()))",
        "rate(requests_total[20s] offset 30s)",
        "in_use{instance=~\"api-.\"}",
        "in_use{instance!~\"api-.*\"}",
        "in_use{instance!=\"api-1\",service=\"api\"}",
        "{__name__=~\"in_.*\"}",
        "{service=\"db\",pool=\"\"}",
        "in_use / ignoring(pool) limit",
        "in_use / on(instance) group_left() limit",
        "in_use / on(instance, service) limit",
        "limit * on(instance) group_right(service) in_use",
        "in_use > 10",
        "in_use > bool 10",
        "10 < in_use",
        "in_use == in_use",
        "odd != odd",
        "in_use > ignoring(pool) limit",
        "in_use > bool ignoring(pool) limit",
        "in_use and ignoring(pool) limit",
        "limit unless on(instance) in_use > 20",
        "in_use > 30 or limit",
        "in_use % 7",
        "-in_use ^ 2",
        "2 ^ 3 ^ 2",
        "in_use / 0",
        "0 / in_use",
        "in_use atan2 3",
        "abs(in_use)",
        "ceil(odd)",
        "floor(odd)",
        "round(odd)",
        "round(odd, 0.25)",
        "sgn(in_use)",
        "sqrt(odd)",
        "exp(in_use / 10)",
        "ln(odd)",
        "log2(odd)",
        "log10(odd)",
        "clamp(in_use, 3, 9)",
        "clamp_min(odd, 50)",
        "clamp_max(odd, 50)",
        "clamp(in_use, 9, 3)",
        "scalar(in_use{instance=\"api-1\"}) + 1",
        "vector(time())",
        "absent(in_use{instance=\"db-1\"})",
        "absent(sum(nothing))",
        "sum(in_use) + on() sum(limit)",
        "topk(1, in_use)",
        "bottomk(2, in_use)",
        "label_replace(in_use, \"zone\", \"z-$1\", \"instance\", \"(.*)-\\\\d\")",
        "1 == bool 2",
        "in_use + limit",
        "requests_total / duration_seconds_count",
        "(sum by (service) (rate(requests_total{code=~\"5..\"}[20s])) or 0 * sum by (service) (rate(requests_total[20s]))) / sum by (service) (rate(requests_total[20s]))",
        "sum by (service) (rate(duration_seconds_sum[20s])) / sum by (service) (rate(duration_seconds_count[20s]))",
        "sum(rate(requests_total{code=~\"5..\"}[1m])) / ignoring(code) sum(rate(requests_total[1m]))",
        "max by (service) (sum by (service, instance) (rate(requests_total[20s])))",
        "sum by (instance) (rate(requests_total[20s])) * on(instance) group_left in_use",
    ];
    all.extend(single.map(str::to_owned));
    all
}

fn is_missing() -> bool {
    let there = |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let is_missing = !(there("prometheus") && there("promtool"));
    if is_missing {
        eprintln!("skipped: prometheus and promtool are not installed");
    }
    is_missing
}

fn open(folder: &Path) -> files::FileSource {
    let source = files::open(OpenOptions { sources: vec![folder.to_owned()], ..OpenOptions::default() }).expect("as it was made");
    source.load(&Job::new(), &|| {}).expect("as it was made");
    source
}

#[test]
fn expressions_say_what_prometheus_says() {
    if is_missing() {
        return;
    }
    let (data, blocks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dump = data.path().join("metrics.txt");
    std::fs::write(&dump, made()).unwrap();
    let made_blocks =
        Command::new("promtool").args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&dump).arg(blocks.path()).output().unwrap();
    assert!(made_blocks.status.success(), "{}", String::from_utf8_lossy(&made_blocks.stderr));
    let server = Server::start(blocks).expect("it was there a moment ago");
    let source = open(data.path());
    compare(&server, &source, &questions(), (START - 20, START + 1600, 7));
}

/// Native histograms of three instances: restarts, missed scrapes, values below zero, a resolution that changes.
fn made_histograms() -> log::Log {
    let mut random = 11_u64;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut log = log::Log::default();
    for (name, instance, schema) in [("took_seconds", "a", 3), ("took_seconds", "b", 3), ("took_seconds", "c", 2), ("drift", "a", 1)] {
        let series = log.series(&[("__name__", name), ("instance", instance), ("service", if instance == "c" { "db" } else { "api" })]);
        let mut one = log::Histogram { schema, ..log::Histogram::default() };
        for tick in 0..200_i64 {
            if tick == 70 + schema * 9 {
                one = log::Histogram { schema, ..log::Histogram::default() };
            }
            if tick == 150 && instance == "b" {
                // Restarted with a lower resolution.
                one = log::Histogram { schema: 1, ..log::Histogram::default() };
            }
            for _ in 0..next(6) {
                let index = next(24) as i64 - 9;
                let sides = if name == "drift" { 3 } else { 8 };
                let (side, sign) = match next(sides) {
                    0 => {
                        one.zero += 1;
                        continue;
                    }
                    1 if name == "drift" => (&mut one.negative, -1.0),
                    _ => (&mut one.positive, 1.0),
                };
                match side.binary_search_by_key(&index, |(known, _)| *known) {
                    Ok(at) => side[at].1 += 1,
                    Err(at) => side.insert(at, (index, 1)),
                }
                one.sum += sign * (index as f64 / 8.0).exp2();
            }
            // One that holds nothing does not tell its resolution, which is kept nowhere else.
            let is_empty = one.zero == 0 && one.positive.is_empty() && one.negative.is_empty();
            if next(20) > 0 && !is_empty {
                log.sample(series, tick * 5000 + next(200) as i64, &one);
            }
        }
    }
    log
}

#[test]
fn native_histograms_say_what_prometheus_says() {
    if is_missing() {
        return;
    }
    let (data, blocks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&data, &blocks] {
        std::fs::create_dir_all(folder.path().join("wal")).unwrap();
        std::fs::write(folder.path().join("wal/00000000"), made_histograms().segment()).unwrap();
    }
    let server = Server::start(blocks).expect("it was there a moment ago");
    let source = open(data.path());
    let mut queries: Vec<String> = Vec::new();
    // Prometheus keeps empty buckets in stored samples, and with them takes the zero bucket for one with values below zero on
    // one side only at times; rates are free of that, so that stored samples with negative values are not compared.
    let of = ["{}", "rate({}[20s])", "increase({}[1m])", "sum({})", "sum by (service) (rate({}[1m]))", "rate({}[5m] offset 1m)"];
    for (name, of) in ["took_seconds", "drift"].iter().flat_map(|name| of.map(|of| (name, of))) {
        if *name == "drift" && !of.contains('[') {
            continue;
        }
        let of = of.replace("{}", name);
        queries.extend(["-1", "0.01", "0.5", "0.9", "0.99", "1", "2"].map(|q| format!("histogram_quantile({q}, {of})")));
        queries.extend(["histogram_count", "histogram_sum"].map(|function| format!("{function}({of})")));
        queries.extend(["-1, 0.3", "0, 0.7", "0.5, +Inf", "1, 1"].map(|range| format!("histogram_fraction({range}, {of})")));
        queries.push(format!("histogram_sum({of}) / histogram_count({of})"));
    }
    compare(&server, &source, &queries, (START - 20, START + 1400, 7));
}

/// Copies the blocks of a snapshot, which Prometheus wants to lock.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a copy");
    for entry in std::fs::read_dir(from).expect("a copy").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn recorded_incidents_say_what_their_prometheus_says() {
    let Some(captures) = std::env::var_os("CORONER_CAPTURES").map(PathBuf::from).filter(|_| !is_missing()) else { return };
    for entry in std::fs::read_dir(captures).unwrap().flatten() {
        let snapshot = entry.path().join("tsdb-snapshot");
        let dump = ["openmetrics.txt.gz", "openmetrics.txt"]
            .map(|name| entry.path().join("prometheus").join(name))
            .into_iter()
            .find(|path| path.exists());
        let (true, Some(dump)) = (snapshot.exists(), dump) else { continue };
        eprintln!("{}", entry.path().display());
        let blocks = tempfile::tempdir().unwrap();
        copy(&snapshot, blocks.path());
        let server = Server::start(blocks).expect("it was there a moment ago");
        let source = open(&dump);
        let catalog = source.catalog(&Job::new()).unwrap();
        let extent = catalog.series.iter().filter_map(|meta| meta.extent).reduce(TimeRange::union).unwrap();
        let derived = catalog.series.iter().filter_map(|meta| Some(meta.derivation.as_ref()?.formula.clone()));
        let mut queries: Vec<String> = derived.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let names: std::collections::BTreeSet<&str> =
            catalog.series.iter().filter(|meta| !meta.is_derived).map(|meta| meta.name.as_str()).collect();
        for name in names {
            queries.extend(
                ["{}", "rate({}[10s])", "increase({}[1m])", "sum by (service) ({})", "max_over_time({}[30s])"]
                    .map(|form| form.replace("{}", name)),
            );
        }
        let (start, end) = (extent.start().0 / 1_000_000_000, extent.end().0 / 1_000_000_000);
        compare(&server, &source, &queries, (start - 10, end + 320, 3));
        let negative = catalog.series.iter().filter(|meta| meta.name.contains(":rate") && meta.bounds.is_some_and(|bounds| bounds.0 < 0.0));
        assert_eq!(negative.map(coroner::model::SeriesMeta::full_name).collect::<Vec<_>>(), Vec::<String>::new(), "a rate is negative");
    }
}
