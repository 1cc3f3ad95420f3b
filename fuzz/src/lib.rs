//! What is fuzzed: one function a target, each holds for any bytes at all.
//!
//! The fuzz targets call them with what the fuzzer finds; `tests/fuzz_seeds.rs` of the program includes this file and
//! calls them with the seeds, the regressions and mutations of both, so that they run without a nightly compiler.

use std::borrow::Cow;
use std::ops::Range;

use coroner::model::filter;
use coroner::model::text::printable;
use coroner::model::when::{self, WallZone};
use coroner::model::{TimeRange, Timestamp};
use coroner::parse::log::{LogPlan, convert, parse_chunk, plan, read_record};
use coroner::parse::metric::tsdb;
use coroner::parse::timestamp::{self, EpochUnit, StampReader};
use coroner::parse::{Context, Windows, detect, document};
use coroner::source::Job;
use coroner::source::files::archive::{Unpacker, is_tar, is_zip};
use coroner::source::files::decode::{Budget, Decoded, Growth, unpack};

/// Enough for any seed, little enough that a bomb is seen as one at once.
const MAX_DECODED_BYTES: u64 = 4 << 20;

fn windows(bytes: &[u8]) -> Windows<'_> {
    Windows { path: "fuzz", size_bytes: bytes.len() as u64, head: bytes, middle: bytes, tail: bytes }
}

/// A context in which nothing is missing, so that missing years and days are put in too.
fn context() -> Context {
    let at = Timestamp::from_secs(1_795_400_889);
    Context { neighbours: Some(TimeRange::new(at, at.plus_ns(3_600_000_000_000))), modified: Some(at), ..Context::default() }
}

/// Reads lines as the log that they look like: by columns, and again one record at a time.
pub fn walker(bytes: &[u8]) {
    if let Some(plan) = plan(&windows(bytes), &context()) {
        read_all(&plan, bytes);
    }
}

fn read_all(plan: &LogPlan, bytes: &[u8]) {
    let chunk = parse_chunk(plan, bytes);
    let columns = &chunk.columns;
    let n = columns.offsets.len();
    assert_eq!([columns.times.len(), columns.levels.len(), columns.services.len(), columns.messages.len()], [n; 4]);
    assert!(columns.offsets.windows(2).all(|pair| pair[0] < pair[1]), "records are in order");
    assert!(columns.messages.iter().all(|message| (*message as usize) < chunk.messages.len()));
    for (index, offset) in columns.offsets.iter().enumerate().take(200) {
        let start = *offset as usize;
        let end = columns.offsets.get(index + 1).map_or(bytes.len(), |end| *end as usize);
        let detail = read_record(plan, &bytes[start..end]);
        assert_eq!(detail.level, columns.levels[index], "the level of record {index} is the same both ways");
    }
}

/// Decides what bytes are; a document of records is made into lines and read.
pub fn detector(bytes: &[u8]) {
    let windows = windows(bytes);
    let verdict = detect::detect(&windows, &context());
    assert!(!verdict.format.is_empty() && (0.0..=1.0).contains(&verdict.confidence), "{verdict:?}");
    if let Some(sort) = convert::sort_of(&windows) {
        let made = convert::convert(sort, bytes);
        let count = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count();
        if made.keeps_lines {
            assert!(count(&made.text) >= count(bytes), "a text that keeps its lines has all of them");
        }
        walker(&made.text);
    }
}

/// What bytes are taken for.
pub fn format_of(bytes: &[u8]) -> String {
    detect::detect(&windows(bytes), &context()).format
}

/// Reads bytes as the document that they look like, and as the one that their last byte picks.
pub fn documents(bytes: &[u8]) {
    let context = context();
    for candidate in document::recognise(&windows(bytes)) {
        let _ = document::parse_document(candidate.format, bytes, &context);
    }
    if let Some((last, bytes)) = bytes.split_last() {
        let (format, _) = document::FORMATS[usize::from(*last) % document::FORMATS.len()];
        let _ = document::parse_document(format, bytes, &context);
    }
}

/// Files of a database: kind, length in two bytes, content, one after another.
struct Files<'a>(Vec<(&'static str, &'a [u8])>);

impl<'a> Files<'a> {
    const PATHS: [&'static str; 8] = [
        "01A/index",
        "01A/chunks/000001",
        "01A/meta.json",
        "01A/tombstones",
        "wal/00000001",
        "chunks_head/000001",
        "wal/checkpoint.00000000/00000000",
        "wbl/00000000",
    ];

    fn of(mut bytes: &'a [u8]) -> Self {
        let mut files: Vec<(&'static str, &'a [u8])> = Vec::new();
        while let [kind, low, high, rest @ ..] = bytes {
            let (content, more) = rest.split_at(usize::from(u16::from_le_bytes([*low, *high])).min(rest.len()));
            let path = Self::PATHS[usize::from(*kind) % Self::PATHS.len()];
            if files.iter().all(|known| known.0 != path) {
                files.push((path, content));
            }
            bytes = more;
        }
        files.sort_unstable();
        Self(files)
    }
}

impl tsdb::Folder for Files<'_> {
    fn paths(&self) -> Vec<&str> {
        self.0.iter().map(|file| file.0).collect()
    }

    fn size_bytes(&self, file: usize) -> u64 {
        self.0[file].1.len() as u64
    }

    fn read(&self, file: usize, range: Range<u64>) -> Result<Cow<'_, [u8]>, String> {
        let range = range.start as usize..range.end as usize;
        self.0[file].1.get(range).map(Cow::Borrowed).ok_or_else(|| "ends early".to_owned())
    }
}

/// Reads bytes as the files of a Prometheus database.
pub fn database(bytes: &[u8]) {
    let document = tsdb::parse(&Files::of(bytes), &context(), 100_000);
    for series in &document.series {
        assert!(series.samples.windows(2).all(|pair| pair[0].time < pair[1].time), "times rise: {series:?}");
    }
}

/// Unpacks bytes as whatever they are packed as, within the limits.
pub fn decompressor(bytes: &[u8]) {
    let job = Job::new();
    let budget = Budget::new(MAX_DECODED_BYTES, Growth::Honest);
    let quota = budget.quota(bytes.len() as u64);
    let packed = Decoded { bytes: bytes.to_vec(), problem: None };
    let Ok(decoded) = unpack(packed, &quota, &job) else { return };
    assert!(decoded.bytes.len() as u64 <= MAX_DECODED_BYTES + bytes.len() as u64);
    let unpacker = Unpacker { quota: &quota, job: &job };
    let members = if is_tar(&decoded.bytes) {
        unpacker.tar("fuzz", &mut &decoded.bytes[..], 0)
    } else if is_zip(&decoded.bytes) {
        unpacker.zip("fuzz", std::io::Cursor::new(&decoded.bytes), 0)
    } else {
        return;
    };
    for member in members.into_iter().flat_map(|members| members.files) {
        let inside = member.path.split('/').all(|part| !part.is_empty() && part != "..");
        assert!(inside, "a member stays inside of its archive: {:?}", member.path);
    }
}

/// Reads the time of each line in every way that there is.
pub fn timestamp(bytes: &[u8]) {
    let mut reader = StampReader::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let once = timestamp::read(line);
        assert_eq!(reader.read(line), once, "what a reader remembers of other lines changes no answer");
        for stamp in [once, timestamp::read_klog(line)].into_iter().flatten() {
            assert!(stamp.len <= line.len() && stamp.civil.nanos < 1_000_000_000, "{stamp:?}");
            let _ = timestamp::to_ns(stamp.civil.secs, stamp.civil.nanos);
        }
        if let Some(unit) = EpochUnit::of(line) {
            let _ = timestamp::epoch_ns(line, unit);
        }
        let text = String::from_utf8_lossy(line);
        let _ = (when::any(&text, WallZone::Utc), when::written(&text), when::in_name(&text), when::parse_duration(&text));
        let _ = when::parse(&text, &when::Reference::default());
    }
}

/// Reads each line as a filter; an error points into it, and what it says is safe on a screen.
pub fn filter(bytes: &[u8]) {
    for line in String::from_utf8_lossy(bytes).lines() {
        if let Err(error) = filter::parse(line, &when::Reference::default()) {
            assert!(line.get(error.span.clone()).is_some(), "{error:?} points into {line:?}");
            assert!(!printable(&error.to_string()).contains('\u{1b}'));
        }
    }
}
