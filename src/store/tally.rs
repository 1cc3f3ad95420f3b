//! How many records of a run have each level, or each pair of level and service: a byte or two a record, no branch.
//!
//! Counts go into four tables in turn, so that one addition need not wait for the one before it, which is most often to
//! the same place.

use std::ops::Range;

use super::column::Column;
use super::columns::Columns;
use crate::model::Level;

/// Places for levels in a table: a power of two above their number.
const N_LEVELS: usize = 8;
const _: () = assert!(Level::ALL.len() <= N_LEVELS);
/// More services of a segment are counted record by record.
const MAX_SERVICES: usize = 16;
/// Tables that are used in turn.
const N_TABLES: usize = 4;
/// Shorter runs cost more to sum up than to count.
const MIN_RUN: usize = 32;

/// Tables for the runs of one segment.
pub(super) struct Tally {
    /// Services that are told apart; `None` when they are not.
    n_services: Option<usize>,
    tables: [[u32; N_LEVELS * MAX_SERVICES]; N_TABLES],
    can_count: bool,
}

impl Tally {
    /// For these columns; `n_services` is the number of services, if they count.
    pub fn new(columns: &Columns, n_services: Option<usize>) -> Self {
        // One service is that of the first record.
        let n_services = n_services.filter(|n| *n > 1 && columns.services.constant().is_none());
        let fits = |column: &Column, n: usize| column.slope == 0 && column.step == 1 && column.width <= 1 && column.base >= 0 && n > 0;
        let can_count = fits(&columns.levels, N_LEVELS) && n_services.is_none_or(|n| n <= MAX_SERVICES && fits(&columns.services, n));
        Self { n_services, tables: [[0; N_LEVELS * MAX_SERVICES]; N_TABLES], can_count }
    }

    /// Whether counting a run this way is worth it.
    pub fn suits(&self, run: &Range<usize>) -> bool {
        self.can_count && run.len() >= MIN_RUN.max(self.n_services.map_or(0, |n| n * N_LEVELS))
    }

    /// Visits level, service (`None` when services are not told apart) and number of records, only where there are some.
    pub fn count(&mut self, columns: &Columns, run: Range<usize>, mut visit: impl FnMut(Level, Option<usize>, u64)) {
        let n_services = self.n_services.unwrap_or(1);
        let used = N_LEVELS * n_services;
        self.tables.iter_mut().for_each(|table| table[..used].fill(0));
        match (codes(&columns.levels, &run), self.n_services.and_then(|_| codes(&columns.services, &run))) {
            (Some(levels), None) => {
                let base = columns.levels.base as usize;
                self.add(levels.iter().map(|level| base + usize::from(*level)));
            }
            (Some(levels), Some(services)) => {
                let (level, service) = (columns.levels.base as usize, columns.services.base as usize);
                let cells = levels.iter().zip(services).map(|(l, s)| {
                    (service + usize::from(*s)).min(MAX_SERVICES - 1) * N_LEVELS + (level + usize::from(*l)).min(N_LEVELS - 1)
                });
                self.add(cells);
            }
            (None, Some(services)) => {
                let (level, service) = (columns.levels.base as usize, columns.services.base as usize);
                self.add(services.iter().map(|s| (service + usize::from(*s)).min(MAX_SERVICES - 1) * N_LEVELS + level.min(N_LEVELS - 1)));
            }
            (None, None) => self.tables[0][(columns.levels.base as usize).min(N_LEVELS - 1)] = run.len() as u32,
        }
        for cell in 0..used {
            let count: u64 = self.tables.iter().map(|table| u64::from(table[cell])).sum();
            if count > 0 {
                let level = Level::ALL[(cell % N_LEVELS).min(Level::ALL.len() - 1)];
                visit(level, self.n_services.map(|_| cell / N_LEVELS), count);
            }
        }
    }

    #[inline]
    fn add(&mut self, cells: impl Iterator<Item = usize>) {
        const MASK: usize = N_LEVELS * MAX_SERVICES - 1;
        for (i, cell) in cells.enumerate() {
            self.tables[i % N_TABLES][cell & MASK] += 1;
        }
    }
}

/// The numbers of a run, a byte each; `None` when all are the base of the column.
fn codes<'a>(column: &'a Column, run: &Range<usize>) -> Option<&'a [u8]> {
    (column.width == 1).then(|| &column.bytes[run.clone()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::parse::LogColumns;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_run_counts_what_its_records_count(
            records in prop::collection::vec((0usize..7, 0u16..20), 1..400), n_services in 1usize..20, by_service: bool, from in 0usize..400, len in 0usize..400,
        ) {
            let levels = records.iter().map(|(level, _)| Level::ALL[level % Level::ALL.len()]).collect::<Vec<_>>();
            let services = records.iter().map(|(_, service)| service % n_services as u16).collect::<Vec<_>>();
            let n = records.len();
            let parsed = LogColumns {
                offsets: vec![0; n], levels, services, statuses: vec![0; n], latencies: vec![0.0; n], messages: vec![0; n], traces: vec![0; n],
                message_starts: vec![0; n], message_lens: vec![0; n], times: vec![0; n],
            };
            let columns = Columns::of(&parsed, n_services);
            let mut tally = Tally::new(&columns, by_service.then_some(n_services));
            let run = from % n..(from % n + len).min(n);
            if !tally.suits(&run) {
                return Ok(());
            }
            let (mut expected, mut got) = (BTreeMap::new(), BTreeMap::new());
            for _ in 0..2 {
                got.clear();
                let first = columns.service(run.start);
                tally.count(&columns, run.clone(), |level, service, count| *got.entry((level, service.unwrap_or(first))).or_insert(0) += count);
            }
            for i in run.clone() {
                let service = if by_service { columns.service(i) } else { columns.service(run.start) };
                *expected.entry((columns.level(i), service)).or_insert(0) += 1u64;
            }
            prop_assert_eq!(got, expected);
        }
    }
}
