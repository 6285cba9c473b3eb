//! Access tokens of 聚水潭 that end: another one is got and kept, through kills too; where only a person can, it is said.

use std::fs;

use serde_json::{Value, json};

use crate::support::place::Place;
use crate::support::systems::Systems;

/// From now on the token that is in use is refused.
fn end_token(systems: &Systems) {
    systems.fault(json!({ "system": "jushuitan", "call": "orders.out.simple.query", "fault": "token_revoked" }));
}

fn kept(place: &Place) -> Value {
    serde_json::from_slice(&fs::read(place.path("data/tokens.json")).unwrap()).unwrap()
}

#[test]
fn a_token_that_ends_is_replaced_and_the_new_one_kept_for_the_next_start() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    systems.switch("jushuitan.init_token", "ended");
    end_token(&systems);
    place.done(&["once"]);
    systems.assert_exact();
    let first = kept(&place);
    systems.edit(json!({ "rate": 0.3 }));
    place.done(&["once"]);
    systems.assert_exact();
    assert_eq!(kept(&place), first, "it is used without asking for another");
    // The next one is given for the refresh token that came with it.
    end_token(&systems);
    systems.edit(json!({ "rate": 0.3 }));
    place.done(&["once"]);
    systems.assert_exact();
    assert_ne!(kept(&place), first);
}

#[test]
fn a_kill_between_a_new_token_and_its_keeping_needs_nobody() {
    let systems = Systems::start(40);
    let place = Place::new(&systems);
    end_token(&systems);
    let mut command = place.command(&["once"]);
    command.env("DELTAFERRY_CRASH", "token.granted:1");
    assert_eq!(place.run_command(command).code, -1);
    assert!(!place.path("data/tokens.json").exists(), "the old token is dead, the new one lost");
    place.done(&["once"]);
    systems.assert_exact();
}

#[test]
fn an_app_that_may_not_renew_names_the_merchant() {
    let systems = Systems::start(20);
    let place = Place::new(&systems);
    place.reconfigure("app: self", "app: isv");
    systems.switch("jushuitan.app", "isv");
    end_token(&systems);
    let failed = place.run(&["once"]).ended(1);
    assert!(failed.err.contains("the merchant must authorise the app again"), "{}", failed.err);
    assert!(!place.path("data/tokens.json").exists());
}
