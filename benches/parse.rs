//! Speed of reading log chunks, in bytes a second, beside a count of line ends over the same bytes.

use std::fmt::Write as _;
use std::hint::black_box;

use coroner::parse::log::{parse_chunk, plan};
use coroner::parse::template::{first_line, mine, signature};
use coroner::parse::{Context, Windows};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Bytes of one generated chunk: above the second cache, as the blocks of the loader are.
const CHUNK_BYTES: usize = 8 << 20;

/// A small generator, so that the lines are the same on every run (Steele et al., splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % n
    }
}

/// One request as all loggers see it.
struct Request {
    micros: u64,
    status: u64,
    latency_us: u64,
    trace: u64,
    user: u64,
}

fn generate(write: impl Fn(&mut String, &Request)) -> Vec<u8> {
    let mut random = Random(7);
    let mut text = String::with_capacity(CHUNK_BYTES + 1024);
    let mut micros = 0;
    while text.len() < CHUNK_BYTES {
        micros += random.below(20_000);
        let status = if random.below(20) == 0 { 503 } else { 200 };
        let request =
            Request { micros, status, latency_us: random.below(900_000) + 500, trace: random.below(u64::MAX), user: random.below(2000) };
        write(&mut text, &request);
        text.push('\n');
    }
    text.into_bytes()
}

/// `HH:MM:SS` after 02:00 and the microseconds.
fn clock(micros: u64) -> (String, u64) {
    let secs = 7200 + micros / 1_000_000;
    (format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60), micros % 1_000_000)
}

fn zap(out: &mut String, r: &Request) {
    let ((time, micros), level) = (clock(r.micros), if r.status == 200 { "info" } else { "error" });
    let _ = write!(
        out,
        r#"{{"level":"{level}","ts":"2026-11-23T{time}.{:03}Z","caller":"lab/main.go:162","msg":"request","service":"order","trace_id":"{:032x}","span_id":"{:016x}","method":"GET","path":"/orders","status":{},"latency":{:.9},"uid":"{}","n_ids":{}"#,
        micros / 1000,
        r.trace,
        r.trace >> 3,
        r.status,
        r.latency_us as f64 / 1e6,
        r.user,
        r.user % 12
    );
    if r.status != 200 {
        out.push_str(r#","error":"price batch: acquire connection: too many clients already""#);
    }
    out.push('}');
}

fn zerolog(out: &mut String, r: &Request) {
    let _ = write!(
        out,
        r#"{{"level":"info","svc":"payment","trace_id":"{:032x}","span_id":"{:016x}","method":"GET","path":"/charge","status":{},"latency_ms":{},"order":"{:012x}","uid":{},"time":{},"message":"request"}}"#,
        r.trace,
        r.trace >> 3,
        r.status,
        r.latency_us as f64 / 1e3,
        r.trace >> 16,
        r.user,
        1_795_400_889_642 + r.micros / 1000
    );
}

fn logfmt(out: &mut String, r: &Request) {
    let (time, micros) = clock(r.micros);
    let _ = write!(
        out,
        "ts=2026-11-23T{time}.{micros:06}Z level=info svc=inventory msg=request trace_id={:032x} span_id={:016x} method=GET path=/stock status={} latency={}ms n=6",
        r.trace,
        r.trace >> 3,
        r.status,
        r.latency_us as f64 / 1e3
    );
}

fn go_std(out: &mut String, r: &Request) {
    let (time, micros) = clock(r.micros);
    let _ = write!(
        out,
        "2026/11/23 {time}.{micros:06} [INFO] request trace_id={:032x} span_id={:016x} method=GET path=/tier status={} latency={}ms uid={}",
        r.trace,
        r.trace >> 3,
        r.status,
        r.latency_us as f64 / 1e3,
        r.user
    );
}

fn access(out: &mut String, r: &Request) {
    let (time, _) = clock(r.micros);
    let _ = write!(
        out,
        r#"10.0.{}.{} - - [23/Nov/2026:{time} +0000] "GET /orders?uid={}&ids=31472,57795,26058,28095 HTTP/1.1" {} 46 {} "{:032x}" up=127.0.0.1:21001"#,
        r.user % 4,
        r.user % 250,
        r.user,
        r.status,
        r.latency_us,
        r.trace
    );
}

fn parse(criterion: &mut Criterion) {
    let formats: [(&str, Vec<u8>); 5] = [
        ("zap-json", generate(zap)),
        ("zerolog-json", generate(zerolog)),
        ("logfmt", generate(logfmt)),
        ("go-std", generate(go_std)),
        ("access-log", generate(access)),
    ];
    let mut group = criterion.benchmark_group("parse");
    group.sample_size(20);
    for (name, bytes) in &formats {
        let windows = Windows { path: name, size_bytes: bytes.len() as u64, head: &bytes[..64 << 10], middle: b"", tail: b"" };
        let plan = plan(&windows, &Context::default()).expect("lines of a log");
        assert_eq!(plan.format_name(), *name);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(*name, |bencher| bencher.iter(|| parse_chunk(&plan, black_box(bytes)).columns.times.len()));
        group.bench_function(format!("{name}/line-count"), |bencher| bencher.iter(|| memchr::memchr_iter(b'\n', black_box(bytes)).count()));
    }
    group.finish();
}

/// Signatures alone, over whole lines (the most that a message can be), and mining of many different messages.
fn patterns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("patterns");
    group.sample_size(20);
    let formats: [(&str, Vec<u8>); 3] = [("zap-json", generate(zap)), ("logfmt", generate(logfmt)), ("go-std", generate(go_std))];
    for (name, bytes) in &formats {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let signatures = || black_box(bytes).split(|byte| *byte == b'\n').fold(0, |sum, line| sum ^ signature(first_line(line)));
        group.bench_function(format!("{name}/signatures"), |bencher| bencher.iter(signatures));
    }
    let words = ["pool", "cache", "queue", "shard", "index", "order", "price", "stock", "cart", "user"];
    let word = |n: usize| words[n % words.len()];
    let messages: Vec<String> = (0..10_000)
        .map(|n| format!("{} {} cannot reach {}-{} after {n}ms: {}", word(n), word(n / 10), word(n / 100), word(n / 1000), word(n / 7)))
        .collect();
    group.throughput(Throughput::Elements(messages.len() as u64));
    group.bench_function("mine/10k-messages", |bencher| bencher.iter(|| mine(messages.iter().map(String::as_str)).templates.len()));
    group.finish();
}

criterion_group!(benches, parse, patterns);
criterion_main!(benches);
