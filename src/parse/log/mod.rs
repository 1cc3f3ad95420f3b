//! Log lines of any logger.

/// How the lines of one log are read: layouts, key roles, epoch units, zone.
#[derive(Debug, Clone, Default)]
pub struct LogPlan {}
