//! State and everything that changes it: no I/O, no colours, no clock of its own.
//!
//! `actions` is the table of everything a key can do, `update` changes [`State`] and answers with effects,
//! `jobs` keeps questions and answers apart, `session` holds the case with undo. Views (`lanes`, `panels`,
//! `list`, `side`) are made here when something changes, so that drawing only copies.

pub mod actions;
pub(crate) mod arguments;
pub(crate) mod chips;
pub(crate) mod clock;
pub(crate) mod columns;
pub mod commands;
pub(crate) mod compare;
pub mod debt;
pub mod draft;
pub(crate) mod editor;
pub(crate) mod exemplars;
pub(crate) mod facets;
pub(crate) mod find;
pub(crate) mod follow;
pub(crate) mod form;
pub(crate) mod ghost;
pub(crate) mod heat;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod jobs;
pub mod keymap;
pub mod keys;
pub(crate) mod lanes;
pub(crate) mod layout;
pub(crate) mod line;
pub(crate) mod list;
pub mod looks;
pub(crate) mod macros;
pub mod message;
pub mod mouse;
pub(crate) mod overlay;
pub(crate) mod panels;
pub(crate) mod paper;
pub(crate) mod parts;
pub(crate) mod patterns;
pub(crate) mod places;
pub(crate) mod press;
pub(crate) mod preview;
pub(crate) mod prompt;
pub(crate) mod replay;
pub(crate) mod resume;
pub(crate) mod said;
pub(crate) mod scale;
pub mod script;
pub(crate) mod selector;
pub(crate) mod series_search;
pub(crate) mod session;
pub mod settings;
pub(crate) mod shapes;
pub(crate) mod shown;
pub(crate) mod side;
pub(crate) mod state;
pub(crate) mod timeline;
pub mod tour;
pub(crate) mod trace;
pub(crate) mod trust;
pub(crate) mod update;
pub mod welcome;
pub(crate) mod works;

pub use crate::model::fuzzy;
pub use actions::{Action, ActionInfo};
pub use message::{Effect, JobId, Memory, Message, Question, Reply};
pub use press::{KeyCode, KeyPress};
pub use script::Script;
pub use session::CasePlace;
pub use settings::Settings;
pub use state::{Setup, State};
pub use update::update;
