//! Theme, mouse, lines of text, and drawing anew.

use crate::app::actions::Action;
use crate::app::state::State;

/// Runs one of the four; a word after its name says what is wanted.
pub(super) fn run(state: &mut State, action: Action, argument: Option<&str>) {
    let told = match action {
        Action::NextTheme => match argument {
            Some(name) => state.looks.choose(name),
            None => Ok(state.looks.next_theme()),
        },
        Action::Mouse => state.looks.turn_mouse(argument).map(str::to_owned),
        Action::PlainText => state.looks.turn_plain(argument).map(str::to_owned),
        _ => {
            state.looks.redraw();
            Ok("drawn anew".to_owned())
        }
    };
    match told {
        Ok(words) => state.say(words),
        Err(why) => state.warn(why),
    }
}
