//! A few lines for a chat: what, how long, how bad, why, what next. Slack's mrkdwn, far below its limits.

use super::{cut, one_line};
use crate::model::text::rfc3339;
use crate::report::postmortem::Postmortem;
use crate::report::words::{Language, Voice};

/// Most characters of the whole text.
pub const MOST_CHARS: usize = 1500;
/// Most characters of one line.
const LINE_CHARS: usize = 260;

/// The text; lines that no longer fit are left out from the end.
pub fn slack(postmortem: &Postmortem, language: Language) -> String {
    let head = &postmortem.head;
    let voice = Voice::of(language, postmortem);
    let severity = head.severity.as_deref().map_or(String::new(), |severity| format!("[{}] ", plain(severity, 20)));
    let mut lines = vec![format!("*{severity}{}*", plain(&head.title, 150))];
    let minute = |at| rfc3339(at).get(..16).unwrap_or_default().replace('T', " ");
    if let Some(start) = head.start {
        let end = head.end.map_or_else(|| voice.say("end not recorded"), minute);
        let duration = head.duration.as_deref().map_or(String::new(), |duration| format!(" ({})", plain(duration, 30)));
        lines.push(format!("{} → {end} UTC{duration}", minute(start)));
    }
    for (slot, words) in &postmortem.summary {
        lines.push(format!("• *{}:* {}", plain(&voice.say(slot), 30), plain(&voice.sentences(words), LINE_CHARS)));
    }
    let n_actions = postmortem.actions.len();
    if n_actions > 0 {
        let n_unowned = postmortem.actions.iter().filter(|row| row.owner.as_deref().is_none_or(|owner| owner.trim().is_empty())).count();
        let unowned = if n_unowned > 0 { voice.say(&format!(", {n_unowned} without an owner")) } else { String::new() };
        lines.push(format!("• *{}:* {n_actions}{unowned}", voice.say("Action items")));
    }
    let mut out = String::new();
    for line in lines {
        if out.chars().count() + line.chars().count() + 1 > MOST_CHARS {
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Words without links, mentions or marks: a zero-width space stands behind what would begin one.
fn plain(text: &str, most: usize) -> String {
    let mut out = String::new();
    let text = cut(&one_line(text), most);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Between digits it is a time of day, elsewhere it may begin an address or an emoji.
            ':' if chars.peek().is_none_or(|next| next.is_ascii_digit() || *next == ' ') => out.push(c),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' | '#' | '*' | '_' | '~' | '`' | ':' => {
                out.push(c);
                out.push('\u{200b}');
            }
            _ => out.push(c),
        }
    }
    out
}
