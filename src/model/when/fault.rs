//! Where a typed time goes wrong: the first place from which on no known form can go on as the text does.
//!
//! The reader itself is asked. A beginning is good when it becomes a time with the rest of some form behind it, so this
//! never knows other forms than the reader does.

use super::{Reference, read};
use crate::model::time::{TimeRange, Timestamp};

/// One of each form, every later part of it written out.
const EXAMPLES: &[&str] = &[
    "2026-11-23T02:30:22.5+05:30",
    "2026/11/23 02:30:22 +0100",
    "20261123T023022Z",
    "02:30:22.5",
    "02:30 pm",
    "12h05",
    "yesterday 3pm",
    "today at 3pm",
    "now",
    "23 november 2026 02:30",
    "T+1h02m",
    "-90s",
    "1795401022.5",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january 1",
    "february 1",
    "march 1",
    "april 1",
    "may 1",
    "june 1",
    "july 1",
    "august 1",
    "september 1",
    "october 1",
    "december 1",
];

/// Nothing longer is a time; what stands behind is wrong with it.
const LONGEST: usize = 48;

/// The byte of `text` from which on no form goes on like this; its length if it is only unfinished. `None` for a time.
///
/// O(characters × forms) readings; the longest that is wrong at its first letter takes 55 ms in a debug build.
pub fn fault(text: &str, reference: &Reference) -> Option<usize> {
    // What forms refer to is there: a time is not wrong because nothing is loaded yet.
    let anchor = Timestamp(1_795_401_022_000_000_000);
    let reference = Reference {
        now: reference.now.or(Some(anchor)),
        t0: reference.t0.or(Some(anchor)),
        extent: reference.extent.or_else(|| Some(TimeRange::new(anchor, anchor.plus_ns(1)))),
        ..*reference
    };
    if read(text.trim(), &reference).is_ok() {
        return None;
    }
    let begin = text.len() - text.trim_start().len();
    let body = &text[begin..];
    let ends = body.char_indices().map(|(at, _)| at).skip(1).chain([body.len()]).filter(|end| *end <= LONGEST);
    let mut ends: Vec<usize> = ends.collect();
    ends.reverse();
    let good = ends.into_iter().find(|end| goes_on(&body[..*end], &reference));
    Some(begin + good.unwrap_or(0))
}

fn goes_on(beginning: &str, reference: &Reference) -> bool {
    let rests = EXAMPLES.iter().flat_map(|example| example.char_indices().map(|(at, _)| &example[at..]));
    std::iter::once("").chain(rests).any(|rest| read(format!("{beginning}{rest}").trim(), reference).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `^` stands below the place.
    #[track_caller]
    fn check(text: &str, place: &str) {
        assert_eq!(fault(text, &Reference::default()), place.find('^'), "{text}");
    }

    #[test]
    fn a_wrong_time_is_marked_where_it_goes_wrong() {
        check("14:65", "   ^");
        check("25:00", "  ^"); // the 25th of a month would be fine
        check("yesterday 25pm", "           ^");
        check("T+12x", "    ^");
        check("2026-13-40", "      ^");
        check("-90z", "   ^");
        check("soon", " ^");
        check("überall", "^");
        check("  14:65", "     ^");
        check("last monday 3pm", "^");
    }

    #[test]
    fn an_unfinished_time_is_wrong_nowhere_but_at_its_end() {
        for text in ["1", "14:", "14:0", "02:33:", "T", "T+", "T+12", "-", "-9", "yest", "mon", "2026-1", "2026-11-23T", "17954", "23 nov"]
        {
            let unfinished = fault(text, &Reference::default());
            assert!(unfinished.is_none_or(|at| at == text.len()), "{text}: {unfinished:?}");
        }
    }
}
