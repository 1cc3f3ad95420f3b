//! Decides by content what a file is: a document, a log, something with nothing to place, or nothing known.
//!
//! Asks the recognisers of documents and the planner of logs and takes the surer one; names never decide.

use super::{Context, Plan, Verdict, Windows, document, log};
use crate::model::SourceKind;

/// A document must be nearly as sure as a log to win: its signs are stricter than a time at the start of lines.
const DOCUMENT_BONUS: f32 = 0.05;

/// What a file is, the next best answer, and why.
pub fn detect(windows: &Windows, context: &Context) -> Verdict {
    if windows.size_bytes > 0
        && let Some(verdict) = forced(windows, context)
    {
        return verdict;
    }
    if let Some(verdict) = nothing_to_read(windows) {
        return verdict;
    }
    let mut documents = document::recognise(windows);
    documents.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let plan = log::plan(windows, context);
    let best_document = documents.first();
    let is_log = match (&plan, best_document) {
        (Some(plan), Some(document)) => plan.score() > document.confidence + DOCUMENT_BONUS,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if let Some(plan) = plan.filter(|_| is_log) {
        let runner_up = best_document.map(|document| (document.format.to_owned(), document.confidence));
        return of_log(plan, runner_up.or_else(|| text_document(windows).map(|(format, _)| (format.to_owned(), 0.1))));
    }
    if let Some(document) = best_document {
        let log = log::plan(windows, context).map(|plan| (plan.format_name().to_owned(), plan.score()));
        let runner_up = documents.get(1).map(|next| (next.format.to_owned(), next.confidence));
        return Verdict {
            kind: document.kind,
            format: document.format.to_owned(),
            confidence: document.confidence,
            runner_up: better(log, runner_up),
            why: document.why.clone(),
            plan: if document.kind == SourceKind::Report && !document::is_context(document.format) {
                Plan::Nothing
            } else {
                Plan::Document
            },
        };
    }
    match text_document(windows) {
        Some((format, why)) => Verdict { why: suggested(format, why, windows, context), ..nothing(SourceKind::Report, format, 0.6, why) },
        None => nothing(SourceKind::Unknown, "text", 0.3, "text without a time in any known form"),
    }
}

/// Why a document is not read, and the format that would read it, if there is one.
fn suggested(format: &str, why: &str, windows: &Windows, context: &Context) -> String {
    let is_whole = windows.size_bytes <= windows.head.len() as u64;
    if format != "json" || !is_whole {
        return why.to_owned();
    }
    let name = windows.path.rsplit('/').next().unwrap_or(windows.path);
    match super::change::readable(windows.head, context) {
        (n, n_all) if n > 0 && n * 2 >= n_all => {
            format!("{why}; --as {name}=changes reads {n} record{} with a time", if n == 1 { "" } else { "s" })
        }
        _ => why.to_owned(),
    }
}

/// Names that a user may give for a format, beside those of a file of formats.
pub fn forced_names() -> Vec<&'static str> {
    let patterns = log::known_formats().iter().map(|format| format.name());
    ["json", "logfmt", "text", "access"].into_iter().chain(patterns).chain(document::FORMATS.iter().map(|(name, _)| *name)).collect()
}

/// The format that the user names; `None` when nothing can be read that way.
fn forced(windows: &Windows, context: &Context) -> Option<Verdict> {
    let Some(name) = context.forced.as_deref() else {
        // Who names the column of times says that it is a table with one.
        let format = document::table_with(context.time_column.as_deref()?, windows)?;
        let why = "a table with the column of times that the user names".to_owned();
        let (kind, format) = (SourceKind::Metrics, format.to_owned());
        return Some(Verdict { kind, format, confidence: 1.0, runner_up: None, why, plan: Plan::Document });
    };
    if let Some((format, kind)) = document::FORMATS.iter().find(|(known, _)| *known == name) {
        let why = "the user says so".to_owned();
        return Some(Verdict { kind: *kind, format: (*format).to_owned(), confidence: 1.0, runner_up: None, why, plan: Plan::Document });
    }
    log::plan(windows, context).map(|plan| of_log(plan, None))
}

fn better(a: Option<(String, f32)>, b: Option<(String, f32)>) -> Option<(String, f32)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.1 > b.1 { a } else { b }),
        (a, b) => a.or(b),
    }
}

fn of_log(plan: log::LogPlan, runner_up: Option<(String, f32)>) -> Verdict {
    Verdict {
        kind: SourceKind::Logs,
        format: plan.format_name().to_owned(),
        confidence: plan.score(),
        runner_up,
        why: plan.why().to_owned(),
        plan: Plan::Log(Box::new(plan)),
    }
}

fn nothing(kind: SourceKind, format: &str, confidence: f32, why: &str) -> Verdict {
    Verdict { kind, format: format.to_owned(), confidence, runner_up: None, why: why.to_owned(), plan: Plan::Nothing }
}

/// First bytes of files that hold no text for us, and how to name them.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"\x7fELF", "elf", "a program or library"),
    (b"\x89PNG", "png", "a picture"),
    (b"\xff\xd8\xff", "jpeg", "a picture"),
    (b"GIF8", "gif", "a picture"),
    (b"%PDF", "pdf", "a PDF document"),
    (b"SQLite format 3\0", "sqlite", "a SQLite database"),
    (b"PAR1", "parquet", PARQUET),
    (b"FLR\0", "jfr", "a Java flight recording: open it with JDK Mission Control"),
    (b"go 1.", "go-trace", "a Go execution trace: open it with `go tool trace`"),
    (b"\xff\xfe", "utf-16", "begins like UTF-16 text but does not go on like it"),
    (b"\xfe\xff", "utf-16", "begins like UTF-16 text but does not go on like it"),
];

/// What is said of a Parquet file whose rows are not read.
const PARQUET: &str = if cfg!(feature = "parquet") {
    "a Parquet table that cannot be read"
} else {
    "a Parquet table: install with `cargo install --path . --features parquet` to read it, or convert it to CSV or JSON lines"
};

/// Files that are told at a glance and hold nothing to read.
fn nothing_to_read(windows: &Windows) -> Option<Verdict> {
    if windows.size_bytes == 0 {
        return Some(nothing(SourceKind::Unknown, "empty", 1.0, "the file is empty"));
    }
    let is_blank = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0);
    if [windows.head, windows.middle, windows.tail].into_iter().all(is_blank) {
        return Some(nothing(SourceKind::Unknown, "blank", 1.0, "the file holds nothing but white space"));
    }
    let text = windows.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(windows.head).trim_ascii_start();
    let start = text[..text.len().min(64)].to_ascii_lowercase();
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        return Some(nothing(SourceKind::Unknown, "html", 0.95, "an HTML page, perhaps a login or error page saved in place of an answer"));
    }
    let magic = MAGIC.iter().find(|(magic, ..)| windows.head.starts_with(magic));
    // Few files get here, so that the others are looked at once.
    if (magic.is_none() && !is_binary(windows.head)) || !document::recognise(windows).is_empty() {
        return None;
    }
    Some(match magic {
        Some((_, format, why)) => nothing(SourceKind::Unknown, format, 0.95, why),
        None => nothing(SourceKind::Unknown, "binary", 0.9, "binary data in no known format"),
    })
}

/// More than a twentieth of bytes that no text holds. Runs of NUL are holes in a log, counted once.
fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(8192)];
    let is_odd = |byte: u8| byte < 32 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x1b | 0x08 | 0x0c);
    let is_hole = |at: usize| head[at] == 0 && at > 0 && head[at - 1] == 0;
    let n_odd = (0..head.len()).filter(|at| is_odd(head[*at]) && !is_hole(*at)).count();
    let n_invalid: usize = head.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    (n_odd + n_invalid) * 20 > head.len().max(1)
}

/// Text that is configuration, prose or code: nothing in it has a place on the timeline.
fn text_document(windows: &Windows) -> Option<(&'static str, &'static str)> {
    let head = String::from_utf8_lossy(&windows.head[..windows.head.len().min(16 << 10)]);
    let head = head.trim_start_matches('\u{feff}');
    let first = head.trim_start();
    if first.starts_with("<?xml") {
        return Some(("xml", "an XML document"));
    }
    if first.starts_with(['{', '[']) && !first.starts_with("[[") {
        let looks_json = first.starts_with('{') && first[1..].trim_start().starts_with(['"', '}'])
            || first.starts_with('[')
                && first[1..].trim_start().starts_with(['{', '"', '[', ']', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                && !is_bracketed_time(first);
        if looks_json {
            return Some(("json", "a JSON document of no known shape"));
        }
    }
    let lines: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(200).collect();
    let share = |test: &dyn Fn(&str) -> bool| lines.iter().filter(|line| test(line)).count() as f32 / lines.len().max(1) as f32;
    let code = share(&is_code);
    let section = lines.iter().any(|line| line.starts_with('[') && line.trim_end().ends_with(']'));
    let assignment = share(&|line| is_assignment(line, '='));
    let is_exposition = |line: &str| line.starts_with("# HELP ") || line.starts_with("# TYPE ") || line.trim_end() == "# EOF";
    let markdown = share(&|line| {
        line.starts_with("# ") && !is_exposition(line) || line.starts_with("## ") || line.starts_with("### ") || line.starts_with("```")
    });
    match () {
        () if first.starts_with("#!") || code > 0.25 => Some(("source", "source code")),
        () if markdown > 0.02
            && lines.iter().any(|line| line.starts_with('#'))
            && share(&|line| is_yaml(line) && !line.starts_with('#')) < 0.5 =>
        {
            Some(("markdown", "a Markdown document"))
        }
        () if section && assignment > 0.4 && lines.iter().any(|line| line.contains(" = \"")) => Some(("toml", "a TOML document")),
        () if section && assignment > 0.3 => Some(("ini", "an INI file")),
        () if share(&is_yaml) > 0.7 => Some(("yaml", "a YAML document")),
        () if assignment > 0.8 => Some(("properties", "a list of settings")),
        () => None,
    }
}

/// `[09:12] …`, as chats are copied.
fn is_bracketed_time(text: &str) -> bool {
    let inner = text[1..].split(']').next().unwrap_or_default();
    inner.contains(':') && inner.len() <= 40 && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" :.,+-/".contains(&byte))
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    ["package ", "import ", "func ", "def ", "class ", "use ", "fn ", "pub ", "const ", "return", "#include", "if (", "} else", "public "]
        .iter()
        .any(|start| line.starts_with(start))
        || line.ends_with(';')
        || line == "}"
        || line == "{"
}

fn is_assignment(line: &str, sign: char) -> bool {
    line.split_once(sign).is_some_and(|(key, _)| {
        let key = key.trim();
        !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    })
}

/// `key: value`, `key:`, `- item`, a comment or the mark of a document.
fn is_yaml(line: &str) -> bool {
    let text = line.trim_start();
    let text = text.strip_prefix("- ").unwrap_or(text);
    text.starts_with('#')
        || line.starts_with("---")
        || line.trim_start().starts_with("- ")
        || text.split_once(':').is_some_and(|(key, rest)| {
            let is_key = !key.is_empty() && !key.contains(' ') && key.chars().all(|c| c.is_alphanumeric() || "_-./\"'$".contains(c));
            is_key && (rest.is_empty() || rest.starts_with(' '))
        })
}

#[cfg(test)]
mod tests;
