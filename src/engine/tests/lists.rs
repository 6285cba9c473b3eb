//! What people see: lists of deliveries and their pages, and a document in an older version.

use super::support::{capture, engine, pass, put, scheme};
use crate::clock::Zone;
use crate::engine::Engine;
use crate::engine::view::{DeliveryQuery, DeliveryView, Mask, Shown, deliveries, show, status};
use crate::name::Key;
use crate::reason::{Language, State};

fn query(limit: usize) -> DeliveryQuery {
    DeliveryQuery { target: None, state: None, after: None, limit, language: Language::English }
}

/// Everything a query lists, page by page.
fn all(engine: &Engine, query: &DeliveryQuery) -> Vec<DeliveryView> {
    let (mut found, mut query) = (Vec::new(), query.clone());
    loop {
        let (page, next) = deliveries(&*engine.store, &engine.units[0].scheme, &query).unwrap();
        assert!(page.len() <= query.limit);
        found.extend(page);
        match next {
            Some(place) => query.after = Some(place),
            None => return found,
        }
    }
}

#[tokio::test]
async fn each_delivery_is_listed_once_however_the_list_is_cut_and_the_targets_are_ordered() {
    let back = "zeta , writeback: { system: d, call: save, mapping: { mark: $receipt.id } }";
    let engine = engine(&[("s", scheme("initial: send", &[back, "alpha", "zeta-b"]))]).await;
    capture(&engine, "s", "N", &["1", "2", "3", "4"]).await;
    let mut expected = Vec::new();
    for target in ["zeta", "alpha", "zeta-b", "zeta.writeback"] {
        for (id, state) in
            [("1", State::Rejected), ("2", State::Pending), ("3", State::InDoubt), ("4", State::Delivered)]
        {
            put(&engine, ("s", target), id, state).await;
            if state != State::Delivered {
                expected.push(format!("s/{target}/{id}"));
            }
        }
    }
    expected.sort();
    for limit in 1..=expected.len() + 1 {
        let mut found: Vec<String> = all(&engine, &query(limit)).into_iter().map(|view| view.id).collect();
        found.sort();
        assert_eq!(found, expected, "{limit} a page");
    }
    let of_alpha = DeliveryQuery { target: Some("alpha".into()), ..query(2) };
    assert_eq!(all(&engine, &of_alpha).len(), 3);
    let delivered = DeliveryQuery { state: Some(State::Delivered), ..query(1) };
    assert_eq!(all(&engine, &delivered).len(), 4);
}

#[tokio::test]
async fn documents_that_wait_for_decide_or_for_their_turn_are_listed() {
    let engine = engine(&[("s", scheme("", &["t"]))]).await;
    capture(&engine, "s", "N", &["1", "2", "3"]).await;
    for limit in 1..=4 {
        let found = all(&engine, &query(limit));
        assert_eq!(found.iter().map(|view| view.key.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
        for view in found {
            assert_eq!((view.state, view.reason, view.version), ("waiting", Some("decision"), 1));
            assert!(view.text.contains("decide") && view.number.as_deref() == Some("N"), "{view:?}");
        }
    }
    let waiting = |state| DeliveryQuery { state: Some(state), ..query(10) };
    assert_eq!(all(&engine, &waiting(State::Waiting)).len(), 3);
    assert_eq!(all(&engine, &waiting(State::Pending)).len(), 0);
    // Those that have a row stand among those that have none, and each state is counted as it is listed.
    put(&engine, ("s", "t"), "2", State::Rejected).await;
    let listed = |engine: &Engine| all(engine, &query(2)).iter().map(|view| view.state).collect::<Vec<_>>();
    assert_eq!(listed(&engine), ["waiting", "rejected", "waiting"]);
    let shown = status(&*engine.store, &engine.units[0].scheme, engine.clock.now()).unwrap();
    assert_eq!(shown.targets[0].counts["waiting"], 2);

    engine.decide("s", None, crate::scheme::Initial::Send, None).await.unwrap();
    assert_eq!(listed(&engine), ["pending", "rejected", "pending"]);
    pass(&engine).await;
    // Until it was seen to show what it was sent, a target is sent one document alone.
    let keys = |state| all(&engine, &waiting(state)).into_iter().map(|view| view.key).collect::<Vec<_>>();
    assert_eq!(keys(State::Delivered), ["1"]);
    assert!(!keys(State::Pending).contains(&"1".to_owned()));
}

#[tokio::test]
async fn an_older_version_is_shown_with_what_belongs_to_it() {
    let engine = engine(&[("s", scheme("initial: send", &["t"]))]).await;
    capture(&engine, "s", "OLD", &["0", "1"]).await;
    // Its change lies behind more others than are looked at together.
    for _ in 0..1_200 {
        capture(&engine, "s", "N", &["0"]).await;
    }
    capture(&engine, "s", "NEW", &["1"]).await;
    let (mask, zone) = (Mask::new::<&str>(&[]), Zone::utc());
    let shown = Shown { mask: &mask, zone: &zone, language: Language::English };
    let of = |version| {
        let found = show(&*engine.store, &engine.units[0].scheme, &Key::from_text("1"), version, shown).unwrap();
        let found = found.unwrap();
        let head = found.head;
        assert!(found.document.unwrap().get().contains(&format!("\"no\":\"{}\"", head.number.as_ref().unwrap())));
        (head.version, head.number.unwrap(), head.captured_at.unwrap(), head.source_time.unwrap(), head.hash.is_some())
    };
    let newest = of(None);
    assert_eq!(of(Some(2)), newest);
    assert_eq!(newest.0, 2);
    let (version, number, captured, time, hash) = of(Some(1));
    assert_eq!((version, number.as_str(), hash), (1, "OLD", false));
    assert!(captured.starts_with("1970-01-01T00:00:00") && captured < newest.2, "{captured} {}", newest.2);
    assert!(time < newest.3, "{time} {}", newest.3);
    assert!(show(&*engine.store, &engine.units[0].scheme, &Key::from_text("1"), Some(3), shown).unwrap().is_none());
}
