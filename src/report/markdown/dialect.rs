//! Markdown for readers that know less of it.

/// Without HTML: line breaks of cells become ` / `, folded parts open, comments vanish. Code stays as it is.
pub(super) fn without_html(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut fence: Option<usize> = None;
    for line in markdown.split_inclusive('\n') {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match fence {
            Some(open) => {
                out.push_str(line);
                if ticks >= open && line.trim_matches('`').trim().is_empty() {
                    fence = None;
                }
            }
            None if ticks >= 3 => {
                fence = Some(ticks);
                out.push_str(line);
            }
            None if matches!(line.trim(), "<details>" | "</details>") => {}
            None => match line.trim().strip_prefix("<summary>").and_then(|rest| rest.strip_suffix("</summary>")) {
                Some(words) => out.extend([words, ":\n"]),
                None => out.push_str(&outside_code(line)),
            },
        }
    }
    while out.contains("\n\n\n") {
        out = out.replace("\n\n\n", "\n\n");
    }
    out
}

/// One line without breaks and comments; what stands between backticks is left alone.
fn outside_code(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        if rest.starts_with('\\') {
            let end = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if rest.starts_with('`') {
            let n = rest.bytes().take_while(|byte| *byte == b'`').count();
            let end = crate::model::text::closing_ticks(&rest[n..], n).map_or(n, |at| n + at + n);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if let Some(after) = rest.strip_prefix("<br>") {
            out.push_str(" / ");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("<!--").and_then(|after| after.split_once("-->")).map(|parts| parts.1) {
            let kept = out.trim_end_matches(' ').len();
            out.truncate(kept);
            rest = after;
        } else {
            let end = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_goes_and_code_stays() {
        let text = "| a<br>b `x<br>y` | **1** <!-- id --> |\n\n<details>\n<summary>All</summary>\n\n```text\n<br>\n```\n\n</details>\n";
        assert_eq!(without_html(text), "| a / b `x<br>y` | **1** |\n\nAll:\n\n```text\n<br>\n```\n\n");
    }
}
