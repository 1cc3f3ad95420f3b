//! A page as the Markdown of which it was made, as far as claims go: so that one comparison serves both forms.
//!
//! Reads pages as `report::html` writes them: sections, headings, tables, lists, quotes. Charts stand in the page;
//! each becomes a row with its hash.

use sha2::{Digest as _, Sha256};

use crate::report::blocks::wrap;

/// What stands where, while the tags go by.
#[derive(Default)]
struct Reader {
    blocks: Vec<(String, String)>,
    text: String,
    row: Vec<String>,
    n_rows: usize,
    formula: Option<String>,
    in_quote: Option<String>,
}

/// The page as generated blocks; what is outside of its head and sections is left out.
pub fn as_markdown(page: &str) -> String {
    let body = page.split_once("<body>").map_or("", |parts| parts.1);
    let mut reader = Reader { blocks: vec![("head".to_owned(), String::new())], ..Reader::default() };
    let mut rest = body;
    while let Some(open) = rest.find('<') {
        reader.words(&rest[..open]);
        rest = &rest[open..];
        if rest.starts_with("<svg") {
            let end = rest.find("</svg>").map_or(rest.len(), |at| at + "</svg>".len());
            reader.chart(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        let end = rest.find('>').map_or(rest.len(), |at| at + 1);
        reader.tag(rest[..end].trim_start_matches('<').trim_end_matches('>'));
        rest = &rest[end..];
    }
    reader.line("");
    reader.blocks.iter().map(|(name, text)| wrap(name, text)).collect::<Vec<_>>().join("\n")
}

impl Reader {
    fn words(&mut self, text: &str) {
        let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        match &mut self.in_quote {
            Some(quote) => quote.push_str(&plain),
            None => self.text.push_str(&plain),
        }
    }

    /// Ends what was collected as one line of the block.
    fn line(&mut self, before: &str) {
        let words = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.text.clear();
        if let Some((_, block)) = self.blocks.last_mut().filter(|_| !words.is_empty()) {
            block.extend([before, &words, "\n\n"]);
        }
    }

    fn raw(&mut self, line: &str) {
        if let Some((_, block)) = self.blocks.last_mut() {
            block.push_str(line);
        }
    }

    fn chart(&mut self, svg: &str) {
        self.line("");
        let title = svg.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
        let hash: String = Sha256::digest(svg.trim().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let title = title.replace('|', "\\|");
        self.raw(&format!("| Picture | Hash |\n| --- | --- |\n| {title} | {hash} |\n\n"));
    }

    fn tag(&mut self, tag: &str) {
        let name = tag.split_whitespace().next().unwrap_or_default();
        if self.in_quote.is_some() && name != "/pre" {
            return;
        }
        match name {
            "section" => {
                self.line("");
                let id = attribute(tag, "id").unwrap_or_default().to_owned();
                self.blocks.push((id, String::new()));
            }
            // The title of the section says what its block says: no claim.
            "/nav" | "/h2" | "/footer" | "td" | "th" => self.text.clear(),
            "/h1" => self.line("# "),
            "/h3" | "/h4" | "/h5" | "/h6" => self.line("### "),
            "nav" | "h2" | "footer" | "li" | "p" | "/p" | "div" | "/dl" | "/div" | "/header" | "ul" | "ol" | "/summary" | "/blockquote" => {
                self.line("");
            }
            "/dt" => self.text.push_str(": "),
            "small" | "br" => self.text.push(' '),
            "/li" => self.line("- "),
            "strong" | "/strong" => self.text.push_str("**"),
            "table" => {
                self.line("");
                self.n_rows = 0;
            }
            "/table" => self.raw("\n"),
            "tr" => self.row.clear(),
            "a" if tag.contains("class=\"formula\"") => {
                self.formula = attribute(tag, "href").and_then(|href| href.strip_prefix("#formula.")).map(str::to_owned);
            }
            "/td" | "/th" => self.cell(),
            "/tr" => self.end_row(),
            "pre" => {
                self.line("");
                self.in_quote = Some(String::new());
            }
            "/pre" => {
                let quote = self.in_quote.take().unwrap_or_default();
                let ticks = "`".repeat(quote.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
                self.raw(&format!("{ticks}text\n{}\n{ticks}\n\n", quote.trim_end()));
            }
            _ => {}
        }
    }

    fn cell(&mut self) {
        let mut words = self.text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "\\\\").replace('|', "\\|");
        self.text.clear();
        if let Some(id) = self.formula.take() {
            words = format!("{} <!-- {id} -->", words.trim_end_matches('ƒ').trim_end());
        }
        self.row.push(words);
    }

    fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        self.raw(&format!("| {} |\n", row.join(" | ")));
        if self.n_rows == 0 {
            self.raw(&format!("|{}\n", " --- |".repeat(row.len())));
        }
        self.n_rows += 1;
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!("{name}=\"")).and_then(|parts| parts.1.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::verify::claims::claims;

    #[test]
    fn a_page_has_the_claims_of_its_markdown() {
        let page = "<html><body><header><h1>T</h1></header><nav><ol><li><a>Impact</a></li></ol></nav><main><section id=\"impact\">\n<h2>Impact<a>#</a></h2>\n\
            <div class=\"table\"><table>\n<thead><tr><th>Measure</th><th>Value</th></tr></thead>\n<tbody>\n<tr><td>Failed</td><td><strong>12</strong> \
            <a class=\"formula\" href=\"#formula.impact.failed\" title=\"f\">ƒ</a></td></tr>\n</tbody></table></div>\n<p class=\"exhibit\" id=\"E1\"><strong>E1</strong> (log \
            lines): a &lt; 3</p>\n<pre><code>first &amp; <span class=\"add\">second</span>\n</code></pre>\n</section></main></body></html>";
        let got: Vec<String> = claims(&as_markdown(page)).into_iter().map(|claim| format!("{} = {}", claim.id, claim.text)).collect();
        assert_eq!(
            got,
            [
                "impact//impact.failed/Measure = Failed",
                "impact.failed = 12",
                "impact/E1/E1 (log lines) = **E1** (log lines): a < 3",
                "impact/E1/line 1 = first & second"
            ]
        );
    }
}
