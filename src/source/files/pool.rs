//! Runs tasks on a few threads and hands the results to one.
//!
//! Results come in any order; who needs another one sorts. A task that panics gives `None` and takes nothing along.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::source::{Job, SourceError};

/// How long the receiving side waits before it has a look around.
const TICK: Duration = Duration::from_millis(50);

/// What the receiving side is told.
pub enum Step<R> {
    /// The task with this index is done; `None` when it panicked.
    Done(usize, Option<R>),
    /// Nothing happened for a while.
    Tick,
}

/// Works through `tasks` in order on `jobs` threads. Ends early, without the rest, once `job` is cancelled.
pub fn run<T: Send, R: Send>(
    jobs: usize,
    job: &Job,
    tasks: Vec<T>,
    work: impl Fn(&T) -> R + Sync,
    mut on_step: impl FnMut(Step<R>),
) -> Result<(), SourceError> {
    let jobs = jobs.clamp(1, tasks.len().max(1));
    let queue = Mutex::new(tasks.into_iter().enumerate());
    // Bounded, so that finished chunks do not pile up before the one thread that puts them in order.
    let (sender, receiver) = mpsc::sync_channel(jobs * 2);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, queue, work) = (sender.clone(), &queue, &work);
            scope.spawn(move || {
                while job.check().is_ok() {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((index, task)) = next else { break };
                    let result = catch_unwind(AssertUnwindSafe(|| work(&task))).ok();
                    if sender.send((index, result)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(TICK) {
                Ok((index, result)) => on_step(Step::Done(index, result)),
                Err(RecvTimeoutError::Timeout) => on_step(Step::Tick),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    job.check()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_and_a_panic_stays_alone() {
        let mut done = vec![0; 50];
        let on_step = |step| {
            if let Step::Done(index, result) = step {
                assert_eq!(result, (index != 7).then_some(index * 2));
                done[index] += 1;
            }
        };
        let work = |n: &usize| if *n == 7 { std::panic::resume_unwind(Box::new("stop")) } else { n * 2 };
        run(3, &Job::new(), (0..50).collect(), work, on_step).unwrap();
        assert_eq!(done, [1; 50]);
    }

    #[test]
    fn a_cancelled_job_ends() {
        let job = Job::new();
        let cancel = |_: &usize| job.cancel();
        assert!(matches!(run(2, &job, (0..1000).collect(), cancel, |_| {}), Err(SourceError::Cancelled)));
    }
}
