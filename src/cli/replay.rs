//! `replay`: queues documents again in their newest version, whatever the target was told.

use crate::cli::args::{Chosen, Replay};
use crate::cli::context::Context;
use crate::cli::deliveries::act;
use crate::cli::output::{Exit, Failure};
use crate::engine::operate::Action;

pub async fn run(context: &Context, verb: Replay) -> Result<Exit, Failure> {
    let (scheme, target) = (Some(verb.scheme), Some(verb.target));
    let chosen =
        Chosen { keys: verb.keys, scheme, target, all: verb.all, stale: verb.stale, different: verb.different };
    act(context, chosen, Action::Replay).await
}
