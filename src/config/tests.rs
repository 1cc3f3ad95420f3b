use std::collections::BTreeMap;

use super::*;
use crate::app::actions::{self, Action, Context};
use crate::app::keymap::Meaning;
use crate::app::keys::parse_sequence;

fn load(text: &str) -> Result<Config, Vec<String>> {
    Config::load(Some(("c.toml", text)), |_| None)
}

fn meaning(config: &Config, key: &str) -> Meaning {
    config.keymap.meaning(Context::Main, &parse_sequence(key).expect(key))
}

#[track_caller]
fn check_wrong(text: &str, expected: &str) {
    let wrong = load(text).expect_err(text).join("\n");
    assert_eq!(wrong, expected);
}

#[test]
fn the_printed_defaults_are_read_as_the_defaults() {
    let printed = default_document();
    let (read, default) = (load(&printed).expect("what we print is right"), Config::default());
    assert_eq!(format!("{read:?}"), format!("{default:?}"));
    // Whoever takes all the marks of comments away binds every key to what it is bound to.
    let is_binding = |line: &&str| line.starts_with("# ") && line.ends_with(']') && line.contains(" = [");
    let bare: String =
        printed.lines().map(|line| if is_binding(&line) { &line[2..] } else { line }).fold(String::new(), |all, line| all + line + "\n");
    let all = load(&bare).expect("every binding is right");
    assert_eq!(all.conflicts, [""; 0]);
    assert_eq!(all.overrides.len(), actions::ALL.iter().map(|info| info.contexts.len()).sum::<usize>());
    for info in actions::ALL {
        assert_eq!(all.keymap.keys_of(info.action), default.keymap.keys_of(info.action), "{}", info.name);
    }
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest_name() {
    check_wrong("\n\nthem = \"dark\"\n", "c.toml:3: there is no key \"them\"; did you mean theme?");
    check_wrong(
        "theme = \"drak\"",
        "c.toml:1: theme: \"drak\" is none of auto, dark, light, high-contrast, 16, 16-light, mono, ascii, unicode; did you mean dark?",
    );
    check_wrong("zone = \"Europe/Berln\"", "c.toml:1: zone: \"Europe/Berln\" is no zone; did you mean Europe/Berlin?");
    check_wrong("zone = \"berlin\"", "c.toml:1: zone: \"berlin\" is no zone; did you mean Europe/Berlin?");
    check_wrong("state = 1", "c.toml:1: state: must be true or false");
    check_wrong("mouse = \"maybe\"", "c.toml:1: mouse: must be true or false");
    check_wrong("mous = true", "c.toml:1: there is no key \"mous\"; did you mean mouse?");
    check_wrong("[keys]\nzoom-inn = [\"Z\"]", "c.toml:2: there is no action \"zoom-inn\"; did you mean zoom-in?");
    check_wrong(
        "[keys]\n\nzoom-in = [\"hop\"]",
        "c.toml:3: zoom-in: \"hop\" is no key; write one character, a name such as enter or pagedown, or ctrl-p, alt-left, shift-right",
    );
    check_wrong("[keys]\naccept = [\"x\"]", "c.toml:2: accept works in lists and prompts: put it into [keys.typing]");
    check_wrong("[keys.typing]\nzoom-in = [\"x\"]", "c.toml:2: zoom-in works everywhere: put it into [keys]");
    check_wrong("start = [\n\"goto T+1m\",\n\"gotoo 3\"]", "c.toml:3: no action is called \"gotoo\"; did you mean goto?");
    check_wrong("a = 1\n[b]\nc = 2\n", "c.toml:1: there is no key \"a\"\nc.toml:2: there is no key \"b\"");
    assert!(load("theme = ").expect_err("not TOML")[0].starts_with("c.toml:1: not TOML"));
}

#[test]
fn what_a_user_binds_wins_and_what_lost_its_key_is_named() {
    let config =
        load("[keys]\nzoom-in = [\"u\", \"+\"]\nmark = [\"t\"]\nnote = []\n[keys.typing]\ndismiss = [\"ctrl-g\"]\n").expect("right");
    assert_eq!(meaning(&config, "u"), Meaning::Action(Action::ZoomIn));
    assert_eq!(meaning(&config, "="), Meaning::Nothing);
    assert_eq!(meaning(&config, "a"), Meaning::Nothing);
    assert_eq!(meaning(&config, "m"), Meaning::Nothing);
    let told = config.conflicts.join("\n");
    assert!(told.contains("u is zoom-in now: undo lost it and has no other key (:undo)"), "{told}");
    assert!(told.contains("keys that begin with it are gone: t t (goto), "), "{told}");
    assert_eq!(config.keymap.keys_of(Action::ZoomIn), ["u", "+"]);
    assert_eq!(config.keymap.keys_in(Context::Typing, Action::Dismiss), ["^g"]);
    assert_eq!(config.keymap.keys_in(Context::Asking, Action::Dismiss), ["Esc", "^c"], "elsewhere it is as it was");
}

#[test]
fn a_key_that_was_the_start_of_many_is_told_once() {
    let config = load("[keys]\nzoom-in = [\"t\"]").expect("right");
    let [told] = config.conflicts.as_slice() else { panic!("{:?}", config.conflicts) };
    assert!(told.starts_with("t is zoom-in now: ") && told.contains("t t (goto), t 0 (set-t0), t z (zone)"), "{told}");
}

#[test]
fn two_actions_may_change_their_keys() {
    let config = load("[keys]\nundo = [\"ctrl-r\"]\nredo = [\"u\"]\n").expect("right");
    assert_eq!(config.conflicts, [""; 0]);
    assert_eq!((meaning(&config, "u"), meaning(&config, "ctrl-r")), (Meaning::Action(Action::Redo), Meaning::Action(Action::Undo)));
    let both = load("[keys]\nmark = [\"u\"]\nnote = [\"u\"]\n").expect("right");
    assert_eq!(both.conflicts.len(), 2, "undo and one of the two: {:?}", both.conflicts);
}

#[test]
fn the_environment_goes_over_the_file() {
    let variables = BTreeMap::from([
        ("CORONER_TIME", "offset"),
        ("CORONER_STATE", "off"),
        ("CORONER_START", "goto 1; zoom-in"),
        ("CORONER_THEME", "odd"),
    ]);
    let variable = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let config = Config::load(Some(("c.toml", "time = \"local\"\nauthor = \"me\"\n")), variable).expect("right");
    assert_eq!((config.time, config.keeps_state, config.author.as_deref()), (Style::Offset, false, Some("me")));
    assert!(!config.start.is_empty());
    let wrong = Config::load(None, |name| (name == "CORONER_PRESET").then(|| "lnva".to_owned())).expect_err("no such preset");
    assert_eq!(wrong, ["CORONER_PRESET: \"lnva\" is none of default, lnav, perfetto; did you mean lnav?"]);
}

#[test]
fn every_preset_is_right_in_itself_and_leaves_the_keys_that_everybody_needs() {
    for preset in Preset::ALL {
        let overrides = preset.overrides().unwrap_or_else(|wrong| panic!("{}", wrong.join("\n")));
        let mut taken: Vec<(Context, Vec<crate::app::KeyPress>)> = Vec::new();
        for ((context, action), sequences) in &overrides {
            for keys in sequences {
                let clashes = taken.iter().any(|(of, other)| of == context && (other.starts_with(keys) || keys.starts_with(other)));
                assert!(!clashes, "{}: {} of {}", preset.name(), crate::app::keys::show_sequence(keys), action.info().name);
                taken.push((*context, keys.clone()));
            }
        }
        let (keymap, _) = bindings::bound(preset, &BTreeMap::new());
        for needed in [
            Action::Quit,
            Action::Help,
            Action::Palette,
            Action::CommandLine,
            Action::Undo,
            Action::Find,
            Action::Mark,
            Action::Note,
            Action::NextError,
        ] {
            assert!(!keymap.keys_of(needed).is_empty(), "{}: {}", preset.name(), needed.info().name);
        }
        // What has no key is told by `coroner config --check`; it must stay a short list.
        assert!(bindings::keyless(&keymap).len() <= 6, "{}: {:?}", preset.name(), bindings::keyless(&keymap));
    }
    let (perfetto, _) = bindings::bound(Preset::Perfetto, &BTreeMap::new());
    let means = |key: &str| perfetto.meaning(Context::Main, &parse_sequence(key).expect(key));
    let wasd = ["w", "s", "a", "d"].map(means);
    let expected = [Action::ZoomIn, Action::ZoomOut, Action::PanLeft, Action::PanRight].map(Meaning::Action);
    assert_eq!(wasd, expected);
}

#[test]
fn the_file_is_found_where_the_platform_keeps_it_and_nowhere_else() {
    let place = |variables: &[(&str, &str)]| find(None, |name| variables.iter().find(|pair| pair.0 == name).map(|pair| pair.1.into()));
    assert_eq!(place(&[("HOME", "/h")]), Place::Usual("/h/.config/coroner/config.toml".into()));
    assert_eq!(place(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), Place::Usual("/x/coroner/config.toml".into()));
    assert_eq!(place(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "relative")]), Place::Usual("/h/.config/coroner/config.toml".into()));
    assert_eq!(place(&[("HOME", "/h"), ("CORONER_CONFIG", "")]), Place::Nowhere);
    assert_eq!(place(&[("CORONER_CONFIG", "mine.toml")]), Place::Named("mine.toml".into()));
    assert_eq!(place(&[]), Place::Nowhere);
    assert_eq!(find(Some("f".into()), |_| Some("x".into())), Place::Named("f".into()));
}
