//! What stands for a sign where the terminal has ASCII only.

/// Its stand-in; `?` for what has none.
pub(super) fn ascii(c: char) -> &'static str {
    const TABLE: [(char, &str); 46] = [
        ('╎', ":"),
        ('≤', "<="),
        ('–', "-"),
        ('┃', "|"),
        ('─', "-"),
        ('│', "|"),
        ('├', "+"),
        ('┤', "+"),
        ('┬', "+"),
        ('┌', "+"),
        ('┐', "+"),
        ('└', "+"),
        ('┘', "+"),
        ('━', "="),
        ('╌', "-"),
        ('·', "."),
        ('…', "~"),
        ('−', "-"),
        ('×', "x"),
        ('↺', "r"),
        ('∘', "o"),
        ('≥', ">="),
        ('±', "+-"),
        ('▲', "^"),
        ('▼', "v"),
        ('◆', "*"),
        ('◇', "o"),
        ('▪', "*"),
        ('▌', ">"),
        ('▏', "'"),
        ('⚠', "!"),
        ('░', "."),
        ('▒', ":"),
        ('▓', "#"),
        ('←', "<-"),
        ('→', "->"),
        ('↑', "up"),
        ('↓', "down"),
        ('≈', "~"),
        ('∞', "8"),
        ('µ', "u"),
        ('▶', ">"),
        ('‖', "="),
        ('☐', "[ ]"),
        ('☑', "[x]"),
        ('\u{a0}', " "),
    ];
    static ASCII: [&str; 128] = {
        const fn one(i: usize) -> &'static str {
            const ALL: &str = "\0\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f";
            ALL.split_at(i).1.split_at(1).0
        }
        let mut table = [""; 128];
        let mut i = 0;
        while i < 128 {
            table[i] = one(i);
            i += 1;
        }
        table
    };
    if c.is_ascii() {
        return ASCII[c as usize];
    }
    match c {
        '▁'..='█' => &"_.:-=+#@"[c as usize - '▁' as usize..=c as usize - '▁' as usize],
        '①'..='⑨' => ASCII['1' as usize + (c as usize - '①' as usize)],
        '⑩'..='⑳' => "n",
        _ => TABLE.iter().find(|pair| pair.0 == c).map_or("?", |pair| pair.1),
    }
}
