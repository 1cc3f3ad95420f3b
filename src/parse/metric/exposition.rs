//! Text exposition 0.0.4, `OpenMetrics` 1.0 and the output of `promtool tsdb dump`: one sample a line.
//!
//! The three differ in the unit of their times (ms, s, ms) and in where the name stands; magnitude tells the unit.
//! A snapshot without times takes that of its file. Native histograms of a dump become count, sum and buckets; exemplars
//! are kept with their series.

mod reader;

use crate::model::Labels;

pub use reader::Stream;
pub(crate) use reader::parse;

/// What a line of an exposition is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Line<'a> {
    /// Nothing, or a comment for people.
    Blank,
    /// `# TYPE`, `# HELP`, `# UNIT`: keyword, metric, rest.
    Meta(&'a str, &'a str, &'a str),
    /// `# EOF`.
    End,
    /// A sample.
    Sample(SampleLine<'a>),
}

/// A sample as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleLine<'a> {
    /// Name and labels, as they stand.
    pub identity: &'a str,
    /// Value.
    pub value: &'a str,
    /// Time, if there is one.
    pub time: Option<&'a str>,
    /// The exemplar behind it, as it stands.
    pub exemplar: Option<&'a str>,
}

/// Takes a line apart; `Err` says why it is not one of an exposition. O(line).
pub(crate) fn line(text: &str) -> Result<Line<'_>, String> {
    let text = text.trim_end_matches(['\r', '\n']);
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        return Ok(Line::Blank);
    }
    if let Some(comment) = trimmed.strip_prefix('#') {
        let mut words = comment.trim_start().splitn(3, [' ', '\t']);
        let (keyword, metric) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        return Ok(match keyword {
            "EOF" if metric.is_empty() => Line::End,
            "TYPE" | "HELP" | "UNIT" if !metric.is_empty() => Line::Meta(keyword, metric, words.next().unwrap_or("").trim()),
            _ => Line::Blank,
        });
    }
    let identity_len = identity_len(trimmed).ok_or("is not a metric name with labels")?;
    let (identity, rest) = trimmed.split_at(identity_len);
    let (rest, exemplar) = rest.split_once(" # ").map_or((rest, None), |(front, exemplar)| (front, Some(exemplar)));
    let rest = rest.trim();
    if rest.starts_with('{') {
        // A native histogram of a dump holds blanks: the value is up to the closing brace.
        let end = rest.rfind('}').map_or(rest.len(), |at| at + 1);
        let (value, time) = rest.split_at(end);
        let time = Some(time.trim()).filter(|time| !time.is_empty());
        return Ok(Line::Sample(SampleLine { identity: identity.trim_end(), value, time, exemplar }));
    }
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().ok_or("has no value")?;
    let time = words.next();
    if words.next().is_some() {
        return Err("has more than a value and a time".into());
    }
    Ok(Line::Sample(SampleLine { identity: identity.trim_end(), value, time, exemplar }))
}

/// Length of `name`, `name{…}` or `{…}` at the start.
fn identity_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.') || b >= 0x80;
    let mut at = bytes.iter().position(|b| !is_name(*b)).unwrap_or(bytes.len());
    if at > 0 && bytes[0].is_ascii_digit() {
        return None;
    }
    let after_blank = at + bytes[at..].iter().take_while(|b| **b == b' ').count();
    if bytes.get(after_blank) != Some(&b'{') {
        return (at > 0 && bytes.get(at).is_some_and(|b| matches!(b, b' ' | b'\t'))).then_some(at);
    }
    at = after_blank + 1;
    let (mut is_quoted, mut is_escaped) = (false, false);
    while let Some(b) = bytes.get(at) {
        at += 1;
        match b {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'}' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Name and labels of an identity; `Err` names the fault. `__name__` among the labels is the name.
pub(crate) fn identity(text: &str) -> Result<(String, Labels), String> {
    let (name, rest) = text.split_at(text.find('{').unwrap_or(text.len()));
    let mut name = name.trim().to_owned();
    let mut pairs = Vec::new();
    let mut rest = rest.strip_prefix('{').unwrap_or("").strip_suffix('}').unwrap_or("").trim();
    while !rest.is_empty() {
        let (label, after) = if rest.starts_with('"') {
            let (quoted, after) = quoted(rest).ok_or("has an open quote among its labels")?;
            (quoted, after.trim_start())
        } else {
            let end = rest.find(['=', ',']).ok_or("has a label without a value")?;
            (rest[..end].trim().to_owned(), &rest[end..])
        };
        let Some(after) = after.strip_prefix('=') else {
            // A quoted name of its own, `{"my.metric", a="b"}`, is the metric's.
            name = label;
            rest = after.trim_start_matches([',', ' ']);
            continue;
        };
        let (value, after) = quoted(after.trim_start()).ok_or("has a label value without quotes")?;
        if label == "__name__" {
            name = value;
        } else {
            pairs.push((label, value));
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return Err("has text after a label value".into()),
        };
    }
    if name.is_empty() { Err("has no metric name".into()) } else { Ok((name, Labels::new(pairs))) }
}

/// A quoted text with `\\`, `\"` and `\n` undone, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &body[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                escaped @ ('\\' | '"') => out.push(escaped),
                other => {
                    out.push('\\');
                    out.push(other);
                }
            },
            c => out.push(c),
        }
    }
    None
}

/// Writes an identity as an exposition does; the inverse of `identity`.
#[cfg(test)]
fn written(name: &str, labels: &Labels) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("{name}{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests;
