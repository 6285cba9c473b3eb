//! Power loss at every write and every sync: whatever was answered is there whole, nothing is there in part, and
//! the store goes on from there.

use super::random;
use super::samples::{Given, give};
use super::storage::{Memory, Op};
use crate::store::model::ModelStore;
use crate::store::{RedbStore, Store};

/// Commands of the script, and how many are given at once: groups of the writer are cut as well.
const COMMANDS: usize = 24;
const AT_ONCE: usize = 3;

/// A script and what the store must hold after each of its commands.
fn script(seed: u64) -> (Vec<Given>, Vec<String>) {
    let (mut random, model) = (fastrand::Rng::with_seed(seed), ModelStore::new());
    let mut states = vec![model.dump().unwrap()];
    let mut commands = Vec::new();
    while commands.len() < COMMANDS {
        let command = random::command(&mut random, &model);
        if give(&model, &command)().is_ok() {
            commands.push(command);
            states.push(model.dump().unwrap());
        }
    }
    (commands, states)
}

/// What happened to the storage while the script ran.
fn record(commands: &[Given]) -> (Vec<u8>, Vec<Op>) {
    let memory = Memory::fresh();
    let begin = memory.image();
    memory.record();
    let store = memory.open().unwrap();
    for (i, group) in commands.chunks(AT_ONCE).enumerate() {
        let waiting: Vec<_> = group.iter().map(|command| give(&store, command)).collect();
        for (j, wait) in waiting.into_iter().enumerate() {
            wait().unwrap();
            memory.answered(i * AT_ONCE + j + 1);
        }
    }
    store.close();
    (begin, memory.log())
}

/// Opens what a power loss left, and tells after how many commands the store stands.
fn stands(image: Vec<u8>, answered: usize, states: &[String], context: &str) -> (RedbStore, usize) {
    let store = Memory::of(image).open().unwrap_or_else(|error| panic!("{context}: {error}"));
    let dump = store.dump().unwrap_or_else(|error| panic!("{context}: {error}"));
    let at = states.iter().rposition(|state| *state == dump);
    let at = at.unwrap_or_else(|| panic!("{context}: a command is there in part:\n{dump}"));
    assert!(at >= answered, "{context}: {answered} commands were answered, {at} are there");
    (store, at)
}

fn cut_everywhere(seed: u64) {
    let (commands, states) = script(seed);
    let (mut live, log) = record(&commands);
    // What a sync has made durable, and what was written since.
    let (mut durable, mut since): (Vec<u8>, Vec<&Op>) = (live.clone(), Vec::new());
    let (mut random, mut answered) = (fastrand::Rng::with_seed(seed), 0);
    for (i, op) in log.iter().enumerate() {
        let context = format!("seed {seed}, operation {i}: {}", name(op));
        op.apply(&mut live);
        match op {
            Op::Answered(commands) => answered = *commands,
            Op::Sync => {
                durable.clone_from(&live);
                since.clear();
                // Goes on from every sync to the same end.
                let (store, at) = stands(durable.clone(), answered, &states, &context);
                for command in &commands[at..] {
                    give(&store, command)().unwrap();
                }
                assert_eq!(store.dump().unwrap(), states[COMMANDS], "{context}: goes on differently");
            }
            Op::Write(..) | Op::Length(_) => {
                since.push(op);
                // The process dies: all writes so far are kept by the system. The machine dies: any of them.
                stands(live.clone(), answered, &states, &context);
                let mut some = durable.clone();
                since.iter().filter(|_| random.bool()).for_each(|op| op.apply(&mut some));
                stands(some, answered, &states, &format!("{context}, some lost"));
            }
        }
    }
    assert_eq!(answered, COMMANDS);
}

fn name(op: &Op) -> String {
    match op {
        Op::Write(offset, data) => format!("write of {} bytes at {offset}", data.len()),
        other => format!("{other:?}"),
    }
}

#[test]
fn power_loss_at_any_write_or_sync_loses_nothing_answered_and_leaves_nothing_half() {
    for seed in random::seeds(4) {
        cut_everywhere(seed);
    }
}
