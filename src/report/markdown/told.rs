//! Tables of what people recorded, one section each. Columns that nobody filled are left out.

use super::heading;
use super::table::Table;
use crate::report::escape::cell;
use crate::report::postmortem::Told;

pub(super) fn section(out: &mut String, told: &Told) {
    heading(out, 2, told.title);
    let mut table = Table::new(&told.head);
    for row in &told.rows {
        table.row(row.iter().map(|word| cell(word)).collect());
    }
    table.without_empty_columns().write(out);
}
