//! Commands and rows that the store's tests share, and every read of a store as text.

use crate::change::ChangeKind;
use crate::clock::Time;
use crate::document::Quarantine;
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::row_version::RowVersion;
use crate::store::Course;
use crate::store::{
    Ask, Attempt, Base, CaptureCommit, Captured, Delivery, DeliveryCommit, DeliveryWrite, DocumentFilter, Earlier,
    IndexFill, IndexValues, ProgressStep, Queued, Run, Span, Step, Store, StoreError, SweepStage, SweepState,
    TargetAnswer, TargetState, Terms, Touched, Trim, WriteResult,
};
use crate::watermark::{Held, Progress, Scan};

/// 2024-03-01T10:00:00Z and some seconds.
pub(in crate::store) fn time(seconds: i64) -> Time {
    Time(1_709_287_200_000 + seconds * 1000)
}

pub(in crate::store) fn key(text: &str) -> Key {
    Key::from_text(text)
}

pub(in crate::store) fn hash(of: &str) -> [u8; 32] {
    *blake3::hash(of.as_bytes()).as_bytes()
}

/// A document as a page brings it: its version follows `expect`.
pub(in crate::store) fn captured(text: &str, expect: u64, kind: ChangeKind) -> Captured {
    let body = format!(r#"{{"io_id":"{text}","v":{},"qty":12345678901234567.89}}"#, expect + 1);
    Captured {
        key: key(text),
        expect,
        kind,
        number: Some(format!("SO-{text}")),
        source_time: Some(time(i64::try_from(expect).unwrap_or(0))),
        raw_hash: Some(hash(&body)),
        canonical_hash: Some(hash(&format!("canonical {body}"))),
        body: body.into_bytes(),
    }
}

pub(in crate::store) fn touched(text: &str, expect: u64) -> Touched {
    Touched {
        key: key(text),
        expect,
        raw_hash: hash("touched"),
        canonical_hash: hash(text),
        source_time: Some(time(99)),
        number: Some(format!("SO-{text}")),
        body: None,
    }
}

pub(in crate::store) fn capture(scheme: &str, captured: Vec<Captured>) -> CaptureCommit {
    CaptureCommit { scheme: scheme.to_owned(), at: Some(time(60)), captured, ..CaptureCommit::default() }
}

/// Paths that schemes are looked up by, and texts under them.
pub(in crate::store) const PATHS: [&str; 2] = ["$.sku", "$.no"];
pub(in crate::store) const CODES: [&str; 3] = ["A1", "A\u{0}1", ""];

/// Values of a snapshot under [`PATHS`].
pub(in crate::store) fn values(sku: Option<&str>, no: Option<&str>) -> IndexValues {
    let both = PATHS.into_iter().zip([sku, no]);
    both.filter_map(|(path, text)| Some((path.to_owned(), text?.to_owned()))).collect()
}

/// A commit of new documents.
pub(in crate::store) fn created(scheme: &str, keys: &[&str]) -> CaptureCommit {
    capture(scheme, keys.iter().map(|key| captured(key, 0, ChangeKind::Created)).collect())
}

pub(in crate::store) fn progress(watermark: i64) -> Progress {
    Progress {
        first_start: time(0),
        start: time(-1000),
        watermark: Some(time(watermark)),
        walked_to: None,
        complete_to: Some(time(watermark)),
        scan: Some(Scan { to: time(500), begin: time(0), end: time(100), position: Some("4711".into()), cursor: None }),
        seen: None,
        fingerprint: "fingerprint".into(),
        trail: vec![Held { cursor: row_version(77), at: time(9) }],
    }
}

pub(in crate::store) fn row_version(number: u64) -> RowVersion {
    RowVersion::read(&number.to_string()).unwrap()
}

pub(in crate::store) fn step(from: Option<i64>, to: i64) -> Option<ProgressStep> {
    Some(ProgressStep { from: from.map(progress), to: progress(to) })
}

pub(in crate::store) fn run(id: u64, ended: bool) -> Run {
    Run { id, started: Some(time(1)), ended: ended.then(|| time(2)), pages: 3, documents: 50, ..Run::default() }
}

pub(in crate::store) fn quarantine(text: &str) -> Quarantine {
    Quarantine { key: key(text), source_time: Some(time(3)), why: "not an object".into(), at: time(4) }
}

/// A sweep of everything, after the complete one of another run if given.
pub(in crate::store) fn sweep(run: u64, previous: Option<u64>, stage: SweepStage) -> SweepState {
    let earlier = |run| Earlier { run, seq: 0, span: None, fingerprint: "fingerprint".into() };
    SweepState {
        run,
        started: time(5),
        ended: None,
        seq: 2,
        span: Some(Span { begin: time(-100), end: time(0) }),
        fingerprint: "fingerprint".into(),
        stage,
        partial: false,
        known: 2,
        missing: 1,
        deleted: 0,
        ask: Some(Ask { run, missing: 1 }),
        allowed: None,
        previous: previous.map(earlier),
    }
}

pub(in crate::store) fn target_state() -> TargetState {
    TargetState {
        position: 0,
        answer: Some(TargetAnswer::Send { since: Some(time(-5)) }),
        paused: None,
        account: "kingdee/erp.example.com/5f0e".into(),
        moved_from: None,
        rules: "rules of the mapping".into(),
        proven: true,
        restored: false,
        filling: None,
        restored_at: None,
    }
}

/// A row with every field filled.
pub(in crate::store) fn row(state: State, due: Option<i64>) -> Delivery {
    let reason = Reason::new(Code::Transient, [("why", "timeout".to_owned())]).with_words("系统繁忙");
    let lines = [("FEntity".to_owned(), [("1".to_owned(), "100001".to_owned())].into())].into();
    Delivery {
        state,
        reason: Some(reason),
        version: 2,
        newest: 3,
        base: Some(Base {
            version: 1,
            told: true,
            call: Some("batchSave".into()),
            payload_hash: Some("0123456789abcdef".into()),
            attempt: Some(1),
        }),
        receipt: Some(Receipt { id: Some("100".into()), number: Some("SO-1".into()), lines, ..Receipt::default() }),
        attempt: Some(2),
        attempts: 2,
        tries: 1,
        due: due.map(time),
        since: time(7),
        identity: Some("erp SAL_OUTSTOCK SO-1".into()),
        absent_since: Some(time(8)),
        course: Some(Course {
            version: 2,
            calls: ["unAudit", "save", "audit"].map(str::to_owned).to_vec(),
            own: 1,
            rank: 0,
            at: 2,
            since: time(7),
            opened: true,
            refused: Some(Reason::new(Code::Target, []).with_words("必录")),
            replays: 1,
        }),
        ..Delivery::new(time(7))
    }
}

pub(in crate::store) fn attempt(n: u32) -> Attempt {
    Attempt {
        looked_up: Vec::new(),
        terms: Terms::default(),
        n,
        id: format!("attempt-{n}"),
        change_key: "fedcba9876543210".into(),
        version: 2,
        call: "batchSave".into(),
        form: Some("SAL_OUTSTOCK".into()),
        account: "kingdee/erp.example.com/5f0e".into(),
        number: Some("SO-1".into()),
        target_id: None,
        step: true,
        payload: r#"{"FBillNo":"SO-1"}"#.into(),
        payload_hash: "0123456789abcdef".into(),
        lines: vec![("FEntity".into(), vec!["1".into(), "2".into()])],
        at: time(9),
        answered: None,
        outcome: None,
        words: None,
        decision: None,
    }
}

pub(in crate::store) fn write(text: &str, expect: u64, row: Delivery) -> DeliveryWrite {
    DeliveryWrite { key: key(text), expect, row, attempt: None, claim: None, release: None, queue: None }
}

pub(in crate::store) fn queued(target: &str, version: u64) -> Queued {
    Queued { target: target.into(), version, at: time(30) }
}

pub(in crate::store) fn deliver(scheme: &str, target: &str, writes: Vec<DeliveryWrite>) -> DeliveryCommit {
    DeliveryCommit { scheme: scheme.into(), target: target.into(), step: Step::Settle, position: None, writes }
}

/// A command as data, so that two stores can be given the same.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)]
pub(in crate::store) enum Given {
    Capture(CaptureCommit),
    Deliver(DeliveryCommit),
    CutDue(&'static str, &'static str, Time, usize),
    Trim(Trim),
    Target(&'static str, &'static str, TargetState),
    Paused(&'static str, Option<String>),
    Indexed(&'static str, Vec<&'static str>),
    Fill(IndexFill),
}

/// Gives a command to a store; the closure waits for its answer.
pub(in crate::store) fn give(store: &dyn Store, given: &Given) -> Box<dyn FnOnce() -> Result<String, StoreError>> {
    match given.clone() {
        Given::Capture(commit) => {
            let pending = store.commit_capture(commit);
            Box::new(|| pending.wait().map(|done| format!("{done:?}")))
        }
        Given::Deliver(commit) => {
            let pending = store.commit_deliveries(commit);
            Box::new(|| pending.wait().map(|results: Vec<WriteResult>| format!("{results:?}")))
        }
        Given::CutDue(scheme, target, latest, limit) => {
            let pending = store.cut_due(scheme, target, latest, limit);
            Box::new(|| pending.wait().map(|rows| rows.to_string()))
        }
        Given::Trim(trim) => {
            let pending = store.trim(trim);
            Box::new(|| pending.wait().map(|done| format!("{done:?}")))
        }
        Given::Target(scheme, target, state) => {
            let pending = store.set_target(scheme, target, state);
            Box::new(|| pending.wait().map(|()| String::new()))
        }
        Given::Indexed(scheme, paths) => {
            let pending = store.set_indexed(scheme, paths.into_iter().map(str::to_owned).collect());
            Box::new(|| pending.wait().map(|()| String::new()))
        }
        Given::Fill(fill) => {
            let pending = store.fill_index(fill);
            Box::new(|| pending.wait().map(|()| String::new()))
        }
        Given::Paused(scheme, why) => {
            let pending = store.set_paused(scheme, why);
            Box::new(|| pending.wait().map(|()| String::new()))
        }
    }
}

/// Every read of a store over these schemes, targets and keys, each with its name.
pub(in crate::store) fn reads(
    store: &dyn Store,
    schemes: &[&str],
    targets: &[&str],
    keys: &[Key],
) -> Vec<(String, Result<String, StoreError>)> {
    /// From the start of the change log on.
    fn changes(store: &dyn Store, scheme: &str, more: u64, limit: usize) -> Result<String, StoreError> {
        text(store.changes(scheme, store.trimmed(scheme)? + more, limit))
    }
    fn text<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Result<String, StoreError> {
        result.map(|value| format!("{value:?}"))
    }
    let mut out = vec![("schemes".to_owned(), text(store.schemes())), ("dump".to_owned(), store.dump())];
    for scheme in schemes {
        let mut push = |name: &str, result| out.push((format!("{scheme} {name}"), result));
        push("progress", text(store.progress(scheme)));
        push("paused", text(store.paused(scheme)));
        push("last_seq", text(store.last_seq(scheme)));
        push("trimmed", text(store.trimmed(scheme)));
        push("heads", text(store.heads(scheme, keys)));
        push("changes", changes(store, scheme, 0, usize::MAX));
        push("changes after", changes(store, scheme, 3, 2));
        push("count", text(store.document_count(scheme)));
        push("quarantined", text(store.quarantined(scheme)));
        push("sweep", text(store.sweep(scheme)));
        for run in 0..4 {
            push(&format!("seen {run}"), text(store.seen(scheme, run, keys)));
        }
        push("runs", text(store.runs(scheme, None, 10)));
        push("runs before", text(store.runs(scheme, Some(3), 1)));
        let all = DocumentFilter { limit: usize::MAX, ..DocumentFilter::default() };
        push("documents", text(store.documents(scheme, &all)));
        let some = DocumentFilter {
            limit: 2,
            prefix: "k".into(),
            after: keys.first().cloned(),
            changed_since: Some(time(60)),
        };
        push("documents some", text(store.documents(scheme, &some)));
        push("indexed", text(store.indexed(scheme)));
        push("mark", text(store.mark(scheme)));
        for (path, code) in PATHS.iter().flat_map(|path| CODES.map(|code| (path, code))) {
            push(&format!("{path} {code:?}"), text(store.lookup(scheme, path, code, usize::MAX)));
            push(&format!("{path} {code:?} one"), text(store.lookup(scheme, path, code, 1)));
        }
        for key in keys {
            let versions = store.versions(scheme, key);
            for version in versions.iter().flatten().chain(&[99]) {
                push(&format!("{key} body {version}"), text(store.body(scheme, key, *version)));
            }
            push(&format!("{key} versions"), text(versions));
            push(&format!("{key} quarantine"), text(store.quarantine(scheme, key)));
            push(&format!("{key} number"), text(store.by_number(scheme, &format!("SO-{key}"))));
        }
        for target in targets {
            let mut push = |name: &str, result| push(&format!("{target} {name}"), result);
            push("target", text(store.target(scheme, target)));
            push("due", text(store.due(scheme, target, time(20), usize::MAX)));
            push("due some", text(store.due(scheme, target, Time(i64::MAX), 2)));
            push("next due", text(store.next_due(scheme, target)));
            push("counts", text(store.counts(scheme, target)));
            for state in State::ALL.map(Some).into_iter().chain([None]) {
                push(&format!("{state:?}"), text(store.deliveries(scheme, target, state, None, usize::MAX)));
                push(&format!("{state:?} some"), text(store.deliveries(scheme, target, state, keys.get(1), 2)));
            }
            for key in keys {
                push(&format!("{key} delivery"), text(store.delivery(scheme, target, key)));
                push(&format!("{key} attempts"), text(store.attempts(scheme, target, key)));
                push(&format!("{key} attempt"), text(store.attempt(scheme, target, key, 2)));
            }
        }
    }
    for identity in ["i0", "i1", "i2"] {
        out.push((format!("owner {identity}"), text(store.owner(identity))));
    }
    out
}
