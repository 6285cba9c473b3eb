//! `replay`: queues documents again in their newest version, whatever the target was told.

use crate::cli::args::{Chosen, Replay};
use crate::cli::context::Context;
use crate::cli::deliveries::act;
use crate::cli::output::{Exit, Failure};
use crate::engine::operate::Action;

pub async fn run(context: &Context, verb: Replay) -> Result<Exit, Failure> {
    let chosen = Chosen { keys: verb.keys, scheme: Some(verb.scheme), target: Some(verb.target), all: verb.all };
    act(context, chosen, Action::Replay).await
}
