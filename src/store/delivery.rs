//! Deliveries as stored: one row for each (scheme, target, document), and its attempts.

use std::collections::BTreeMap;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Time;
use crate::looked_up::LookedUp;
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::store::course::Course;
use crate::store::mirror::Mark;

/// What a target was last told of a document or, while it was told nothing, the last version skipped for it that
/// `compare` accepts (rule 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Version.
    pub version: u64,
    /// Told (delivered, adopted, baseline, deleted) or only skipped.
    pub told: bool,
    /// The call it was told by; none for baselines and skips.
    pub call: Option<String>,
    /// BLAKE3 of the mapped payload without receipt ids, hexadecimal (rule 28).
    pub payload_hash: Option<String>,
    /// The attempt that told it: its bytes are what an update is judged against (rule 14).
    pub attempt: Option<u32>,
}

/// A document's standing towards one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Revision of the row, one more with each write; a write names the one it was made from.
    pub rev: u64,
    /// State.
    pub state: State,
    /// Why.
    pub reason: Option<Reason>,
    /// The version the state speaks of: the newest one decided, or the one the open attempt sends.
    pub version: u64,
    /// Highest version planned; above `version`, the ones between wait to be decided, in order.
    pub newest: u64,
    /// The base.
    pub base: Option<Base>,
    /// What the target answered when it accepted the document.
    pub receipt: Option<Receipt>,
    /// Number of the open attempt while `in_flight` or `in_doubt`.
    pub attempt: Option<u32>,
    /// Attempts made so far; the next has one more.
    pub attempts: u32,
    /// Sends of this version that count (rule 21).
    pub tries: u32,
    /// When to look at it again; none: only when something happens.
    pub due: Option<Time>,
    /// In this state since.
    pub since: Time,
    /// Times a person asked to send it again; part of the change key (rule 18).
    pub replays: u32,
    /// Asked to be sent again and not yet sent.
    pub replay: bool,
    /// The next send without a receipt is probed first (rule 7): baselined, discarded while in doubt, or resolved
    /// without an id.
    pub probe_first: bool,
    /// The database was restored: attempts made since then may be missing from it, so what the target holds is compared
    /// with the newest version before anything else is done (rule 8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure: Option<Time>,
    /// First time a probe found nothing for the open attempt, by our clock (rules 4 and 6).
    pub absent_since: Option<Time>,
    /// An attempt whose outcome was never known came before what is told now: the target is asked once more, a settle
    /// time after it accepted, whether that still stands (rule 6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_back: bool,
    /// The target document's identity: account, form and number (rule 11).
    pub identity: Option<String>,
    /// Schemes in which it lacks a document, each as it stood before it was asked (rule 16): looked at again when
    /// one of them comes further. Such a row is written only while none has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parked: BTreeMap<String, Mark>,
    /// How far a delivery of several steps has come, once its first step may have run (rule 19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
}

impl Delivery {
    /// A document never planned before.
    pub fn new(at: Time) -> Self {
        Self {
            rev: 0,
            state: State::Pending,
            reason: None,
            version: 0,
            newest: 0,
            base: None,
            receipt: None,
            attempt: None,
            attempts: 0,
            tries: 0,
            due: None,
            since: at,
            replays: 0,
            replay: false,
            probe_first: false,
            unsure: None,
            absent_since: None,
            read_back: false,
            identity: None,
            parked: BTreeMap::new(),
            course: None,
        }
    }

    /// Whether an attempt is open: nothing else may be sent for the document.
    pub fn has_open_attempt(&self) -> bool {
        matches!(self.state, State::InFlight | State::InDoubt) && self.attempt.is_some()
    }

    /// Whether steps of its version have run and others must follow: newer versions wait (rule 19).
    pub fn is_stepping(&self) -> bool {
        let rests = self.state.is_settled() || self.state == State::Rejected;
        !rests && self.course.as_ref().is_some_and(|course| course.version == self.version)
    }
}

/// How an attempt whose outcome is not known is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settling {
    /// The target is asked.
    Probe,
    /// The same bytes are sent again.
    Resend {
        /// As long as the target remembers our key; none: it replaces the whole state.
        remembers: Option<Duration>,
    },
    /// A person decides.
    Hold,
}

/// On what terms an attempt was made: it is settled by these, whatever the scheme says by then (rule 13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// How it is settled; none in rows of older versions: as the scheme says now.
    pub settling: Option<Settling>,
    /// Options of the call.
    pub options: Map<String, Value>,
    /// The payload's field that holds the number.
    pub number_field: Option<String>,
    /// Payload fields compared by probes; empty: all.
    pub compare: Vec<String>,
    /// It tested whether the target answers again: it does not count as a try (rule 21).
    pub test: bool,
}

/// One attempt to send: all that its settlement needs (rule 13), durable before the first byte leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1 within the delivery.
    pub n: u32,
    /// Random, per send.
    pub id: String,
    /// BLAKE3 of scheme, target, document, version, payload hash and replay count (design.md 2.4).
    pub change_key: String,
    /// Version sent.
    pub version: u64,
    /// Call in the vendor's words.
    pub call: String,
    /// Form, where the call has one.
    pub form: Option<String>,
    /// (connector, host, account) sent to.
    pub account: String,
    /// The number under which the target document is found again.
    pub number: Option<String>,
    /// The target document's id if it was an update.
    pub target_id: Option<String>,
    /// An opening or closing step (rule 19): it tells nothing of the document's content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub step: bool,
    /// The exact bytes of the business payload.
    pub payload: String,
    /// BLAKE3 of the mapped payload without receipt ids, hexadecimal.
    pub payload_hash: String,
    /// Which source line each element of a mapped list came from: list path → `$key`s in payload order.
    #[serde(default)]
    pub lines: Vec<(String, Vec<String>)>,
    /// What its mapping took from look-ups (rule 16).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_up: Vec<LookedUp>,
    /// On what terms it was made.
    #[serde(default)]
    pub terms: Terms,
    /// When it was claimed, by our clock.
    pub at: Time,
    /// When its answer was recorded.
    pub answered: Option<Time>,
    /// What came of it: `accepted`, `refused`, `unknown`, `absent`, `not_run`, …; none while it is open.
    pub outcome: Option<String>,
    /// The target's own words, shortened.
    pub words: Option<String>,
    /// What was decided on it, for a person.
    pub decision: Option<String>,
}

/// Which step of a delivery a commit is: for crash points and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Changes were looked at and decided.
    Plan,
    /// Attempts are about to be sent.
    Claim,
    /// Answers or probes settle attempts.
    Settle,
    /// A person acted.
    Operate,
}

/// One write.
#[derive(Debug, Clone)]
pub struct DeliveryWrite {
    /// Which document.
    pub key: Key,
    /// Revision the row was made from; 0: there was no row. The store sets the new row's revision.
    pub expect: u64,
    /// The row afterwards.
    pub row: Delivery,
    /// An attempt to store beside it (new, or the open one with its outcome).
    pub attempt: Option<Attempt>,
    /// Claims the target document of this identity for (scheme, target, key); another owner refuses the write.
    pub claim: Option<String>,
    /// Gives the target document of this identity free.
    pub release: Option<String>,
    /// Makes the document's delivery to another target of the scheme due in the same transaction (rule 22).
    pub queue: Option<Queued>,
}

/// A delivery that another one makes due: a write-back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The target it goes to.
    pub target: String,
    /// The document's version that was accepted.
    pub version: u64,
    /// When, by our clock.
    pub at: Time,
}

impl Queued {
    /// The row made due. One with an open attempt is left as it is and looked at again when that is settled, even in
    /// the version it sends: what the other target answered may be new.
    pub fn onto(&self, before: Option<Delivery>) -> Delivery {
        let mut row = before.unwrap_or_else(|| Delivery::new(self.at));
        row.rev = row.rev.saturating_add(1);
        row.newest = row.newest.max(self.version);
        if matches!(row.state, State::InFlight | State::InDoubt) {
            row.version = row.version.min(row.newest.saturating_sub(1));
            return row;
        }
        if row.state != State::Pending {
            row.since = self.at;
        }
        row.version = row.newest;
        row.tries = 0;
        row.state = State::Pending;
        row.reason = Some(Reason::new(Code::Due, [("version", row.newest.to_string())]));
        row.due = Some(self.at);
        row
    }
}

/// Writes of one target in one transaction.
#[derive(Debug, Clone)]
pub struct DeliveryCommit {
    /// Scheme id.
    pub scheme: String,
    /// Target name.
    pub target: String,
    /// Which step.
    pub step: Step,
    /// The change log position moves from here to there; another position stored is a conflict and nothing is
    /// written. It stays where it is if a write of this commit was left out: the change it decides must be decided
    /// again.
    pub position: Option<(u64, u64)>,
    /// The rows.
    pub writes: Vec<DeliveryWrite>,
}

/// What became of one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteResult {
    /// Stored with this revision.
    Written(u64),
    /// The row had another revision: read it again.
    Changed,
    /// The target document is owned by another: scheme, target, key.
    Owned(String, String, Key),
}
