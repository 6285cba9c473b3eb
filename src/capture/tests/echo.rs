//! The echo of a write-back is no change, a person's edit is (rule 22).

use std::time::Duration;

use super::support::{Desk, desk, page};
use crate::clock::{Clock, Zone};
use crate::name::Key;
use crate::reason::State;
use crate::store::{Attempt, Delivery, DeliveryCommit, DeliveryWrite, Step, Store, Terms};

const SCHEME: &str = "diff: { ignore: [$.modified] }\ntargets:\n  t:\n    system: d\n    call: save\n    \
                      mapping: { no: $.no }\n    writeback: { system: d, call: save, mapping: { okki: $receipt.id } }";

/// What happens, a second apart.
enum Event {
    /// The n-th write-back is claimed with this value.
    Sent(u32, &'static str),
    /// Its outcome is recorded.
    Settled(u32),
    /// The source is read: the written field, another field.
    Read(&'static str, u32),
    /// The same, and it shows how the document was three events ago.
    Lags(&'static str, u32),
}
use Event::{Lags, Read, Sent, Settled};

impl Desk {
    async fn happens(&self, event: &Event) {
        self.clock.advance(Duration::from_secs(1));
        match event {
            Sent(n, value) => self.store_attempt(*n, Some(value)).await,
            Settled(n) => self.store_attempt(*n, None).await,
            Read(okki, rev) => self.reads(okki, *rev, 0).await,
            Lags(okki, rev) => self.reads(okki, *rev, 3).await,
        }
    }

    /// The source shows a document that was changed so many seconds ago, if it is not the one stored.
    async fn reads(&self, okki: &str, rev: u32, ago: u64) {
        let fields = format!(r#"{{"id":1,"no":"N1","rev":{rev},"okki":{okki},"#);
        let modified = Zone::utc().print(self.clock.now().minus(Duration::from_secs(ago)));
        let known = self.head(1).and_then(|_| self.stored(1)).filter(|known| known.starts_with(&fields));
        let text = known.unwrap_or_else(|| format!(r#"{fields}"modified":"{modified}"}}"#));
        self.run([page(&[text.as_str()], None)]).await.unwrap();
    }

    async fn store_attempt(&self, n: u32, value: Option<&str>) {
        let (key, now) = (Key::from_text("1"), self.clock.now());
        let before = self.store.attempt("s", "t.writeback", &key, n).unwrap();
        let attempt = match (value, before) {
            (None, Some(before)) => Attempt { answered: Some(now), outcome: Some("accepted".into()), ..before },
            (value, _) => Attempt {
                looked_up: Vec::new(),
                terms: Terms::default(),
                n,
                id: n.to_string(),
                change_key: n.to_string(),
                version: 1,
                call: "save".into(),
                form: None,
                account: "double".into(),
                number: None,
                target_id: Some("1".into()),
                step: false,
                payload: format!(r#"{{"okki":{}}}"#, value.unwrap()),
                payload_hash: n.to_string(),
                lines: Vec::new(),
                at: now,
                answered: None,
                outcome: None,
                words: None,
                decision: None,
            },
        };
        let row = self.store.delivery("s", "t.writeback", &key).unwrap().unwrap_or_else(|| Delivery::new(now));
        let row = Delivery { state: State::InFlight, ..row };
        let expect = row.rev;
        let write = DeliveryWrite { key, expect, row, attempt: Some(attempt), claim: None, release: None, queue: None };
        let commit = DeliveryCommit {
            scheme: "s".into(),
            target: "t.writeback".into(),
            step: Step::Claim,
            position: None,
            writes: vec![write],
        };
        self.store.commit_deliveries(commit).await.unwrap();
    }
}

const A: &str = r#""A""#;
const B: &str = r#""B""#;
const C: &str = r#""C""#;
const NONE: &str = "null";

/// What happens after the document was first read without a value, the versions it comes to, and the value stored.
type Case = (&'static str, Vec<Event>, u64, &'static str);

fn cases() -> Vec<Case> {
    vec![
        ("after its answer", vec![Sent(1, A), Settled(1), Read(A, 1)], 1, A),
        ("before its answer", vec![Sent(1, A), Read(A, 1), Settled(1), Read(A, 1)], 1, A),
        ("in doubt", vec![Sent(1, A), Read(NONE, 1), Read(A, 1), Read(A, 1)], 1, A),
        ("sent again", vec![Sent(1, A), Sent(2, A), Settled(2), Read(A, 1)], 1, A),
        ("late, after a person's edit", vec![Sent(1, A), Read(NONE, 2), Read(A, 2), Settled(1), Read(A, 2)], 2, A),
        ("in one reading with a person's edit", vec![Sent(1, A), Settled(1), Read(A, 2), Read(A, 2)], 2, A),
        (
            "in ten readings",
            vec![Sent(1, A), Settled(1)].into_iter().chain((0..10).map(|_| Read(A, 1))).collect(),
            1,
            A,
        ),
        ("as a number that a source gives back", vec![Sent(1, r#""7""#), Settled(1), Read("7", 1)], 1, "7"),
        ("a person's edit after it", vec![Sent(1, A), Settled(1), Read(A, 1), Read(A, 2)], 2, A),
        ("a person's value", vec![Sent(1, A), Settled(1), Read(C, 1)], 2, C),
        ("a person's value after it", vec![Sent(1, A), Settled(1), Read(A, 1), Read(C, 1)], 2, C),
        ("a person's value before the answer", vec![Sent(1, A), Read(A, 1), Read(C, 1), Settled(1)], 2, C),
        ("cleared by a person", vec![Sent(1, A), Settled(1), Read(A, 1), Read(NONE, 1)], 2, NONE),
        (
            "cleared and set again by a person",
            vec![Sent(1, A), Settled(1), Read(A, 1), Read(NONE, 1), Read(A, 1)],
            3,
            A,
        ),
        ("the same value by a person", vec![Sent(1, A), Settled(1), Read(A, 1), Read(A, 1)], 1, A),
        (
            "a second value, then a person's",
            vec![Sent(1, A), Settled(1), Read(A, 1), Sent(2, B), Settled(2), Read(B, 1), Read(C, 1)],
            2,
            C,
        ),
        (
            "a second value, then the first by a person",
            vec![Sent(1, A), Settled(1), Read(A, 1), Sent(2, B), Settled(2), Read(B, 1), Read(A, 1)],
            2,
            A,
        ),
        ("two values at once", vec![Sent(1, A), Sent(2, B), Read(A, 1), Read(B, 1), Read(A, 1)], 1, A),
        ("late in a source that lags", vec![Sent(1, A), Settled(1), Lags(NONE, 2), Read(A, 2)], 2, A),
        ("a person's value in a source that lags", vec![Sent(1, A), Settled(1), Lags(NONE, 2), Read(C, 2)], 3, C),
        ("nothing was sent", vec![Read(A, 1)], 2, A),
    ]
}

#[tokio::test]
async fn rule_22_what_was_written_back_is_no_change_and_what_a_person_wrote_is() {
    for (name, events, versions, stored) in cases() {
        let desk = desk(SCHEME, |_| {});
        desk.happens(&Read(NONE, 1)).await;
        for event in &events {
            desk.happens(event).await;
        }
        let head = desk.head(1).unwrap();
        assert_eq!((head.version, desk.changes().len() as u64), (versions, versions), "{name}");
        let text = desk.stored(1).unwrap();
        assert!(text.contains(&format!(r#""okki":{stored}"#)), "{name}: {text}");
        // The next reading of the same bytes is known by its gate.
        let again = desk.run([page(&[text], None)]).await.unwrap().run;
        assert_eq!((again.unchanged, again.changed, desk.head(1).unwrap()), (1, 0, head), "{name}");
    }
}
