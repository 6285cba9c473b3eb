//! Whose a fault is: what one document can't be asked for is named and keeps no other back (design.md section 2.3,
//! rule 25); a source in trouble ends the run.

use std::time::Duration;

use super::support::{Answer, Desk, desk, desk_over, page, text};
use crate::connector::{Fault, FaultKind};
use crate::store::{Store, SweepStage};

const DETAIL: &str = ", start: 4h, window: 8h, detail: { call: info, params: { id: $.id } }";
const FULL: &str = ", mode: full, sweep: { deletes: true }";
const SECOND: Duration = Duration::from_secs(1);

impl Desk {
    /// What the detail call answers for a document.
    fn detail(&self, id: u32, answer: Result<(), Fault>) {
        let answer = answer.map(|()| text(id, 7, "10:00:00"));
        self.source.details.lock().unwrap().insert(id.to_string(), answer);
    }

    fn why(&self) -> Vec<String> {
        self.store.quarantined("s").unwrap().into_iter().map(|record| record.why).collect()
    }
}

fn fault(kind: FaultKind) -> Fault {
    Fault::new(kind, format!("{kind:?}"))
}

fn too_much() -> Fault {
    Fault { too_much: Some(Vec::new()), ..Fault::new(FaultKind::Unknown, "larger than 64 bytes") }
}

fn listed(ids: impl IntoIterator<Item = u32>) -> Answer {
    page(&ids.into_iter().map(|id| text(id, 1, "11:30:00")).collect::<Vec<_>>(), None)
}

/// A desk whose documents are read whole, by their key alone.
fn details() -> Desk {
    desk_over(DETAIL, "", |call| call.by_key = 0)
}

#[tokio::test]
async fn rule_25_a_document_that_is_refused_whole_is_named_in_the_sources_words_and_others_go_on() {
    for (fault, why) in [
        (fault(FaultKind::Permanent), "asked for it whole, the source says: Permanent"),
        (too_much(), "larger than 64 bytes"),
        (fault(FaultKind::Transient), "asked for it whole, the source says: Transient"),
        (fault(FaultKind::Unknown), "asked for it whole, the source says: Unknown"),
    ] {
        let desk = details();
        for id in [1, 3] {
            desk.detail(id, Ok(()));
        }
        desk.detail(2, Err(fault.clone()));
        desk.run([listed(1..=3)]).await.unwrap();
        assert_eq!((desk.quarantined(), desk.why()), (vec!["2".to_owned()], vec![why.to_owned()]));
        assert!(desk.head(1).is_some() && desk.head(3).is_some() && desk.progress().complete_to.is_some(), "{why}");
        // It is so for ever: each run asks, and reads the others all the same.
        for (rev, round) in (2..).zip(0..5) {
            desk.clock.advance(SECOND);
            let complete = desk.clock_now();
            desk.run([page(&[text(2, rev, "11:40:00"), text(10 + round, 1, "11:40:00")], None)]).await.unwrap();
            assert_eq!((desk.quarantined().len(), desk.progress().complete_to), (1, Some(complete)), "{why}");
        }
        desk.detail(2, Ok(()));
        desk.clock.advance(SECOND);
        desk.run([]).await.unwrap();
        assert_eq!((desk.quarantined().len(), desk.head(2).is_some()), (0, true), "{why}");
    }
}

#[tokio::test]
async fn what_lasts_for_one_document_is_the_sources_own_where_no_login_is_answered_either() {
    for kind in [FaultKind::Transient, FaultKind::Unknown] {
        let desk = details();
        desk.detail(1, Ok(()));
        desk.detail(2, Err(fault(kind)));
        *desk.source.no_login.lock().unwrap() = Some(FaultKind::Unreachable);
        let error = desk.run([listed(1..=2)]).await.unwrap_err();
        assert_eq!(error.to_string(), format!("`list` detail `info` id=2: {kind:?}"));
        assert_eq!((desk.quarantined().len(), desk.progress().complete_to), (0, None));
    }
}

#[tokio::test]
async fn several_documents_in_a_row_that_are_not_answered_end_the_run_and_the_next_one_comes_past_them() {
    let desk = details();
    for id in 1..=7 {
        desk.detail(id, Err(fault(FaultKind::Transient)));
    }
    desk.detail(3, Ok(()));
    let error = desk.run([listed(1..=8)]).await.unwrap_err();
    assert_eq!(error.to_string(), "`list` detail `info` id=6: Transient", "the third behind one that was answered");
    assert_eq!((desk.quarantined(), desk.progress().complete_to), (vec!["4".into(), "5".into(), "6".into()], None));
    desk.run([listed(1..=8)]).await.unwrap();
    assert_eq!(desk.quarantined(), ["1", "2", "4", "5", "6", "7"]);
    assert!(desk.head(3).is_some() && desk.progress().complete_to.is_some());
}

#[tokio::test]
async fn rule_25_documents_in_quarantine_that_are_refused_together_are_asked_for_one_by_one() {
    let desk = desk("", |_| {});
    let broken = |id| text(id, 1, "11:50:00").replace('}', r#","rev":3}"#);
    desk.run([page(&[broken(1), broken(2), broken(3)], None)]).await.unwrap();
    desk.clock.advance(SECOND);
    desk.by_key([Err(FaultKind::Permanent), listed([1]), Err(FaultKind::Permanent), listed([3])]);
    desk.run([]).await.unwrap();
    assert_eq!(
        (desk.quarantined(), desk.why()),
        (vec!["2".into()], vec!["asked for again, the source says: Permanent".into()])
    );
    assert!(desk.head(1).is_some() && desk.head(3).is_some());
    let record = desk.store.quarantine("s", &crate::name::Key::from_text("2")).unwrap().unwrap();
    assert_eq!(record.at, desk.clock_now(), "asked for now");
}

#[tokio::test]
async fn rule_25_documents_in_quarantine_are_stored_as_they_are_asked_for_and_the_last_asked_comes_last() {
    let desk = desk("", |call| call.by_key = 2);
    let broken = |id| text(id, 1, "11:50:00").replace('}', r#","rev":3}"#);
    desk.run([page(&[1, 2, 3, 4].map(broken), None)]).await.unwrap();
    desk.clock.advance(SECOND);
    desk.by_key([page(&[text(1, 1, "11:51:00"), broken(2)], None), Err(FaultKind::Refused)]);
    let error = desk.run([]).await.unwrap_err();
    assert_eq!(error.to_string(), "`list` documents by key: Refused");
    assert_eq!((desk.quarantined(), desk.head(1).is_some()), (vec!["2".into(), "3".into(), "4".into()], true));
    desk.source.keys_asked.lock().unwrap().clear();
    desk.run([]).await.unwrap();
    assert_eq!(desk.source.keys_asked.lock().unwrap()[..3], ["3", "4", "2"]);
}

#[tokio::test]
async fn rule_25_of_a_quarantine_that_is_not_answered_each_run_asks_for_a_few_in_turn() {
    let desk = details();
    for id in 1..=7 {
        desk.detail(id, Err(fault(FaultKind::Permanent)));
    }
    desk.run([listed(1..=7)]).await.unwrap();
    for id in 1..=7 {
        desk.detail(id, Err(fault(FaultKind::Transient)));
    }
    let asked = || {
        let mut asked = std::mem::take(&mut *desk.source.details_asked.lock().unwrap());
        asked.dedup();
        asked
    };
    asked();
    for expected in [["id=1", "id=2", "id=3"], ["id=4", "id=5", "id=6"], ["id=7", "id=1", "id=2"]] {
        desk.clock.advance(SECOND);
        desk.run([]).await.unwrap();
        assert_eq!(asked(), expected);
    }
    assert_eq!(desk.quarantined().len(), 7);
}

#[tokio::test]
async fn a_person_is_told_of_a_fault_and_nothing_is_recorded_of_what_may_be_no_key() {
    let desk = details();
    desk.detail(1, Ok(()));
    desk.run([listed([1])]).await.unwrap();
    for (kind, is_told) in [(FaultKind::Permanent, false), (FaultKind::Transient, true)] {
        desk.source.details.lock().unwrap().insert("N1".into(), Err(fault(kind)));
        for _ in 0..4 {
            let pulled = desk.capture.pull(&["N1".to_owned()]).await;
            assert_eq!(pulled.is_err(), is_told, "{kind:?}");
            assert!(pulled.map_or(0, |pulled| pulled.found.len()) == usize::from(!is_told), "by its number");
        }
        assert_eq!(desk.quarantined(), [] as [&str; 0]);
    }
}

#[tokio::test]
async fn what_is_gone_when_it_is_asked_for_is_not_shown_and_what_is_refused_may_be_there() {
    let desk = details();
    desk.detail(1, Ok(()));
    desk.detail(2, Err(fault(FaultKind::Permanent)));
    let keys = [1, 2, 3].map(|id: u32| crate::name::Key::from_text(id.to_string()));
    let shown = desk.capture.shown(&keys).await.unwrap().unwrap();
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), keys[..2]);
}

#[tokio::test]
async fn a_sweep_that_can_not_end_keeps_nothing_from_being_read() {
    let desk = desk_over(FULL, "", |call| call.windows = false);
    desk.run([listed(1..=3)]).await.unwrap();
    for round in 1..4 {
        desk.clock.advance(SECOND);
        desk.by_key([Err(FaultKind::Refused), Err(FaultKind::Refused)]);
        let complete = desk.clock_now();
        let error = desk.run([listed([3, 10 + round])]).await.unwrap_err();
        assert_eq!(error.to_string(), "`list` documents by key: Refused");
        assert_eq!(desk.store.sweep("s").unwrap().unwrap().stage, SweepStage::Deleting { after: None });
        assert!(desk.head(10 + round).is_some(), "{round}");
        assert_eq!(desk.progress().complete_to, Some(complete), "{round}");
        desk.source.keys.lock().unwrap().clear();
    }
}
