//! Logs of one loading: chunks are parsed by workers in any order and appended in the order of their files.
//!
//! A stretch that cannot be read ends its log: what came after it would stand at a wrong place.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::SourceId;
use crate::parse::log::{Joiner, LogPlan, read_record};
use crate::source::SourceError;
use crate::source::files::chunks::{self, Parsed};
use crate::source::files::content::Content;
use crate::source::files::pool::{self, Step};
use crate::source::files::reading::Reading;
use crate::store::log::LogBuilder;
use crate::store::{StoreError, Text};

use super::{Loader, PANICKED, reason_of};

/// Results of chunks that came before their turn.
struct InOrder {
    pending: BTreeMap<u64, Option<Result<Option<Parsed>, StoreError>>>,
    next: u64,
    n_chunks: u64,
    is_cut: bool,
    /// What goes from chunk to chunk, and stays for what the file grows by.
    reading: Reading,
}

impl Loader<'_> {
    /// An empty log that is read by this plan.
    pub(super) fn begin_log(&mut self, index: usize, plan: &Arc<LogPlan>) {
        let source = &mut self.sources[index];
        source.report.zone = plan.zone();
        let reader = Arc::clone(plan);
        let text: Arc<dyn Text> = source.content.clone();
        let mut log = LogBuilder::new(SourceId(index as u32), text, Arc::new(move |bytes| read_record(&reader, bytes)));
        log.set_epoch(source.epoch);
        (source.log, source.plan) = (Some(log), Some(Arc::clone(plan)));
    }

    pub(super) fn load_logs(&mut self, plans: Vec<(usize, LogPlan)>) -> Result<(), SourceError> {
        let plans = self.restore(plans)?;
        self.parse_logs(plans)
    }

    /// Reads logs from their text.
    pub(super) fn parse_logs(&mut self, plans: Vec<(usize, Arc<LogPlan>)>) -> Result<(), SourceError> {
        let chunk_bytes = self.source.options.chunk_bytes;
        let mut tasks = Vec::new();
        let mut orders = HashMap::new();
        self.look_at_logs(&plans, chunk_bytes)?;
        for (index, plan) in plans {
            self.begin_log(index, &plan);
            let source = &mut self.sources[index];
            // An unfinished last line is appended apart, so that it can be read again when it is finished.
            let size = source.content.size_bytes();
            let whole = chunks::whole_lines(&source.content).unwrap_or(size);
            let lines = if whole < size { Arc::new(Content::cut(Arc::clone(&source.content), whole)) } else { Arc::clone(&source.content) };
            let n_chunks = chunks::count(whole, chunk_bytes);
            let reading = Reading::after(Arc::clone(&plan), Joiner::new(&plan), whole, size);
            orders.insert(index, InOrder { pending: BTreeMap::new(), next: 0, n_chunks, is_cut: false, reading });
            tasks.extend((0..n_chunks).map(|chunk| (chunk, index, Arc::clone(&lines), Arc::clone(&plan))));
        }
        // The first chunk of every log before the second of any: each shows something early.
        tasks.sort_by_key(|(chunk, index, ..)| (*chunk > 0, *index, *chunk));
        let places: Vec<(u64, usize)> = tasks.iter().map(|(chunk, index, ..)| (*chunk, *index)).collect();
        let (jobs, job) = (self.source.options.jobs, self.job);
        let work = |(chunk, _, content, plan): &(u64, usize, Arc<Content>, Arc<LogPlan>)| chunks::parse(content, plan, *chunk, chunk_bytes);
        pool::run(jobs, job, tasks, work, |step| {
            if let Step::Done(task, result) = step {
                let (chunk, index) = places[task];
                let order = orders.get_mut(&index).expect("every log with a task has an order");
                order.pending.insert(chunk, result);
                self.append_in_order(index, order);
            }
            self.publish_if_due();
        })?;
        for (index, order) in orders.into_iter().filter(|(_, order)| !order.is_cut) {
            self.sources[index].reading = Some(order.reading);
        }
        self.publish();
        Ok(())
    }

    /// Appends the chunks that are next in file order.
    fn append_in_order(&mut self, index: usize, order: &mut InOrder) {
        while let Some(result) = order.pending.remove(&order.next) {
            order.next += 1;
            let source = &mut self.sources[index];
            // What comes after a stretch that is missing would be at a wrong place: the log ends there.
            if order.is_cut {
                continue;
            }
            order.is_cut = matches!(result, None | Some(Err(_)));
            match result {
                Some(Ok(Some(Parsed { range, mut draft, traces }))) => {
                    order.reading.traces.extend(traces);
                    draft.join(&mut order.reading.joiner);
                    self.job.advance(range.end - range.start);
                    if let Some(log) = &mut source.log {
                        log.append(draft, range.end - range.start);
                    }
                }
                Some(Ok(None)) => {}
                Some(Err(error)) => source.cut(reason_of(error)),
                None => source.cut(PANICKED.into()),
            }
        }
        if order.next == order.n_chunks {
            let source = &mut self.sources[index];
            if let (Some(log), false) = (&mut source.log, order.is_cut) {
                match order.reading.append_open_end(log, &source.content) {
                    Ok(n_bytes) => self.job.advance(n_bytes),
                    Err(error) => {
                        order.is_cut = true;
                        source.cut(reason_of(error));
                    }
                }
            }
            if order.is_cut {
                self.to_keep.forget(index);
            }
            self.finish(index);
        }
    }
}
