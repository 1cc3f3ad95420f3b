//! The one table of everything a key can do: it feeds the keymap, help, hints, palette, README and man page.
//!
//! An action without a default key is still reached through the palette and the command line.

/// Where a key is looked up. Pane contexts are tried before `Main`; the others stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Any pane, nothing open above it.
    Main,
    /// A list or one line being typed: picker, prompt, help, filters.
    Typing,
    /// A note or a form.
    Editing,
    /// A yes-or-no question.
    Asking,
}

impl Context {
    /// All contexts.
    pub const ALL: [Self; 4] = [Self::Main, Self::Typing, Self::Editing, Self::Asking];

    /// Name in help.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "everywhere",
            Self::Typing => "in lists and prompts",
            Self::Editing => "in notes and forms",
            Self::Asking => "in questions",
        }
    }
}

/// Groups of the help overlay, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Cursor, zoom, range.
    Time,
    /// Jumps to events, changes, marks.
    Jump,
    /// Find and filter.
    Search,
    /// Notes, evidence, chain.
    Annotate,
    /// Panes and panels.
    Panes,
    /// The rest.
    Session,
}

impl Group {
    /// Heading.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Jump => "Jump",
            Self::Search => "Find and filter",
            Self::Annotate => "Annotate",
            Self::Panes => "Panes",
            Self::Session => "Session",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct ActionInfo {
    /// The variant.
    pub action: Action,
    /// Name in the palette and on the command line, kebab-case.
    pub name: &'static str,
    /// One sentence without a full stop.
    pub sentence: &'static str,
    /// Default keys, as `keys::parse_sequence` reads them.
    pub keys: &'static [&'static str],
    /// Where the keys work.
    pub contexts: &'static [Context],
    /// Where help lists it.
    pub group: Group,
}

macro_rules! actions {
    ($($group:ident { $($action:ident $name:literal [$($key:literal),*] $contexts:ident $sentence:literal;)* })*) => {
        /// Everything that a key, the palette or the command line can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[doc = $sentence] $action,)*)* }

        /// The table.
        pub const ALL: &[ActionInfo] = &[$($(ActionInfo {
            action: Action::$action, name: $name, sentence: $sentence, keys: &[$($key),*], contexts: $contexts, group: Group::$group,
        },)*)*];
    };
}

const MAIN: &[Context] = &[Context::Main];
const TYPING: &[Context] = &[Context::Typing];
const EDITING: &[Context] = &[Context::Editing];
const ASKING: &[Context] = &[Context::Asking];
const OPEN: &[Context] = &[Context::Typing, Context::Editing, Context::Asking];

actions! {
    Time {
        CursorLeft "cursor-left" ["h", "left"] MAIN "move the cursor one column earlier";
        CursorRight "cursor-right" ["l", "right"] MAIN "move the cursor one column later";
        CursorLeft10 "cursor-left-10" ["H", "shift-left"] MAIN "move the cursor ten columns earlier";
        CursorRight10 "cursor-right-10" ["L", "shift-right"] MAIN "move the cursor ten columns later";
        Start "start" ["g", "home"] MAIN "go to the start of the data, or of the list in the side pane";
        End "end" ["G", "end"] MAIN "go to the end of the data, or of the list in the side pane";
        ZoomIn "zoom-in" ["+", "="] MAIN "zoom in at the cursor";
        ZoomOut "zoom-out" ["-"] MAIN "zoom out at the cursor";
        FitAll "fit-all" ["0"] MAIN "show the whole extent; again: where nearly all data lie";
        FitSelection "fit-selection" ["f"] MAIN "zoom to the selected range";
        PanLeft "pan-left" ["<"] MAIN "move the window half its length earlier";
        PanRight "pan-right" [">"] MAIN "move the window half its length later";
        SelectRange "select" ["v"] MAIN "start selecting a range at the cursor, or end it";
        SwapEnd "swap-end" ["x"] MAIN "move the cursor to the other end of the selected range";
        GoTo "goto" ["t t"] MAIN "go to a typed time: 14:03, T+12m, -90s, 2026-11-22T03:24Z";
        SetT0 "set-t0" ["t 0"] MAIN "make the cursor T+0, labelled by the change or event at it";
        ChooseZone "zone" ["t z"] MAIN "choose the zone of local times";
        SourceZone "source-zone" ["t Z"] MAIN "say the zone of a source whose times have none: +01:00, Europe/Berlin";
        ClockOffset "clock-offset" ["t c"] MAIN "move the clock of a source that was wrong: +1.5s, -90s, 0";
        ProposeClock "propose-clock" ["t C"] MAIN "take what shared traces say of a wrong clock as its offset";
        CycleTime "cycle-time" ["T"] MAIN "show times as UTC, local, or T±";
        Snap "snap" ["'"] MAIN "move the cursor to the nearest event, change, alert or sample";
        Play "play" ["space"] MAIN "replay from the cursor with the future hidden, or pause";
        Faster "faster" ["t +", "t ="] MAIN "replay faster: ×1 to ×600";
        Slower "slower" ["t -"] MAIN "replay slower";
        Curtain "curtain" ["t ."] MAIN "hide what comes after the cursor without playing, or show it";
        Known "known" ["t k"] MAIN "write down what could be known at the cursor";
        Follow "follow" ["ctrl-f"] MAIN "follow growing sources, or stop; at the end the cursor stays there";
    }
    Jump {
        NextError "next-error" ["e"] MAIN "go to the next error";
        PrevError "prev-error" ["E"] MAIN "go to the previous error";
        NextNewError "next-new-error" ["t e"] MAIN "go to the next error of a kind that was never seen before it";
        PrevNewError "prev-new-error" ["t E"] MAIN "go to the previous error that was the first of its kind";
        NextWarning "next-warning" ["w"] MAIN "go to the next warning or worse";
        PrevWarning "prev-warning" ["W"] MAIN "go to the previous warning or worse";
        NextChange "next-change" ["."] MAIN "go to the next change or alert";
        PrevChange "prev-change" [","] MAIN "go to the previous change or alert";
        NextDeploy "next-deploy" ["t d"] MAIN "go to the next deploy, flag, config or scale change: changes only, no alert";
        PrevDeploy "prev-deploy" ["t D"] MAIN "go to the previous deploy, flag, config or scale change";
        NextAlert "next-alert" ["t a"] MAIN "go to the next moment at which an alert fires or ends";
        PrevAlert "prev-alert" ["t A"] MAIN "go to the previous moment at which an alert fires or ends";
        NextOnset "next-onset" ["s"] MAIN "go to the next burst of events or onset of a panel";
        PrevOnset "prev-onset" ["S"] MAIN "go to the previous burst of events or onset of a panel";
        NextMark "next-mark" ["]"] MAIN "go to the next mark or note";
        PrevMark "prev-mark" ["["] MAIN "go to the previous mark or note";
        WeakestClaim "weakest-claim" ["D"] MAIN "go to the claim that lacks evidence most, with each press to the next";
        NextPhase "next-phase" ["}"] MAIN "go to the start of the next phase";
        PrevPhase "prev-phase" ["{"] MAIN "go to the start of this phase or the one before";
        NextTrace "next-trace" ["o"] MAIN "go to the next event of the same trace id";
        PrevTrace "prev-trace" ["O"] MAIN "go to the previous event of the same trace id";
        Back "back" ["ctrl-o", "alt-left"] MAIN "go back to where cursor and window were before the last jump, zoom or pan";
        Forward "forward" ["alt-right"] MAIN "take the last step back again";
    }
    Search {
        Find "find" ["/"] MAIN "find events: fuzzy, 'exact, or /regex/";
        FindNext "find-next" ["n"] MAIN "go to the next match";
        FindPrev "find-prev" ["N"] MAIN "go to the previous match";
        FilterIn "filter-in" ["&"] MAIN "keep only events with this text, or level>=warn, service=name";
        FilterOut "filter-out" ["!"] MAIN "leave out events with this text";
        Filters "filters" ["F"] MAIN "list, change and remove the filters";
        Unplaced "unplaced" [] MAIN "list the records without a time, or those around the cursor again";
        ClearFilters "clear-filters" [] MAIN "remove all filters";
    }
    Annotate {
        Mark "mark" ["m"] MAIN "mark the cursor as a key moment: trigger, impact start, mitigated …";
        Note "note" ["a"] MAIN "write a note on the cursor or the selected range";
        Pin "pin" ["p"] MAIN "pin what is under the cursor as evidence";
        Cause "cause" ["c"] MAIN "add a causal step to the chain";
        Attempt "attempt" ["M"] MAIN "note a mitigation that was tried";
        ActionItem "action-item" ["A"] MAIN "add an action item";
        Edit "edit" ["i"] MAIN "change the selected step or note";
        Delete "delete" ["d", "delete"] MAIN "remove the selected step, note or panel";
        MoveUp "move-up" ["K"] MAIN "move the selected step or panel up";
        MoveDown "move-down" ["J"] MAIN "move the selected step or panel down";
        AddRecord "record" ["; n"] MAIN "add a record of any kind: hypothesis, lesson, question, factor …";
        Hypothesis "hypothesis" ["; h"] MAIN "write a hypothesis at the cursor or the selected range";
        EvidenceFor "for" ["; f"] MAIN "choose evidence for the selected hypothesis or cause";
        EvidenceAgainst "against" ["; g"] MAIN "choose evidence against the selected hypothesis or cause";
        Confirm "confirm" ["; c"] MAIN "confirm the selected hypothesis or cause";
        Refute "refute" ["; r"] MAIN "refute the selected hypothesis or cause";
        Reopen "reopen" ["; o"] MAIN "open the selected hypothesis or cause again";
        LinkRecords "link" ["; l"] MAIN "link the selected record with another one: causes, enables …";
        InsertNote "insert" ["; i"] MAIN "write a note between the selected one and the next";
        TagRecords "tag" ["; t"] MAIN "labels of the selected note or all that the filter leaves: pool -draft";
        Retime "retime" ["; m"] MAIN "move the selected note, or all that the filter leaves, in time: +90s";
        NudgeEarlier "nudge-earlier" ["; ,"] MAIN "one sample earlier: move the selected note";
        NudgeLater "nudge-later" ["; ."] MAIN "one sample later: move the selected note";
        Star "star" ["; p"] MAIN "put the selected note into the short timeline, or take it out";
        FilterNotes "filter-notes" ["; /"] MAIN "list only some notes: kind:lesson tag:pool author:name pinned words";
        Suggested "suggested" ["; s"] MAIN "list the markers that the data suggest, and take one";
        Preview "preview" ["; v"] MAIN "read the postmortem as it would be exported, and write it";
        PinUrl "pin-url" ["; u"] MAIN "pin an address as evidence: a pull request, a page, a mail";
        PinDiff "pin-diff" ["; d"] MAIN "pin a diff as evidence: paste it, or ^e in $EDITOR";
        RecordHistory "history" ["; y"] MAIN "who changed the selected record, what and when";
        Conflicts "conflicts" ["; x"] MAIN "settle what a merge could not: choose between two values";
        Undo "undo" ["u"] MAIN "take the last edit back";
        Redo "redo" ["ctrl-r"] MAIN "make the undone edit again";
        Title "title" [] MAIN "change the title of the case: :title WORDS";
        Severity "severity" [] MAIN "change severity, status and services: :severity SEV2";
        Export "export" ["X"] MAIN "write the postmortem";
        Save "save" ["ctrl-s"] MAIN "write the case files now";
    }
    Panes {
        Up "up" ["k", "up"] MAIN "go up in the focused pane";
        Down "down" ["j", "down"] MAIN "go down in the focused pane";
        PageUp "page-up" ["ctrl-u", "pageup"] MAIN "go up by half a page";
        PageDown "page-down" ["ctrl-d", "pagedown"] MAIN "go down by half a page";
        Open "open" ["enter"] MAIN "zoom to the selected range, else open what is selected";
        NextPane "next-pane" ["tab"] MAIN "focus the next pane";
        PrevPane "prev-pane" ["backtab"] MAIN "focus the previous pane";
        FocusChanges "changes" ["1"] MAIN "focus the changes lane";
        FocusPanels "panels" ["2"] MAIN "focus the panels";
        FocusEvents "events" ["3"] MAIN "focus the event list";
        FocusChain "chain" ["4"] MAIN "show the causal chain";
        FocusNotes "notes" ["5"] MAIN "show marks, notes and evidence";
        FocusDetail "detail" ["6"] MAIN "show everything about what is selected";
        FocusSources "sources" ["7"] MAIN "show the sources and their problems";
        Messages "messages" ["U n"] MAIN "list what was said so far, below the sources";
        FocusPatterns "patterns" ["8"] MAIN "show message patterns by their change around T+0 or the cursor";
        Compare "compare" ["b"] MAIN "tell what differs in the range, or in sight, from the baseline";
        FocusTrace "trace" ["t o"] MAIN "show the trace of the selected event and its gaps";
        Reorder "reorder" ["r"] MAIN "list patterns by change, born, died, count, first in turn, differences by size or time";
        FocusFacets "facets" ["9"] MAIN "show the values of fields of the events in sight, with counts";
        ZoomPane "zoom-pane" ["z"] MAIN "give the focused pane all the room, or take it back";
        PanelPicker "panel-picker" ["P"] MAIN "add and remove panels";
        LogScale "log-scale" ["Y"] MAIN "give the selected panel a logarithmic axis, or a linear one";
        HeatMap "heat-map" ["V h"] MAIN "show the histogram behind the selected panel over time, or stop";
        Overlaid "overlaid" ["V o"] MAIN "draw all series of this name, or of one label, over one another";
        Stacked "stacked" ["V s"] MAIN "stack them up as parts of a sum";
        Multiples "multiples" ["V m"] MAIN "draw a small panel for each of them, with one axis";
        Plain "plain" ["V p"] MAIN "show one series only again";
        Renderer "renderer" ["V b"] MAIN "draw lines of braille dots, or blocks again";
        Exemplar "exemplar" ["V x"] MAIN "show the trace of the nearest exemplar of the selected panel";
        NextExemplar "next-exemplar" ["V n"] MAIN "go to the next exemplar of the selected panel";
        PrevExemplar "prev-exemplar" ["V N"] MAIN "go to the previous exemplar of the selected panel";
        Ghost "ghost" ["B"] MAIN "draw the baseline behind the selected panel, or stop";
        GhostWindow "ghost-window" ["V g"] MAIN "draw another earlier window behind the selected panel: -1h, T-10m";
        Limit "limit" ["V l"] MAIN "draw a limit across the selected panel: 1.5s, <99.9%, off";
        ChooseColumns "list-columns" ["C"] MAIN "choose the columns of the event list from the fields";
        Wrap "wrap" ["\\"] MAIN "let long messages of the list go on in further rows, or cut them";
        ScrollLeft "scroll-left" ["("] MAIN "show what stands left in long messages";
        ScrollRight "scroll-right" [")"] MAIN "show what stands right in long messages, or below in a wrapped one";
        TallerList "taller-list" ["ctrl-w +"] MAIN "give the list rows of the panels";
        LowerList "lower-list" ["ctrl-w -"] MAIN "give the panels rows of the list";
        NarrowerList "narrower-list" ["ctrl-w <"] MAIN "give the side pane columns of the list";
        WiderList "wider-list" ["ctrl-w >"] MAIN "give the list columns of the side pane";
        UsualSizes "usual-sizes" ["ctrl-w ="] MAIN "give the panes their usual sizes";
        HideSide "hide-side" ["ctrl-w s"] MAIN "hide the side pane, or show it again";
        Lanes "lanes" ["ctrl-w l"] MAIN "choose the lanes that are shown";
        Balanced "balanced" ["ctrl-w 1"] MAIN "show everything in its usual size";
        LogsFirst "logs-first" ["ctrl-w 2"] MAIN "give the events most of the room";
        MetricsFirst "metrics-first" ["ctrl-w 3"] MAIN "give the panels most of the room";
        Writing "writing" ["ctrl-w 4"] MAIN "give chain and prose most of the room";
        Pager "pager" ["ctrl-w p"] MAIN "show the text of the focused pane in $PAGER";
        Trust "trust" ["R"] MAIN "shade gaps, resets, clipped and stale stretches, or stop";
    }
    Session {
        Palette "palette" ["ctrl-p"] MAIN "find anything: action, series, pattern, service, file, mark, time, filter";
        CommandLine "command" [":"] MAIN "type an action by its name";
        RecordMacro "record-macro" ["Q"] MAIN "record keys as a macro, or end it";
        PlayMacro "play-macro" ["@"] MAIN "play the last macro, or several times: :play-macro 5";
        Macro "macro" [] MAIN "keep the last macro by a name, play, list, remove: :macro save NAME";
        PressKeys "keys" [] MAIN "press keys: :keys e e Enter";
        Help "help" ["?", "F1"] MAIN "show the keys that work here, and all others behind Tab";
        HelpHere "help-here" ["F1"] OPEN "show the keys of what is open, or close them";
        Tour "tour" ["F2"] MAIN "be guided through the recorded outage in ten steps; again skips a step";
        NextTheme "theme" ["U t"] MAIN "next theme; :theme NAME takes one, such as light or mono";
        Mouse "mouse" ["U m"] MAIN "take the mouse: wheel, click, drag; or leave it to the terminal";
        PlainText "plain-text" ["U p"] MAIN "lines of text instead of the screen: for screen readers; or back";
        Redraw "redraw" ["ctrl-l"] MAIN "draw the whole screen anew";
        OpenSource "open-source" ["ctrl-e"] MAIN "open the file of the selected event at its line in $EDITOR";
        Copy "copy" ["y"] MAIN "copy the selected event, note or value";
        Close "close" ["esc"] MAIN "close one layer: a search under way, replay, pane zoom, range, find";
        Suspend "suspend" ["ctrl-z"] MAIN "suspend to the shell";
        Quit "quit" ["q", "ctrl-c"] MAIN "leave; asks only when something is not saved";
        Accept "accept" ["enter"] TYPING "take what is selected or typed";
        Dismiss "dismiss" ["esc", "ctrl-c"] OPEN "close what is open";
        ListUp "list-up" ["up", "ctrl-p", "backtab"] TYPING "go up in the list";
        ListDown "list-down" ["down", "ctrl-n"] TYPING "go down in the list";
        Toggle "toggle" ["tab"] TYPING "choose or unchoose, in lists that take several";
        Lower "lower" ["left"] TYPING "make the level filter weaker, or go left in the text";
        Raise "raise" ["right"] TYPING "make the level filter stronger, or go right in the text";
        SaveText "save-text" ["ctrl-s"] EDITING "save the note or form";
        ExternalEditor "external-editor" ["ctrl-e"] EDITING "write this text in $EDITOR";
        NextField "next-field" ["tab"] EDITING "go to the next field of a form";
        PrevField "prev-field" ["backtab"] EDITING "go to the previous field of a form";
        Yes "yes" ["y", "Y", "enter"] ASKING "do what is asked";
        No "no" ["n", "N"] ASKING "leave it";
    }
}

impl Action {
    /// Its line of the table.
    pub fn info(self) -> &'static ActionInfo {
        ALL.iter().find(|info| info.action == self).expect("the table is made from the same list as the enum")
    }

    /// The action of this name, wherever it works.
    pub fn from_any_name(name: &str) -> Option<Self> {
        ALL.iter().find(|info| info.name == name).map(|info| info.action)
    }

    /// The action of this name, if it can be run from the palette.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().find(|info| info.name == name && info.is_in_palette()).map(|info| info.action)
    }
}

impl ActionInfo {
    /// Whether the palette and the command line offer it: everything that works with nothing open.
    pub fn is_in_palette(&self) -> bool {
        self.contexts.contains(&Context::Main)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keys;
    use std::collections::BTreeMap;

    #[test]
    fn no_key_means_two_things_in_one_context_and_none_hides_a_prefix() {
        for context in Context::ALL {
            let mut taken: BTreeMap<Vec<_>, Action> = BTreeMap::new();
            for info in ALL.iter().filter(|info| info.contexts.contains(&context)) {
                for key in info.keys {
                    let keys = keys::parse_sequence(key).expect(key);
                    for (other, action) in &taken {
                        let shared = other.len().min(keys.len());
                        assert!(other[..shared] != keys[..shared], "{key} of {} collides with {action:?}", info.name);
                    }
                    taken.insert(keys, info.action);
                }
            }
        }
    }

    #[test]
    fn every_action_has_a_sentence_and_can_be_reached() {
        for info in ALL {
            assert!(info.sentence.len() > 5 && !info.sentence.ends_with('.'), "{}", info.name);
            assert!(!info.contexts.is_empty() && (!info.keys.is_empty() || info.is_in_palette()), "{}", info.name);
            assert_eq!(ALL.iter().filter(|other| other.name == info.name).count(), 1, "{} is twice in the table", info.name);
        }
    }
}
