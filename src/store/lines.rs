//! Rows as lines of text, for tests and for people: every field of every row is taken apart here by name, so that
//! a new one can't be forgotten.

use std::fmt::{Display, Write};

use crate::change::Change;
use crate::clock::Time;
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::reason::{MissingCode, Reason, State};
use crate::receipt::Receipt;
use crate::row_version::RowVersion;
use crate::store::value::to_json;
use crate::store::{Attempt, Base, Course, Delivery, Filling, Mark, Run, SweepState, TargetAnswer, TargetState};
use crate::watermark::{Progress, Scan};

/// The text so far.
#[derive(Default)]
pub(super) struct Lines(String);

/// Something that may be missing, shown as `-`.
fn or_dash<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A text as one word: quoted where it holds what would break the line.
fn word(text: &str) -> String {
    let plain =
        !text.is_empty() && text != "-" && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"');
    if plain { text.to_owned() } else { format!("{text:?}") }
}

fn maybe(text: Option<&String>) -> String {
    or_dash(text.map(|text| word(text)))
}

fn hash(hash: Option<&[u8; 32]>) -> String {
    or_dash(hash.map(|hash| hex::encode(hash.iter().take(4).copied().collect::<Vec<u8>>())))
}

/// A hash as text, or any other text that is too long to show.
fn short(text: &str) -> String {
    word(&text.chars().take(8).collect::<String>())
}

/// Bytes that are not for reading: how many, and the begin of their hash.
fn digest(bytes: &[u8]) -> String {
    format!("{}B:{}", bytes.len(), hash(Some(blake3::hash(bytes).as_bytes())))
}

impl Lines {
    /// The text.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn line(&mut self, table: &str, keys: &[&str], fields: &[(&str, String)]) {
        self.0.push_str(table);
        for key in keys {
            // Writing to a text can't fail.
            let _ = write!(self.0, " {}", word(key));
        }
        for (name, value) in fields {
            let _ = write!(self.0, " {name}={value}");
        }
        self.0.push('\n');
    }

    pub(super) fn scheme(&mut self, scheme: &str, last_seq: u64, live: u64, tombstones: u64, paused: Option<&String>) {
        let fields = [
            ("last_seq", last_seq.to_string()),
            ("live", live.to_string()),
            ("tombstones", tombstones.to_string()),
            ("paused", maybe(paused)),
        ];
        self.line("schemes", &[scheme], &fields);
    }

    pub(super) fn rewind(&mut self, scheme: &str, to: &RowVersion) {
        self.line("schemes", &[scheme, "rewind"], &[("to", to.to_string())]);
    }

    pub(super) fn trimmed(&mut self, scheme: &str, to: u64) {
        self.line("schemes", &[scheme, "trimmed"], &[("to", to.to_string())]);
    }

    pub(super) fn progress(&mut self, scheme: &str, slot: &str, progress: &Progress) {
        let Progress { first_start, start, watermark, walked_to, complete_to, scan, seen, fingerprint, trail } =
            progress;
        let scan = scan.as_ref().map(|Scan { to, begin, end, position, cursor }| {
            let from = cursor.as_ref().map(|cursor| format!(" from {cursor}")).unwrap_or_default();
            format!("{begin}..{end}/{to}@{}{from}", maybe(position.as_ref()))
        });
        let trail: Vec<String> = trail.iter().map(|held| format!("{}@{}", held.cursor, held.at)).collect();
        let fields = [
            ("first_start", first_start.to_string()),
            ("start", start.to_string()),
            ("watermark", or_dash(*watermark)),
            ("walked_to", or_dash(*walked_to)),
            ("complete_to", or_dash(*complete_to)),
            ("scan", or_dash(scan)),
            ("seen", or_dash(*seen)),
            ("fingerprint", short(fingerprint)),
            ("trail", trail.join(",")),
        ];
        self.line("watermarks", &[scheme, slot], &fields);
    }

    pub(super) fn run(&mut self, scheme: &str, run: &Run) {
        let Run {
            id,
            started,
            ended,
            windows,
            pages,
            documents,
            new,
            changed,
            unchanged,
            quarantined,
            deleted,
            sweep,
            error,
            from,
            at,
        } = run;
        let fields = [
            ("started", or_dash(*started)),
            ("ended", or_dash(*ended)),
            ("windows", windows.to_string()),
            ("pages", pages.to_string()),
            ("documents", documents.to_string()),
            ("new", new.to_string()),
            ("changed", changed.to_string()),
            ("unchanged", unchanged.to_string()),
            ("quarantined", quarantined.to_string()),
            ("deleted", deleted.to_string()),
            ("sweep", sweep.to_string()),
            ("error", maybe(error.as_ref())),
            ("from", or_dash(*from)),
            ("at", or_dash(*at)),
        ];
        self.line("runs", &[scheme, &id.to_string()], &fields);
    }

    pub(super) fn head(&mut self, scheme: &str, key: &Key, head: &Head) {
        let Head { version, seq, raw_hash, canonical_hash, captured_at, source_time, number, read_at, row_version } =
            head;
        let fields = [
            ("version", version.to_string()),
            ("seq", seq.to_string()),
            ("raw", hash(raw_hash.as_ref())),
            ("canonical", hash(canonical_hash.as_ref())),
            ("captured", captured_at.to_string()),
            ("source", or_dash(*source_time)),
            ("number", maybe(number.as_ref())),
            ("read", or_dash(*read_at)),
            ("row_version", or_dash(row_version.as_ref())),
        ];
        self.line("heads", &[scheme, key.as_str()], &fields);
    }

    pub(super) fn body(&mut self, scheme: &str, key: &Key, version: u64, body: &[u8]) {
        self.line("bodies", &[scheme, key.as_str(), &version.to_string()], &[("text", digest(body))]);
    }

    pub(super) fn change(&mut self, scheme: &str, change: &Change) {
        let Change { seq, kind, key, from, to, at } = change;
        let fields = [
            ("kind", kind.as_str().to_owned()),
            ("key", word(key.as_str())),
            ("from", from.to_string()),
            ("to", to.to_string()),
            ("at", at.to_string()),
        ];
        self.line("changes", &[scheme, &seq.to_string()], &fields);
    }

    pub(super) fn number(&mut self, scheme: &str, number: &str, key: &Key) {
        self.line("numbers", &[scheme, number, key.as_str()], &[]);
    }

    pub(super) fn index(&mut self, scheme: &str, path: &str, ready: bool) {
        self.line("indexes", &[scheme, path], &[("ready", ready.to_string())]);
    }

    pub(super) fn indexed(&mut self, scheme: &str, path: &str, key: &Key, text: &str) {
        self.line("indexed", &[scheme, path, key.as_str()], &[("text", word(text))]);
    }

    pub(super) fn lookup(&mut self, scheme: &str, path: &str, text: &str, key: &Key) {
        self.line("lookup", &[scheme, path, text, key.as_str()], &[]);
    }

    pub(super) fn quarantine(&mut self, scheme: &str, quarantine: &Quarantine) {
        let Quarantine { key, source_time, why, at } = quarantine;
        let fields = [("source", or_dash(*source_time)), ("why", word(why)), ("at", at.to_string())];
        self.line("quarantine", &[scheme, key.as_str()], &fields);
    }

    pub(super) fn sweep(&mut self, scheme: &str, sweep: &SweepState) {
        // Every field of it, as its own form says.
        self.line("sweeps", &[scheme], &[("state", word(&format!("{sweep:?}")))]);
    }

    pub(super) fn seen(&mut self, scheme: &str, run: u64, key: &Key) {
        self.line("seen", &[scheme, &run.to_string(), key.as_str()], &[]);
    }

    pub(super) fn target(&mut self, scheme: &str, target: &str, state: &TargetState) {
        let TargetState {
            position,
            answer,
            paused,
            account,
            moved_from,
            rules,
            proven,
            restored,
            restored_at,
            filling,
        } = state;
        let filling = filling.as_ref().map(|Filling { to, after }| format!("{}..{to}", or_dash(after.as_ref())));
        let answer = answer.as_ref().map(|answer| match answer {
            TargetAnswer::Send { since } => format!("send({})", or_dash(*since)),
            TargetAnswer::Baseline { instant } => format!("baseline({instant})"),
            TargetAnswer::Adopt => "adopt".to_owned(),
        });
        let fields = [
            ("position", position.to_string()),
            ("answer", or_dash(answer)),
            ("paused", maybe(paused.as_ref())),
            ("account", word(account)),
            ("moved_from", maybe(moved_from.as_ref())),
            ("rules", short(rules)),
            ("proven", proven.to_string()),
            ("restored", restored.to_string()),
            ("restored_at", or_dash(*restored_at)),
            ("filling", maybe(filling.as_ref())),
        ];
        self.line("targets", &[scheme, target], &fields);
    }

    pub(super) fn delivery(&mut self, scheme: &str, target: &str, key: &Key, row: &Delivery) {
        let Delivery {
            rev,
            state,
            reason,
            version,
            newest,
            base,
            receipt,
            attempt,
            attempts,
            tries,
            due,
            since,
            replays,
            replay,
            probe_first,
            unsure,
            absent_since,
            read_back,
            identity,
            parked,
            course,
        } = row;
        let parked: Vec<String> =
            parked.iter().map(|(scheme, Mark { seq, complete })| format!("{scheme}:{seq}:{complete}")).collect();
        let fields = [
            ("rev", rev.to_string()),
            ("state", state.to_string()),
            ("reason", or_dash(reason.as_ref().map(reason_text))),
            ("version", version.to_string()),
            ("newest", newest.to_string()),
            ("base", or_dash(base.as_ref().map(base_text))),
            ("receipt", or_dash(receipt.as_ref().map(receipt_text))),
            ("attempt", or_dash(*attempt)),
            ("attempts", attempts.to_string()),
            ("tries", tries.to_string()),
            ("due", or_dash(*due)),
            ("since", since.to_string()),
            ("replays", replays.to_string()),
            ("replay", replay.to_string()),
            ("probe_first", probe_first.to_string()),
            ("unsure", or_dash(*unsure)),
            ("absent_since", or_dash(*absent_since)),
            ("read_back", read_back.to_string()),
            ("identity", maybe(identity.as_ref())),
            ("parked", if parked.is_empty() { "-".to_owned() } else { word(&parked.join(",")) }),
            ("course", or_dash(course.as_ref().map(course_text))),
        ];
        self.line("deliveries", &[scheme, target, key.as_str()], &fields);
    }

    pub(super) fn queued(&mut self, scheme: &str, target: &str, due: Time, key: &Key) {
        self.line("queue", &[scheme, target, &due.to_string(), key.as_str()], &[]);
    }

    pub(super) fn in_state(&mut self, scheme: &str, target: &str, state: State, key: &Key) {
        self.line("states", &[scheme, target, state.as_str(), key.as_str()], &[]);
    }

    pub(super) fn count(&mut self, scheme: &str, target: &str, state: State, count: u64) {
        self.line("counts", &[scheme, target, state.as_str()], &[("count", count.to_string())]);
    }

    pub(super) fn attempt(&mut self, scheme: &str, target: &str, key: &Key, attempt: &Attempt) {
        let Attempt {
            n,
            id,
            change_key,
            version,
            call,
            form,
            account,
            number,
            target_id,
            step,
            payload,
            payload_hash,
            lines,
            looked_up,
            terms,
            at,
            answered,
            outcome,
            words,
            decision,
        } = attempt;
        let lines: Vec<String> = lines.iter().map(|(path, keys)| format!("{}[{}]", word(path), keys.len())).collect();
        let fields = [
            ("id", short(id)),
            ("change_key", short(change_key)),
            ("version", version.to_string()),
            ("call", word(call)),
            ("form", maybe(form.as_ref())),
            ("account", word(account)),
            ("number", maybe(number.as_ref())),
            ("target_id", maybe(target_id.as_ref())),
            ("step", step.to_string()),
            ("payload", digest(payload.as_bytes())),
            ("payload_hash", short(payload_hash)),
            ("lines", word(&lines.join(","))),
            ("looked_up", looked_up.len().to_string()),
            ("terms", digest(&to_json(terms))),
            ("at", at.to_string()),
            ("answered", or_dash(*answered)),
            ("outcome", maybe(outcome.as_ref())),
            ("words", maybe(words.as_ref())),
            ("decision", maybe(decision.as_ref())),
        ];
        self.line("attempts", &[scheme, target, key.as_str(), &n.to_string()], &fields);
    }

    pub(super) fn owner(&mut self, identity: &str, scheme: &str, target: &str, key: &Key) {
        let fields = [("scheme", word(scheme)), ("target", word(target)), ("key", word(key.as_str()))];
        self.line("identities", &[identity], &fields);
    }
}

fn reason_text(reason: &Reason) -> String {
    let Reason { code, params, words, missing } = reason;
    let params: Vec<String> = params.iter().map(|(name, value)| format!("{name}:{}", word(value))).collect();
    let missing: Vec<String> = missing.iter().map(missing_text).collect();
    let missing = if missing.is_empty() { String::new() } else { format!("/missing:{}", missing.join(",")) };
    format!("{}({})/{}{missing}", code.as_str(), params.join(","), maybe(words.as_ref()))
}

fn missing_text(missing: &MissingCode) -> String {
    let MissingCode { lookup, codes } = missing;
    let codes: Vec<String> = codes.iter().map(|(field, text)| format!("{}={}", word(field), word(text))).collect();
    format!("{}[{}]", word(lookup), codes.join("&"))
}

fn base_text(base: &Base) -> String {
    let Base { version, told, call, payload_hash, attempt } = base;
    let told = if *told { "told" } else { "skipped" };
    let payload = or_dash(payload_hash.as_ref().map(|hash| short(hash)));
    format!("{version}/{told}/{}/{payload}/{}", maybe(call.as_ref()), or_dash(*attempt))
}

fn course_text(course: &Course) -> String {
    let Course { version, calls, own, rank, at, since, opened, refused, replays } = course;
    let refused = or_dash(refused.as_ref().map(reason_text));
    let calls: Vec<String> = calls.iter().map(|call| word(call)).collect();
    format!("{version}/{}/{own}/{rank}/{at}/{since}/{opened}/{refused}/{replays}", calls.join(","))
}

fn receipt_text(receipt: &Receipt) -> String {
    let Receipt { id, number, lines, told } = receipt;
    let lines: Vec<String> = lines
        .iter()
        .flat_map(|(path, ids)| ids.iter().map(move |(key, id)| format!("{}[{}]:{}", word(path), word(key), word(id))))
        .collect();
    let told: usize = told.values().map(std::collections::BTreeMap::len).sum();
    let told = if told == 0 { String::new() } else { format!("/told:{told}") };
    format!("{}/{}/{}{told}", maybe(id.as_ref()), maybe(number.as_ref()), word(&lines.join(",")))
}
