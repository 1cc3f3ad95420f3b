//! Reads the keyboard on a thread of its own, until it is told to stop: `$EDITOR` and the shell get every key after that.
//!
//! It waits for bytes, not for an edge of readiness, so nothing is held back by a resize that comes together with a key.

use std::io::{self, PipeWriter};
use std::os::fd::AsFd as _;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc::UnboundedSender;

use super::input::{Input, Parser};

/// An escape that nothing follows within this is the key Esc. Less, and a slow line takes arrows apart.
const ESCAPE_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 25_000_000 };

/// The thread; stops when dropped.
pub struct Keyboard {
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Keyboard {
    /// Starts to read standard input.
    pub fn start(send: UnboundedSender<Input>) -> io::Result<Self> {
        let (stopped, stop) = io::pipe()?;
        let thread = std::thread::spawn(move || {
            let stdin = io::stdin();
            let mut parser = Parser::default();
            let mut found = Vec::new();
            let mut block = [0; 4096];
            loop {
                let mut waiting = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&stopped, PollFlags::IN)];
                let n_ready = match poll(&mut waiting, parser.is_waiting().then_some(&ESCAPE_WAIT)) {
                    Err(rustix::io::Errno::INTR) => continue,
                    result => result.unwrap_or(usize::MAX),
                };
                // The other end is closed when it is time to stop.
                if !waiting[1].revents().is_empty() {
                    return;
                }
                if n_ready == 0 {
                    parser.flush(&mut found);
                } else {
                    match rustix::io::read(stdin.as_fd(), &mut block) {
                        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                        Ok(n @ 1..) => parser.feed(&block[..n], &mut found),
                        _ => {
                            parser.flush(&mut found);
                            found.push(Input::Lost);
                        }
                    }
                }
                let is_lost = found.last() == Some(&Input::Lost);
                let is_heard = found.drain(..).all(|input| send.send(input).is_ok());
                if is_lost || !is_heard {
                    return;
                }
            }
        });
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to read.
            let _ = thread.join();
        }
    }
}
