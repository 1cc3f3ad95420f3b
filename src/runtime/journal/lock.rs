//! The lock file of a case: who writes it. Holds process, host and start of the process, so that the lock of a killed
//! process is taken over and not one of another process that got its number.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Removed when dropped.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
}

impl Drop for LockFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Outcome of an attempt.
#[derive(Debug)]
pub(super) enum Locking {
    /// It is ours.
    Taken(LockFile),
    /// Another process has it: its name for people.
    HeldBy(String),
}

/// Takes the lock in this folder, unless a process that may still run holds it.
pub(super) fn take(folder: &Path) -> io::Result<Locking> {
    let path = folder.join("lock");
    fs::create_dir_all(folder)?;
    // One retry: the first try may find the lock of a process that is gone.
    for _ in 0..2 {
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let pid = std::process::id();
                let owner = json!({"pid": pid, "host": host(), "started": start_of(pid)});
                file.write_all(format!("{owner}\n").as_bytes())?;
                return Ok(Locking::Taken(LockFile { path }));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let owner: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
                if let Some(holder) = living_holder(&owner) {
                    return Ok(Locking::HeldBy(holder));
                }
                fs::remove_file(&path)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Locking::HeldBy("another process".into()))
}

/// The holder's name if it may still run. An unreadable lock counts as held by nobody: it was torn by a kill.
fn living_holder(owner: &Value) -> Option<String> {
    let pid = owner.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok())?;
    let host_name = owner.get("host").and_then(Value::as_str).unwrap_or_default();
    let holder = format!("process {pid} on {host_name}");
    if host_name != host() {
        return Some(holder);
    }
    let started = owner.get("started").and_then(Value::as_str);
    let is_same = match (started, start_of(pid)) {
        (Some(then), Some(now)) => then == now,
        (_, Some(_)) => true,
        (_, None) => !has_proc() && is_alive(pid),
    };
    is_same.then_some(holder)
}

/// Start time of a process in ticks since boot, as text; only where `/proc` tells.
fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold blanks and brackets; the 20th field after it is the start.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

fn has_proc() -> bool {
    Path::new("/proc/self/stat").exists()
}

/// Asks the system by its own tool where there is no `/proc`; in doubt the process counts as alive.
fn is_alive(pid: u32) -> bool {
    if !cfg!(unix) {
        return true;
    }
    let asked = std::process::Command::new("kill").args(["-0", &pid.to_string()]).stderr(std::process::Stdio::null()).status();
    asked.map_or(true, |status| status.success())
}

fn host() -> String {
    let from_file = || fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname")).ok();
    let from_env = || std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    from_file().or_else(from_env).map_or_else(|| "this host".into(), |name| name.trim().to_owned())
}
