//! The command line as `clap` sees it: words and types only, no side effects.
//!
//! Help, man page and completions come from these definitions.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use super::merge::MergeArgs;
pub use super::note::args::{NoteAction, NoteAddArgs, NoteArgs, PinArgs};
pub use super::reading::{OpenArgs, ReadArgs, WindowArgs};
use crate::report::format::Format;
use crate::report::words::Language;

/// Explore what is left of an incident: metrics, logs, deploys, alerts and profiles on one clock.
#[derive(Debug, Parser)]
#[command(name = "coroner", version, about, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(
    after_help = "Examples:\n  coroner                        welcome: this folder, a guided tour, recent cases\n  coroner incident/              open a folder\n  coroner demo                   open the recorded outage\n  \
    coroner inspect incident/      what was recognised, and every problem\n  coroner events incident/ --level error --from T+3m --limit 20\n\n\
    Colours and signs follow the terminal's background, NO_COLOR, TERM, COLORTERM, COLORFGBG and the locale;\n\
    CORONER_THEME=dark|light|high-contrast|16|16-light|mono and ascii choose, for example CORONER_THEME=light,ascii.\n\
    Recent cases are listed in $XDG_STATE_HOME/coroner/recent.json; CORONER_NO_RECENT=1 keeps no list.\n\n\
    Exit codes: 0 done; 1 the answer is \"no\" (nothing matched); 2 usage, unreadable input, or a gate (lint, verify) that objects."
)]
pub struct Cli {
    /// What to do; without a command the explorer opens.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to open.
    #[command(flatten)]
    pub open: OpenArgs,
    /// Follow growing files: new lines appear as they are written (^f on screen)
    #[arg(long)]
    pub follow: bool,
    /// How the screen begins.
    #[command(flatten)]
    pub begin: BeginArgs,
}

/// How the screen begins.
#[derive(Debug, Clone, Args, Default)]
pub struct BeginArgs {
    /// Tell everything in lines of text instead of a screen: for screen readers, TERM=dumb, and keys out of a pipe (U p on screen)
    #[arg(long)]
    pub plain: bool,
    /// Colours and signs: dark, light, high-contrast, 16, 16-light, mono, ascii, unicode; over settings and `CORONER_THEME`
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(crate::config::THEMES), hide_possible_values = true)]
    pub theme: Option<String>,
    /// Run the commands of a file when everything is read: one a line, as after : on screen; # begins a comment
    #[arg(long, value_name = "FILE")]
    pub run: Option<PathBuf>,
    /// Settings of this file instead of the usual one (coroner config --path)
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// No settings file at all
    #[arg(long)]
    pub no_config: bool,
    /// Neither take up nor keep the place in the case, typed commands and macros
    #[arg(long)]
    pub no_state: bool,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the recorded outage that comes with the program
    Demo {
        /// Without the notes of the finished case
        #[arg(long)]
        blank: bool,
        /// Print the screen once, as text, and leave
        #[arg(long)]
        print: bool,
        /// Folder of the case, for your notes; default: coroner-demo in this folder, made with the first note
        #[arg(long, value_name = "DIR")]
        case: Option<PathBuf>,
        /// How the screen begins.
        #[command(flatten)]
        begin: BeginArgs,
    },
    /// What was recognised: per source format and why, records, span, zone, every problem with <file:line> and reason
    Inspect {
        /// Sources.
        #[command(flatten)]
        open: OpenArgs,
        /// One JSON document (coroner.inspect/1)
        #[arg(long)]
        json: bool,
        /// Also say why each source was taken for its format, what else it could be, its lines, levels and services
        #[arg(long, short)]
        verbose: bool,
    },
    /// Log events in time order
    #[command(after_help = filter_help("events"))]
    Events {
        /// Sources.
        #[command(flatten)]
        open: OpenArgs,
        /// Window.
        #[command(flatten)]
        window: WindowArgs,
        /// Only events that pass this filter: level>=warn service:order "exact words" /regex/ (all of it: below)
        #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
        filter: Option<String>,
        /// At least this severe: trace, debug, info, warn, error, fatal
        #[arg(long, value_name = "LEVEL")]
        level: Option<String>,
        /// The raw record must match this regular expression (repeatable)
        #[arg(long, value_name = "RE")]
        grep: Vec<String>,
        /// The record must hold the letters of each word in this order; those that fit best come first
        #[arg(long, value_name = "Q")]
        fuzzy: Option<String>,
        /// Only this service (repeatable)
        #[arg(long, value_name = "NAME")]
        service: Vec<String>,
        /// Only events of this trace id
        #[arg(long, value_name = "ID")]
        trace: Option<String>,
        /// At most so many events
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// Records without a usable time instead of the placed ones
        #[arg(long)]
        unplaced: bool,
        /// With the number of each event's message pattern
        #[arg(long)]
        patterns: bool,
        /// Print the last events (10, or --limit), then new ones as they are written, until interrupted
        #[arg(long, short, conflicts_with_all = ["unplaced"])]
        follow: bool,
        /// List the patterns instead, each with its events before and after this moment: born, surged, died, steady
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, requires = "patterns", conflicts_with = "unplaced")]
        around: Option<String>,
        /// JSON lines
        #[arg(long)]
        json: bool,
    },
    /// One trace: its events of all sources in time order, the gaps between them, and whether the clocks agree
    Trace {
        /// Sources; the trace id may stand behind them.
        #[command(flatten)]
        open: OpenArgs,
        /// The trace id, as --id or as the last word; without it only the clocks are compared, by the traces that sources share
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// One JSON document (coroner.trace/1)
        #[arg(long)]
        json: bool,
    },
    /// Counts of log events over time
    #[command(after_help = filter_help("histogram"))]
    Histogram {
        /// Sources.
        #[command(flatten)]
        open: OpenArgs,
        /// Window.
        #[command(flatten)]
        window: WindowArgs,
        /// Width of a bucket: 250ms, 1s, 5m
        #[arg(long, visible_alias = "step", value_name = "DURATION", default_value = "1s")]
        bucket: String,
        /// Group by level, service, source, pattern, template or any field (comma separated)
        #[arg(long, value_name = "KEYS", value_delimiter = ',', default_value = "level")]
        by: Vec<String>,
        /// Statistics of a numeric field: p50 p90 p99 p99.9 min max mean sum, as p99:latency (repeatable)
        #[arg(long, value_name = "STAT:FIELD", value_delimiter = ',')]
        stat: Vec<String>,
        /// Only events that pass this filter: level>=warn service:order "exact words" /regex/ (all of it: below)
        #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
        filter: Option<String>,
        /// At least this severe
        #[arg(long, value_name = "LEVEL")]
        level: Option<String>,
        /// The raw record must match this regular expression (repeatable)
        #[arg(long, value_name = "RE")]
        grep: Vec<String>,
        /// Only this service (repeatable)
        #[arg(long, value_name = "NAME")]
        service: Vec<String>,
        /// One JSON document (coroner.histogram/1)
        #[arg(long)]
        json: bool,
    },
    /// Which values the events of a window have, and how many events each: levels, services, patterns, every field
    #[command(after_help = filter_help("facets"))]
    Facets {
        /// Sources.
        #[command(flatten)]
        open: OpenArgs,
        /// Window.
        #[command(flatten)]
        window: WindowArgs,
        /// Only these: level, service, source, pattern or any field (comma separated); default: all
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        field: Vec<String>,
        /// Only events that pass this filter: level>=warn service:order "exact words" /regex/ (all of it: below)
        #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
        filter: Option<String>,
        /// At most so many values of each as text
        #[arg(long, value_name = "N", default_value_t = 10)]
        limit: usize,
        /// Count fields in all events; default: of more than 100,000 in a sample of 50,000 or more, which is said
        #[arg(long)]
        exact: bool,
        /// One JSON document (coroner.facets/1)
        #[arg(long)]
        json: bool,
    },
    /// What is different in a window: series, levels, services, patterns and field values against a baseline
    Compare {
        /// Sources.
        #[command(flatten)]
        open: OpenArgs,
        /// Window; without it everything after the baseline.
        #[command(flatten)]
        window: WindowArgs,
        /// What is normal; default: the data before T+0 or the impact of the case, else the first fifth
        #[arg(long, value_name = "FROM..TO", allow_hyphen_values = true)]
        baseline: Option<String>,
        /// Only events that pass this filter; series are compared whatever it says
        #[arg(long, value_name = "EXPR")]
        filter: Option<String>,
        /// Series that moved most first, or those that moved first
        #[arg(long, value_name = "ORDER", default_value = "size", value_parser = ["size", "time"])]
        sort: String,
        /// At most so many differences of each kind as text
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// One JSON document (coroner.compare/1)
        #[arg(long)]
        json: bool,
    },
    /// Metric series: list them, their values at a moment, or their course
    Series {
        /// Sources.
        #[command(flatten)]
        open: OpenArgs,
        /// Window.
        #[command(flatten)]
        window: WindowArgs,
        /// Only series whose name or name{label="value"} matches: * any text, ? any character
        #[arg(long = "match", value_name = "GLOB")]
        pattern: Option<String>,
        /// Formula.
        #[arg(
            long,
            value_name = "PROMQL",
            conflicts_with = "pattern",
            help = "A formula over the series in PromQL instead: sum by (service) (rate(http_requests_total[10s]))"
        )]
        expr: Option<String>,
        /// Only exemplars: single observations that series keep as examples, with the trace that made them
        #[arg(long, conflicts_with_all = ["expr", "at", "columns", "step"])]
        exemplars: bool,
        /// Value at a moment: the last sample at or before it, null if stale
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, conflicts_with_all = ["columns", "step"])]
        at: Option<String>,
        /// Course in so many equal columns
        #[arg(long, value_name = "N")]
        columns: Option<std::num::NonZeroUsize>,
        /// Course in columns of this width: 1s, 30s, 5m
        #[arg(long, visible_alias = "bucket", value_name = "DURATION", conflicts_with = "columns")]
        step: Option<String>,
        /// One JSON document (coroner.series/1)
        #[arg(long)]
        json: bool,
    },
    /// Add, list, show, edit, tag, move and remove notes of a case without the screen
    Note(NoteArgs),
    /// Merge two versions of a case file by record and field (a merge driver for git), or settle what is left on screen
    Merge(MergeArgs),
    /// Write the postmortem of a case: postmortem.md and its charts, or other forms
    #[command(after_help = export_help())]
    Export(Box<ExportArgs>),
    /// What a reviewer would object to in the postmortem of a case: rules PM001 to PM032
    Lint {
        /// Folder of the case, or its sources; without any: the demo
        #[command(flatten)]
        open: OpenArgs,
        /// The exported document; default: postmortem.md in the case folder, if it is there
        #[arg(long, value_name = "FILE.md")]
        document: Option<PathBuf>,
        /// Exit with 1 on warnings too
        #[arg(long)]
        strict: bool,
        /// The day on which due dates are judged, YYYY-MM-DD; default: today
        #[arg(long, value_name = "DATE")]
        today: Option<String>,
        /// One JSON document (coroner.lint/1)
        #[arg(long)]
        json: bool,
    },
    /// Verdicts of the stages of a rollout: requests, share of failures, P99 and named limits, by the series of each stage
    #[command(after_help = "Exit codes: 0 every stage passed; 1 one failed, or nothing can be told.\n\n\
        A stage is a note: coroner note CASE add stage \"1 %\" --at FROM --to UNTIL --set pct=1. A series belongs to it when it carries all labels of its selector.")]
    Canary {
        /// Folder of the case, or its sources; without any: the demo
        #[command(flatten)]
        open: OpenArgs,
        /// One JSON document (coroner.canary/1)
        #[arg(long)]
        json: bool,
    },
    /// Compute every number, table cell and quoted line of an exported postmortem again
    #[command(
        after_help = "Exit codes: 0 all the same; 1 nothing drifted, but something cannot be checked (source missing); 2 something drifted."
    )]
    Verify {
        /// The exported document (md, html or json), or the folder of a case that holds it as postmortem.md
        #[arg(value_name = "FILE|CASE")]
        document: PathBuf,
        /// Sources or case folder; default: the folder of the document
        #[command(flatten)]
        open: OpenArgs,
        /// One JSON document (coroner.verify/1)
        #[arg(long)]
        json: bool,
    },
    /// The screen at a moment as text or SVG
    Screenshot {
        /// Folder of the case, or its sources; without any: the demo
        #[command(flatten)]
        open: OpenArgs,
        /// FILE.svg or FILE.txt; default: text on standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Columns x rows
        #[arg(long, value_name = "WxH", default_value = "120x40")]
        size: String,
        /// Put the cursor here first
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        at: Option<String>,
        /// Then run the commands of a file: one a line, as after : on screen
        #[arg(long, value_name = "FILE")]
        run: Option<PathBuf>,
        /// Keys.
        #[arg(
            long,
            value_name = "KEYS",
            help = "Then press these keys, for example \"v 10*l Enter\"; <zoom-in> or <goto T+3m> runs an action by its name"
        )]
        keys: Option<String>,
        /// Keys and settings of this file; without it those of the program
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Colours: dark, light, high-contrast, 16, 16-light, mono, ascii
        #[arg(long, value_name = "NAME", default_value = "dark")]
        theme: String,
        /// The same moment in lines of text, courses in words
        #[arg(long)]
        plain: bool,
    },
    /// The settings file: where it lies, what it says, what it could say. None is needed
    Config {
        /// Print every key with its default and what it means
        #[arg(long, conflicts_with_all = ["path", "check"])]
        print_default: bool,
        /// Print where the file is looked for
        #[arg(long, conflicts_with = "check")]
        path: bool,
        /// Tell what is wrong in the file, and which of your keys took one from another action (exit code 1)
        #[arg(long)]
        check: bool,
        /// This file instead of the usual one
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Shell completions: bash, zsh, fish, elvish, powershell
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff
    Man,
}

/// `coroner export CASE …`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Folder of the case, or its sources
    #[command(flatten)]
    pub open: OpenArgs,
    /// Forms, comma separated (all of them: below)
    #[arg(long, short, value_name = "NAMES", value_delimiter = ',', default_value = "md", value_parser = parse_format)]
    pub format: Vec<Format>,
    /// Order of sections of md and html (all of them: below), or a file of your own: NAME.md.j2
    #[arg(long, short, value_name = "NAME|FILE.j2", default_value = "full")]
    pub template: String,
    /// Language of the fixed words of md, html and slack: en, zh
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = parse_language)]
    pub lang: Language,
    /// Take out people, machines, addresses, links and internal notes from any form; --template public does so by itself
    #[arg(long)]
    pub public: bool,
    /// Only list what would be taken out, by rule; write nothing (exit code 1: nothing)
    #[arg(long)]
    pub redactions: bool,
    /// No mermaid graph in md; the chain stays as a list
    #[arg(long)]
    pub no_mermaid: bool,
    /// No HTML in md: no line breaks in cells, nothing that folds, no comments
    #[arg(long)]
    pub no_html: bool,
    /// No footnotes in md: labels of evidence stay, without the notes at the end that say where it is from
    #[arg(long)]
    pub no_footnotes: bool,
    /// FILE of the first form, the others beside it; or a folder (existing, or without an ending); default: the case folder
    #[arg(long, short, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Overwrite a file that was edited by hand or comes from elsewhere; the old one stays beside it as FILE.orig
    #[arg(long)]
    pub force: bool,
    /// Tell the files that were written as JSON (coroner.export/1)
    #[arg(long)]
    pub json: bool,
}

/// Forms and templates of `export`.
fn export_help() -> String {
    use crate::report::{format, layout, template};
    format!("Forms:\n{}\n\nTemplates:\n{}\n\n{}", format::table(), layout::table(), template::HELP)
}

fn parse_language(name: &str) -> Result<Language, String> {
    Language::from_name(name).ok_or_else(|| "no such language; there are en, zh".to_owned())
}

fn parse_format(name: &str) -> Result<Format, String> {
    let names = || crate::report::format::ALL.map(|entry| entry.1).join(", ");
    Format::from_name(name).ok_or_else(|| format!("no such form; there are {}", names()))
}

/// The filter language and examples of it with a command.
fn filter_help(command: &str) -> String {
    let examples = [
        "'level>=error service:order latency>1s'",
        "'status:5xx (pool or timeout) -\"health check\"'",
        "'since:T+1m until:T+3m /acquire: \\w+/ user.id:42'",
    ];
    let examples: Vec<String> = examples.iter().map(|example| format!("  coroner {command} incident/ --filter {example}")).collect();
    format!("{}\n\nExamples:\n{}", crate::model::filter::LANGUAGE, examples.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_window_may_be_given_relative_to_the_end() {
        let cli = Cli::try_parse_from(["coroner", "events", "x", "--from", "-5m", "--level", "error"]).unwrap();
        let Some(Command::Events { window, .. }) = cli.command else { panic!("events expected") };
        assert_eq!(window.from.as_deref(), Some("-5m"));
    }
}
