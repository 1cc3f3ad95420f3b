//! Aggregates of one window over the same series, made in one pass: `sum by (a) (rate(x[1m]))` and `sum by (b)
//! (rate(x[1m]))` read and rate every series once.
//!
//! Only a shortcut: an expression asked alone gives the same numbers, added up in the same order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::aggregate::Gathering;
use super::parse::{Aggregate, Node, Window};
use super::rows::Row;
use super::{Expression, Pool, Scope, Steps};
use crate::store::{StoreError, Watch};

/// Values of all rows that are kept for others: 16 bytes each.
const MAX_SHARED: usize = 12_000_000;

/// Rows that were made for several, by what they are asked as.
#[derive(Default)]
pub(super) struct Shared {
    rows: HashMap<String, (Steps, Arc<Vec<Row>>, usize)>,
}

/// A window and the aggregates of it, each with how often it is asked.
type Asked<'e> = (&'e Window, BTreeMap<String, (&'e Aggregate, usize)>);

impl Pool<'_> {
    /// Makes the aggregates that these expressions ask of the same windows, for their evaluation at these steps.
    pub fn share(&self, expressions: &[&Expression], steps: Steps, watch: &Watch<'_>) -> Result<(), StoreError> {
        let mut windows: BTreeMap<String, Asked<'_>> = BTreeMap::new();
        for expression in expressions {
            expression.node().visit(&mut |node| {
                if let Node::Aggregate(aggregate) = node
                    && let Some(window) = aggregate.of_window()
                {
                    let asked = windows.entry(format!("{window:?}")).or_insert_with(|| (window, BTreeMap::new()));
                    asked.1.entry(format!("{aggregate:?}")).or_insert((aggregate, 0)).1 += 1;
                }
            });
        }
        let scope = Scope { pool: self, steps, watch };
        let mut room = MAX_SHARED;
        for (window, asked) in windows.into_values().filter(|(_, asked)| asked.values().map(|own| own.1).sum::<usize>() > 1) {
            match scope.gathered(window, &asked, room) {
                Ok(found) => {
                    room -= found.values().map(|(_, rows, _)| rows.len() * steps.n).sum::<usize>().min(room);
                    if let Ok(mut shared) = self.shared.lock() {
                        shared.rows.extend(found);
                    }
                }
                Err(StoreError::Cancelled) => return Err(StoreError::Cancelled),
                // Each is computed alone then, or says itself why it cannot be.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Forgets what was made and not asked for.
    pub fn forget_shared(&self) {
        if let Ok(mut shared) = self.shared.lock() {
            shared.rows.clear();
        }
    }

    /// What was made for an aggregate; the last that asks gets the only copy.
    pub(super) fn shared(&self, aggregate: &Aggregate, steps: Steps) -> Option<Arc<Vec<Row>>> {
        let mut shared = self.shared.lock().ok().filter(|shared| !shared.rows.is_empty())?;
        let key = format!("{aggregate:?}");
        let (_, rows, n_left) = shared.rows.get_mut(&key).filter(|(own, ..)| *own == steps)?;
        *n_left = n_left.saturating_sub(1);
        if *n_left > 0 { Some(Arc::clone(rows)) } else { shared.rows.remove(&key).map(|(_, rows, _)| rows) }
    }
}

impl Scope<'_> {
    fn gathered(
        &self,
        window: &Window,
        asked: &BTreeMap<String, (&Aggregate, usize)>,
        room: usize,
    ) -> Result<HashMap<String, (Steps, Arc<Vec<Row>>, usize)>, StoreError> {
        let mut gatherings: Vec<(&String, usize, Gathering<'_>)> =
            asked.iter().map(|(key, (aggregate, n))| (key, *n, Gathering::new(aggregate, self.steps.n))).collect();
        self.window_rows(window, self.pool.meant(&window.selector), &mut |row| {
            let mut n_cells = 0;
            for (.., gathering) in &mut gatherings {
                gathering.take(row);
                n_cells += gathering.n_groups() * self.steps.n;
            }
            if n_cells > room { Err(StoreError::Question("too much to keep".into())) } else { Ok(()) }
        })?;
        let made = |(key, n, gathering): (&String, usize, Gathering<'_>)| (key.clone(), (self.steps, Arc::new(gathering.rows()), n));
        Ok(gatherings.into_iter().map(made).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::catalog;
    use super::*;
    use crate::model::Timestamp;
    use crate::store::promql::evaluate;
    use crate::store::testing::watch;

    #[test]
    fn what_is_made_for_several_is_what_each_gives_alone() {
        let texts = [
            "sum by (a) (rate(x[40s]))",
            "sum by (a, b) (rate(x[40s]))",
            "max by (a) (sum by (a, b) (rate(x[40s])))",
            "sum(rate(x[40s])) / sum(rate(x[40s]))",
            "avg by (b) (rate(x[40s])) + count(rate(x[40s])) by (b)",
            "topk(1, rate(x[40s]))",
        ];
        let expressions: Vec<Expression> = texts.iter().map(|text| Expression::parse(text).expect(text)).collect();
        let (metas, stores) = catalog("x{a=\"1\",b=\"1\"} 1 2 3 1 2 9\nx{a=\"1\",b=\"2\"} 5 6 8 8 9 1\nx{a=\"2\",b=\"1\"} 0 0 7 8 9 9");
        let steps = Steps { start: Timestamp::from_secs(7), step_ns: 10_000_000_000, n: 9 };
        let alone: Vec<_> =
            expressions.iter().map(|one| evaluate(one, &Pool::new(&metas, &stores), steps, &watch()).expect("rows")).collect();
        let pool = Pool::new(&metas, &stores);
        pool.share(&expressions.iter().collect::<Vec<_>>(), steps, &watch()).expect("shared");
        let n_shared = pool.shared.lock().expect("no panic").rows.len();
        assert_eq!(n_shared, 5);
        let together: Vec<_> = expressions.iter().map(|one| evaluate(one, &pool, steps, &watch()).expect("rows")).collect();
        assert_eq!(together, alone);
        assert!(pool.shared.lock().expect("no panic").rows.is_empty(), "each was asked as often as it was made for");
    }
}
