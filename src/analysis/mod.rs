//! Pure reckoning over values: which series tell the story, what was normal, how far it went, whose clock is wrong.

pub mod compare;
pub mod onset;
pub mod panels;
pub mod shift;
pub mod skew;
pub mod stats;
