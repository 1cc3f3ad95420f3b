//! Whole-program ratios against the yardsticks that are installed: `wc -l`, `rg -c`. Not a test, not criterion.
//!
//! `cargo bench --bench yardsticks` generates zap-like JSON logs by seed (10 MB, 100 MB, 1 GB; `CORONER_BENCH_BYTES`
//! caps them), runs every program in turn for five rounds, and prints medians as ratios to `wc -l` in the same run,
//! peak memory, and the time to the first screen in a real pseudo-terminal.

#![allow(clippy::print_stdout, reason = "a table on standard output is its purpose")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROUNDS: usize = 5;
const SIZES: [u64; 3] = [10_000_000, 100_000_000, 1_000_000_000];

fn main() {
    let cap = std::env::var("CORONER_BENCH_BYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let dir = std::env::temp_dir().join(format!("coroner-yardsticks-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("temporary folder");
    let coroner = env!("CARGO_BIN_EXE_coroner");
    println!(
        "{:>8}  {:>9}  {:>9}  {:>9}  {:>11}  {:>10}  {:>12}",
        "size", "wc -l", "rg -c", "inspect", "inspect/wc", "peak RSS", "first screen"
    );
    for size in SIZES.into_iter().filter(|size| *size <= cap) {
        let path = dir.join(format!("{}.log", size / 1_000_000));
        generate(&path, size);
        let mut times: [Vec<Duration>; 4] = Default::default();
        let mut peak = 0;
        for _ in 0..ROUNDS {
            times[0].extend(run(Command::new("wc").arg("-l").arg(&path)).map(|ran| ran.0));
            times[1].extend(run(Command::new("rg").args(["-c", "acquire"]).arg(&path)).map(|ran| ran.0));
            if let Some((time, rss)) = run(Command::new(coroner).args(["inspect", "--quiet"]).arg(&path)) {
                times[2].push(time);
                peak = peak.max(rss);
            }
            times[3].extend(first_screen(coroner, &path));
        }
        let median = |i: usize| {
            let mut sorted = times[i].clone();
            sorted.sort();
            sorted.get(sorted.len() / 2).copied()
        };
        let show = |time: Option<Duration>| time.map_or_else(|| "absent".into(), |time| format!("{:.3} s", time.as_secs_f64()));
        let ratio = match (median(2), median(0)) {
            (Some(a), Some(b)) => format!("{:.1}x", a.as_secs_f64() / b.as_secs_f64()),
            _ => "-".into(),
        };
        println!(
            "{:>5} MB  {:>9}  {:>9}  {:>9}  {:>11}  {:>7} MB  {:>12}",
            size / 1_000_000,
            show(median(0)),
            show(median(1)),
            show(median(2)),
            ratio,
            peak / 1000,
            show(median(3))
        );
        fs::remove_file(&path).expect("ours");
    }
    fs::remove_dir_all(&dir).expect("ours");
}

/// Wall time and peak resident memory (kB); `None` when the program is not installed.
fn run(command: &mut Command) -> Option<(Duration, u64)> {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        // VmHWM is the high-water mark, so the last look before the end misses little.
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find(|line| line.starts_with("VmHWM:"));
            peak = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(peak);
        }
        if child.try_wait().ok()?.is_some() {
            return Some((start.elapsed(), peak));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// From the start of the process to the first screen with its lanes.
fn first_screen(coroner: &str, path: &Path) -> Option<Duration> {
    let pty = native_pty_system().openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 }).ok()?;
    let mut command = CommandBuilder::new(coroner);
    command.arg(path);
    command.env("TERM", "xterm-256color");
    let start = Instant::now();
    let mut child = pty.slave.spawn_command(command).ok()?;
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().ok()?;
    // As large as the terminal: on a smaller one the first row would scroll away.
    let cells = |n: u16| std::num::NonZeroU16::new(n).expect("a screen has rows and columns");
    let mut seen = vt100::Parser::new(cells(40), cells(120), 0);
    let mut block = [0; 4096];
    let name = "overview";
    let time = loop {
        let n = reader.read(&mut block).ok().filter(|n| *n > 0)?;
        seen.process(&block[..n]);
        if seen.screen().contents().contains(name) {
            break start.elapsed();
        }
    };
    // Nobody reads any more: a program that still draws must get an error, not wait for us.
    drop(reader);
    drop(pty.master);
    child.kill().ok()?;
    child.wait().ok()?;
    Some(time)
}

/// Zap-like lines as a Go service writes them: six of seven are requests, levels and latencies vary, by a fixed seed.
fn generate(path: &Path, size: u64) {
    let mut out = BufWriter::with_capacity(1 << 20, fs::File::create(path).expect("temporary file"));
    let (mut seed, mut written, mut at_ms) = (0x2545_f491_4f6c_dd1d_u64, 0, 1_795_400_000_000u64);
    let mut line = String::new();
    while written < size {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        at_ms += seed % 7;
        let (level, status, message) = match seed % 100 {
            0..2 => ("error", 503, "acquire: pool exhausted"),
            2..6 => ("warn", 200, "slow request"),
            _ => ("info", 200, "request"),
        };
        let (s, ms) = (at_ms / 1000, at_ms % 1000);
        let (h, m, sec) = (s / 3600 % 24, s / 60 % 60, s % 60);
        line.clear();
        writeln!(
            line,
            r#"{{"level":"{level}","ts":"2026-11-{:02}T{h:02}:{m:02}:{sec:02}.{ms:03}Z","caller":"api/server.go:{}","msg":"{message}","service":"order","trace_id":"{seed:016x}{:016x}","method":"GET","path":"/orders/{}","status":{status},"latency":0.{:06},"uid":{}}}"#,
            10 + (s / 86_400) % 18, 100 + seed % 50, seed.rotate_left(17), seed % 1000, seed % 999_999, seed % 5000
        )
        .expect("a string");
        out.write_all(line.as_bytes()).expect("disk space");
        written += line.len() as u64;
    }
    out.flush().expect("disk space");
}
