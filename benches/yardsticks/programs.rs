//! Runs programs and says what they cost: wall time, processor time of the process, peak resident memory.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// What one run cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From start to exit.
    pub wall: Duration,
    /// User and system time of the process and its children.
    pub cpu: Duration,
    /// High-water mark of resident memory, kB.
    pub peak_kb: u64,
}

/// Runs to the end. `None` when the program is not installed or fails.
pub fn run(command: &mut Command) -> Option<Cost> {
    let children = || getrusage(UsageWho::RUSAGE_CHILDREN).map(|usage| (usage.user_time() + usage.system_time()).num_microseconds());
    let (before, start) = (children().ok()?, Instant::now());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_kb = 0;
    let exit = loop {
        // VmHWM is the high-water mark, so the last look before the end misses little.
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find(|line| line.starts_with("VmHWM:"));
            peak_kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(peak_kb);
        }
        if let Some(exit) = child.try_wait().ok()? {
            break exit;
        }
        std::thread::sleep(Duration::from_micros(500));
    };
    let wall = start.elapsed();
    let cpu = Duration::from_micros(u64::try_from(children().ok()? - before).ok()?);
    exit.success().then_some(Cost { wall, cpu, peak_kb })
}

/// From the start of the process until `text` is on its screen of 120 × 40, in a real pseudo-terminal.
pub fn until_screen_shows(program: &str, words: &[&OsStr], text: &str) -> Option<Duration> {
    let pty = native_pty_system().openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 }).ok()?;
    let mut command = CommandBuilder::new(program);
    command.args(words);
    command.env("TERM", "xterm-256color");
    let start = Instant::now();
    let mut child = pty.slave.spawn_command(command).ok()?;
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().ok()?;
    // As large as the terminal: on a smaller one the first row would scroll away.
    let cells = |n: u16| NonZeroU16::new(n).expect("a screen has rows and columns");
    let mut seen = vt100::Parser::new(cells(40), cells(120), 0);
    let mut block = [0; 4096];
    let time = loop {
        let n = reader.read(&mut block).ok().filter(|n| *n > 0)?;
        seen.process(&block[..n]);
        if seen.screen().contents().contains(text) {
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

/// The middle of the runs; `None` without any.
pub fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}
