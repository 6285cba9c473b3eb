//! What people do: one word names one document, an unknown name is told, and what does not run says so.

use super::support::{capture, engine, pass, put, row, scheme};
use crate::engine::Engine;
use crate::engine::operate::{Action, OperateError, Selection};
use crate::reason::State;
use crate::scheme::Initial;

fn named(keys: &[&str]) -> Selection {
    Selection { keys: keys.iter().map(|key| (*key).to_owned()).collect(), ..Selection::default() }
}

fn delivered_as(id: &str) -> Action {
    Action::ResolveDelivered { id: Some(id.to_owned()) }
}

async fn refused(engine: &Engine, selection: &Selection, action: &Action) -> String {
    match engine.act(selection, action).await {
        Err(OperateError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn states(engine: &Engine, scheme: &str, target: &str, ids: &[&str]) -> Vec<State> {
    ids.iter().map(|id| row(engine, scheme, target, id).unwrap().state).collect()
}

#[tokio::test]
async fn a_number_of_several_documents_moves_none_of_them_and_lists_them() {
    let schemes = [("a", scheme("initial: send", &["t"])), ("b", scheme("initial: send", &["t"]))];
    let engine = engine(&schemes).await;
    capture(&engine, "a", "N", &["1", "2"]).await;
    for id in ["1", "2"] {
        put(&engine, ("a", "t"), id, State::InDoubt).await;
    }
    let discard = Action::Discard { reason: "x".into() };
    for action in [delivered_as("X"), Action::ResolveResend, discard, Action::Retry, Action::Replay] {
        let why = refused(&engine, &named(&["N"]), &action).await;
        assert!(why.contains("a/1, a/2"), "{action:?}: {why}");
    }
    assert_eq!(states(&engine, "a", "t", &["1", "2"]), [State::InDoubt; 2]);
    // Nothing is moved of the others either.
    refused(&engine, &named(&["1", "N"]), &Action::ResolveResend).await;
    assert_eq!(states(&engine, "a", "t", &["1", "2"]), [State::InDoubt; 2]);

    let acted = engine.act(&named(&["1"]), &delivered_as("X")).await.unwrap();
    assert_eq!(acted.done, ["a/t/1"]);
    assert_eq!(states(&engine, "a", "t", &["1", "2"]), [State::Delivered, State::InDoubt]);

    // The same word in two schemes names two documents as well, until the scheme is said.
    capture(&engine, "b", "N", &["2"]).await;
    put(&engine, ("b", "t"), "2", State::InDoubt).await;
    let why = refused(&engine, &named(&["2"]), &Action::ResolveResend).await;
    assert!(why.contains("a/2, b/2"), "{why}");
    let in_b = Selection { scheme: Some("b".into()), ..named(&["2", "N"]) };
    assert_eq!(engine.act(&in_b, &Action::ResolveResend).await.unwrap().done, ["b/t/2"], "once");
}

#[tokio::test]
async fn a_target_documents_id_settles_one_delivery() {
    let engine = engine(&[("s", scheme("initial: send", &["t", "u"]))]).await;
    capture(&engine, "s", "N", &["1", "2"]).await;
    for target in ["t", "u"] {
        for id in ["1", "2"] {
            put(&engine, ("s", target), id, State::InDoubt).await;
        }
    }
    let why = refused(&engine, &named(&["1"]), &delivered_as("X")).await;
    assert!(why.contains("t, u"), "{why}");
    let at_t = |selection| Selection { target: Some("t".into()), ..selection };
    refused(&engine, &at_t(named(&["1", "2"])), &delivered_as("X")).await;
    refused(&engine, &at_t(Selection { all: true, ..Selection::default() }), &delivered_as("X")).await;
    assert_eq!(engine.act(&at_t(named(&["1"])), &delivered_as("X")).await.unwrap().done, ["s/t/1"]);
    assert_eq!(row(&engine, "s", "t", "1").unwrap().receipt.unwrap().id.as_deref(), Some("X"));
    // Without an id several may be settled at once.
    let both = engine.act(&named(&["2"]), &Action::ResolveDelivered { id: None }).await.unwrap();
    assert_eq!(both.done, ["s/t/2", "s/u/2"]);
}

#[tokio::test]
async fn unknown_targets_and_documents_are_told() {
    let schemes = [("a", scheme("initial: send", &["t"])), ("b", scheme("", &["u"])), ("c", scheme("", &[]))];
    let engine = engine(&schemes).await;
    capture(&engine, "a", "N", &["1"]).await;
    capture(&engine, "b", "N", &["2"]).await;
    capture(&engine, "c", "N", &["1"]).await;
    for (scheme, target, known) in [(None, "nosuch", "t, u"), (Some("a"), "u", "t")] {
        let selection =
            Selection { scheme: scheme.map(str::to_owned), target: Some(target.into()), all: true, ..named(&[]) };
        let error = engine.act(&selection, &Action::Retry).await.unwrap_err();
        assert_eq!(error.to_string(), format!("there is no target `{target}`; known: {known}"));
        assert!(matches!(error, OperateError::Unknown { what: "target", .. }));
    }
    // A scheme without targets has no deliveries: its document is not meant.
    let acted = engine.act(&named(&["1", "2", "9"]), &Action::Retry).await.unwrap();
    assert_eq!(acted.unknown, ["9"]);
    assert_eq!(acted.left, ["a/t/1: not yet planned", "b/u/2: waiting; `decide` says what becomes of it"]);
}

#[tokio::test]
async fn what_does_not_run_is_not_said_to_start() {
    let schemes = [("off", scheme("enabled: false\ninitial: send", &["t"])), ("on", scheme("initial: send", &["t"]))];
    let engine = engine(&schemes).await;
    for result in [engine.run_now("off"), engine.sweep_now("off"), engine.must_run("off").map(drop)] {
        let error = result.unwrap_err();
        assert!(matches!(&error, OperateError::NotNow(why) if why.contains("disabled")), "{error}");
    }
    engine.run_now("on").unwrap();
    engine.sweep_now("on").unwrap();
    engine.pause("on", None, Some("by a person".into())).await.unwrap();
    for result in [engine.run_now("on"), engine.sweep_now("on")] {
        let error = result.unwrap_err();
        let told = matches!(&error, OperateError::NotNow(why) if why.contains("by a person") && why.contains("resume"));
        assert!(told, "{error}");
    }
    engine.must_run("on").unwrap();
    engine.pause("on", None, None).await.unwrap();
    engine.run_now("on").unwrap();
}

#[tokio::test]
async fn decide_tells_how_many_documents_it_touches_and_how_many_it_does_not() {
    let engine = engine(&[("s", scheme("", &["t , baseline_missing: create"]))]).await;
    capture(&engine, "s", "N", &["1", "2", "3"]).await;
    let waiting = engine.decide("s", None, Initial::Baseline, None).await.unwrap();
    assert_eq!((waiting.told, waiting.documents, waiting.baselined), (1, 3, 0));
    pass(&engine).await;
    assert_eq!(states(&engine, "s", "t", &["1", "2", "3"]), [State::Skipped; 3]);
    assert_eq!(engine.decide("s", None, Initial::Send, None).await.unwrap().told, 0);
    let known = engine.decide("s", Some("t"), Initial::Send, None).await.unwrap();
    assert_eq!((known.told, known.documents, known.baselined), (1, 0, 3));
    pass(&engine).await;
    assert_eq!(states(&engine, "s", "t", &["1", "2", "3"]), [State::Skipped; 3], "as it says");
    // What it names does send one.
    let one = Selection { target: Some("t".into()), ..named(&["1"]) };
    engine.act(&one, &Action::Replay).await.unwrap();
    pass(&engine).await;
    assert_eq!(states(&engine, "s", "t", &["1", "2"]), [State::Delivered, State::Skipped]);
    assert!(engine.store.target("s", "t").unwrap().unwrap().answer.is_some());
}
