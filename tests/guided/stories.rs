//! From a folder without notes to the cause, and to a chain with evidence, each in at most sixty key presses.
//!
//! Every key counts, arrows and confirmations too; only prose that the user writes himself is counted apart. The same
//! script for the cause was pressed by hand on the recorded `no-timeout`, where it takes fewer (see `NO_TIMEOUT`).

use coroner::app::keys;
use coroner::cli::open::Notes;

use super::{Walker, with_demo};

/// Key presses that a story may take.
const MOST: usize = 60;

enum Do {
    /// Keys, and what is on the screen then.
    Keys(&'static str, &'static str),
    /// Words of the user's own.
    Prose(&'static str),
}
use Do::{Keys, Prose};

/// Which release, when it hurt, what was full, and where a request waited.
const FIND: &[Do] = &[
    Keys("t 0", "T+0 = deploy order v1.8.3 → v1.9.0"),
    Keys("1 6", "released by defer"),
    Keys("b", "what is different in"),
    Keys(".", "alert DBPoolSaturated pending for order"),
    Keys("6", "DBPoolSaturated"),
    Keys("3 e", "ERROR"),
    Keys("t o", "before order"),
    Keys("j j j Enter", "order"),
    Keys("3 6", "acquire"),
];

/// Pressed on `no-timeout`, from a fresh folder: T+0 on the deploy that took the deadline out (2), what differs: payment's
/// requests in flight and goroutines 49 s later (1), the next alert: the bank is down (1), its words (2), the first error
/// (2), its trace: three minutes of waiting before the bank (2), the change that put the deadline back, by its version (9):
/// 19 presses.
const NO_TIMEOUT: &str = "t 0 b . 1 6 3 e t o ^p \"5.3.1\" Enter 1 6";

/// Four steps, each on what was pinned for it; the moments marked; written out.
const CHAIN: &[Do] = &[
    Keys("t 0 m Enter", "trigger = "),
    Keys("1 p", "pinned: "),
    Keys("c", "causal step"),
    Prose("order v1.9.0 takes one connection per id and gives them back only when the request ends"),
    Keys("Tab t ^s", "step 1 of the chain"),
    Keys(". p Enter", "pinned: alert"),
    Keys("2 p", "pinned: "),
    Keys("c", "causal step"),
    Prose("two large requests hold all connections of the pool and wait for each other"),
    Keys("Tab d ^s", "step 2 of the chain"),
    Keys("; s Enter", "impact start = "),
    Keys("3 e p", "pinned: "),
    Keys("c", "causal step"),
    Prose("handlers wait for connections until their deadline, so goroutines and P99 rise"),
    Keys("Tab a ^s", "step 3 of the chain"),
    Keys("2 j j p", "pinned: "),
    Keys("c", "causal step"),
    Prose("nine of ten requests fail at the edge"),
    Keys("Tab e ^s", "step 4 of the chain"),
    Keys("4", "trigger"),
    Keys("X", "postmortem written to"),
];

/// Presses of a story, and characters of prose; every step shows what it should.
fn play(walker: &mut Walker, story: &[Do]) -> (usize, usize) {
    let (mut n_keys, mut n_prose) = (0, 0);
    for part in story {
        match part {
            Keys(sequence, seen) => {
                n_keys += keys::parse_sequence(sequence).expect(sequence).len();
                walker.press(sequence);
                walker.check_shows(seen);
            }
            Prose(words) => {
                n_prose += words.chars().count();
                walker.press(&format!("{words:?}"));
            }
        }
    }
    (n_keys, n_prose)
}

#[test]
fn the_cause_is_found_in_at_most_sixty_key_presses() {
    with_demo(Notes::Blank, |open| {
        let (n_keys, n_prose) = play(&mut open((120, 40)), FIND);
        assert!(n_keys <= MOST && n_prose == 0, "{n_keys} presses");
        println!("the cause: {n_keys} presses");
    });
    assert!(keys::parse_sequence(NO_TIMEOUT).expect("keys").len() <= MOST);
}

#[test]
fn a_chain_with_evidence_is_written_in_at_most_sixty_key_presses() {
    with_demo(Notes::Blank, |open| {
        let mut walker = open((120, 40));
        let (n_keys, n_prose) = play(&mut walker, CHAIN);
        assert!(n_keys <= MOST, "{n_keys} presses");
        println!("the chain: {n_keys} presses and {n_prose} characters of prose");
        let case = walker.batch.state.case();
        let steps = case.chain();
        assert_eq!(steps.len(), 4);
        assert!(steps.iter().all(|(_, cause)| !cause.evidence.is_empty()), "each stands on evidence");
    });
}
