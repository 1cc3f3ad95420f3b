//! Compares the clocks of the files of a source, by the traces that they share.

use crate::analysis::skew;
use crate::model::skew::ClockCheck;
use crate::source::{Job, Source, SourceError};

/// Compares the clocks of all sources that share traces. O(events); no text is read.
pub fn check(source: &dyn Source, job: &Job) -> Result<ClockCheck, SourceError> {
    Ok(skew::check(&source.stamps(job)?.value))
}
