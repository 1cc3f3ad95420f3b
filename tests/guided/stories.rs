//! From a folder without notes to the cause, and to a chain with evidence, each in at most sixty key presses.
//!
//! Every key counts, arrows and confirmations too; only prose that the user writes himself is counted apart. Two
//! incidents: the demo, and an excerpt of the recorded `no-timeout`.

use coroner::app::keys;
use coroner::cli::open::Notes;

use super::{Walker, with_demo, with_no_timeout};

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

/// On an excerpt of the recorded `no-timeout` (every hundredth request), from a fresh folder: T+0 on the deploy that took the
/// deadline out, what differs, the next alert, its words, the first error, its trace: minutes of waiting before the bank, the
/// change that put the deadline back, by its version.
const NO_TIMEOUT: &[Do] = &[
    Keys("t 0", "T+0 = deploy payment v5.2.1 → v5.3.0"),
    Keys("b", "what is different in"),
    Keys(".", "alert "),
    Keys("1 6", "alert"),
    Keys("3 e", "ERROR"),
    Keys("t o", "before bank"),
    Keys("^p \"5.3.1\" Enter", "v5.3.1"),
    Keys("1 6", "v5.3.1"),
];

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
}

#[test]
fn the_cause_of_another_outage_is_found_in_at_most_sixty_key_presses() {
    with_no_timeout(|mut walker| {
        let (n_keys, n_prose) = play(&mut walker, NO_TIMEOUT);
        assert!(n_keys <= MOST && n_prose == 0, "{n_keys} presses");
        println!("the cause of no-timeout: {n_keys} presses");
    });
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
