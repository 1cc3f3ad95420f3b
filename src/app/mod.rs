//! State and everything that changes it: no I/O, no colours, no clock of its own.

pub mod message;

pub use message::{Effect, JobId, KeyCode, KeyPress, Message, Question, Reply};
