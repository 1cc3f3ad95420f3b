//! What is known of a large log before it is read. One test alone in its process, because it counts the bytes that
//! the process reads.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;

use coroner::model::Catalog;
use coroner::source::files::{OpenOptions, open};
use coroner::source::{Job, Source as _};

const N_LINES: u64 = 100_000;

/// A line a second for the first half of the file, ten a second for the rest; the last error near the end.
fn write_log(path: &Path) {
    let mut file = BufWriter::new(fs::File::create(path).expect("file"));
    let padding = "x".repeat(950);
    let mut tenths = 0u64;
    for n in 0..N_LINES {
        tenths += if n < N_LINES / 2 { 10 } else { 1 };
        let (day, second) = (20 + tenths / 864_000, tenths / 10 % 86_400);
        let (level, words) = if n == N_LINES - 9 { ("error", "pool exhausted at last") } else { ("info", "request done") };
        let time = format!("2026-11-{day:02}T{:02}:{:02}:{:02}.{}00Z", second / 3600, second / 60 % 60, second % 60, tenths % 10);
        writeln!(file, "time={time} level={level} msg=\"{words}\" service=order pad={padding}").expect("disk");
    }
}

/// Bytes that this process has read so far.
fn bytes_read() -> u64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok()).unwrap_or(0)
}

#[test]
fn extent_density_and_the_last_error_are_there_before_two_percent_is_read() {
    let dir = tempfile::tempdir().expect("folder");
    let log = dir.path().join("big.log");
    write_log(&log);
    let size = fs::metadata(&log).expect("file").len();
    // An archive beside it that has to be unpacked does not delay it.
    let packed: Vec<u8> = (0..3_000_000u32).flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()).collect();
    let mut archive = tar::Builder::new(fs::File::create(dir.path().join("a.tar")).expect("file"));
    let mut header = tar::Header::new_gnu();
    header.set_size(packed.len() as u64);
    header.set_cksum();
    archive.append_data(&mut header, "inside.bin", packed.as_slice()).expect("disk");
    archive.finish().expect("disk");
    drop(archive);

    let source = open(OpenOptions { sources: vec![dir.path().to_owned()], jobs: 1, ..OpenOptions::default() }).expect("a folder");
    let (job, before) = (Job::new(), bytes_read());
    let first: Mutex<Option<(Catalog, u64)>> = Mutex::new(None);
    let looked = source.load(&job, &|| {
        let catalog = source.catalog(&Job::new()).expect("catalog");
        if catalog.sources.iter().any(|source| source.preview.is_some() && source.path == "big.log")
            && first.lock().expect("lock").is_none()
        {
            *first.lock().expect("lock") = Some(((*catalog).clone(), bytes_read() - before));
            job.cancel();
        }
    });
    assert!(looked.is_err(), "it was told to stop");
    let (catalog, read) = first.into_inner().expect("lock").expect("a preview");
    assert!(read < size / 50, "{read} of {size}");
    assert_eq!(catalog.sources.iter().map(|source| source.path.as_str()).collect::<Vec<_>>(), ["a.tar", "big.log"]);
    let extent = catalog.extent.expect("times");
    assert_eq!(extent.len_ns() / 1_000_000_000, 54_999, "from the first to the last record");
    let (n_read, n_guessed) = catalog.n_events_expected();
    assert!(n_read == 0 && (90_000..110_000).contains(&n_guessed), "{n_guessed}");
    let preview = catalog.sources[1].preview.as_ref().expect("looked at");
    assert_eq!(preview.last.last().map(|line| line.message.as_str()), Some("pool exhausted at last"));
    // Ten times as many a second after half of the file as before.
    let border = extent.start().plus_ns(50_000 * 1_000_000_000);
    let late: u64 = preview.stretches.iter().filter(|(range, _)| range.start() >= border).map(|(_, n)| n).sum();
    assert!((40_000..60_000).contains(&late), "{late}");
    assert!(!catalog.is_complete);
}
