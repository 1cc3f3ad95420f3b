//! Generated blocks of an exported document, so that writing it again never destroys what people wrote by hand.
//!
//! Every generated part stands between `<!-- gen:NAME sha=HASH -->` and `<!-- /gen -->`; the front matter carries its mark
//! as a comment of its own. The hash is that of the block's text: a block whose text no longer fits has been edited.
//! Text outside blocks belongs to people.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

const OPEN: &str = "<!-- gen:";
const CLOSE: &str = "<!-- /gen -->";
const FRONT: &str = "# gen:front sha=";
/// Digits of a hash: enough to notice an edit, short enough to read past.
const HASH_DIGITS: usize = 16;

/// A stretch of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Between two blocks.
    Free(String),
    /// Generated.
    Block(Block),
}

/// A generated block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its name, `front` for the front matter.
    pub name: String,
    /// The hash that its mark states.
    pub sha: String,
    /// Its text.
    pub content: String,
    /// First line of its text in the document, from 1.
    pub line: usize,
}

impl Block {
    /// Whether its text is no longer what was generated.
    pub fn is_edited(&self) -> bool {
        hash(&self.content) != self.sha
    }
}

/// Short hash of a block's text; blanks at line ends and blank lines around it do not count.
pub fn hash(content: &str) -> String {
    let lines: Vec<&str> = content.trim().lines().map(str::trim_end).collect();
    let digest = Sha256::digest(lines.join("\n").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(HASH_DIGITS).collect()
}

/// A block with its marks.
pub fn wrap(name: &str, content: &str) -> String {
    wrap_as(name, &hash(content), content)
}

fn wrap_as(name: &str, sha: &str, content: &str) -> String {
    if name == "front" {
        return format!("---\n{FRONT}{sha}\n{}\n---\n", content.trim());
    }
    format!("{OPEN}{name} sha={sha} -->\n\n{}\n\n{CLOSE}\n", content.trim())
}

/// Takes a document apart. A mark that is never closed is free text: nothing of it may be replaced.
pub fn split(document: &str) -> Vec<Part> {
    let lines: Vec<&str> = document.lines().collect();
    let quoted = quoted(&lines);
    let mark = |at: usize| if quoted[at] { None } else { mark(lines[at]) };
    let is_close = |at: usize| !quoted[at] && lines[at].trim() == CLOSE;
    let mut parts = Vec::new();
    let mut free: Vec<&str> = Vec::new();
    let mut at = 0;
    if let Some((block, next)) = front(&lines) {
        parts.push(Part::Block(block));
        at = next;
    }
    while at < lines.len() {
        let Some((name, sha)) = mark(at) else {
            free.push(lines[at]);
            at += 1;
            continue;
        };
        let end = (at + 1..lines.len()).find(|line| is_close(*line) || mark(*line).is_some());
        let Some(end) = end.filter(|end| is_close(*end)) else {
            free.push(lines[at]);
            at += 1;
            continue;
        };
        flush(&mut free, &mut parts);
        let content = lines[at + 1..end].join("\n");
        let n_blank = lines[at + 1..end].iter().take_while(|line| line.trim().is_empty()).count();
        parts.push(Part::Block(Block { name, sha, content: content.trim().to_owned(), line: at + 2 + n_blank }));
        at = end + 1;
    }
    flush(&mut free, &mut parts);
    parts
}

/// Which lines are inside a code fence: a mark in a quoted line is no mark.
pub(super) fn quoted(lines: &[&str]) -> Vec<bool> {
    let mut open: Option<(char, usize)> = None;
    let is_quoted = |line: &&str| {
        let text = line.trim();
        let first = text.chars().next().filter(|c| matches!(c, '`' | '~'));
        let n = first.map_or(0, |first| text.chars().take_while(|c| *c == first).count());
        match open {
            Some((sign, length)) => {
                if first == Some(sign) && n >= length && text.chars().all(|c| c == sign) {
                    open = None;
                }
                true
            }
            None if n >= 3 && !(first == Some('`') && text[n..].contains('`')) => {
                open = first.map(|first| (first, n));
                true
            }
            None => false,
        }
    };
    lines.iter().map(is_quoted).collect()
}

fn flush(free: &mut Vec<&str>, parts: &mut Vec<Part>) {
    let text = free.join("\n").trim().to_owned();
    free.clear();
    if !text.is_empty() {
        parts.push(Part::Free(text));
    }
}

fn front(lines: &[&str]) -> Option<(Block, usize)> {
    let sha = lines.get(1)?.strip_prefix(FRONT)?.trim();
    let end = lines.iter().skip(1).position(|line| line.trim_end() == "---")? + 1;
    (lines[0].trim_end() == "---").then(|| {
        let block = Block { name: "front".into(), sha: sha.to_owned(), content: lines[2..end].join("\n"), line: 3 };
        (block, end + 1)
    })
}

/// Name and hash of `<!-- gen:NAME sha=HASH -->`.
fn mark(line: &str) -> Option<(String, String)> {
    let (name, sha) = line.trim().strip_prefix(OPEN)?.strip_suffix("-->")?.trim().split_once(" sha=")?;
    Some((name.to_owned(), sha.trim().to_owned()))
}

/// Whether a document says of itself that it was written without HTML, and so without marks.
pub fn is_bare(document: &str) -> bool {
    let lines: Vec<&str> = document.lines().collect();
    front(&lines).is_some_and(|(block, _)| block.content.lines().any(|line| line == "html: \"off\""))
}

/// Whether a document without marks is as it was written: its one seal is that of its text.
pub fn is_sealed(document: &str) -> bool {
    let lines: Vec<&str> = document.lines().collect();
    let Some((block, next)) = front(&lines).filter(|_| is_bare(document)) else { return false };
    let seal = block.content.lines().find_map(|line| line.strip_prefix("document: ")).unwrap_or_default();
    !block.is_edited() && seal.trim_matches('"') == hash(&lines[next..].join("\n"))
}

/// A document without marks, taken apart at its headings; blocks have the names of their titles.
pub fn split_bare(document: &str) -> Vec<Block> {
    let lines: Vec<&str> = document.lines().collect();
    let quoted = quoted(&lines);
    let (first, mut at) = front(&lines).map_or((None, 0), |(block, next)| (Some(block), next));
    let mut blocks: Vec<Block> = first.into_iter().collect();
    while at < lines.len() {
        let is_title = |at: usize| !quoted[at] && lines[at].starts_with("## ");
        let end = (at + 1..lines.len()).find(|line| is_title(*line)).unwrap_or(lines.len());
        let name = lines[at].strip_prefix("## ").filter(|_| is_title(at)).unwrap_or("head");
        let content = lines[at..end].join("\n");
        blocks.push(Block { name: name.trim().to_owned(), sha: hash(&content), content, line: at + 1 });
        at = end;
    }
    blocks
}

/// The blocks of a document by name.
pub fn blocks(document: &str) -> BTreeMap<String, Block> {
    let blocks = split(document).into_iter().filter_map(|part| match part {
        Part::Block(block) => Some((block.name.clone(), block)),
        Part::Free(_) => None,
    });
    blocks.collect()
}

/// Why a document is not written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No block in it: it comes from elsewhere, or lost its marks.
    Foreign,
    /// These blocks were edited by hand, and what is generated for them has changed as well.
    Edited(Vec<String>),
}

/// Lines of a document without comments, marks and blank lines.
fn without_marks(document: &str) -> Vec<String> {
    let bare = |line: &str| {
        let (mut out, mut rest) = (String::new(), line);
        while let Some((before, comment)) = rest.split_once("<!--") {
            out.push_str(before);
            rest = comment.split_once("-->").map_or("", |parts| parts.1);
        }
        out.push_str(rest);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    document.lines().filter(|line| !line.starts_with(FRONT)).map(bare).filter(|line| !line.is_empty()).collect()
}

/// The new document with everything that people wrote into the old one.
///
/// Free text stays behind the block it followed. A block edited by hand stays as it is while what is generated for it
/// is unchanged; when both changed there is no right answer, and nothing is written.
pub fn merge(old: &str, new: &str) -> Result<String, Refusal> {
    let old_parts = split(old);
    let is_marked = old_parts.iter().any(|part| matches!(part, Part::Block(block) if block.name != "front"));
    if !is_marked || is_bare(new) {
        // Written without marks, or to be: whatever it says besides is nobody's edit, if its seal is whole or nothing is new.
        let is_same = old.trim().is_empty() || without_marks(old) == without_marks(new);
        let is_ours = |part: &Part| matches!(part, Part::Block(block) if !block.is_edited());
        let is_untouched = is_sealed(old) || (is_marked && old_parts.iter().all(is_ours));
        return if is_same || is_untouched { Ok(new.to_owned()) } else { Err(Refusal::Foreign) };
    }
    let fresh = blocks(new);
    let mut edited: BTreeMap<String, Block> = BTreeMap::new();
    let mut after: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut last, mut conflicts) = (String::new(), Vec::new());
    for part in old_parts {
        match part {
            Part::Free(text) => after.entry(last.clone()).or_default().push(text),
            Part::Block(block) => {
                let now = fresh.get(&block.name);
                if now.is_some() {
                    last.clone_from(&block.name);
                }
                if !block.is_edited() || now.is_some_and(|now| hash(&now.content) == hash(&block.content)) {
                    continue;
                }
                if now.is_some_and(|now| now.sha == block.sha) {
                    edited.insert(block.name.clone(), block);
                } else {
                    conflicts.push(block.name);
                }
            }
        }
    }
    if !conflicts.is_empty() {
        return Err(Refusal::Edited(conflicts));
    }
    if edited.is_empty() && after.is_empty() {
        return Ok(new.to_owned());
    }
    let mut pieces: Vec<String> = after.remove("").unwrap_or_default();
    for part in split(new) {
        let Part::Block(block) = part else { continue };
        let content = edited.get(&block.name).map_or(&block.content, |edited| &edited.content);
        pieces.push(wrap_as(&block.name, &block.sha, content).trim_end().to_owned());
        pieces.extend(after.remove(&block.name).unwrap_or_default());
    }
    let mut out = pieces.join("\n\n");
    out.push('\n');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(impact: &str, timeline: &str) -> String {
        format!("{}\n{}\n{}", wrap("front", "title: \"x\""), wrap("impact", impact), wrap("timeline", timeline))
    }

    #[test]
    fn what_people_wrote_between_blocks_survives() {
        let old = document("1 failed", "at one").replace("<!-- gen:timeline", "A thought of mine.\n\n<!-- gen:timeline") + "\nThe end.\n";
        let merged = merge(&old, &document("2 failed", "at two")).unwrap();
        assert!(merged.contains("A thought of mine.") && merged.contains("The end.") && merged.contains("2 failed"), "{merged}");
        assert!(merged.find("2 failed") < merged.find("A thought") && merged.find("A thought") < merged.find("at two"));
        assert!(!merged.contains("1 failed"));
        assert_eq!(merge(&merged, &document("2 failed", "at two")).unwrap(), merged, "writing again changes nothing");
    }

    #[test]
    fn an_edited_block_stays_until_what_is_generated_changes_too() {
        let old = document("1 failed", "at one").replace("1 failed", "1 failed, says Ann's team");
        let same = merge(&old, &document("1 failed", "at two")).unwrap();
        assert!(same.contains("says Ann's team") && same.contains("at two"));
        assert!(blocks(&same)["impact"].is_edited(), "it is still known to be edited");
        assert_eq!(merge(&same, &document("2 failed", "at two")), Err(Refusal::Edited(vec!["impact".into()])));
    }

    #[test]
    fn a_document_from_elsewhere_is_never_overwritten() {
        assert_eq!(merge("# My own words\n", &document("1", "2")), Err(Refusal::Foreign));
        assert_eq!(merge("", &document("1", "2")), Ok(document("1", "2")));
    }

    #[test]
    fn a_document_without_marks_that_nobody_edited_is_written_again() {
        let new = document("1 failed <!-- impact.failed -->", "at one");
        let old: String =
            new.lines().filter(|line| !line.starts_with("<!--") && !line.starts_with(FRONT)).map(|line| format!("{line}\n")).collect();
        assert_eq!(merge(&old, &new), Ok(new.clone()));
        assert_eq!(merge(&old.replace("1 failed", "2 failed"), &new), Err(Refusal::Foreign));
    }

    #[test]
    fn a_document_without_marks_is_known_by_its_seal() {
        let bare = |body: &str| format!("{}\n{body}", wrap("front", &format!("title: \"x\"\nhtml: \"off\"\ndocument: \"{}\"", hash(body))));
        let (old, new) = (bare("# x\n\n## Impact\n\n1 failed\n"), bare("# x\n\n## Impact\n\n2 failed\n"));
        assert!(is_sealed(&old) && !is_sealed(&old.replace("1 failed", "3 failed")));
        assert_eq!(merge(&old, &new), Ok(new.clone()));
        assert_eq!(merge(&old.replace("1 failed", "3 failed"), &new), Err(Refusal::Foreign));
        let marked = document("1 failed", "at one");
        assert_eq!(merge(&marked, &new), Ok(new.clone()), "nobody edited it");
        assert_eq!(merge(&format!("{marked}\nmy words\n"), &new), Err(Refusal::Foreign), "it has no place for them");
        let names: Vec<String> = split_bare(&old).into_iter().map(|block| format!("{} {}", block.line, block.name)).collect();
        assert_eq!(names, ["3 front", "7 head", "10 Impact"]);
    }

    #[test]
    fn a_quoted_mark_is_no_mark() {
        let quoting = "```text\n<!-- /gen -->\n<!-- gen:impact sha=1 -->\n```\n\nafter it";
        let document = document(quoting, "at one");
        assert_eq!(blocks(&document)["impact"].content, quoting);
        assert!(!blocks(&document)["impact"].is_edited());
    }

    #[test]
    fn an_edit_that_says_the_same_as_the_new_block_is_no_conflict() {
        let old = document("1 failed", "at one").replace("1 failed", "2 failed");
        assert_eq!(merge(&old, &document("2 failed", "at one")).unwrap(), document("2 failed", "at one"));
    }

    proptest! {
        #[test]
        fn no_line_of_people_is_lost(lines in prop::collection::vec("[a-z#|<>!-]{0,12}", 0..12), place in 0usize..3) {
            let text = lines.join("\n");
            let old = match place {
                0 => document("1", "2").replacen("<!-- gen:impact", &format!("{text}\n<!-- gen:impact"), 1),
                1 => document("1", "2").replacen("<!-- gen:timeline", &format!("{text}\n<!-- gen:timeline"), 1),
                _ => document("1", "2") + &text,
            };
            let merged = merge(&old, &document("3", "4")).unwrap();
            for line in lines.iter().filter(|line| !line.trim().is_empty()) {
                prop_assert!(merged.contains(line.trim()), "{line:?} of\n{old}\nis not in\n{merged}");
            }
        }
    }
}
