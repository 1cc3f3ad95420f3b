//! The claims of an exported document: every table cell, every quoted line, every line of text that holds a number.
//!
//! Names are made from what stands around a claim, the same for the document at hand and for the one computed anew,
//! so that the two can be laid side by side. Reads Markdown as this program writes it; what people wrote between the
//! blocks is theirs.

use std::collections::BTreeMap;

use crate::report::blocks::{Block, Part, is_bare, quoted, split, split_bare};
use crate::report::words::Language;

/// What kind of statement it is: cells and quotes must be the same, of text only the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimKind {
    /// A cell of a table, or a value of the front matter.
    Cell,
    /// A line of a code fence.
    Quote,
    /// A line of text.
    Text,
}

/// One statement of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its name: that of the derived value, else block/place/words.
    pub id: String,
    /// Kind.
    pub kind: ClaimKind,
    /// As printed, marks removed.
    pub text: String,
    /// Block it stands in.
    pub block: String,
    /// Line in the document, from 1.
    pub line: usize,
}

/// Lines of the front matter that say who wrote it, not what happened.
const NOT_CLAIMS: [&str; 3] = ["generator", "document", "lint"];

/// Title of the appendix: the block that `verify` itself reads.
const APPENDIX: &str = "Appendix: where this comes from";

/// All claims of a document in its order.
pub fn claims(document: &str) -> Vec<Claim> {
    let mut reader = Reader::default();
    if is_bare(document) {
        for mut block in split_bare(document) {
            let is_appendix = |language: Language| block.name == language.say(APPENDIX);
            if Language::ALL.iter().any(|entry| is_appendix(entry.0)) {
                "appendix".clone_into(&mut block.name);
            }
            reader.block(&block);
        }
        return reader.claims;
    }
    for part in split(document) {
        if let Part::Block(block) = part {
            reader.block(&block);
        }
    }
    reader.claims
}

#[derive(Default)]
struct Reader {
    claims: Vec<Claim>,
    seen: BTreeMap<String, usize>,
    block: String,
    /// What the next lines are about: the last heading or exhibit.
    about: String,
}

impl Reader {
    fn add(&mut self, id: String, kind: ClaimKind, text: &str, line: usize) {
        let n = self.seen.entry(id.clone()).or_default();
        *n += 1;
        let id = if *n > 1 { format!("{id}#{n}") } else { id };
        self.claims.push(Claim { id, kind, text: text.trim().to_owned(), block: self.block.clone(), line });
    }

    fn block(&mut self, block: &Block) {
        self.block.clone_from(&block.name);
        self.about.clear();
        let lines: Vec<&str> = block.content.lines().collect();
        let quoted = quoted(&lines);
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            if quoted[at] {
                let n = quoted[at..].iter().zip(&lines[at + 1..]).take_while(|(is_quoted, _)| **is_quoted).count();
                at += self.fence(&lines[at..=(at + n).min(lines.len() - 1)], block.line + at).max(1);
            } else if line.starts_with('|') {
                let n = lines[at..].iter().take_while(|line| line.starts_with('|')).count();
                self.table(&lines[at..at + n], block.line + at);
                at += n;
            } else {
                self.text(line, block.line + at, at);
                at += 1;
            }
        }
    }

    /// The quoted lines of one fence; returns how many lines it takes with its marks.
    fn fence(&mut self, lines: &[&str], first: usize) -> usize {
        let sign: String = lines[0].trim_start().chars().take_while(|c| matches!(c, '`' | '~')).collect();
        let end = lines.iter().skip(1).position(|line| {
            let line = line.trim();
            line.len() >= sign.len() && line.chars().all(|c| sign.starts_with(c))
        });
        let end = end.map_or(lines.len(), |n| n + 1);
        for (n, line) in lines[1..end].iter().enumerate() {
            self.add(format!("{}/{}/line {}", self.block, self.about, n + 1), ClaimKind::Quote, line, first + n + 1);
        }
        end + 1
    }

    fn table(&mut self, lines: &[&str], first: usize) {
        let head: Vec<String> = cells(lines[0]).iter().map(|cell| plain(cell)).collect();
        for (n, line) in lines.iter().enumerate().skip(2) {
            let row = cells(line);
            let id = row.iter().find_map(|cell| id_of(cell));
            let key = id.clone().unwrap_or_else(|| row.first().map(|cell| plain(cell)).unwrap_or_default());
            for (column, cell) in row.iter().enumerate() {
                let name = match (id_of(cell), head.get(column)) {
                    (Some(id), _) => id,
                    (None, Some(head)) => format!("{}/{}/{key}/{head}", self.block, self.about),
                    (None, None) => format!("{}/{}/{key}/{column}", self.block, self.about),
                };
                self.add(name, ClaimKind::Cell, &plain(cell), first + n);
            }
        }
    }

    fn text(&mut self, line: &str, number: usize, index: usize) {
        let text = line.trim();
        if self.block == "front" {
            if let Some((key, value)) = text.split_once(": ").filter(|(key, _)| !NOT_CLAIMS.contains(key)) {
                self.add(format!("front/{key}"), ClaimKind::Cell, value, number);
            }
            return;
        }
        if let Some(title) = text.strip_prefix('#') {
            self.about = short(title.trim_start_matches('#').trim());
        } else if let Some(label) = text.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
            self.about = short(label.0);
        }
        let has_number = text.bytes().any(|byte| byte.is_ascii_digit());
        if !has_number || text.starts_with("![") || text.starts_with("Written by ") {
            return;
        }
        let words = text.trim_start_matches(['-', ' ', '#']);
        let key = words.find(": ").or_else(|| words.find(".** ")).map_or_else(|| format!("text {index}"), |end| short(&words[..end]));
        self.add(format!("{}/{}/{key}", self.block, self.about), ClaimKind::Text, text, number);
    }
}

/// At most forty signs, marks removed: enough to find the place.
fn short(text: &str) -> String {
    plain(text).chars().take(40).collect::<String>().trim().to_owned()
}

/// The cells of a row; `\|` is no border.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let mut cells = vec![String::new()];
    let mut is_escaped = false;
    for c in inner.chars() {
        if c == '|' && !is_escaped {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    cells.pop();
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The name of a derived value in a cell: `<!-- impact.failed -->`.
fn id_of(cell: &str) -> Option<String> {
    let start = cell.find("<!-- ")?;
    let (id, _) = cell[start + 5..].split_once(" -->")?;
    Some(id.trim().to_owned())
}

/// Without comments, bold and code marks.
fn plain(text: &str) -> String {
    let mut out = text.to_owned();
    while let Some(start) = out.find("<!--") {
        let end = out[start..].find("-->").map_or(out.len(), |end| start + end + 3);
        out.replace_range(start..end, "");
    }
    out.replace("**", "").replace("\\|", "|").trim().trim_matches('`').trim().to_owned()
}

/// The numbers of a text in order: digits with what joins them (`02:33:28`, `1 234`, `0.5`).
pub fn numbers(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut now = String::new();
    for c in text.chars().chain([' ']) {
        let joins = matches!(c, '.' | ',' | ':') && !now.is_empty();
        if c.is_ascii_digit() || joins {
            now.push(c);
        } else if !now.is_empty() {
            out.push(now.trim_end_matches(['.', ',', ':']).to_owned());
            now.clear();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::blocks::wrap;

    fn ids(content: &str) -> Vec<String> {
        claims(&wrap("impact", content)).into_iter().map(|claim| format!("{} = {}", claim.id, claim.text)).collect()
    }

    #[test]
    fn cells_are_named_by_their_id_else_by_row_and_column() {
        let got = ids("## Impact\n\n| Measure | Value |\n| --- | --- |\n| Failed | **12** <!-- impact.failed --> |\n| a \\| b | 3 |\n");
        assert_eq!(
            got,
            [
                "impact/Impact/impact.failed/Measure = Failed",
                "impact.failed = 12",
                "impact/Impact/a | b/Measure = a | b",
                "impact/Impact/a | b/Value = 3"
            ]
        );
    }

    #[test]
    fn quoted_lines_belong_to_their_exhibit() {
        let got = ids("**E1** (log lines): pool\n\n- Lines: `a.log:7`\n\n```text\nfirst\n\n| no table |\n```\n\nIn all 3.\n");
        assert_eq!(
            got,
            [
                "impact/E1/E1 (log lines) = **E1** (log lines): pool",
                "impact/E1/Lines = - Lines: `a.log:7`",
                "impact/E1/line 1 = first",
                "impact/E1/line 2 = ",
                "impact/E1/line 3 = | no table |",
                "impact/E1/text 10 = In all 3."
            ]
        );
    }

    #[test]
    fn numbers_are_read_with_what_joins_them() {
        assert_eq!(numbers("from 02:33:28.5Z, 19 456 (≈ 0.5 %)."), ["02:33:28.5", "19", "456", "0.5"]);
    }
}
