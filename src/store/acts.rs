//! What the records of logs tell was done: changes for the timeline, beside those of documents that list them.
//!
//! Only the different messages of a log are looked at, of which there are few; records are read where one of them fits. What
//! a log tells again and again is routine and no change, and what several logs tell at one moment is one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::log::Log;
use super::{StoreError, Watch};
use crate::model::time::NS_PER_S;
use crate::model::{Change, Timestamp};
use crate::parse::change::told::{Teller, may_tell};

/// Told more often than that, at moments apart, it is routine.
const MOST_TIMES: usize = 3;
/// Told again so soon it is the same, by another instance or line.
const SAME_NS: i64 = 60 * NS_PER_S;
/// A log that tells of so many things set is told of by what its users do.
const MOST_SET: usize = 50;
/// Records of a log that are read; a log that holds more has its first ones read, and says so.
const MOST_READ: usize = 20_000;

/// The changes that logs tell, in order of time. O(messages) + O(records) for a log in which one fits, and the text of those
/// that fit.
pub fn told(logs: &[Arc<Log>], watch: &Watch<'_>) -> Result<Vec<Change>, StoreError> {
    let mut by_text: BTreeMap<(String, String), Vec<Change>> = BTreeMap::new();
    for log in logs {
        for change in without_users(of_log(log, watch)?) {
            by_text.entry((change.kind.clone(), change.text.clone())).or_default().push(change);
        }
    }
    let mut all: Vec<Change> = by_text.into_values().filter_map(once).flatten().collect();
    all.sort_by_key(|change| (change.time, change.source, change.line));
    Ok(all)
}

/// Without settings and flags, where a log tells of very many: those are of users, not of the service.
fn without_users(mut told: Vec<Change>) -> Vec<Change> {
    let is_set = |change: &Change| change.kind == "config";
    if told.iter().filter(|change| is_set(change)).map(|change| &change.text).collect::<BTreeSet<_>>().len() > MOST_SET {
        told.retain(|change| !is_set(change));
    }
    told
}

/// The moments at which one thing was done, the first record of each; `None` for routine.
fn once(mut told: Vec<Change>) -> Option<Vec<Change>> {
    told.sort_by_key(|change| (change.time, change.source, change.line));
    let mut last: Option<Timestamp> = None;
    told.retain(|change| {
        let at = change.time.unwrap_or_default();
        let is_again = last.is_some_and(|last| at.since(last) <= SAME_NS);
        last = Some(at);
        !is_again
    });
    (told.len() <= MOST_TIMES).then_some(told)
}

fn of_log(log: &Log, watch: &Watch<'_>) -> Result<Vec<Change>, StoreError> {
    watch.check()?;
    let fits: Vec<bool> = log.messages().map(may_tell).collect();
    let mut changes = Vec::new();
    if !fits.contains(&true) {
        return Ok(changes);
    }
    let (mut teller, mut n_read) = (Teller::default(), 0);
    for (at, segment) in log.segments.iter().enumerate() {
        watch.check()?;
        for i in 0..segment.len() {
            if !fits.get(segment.columns.message(i) as usize).copied().unwrap_or_default() {
                continue;
            }
            n_read += 1;
            if n_read > MOST_READ {
                watch.warn(format!("{}: changes are looked for in its first {MOST_READ} records that may tell of one", log.path()));
                return Ok(changes);
            }
            changes.extend(teller.change(&log.event(at, i, watch)?));
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    #[test]
    fn what_is_done_a_few_times_is_a_change_and_routine_is_none() {
        let at = |seconds: i64, text: &str| Change {
            time: Some(Timestamp(seconds * NS_PER_S)),
            kind: "job".into(),
            text: text.into(),
            ..Change::default()
        };
        assert_eq!(once(vec![at(0, "a"), at(10, "a"), at(7200, "a")]).map(|told| told.len()), Some(2), "ten seconds apart is once");
        assert_eq!(once((0..9).map(|n| at(n * 300, "a")).collect()), None);
        assert_eq!(once((0..9).map(|n| at(n * 5, "a")).collect()).map(|told| told.len()), Some(1), "all instances say it");
    }

    #[test]
    fn settings_of_users_are_no_changes_of_the_service() {
        let set = |n: usize| Change { kind: "config".into(), text: format!("settings updated: user{n}"), ..Change::default() };
        assert_eq!(without_users((0..9).map(set).collect()).len(), 9);
        assert!(without_users((0..99).map(set).collect()).is_empty());
    }

    #[test]
    fn a_log_without_such_a_message_is_not_read() {
        let log = testing::log(0, "a.log", "1 info api a=b\n", 1);
        assert!(told(&[log], &testing::watch()).is_ok_and(|told| told.is_empty()));
    }
}
