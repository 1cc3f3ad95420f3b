//! Logs that grew since their index was written: only the rest is read, and no answer tells the difference.

use super::*;

/// Appends to a file, which was last changed `age_s` seconds ago then.
fn append_aged(path: &Path, bytes: &[u8], age_s: u64) {
    let mut file = fs::File::options().append(true).open(path).expect("there");
    file.write_all(bytes).expect("written");
    file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).expect("a time of change");
}

#[test]
fn of_a_log_that_grew_only_the_rest_is_read_and_of_a_changed_one_everything() {
    let text = lines(300, zap);
    let more = lines(100, |i| zap(300 + i));
    let place = Place::with_log(&text);
    let options = place.options();
    loaded(options.clone());
    append_aged(&place.log(), more.as_bytes(), 1800);
    // Nothing but the index of the beginning is there.
    assert_eq!(indexes(&place.beside()).len(), 1);
    assert!(is_used(&options), "the beginning is taken from the index");
    assert_eq!(indexes(&place.beside()).len(), 2, "much is new, so all of it is kept");
    assert!(is_used(&options));
    // Every way in which the beginning is not the one that is known: changed, cut and written on, another file.
    let is_unused = |change: &dyn Fn(&Path)| {
        let place = Place::with_log(&text);
        loaded(place.options());
        change(&place.log());
        let tiny = OpenOptions { chunk_bytes: 64, ..place.options() };
        let parsed = loaded(OpenOptions { cache: None, ..tiny.clone() }).event_memory_bytes();
        loaded(tiny).event_memory_bytes() == parsed && answers(&loaded(place.options())) == uncached(&place.options())
    };
    let rewrite = |path: &Path, text: &str| {
        let mut file = fs::File::options().write(true).truncate(true).open(path).expect("there");
        file.write_all(text.as_bytes()).expect("written");
        file.set_modified(SystemTime::now() - Duration::from_secs(900)).expect("a time of change");
    };
    assert!(is_unused(&|path| rewrite(path, &(text.replace("request 50 served", "request 50 refuse") + &more))));
    assert!(is_unused(&|path| rewrite(path, &(lines(200, |i| zap(1000 + i)) + &text + &more))));
    assert!(is_unused(&|path| rewrite(path, &text[..text.len() / 2])));
    assert!(is_unused(&|path| {
        fs::rename(path, path.with_extension("log.1")).expect("rotated");
        write_aged(path, more.as_bytes(), 900);
    }));
}

#[test]
fn what_ended_inside_a_line_is_read_again_when_the_line_is_finished() {
    let text = lines(100, zap);
    let (whole, cut) = text.split_at(text.len() - 40);
    let place = Place::with_log(whole);
    loaded(place.options());
    append_aged(&place.log(), cut.as_bytes(), 1800);
    assert_eq!(answers(&loaded(place.options())), uncached(&place.options()));
    append_aged(&place.log(), b"panic: at the end\n\ngoroutine 1 [running]:\n", 900);
    assert_eq!(answers(&loaded(place.options())), uncached(&place.options()));
}

/// Lines that reach over the border of a piece in every way: folded, repeated, unfinished, of another layout.
fn piece(kind: u8, n: usize) -> String {
    match kind % 6 {
        0 => lines(9, |i| zap(n * 10 + i)),
        1 => "  at one\n  at two\n".into(),
        2 => zap(n * 10).repeat(2),
        3 => zap(n * 10).trim_end().to_owned(),
        4 => "\n".into(),
        _ => format!("panic: {n}\n\ngoroutine 7 [running]:\nmain.go()\n"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_log_that_grew_by_any_pieces_answers_as_if_it_was_read_at_once(kinds in prop::collection::vec(0u8..6, 1..7)) {
        let place = Place::with_log(&lines(40, zap));
        loaded(place.options());
        for (n, kind) in kinds.iter().enumerate() {
            append_aged(&place.log(), piece(*kind, n + 4).as_bytes(), 1000 - n as u64 * 10);
            prop_assert_eq!(answers(&loaded(place.options())), uncached(&place.options()));
        }
    }
}
