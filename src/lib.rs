//! Coroner: an interactive incident-timeline explorer for the terminal.
//!
//! **The five-minute story.** A [`source::Source`] answers questions; [`app::update()`] turns messages into
//! state and effects; [`ui`] paints state; [`runtime`] does everything impure.
//!
//! ```text
//!     main.rs  cli/  config.rs                     read arguments, start, exit code
//!                   │
//!                runtime/                          the only threads, async (tokio), terminal, wall clock, files written
//!     ┌────────┬────┴─────┬──────────┬─────────┐
//!    ui/    source/   analysis/   report/      │   four neighbours; none names another
//!     │      │    │       │          │         │
//!    app/  parse/ store/  │          │         │   app: pure; parse and store know no Source
//!     └──────┴────┴───┬───┴──────────┴─────────┘
//!                   model/                         plain values: no I/O, no ratatui, no async
//! ```
//!
//! Arrows go down only; `tests/layers.rs` reads every `crate::x` and fails otherwise.
//!
//! # The two flows
//!
//! Data: `bytes → chunk → parse → store columns + pyramid → Source answer at screen width → view-model → buffer`.
//! Control: `key → keymap(context) → Action → update → Effect → runtime job → Reply → update → draw`.
//!
//! # Where to start reading
//!
//! * A format is recognised wrongly: [`parse`] (`detect` decides, one file a format parses).
//! * A number is wrong: [`store`] (what is kept) and [`source`] (what is answered).
//! * A key does the wrong thing: [`app`] (the action table, the keymap, `update`).
//! * A pane looks wrong: [`ui`], one file a pane.
//! * The postmortem says something wrong: [`report`].
//! * Something blocks, leaks or is not saved: [`runtime`].
//!
//! # Invariants (each has a test)
//!
//! 1. A spike survives every zoom level; a gap is never drawn as a value; a clipped quantile says ≥.
//! 2. Loading never blocks a key; quitting while loading ends at once.
//! 3. Order of load, number of threads and chunk size never change an answer.
//! 4. Bytes from sources never reach the terminal or an export unescaped ([`model::text`]).
//! 5. No number is printed in a report without a recomputable definition.
//! 6. load → save of a case is byte-identical; unknown fields and kinds survive.
//! 7. A source that fails is a notice in its pane; the rest goes on.

pub mod analysis;
pub mod app;
pub mod cli;
pub mod config;
pub mod model;
pub mod parse;
pub mod report;
pub mod runtime;
pub mod source;
pub mod store;
pub mod ui;
