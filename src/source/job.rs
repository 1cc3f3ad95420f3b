//! What runs in the background: can be told to stop, and says how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::SourceError;

/// Handle of one background job. Clones share the same state.
#[derive(Debug, Clone, Default)]
pub struct Job {
    is_cancelled: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    total: Arc<AtomicU64>,
    found: Arc<AtomicU64>,
}

impl Job {
    /// A job that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the job to stop at its next check.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// `Err(Cancelled)` once somebody asked to stop. Cheap enough for every chunk.
    pub fn check(&self) -> Result<(), SourceError> {
        if self.is_cancelled.load(Ordering::Relaxed) { Err(SourceError::Cancelled) } else { Ok(()) }
    }

    /// Adds to the work done and known, in bytes or whatever the job counts.
    pub fn advance(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }

    /// Sets the work known.
    pub fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// Adds to what was found so far.
    pub fn find(&self, n: u64) {
        self.found.fetch_add(n, Ordering::Relaxed);
    }

    /// What was found so far.
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// Begins to count anew: one job may ask several questions, one after the other.
    pub fn restart(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.found.store(0, Ordering::Relaxed);
        self.set_total(total);
    }

    /// Work done and known.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

impl crate::store::Gauge for Job {
    fn expect(&self, n_records: u64) {
        self.restart(n_records);
    }

    fn advance(&self, n_records: u64, n_found: u64) {
        Job::advance(self, n_records);
        self.find(n_found);
    }
}
