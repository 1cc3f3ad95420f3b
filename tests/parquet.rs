//! Parquet files say what the same rows say as CSV. Only with the feature `parquet`; the files are written here.
#![cfg(feature = "parquet")]

use std::path::Path;
use std::sync::Arc;

use coroner::model::Level::{Error, Info};
use coroner::model::query::PageStart;
use coroner::model::{EventFilter, EventQuery, SeriesQuery, Timestamp};
use coroner::source::files::{self, FileSource, OpenOptions};
use coroner::source::{Job, Source};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A column: its values, and which rows have one (all when empty).
enum Column<'a> {
    Whole(&'a [i64]),
    Real(&'a [f64]),
    Text(&'a [&'a str]),
}

fn write(path: &Path, schema: &str, compression: Compression, columns: &[(Column<'_>, &[i16])]) {
    let schema = Arc::new(parse_message_type(schema).expect("what the test writes can be written and read"));
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut file =
        SerializedFileWriter::new(std::fs::File::create(path).expect("what the test writes can be written and read"), schema, properties)
            .expect("what the test writes can be written and read");
    let mut group = file.next_row_group().expect("what the test writes can be written and read");
    for (column, present) in columns {
        let mut writer = group
            .next_column()
            .expect("what the test writes can be written and read")
            .expect("what the test writes can be written and read");
        let present = Some(*present).filter(|present| !present.is_empty());
        match column {
            Column::Whole(values) => {
                writer.typed::<Int64Type>().write_batch(values, present, None).expect("what the test writes can be written and read")
            }
            Column::Real(values) => {
                writer.typed::<DoubleType>().write_batch(values, present, None).expect("what the test writes can be written and read")
            }
            Column::Text(values) => {
                let values: Vec<ByteArray> = values.iter().map(|text| ByteArray::from(*text)).collect();
                writer.typed::<ByteArrayType>().write_batch(&values, present, None).expect("what the test writes can be written and read")
            }
        };
        writer.close().expect("what the test writes can be written and read");
    }
    group.close().expect("what the test writes can be written and read");
    file.close().expect("what the test writes can be written and read");
}

fn open(path: &Path) -> FileSource {
    let source = files::open(OpenOptions { sources: vec![path.to_owned()], ..OpenOptions::default() })
        .expect("what the test writes can be written and read");
    source.load(&Job::new(), &|| {}).expect("what the test writes can be written and read");
    source
}

/// Every series with its samples, and every problem.
fn told(source: &FileSource) -> Vec<String> {
    let catalog = source.catalog(&Job::new()).expect("what the test writes can be written and read");
    let series = catalog.series.iter().filter(|meta| !meta.is_derived).map(|meta| {
        let range = meta.extent.expect("what the test writes can be written and read");
        let query =
            SeriesQuery { ids: vec![meta.id], range, columns: 10_000.try_into().expect("what the test writes can be written and read") };
        let answer = source.series(&query, &Job::new()).expect("what the test writes can be written and read").value;
        let buckets: Vec<String> = answer[0].columns.iter().flatten().map(|bucket| format!("{}", bucket.last)).collect();
        format!("{} {:?} {:?} {}", meta.full_name(), range.start(), meta.unit, buckets.join(" "))
    });
    series.collect()
}

const METRICS: &str = "message m {
    required int64 at (TIMESTAMP(NANOS,true));
    optional binary host (STRING);
    optional double value;
    optional group pool { optional int64 used; }
}";

fn metrics(path: &Path, compression: Compression) {
    let at = [1_700_000_000_000_000_001, 1_700_000_015_000_000_000, 1_700_000_030_500_000_000, 1_700_000_045_000_000_000];
    let columns = [
        (Column::Whole(&at), &[][..]),
        (Column::Text(&["a", "a", "b, \"c\"", "a"]), &[1, 1, 1, 1][..]),
        (Column::Real(&[0.125, 1e-7, -3.0]), &[1, 0, 1, 1][..]),
    ];
    let schema = METRICS.replace("optional group pool { optional int64 used; }", "");
    write(path, &schema, compression, &columns);
}

#[test]
fn a_table_of_metrics_says_what_its_rows_say_as_csv() {
    let folder = tempfile::tempdir().expect("what the test writes can be written and read");
    let csv = folder.path().join("cpu.csv");
    let rows = "at,host,value\n2023-11-14T22:13:20.000000001Z,a,0.125\n2023-11-14T22:13:35Z,a,\n\
                2023-11-14T22:13:50.5Z,\"b, \"\"c\"\"\",1e-7\n2023-11-14T22:14:05Z,a,-3\n";
    std::fs::write(&csv, rows).expect("what the test writes can be written and read");
    let expected = told(&open(&csv));
    assert_eq!(expected.len(), 2, "{expected:?}");
    let gzip = Compression::GZIP(parquet::basic::GzipLevel::default());
    let zstd = Compression::ZSTD(parquet::basic::ZstdLevel::default());
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, gzip, zstd] {
        let path = folder.path().join("cpu.parquet");
        metrics(&path, compression);
        assert_eq!(told(&open(&path)), expected, "{compression:?}");
    }
}

#[test]
fn structures_become_columns_and_times_without_a_zone_have_none() {
    let folder = tempfile::tempdir().expect("what the test writes can be written and read");
    let path = folder.path().join("wide.parquet");
    let schema = "message m {
        required int64 time (TIMESTAMP(MICROS,false));
        optional double load;
        optional group pool { optional int64 used; }
    }";
    let at = [1_700_000_000_000_000, 1_700_000_015_000_000];
    let columns = [
        (Column::Whole(&at), &[][..]),
        (Column::Real(&[0.5, 0.75]), &[1, 1][..]),
        // Of the second row the whole structure is missing.
        (Column::Whole(&[7]), &[2, 0][..]),
    ];
    write(&path, schema, Compression::SNAPPY, &columns);
    let source = open(&path);
    let catalog = source.catalog(&Job::new()).expect("what the test writes can be written and read");
    let names: Vec<(String, u64)> = catalog.series.iter().map(|meta| (meta.full_name(), meta.n_samples)).collect();
    assert_eq!(names, [("load".to_owned(), 2), ("pool.used".to_owned(), 1)]);
    assert_eq!(catalog.sources[0].zone.certainty, coroner::model::ZoneCertainty::Default);
    assert!(catalog.sources[0].why.starts_with("a Parquet table of 2 rows and 3 columns, row 1 on line 2: "), "{}", catalog.sources[0].why);
}

#[test]
fn a_table_of_log_records_is_a_log() {
    let folder = tempfile::tempdir().expect("what the test writes can be written and read");
    let path = folder.path().join("log.parquet");
    let schema = "message m {
        required int64 timestamp (TIMESTAMP(MILLIS,true));
        required binary level (STRING);
        required binary message (STRING);
    }";
    let at = [1_700_000_000_000, 1_700_000_001_000];
    let columns = [
        (Column::Whole(&at), &[][..]),
        (Column::Text(&["info", "error"]), &[][..]),
        (Column::Text(&["started", "cannot connect:\nno route, \"db\""]), &[][..]),
    ];
    write(&path, schema, Compression::SNAPPY, &columns);
    let source = open(&path);
    let query = EventQuery { filter: EventFilter::default(), range: None, start: PageStart::AtOrAfter(Timestamp::MIN), limit: 10 };
    let page = source.events(&query, &Job::new()).expect("what the test writes can be written and read").value;
    let records: Vec<(coroner::model::Level, String)> = page.events.iter().map(|event| (event.level, event.message.clone())).collect();
    assert_eq!(records, [(Info, "started".to_owned()), (Error, "cannot connect:\nno route, \"db\"".to_owned())]);
}

#[test]
fn any_damage_is_survived_and_told() {
    let folder = tempfile::tempdir().expect("what the test writes can be written and read");
    let path = folder.path().join("cpu.parquet");
    metrics(&path, Compression::SNAPPY);
    let whole = std::fs::read(&path).expect("what the test writes can be written and read");
    for at in (4..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        let _ = coroner::parse::parquet::table(damaged, 1 << 20);
        assert!(coroner::parse::parquet::table(whole[..at].to_vec(), 1 << 20).is_err());
    }
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("what the test writes can be written and read");
    let catalog = open(&path).catalog(&Job::new()).expect("what the test writes can be written and read");
    assert!(catalog.sources[0].why.starts_with("a Parquet table that cannot be read: "), "{}", catalog.sources[0].why);
}
