//! How fast a job goes and how long it will take, from the last few seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The rate is told over this long: work is counted a chunk at a time, so shorter ones would jump.
const WINDOW: Duration = Duration::from_secs(4);
/// Before so long nothing is foretold.
const MIN_TIME: Duration = Duration::from_millis(700);

/// Marks of the last seconds.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    marks: VecDeque<(Instant, u64)>,
}

/// What the marks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Speed {
    /// Bytes (or whatever the job counts) a second; 0 while that is unknown.
    pub per_s: u64,
    /// Seconds that are left at this speed.
    pub left_s: Option<u64>,
}

impl Pace {
    /// Begins at this moment with nothing done.
    pub fn new(start: Instant) -> Self {
        Self { start, marks: VecDeque::from([(start, 0)]) }
    }

    /// So much of `total` is done now.
    pub fn tell(&mut self, now: Instant, (done, total): (u64, u64)) -> Speed {
        while self.marks.len() > 1 && now.duration_since(self.marks[0].0) > WINDOW {
            self.marks.pop_front();
        }
        let (since, before) = self.marks[0];
        self.marks.push_back((now, done));
        let took = now.duration_since(since).as_secs_f64();
        let per_s = if took > 0.0 { done.saturating_sub(before) as f64 / took } else { 0.0 };
        let is_known = now.duration_since(self.start) >= MIN_TIME && per_s >= 1.0 && total >= done;
        Speed { per_s: per_s as u64, left_s: is_known.then(|| ((total - done) as f64 / per_s).ceil() as u64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_the_speed_of_the_last_seconds() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert_eq!(pace.tell(at(100), (10, 1_000)).left_s, None, "too early to tell");
        let mut last = Speed::default();
        for step in 1..=50u64 {
            last = pace.tell(at(step * 100), (step * 10, 1_000));
        }
        assert_eq!(last, Speed { per_s: 100, left_s: Some(5) });
        for step in 51..=100u64 {
            last = pace.tell(at(step * 100), (500 + (step - 50), 1_000));
        }
        assert_eq!(last, Speed { per_s: 10, left_s: Some(45) }, "it has become slower");
    }
}
