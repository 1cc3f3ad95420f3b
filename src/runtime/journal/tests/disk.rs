//! A save that stops at any operation of the disk leaves the old case or the new one, never less.

use std::sync::{Arc, Mutex};

use super::super::disk::{Disk, Loss, Trial};
use super::*;

/// Plays the story, saving after the second step and at the end. Gives the states that count as saved, in order: the
/// last of them, or one after it, must be found when the case is opened again.
fn play(dir: &Path, trial: &Arc<Mutex<Trial>>) -> (CaseStore, Vec<CaseDoc>, usize) {
    let (mut store, mut doc, _) = CaseStore::open(dir).unwrap();
    store.disk = Disk { trial: Some(Arc::clone(trial)) };
    let (mut states, mut n_safe) = (vec![doc.clone()], 0);
    for (index, step) in story().iter().enumerate() {
        let result = store.append(step);
        // A step that could not be journalled may be there or not; nobody called it saved.
        apply(&mut doc, step);
        states.push(doc.clone());
        if result.is_err() {
            return (store, states, n_safe);
        }
        n_safe = states.len() - 1;
        if [1, 4].contains(&index) && store.save(&doc).is_err() {
            break;
        }
    }
    (store, states, n_safe)
}

fn n_steps() -> usize {
    let dir = tempfile::tempdir().unwrap();
    let trial = Arc::new(Mutex::new(Trial::new(usize::MAX, Loss::Error)));
    let (_, states, n_safe) = play(dir.path(), &trial);
    assert_eq!(n_safe, states.len() - 1);
    let n = trial.lock().unwrap().n_steps;
    assert!(n >= 40, "the story takes {n} operations");
    n
}

#[test]
fn whatever_operation_of_a_save_is_the_last_one_the_case_reopens_old_or_new() {
    for loss in [Loss::Killed, Loss::Power, Loss::Error] {
        for fails_at in 0..n_steps() {
            let dir = tempfile::tempdir().unwrap();
            let trial = Arc::new(Mutex::new(Trial::new(fails_at, loss)));
            let (store, states, n_safe) = play(dir.path(), &trial);
            drop(store);
            let (_, found, notices) = CaseStore::open(dir.path()).unwrap();
            let place = states[n_safe..].iter().position(|state| *state == found);
            assert!(place.is_some(), "{loss:?} at operation {fails_at}: {notices:?}\n{found:#?}");
        }
    }
}

#[test]
fn after_a_full_disk_the_next_save_keeps_everything() {
    for fails_at in 0..n_steps() {
        let dir = tempfile::tempdir().unwrap();
        let trial = Arc::new(Mutex::new(Trial::new(fails_at, Loss::Error)));
        let (mut store, states, _) = play(dir.path(), &trial);
        let last = states.last().unwrap();
        store.save(last).unwrap_or_else(|error| panic!("operation {fails_at}: {error}"));
        drop(store);
        let (_, found, notices) = CaseStore::open(dir.path()).unwrap();
        assert_eq!((&found, notices), (last, vec![]), "operation {fails_at}");
    }
}
