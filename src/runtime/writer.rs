//! Writes frames on a thread of its own, one at a time: a terminal that accepts slowly holds up no key.
//!
//! There is no queue. Who wants to draw asks whether the line is free; while it is not, frames are skipped, and the next
//! one shows everything that happened meanwhile.

use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// What the line does.
#[derive(Debug, Default)]
enum Line {
    #[default]
    Free,
    Busy,
    /// The terminal is gone, or went wrong.
    Broken(io::ErrorKind),
}

/// The line to the terminal.
pub struct Writer {
    frames: Sender<Vec<u8>>,
    line: Arc<(Mutex<Line>, Condvar)>,
    freed: Arc<Notify>,
}

impl Writer {
    /// Starts the thread; it ends with this value.
    pub fn start(mut out: impl Write + Send + 'static) -> Self {
        let (frames, inbox) = channel::<Vec<u8>>();
        let line = Arc::new((Mutex::new(Line::Free), Condvar::new()));
        let freed = Arc::new(Notify::new());
        let (shared, wake) = (Arc::clone(&line), Arc::clone(&freed));
        std::thread::spawn(move || {
            while let Ok(frame) = inbox.recv() {
                let written = out.write_all(&frame).and_then(|()| out.flush());
                let (line, changed) = &*shared;
                *line.lock().unwrap_or_else(PoisonError::into_inner) =
                    written.map_or_else(|error| Line::Broken(error.kind()), |()| Line::Free);
                changed.notify_all();
                wake.notify_one();
            }
        });
        Self { frames, line, freed }
    }

    /// Whether the last frame is out.
    pub fn is_free(&self) -> bool {
        !matches!(*self.line.0.lock().unwrap_or_else(PoisonError::into_inner), Line::Busy)
    }

    /// Told each time the line becomes free.
    pub fn freed(&self) -> Arc<Notify> {
        Arc::clone(&self.freed)
    }

    /// Hands a frame over and returns at once. An error when the terminal took none of the last one.
    pub fn send(&self, frame: Vec<u8>) -> io::Result<()> {
        let mut line = self.line.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Line::Broken(kind) = *line {
            return Err(kind.into());
        }
        *line = Line::Busy;
        self.frames.send(frame).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits until the last frame is out, but not for ever: a terminal that stands still must not keep us.
    pub fn settle(&self) {
        const LONGEST: Duration = Duration::from_secs(3);
        let (line, changed) = &*self.line;
        let line = line.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(line, LONGEST, |line| matches!(line, Line::Busy)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, sync_channel};

    /// Takes a write only when it is told to.
    struct Slow(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            self.1.lock().expect("shared").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_terminal_gets_the_last_frame_and_not_all_of_them() {
        let (go, wait) = sync_channel(0);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let writer = Writer::start(Slow(wait, Arc::clone(&shown)));
        writer.send(b"0".to_vec()).expect("sent");
        let mut n_sent = 1;
        for frame in 1..10u8 {
            if frame == 7 {
                go.send(()).expect("taken");
                writer.settle();
            }
            if writer.is_free() {
                writer.send(vec![b'0' + frame]).expect("sent");
                n_sent += 1;
            }
        }
        go.send(()).expect("taken");
        writer.settle();
        assert_eq!((n_sent, shown.lock().expect("shared").as_slice()), (2, &b"07"[..]));
    }

    #[test]
    fn a_terminal_that_is_gone_is_told_with_the_next_frame() {
        let (go, wait) = sync_channel::<()>(0);
        drop(go);
        let writer = Writer::start(Slow(wait, Arc::default()));
        writer.send(b"0".to_vec()).expect("not known yet");
        writer.settle();
        assert_eq!(writer.send(b"1".to_vec()).expect_err("known now").kind(), io::ErrorKind::BrokenPipe);
    }
}
