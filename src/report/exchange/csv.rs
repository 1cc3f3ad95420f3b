//! Rows of text for spreadsheets: quoted where needed, and nothing that a spreadsheet would run.

use super::one_line;

/// A table in the making.
pub(super) struct Csv {
    text: String,
}

impl Csv {
    pub(super) fn new(head: &[&str]) -> Self {
        let mut csv = Self { text: String::new() };
        csv.row(&head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>());
        csv
    }

    /// One row; every cell is one line, defused and quoted as needed. Lines end in CR LF (RFC 4180).
    pub(super) fn row(&mut self, cells: &[String]) {
        let cells: Vec<String> = cells.iter().map(|cell| quoted(&defused(cell))).collect();
        self.text.push_str(&cells.join(","));
        self.text.push_str("\r\n");
    }

    pub(super) fn print(self) -> String {
        self.text
    }
}

/// A cell that begins like a formula gets an apostrophe in front; numbers stay numbers.
pub(super) fn defused(cell: &str) -> String {
    let is_control = cell.starts_with(['\t', '\r', '\n']);
    let text = one_line(cell);
    let is_formula = text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) || is_control && !text.is_empty();
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    if is_formula && !is_number { format!("'{text}") } else { text }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', ';', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_spreadsheet_runs_comes_first_in_a_cell() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'=1"),
            ("\r\n=1", "'=1"),
            ("  =1", "'=1"),
            ("-1", "-1"),
            ("+2.5", "+2.5"),
            ("-1e3", "-1e3"),
            ("T+3m", "T+3m"),
            ("a\nb", "a b"),
        ] {
            assert_eq!(defused(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn cells_with_separators_are_quoted() {
        let mut csv = Csv::new(&["a", "b"]);
        csv.row(&["x,\"y\"".into(), "1;2".into()]);
        assert_eq!(csv.print(), "a,b\r\n\"x,\"\"y\"\"\",\"1;2\"\r\n");
    }
}
