//! Stand-in.
use super::{Context, Plan, Verdict, Windows};
use crate::model::SourceKind;
/// Stand-in.
pub fn detect(_windows: &Windows<'_>, _context: &Context) -> Verdict {
    Verdict { kind: SourceKind::Unknown, format: String::new(), confidence: 0.0, runner_up: None, why: String::new(), plan: Plan::Nothing }
}
