//! What two connectors' probes ask alike of a document found (rules.md 14): when it was created, and how alike two
//! values are.

use crate::clock::{Time, Zone};
use crate::connector::Probe;
use crate::decimal::Decimal;

/// How much earlier than our first attempt, by the target's clock, a document of ours can have been created: its
/// clock may be set.
const SLACK_MILLIS: i64 = 5_000;

/// Whether a document was created not before our first attempt, compared on the target's clock, which is `offset`
/// milliseconds ahead of ours and kept in `zone`. The error says why it is not ours.
pub fn created_since_first_attempt(probe: &Probe, told: Option<&str>, offset: i64, zone: &Zone) -> Result<(), String> {
    let first = probe.first_attempt.ok_or("it was there before we first sent")?;
    let created = told.and_then(|told| zone.read(told)).ok_or("when it was created is not told")?;
    let first = Time(first.0.saturating_add(offset)).whole_seconds();
    if created.whole_seconds().0 < first.0 - SLACK_MILLIS {
        let first = zone.print(first);
        return Err(format!("created at {}, before we first sent at {first}", told.unwrap_or_default()));
    }
    Ok(())
}

/// How alike two values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alike {
    /// They differ.
    No,
    /// Alike as far as the system keeps values: rounded to the scale shown, cut to a day, blank kept as zero. It may
    /// be alike to another value just as well.
    Near,
    /// The same value.
    Same,
}

impl Alike {
    /// Compares numbers, the second as `printed` by the system.
    pub fn of_numbers(sent: &Decimal, shown: &Decimal, printed: &str) -> Self {
        if sent == shown {
            return Self::Same;
        }
        // The scale kept is at least the one shown, zeros at the end being left out, and amounts have at least two.
        let scale = printed.split_once('.').map_or(0, |(_, fraction)| fraction.len().max(2));
        let rounded = u32::try_from(scale).is_ok_and(|scale| scale <= 100 && sent.round(scale) == *shown);
        if rounded { Self::Near } else { Self::No }
    }

    /// Compares values of which at least one is blank; none where neither is. `zero` tells what blank may be kept as.
    pub fn of_blanks<T>(sent: T, shown: T, blank: impl Fn(T) -> bool, zero: impl Fn(T) -> bool) -> Option<Self>
    where
        T: Copy,
    {
        let kept_as_zero = |other: T| if zero(other) { Self::Near } else { Self::No };
        match (blank(sent), blank(shown)) {
            (true, true) => Some(Self::Same),
            (true, false) => Some(kept_as_zero(shown)),
            (false, true) => Some(kept_as_zero(sent)),
            (false, false) => None,
        }
    }
}

/// A finding's parts, for the tests of every connector's probes.
#[cfg(test)]
pub mod found {
    use crate::connector::Finding;
    use crate::receipt::Receipt;

    /// What it is called.
    pub fn name(finding: &Finding) -> &'static str {
        match finding {
            Finding::Absent => "absent",
            Finding::Effective { .. } => "effective",
            Finding::NotEffective { .. } => "not effective",
            Finding::Mixed { .. } => "mixed",
            Finding::Foreign { .. } => "foreign",
        }
    }

    /// Its receipt; none where nothing is there.
    pub fn receipt(finding: &Finding) -> Option<&Receipt> {
        match finding {
            Finding::Absent => None,
            Finding::Effective { receipt, .. }
            | Finding::NotEffective { receipt }
            | Finding::Mixed { receipt, .. }
            | Finding::Foreign { receipt, .. } => Some(receipt),
        }
    }
}
