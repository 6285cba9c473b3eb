//! Random commands for the tests that compare stores, by seed.

use super::samples::{
    CODES, Given, PATHS, attempt, capture, captured, deliver, key, progress, quarantine, queued, row, run, sweep,
    target_state, time, touched, values, write,
};
use crate::change::ChangeKind;
use crate::name::Key;
use crate::reason::State;
use crate::store::{
    DeliveryCommit, IndexFill, IndexValues, ProgressStep, Step, Store, SweepStage, SweepStep, TargetAnswer,
    TargetState, Trim,
};

pub(in crate::store) const SCHEMES: [&str; 2] = ["orders", "orders-2"];
pub(in crate::store) const TARGETS: [&str; 2] = ["erp", "erp.writeback"];
const KEYS: [&str; 7] = ["k1", "k10", "k2", "", "单\u{1}", "k\0", "a b"];

pub(in crate::store) fn keys() -> Vec<Key> {
    KEYS.map(key).to_vec()
}

/// Seeds to run: as many as usual, more by `DELTAFERRY_SEEDS=n`; one alone by `DELTAFERRY_SEED=n`.
pub(in crate::store) fn seeds(usual: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("DELTAFERRY_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("DELTAFERRY_SEEDS").unwrap_or(usual)).collect(),
    }
}

/// A random command, mostly one that a well-behaved engine would give to this store, sometimes not.
pub(in crate::store) fn command(random: &mut fastrand::Rng, store: &dyn Store) -> Given {
    let scheme = SCHEMES[random.usize(..2)];
    match random.u8(..14) {
        13 => Given::Trim(trim(random, scheme)),
        11 => {
            let paths = PATHS.into_iter().filter(|_| random.u8(..3) > 0).collect();
            Given::Indexed(scheme, paths)
        }
        12 => Given::Fill(index_fill(random, store, scheme)),
        10 => Given::CutDue(scheme, TARGETS[random.usize(..2)], time(random.i64(-40..40)), random.usize(..3)),
        0..5 => Given::Capture(capture_commit(random, store, scheme)),
        5..8 => Given::Deliver(delivery_commit(random, store, scheme)),
        8 => {
            let answer = random.bool().then_some(TargetAnswer::Adopt);
            let state = TargetState { position: random.u64(..9), answer, ..target_state() };
            Given::Target(scheme, TARGETS[random.usize(..2)], state)
        }
        _ => Given::Paused(scheme, random.bool().then(|| "by a person".to_owned())),
    }
}

fn trim(random: &mut fastrand::Rng, scheme: &str) -> Trim {
    Trim {
        scheme: scheme.to_owned(),
        versions: random.u64(1..4),
        before_history: time(random.i64(-20..120)),
        before_runs: time(random.i64(-5..9)),
        after: random.bool().then(|| key(KEYS[random.usize(..KEYS.len())])),
        limit: random.usize(..4),
    }
}

fn capture_commit(random: &mut fastrand::Rng, store: &dyn Store, scheme: &str) -> crate::store::CaptureCommit {
    let pick = |random: &mut fastrand::Rng| KEYS[random.usize(..KEYS.len())];
    let version = |random: &mut fastrand::Rng, text: &str| {
        let known = store.heads(scheme, &[key(text)]).expect("readable").remove(0).map_or(0, |head| head.version);
        if random.u8(..8) == 0 { random.u64(..4) } else { known }
    };
    let kinds = [ChangeKind::Created, ChangeKind::Updated, ChangeKind::Deleted];
    let mut commit = capture(scheme, Vec::new());
    commit.asked = random.bool().then(|| time(random.i64(-9..9)));
    for _ in 0..random.usize(..4) {
        let text = pick(random);
        let mut entry = captured(text, version(random, text), kinds[random.usize(..3)]);
        if random.bool() {
            entry.number = [None, Some("SO-k1".to_owned()), Some(String::new())][random.usize(..3)].clone();
        }
        commit.captured.push(entry);
    }
    for _ in 0..random.usize(..2) {
        let text = pick(random);
        let mut entry = touched(text, version(random, text));
        entry.body = random.bool().then(|| b"{\"echo\":1}".to_vec());
        commit.touched.push(entry);
    }
    for _ in 0..random.usize(..2) {
        commit.quarantined.push(quarantine(pick(random)));
        commit.cleared.push(key(pick(random)));
    }
    for entry in &commit.captured {
        commit.index.insert(entry.key.clone(), index_values(random));
    }
    if random.bool() {
        let stored = store.progress(scheme).expect("readable");
        let from = if random.u8(..8) == 0 { Some(progress(7)) } else { stored };
        commit.progress = Some(ProgressStep { from, to: progress(random.i64(0..100)) });
    }
    commit.met = keys().into_iter().filter(|_| random.u8(..4) == 0).collect();
    if random.u8(..3) == 0 {
        let stored = store.sweep(scheme).expect("readable");
        let from = if random.u8(..8) == 0 { None } else { stored };
        let stage = [SweepStage::Judging, SweepStage::Stopped, SweepStage::Ended][random.usize(..3)].clone();
        let previous = random.bool().then(|| random.u64(..4));
        commit.sweep = Some(SweepStep { from, to: sweep(random.u64(..4), previous, stage) });
    }
    if random.bool() {
        commit.run = Some(run(random.u64(1..5), random.bool()));
    }
    commit
}

fn index_values(random: &mut fastrand::Rng) -> IndexValues {
    let pick = |random: &mut fastrand::Rng| random.bool().then(|| CODES[random.usize(..CODES.len())]);
    values(pick(random), pick(random))
}

fn index_fill(random: &mut fastrand::Rng, store: &dyn Store, scheme: &str) -> IndexFill {
    let heads = store.heads(scheme, &keys()).expect("readable");
    let known = keys().into_iter().zip(heads).filter_map(|(key, head)| Some((key, head?.version)));
    let entries = known.map(|(key, version)| (key, version + u64::from(random.u8(..4) == 0), index_values(random)));
    let entries = entries.collect();
    let ready = PATHS.into_iter().filter(|_| random.bool()).map(str::to_owned).collect();
    IndexFill { scheme: scheme.to_owned(), entries, ready }
}

fn delivery_commit(random: &mut fastrand::Rng, store: &dyn Store, scheme: &str) -> DeliveryCommit {
    let target = TARGETS[random.usize(..2)];
    let mut commit = deliver(scheme, target, Vec::new());
    commit.step = [Step::Plan, Step::Claim, Step::Settle, Step::Operate][random.usize(..4)];
    let identity = |random: &mut fastrand::Rng| random.bool().then(|| ["i0", "i1", "i2"][random.usize(..3)].to_owned());
    for _ in 0..random.usize(..4) {
        let text = KEYS[random.usize(..KEYS.len())];
        let known = store.delivery(scheme, target, &key(text)).expect("readable").map_or(0, |row| row.rev);
        let expect = if random.u8(..8) == 0 { random.u64(..4) } else { known };
        let due = random.bool().then(|| random.i64(-40..40));
        let mut entry = write(text, expect, row(State::ALL[random.usize(..9)], due));
        if random.bool() {
            entry.row.newest = entry.row.version;
        }
        entry.attempt = random.bool().then(|| attempt(random.u32(1..4)));
        if let Some(attempt) = &mut entry.attempt {
            attempt.version = random.u64(0..3);
            attempt.answered = random.bool().then(|| time(random.i64(-9..9)));
        }
        entry.claim = identity(random);
        entry.release = identity(random);
        if random.u8(..3) == 0 {
            let mirror = SCHEMES[random.usize(..2)];
            let mut mark = store.mark(mirror).expect("readable");
            mark.seq += u64::from(random.u8(..4) == 0);
            entry.row.parked.insert(mirror.to_owned(), mark);
        }
        entry.queue = (random.u8(..4) == 0).then(|| queued(TARGETS[random.usize(..2)], random.u64(1..5)));
        commit.writes.push(entry);
    }
    if random.u8(..3) == 0 {
        let stored = store.target(scheme, target).expect("readable").map_or(0, |state| state.position);
        let from = if random.u8(..8) == 0 { random.u64(..9) } else { stored };
        commit.position = Some((from, from + random.u64(..3)));
    }
    commit
}
