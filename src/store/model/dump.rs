//! The model as text.

use super::Model;
use crate::store::lines::Lines;

/// Table by table, as the embedded store's dump.
pub(super) fn dump(model: &Model) -> String {
    let mut lines = Lines::default();
    let schemes = || model.schemes.iter();
    let targets =
        || schemes().flat_map(|(id, scheme)| scheme.targets.iter().map(move |(name, target)| (id, name, target)));
    for (id, scheme) in schemes() {
        let gone = scheme.heads.values().filter(|head| head.is_tombstone()).count();
        let live = scheme.heads.len() - gone;
        lines.scheme(id, scheme.last_seq(), live as u64, gone as u64, scheme.paused.as_ref());
        scheme.rewind.iter().for_each(|to| lines.rewind(id, to));
        if scheme.trimmed > 0 {
            lines.trimmed(id, scheme.trimmed);
        }
    }
    for (id, scheme) in schemes() {
        scheme.progress.iter().for_each(|progress| lines.progress(id, "now", progress));
        scheme.good.iter().for_each(|progress| lines.progress(id, "good", progress));
    }
    for (id, scheme) in schemes() {
        scheme.runs.values().for_each(|run| lines.run(id, run));
    }
    for (id, scheme) in schemes() {
        scheme.heads.iter().for_each(|(key, head)| lines.head(id, key, head));
    }
    for (id, scheme) in schemes() {
        scheme.bodies.iter().for_each(|((key, version), body)| lines.body(id, key, *version, body));
    }
    for (id, scheme) in schemes() {
        scheme.changes.iter().for_each(|change| lines.change(id, change));
    }
    for (id, scheme) in schemes() {
        let mut numbers: Vec<_> =
            scheme.heads.iter().filter_map(|(key, head)| Some((head.number.as_ref()?, key))).collect();
        numbers.sort();
        numbers.iter().for_each(|(number, key)| lines.number(id, number, key));
    }
    indexes(model, &mut lines);
    for (id, scheme) in schemes() {
        scheme.quarantine.values().for_each(|entry| lines.quarantine(id, entry));
    }
    for (id, scheme) in schemes() {
        scheme.sweep.iter().for_each(|sweep| lines.sweep(id, sweep));
    }
    for (id, scheme) in schemes() {
        scheme.seen.iter().for_each(|(run, key)| lines.seen(id, *run, key));
    }
    for (id, name, target) in targets() {
        target.state.iter().for_each(|state| lines.target(id, name, state));
    }
    for (id, name, target) in targets() {
        target.rows.iter().for_each(|(key, row)| lines.delivery(id, name, key, row));
    }
    for (id, name, target) in targets() {
        target.queue().iter().for_each(|(due, key)| lines.queued(id, name, *due, key));
    }
    for (id, name, target) in targets() {
        let mut states: Vec<_> = target.rows.iter().map(|(key, row)| (row.state, key)).collect();
        states.sort();
        states.iter().for_each(|(state, key)| lines.in_state(id, name, *state, key));
    }
    for (id, name, target) in targets() {
        target.counts().iter().for_each(|(state, count)| lines.count(id, name, *state, *count));
    }
    for (id, name, target) in targets() {
        target.attempts.iter().for_each(|((key, _), attempt)| lines.attempt(id, name, key, attempt));
    }
    for (identity, (scheme, target, key)) in &model.owners {
        lines.owner(identity, scheme, target, key);
    }
    lines.into_text()
}

fn indexes(model: &Model, lines: &mut Lines) {
    let indexes = || {
        model.schemes.iter().flat_map(|(id, scheme)| scheme.index.0.iter().map(move |(path, index)| (id, path, index)))
    };
    for (id, path, (ready, _)) in indexes() {
        lines.index(id, path, *ready);
    }
    for (id, path, (_, texts)) in indexes() {
        texts.iter().for_each(|(key, text)| lines.indexed(id, path, key, text));
    }
    for (id, path, (_, texts)) in indexes() {
        let mut found: Vec<_> = texts.iter().map(|(key, text)| (text, key)).collect();
        found.sort();
        found.iter().for_each(|(text, key)| lines.lookup(id, path, text, key));
    }
}
