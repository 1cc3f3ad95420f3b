//! Work on many segments at once, with results in the order of the segments whatever the number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::StoreError;

/// Runs `work` on every item with up to `jobs` threads, the calling one among them, each with a state of its own.
/// Results in the order of the items; the first error in that order ends it and is the answer.
pub(super) fn map<T: Sync, S, R: Send>(
    items: &[T],
    jobs: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> Result<R, StoreError> + Sync,
) -> Result<Vec<R>, StoreError> {
    let jobs = jobs.clamp(1, items.len().max(1));
    if jobs == 1 {
        let mut state = state();
        return items.iter().map(|item| work(&mut state, item)).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        let mut state = state();
        let mut own = Vec::new();
        while let Some((i, item)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?))) {
            let result = work(&mut state, item);
            if result.is_err() {
                // Nobody begins another item.
                next.store(items.len(), Ordering::Relaxed);
            }
            own.push((i, result));
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Cuts items into at most `n` stretches of about equal weight, none empty.
pub(super) fn stretches<T>(items: &[T], n: usize, weight: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let total: usize = items.iter().map(&weight).sum();
    let share = total.div_ceil(n.max(1)).max(1);
    let mut out = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (i, item) in items.iter().enumerate() {
        sum += weight(item);
        if sum >= share && out.len() + 1 < n {
            out.push(&items[start..=i]);
            (start, sum) = (i + 1, 0);
        }
    }
    if start < items.len() {
        out.push(&items[start..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_errors_end_the_work() {
        let items: Vec<u32> = (0..100).collect();
        for jobs in [1, 2, 7, 1000] {
            assert_eq!(map(&items, jobs, || (), |(), i| Ok(i * 2)), Ok(items.iter().map(|i| i * 2).collect()));
            let stop = |(): &mut (), i: &u32| if *i == 7 { Err(StoreError::Cancelled) } else { Ok(()) };
            assert_eq!(map(&items, jobs, || (), stop), Err(StoreError::Cancelled));
        }
        assert_eq!(map(&[0u8; 0], 4, || (), |(), _| Ok(0)), Ok(vec![]));
    }

    #[test]
    fn stretches_cover_everything_in_order() {
        for n in 1..9 {
            let items = [5, 0, 1, 9, 2, 2, 0];
            let parts = stretches(&items, n, |weight| *weight);
            assert_eq!(parts.concat(), items);
            assert!(parts.len() <= n && parts.iter().all(|part| !part.is_empty()));
        }
    }
}
