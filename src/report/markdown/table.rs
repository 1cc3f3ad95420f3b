//! A Markdown table: every row has as many cells as the head, every cell is one line.

/// Cells are already escaped.
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self::with_head(head.iter().map(|&cell| cell.to_owned()).collect())
    }

    pub(super) const fn with_head(head: Vec<String>) -> Self {
        Self { head, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.head.len(), "a row has a cell for each column");
        self.rows.push(cells);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Without the columns that are empty in every row.
    pub(super) fn without_empty_columns(mut self) -> Self {
        for column in (0..self.head.len()).rev() {
            if self.rows.iter().all(|row| row[column].trim().is_empty()) {
                self.head.remove(column);
                for row in &mut self.rows {
                    row.remove(column);
                }
            }
        }
        self
    }

    pub(super) fn write(&self, out: &mut String) {
        let mut line = |cells: &[String]| {
            let filled: Vec<&str> = cells.iter().map(|cell| if cell.is_empty() { " " } else { cell.as_str() }).collect();
            out.extend(["| ", &filled.join(" | "), " |\n"]);
        };
        line(&self.head);
        line(&vec!["---".to_owned(); self.head.len()]);
        self.rows.iter().for_each(|row| line(row));
    }
}
