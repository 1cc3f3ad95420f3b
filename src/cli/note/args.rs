//! `coroner note` as `clap` sees it: words and types only, and the help on kinds that is made from their table.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::args::{ReadArgs, WindowArgs};
use crate::model::case::{FieldSort, KINDS};

/// `coroner note CASE …`.
#[derive(Debug, Clone, Args)]
pub struct NoteArgs {
    /// Folder or file that holds the data (and the case, unless --case says otherwise)
    pub source: PathBuf,
    /// Reading.
    #[command(flatten)]
    pub read: ReadArgs,
    /// What to do
    #[command(subcommand)]
    pub action: NoteAction,
}

/// Keys that `set` takes.
const SET_HELP: &str = "\
Keys: id date published owner title severity status; authors services environments regions tags categories (comma
separated); roles.ROLE links.NAME; impact.data_loss (false, true, or what was lost) impact.data_loss_unknown (why)
impact.users .accounts .tickets .revenue .other; unknown.MARKER (why nobody can know it); thresholds.SERIES;
zones.SOURCE=+01:00 formats.SOURCE=NAME time_columns.SOURCE=COLUMN anchors.SOURCE=TIME (how a source is read, as --tz,
--as, --time-column and --anchor say it; SOURCE: a path, a file name, or * and ?) format_files;
lint.limits.NAME; lint.suppress.RULE.reason, or lint.suppress.'RULE PLACE'.reason
Lists by name, all keys of an entry in one command:
  slos.NAME.objective=0.999 slos.NAME.window=30d slos.NAME.bad=SERIES slos.NAME.total=SERIES
  measures.TTD.from=impact_start measures.TTD.to=detected    people.NAME.role=ROLE people.NAME.aliases=@x,y";

/// What to do with notes.
#[derive(Debug, Clone, Subcommand)]
pub enum NoteAction {
    /// All notes by time, or those that fit
    List {
        /// Which.
        #[command(flatten)]
        select: SelectArgs,
        /// JSON lines as in annotations.jsonl (coroner.note/1)
        #[arg(long)]
        json: bool,
        /// Read the sources and tell where evidence stands now: ok, moved, lost
        #[arg(long)]
        check: bool,
    },
    /// One note with all of its fields, what points at it, and how it came to be
    Show {
        /// Beginning of its id
        id: String,
        /// One JSON document (coroner.note/1)
        #[arg(long)]
        json: bool,
        /// Read the sources and tell where evidence stands now: ok, moved, lost
        #[arg(long)]
        check: bool,
    },
    /// Set T+0
    T0 {
        /// When
        at: String,
        /// What it is
        label: Vec<String>,
    },
    /// Set the title and what else stands at the head of the postmortem
    Title {
        /// SEV1 … as the house says
        #[arg(long)]
        severity: Option<String>,
        /// draft, in review, final
        #[arg(long)]
        status: Option<String>,
        /// Services concerned
        #[arg(long, value_delimiter = ',')]
        services: Vec<String>,
        /// The title; none leaves it
        title: Vec<String>,
    },
    /// Set keys of case.toml: set KEY=VALUE …; an empty VALUE takes a key away
    #[command(after_help = SET_HELP)]
    Set {
        /// `slos.NAME.objective=0.999`, `impact.data_loss=false`, `unknown.acknowledged="why"` …
        #[arg(required = true, value_name = "KEY=VALUE")]
        pairs: Vec<String>,
    },
    /// Add a note of any kind: add KIND WORDS; the kinds and their fields are below
    #[command(after_help = kinds_help())]
    Add(Box<NoteAddArgs>),
    /// Pin evidence: a series around a moment, lines of a log, a change, an alert, a profile, a diff, an address
    Pin(Box<PinArgs>),
    /// List the markers that the data suggest, or accept one: `trigger`, `impact_start`, `detected`, `mitigated`
    Accept {
        /// Which marker; none lists them
        name: Option<String>,
    },
    /// Change the words, time or fields of a note
    #[command(after_help = kinds_help())]
    Edit(Box<NoteEditArgs>),
    /// Add labels to notes and take others off
    Tag {
        /// Labels to add
        #[arg(long, value_name = "TAG", value_delimiter = ',')]
        add: Vec<String>,
        /// Labels to take off
        #[arg(long, value_name = "TAG", value_delimiter = ',')]
        remove: Vec<String>,
        /// Which.
        #[command(flatten)]
        select: SelectArgs,
        /// Beginnings of ids; none: all that fit the other conditions
        ids: Vec<String>,
    },
    /// Move notes in time by an offset, to mend a clock; evidence stays where it was pinned
    Retime {
        /// By how much: +90s, -1h, 250ms
        #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
        by: String,
        /// Which.
        #[command(flatten)]
        select: SelectArgs,
        /// Beginnings of ids; none: all that fit the other conditions
        ids: Vec<String>,
    },
    /// List what a merge could not settle, or settle one: take its value a (it stands already) or b
    Settle {
        /// Beginning of the id of the conflict, or the key of case.toml; none lists them
        which: Option<String>,
        /// a or b
        #[arg(long, value_name = "a|b", default_value = "a", value_parser = ["a", "b"])]
        take: String,
    },
    /// Remove a note
    Remove {
        /// Beginning of its id
        id: String,
    },
}

/// Which notes.
#[derive(Debug, Clone, Args, Default)]
pub struct SelectArgs {
    /// Only these kinds: moment, range, marker, evidence, hypothesis, cause, link, attempt, action, question …
    #[arg(long, value_delimiter = ',')]
    pub kind: Vec<String>,
    /// Only those with one of these labels
    #[arg(long, value_delimiter = ',')]
    pub tag: Vec<String>,
    /// Only those of these authors
    #[arg(long, value_delimiter = ',')]
    pub author: Vec<String>,
    /// Only what was pinned by hand into the short timeline
    #[arg(long)]
    pub pinned: bool,
}

/// `coroner note CASE pin …`: exactly one of the things that can be pinned.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("target").required(true).args(["series", "lines", "change", "alert", "profile", "diff", "url"]))]
pub struct PinArgs {
    /// A series by name or name{label="value"}, * for any text; must name exactly one
    #[arg(long, value_name = "GLOB", requires = "at")]
    pub series: Option<String>,
    /// Lines of a source: PATH:FIRST or PATH:FIRST-LAST
    #[arg(long, value_name = "PATH:LINES")]
    pub lines: Option<String>,
    /// A change record: PATH:LINE
    #[arg(long, value_name = "PATH:LINE")]
    pub change: Option<String>,
    /// An alert by name; the firing nearest to --at, else the first
    #[arg(long, value_name = "NAME")]
    pub alert: Option<String>,
    /// A profile or goroutine dump by its path, * for any text; must name exactly one
    #[arg(long, value_name = "GLOB")]
    pub profile: Option<String>,
    /// A change of code: a file with a unified diff (git diff, git format-patch), - for standard input
    #[arg(long, value_name = "FILE")]
    pub diff: Option<PathBuf>,
    /// Commit that the diff leads from
    #[arg(long, value_name = "COMMIT", requires = "diff")]
    pub before: Option<String>,
    /// Commit that the diff leads to; else what the patch says
    #[arg(long, value_name = "COMMIT", requires = "diff")]
    pub after: Option<String>,
    /// An address: https://, http://, mailto:
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Moment whose value is frozen (series), or near which the alert fired
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Window that is kept (series); default: all
    #[command(flatten)]
    pub window: WindowArgs,
    /// Caption
    pub text: Vec<String>,
}

/// `coroner note CASE add …`.
#[derive(Debug, Clone, Args)]
pub struct NoteAddArgs {
    /// Kind of note, if the first word is none; without both: moment
    #[arg(long)]
    pub kind: Option<String>,
    /// Its fields.
    #[command(flatten)]
    pub fields: FieldArgs,
    /// Cause that a link points to, by the beginning of the id
    #[arg(long)]
    pub on: Option<String>,
    /// How --causes act on this cause: causes, enables, amplifies, masks, blocks, mitigates, contradicts
    #[arg(long, default_value = "causes")]
    pub relation: String,
    /// The kind, then the words
    pub text: Vec<String>,
}

/// `coroner note CASE edit …`.
#[derive(Debug, Clone, Args)]
pub struct NoteEditArgs {
    /// Beginning of its id
    pub id: String,
    /// Its fields.
    #[command(flatten)]
    pub fields: FieldArgs,
    /// Labels to take off
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    pub untag: Vec<String>,
    /// New words; none leaves them
    pub text: Vec<String>,
}

/// Fields of a note. Each option sets the field that the kind has for it.
#[derive(Debug, Clone, Args, Default)]
pub struct FieldArgs {
    /// When
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// End, or the latest moment of a marker
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Which marker, section or bucket (well, badly, lucky, surprised)
    #[arg(long)]
    pub name: Option<String>,
    /// Service it speaks of
    #[arg(long)]
    pub service: Option<String>,
    /// Row of the timeline: change, alert, symptom, action, decision, communication, recovery, observation
    #[arg(long)]
    pub row: Option<String>,
    /// Sort of a cause or action item, group of a factor
    #[arg(long = "type")]
    pub subtype: Option<String>,
    /// Status of a cause, hypothesis or question; effect of an attempt; verdict of a stage
    #[arg(long)]
    pub status: Option<String>,
    /// Owner of an action item (team or role)
    #[arg(long)]
    pub owner: Option<String>,
    /// Due date of an action item, YYYY-MM-DD
    #[arg(long)]
    pub due: Option<String>,
    /// Priority of an action item, P0 … P3
    #[arg(long)]
    pub priority: Option<String>,
    /// How one can tell that an action item is done
    #[arg(long)]
    pub done_when: Option<String>,
    /// Where an action item is tracked
    #[arg(long)]
    pub link: Option<String>,
    /// How a marker was found; default: manual
    #[arg(long)]
    pub rule: Option<String>,
    /// Evidence for it, by the beginning of the id; added to what is there
    #[arg(long, value_delimiter = ',')]
    pub evidence: Vec<String>,
    /// Evidence against it; added to what is there
    #[arg(long, value_delimiter = ',')]
    pub against: Vec<String>,
    /// Causes that lead to this cause, that this action answers, or that this link starts from
    #[arg(long, value_delimiter = ',')]
    pub causes: Vec<String>,
    /// Labels to add
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    pub tag: Vec<String>,
    /// Any field by its key (below, with kinds); an empty VALUE takes it away; vis=public, pinned=yes for every kind
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub set: Vec<String>,
}

/// All kinds with their fields.
fn kinds_help() -> String {
    let mut help = String::from("Kinds, what their words are, and their fields (! needed) for --set:\n");
    for kind in KINDS {
        let _ = writeln!(help, "  {:<10} {}", kind.name, kind.text);
        for field in kind.fields {
            let sign = if field.is_needed { "!" } else { "" };
            let words = match field.sort {
                FieldSort::Choice(words) | FieldSort::Suggested(words) => format!(": {}", words().join(", ")),
                _ => String::new(),
            };
            let _ = writeln!(help, "      {:<18} {}{words}", format!("{}{sign}", field.key), field.says);
        }
    }
    help
}
