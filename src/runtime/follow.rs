//! Looks at the sources again and again, on a thread of its own, until it is told to stop.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use super::jobs::guarded;
use crate::app::Message;
use crate::source::files::{FileSource, Polled};
use crate::source::{Job, Source as _, SourceError};

/// Between two looks while lines come: soon enough to be called at once.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// Between two looks when nothing comes.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 10;

/// How long to wait before the next look.
struct Pause(Duration);

impl Pause {
    fn after(&mut self, polled: &Polled, took: Duration) -> Duration {
        self.0 = if polled.has_changed { SHORTEST_PAUSE } else { (self.0 * 2).min(LONGEST_PAUSE) };
        self.0.max(took * SHARE)
    }
}

/// Follows while it lives.
pub struct Follower {
    job: Job,
    /// Dropped to stop.
    _stop: mpsc::Sender<()>,
}

impl Follower {
    /// Follows `source`; what comes is told as catalogs, what goes wrong as notices.
    pub fn start(source: Arc<FileSource>, messages: UnboundedSender<Message>) -> Self {
        let job = Job::new();
        let (stop, stopped) = mpsc::channel();
        let own = job.clone();
        std::thread::spawn(move || {
            let publish = || {
                if let Ok(catalog) = source.catalog(&Job::new()) {
                    let _ = messages.send(Message::Catalog(catalog));
                }
            };
            let tell = |result: Result<Result<Polled, SourceError>, String>| match result {
                Ok(Ok(polled)) => Some(polled),
                Ok(Err(SourceError::Cancelled)) => None,
                Ok(Err(error)) => {
                    let _ = messages.send(Message::Notice(format!("following: {error}")));
                    Some(Polled::default())
                }
                Err(panic) => {
                    let _ = messages.send(Message::Notice(format!("following stopped: {panic}")));
                    None
                }
            };
            let (mut pause, mut wait) = (Pause(SHORTEST_PAUSE), SHORTEST_PAUSE);
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let start = Instant::now();
                let Some(polled) = tell(guarded(|| source.poll(&own, &publish))) else { return };
                wait = pause.after(&polled, start.elapsed());
            }
            tell(guarded(|| source.settle(&own, &publish)));
        });
        Self { job, _stop: stop }
    }

    /// Ends at once, also in the middle of reading: for leaving.
    pub fn cancel(self) {
        self.job.cancel();
    }
}

/// Looks again and again and hands what came to `on_new`, until that says so or the user interrupts.
pub fn until_interrupted(source: &FileSource, mut on_new: impl FnMut(&Polled) -> anyhow::Result<ControlFlow<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
        let (mut pause, mut wait) = (Pause(SHORTEST_PAUSE), Duration::ZERO);
        loop {
            let [interrupt, terminate, hang_up] = &mut signals;
            tokio::select! {
                biased;
                _ = interrupt.recv() => return Ok(()),
                _ = terminate.recv() => return Ok(()),
                _ = hang_up.recv() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
            let start = Instant::now();
            let polled = source.poll(&Job::new(), &|| {})?;
            if on_new(&polled)?.is_break() {
                return Ok(());
            }
            wait = pause.after(&polled, start.elapsed());
        }
    })
}
