//! Background jobs: one blocking task a question, cancelled by id, panics become notices.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::answer::answer_for;
use super::export::Target;
use crate::app::message::Progress;
use crate::app::{JobId, Message, Question};
use crate::source::{Job, Source, SourceError};

/// How often a long job tells how far it is.
const REPORT: Duration = Duration::from_millis(100);

/// Runs questions against one source and sends the replies as messages.
pub struct Jobs {
    source: Arc<dyn Source>,
    target: Arc<Target>,
    messages: UnboundedSender<Message>,
    running: HashMap<JobId, Job>,
}

impl Jobs {
    /// Jobs over `source` that report to `messages`; documents of the case go to `target`.
    pub fn new(source: Arc<dyn Source>, target: Target, messages: UnboundedSender<Message>) -> Self {
        Self { source, target: Arc::new(target), messages, running: HashMap::new() }
    }

    /// Starts answering; the reply arrives as `Message::Replied` unless it is cancelled first.
    pub fn ask(&mut self, id: JobId, question: Question) {
        let job = Job::new();
        self.running.insert(id, job.clone());
        let is_done = Arc::new(AtomicBool::new(false));
        if may_last(&question) {
            tokio::spawn(report(id, job.clone(), Arc::clone(&is_done), self.messages.clone()));
        }
        let (source, target, messages) = (Arc::clone(&self.source), Arc::clone(&self.target), self.messages.clone());
        tokio::task::spawn_blocking(move || {
            let answered = guarded(|| answer_for(&*source, &target, &question, &job));
            is_done.store(true, Ordering::Relaxed);
            let reply = match answered {
                Ok(Ok(reply)) => Ok(reply),
                Ok(Err(SourceError::Cancelled)) => return,
                Ok(Err(error)) => Err(error.to_string()),
                Err(panic) => Err(format!("a background job stopped: {panic}")),
            };
            // The receiver is gone only when the program is leaving.
            let _ = messages.send(Message::Replied(id, reply));
        });
    }

    /// Forgets a finished job.
    pub fn finished(&mut self, id: JobId) {
        self.running.remove(&id);
    }

    /// Asks a job to stop.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(job) = self.running.remove(&id) {
            job.cancel();
        }
    }

    /// Asks all jobs to stop.
    pub fn cancel_all(&mut self) {
        for (_, job) in self.running.drain() {
            job.cancel();
        }
    }
}

/// Whether how far it is may be told while it is answered.
fn may_last(question: &Question) -> bool {
    if let Question::Known { question, .. } = question {
        return may_last(question);
    }
    matches!(
        question,
        Question::Count { .. }
            | Question::Look(_)
            | Question::Events(_)
            | Question::Position { .. }
            | Question::Compare(_)
            | Question::Facets(_)
    )
}

/// Tells how far a job is until it ends; short ones are never told of.
async fn report(id: JobId, job: Job, is_done: Arc<AtomicBool>, messages: UnboundedSender<Message>) {
    let mut last = Progress::default();
    loop {
        tokio::time::sleep(REPORT).await;
        if is_done.load(Ordering::Relaxed) || job.check().is_err() {
            return;
        }
        let (done, total) = job.progress();
        let now = Progress { done, total, found: job.found() };
        if now != last && messages.send(Message::Progress(id, now)).is_err() {
            return;
        }
        last = now;
    }
}

/// Runs `work`; a panic comes back as its message.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "panic without a message".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_in_a_job_becomes_its_message() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(guarded(|| -> i32 { panic!("boom {}", 1) }), Err("boom 1".to_owned()));
    }
}
