//! The fuzz targets on a stable compiler: every seed, every regression, and mutations of each by a fixed dice.
//!
//! `CORONER_FUZZ_MUTATIONS=N` asks for more than the few that a test run can afford; `CORONER_FUZZ_TARGET=NAME` for one
//! target only. A failure prints the seed, the mutation and the bytes; put those into `fuzz/regressions/TARGET/`.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Mutations of each seed unless asked for more: the whole takes some seconds without optimisation.
const MUTATIONS: u64 = 200;

const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("walker", targets::walker),
    ("detector", targets::detector),
    ("documents", targets::documents),
    ("database", targets::database),
    ("decompressor", targets::decompressor),
    ("timestamp", targets::timestamp),
    ("filter", targets::filter),
];

/// Random numbers that are the same in every run: splitmix64 after Steele, Lea and Flood (2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mix = self.0;
        mix = (mix ^ (mix >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mix = (mix ^ (mix >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mix ^ (mix >> 31)
    }

    /// A number below `n`, 0 if there is none.
    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.roll() % n as u64) as usize }
    }
}

/// Bytes that mean something in many formats.
const WORDS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\n",
    b"\r",
    b"\0",
    b"=",
    b" ",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\x1b[",
    b"null",
    b"0001-01-01T00:00:00Z",
    b"9223372036854775808",
    b"-1",
    b"1e400",
    b"0",
    b"NaN",
    b"\xf0\x9f\x98\x80",
    b"\\u0000",
    b"\\ud800",
    b"}{\"",
    b"24:00:00",
    b"<>",
    b"%",
];

fn mutate(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(16)).min(bytes.len());
        match dice.below(8) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            2 => {
                bytes.drain(at..end);
            }
            3 => {
                let copy = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            4 => {
                let from = dice.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            5 if at < bytes.len() => bytes[at] = dice.roll() as u8,
            _ => {
                let word = WORDS[dice.below(WORDS.len())];
                let replaced = if dice.below(2) == 0 { at } else { (at + word.len()).min(bytes.len()) };
                bytes.splice(at..replaced, word.iter().copied());
            }
        }
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).expect("a seed"))).collect()
}

fn run(name: &str, target: fn(&[u8]), bytes: &[u8], what: &str) {
    let is_fine = catch_unwind(AssertUnwindSafe(|| target(bytes))).is_ok();
    assert!(is_fine, "{name} fails on {what}: {:?}", bytes.escape_ascii().to_string());
}

fn check(name: &str) {
    let (_, target) = *TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    if std::env::var("CORONER_FUZZ_TARGET").is_ok_and(|wanted| wanted != name) {
        return;
    }
    let n_mutations = std::env::var("CORONER_FUZZ_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(MUTATIONS);
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut seeds = files(&fuzz.join("seeds").join(name));
    assert!(!seeds.is_empty(), "seeds of {name} come with the repository");
    seeds.extend(files(&fuzz.join("regressions").join(name)));
    for (index, (path, seed)) in seeds.iter().enumerate() {
        let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        run(name, target, seed, &shown);
        let mut dice = Dice(seed.iter().fold(index as u64, |mix, byte| mix.wrapping_mul(31).wrapping_add(u64::from(*byte))));
        for mutation in 0..n_mutations {
            let mut bytes = seed.clone();
            let other = &seeds[dice.below(seeds.len())].1;
            mutate(&mut bytes, other, &mut dice);
            run(name, target, &bytes, &format!("mutation {mutation} of {shown}"));
        }
    }
}

/// A parser without a seed is reached by luck only.
#[test]
fn every_format_that_is_read_whole_has_a_seed_that_is_taken_for_it() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let all = [files(&seeds.join("documents")), files(&seeds.join("detector"))].concat();
    let known: Vec<String> = all.iter().map(|(_, bytes)| targets::format_of(bytes)).collect();
    // Tabs or commas, the reader is one.
    let formats = coroner::parse::document::FORMATS.iter().map(|(format, _)| *format).filter(|format| *format != "tsv");
    let without: Vec<&str> = formats.filter(|format| !known.iter().any(|known| known == format)).collect();
    assert_eq!(without, [""; 0], "formats without a seed");
}

#[test]
fn the_walker_reads_anything() {
    check("walker");
}

#[test]
fn the_detector_names_anything() {
    check("detector");
}

#[test]
fn the_documents_read_anything() {
    check("documents");
}

#[test]
fn databases_read_anything() {
    check("database");
}

#[test]
fn the_decompressor_unpacks_anything() {
    check("decompressor");
}

#[test]
fn times_are_read_or_refused() {
    check("timestamp");
}

#[test]
fn filters_are_read_or_refused() {
    check("filter");
}
