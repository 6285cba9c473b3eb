//! Look-ups in other schemes' snapshots (rule 16).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::double::Double;
use super::support::{Desk, LONG, desk, desk_looking, ready, tables_of_now};
use crate::change::ChangeKind;
use crate::clock::{Clock, Time, Zone};
use crate::engine::{OnceOptions, assemble, once};
use crate::mapping::{Hits, Lookups, Source};
use crate::name::Key;
use crate::reason::{Code, State};
use crate::store::model::ModelStore;
use crate::store::{CaptureCommit, Captured, IndexFill, Pending, ProgressStep, Store, TargetAnswer};
use crate::watermark::Progress;

const SEND: TargetAnswer = TargetAnswer::Send { since: None };

/// A target whose payload holds the id of the mirrored document that has the document's status as its number.
fn looking(miss: &str) -> String {
    format!(
        "call: save\nmapping: {{ no: $.no, company: {{ $lookup: m, by: {{ $.no: $.status }}, take: $.id{miss} }} }}"
    )
}

/// The answer of the in-memory store, which is there at once: also within a look-up.
fn done<T>(pending: Pending<T>) -> T {
    match std::pin::pin!(pending).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.unwrap(),
        Poll::Pending => panic!("the in-memory store answers at once"),
    }
}

/// Stores the next version of a mirrored document.
fn mirrored(store: &ModelStore, id: &str, no: Option<&str>) {
    mirrored_as(store, id, no, None);
}

/// The same, found by people under a number.
fn mirrored_as(store: &ModelStore, id: &str, no: Option<&str>, number: Option<&str>) {
    let key = Key::from_text(id);
    let head = store.heads("m", std::slice::from_ref(&key)).unwrap().remove(0);
    let captured = Captured {
        key: key.clone(),
        expect: head.map_or(0, |head| head.version),
        kind: if no.is_some() { ChangeKind::Updated } else { ChangeKind::Deleted },
        number: number.map(str::to_owned),
        source_time: None,
        raw_hash: no.map(|_| [1; 32]),
        canonical_hash: no.map(|_| [1; 32]),
        body: json!({ "id": id, "no": no }).to_string().into_bytes(),
    };
    let index = no.map(|no| (key, vec![("$.no".to_owned(), no.to_owned())])).into_iter().collect();
    let commit = CaptureCommit { scheme: "m".into(), captured: vec![captured], index, ..CaptureCommit::default() };
    assert!(done(store.commit_capture(commit)).stale.is_empty());
}

/// A full read of the mirror has ended, and its index is filled.
fn complete(store: &ModelStore) {
    let at = Time(1);
    let to = Progress {
        first_start: at,
        start: at,
        watermark: None,
        walked_to: None,
        complete_to: Some(at),
        scan: None,
        seen: None,
        fingerprint: String::new(),
        trail: Vec::new(),
    };
    let progress = Some(ProgressStep { from: None, to });
    done(store.commit_capture(CaptureCommit { scheme: "m".into(), progress, ..CaptureCommit::default() }));
    done(store.set_indexed("m", BTreeSet::from(["$.no".to_owned()])));
    let ready = vec!["$.no".to_owned()];
    done(store.fill_index(IndexFill { scheme: "m".into(), entries: Vec::new(), ready }));
}

/// A desk over a mirror that has been read completely, with one document that looks `C1` up.
async fn waiting_desk(miss: &str) -> Desk {
    let desk = desk(&looking(miss)).await;
    complete(&desk.store);
    desk.capture("1", json!({ "status": "C1" })).await;
    desk.pass().await;
    desk
}

fn missing(desk: &Desk, id: &str) -> Vec<String> {
    let reason = desk.row(id).reason.unwrap();
    reason.missing.iter().flat_map(|code| &code.codes).map(|(path, text)| format!("{path}={text}")).collect()
}

#[tokio::test]
async fn rule_16_until_a_mirror_has_completed_a_full_read_every_miss_waits() {
    for miss in [", miss: reject", ", miss: null", ", miss: wait, for: 1m"] {
        let desk = desk(&looking(miss)).await;
        desk.capture("1", json!({ "status": "C1" })).await;
        desk.capture("2", json!({ "status": "C2" })).await;
        desk.pass().await;
        mirrored(&desk.store, "9", Some("C9"));
        desk.later(LONG).await;
        for id in ["1", "2"] {
            assert_eq!(desk.state(id), (State::Waiting, Some(Code::LookupNotReady)), "{miss}");
        }
        assert_eq!(missing(&desk, "1"), Vec::<String>::new(), "nothing is known to be missing");
        complete(&desk.store);
        mirrored(&desk.store, "7", Some("C1"));
        desk.pass().await;
        assert_eq!(desk.state("1").0, State::Delivered, "{miss}");
        let expected = match miss {
            ", miss: reject" => (State::Rejected, Some(Code::Mapping)),
            ", miss: null" => (State::Delivered, Some(Code::Sent)),
            _ => (State::Waiting, Some(Code::Lookup)),
        };
        assert_eq!(desk.state("2"), expected, "{miss}");
    }
}

#[tokio::test]
async fn rule_16_a_tombstone_is_no_match_and_the_reason_says_that_it_was_deleted() {
    let desk = desk(&looking("")).await;
    complete(&desk.store);
    mirrored_as(&desk.store, "7", Some("C1"), Some("C1"));
    mirrored_as(&desk.store, "7", None, Some("C1"));
    desk.capture("1", json!({ "status": "C1" })).await;
    desk.capture("2", json!({ "status": "C2" })).await;
    desk.pass().await;
    let why = |id: &str| format!("{:?}", desk.row(id).reason.unwrap().params);
    assert!(why("1").contains("it was deleted there"), "{}", why("1"));
    assert!(!why("2").contains("deleted"), "{}", why("2"));
    mirrored_as(&desk.store, "8", Some("C1"), Some("C1"));
    desk.person_retries("1").await;
    desk.pass().await;
    assert_eq!(desk.state("1").0, State::Delivered, "another has the code now");
}

#[tokio::test]
async fn rule_16_a_document_goes_on_by_itself_when_the_code_it_lacked_appears() {
    for (miss, state) in [(", miss: wait", State::Waiting), (", miss: reject", State::Rejected)] {
        let desk = waiting_desk(miss).await;
        desk.capture("2", json!({ "status": "C2" })).await;
        desk.pass().await;
        assert_eq!((desk.state("1").0, desk.state("2").0, missing(&desk, "1")), (state, state, vec!["$.no=C1".into()]));
        let text = desk.row("1").reason.unwrap().sentence(crate::reason::Language::English);
        assert!(text.contains("`m`") && text.contains("C1"), "{text}");
        let before = desk.row("2").rev;
        mirrored(&desk.store, "7", Some("C1"));
        desk.pass().await;
        assert_eq!(desk.sent(), [r#"{"no":"N1","company":"7"}"#]);
        assert_eq!((desk.state("2").0, desk.row("2").rev), (state, before), "the other is left alone");
    }
}

#[tokio::test]
async fn rule_16_what_came_while_no_process_ran_is_found_at_the_start() {
    let desk = waiting_desk(", miss: wait").await;
    mirrored(&desk.store, "7", Some("C1"));
    let next = desk.another_process();
    next.recover().await.unwrap();
    next.pass().await.unwrap();
    assert_eq!(desk.state("1").0, State::Delivered);
}

/// A table in which each question is met by a document that arrives in the mirror meanwhile.
struct Late(Arc<Mutex<Option<Arc<ModelStore>>>>);

impl Lookups for Late {
    fn find(&self, _source: &Source, _by: &[(String, String)]) -> Result<Hits, String> {
        if let Some(store) = self.0.lock().unwrap().take() {
            mirrored(&store, "7", Some("C1"));
        }
        Ok(Hits::Nothing)
    }
}

#[tokio::test]
async fn rule_16_no_arrival_falls_between_the_look_up_and_the_parking() {
    let late: Arc<Mutex<Option<Arc<ModelStore>>>> = Arc::default();
    let shared = Arc::clone(&late);
    let target = "call: save\nmapping:\n  no: $.no\n  company: { $lookup: m, by: { $.no: $.status }, take: $.id, miss: wait }\n  \
                  name: { $lookup: table.t, by: { code: $.status }, take: name, miss: null }";
    let lookups = Arc::new(move || Arc::new(Late(Arc::clone(&shared))) as Arc<dyn Lookups + Send + Sync>);
    let desk = desk_looking(target, SEND, lookups).await;
    complete(&desk.store);
    *late.lock().unwrap() = Some(Arc::clone(&desk.store));
    desk.capture("1", json!({ "status": "C1" })).await;
    desk.pass().await;
    assert!(late.lock().unwrap().is_none(), "it arrived after the mirror was asked");
    assert_eq!(desk.state("1").0, State::Delivered, "in the same pass");
}

#[tokio::test]
async fn rule_16_a_wait_that_has_its_time_ends_rejected_and_still_goes_on_when_the_code_appears() {
    let desk = waiting_desk(", miss: wait, for: 24h").await;
    desk.later(23 * LONG).await;
    assert_eq!(desk.state("1"), (State::Waiting, Some(Code::Lookup)));
    desk.later(LONG).await;
    assert_eq!(desk.state("1"), (State::Rejected, Some(Code::Mapping)));
    assert!(desk.row("1").reason.unwrap().params["why"].ends_with("it waited 1d"), "{:?}", desk.row("1").reason);
    mirrored(&desk.store, "7", Some("C1"));
    desk.pass().await;
    assert_eq!(desk.state("1").0, State::Delivered);
}

#[tokio::test]
async fn rule_16_several_live_matches_and_tombstones_are_no_match() {
    let desk = desk(&looking("")).await;
    complete(&desk.store);
    mirrored(&desk.store, "7", Some("C1"));
    mirrored(&desk.store, "8", Some("C1"));
    mirrored(&desk.store, "9", Some("C2"));
    mirrored(&desk.store, "9", None);
    for (id, status) in [("1", json!("C1")), ("2", json!("C2")), ("3", json!(" ")), ("4", Value::Null)] {
        desk.capture(id, json!({ "status": status })).await;
    }
    desk.pass().await;
    for (id, why, codes) in [
        ("1", "`m` has 2 with `$.no` = `C1`", 0),
        ("2", "`m` has nothing with `$.no` = `C2`", 1),
        ("3", "a blank text never matches", 1),
        ("4", "a blank text never matches", 1),
    ] {
        let row = desk.row(id);
        let reason = row.reason.unwrap();
        assert_eq!((row.state, reason.missing.len()), (State::Rejected, codes), "{id}: {reason:?}");
        assert!(reason.params["why"].contains(why), "{id}: {reason:?}");
    }
    mirrored(&desk.store, "8", None);
    desk.pass().await;
    assert_eq!(desk.sent(), [r#"{"no":"N1","company":"7"}"#], "one is left");
}

#[tokio::test]
async fn rule_16_the_newest_snapshot_is_taken_and_many_first_takes_one() {
    let target =
        "call: save\nmapping: { no: $.no, name: { $lookup: m, by: { $.no: $.status }, take: $.no, many: first } }";
    let desk = desk(target).await;
    complete(&desk.store);
    mirrored(&desk.store, "7", Some("old"));
    mirrored(&desk.store, "7", Some("C1"));
    mirrored(&desk.store, "8", Some("C1"));
    desk.capture("1", json!({ "status": " C1 " })).await;
    desk.capture("2", json!({ "status": "old" })).await;
    desk.pass().await;
    assert_eq!((desk.sent(), desk.state("2").0), (vec![r#"{"no":"N1","name":"C1"}"#.to_owned()], State::Rejected));
}

#[tokio::test]
async fn a_new_version_that_lacks_nothing_is_sent_and_what_was_refused_otherwise_is_not_woken() {
    let desk = waiting_desk(", miss: wait").await;
    desk.will_answer([vec![super::double::failed(crate::connector::FaultKind::Permanent)]]);
    mirrored(&desk.store, "7", Some("C7"));
    desk.capture("1", json!({ "status": "C7" })).await;
    desk.pass().await;
    assert_eq!(desk.state("1"), (State::Rejected, Some(Code::Target)));
    mirrored(&desk.store, "8", Some("C1"));
    desk.pass().await;
    assert_eq!((desk.state("1").0, desk.sent().len()), (State::Rejected, 1));
}

#[test]
fn check_tells_what_a_look_up_can_t_ask() {
    let double = Arc::<Double>::default();
    let faults = |lookup: &str, mirror: &str| {
        let target = format!("call: save\nmapping: {{ no: $.no, company: {{ $lookup: {lookup}, miss: wait }} }}");
        let (_, faults) = ready(&target, mirror, Arc::<Double>::clone(&double), &tables_of_now());
        faults.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>()
    };
    for (lookup, mirror, expected) in [
        ("n, by: { $.no: $.no }, take: $.id", "", "unknown scheme `n`: did you mean `m`?"),
        ("m, by: { $.nno: $.no }, take: $.id", "", "in `m`: unknown field `nno`: did you mean `no`?"),
        ("m, by: { $.no: $.no }, take: $.idd", "", "in `m`: unknown field `idd`: did you mean `id`?"),
        ("m, by: { $.no: $.no }, take: $.rev", "diff: { ignore: [$.rev] }", "in `m`: `$.rev` reads `$.rev`, which its"),
        ("m, by: { $.rev: $.no }, take: $.id", "diff: { ignore: [$.rev] }", "in `m`: `$.rev` reads `$.rev`, which its"),
    ] {
        let faults = faults(lookup, mirror);
        assert!(matches!(&*faults, [fault] if fault.starts_with(expected)), "{lookup}: {faults:?}");
    }
    assert_eq!(faults("m, by: { $.no: $.no }, take: $.id", "diff: { ignore: [$.rev] }"), Vec::<String>::new());
    assert_eq!(faults("s, by: { $.no: $.remark }, take: $.id", ""), Vec::<String>::new(), "its own snapshots, too");
}

#[tokio::test]
async fn once_captures_the_schemes_that_are_looked_up_in_first() {
    let double = Arc::<Double>::default();
    let (ready, faults) = ready(&looking(", miss: reject"), "", Arc::<Double>::clone(&double), &tables_of_now());
    assert!(faults.is_empty(), "{faults:?}");
    let (store, clock) = (Arc::<ModelStore>::default(), Arc::clone(&desk("call: save").await.clock));
    let at = Zone::utc().print(clock.now().minus(Duration::from_secs(60)));
    let listed = [
        ("list".to_owned(), vec![json!({ "id": 1, "no": "N1", "status": "C1", "modified": at })]),
        ("mirrored".to_owned(), vec![json!({ "id": 7, "no": "C1" })]),
    ];
    double.listed.lock().unwrap().extend(listed);
    let clock: Arc<dyn Clock> = clock;
    let kept: Arc<dyn Store> = Arc::<ModelStore>::clone(&store);
    let engine = assemble(ready, kept, (clock, Zone::utc()), CancellationToken::new());
    engine.prepare().await.unwrap();
    let options = OnceOptions { wait: Duration::ZERO, progress: Arc::new(|_, _, _| {}) };
    let results = once(&engine, vec![Arc::clone(engine.unit("s").unwrap())], options).await.unwrap();
    let runs: Vec<_> = results.iter().map(|(id, run)| (id.as_str(), run.as_ref().unwrap().new)).collect();
    assert_eq!(runs, [("m", 1), ("s", 1)]);
    let row = store.delivery("s", "t", &Key::from_text("1")).unwrap().unwrap();
    assert_eq!(row.state, State::Delivered, "{:?}", row.reason);
    assert_eq!(double.sent.lock().unwrap()[0].1[0].payload, r#"{"no":"N1","company":7}"#);
}

#[tokio::test]
async fn rule_16_a_told_document_is_stale_when_what_it_looked_up_changes_or_disappears_and_goes_by_replay() {
    let desk = desk(&looking(", miss: wait")).await;
    complete(&desk.store);
    mirrored(&desk.store, "7", Some("C1"));
    desk.capture("1", json!({ "status": "C1" })).await;
    desk.pass().await;
    let stale = || {
        let key = Key::from_text("1");
        let kept = crate::delivery::stale(&*desk.store, desk.worker.plan(), &key, &desk.row("1")).unwrap();
        kept.into_iter().map(|one| (one.question.by, one.value)).collect::<Vec<_>>()
    };
    assert_eq!((desk.state("1").0, stale()), (State::Delivered, vec![]));
    let told = vec![(vec![("$.no".to_owned(), "C1".to_owned())], json!("7"))];
    mirrored(&desk.store, "7", None);
    assert_eq!(stale(), told, "it disappeared");
    mirrored(&desk.store, "8", Some("C1"));
    assert_eq!(stale(), told, "it is another now");
    desk.later(LONG).await;
    assert_eq!(desk.sent().len(), 1, "nothing is sent by itself");
    desk.person_replays("1").await;
    desk.pass().await;
    assert_eq!(desk.sent().last().unwrap(), r#"{"no":"N1","company":"8","id":"id-N1"}"#);
    assert_eq!(stale(), vec![]);
}

#[tokio::test]
async fn a_code_that_several_fields_lack_is_named_once() {
    let field = |name: &str| format!("{name}: {{ $lookup: m, by: {{ $.no: $.status }}, take: $.id, miss: wait }}");
    let desk = desk(&format!("call: save\nmapping: {{ no: $.no, {}, {} }}", field("company"), field("contact"))).await;
    complete(&desk.store);
    desk.capture("1", json!({ "status": "C1" })).await;
    desk.pass().await;
    assert_eq!(missing(&desk, "1"), ["$.no=C1"]);
    let text = desk.row("1").reason.unwrap().sentence(crate::reason::Language::English);
    assert_eq!(text.matches("C1").count(), 1, "{text}");
}
