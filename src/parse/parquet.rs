//! Parquet files as the text of a table, which the readers of CSV take from there: metrics, logs and changes alike.
//!
//! Only with the feature `parquet`. Structures become columns `a.b`, lists stay texts and are told. Times carry their zone when
//! the file says that they are in UTC, none otherwise, down to the nanosecond (those of 96 bits to the millisecond).

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

use crate::model::catalog::{Problem, ProblemKind, Problems};

/// First bytes of a file.
pub const MAGIC: &[u8] = b"PAR1";

/// The rows of a file.
#[derive(Debug, Default)]
pub struct Table {
    /// Comma separated, the first line names the columns.
    pub text: Vec<u8>,
    /// What it was, half a sentence.
    pub why: String,
    /// What could not be read.
    pub problems: Problems,
}

/// How the values of a column are written.
enum Column {
    /// As they print.
    Plain,
    /// Units since 1970, their length in ns.
    Time { unit_ns: i64, is_utc: bool },
    /// Columns of their own.
    Several(Vec<Self>),
}

/// Makes the text, of about `max_bytes` at most. `Err` says why nothing can be read.
pub fn table(bytes: Vec<u8>, max_bytes: u64) -> Result<Table, String> {
    // The reader trusts sizes that stand in the file more than it should.
    let opened = catch_unwind(AssertUnwindSafe(|| SerializedFileReader::new(bytes::Bytes::from(bytes))));
    let file = opened.map_err(|_| "it is damaged".to_owned())?.map_err(|error| error.to_string())?;
    let (schema, n_rows) = {
        let known = file.metadata().file_metadata();
        (known.schema_descr().root_schema().clone(), known.num_rows())
    };
    let mut table = Table::default();
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for field in schema.get_fields() {
        columns.push(column(field, "", &mut names, &mut table.problems));
    }
    table.why = format!("a Parquet table of {n_rows} rows and {} columns, row 1 on line 2", names.len());
    line(&mut table.text, &names);
    let mut rows = file.get_row_iter(None).map_err(|error| error.to_string())?;
    let mut n_read = 0_u64;
    loop {
        let next = catch_unwind(AssertUnwindSafe(|| rows.next().transpose().map_err(|error| error.to_string())));
        let row = match next.unwrap_or_else(|_| Err("it is damaged".into())) {
            Ok(None) => break,
            Ok(Some(row)) => row,
            Err(reason) if n_read == 0 => return Err(reason),
            Err(reason) => {
                let reason = format!("the table cannot be read from row {} on: {reason}", n_read + 1);
                table.problems.push(Problem { line: n_read + 2, byte: 0, kind: ProblemKind::Syntax, reason });
                break;
            }
        };
        let mut cells = Vec::with_capacity(names.len());
        for ((_, field), column) in row.into_columns().iter().zip(&columns) {
            write(field, column, &mut cells);
        }
        line(&mut table.text, &cells);
        n_read += 1;
        if table.text.len() as u64 > max_bytes {
            let reason = format!("only the first {n_read} rows are read: more is unpacked than --max-decoded allows");
            table.problems.push(Problem { line: n_read + 1, byte: 0, kind: ProblemKind::Limit, reason });
            break;
        }
    }
    Ok(table)
}

/// How a column is written; its name, or those of the columns that it becomes, join `names`.
fn column(field: &Type, prefix: &str, names: &mut Vec<String>, problems: &mut Problems) -> Column {
    let known = field.get_basic_info();
    let name = if prefix.is_empty() { field.name().to_owned() } else { format!("{prefix}.{}", field.name()) };
    let is_repeated = known.has_repetition() && known.repetition() == parquet::basic::Repetition::REPEATED;
    let is_list = matches!(known.converted_type(), ConvertedType::LIST | ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE);
    if is_repeated || is_list {
        let reason = format!("column {name:?} holds lists; they are kept as texts");
        problems.push(Problem { line: 1, byte: 0, kind: ProblemKind::Syntax, reason });
        names.push(name);
        return Column::Plain;
    }
    if field.is_group() {
        return Column::Several(field.get_fields().iter().map(|inner| column(inner, &name, names, problems)).collect());
    }
    names.push(name);
    let unit_ns = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => 1_000_000,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1,
    };
    match (known.logical_type_ref(), known.converted_type(), field.get_physical_type()) {
        (Some(LogicalType::Timestamp(time)), ..) => Column::Time { unit_ns: unit_ns(&time.unit), is_utc: time.is_adjusted_to_u_t_c },
        (None, ConvertedType::TIMESTAMP_MICROS, _) => Column::Time { unit_ns: 1_000, is_utc: true },
        (None, ConvertedType::TIMESTAMP_MILLIS, _) | (_, _, Physical::INT96) => Column::Time { unit_ns: 1_000_000, is_utc: true },
        _ => Column::Plain,
    }
}

fn write(field: &Field, column: &Column, cells: &mut Vec<String>) {
    match column {
        Column::Several(columns) => {
            let inner = if let Field::Group(row) = field { Some(row.get_column_iter()) } else { None };
            match inner {
                Some(fields) => fields.zip(columns).for_each(|((_, field), column)| write(field, column, cells)),
                None => columns.iter().for_each(|column| write(&Field::Null, column, cells)),
            }
        }
        Column::Time { unit_ns, is_utc } => cells.push(match field {
            Field::Long(n) | Field::TimestampMillis(n) | Field::TimestampMicros(n) => time(*n, *unit_ns, *is_utc),
            other => plain(other),
        }),
        Column::Plain => cells.push(plain(field)),
    }
}

/// A moment as text; what lies beyond all calendars as the number it is.
fn time(n: i64, unit_ns: i64, is_utc: bool) -> String {
    let per_s = 1_000_000_000 / unit_ns;
    let rest = u32::try_from(n.rem_euclid(per_s) * unit_ns).unwrap_or_default();
    let Some(at) = chrono::DateTime::from_timestamp(n.div_euclid(per_s), rest) else { return n.to_string() };
    at.format(if is_utc { "%Y-%m-%dT%H:%M:%S%.fZ" } else { "%Y-%m-%dT%H:%M:%S%.f" }).to_string()
}

fn plain(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.data().iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
        },
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Date(days) => {
            let day = chrono::DateTime::from_timestamp(i64::from(*days) * 86_400, 0);
            day.map_or_else(|| days.to_string(), |day| day.format("%Y-%m-%d").to_string())
        }
        other => other.to_string(),
    }
}

/// One line of cells, quoted where that is needed.
fn line(text: &mut Vec<u8>, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        let is_quoted = cell.contains([',', ';', '\t', '"', '\n', '\r']) || cell.trim().len() != cell.len();
        if is_quoted {
            text.push(b'"');
            text.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            text.push(b'"');
        } else {
            text.extend_from_slice(cell.as_bytes());
        }
    }
    text.push(b'\n');
}
