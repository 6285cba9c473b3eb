//! What several tests need.

pub mod clock;
pub mod scripted;
pub mod world;
