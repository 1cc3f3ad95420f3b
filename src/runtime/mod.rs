//! Everything impure: threads, the terminal, the wall clock, files written.

pub mod journal;
