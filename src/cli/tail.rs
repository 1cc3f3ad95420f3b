//! `coroner events --follow`: the last events, then new ones as they come.

use std::io::Write;
use std::ops::ControlFlow;

use super::events::{self, EventsOptions};
use crate::model::query::PageStart;
use crate::model::{EventQuery, Timestamp};
use crate::runtime::follow;
use crate::source::files::FileSource;
use crate::source::{Job, Source as _};

/// Events of the past that are printed first unless the user says how many, as `tail` does.
const LAST: u64 = 10;

/// Prints until it is interrupted or nobody reads any more. Whether there was any event.
pub fn run(source: &FileSource, options: &EventsOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let job = Job::new();
    let limit = usize::try_from(options.limit.unwrap_or(LAST)).unwrap_or(usize::MAX);
    let query = EventQuery { filter: options.filter.clone(), range: options.range, start: PageStart::Before(Timestamp::MAX), limit };
    let last = source.events(&query, &job)?.value.events;
    events::write_events(source, options, (&last, &[]), out)?;
    out.flush()?;
    let mut has_any = !last.is_empty();
    follow::until_interrupted(source, |polled| {
        let new = source.new_events(polled, &options.filter, options.range, &job)?;
        has_any |= !new.is_empty();
        events::write_events(source, options, (&new, &[]), out)?;
        out.flush()?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(has_any)
}
