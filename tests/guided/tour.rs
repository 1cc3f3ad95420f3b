//! The guided tour, walked through on the demo with keys alone, at the sizes that people have.

use coroner::app::Message;
use coroner::app::tour::Offer;
use coroner::cli::open::Notes;

use super::with_demo;

/// Of each step: what is pressed, and what it points at, which is to be seen when it is done.
const WALK: [(&str, &str, &str); 10] = [
    ("the calm before", "g", "baseline"),
    ("the deploy", ".", "deploy order v1.8.3 → v1.9.0"),
    ("what moved first", "P \"moves\" down Enter", "its panel"),
    ("compare", "b", "what is different in"),
    ("a message that was born", "8 j j Enter", "only pattern"),
    ("one request through all services", "u e t o", "widest gap"),
    ("mark the moment", "m \"impact start\" Enter", "saved"),
    ("a cause, with evidence", "p c \"one connection per id is held until the request ends\" ^s", "step "),
    ("then and now", "2 B", "saved"),
    ("the postmortem", "X", "tour done: 10 of 10 steps by your own hand"),
];

#[test]
fn the_tour_is_walked_in_ten_steps_and_hides_nothing_that_it_points_to() {
    with_demo(Notes::Finished, |open| {
        for size in [(80, 24), (120, 40)] {
            let mut walker = open(size);
            walker.batch.feed(Message::Tour(Offer::Accepted));
            for (index, (title, keys, seen)) in WALK.iter().enumerate() {
                walker.check_shows(&format!("tour {}/10  {title}", index + 1));
                let screen = walker.screen();
                let words = screen.lines().skip_while(|line| !line.contains("10  ")).skip(1).take(2);
                assert!(!words.map(str::trim_end).any(|line| line.ends_with('…')), "{screen}");
                walker.press(keys);
                if *seen != "its panel" {
                    walker.check_shows(seen);
                }
            }
            walker.press("esc");
            assert!(!walker.screen().contains("tour"), "{}", walker.screen());
        }
    });
}

#[test]
fn the_tour_is_offered_once_left_with_esc_and_goes_on_where_it_was() {
    with_demo(Notes::Blank, |open| {
        let mut walker = open((80, 24));
        walker.batch.feed(Message::Tour(Offer::Asked));
        walker.check_shows("F2 guides you through this outage in ten steps");
        walker.press("l");
        assert!(!walker.screen().contains("F2 guides"), "any other key explores alone");
        walker.press("F2 g .");
        walker.check_shows("tour 3/10");
        walker.press("P");
        walker.check_shows("tour 3/10");
        walker.press("esc");
        walker.check_shows("tour 3/10");
        walker.press("esc");
        walker.check_shows("tour left at 3 of 10; F2 goes on");
        walker.press(": \"tour\" Enter");
        walker.check_shows("tour 3/10");
        walker.press("F2");
        walker.check_shows("tour 4/10  compare");
        walker.press(": \"tour 10\" Enter X");
        walker.check_shows("tour done: 3 of 10");
        walker.press("^p \"guided\" Enter");
        assert!(!walker.screen().contains("tour 1/10"), "a tour that is done stays done until it is left");
        walker.press("esc F2");
        walker.check_shows("tour 1/10  the calm before");
    });
}

#[test]
fn what_was_so_before_a_step_began_does_not_finish_it() {
    with_demo(Notes::Finished, |open| {
        let mut walker = open((120, 40));
        // The comparison was made before the tour came to it.
        walker.press("b");
        walker.batch.feed(Message::Tour(Offer::Accepted));
        walker.press(": \"tour 4\" Enter j");
        walker.check_shows("tour 4/10  compare");
        walker.press("b");
        walker.check_shows("tour 5/10");
    });
}

#[test]
fn something_else_than_what_a_step_asks_for_is_told_and_does_not_finish_it() {
    with_demo(Notes::Blank, |open| {
        let mut walker = open((120, 40));
        walker.batch.feed(Message::Tour(Offer::Accepted));
        walker.press(": \"tour 7\" Enter t t \"02:34\" Enter m \"detected\" Enter");
        walker.check_shows("the step asks for impact start");
        walker.check_shows("tour 7/10");
        walker.press("m \"impact start\" Enter");
        walker.check_shows("tour 8/10");
        walker.press(": \"tour 5\" Enter 8 j Enter");
        walker.check_shows("this one was there before");
        walker.check_shows("tour 5/10");
    });
}
