//! Tells the program which rules it reads logs by, so that an index that other rules made is never taken for its own.

use std::fs;
use std::path::{Path, PathBuf};

/// Everything that decides what becomes of the bytes of a log.
const RULES: [&str; 7] = ["assets/formats", "src/model", "src/parse", "src/store", "src/source", "Cargo.toml", "Cargo.lock"];

fn main() {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for rules in RULES {
        println!("cargo:rerun-if-changed={rules}");
        for file in files(Path::new(rules)) {
            add(&mut hash, file.to_string_lossy().replace('\\', "/").as_bytes());
            add(&mut hash, &fs::read(&file).unwrap_or_default());
        }
    }
    println!("cargo:rustc-env=CORONER_RULES={hash:016x}");
}

/// Files at or below a path, sorted.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| files(path)).collect()
}

/// FNV-1a.
fn add(hash: &mut u64, bytes: &[u8]) {
    for byte in bytes {
        *hash = (*hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
}
