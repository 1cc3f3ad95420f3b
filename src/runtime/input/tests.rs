use super::*;
use crate::app::keys;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Vec<Input> {
    let (mut parser, mut out) = (Parser::default(), Vec::new());
    parser.feed(bytes, &mut out);
    parser.flush(&mut out);
    out
}

#[track_caller]
fn check(bytes: &str, expected: &str) {
    let expected: Vec<Input> = keys::parse_sequence(expected).expect("keys").into_iter().map(Input::Key).collect();
    assert_eq!(read(bytes.as_bytes()), expected, "{bytes:?}");
}

#[test]
fn keys_of_all_usual_terminals_are_known() {
    check("h\r\t\x7f", "h enter tab backspace");
    check("\x1b[A\x1bOB\x1b[1;2C\x1b[1;3D", "up down shift-right alt-left");
    check("\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[3~\x1b[Z", "pageup pagedown home end delete backtab");
    check("\x1bOP\x1b[[A\x1b[15~\x1b[24~", "F1 F1 F5 F12");
    check("\x06\x0f\x1a\x03", "ctrl-f ctrl-o ctrl-z ctrl-c");
    check("\x1b", "esc");
    check("\x1bx\x1b\x1b[A", "alt-x esc up");
    check("é漢", "é 漢");
}

#[test]
fn the_keyboard_protocol_tells_esc_and_control_apart() {
    check("\x1b[27u\x1b[102;5u\x1b[13;1u\x1b[9;2u\x1b[97;4u", "esc ctrl-f enter backtab alt-A");
    check("\x1b[97;1:3u\x1b[57441;2u\x1b[97;9u", "");
    assert_eq!(read(b"\x1b[?1u\x1b[?62;4c"), [Input::HasKeyboardProtocol, Input::Attributes]);
}

#[test]
fn a_paste_is_text_whatever_it_holds() {
    assert_eq!(read(b"\x1b[200~q\x1b[A\n\x1b[201~q"), [Input::Paste("q\x1b[A\n".into()), read(b"q")[0].clone()]);
}

#[test]
fn answers_are_no_keys() {
    for end in ["\x07", "\x1b\\"] {
        let bytes = format!("e\x1b]11;rgb:ffff/ffff/dddd{end}w");
        let found = read(bytes.as_bytes());
        assert_eq!(found[1], Input::Background("rgb:ffff/ffff/dddd".into()));
        assert_eq!((found.len(), &found[0], &found[2]), (3, &read(b"e")[0], &read(b"w")[0]));
    }
    assert_eq!(read(b"\x1bP1$r0m\x1b\\\x1b_Gi=1;OK\x1b\\\x1b[12;40R\x1b[?2026;1$y\x1b[I\x1b[O").len(), 1, "F3 at most");
}

#[test]
fn the_mouse_is_counted_from_0() {
    let at = |kind| Input::Mouse(MousePress { kind, column: 9, row: 4 });
    assert_eq!(
        read(b"\x1b[<0;10;5M\x1b[<32;10;5M\x1b[<0;10;5m\x1b[<64;10;5M\x1b[<69;10;5M\x1b[<2;1;1M"),
        [at(MouseKind::Down), at(MouseKind::Drag), at(MouseKind::Up), at(MouseKind::WheelUp), at(MouseKind::WheelDown)]
    );
}

proptest! {
    #[test]
    fn any_bytes_cut_anywhere_mean_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..40), cut in 0usize..40) {
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        let cut = cut.min(bytes.len());
        parser.feed(&bytes[..cut], &mut out);
        parser.feed(&bytes[cut..], &mut out);
        parser.flush(&mut out);
        prop_assert_eq!(out, read(&bytes));
    }

    #[test]
    fn sequences_cut_anywhere_mean_the_same(
        parts in proptest::collection::vec(prop_oneof![
            Just("\x1b[1;5C"), Just("漢"), Just("\x1b]11;rgb:0/0/0\x1b\\"), Just("\x1b[200~a\x1bb\x1b[201~"), Just("\x1b[<0;3;4M"), Just("x"), Just("\x1bOA")
        ], 0..8),
        cut in 0usize..60,
    ) {
        let bytes = parts.concat().into_bytes();
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        let cut = cut.min(bytes.len());
        parser.feed(&bytes[..cut], &mut out);
        parser.feed(&bytes[cut..], &mut out);
        prop_assert_eq!(out, read(&bytes));
    }
}
