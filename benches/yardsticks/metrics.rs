//! Metrics of any size: zooms of one long series, wide tables, long histories, many series.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use coroner::model::TimeRange;
use coroner::model::packed::{BLOCK, Packed};
use coroner::store::series::SeriesStore;

use crate::programs::{Cost, median, run};
use crate::{CORONER, ROUNDS, Runs, inspect, ratio, show, wc};

const COLUMNS: usize = 400;
/// Cells of the wide table, samples of the long series.
const CELLS: u64 = 100_000_000;
/// A cell or a sample takes about so many bytes of text.
const CELL_BYTES: u64 = 8;
const START_S: u64 = 1_795_400_000;

/// Numbers without a pattern, the same on every run (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Whole part and hundredths of a value.
    fn decimal(&mut self) -> (u64, u64) {
        let bits = self.next() >> 20;
        (1_000 + bits % 8_000, bits / 8_000 % 100)
    }
}

/// All rows of the part.
pub fn all(dir: &Path, cap: u64) {
    let n = CELLS.min(cap / CELL_BYTES);
    zooms(n);
    let programs: [(&str, fn(&Path, u64) -> u64, u64); 4] = [
        ("wide csv", wide, n),
        ("csv of one series", narrow, n),
        ("openmetrics", history, n / 10),
        ("openmetrics, many series", many, n / 100),
    ];
    println!(
        "{:<26} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "", "samples", "wc wall", "inspect", "cpu", "ns/sample", "polars", "of its cpu", "peak"
    );
    for (name, write, n) in programs {
        let path = dir.join(if name.contains("csv") { "table.csv" } else { "metrics.txt" });
        let n = write(&path, n);
        let (mut yardstick, mut ours, mut theirs) = (Runs::default(), Runs::default(), Runs::default());
        for _ in 0..ROUNDS {
            yardstick.push(wc(&path));
            ours.push(inspect(&path, &[]));
            theirs.push(if name == "wide csv" { polars(&path) } else { None });
        }
        let ns = ours.cpu().map_or(0.0, |cpu| cpu.as_secs_f64() * 1e9 / n as f64);
        println!(
            "{name:<26} {n:>11} {:>9} {:>9} {:>9} {ns:>9.1} {:>9} {:>10} {:>5} MB",
            show(yardstick.wall()),
            show(ours.wall()),
            show(ours.cpu()),
            show(theirs.cpu()),
            ratio(ours.cpu(), theirs.cpu()),
            ours.peak_kb / 1000,
        );
        if name.contains("many") {
            let mut found = Runs::default();
            found.push(run(Command::new(CORONER).args(["series", "--quiet", "--match", "4711"]).arg(&path)));
            println!("  of these, those that match: {}", show(found.wall()));
        }
        fs::remove_file(&path).expect("ours");
    }
}

fn polars(path: &Path) -> Option<Cost> {
    run(Command::new("python3").args(["-c", &format!("import polars as pl\npl.read_csv({:?})", path.display().to_string())]))
}

/// Any zoom of one long series against a scan of all that lies in it.
fn zooms(n: u64) {
    let (mut random, mut packed, mut plain) = (Random(7), Packed::default(), Vec::with_capacity(n as usize));
    let (mut times, mut at) = ([0; BLOCK], START_S as i64 * 1_000_000_000);
    for _ in 0..n as usize / BLOCK {
        for time in &mut times {
            *time = at;
            at += 1_000_000_000;
        }
        let start = plain.len();
        plain.extend((0..BLOCK).map(|_| {
            let (whole, hundredths) = random.decimal();
            (whole * 100 + hundredths) as f64 / 100.0
        }));
        packed.push(&times, &plain[start..]);
    }
    packed.shrink();
    let samples_bytes = packed.times.memory_bytes() + packed.values.memory_bytes();
    let store = SeriesStore::of(packed, &[]);
    let whole = store.extent().expect("samples");
    let width = NonZeroUsize::new(COLUMNS).expect("some");
    let timed = |ask: &mut dyn FnMut()| {
        let times = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            ask();
            start.elapsed()
        });
        median(times.collect()).expect("rounds")
    };
    // Every part of the series, from all of it to a thousandth, at places that fit no bucket.
    let zooms = (0..10).map(|zoom| {
        let len = whole.len_ns() >> zoom;
        let start = whole.start().plus_ns((whole.len_ns() - len) / 3 + 12_345);
        let range = if zoom == 0 { whole } else { TimeRange::new(start, start.plus_ns(len)) };
        timed(&mut || drop(black_box(store.columns(range, width))))
    });
    let slowest = zooms.max().expect("zooms");
    let scan = timed(&mut || {
        let share = plain.len().div_ceil(COLUMNS);
        let bounds = |part: &[f64]| {
            let least = part.iter().fold(f64::INFINITY, |least, value| if *value < least { *value } else { least });
            let most = part.iter().fold(f64::NEG_INFINITY, |most, value| if *value > most { *value } else { most });
            (least, most)
        };
        drop(black_box(plain.chunks(share).map(bounds).collect::<Vec<_>>()));
    });
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{} M points to {COLUMNS} columns, slowest of ten zooms {:.2} ms; scan of plain floats {:.1} ms; {:.2} B/point, pyramid {:.3} B/point",
        store.len() / 1_000_000,
        ms(slowest),
        ms(scan),
        store.memory_bytes() as f64 / store.len() as f64,
        (store.memory_bytes() - samples_bytes) as f64 / store.len() as f64,
    );
}

fn create(path: &Path) -> BufWriter<fs::File> {
    BufWriter::with_capacity(1 << 20, fs::File::create(path).expect("temporary file"))
}

/// A row for every 15 s, a thousand columns. Gives the number of cells.
fn wide(path: &Path, n: u64) -> u64 {
    let (columns, mut random, mut out, mut line) = (1_000, Random(7), create(path), String::from("time"));
    (0..columns).for_each(|column| write!(line, ",cpu_{column}").expect("a string"));
    writeln!(out, "{line}").expect("disk space");
    let rows = n.div_ceil(columns);
    for row in 0..rows {
        line.clear();
        write!(line, "{}", START_S + row * 15).expect("a string");
        for _ in 0..columns {
            let (whole, hundredths) = random.decimal();
            write!(line, ",{whole}.{hundredths:02}").expect("a string");
        }
        writeln!(out, "{line}").expect("disk space");
    }
    out.flush().expect("disk space");
    rows * columns
}

/// One series, a sample a second.
fn narrow(path: &Path, n: u64) -> u64 {
    let (mut random, mut out) = (Random(7), create(path));
    writeln!(out, "time,cpu").expect("disk space");
    for row in 0..n {
        let (whole, hundredths) = random.decimal();
        writeln!(out, "{},{whole}.{hundredths:02}", START_S + row).expect("disk space");
    }
    out.flush().expect("disk space");
    n
}

fn identity(i: u64) -> String {
    let (a, b, c) = (i >> 16 & 255, i >> 8 & 255, i & 255);
    format!("http_requests_total{{job=\"shop\",instance=\"10.{a}.{b}.{c}:9090\",path=\"/orders/{}\"}}", i % 5_000)
}

/// A thousand counters, scraped again and again.
fn history(path: &Path, n: u64) -> u64 {
    let (n_series, mut out) = (1_000, create(path));
    let series: Vec<String> = (0..n_series).map(identity).collect();
    writeln!(out, "# TYPE http_requests counter").expect("disk space");
    for scrape in 0..n / n_series {
        for (i, series) in series.iter().enumerate() {
            writeln!(out, "{series} {} {}", scrape * (i as u64 % 70), START_S + scrape * 15).expect("disk space");
        }
    }
    writeln!(out, "# EOF").expect("disk space");
    out.flush().expect("disk space");
    n / n_series * n_series
}

/// So many counters, three scrapes each.
fn many(path: &Path, n: u64) -> u64 {
    let mut out = create(path);
    writeln!(out, "# TYPE http_requests counter").expect("disk space");
    for i in 0..n {
        let series = identity(i);
        for scrape in 0..3 {
            writeln!(out, "{series} {} {}", i + scrape * (i % 70), START_S + scrape * 15).expect("disk space");
        }
    }
    writeln!(out, "# EOF").expect("disk space");
    out.flush().expect("disk space");
    n * 3
}
