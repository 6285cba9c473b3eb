//! What several tests need.

pub mod clock;
pub mod scripted;
pub mod world;

pub mod flow;
pub mod http;
pub mod names;
pub mod orders;
pub mod place;
pub mod service;
pub mod systems;
pub mod wait;
