//! Logs of one incident in the forms that services write, the same on every run.
//!
//! A small generator (xorshift, Marsaglia 2003) with a fixed seed stands in for a Go service under load: most lines are
//! requests, some warn, a few fail. The forms differ only in how a line is written.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON lines with the fields always in one order.
    Zap,
    /// The same fields in an order that changes from line to line.
    ZapShuffled,
    /// `key=value` lines.
    Logfmt,
    /// A log4j-like layout.
    Text,
    /// [`Form::Text`], one of a hundred lines with a Java stack of eight frames.
    Traces,
    /// [`Form::Zap`] in gzip.
    ZapGz,
}

impl Form {
    /// Every form, in the order of the table.
    pub const ALL: [Self; 6] = [Self::Zap, Self::ZapShuffled, Self::Logfmt, Self::Text, Self::Traces, Self::ZapGz];

    /// Name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zap => "zap json, in order",
            Self::ZapShuffled => "zap json, out of order",
            Self::Logfmt => "logfmt",
            Self::Text => "text",
            Self::Traces => "text, 1 % stacks",
            Self::ZapGz => "zap json, gz",
        }
    }

    /// End of the file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::ZapGz => "log.gz",
            _ => "log",
        }
    }
}

struct Record {
    random: u64,
    at_ms: u64,
    level: &'static str,
    status: u16,
    message: &'static str,
}

/// Writes at least `size_bytes` of decoded text. Returns the number of records.
pub fn generate(path: &Path, form: Form, size_bytes: u64) -> u64 {
    let file = BufWriter::with_capacity(1 << 20, fs::File::create(path).expect("temporary file"));
    let mut out: Box<dyn Write> = match form {
        Form::ZapGz => Box::new(flate2::write::GzEncoder::new(file, flate2::Compression::new(6))),
        _ => Box::new(file),
    };
    let (mut random, mut written, mut at_ms, mut n_records) = (0x2545_f491_4f6c_dd1d_u64, 0, 1_795_400_000_000u64, 0);
    let mut line = String::new();
    while written < size_bytes {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        at_ms += random % 7;
        let (level, status, message) = match random % 100 {
            0..2 => ("error", 503, "acquire: pool exhausted"),
            2..6 => ("warn", 200, "slow request"),
            _ => ("info", 200, "request"),
        };
        line.clear();
        write_line(&mut line, form, &Record { random, at_ms, level, status, message });
        out.write_all(line.as_bytes()).expect("disk space");
        written += line.len() as u64;
        n_records += 1;
    }
    out.flush().expect("disk space");
    n_records
}

fn write_line(line: &mut String, form: Form, record: &Record) {
    let Record { random, at_ms, level, status, message } = *record;
    let (secs, ms) = (at_ms / 1000, at_ms % 1000);
    let (day, hour, minute, second) = (10 + (secs / 86_400) % 18, secs / 3600 % 24, secs / 60 % 60, secs % 60);
    let trace = format!("{random:016x}{:016x}", random.rotate_left(17));
    let (order, latency, user, code_line) = (random % 1000, random % 999_999, random % 5000, 100 + random % 50);
    match form {
        Form::Zap | Form::ZapGz | Form::ZapShuffled => {
            let mut fields = [
                format!(r#""level":"{level}""#),
                format!(r#""ts":"2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z""#),
                format!(r#""caller":"api/server.go:{code_line}""#),
                format!(r#""msg":"{message}""#),
                r#""service":"order""#.to_owned(),
                format!(r#""trace_id":"{trace}""#),
                r#""method":"GET""#.to_owned(),
                format!(r#""path":"/orders/{order}""#),
                format!(r#""status":{status}"#),
                format!(r#""latency":0.{latency:06}"#),
                format!(r#""uid":{user}"#),
            ];
            if form == Form::ZapShuffled {
                // Fisher-Yates with the bits of this record.
                let mut bits = random;
                for i in (1..fields.len()).rev() {
                    fields.swap(i, (bits % (i as u64 + 1)) as usize);
                    bits = bits.rotate_right(7);
                }
            }
            writeln!(line, "{{{}}}", fields.join(","))
        }
        Form::Logfmt => writeln!(
            line,
            "time=2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z level={level} msg=\"{message}\" service=order \
             trace_id={trace} method=GET path=/orders/{order} status={status} latency=0.{latency:06} uid={user}"
        ),
        Form::Text | Form::Traces => {
            let thread = random % 64;
            writeln!(
                line,
                "2026-11-{day:02} {hour:02}:{minute:02}:{second:02},{ms:03} {:<5} [http-nio-{thread}] com.shop.order.OrderController - \
                 {message} for order {order} of user {user} took {} ms",
                level.to_uppercase(),
                latency / 1000
            )
        }
    }
    .expect("a string");
    if form == Form::Traces && random % 100 == 0 {
        line.push_str("java.lang.IllegalStateException: pool exhausted\n");
        for frame in 0..8 {
            writeln!(line, "\tat com.shop.order.Frame{frame}.call(Frame{frame}.java:{})", 10 + random % 90).expect("a string");
        }
    }
}
