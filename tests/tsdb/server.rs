//! Values at random moments against a real Prometheus that serves the same blocks.
//!
//! It is started on a free port of loopback and ended by its own handle; without one on this machine the test says so
//! and passes. Nothing may differ: both show a value for five minutes unless a marker ends it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use coroner::cli::output::OutputForm;
use coroner::cli::series::{self, Division, SeriesOptions};
use coroner::model::{SeriesMeta, Timestamp};
use coroner::source::files::{OpenOptions, open};
use coroner::source::{Job, Source};
use serde_json::Value;

const N_PAIRS: usize = 200;
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    child: Child,
    port: u16,
    _data: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").filter_map(Result::ok) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::write(target, std::fs::read(entry.path()).expect("a file")).expect("a copy");
        }
    }
}

impl Server {
    /// A server over a copy of these blocks; nothing when there is no Prometheus here.
    fn start(blocks: &Path) -> Option<Self> {
        let data = tempfile::tempdir().expect("a folder");
        copy(blocks, &data.path().join("data"));
        let config = data.path().join("prometheus.yml");
        std::fs::write(&config, "global: {scrape_interval: 1h}\n").expect("a file");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--storage.tsdb.retention.time=100y")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let server = Self { child, port, _data: data };
        let start = Instant::now();
        while server.get("/-/ready").is_none_or(|answer| !answer.starts_with("HTTP/1.0 200") && !answer.starts_with("HTTP/1.1 200")) {
            assert!(start.elapsed() < PATIENCE, "Prometheus is not ready after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The value of a series at a moment as Prometheus evaluates it.
    fn value(&self, meta: &SeriesMeta, at: Timestamp) -> Option<f64> {
        let mut matchers = vec![format!("__name__={:?}", meta.name)];
        matchers.extend(meta.labels.iter().map(|(name, value)| format!("{name}={value:?}")));
        let query: String = format!("{{{}}}", matchers.join(",")).bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = self.get(&format!("/api/v1/query?query={query}&time={:.3}", at.0 as f64 / 1e9)).expect("an answer");
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
        assert_eq!(body["status"], "success", "{body}");
        let result = body["data"]["result"].as_array().expect("a vector");
        // Fewer matchers than labels may match more than one.
        let wanted = |one: &&Value| one["metric"].as_object().is_some_and(|labels| labels.len() == matchers.len());
        result.iter().find(wanted).and_then(|one| one["value"][1].as_str()?.parse().ok())
    }
}

/// What `coroner series --at` says.
fn ours(source: &dyn Source, meta: &SeriesMeta, at: Timestamp) -> Option<f64> {
    let options = SeriesOptions {
        expr: None,
        pattern: Some(meta.full_name().replace('*', "?")),
        division: Division::At(at),
        range: None,
        form: OutputForm::Json,
    };
    let mut out = Vec::new();
    series::run(source, &options, &mut out).expect("an answer");
    let answer: Value = serde_json::from_slice(&out).expect("JSON");
    let found = answer["series"].as_array().or(answer["values"].as_array()).expect("series");
    assert_eq!(found.len(), 1, "{answer}");
    match &found[0]["value"] {
        // A NaN has no number in JSON, but the time of its sample.
        Value::Null => found[0]["sample_time"].is_string().then_some(f64::NAN),
        Value::String(text) => Some(text.parse().expect("a number")),
        value => value.as_f64(),
    }
}

/// Compares `N_PAIRS` random pairs; the same ones every time.
fn compare(blocks: &Path) {
    let Some(server) = Server::start(blocks) else {
        println!("no prometheus on this machine: nothing compared");
        return;
    };
    let source = open(OpenOptions { sources: vec![blocks.to_owned()], ..OpenOptions::default() }).expect("opens");
    let job = Job::new();
    source.load(&job, &|| ()).expect("loads");
    let catalog = source.catalog(&job).expect("a catalog");
    let extent = catalog.extent.expect("an extent");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    // What was computed of them has no name that the server knows.
    let stored: Vec<&SeriesMeta> = catalog.series.iter().filter(|meta| !meta.is_derived).collect();
    let (mut n_equal, mut n_absent) = (0, 0);
    for _ in 0..N_PAIRS {
        let meta = stored[random(stored.len() as u64) as usize];
        let span_ms = ((extent.end().0 - extent.start().0) / 1_000_000) as u64;
        let at = Timestamp((extent.start().0 / 1_000_000 - 30_000 + random(span_ms + 360_000) as i64) * 1_000_000);
        let (got, wanted) = (ours(&source, meta, at), server.value(meta, at));
        match (got, wanted) {
            (None, None) => n_absent += 1,
            (Some(a), Some(b)) if a == b || a.is_nan() && b.is_nan() => n_equal += 1,
            _ => panic!("{} at {}: {got:?} for {wanted:?}", meta.full_name(), at.0),
        }
    }
    println!("{}: {n_equal} equal, {n_absent} absent in both", blocks.display());
    assert!(n_equal > N_PAIRS / 4, "only {n_equal} of {N_PAIRS} pairs have a value");
}

#[test]
fn values_are_those_of_a_real_prometheus_over_the_same_block() {
    compare(&super::data("block"));
}

#[test]
#[ignore = "by hand: CORONER_CAPTURES=FOLDER of recorded incidents"]
fn values_are_those_of_a_real_prometheus_over_recorded_incidents() {
    let folder: PathBuf = std::env::var("CORONER_CAPTURES").expect("CORONER_CAPTURES").into();
    for incident in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        compare(&incident.path().join("tsdb-snapshot"));
    }
}
