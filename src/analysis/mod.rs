//! Pure reckoning over values: which series tell the story, what was normal, how far it went.

pub mod panels;
pub mod stats;
