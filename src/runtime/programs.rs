//! Programs of the user that texts are lent to: those of the settings, else those of the environment.
//!
//! Settled once, before anything runs; a process has one user.

use std::env;
use std::sync::OnceLock;

/// What the settings say.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// Edits texts.
    pub editor: Option<String>,
    /// Shows long texts.
    pub pager: Option<String>,
}

static SETTLED: OnceLock<Programs> = OnceLock::new();

/// Settles them; only the first call counts.
pub fn settle(programs: Programs) {
    let _ = SETTLED.set(programs);
}

fn named(name: &str) -> Option<String> {
    env::var(name).ok().filter(|program| !program.trim().is_empty())
}

/// The editor with its arguments: that of the settings, `$VISUAL`, `$EDITOR`, `vi`.
pub fn editor() -> String {
    let settled = SETTLED.get().and_then(|programs| programs.editor.clone());
    settled.or_else(|| named("VISUAL")).or_else(|| named("EDITOR")).unwrap_or_else(|| "vi".into())
}

/// The pager with its arguments: that of the settings, `$PAGER`, `less`.
pub fn pager() -> String {
    let settled = SETTLED.get().and_then(|programs| programs.pager.clone());
    settled.or_else(|| named("PAGER")).unwrap_or_else(|| "less".into())
}
