use std::io::Read as _;

use proptest::prelude::*;

use super::*;
use crate::parse::ParsedSeries;

/// A database in memory.
#[derive(Clone)]
struct Files(Vec<(String, Vec<u8>)>);

impl Folder for Files {
    fn paths(&self) -> Vec<&str> {
        self.0.iter().map(|(path, _)| path.as_str()).collect()
    }
    fn size_bytes(&self, file: usize) -> u64 {
        self.0[file].1.len() as u64
    }
    fn read(&self, file: usize, range: Range<u64>) -> Result<Cow<'_, [u8]>, String> {
        let bytes = self.0[file].1.get(range.start as usize..range.end as usize);
        bytes.map(Cow::Borrowed).ok_or_else(|| "no such bytes".to_owned())
    }
}

impl Files {
    fn of(&self, path: &str) -> &[u8] {
        &self.0.iter().find(|(inner, _)| inner.ends_with(path)).unwrap().1
    }
    fn of_mut(&mut self, path: &str) -> &mut Vec<u8> {
        &mut self.0.iter_mut().find(|(inner, _)| inner.ends_with(path)).unwrap().1
    }
}

macro_rules! data {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tsdb/", $path)).to_vec()
    };
}

fn block() -> Files {
    let file = |path: &str, bytes| (format!("01M83PR3R56FNCDR2Q4M05C2FP/{path}"), bytes);
    Files(vec![
        file("chunks/000001", data!("block/01M83PR3R56FNCDR2Q4M05C2FP/chunks/000001")),
        file("index", data!("block/01M83PR3R56FNCDR2Q4M05C2FP/index")),
        file("meta.json", data!("block/01M83PR3R56FNCDR2Q4M05C2FP/meta.json")),
        file("tombstones", data!("block/01M83PR3R56FNCDR2Q4M05C2FP/tombstones")),
    ])
}

fn data_folder() -> Files {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&include_bytes!("../../../../tests/data/tsdb/data.tar.gz")[..]));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().trim_start_matches("full/").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if entry.header().entry_type().is_file() {
            files.push((path, bytes));
        }
    }
    files.sort();
    Files(files)
}

fn read(files: &Files) -> Document {
    parse(files, &Context::default(), u64::MAX)
}

fn reasons(document: &Document) -> String {
    document.problems.kept().iter().map(|problem| format!("{}\n", problem.reason)).collect()
}

/// Whether both say the same, bit by bit.
fn is_same(a: &ParsedSeries, b: &ParsedSeries) -> bool {
    let bits = |one: &ParsedSeries| one.samples.iter().map(|sample| (sample.time, sample.value.to_bits())).collect::<Vec<_>>();
    (&a.name, &a.labels) == (&b.name, &b.labels) && bits(a) == bits(b)
}

/// Series of `b` that are in `a` just so.
fn n_kept(a: &Document, b: &Document) -> usize {
    b.series.iter().filter(|one| a.series.iter().any(|other| is_same(one, other))).count()
}

#[test]
fn the_files_of_this_test_are_sound() {
    for files in [block(), data_folder()] {
        let document = read(&files);
        let complaints: Vec<&Problem> = document.problems.kept().iter().filter(|problem| problem.kind != ProblemKind::Limit).collect();
        assert_eq!(complaints, [] as [&Problem; 0]);
        assert!(document.n_records > 400);
    }
}

#[test]
fn any_flipped_byte_of_a_block_is_told_or_without_effect_and_the_other_series_stay() {
    let files = block();
    let whole = read(&files);
    for (number, (path, bytes)) in files.0.iter().enumerate() {
        // The parts that all series hang on: head of the file, symbols. (Offsets of the index are those of its own
        // table; of the chunks only the head is shared.)
        let symbols = if path.ends_with("index") { 5 + 4 + u32::from_be_bytes(bytes[5..9].try_into().unwrap()) as usize + 4 } else { 0 };
        for at in 0..bytes.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut damaged = files.clone();
                damaged.0[number].1[at] ^= mask;
                let document = read(&damaged);
                let kept = n_kept(&document, &whole);
                if document.problems.total() == 0 {
                    assert!(kept == whole.series.len() && document.series.len() == kept, "{path}:{at} ^ {mask} changes values unsaid");
                }
                assert!(
                    at < symbols || kept + 1 >= whole.series.len(),
                    "{path}:{at} ^ {mask} costs more than one series: {}",
                    reasons(&document)
                );
            }
        }
    }
}

#[test]
fn a_block_cut_anywhere_gives_what_came_before_the_cut_and_says_so() {
    let files = block();
    for (number, (path, bytes)) in files.0.iter().enumerate() {
        for length in 0..bytes.len() {
            let mut damaged = files.clone();
            damaged.0[number].1.truncate(length);
            assert!(read(&damaged).problems.total() > 0, "{path} cut at {length}");
        }
    }
}

#[test]
fn damage_names_file_and_offset() {
    let mut files = block();
    files.of_mut("chunks/000001")[40] ^= 1;
    let text = reasons(&read(&files));
    assert!(text.starts_with("01M83PR3R56FNCDR2Q4M05C2FP/chunks/000001:8: the checksum of the chunk here is wrong"), "{text}");
    assert!(text.contains("meta.json states 490 samples, the chunks hold 362"), "{text}");
}

#[test]
fn a_torn_log_gives_all_records_before_the_tear() {
    let files = data_folder();
    let whole = read(&files);
    let size = files.of("wal/00000004").len();
    let mut last = 0;
    for length in (0..size).rev().step_by(7).chain([1]) {
        let mut torn = files.clone();
        torn.of_mut("wal/00000004").truncate(length);
        let document = read(&torn);
        assert!(document.series.len() == whole.series.len());
        last = document.problems.counts().get(&ProblemKind::Truncated).copied().unwrap_or(0);
    }
    assert_eq!(last, 1);
}

#[test]
fn chunks_of_the_head_are_read_and_without_a_name_they_are_counted() {
    let mut chunks = Vec::new();
    let packed = &include_bytes!("../../../../tests/data/tsdb/head-chunks.gz")[..];
    flate2::read::GzDecoder::new(packed).read_to_end(&mut chunks).unwrap();
    let mut files = log(&[(0, series_record(1, "up")), (0, series_record(2, "requests_total"))]);
    files.0.insert(0, ("chunks_head/000001".to_owned(), chunks));
    let document = read(&files);
    let got: Vec<(&str, usize)> = document.series.iter().map(|one| (one.name.as_str(), one.samples.len())).collect();
    assert_eq!(got, [("requests_total", 233), ("up", 234)]);
    assert_eq!(document.series[1].samples.iter().filter(|sample| sample.value == 0.0).count(), 4);
    assert!(reasons(&document).contains("have no name"), "{}", reasons(&document));
    files.of_mut("chunks_head/000001")[60] ^= 1;
    assert!(reasons(&read(&files)).starts_with("chunks_head/000001:8: the chunk here has a wrong checksum"));
}

#[test]
fn a_limit_keeps_the_newest() {
    let whole = read(&block());
    let part = parse(&block(), &Context::default(), 4 * SAMPLES_PER_CHUNK);
    assert!(part.n_records < whole.n_records && part.n_records > 0);
    let last = |document: &Document| document.series.iter().filter_map(|one| one.samples.last()).map(|sample| sample.time).max();
    assert_eq!(last(&part), last(&whole));
    assert!(reasons(&part).contains("--max-decoded"), "{}", reasons(&part));
}

#[test]
fn what_two_blocks_hold_is_told_once_and_a_contradiction_is_a_problem() {
    let one = block();
    let mut two = one.clone();
    two.0.extend(one.0.iter().map(|(path, bytes)| (path.replace("01M", "02M"), bytes.clone())));
    let (single, double) = (read(&one), read(&two));
    assert_eq!(single.n_records, double.n_records);
    assert_eq!(double.problems.total(), 0, "{}", reasons(&double));
    assert_eq!(n_kept(&double, &single), single.series.len());
}

/// A log of one segment with these records, each packed as told.
fn log(records: &[(u8, Vec<u8>)]) -> Files {
    let mut segment = Vec::new();
    for (packing, record) in records {
        let packed = match packing {
            0x10 => zstd::bulk::compress(record, 3).unwrap(),
            0x08 => {
                let mut packed = vec![record.len() as u8 | 0x80, (record.len() >> 7) as u8, 61 << 2];
                packed.extend(((record.len() - 1) as u16).to_le_bytes());
                packed.extend(record);
                packed
            }
            _ => record.clone(),
        };
        let mut rest = &packed[..];
        let mut is_first = true;
        loop {
            let room = (32 << 10) - segment.len() % (32 << 10);
            if room < 8 {
                segment.resize(segment.len() + room, 0);
                continue;
            }
            let (part, more) = rest.split_at(rest.len().min(room - 7));
            let kind = match (is_first, more.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            segment.push(kind | packing);
            segment.extend((part.len() as u16).to_be_bytes());
            segment.extend(crc32c(part).to_be_bytes());
            segment.extend(part);
            (rest, is_first) = (more, false);
            if rest.is_empty() {
                break;
            }
        }
    }
    Files(vec![("wal/00000000".to_owned(), segment)])
}

fn series_record(reference: u64, name: &str) -> Vec<u8> {
    let mut record = vec![1];
    record.extend(reference.to_be_bytes());
    record.extend([1, 8]);
    record.extend(b"__name__");
    record.push(name.len() as u8);
    record.extend(name.as_bytes());
    record
}

fn samples_record(reference: u64, start_ms: i64, n: u8) -> Vec<u8> {
    let mut record = vec![2];
    record.extend(reference.to_be_bytes());
    record.extend(start_ms.to_be_bytes());
    for i in 0..n {
        record.extend([0, i << 1]); // the same series, i ms later
        record.extend(f64::from(i).to_be_bytes());
    }
    record
}

#[test]
fn records_of_any_packing_and_length_are_read_across_pages() {
    const START: i64 = 1_795_400_000_000;
    let mut records = vec![(0, series_record(7, "plain")), (0x08, series_record(8, "snappy")), (0x10, series_record(9, "zstd"))];
    for batch in 0..100 {
        records.push((0, samples_record(7, START + batch * 100, 60)));
        records.push((0x08, samples_record(8, START + batch * 100, 60)));
        records.push((0x10, samples_record(9, START + batch * 100, 60)));
    }
    // A record of more than a page.
    let mut names = vec![1];
    for reference in 100..4100_u64 {
        names.extend(&series_record(reference, "filler")[1..]);
    }
    records.push((0, names));
    records.push((0, samples_record(7, START + 100 * 100, 1)));
    records.push((0, samples_record(7, START, 5))); // late: refused
    let document = read(&log(&records));
    let got: Vec<(String, usize)> = document.series.iter().map(|one| (one.name.clone(), one.samples.len())).collect();
    assert_eq!(got, [("plain".to_owned(), 6001), ("snappy".to_owned(), 6000), ("zstd".to_owned(), 6000)]);
    assert_eq!(reasons(&document), "5 samples of the write-ahead log were late or second at their time; Prometheus refused them too\n");
}

#[test]
fn damage_in_a_log_costs_the_rest_of_its_page() {
    let mut records = vec![(0, series_record(7, "plain"))];
    records.extend((0..300).map(|batch| (0, samples_record(7, 1_795_400_000_000 + batch * 100, 60))));
    let mut files = log(&records);
    let n_pages = files.0[0].1.len() / (32 << 10) + 1;
    files.0[0].1[40_000] ^= 1; // in the second page
    let document = read(&files);
    let lost = 18_000 - document.n_records;
    assert!(n_pages >= 5 && lost > 0 && lost < 4_000, "{lost} of 18,000 samples in {n_pages} pages");
    assert!(reasons(&document).starts_with("wal/00000000:3"), "{}", reasons(&document));
}

#[test]
fn metadata_of_the_log_tells_kind_and_unit() {
    let mut meta = vec![6, 7, 1, 1, 4];
    meta.extend(b"UNIT");
    meta.push(5);
    meta.extend(b"bytes");
    let document = read(&log(&[(0, series_record(7, "sent")), (0, meta), (0, samples_record(7, 1_795_400_000_000, 3))]));
    assert_eq!((document.series[0].kind, document.series[0].unit), (crate::model::SeriesKind::Counter, crate::model::Unit::Bytes));
}

#[test]
fn exemplars_of_the_log_belong_to_their_series() {
    let mut record = vec![4];
    record.extend(7_u64.to_be_bytes());
    record.extend(1_795_400_000_000_i64.to_be_bytes());
    record.extend([0, 4]); // the same series, 2 ms later
    record.extend(0.25_f64.to_be_bytes());
    record.extend([1, 8]);
    record.extend(b"trace_id");
    record.push(3);
    record.extend(b"abc");
    let document = read(&log(&[(0, series_record(7, "sent")), (0, samples_record(7, 1_795_400_000_000, 3)), (0, record)]));
    let [one] = &document.exemplars[..] else { panic!("{:?}", document.exemplars) };
    assert_eq!((one.name.as_str(), one.trace_id(), one.value, one.time.0), ("sent", Some("abc"), 0.25, 1_795_400_000_002_000_000));
    assert_eq!(document.problems.total(), 0);
}

#[test]
fn a_stale_marker_is_no_ordinary_nan() {
    let document = read(&data_folder());
    let markers = |name: &str| {
        document.series.iter().find(|one| one.name == name).unwrap().samples.iter().filter(|sample| sample.is_stale_marker()).count()
    };
    assert_eq!((markers("gone_seconds"), markers("queue_ratio")), (1, 0));
    let nan = document.series.iter().find(|one| one.name == "queue_ratio").unwrap();
    assert_eq!(nan.samples.iter().filter(|sample| sample.value.is_nan()).count(), 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_damage_to_a_data_folder_is_survived(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), mask in 1_u8..=255, cut in any::<bool>()) {
        thread_local!(static FILES: Files = data_folder());
        FILES.with(|files| {
            let mut damaged = files.clone();
            let file = file.index(damaged.0.len());
            // Behind the last record there are only zeros.
            let used = damaged.0[file].1.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
            let at = at.index(used);
            if cut { damaged.0[file].1.truncate(at) } else { damaged.0[file].1[at] ^= mask }
            let document = read(&damaged);
            assert!(document.series.len() > 10);
        });
    }

    #[test]
    fn any_bytes_as_a_chunk_are_decoded_or_refused(encoding in 0_u8..8, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = chunk::decode(encoding, &bytes);
    }

    #[test]
    fn any_bytes_as_a_record_are_read_or_refused(kind in 0_u8..15, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut record = vec![kind];
        record.extend(bytes);
        let _ = read(&log(&[(0, record)]));
    }
}
