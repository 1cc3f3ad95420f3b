//! Everything impure: the only threads, the async loop, the terminal, the wall clock, files written.
//!
//! `session` is the loop; `jobs` answers questions in the background; `saver` owns the case on disk; `batch` runs the
//! same state machine without a terminal.

pub mod answer;
pub mod batch;
pub mod clocks;
pub mod compare;
pub mod editor;
pub mod export;
pub mod exported;
pub mod facts;
pub mod find;
pub mod follow;
pub mod frame;
pub mod gate;
pub mod input;
pub mod jobs;
pub mod journal;
pub mod keyboard;
pub mod manuscript;
pub mod memory;
mod names;
mod onsets;
pub mod outside;
pub mod position;
pub mod private;
pub mod programs;
pub mod publish;
pub mod recent;
pub mod saver;
pub mod sections;
mod serving;
pub mod session;
pub mod standing;
pub mod svg;
pub mod terminal;
pub mod welcome;
pub mod writer;
pub mod zones;
