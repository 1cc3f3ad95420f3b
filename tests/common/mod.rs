//! What the whole-program tests share: the built binary in a real pseudo-terminal, and the recorded outage unpacked.
//!
//! Tests wait for a condition with a time limit, never for a fixed time. `CORONER_TEST_SECONDS` stretches the limit.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The built program.
pub const CORONER: &str = env!("CARGO_BIN_EXE_coroner");

/// One program in a pseudo-terminal, its screen kept by a terminal emulator.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    reading: std::thread::JoinHandle<()>,
}

impl Pty {
    /// Starts `coroner ARGS…` in `dir` on a screen of `rows` × `columns`.
    pub fn start(dir: &Path, args: &[&str], size: (u16, u16)) -> Self {
        Self::start_with(dir, args, size, &[])
    }

    /// The same with more environment variables.
    pub fn start_with(dir: &Path, args: &[&str], (columns, rows): (u16, u16), variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(CORONER);
        command.args(args);
        command.cwd(dir);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("USER", "tester");
        command.env_remove("NO_COLOR");
        // Whoever runs the tests inside of one of these keeps the clipboard.
        for name in ["TMUX", "STY"] {
            command.env_remove(name);
        }
        // Nothing of the machine, and nothing of the test before.
        command.env("CORONER_CONFIG", "");
        command.env("CORONER_STATE", "off");
        // Tests leave no trace in the list of whoever runs them.
        command.env("CORONER_NO_RECENT", "1");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).expect("the program starts");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let mut reader = pty.master.try_clone_reader().expect("reader");
        let shared = Arc::clone(&screen);
        let reading = std::thread::spawn(move || {
            let mut block = [0; 8192];
            let mut pending = Vec::new();
            while let Ok(n @ 1..) = reader.read(&mut block) {
                pending.extend_from_slice(&block[..n]);
                // Half a frame is never looked at: it could show a note of this frame beside the `saved` of the last.
                let whole = whole_frames(&pending);
                shared.lock().expect("screen").process(&pending[..whole]);
                pending.drain(..whole);
            }
            shared.lock().expect("screen").process(&pending);
        });
        let keys = pty.master.take_writer().expect("writer");
        Self { child, master: pty.master, keys, screen, reading }
    }

    /// What the screen shows now.
    pub fn screen(&self) -> String {
        self.screen.lock().expect("screen").screen().contents()
    }

    /// One row of the screen from 0, without blanks at its ends.
    pub fn row(&self, row: usize) -> String {
        self.screen().lines().nth(row).unwrap_or_default().trim().to_owned()
    }

    /// The last row: what the program says, and whether everything is saved.
    pub fn last_row(&self) -> String {
        self.screen().lines().last().unwrap_or_default().trim().to_owned()
    }

    /// Whether the program has switched to the alternate screen.
    pub fn is_on_alternate_screen(&self) -> bool {
        self.screen.lock().expect("screen").screen().alternate_screen()
    }

    /// Whether the terminal is in its usual mode: lines, echo, signals.
    pub fn is_cooked(&self) -> bool {
        let modes = self.master.get_termios().map(|termios| format!("{:?}", termios.local_flags)).unwrap_or_default();
        ["ICANON", "ECHO", "ISIG"].iter().all(|mode| modes.contains(mode))
    }

    /// Whether the cursor is shown.
    pub fn has_cursor(&self) -> bool {
        !self.screen.lock().expect("screen").screen().hide_cursor()
    }

    /// Whether the program asked for the mouse.
    pub fn has_mouse(&self) -> bool {
        self.screen.lock().expect("screen").screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// Colours of the letters on the screen.
    pub fn inks(&self) -> std::collections::BTreeSet<String> {
        let screen = self.screen.lock().expect("screen");
        let screen = screen.screen();
        let (rows, columns) = screen.size();
        let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).filter_map(move |column| screen.cell(row, column)));
        cells.map(|cell| format!("{:?}", cell.fgcolor())).collect()
    }

    /// Types keys as bytes (`\r` is Enter, `\x1b` is Esc).
    pub fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the program reads");
        self.keys.flush().expect("the program reads");
    }

    /// Waits until the screen fulfils `is_there`; panics with the screen when the time is over.
    #[track_caller]
    pub fn wait(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        let limit = Instant::now() + limit();
        loop {
            let screen = self.screen();
            if is_there(&screen) {
                return;
            }
            assert!(Instant::now() < limit, "no {what} on the screen:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types keys that do no harm twice, again and again until the screen fulfils `is_there`.
    #[track_caller]
    pub fn press_until(&mut self, keys: &str, what: &str, is_there: impl Fn(&str) -> bool) {
        let limit = Instant::now() + limit();
        while !is_there(&self.screen()) {
            assert!(Instant::now() < limit, "no {what} on the screen:\n{}", self.screen());
            self.type_keys(keys);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for a text.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.contains(text));
    }

    /// Types keys, then waits for a text.
    #[track_caller]
    pub fn press(&mut self, keys: &str, then: &str) {
        self.type_keys(keys);
        self.wait_for(then);
    }

    /// Types keys, then waits until a part of the screen is another one than before; gives the new one.
    #[track_caller]
    pub fn press_and_see<T: PartialEq>(&mut self, keys: &str, part: impl Fn(&str) -> T) -> T {
        let before = part(&self.screen());
        self.type_keys(keys);
        self.wait(&format!("change after {keys:?}"), |screen| part(screen) != before);
        part(&self.screen())
    }

    /// Waits until everything is read and shown.
    #[track_caller]
    pub fn wait_until_read(&self) {
        self.wait("end of reading", |screen| {
            let first = screen.lines().next().unwrap_or_default();
            first.contains(" events") && !first.contains("reading")
        });
    }

    /// Pins what is under the cursor and waits until the pin is on disk.
    #[track_caller]
    pub fn pin(&mut self) -> String {
        // Two pins may be told by the same words: another word between them tells them apart.
        self.press("\x13", "nothing new to save");
        self.type_keys("p");
        self.wait("pin that is saved", |screen| last_row_of(screen).contains("pinned: ") && last_row_of(screen).ends_with("saved"));
        self.last_row()
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, (columns, rows): (u16, u16)) {
        // Held while both sizes change, so that no frame of the new size is read at the old one.
        let mut screen = self.screen.lock().expect("screen");
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("resize");
        screen.screen_mut().set_size(cells(rows), cells(columns));
    }

    /// Waits for the end of the program and of what it wrote; returns whether it ended well.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> bool {
        let limit = Instant::now() + limit();
        loop {
            if let (Some(status), true) = (self.child.try_wait().expect("wait"), self.reading.is_finished()) {
                return status.success();
            }
            assert!(Instant::now() < limit, "the program does not end:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal by number.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.process_id().expect("running");
        let pid = rustix::process::Pid::from_raw(id as i32).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("the process is ours");
    }

    /// Ends the program at once (`kill -9`).
    pub fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.child.wait().expect("wait");
    }
}

/// The last row of a screen, without blanks at its ends.
pub fn last_row_of(screen: &str) -> &str {
    screen.lines().last().unwrap_or_default().trim()
}

/// How many of these bytes end outside a synchronized update.
fn whole_frames(bytes: &[u8]) -> usize {
    const BEGIN: &[u8] = b"\x1b[?2026h";
    const END: &[u8] = b"\x1b[?2026l";
    let find = |mark: &[u8]| bytes.windows(mark.len()).rposition(|window| window == mark);
    // A mark may itself be cut between two reads.
    let cut = (1..BEGIN.len()).find(|n| bytes.ends_with(&BEGIN[..*n])).unwrap_or(0);
    match (find(BEGIN), find(END)) {
        (Some(begin), None) => begin,
        (Some(begin), Some(end)) if begin > end => begin,
        _ => bytes.len() - cut,
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(n: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(n).expect("a screen has rows and columns")
}

fn limit() -> Duration {
    let seconds = std::env::var("CORONER_TEST_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    Duration::from_secs(seconds)
}

/// Unpacks the members of the recorded outage whose path passes `wants` into `dir`.
pub fn unpack_outage(dir: &Path, wants: impl Fn(&str) -> bool) {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-data/order-outage.tar.zst");
    let packed = std::fs::read(archive).expect("the recorded outage");
    let tar = zstd::decode_all(packed.as_slice()).expect("zstd");
    for entry in tar::Archive::new(tar.as_slice()).entries().expect("tar") {
        let mut entry = entry.expect("tar");
        let path: PathBuf = entry.path().expect("path").into_owned();
        let name = path.to_string_lossy().trim_start_matches("./").to_owned();
        if entry.header().entry_type().is_file() && wants(&name) {
            let target = dir.join(&name);
            std::fs::create_dir_all(target.parent().expect("inside dir")).expect("folder");
            entry.unpack(&target).expect("unpacked");
        }
    }
}

/// Runs the program to its end: exit code, standard output, standard error.
pub fn coroner(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output =
        std::process::Command::new(CORONER).args(args).current_dir(dir).env("USER", "tester").output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}
