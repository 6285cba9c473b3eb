//! What a failure means for a document: one exhaustive function from kind to policy (design.md section 2).

use crate::connector::FaultKind;

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Did not run and may pass: again after a wait; the send counts as an attempt.
    Retry,
    /// Nothing left this machine: again after a wait; not counted as an attempt.
    Hold,
    /// Did not run, called too often: the whole target waits; not counted as an attempt.
    Throttle,
    /// Did not run, the session is gone: log in once and repeat.
    Renew,
    /// Refused for good: rejected with the target's words.
    Reject,
    /// The account is refused: the whole target is paused, a person must act; the document stays pending.
    Pause,
    /// May or may not have run: in doubt.
    Doubt,
    /// Something stands under the number: in doubt, and the target is asked at once.
    Ask,
    /// It ran, but can't be found by our number: a conflict, never sent again by itself; the whole target is paused.
    Stop,
}

/// The policy of a failure's kind.
pub fn policy(kind: FaultKind) -> Policy {
    match kind {
        FaultKind::Unreachable => Policy::Hold,
        FaultKind::Throttled => Policy::Throttle,
        FaultKind::Transient => Policy::Retry,
        FaultKind::Permanent | FaultKind::ClosedPeriod => Policy::Reject,
        FaultKind::Session => Policy::Renew,
        FaultKind::Refused => Policy::Pause,
        FaultKind::Exists => Policy::Ask,
        FaultKind::Renumbered => Policy::Stop,
        FaultKind::Unknown => Policy::Doubt,
    }
}
