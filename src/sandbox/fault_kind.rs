//! What can go wrong at a simulated system, and which system plays what.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The system refuses in its own words; no effect.
    Refuse,
    /// The connection is reset before anything happens.
    ResetBefore,
    /// The effect happens, then the connection is reset without an answer.
    ResetAfter,
    /// The effect happens, the answer never comes (until the client gives up).
    TimeoutAfter,
    /// The effect happens `by` later, when the client may have given up; it is never answered.
    LateEffect,
    /// The effect happens, the answer comes `by` later.
    Delay,
    /// The effect happens, the answer's body comes byte by byte, `by` apart.
    Slow,
    /// The effect happens, the answer's body is cut in the middle.
    Truncate,
    /// The same, and its length says that it was whole.
    CutJson,
    /// The effect happens, the answer comes in chunks, of which the last never does.
    CutChunks,
    /// The effect happens, the answer is called an HTML page though it is none.
    WrongType,
    /// The effect happens, the answer is an HTML page with status 502.
    #[serde(rename = "html_502")]
    Html502,
    /// Nothing happens, the answer is an HTML login page with status 200.
    LoginPage,
    /// The system says in its own words that it is called too often.
    Throttle,
    /// Status 429 without saying how long to wait; no effect.
    TooMany,
    /// Status 429 with `Retry-After` in seconds (`by`); no effect.
    RetryAfter,
    /// Status 429 with `Retry-After` as a date (`by` from now); no effect.
    RetryAfterDate,
    /// The session is lost before the call runs.
    SessionLoss,
    /// The call runs and is answered, then every session and token is gone.
    SessionKill,
    /// Every session and token is revoked before its time, before the call runs.
    TokenRevoked,
    /// Of a batch only every second item is carried out, the others are refused.
    PartialBatch,
    /// An edit lock conflict, no effect.
    EditLock,
    /// The effect happens, the answer is a success that does not say the document's id.
    NoReceipt,
    /// The field `field` of what is sent is dropped without a word; the answer is a success.
    IgnoreField,
    /// A page of documents shows its last one twice.
    DuplicatePage,
    /// A page of documents lacks its first one, as if one before it had been taken away meanwhile.
    ShiftPage,
    /// From this call on the system's clock is `by` (`10m`, `-8h`) away from ours.
    ClockSkew,
}

/// What a fault's `by` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// It takes none.
    None,
    /// A wait; in milliseconds if none is given.
    Wait(i64),
    /// A move of the clock, to be given.
    Move,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether the system plays it in its own words; the others concern the connection, or the text of requests and
    /// answers.
    pub fn is_the_systems(self) -> bool {
        matches!(
            self,
            Self::Refuse | Self::Throttle | Self::SessionLoss | Self::PartialBatch | Self::EditLock | Self::NoReceipt
        )
    }

    /// What its `by` is.
    pub fn by(self) -> By {
        match self {
            Self::LateEffect | Self::Delay | Self::Slow => By::Wait(5_000),
            Self::RetryAfter | Self::RetryAfterDate => By::Wait(1_000),
            Self::ClockSkew => By::Move,
            _ => By::None,
        }
    }

    /// Whether a system can play it: 聚水潭 is only read, 小满 takes one order a call, and the pages of 金蝶 are asked
    /// for by id, so that none shifts.
    pub fn is_played_by(self, system: &str) -> bool {
        match system {
            "jushuitan" => !matches!(self, Self::PartialBatch | Self::EditLock | Self::NoReceipt | Self::IgnoreField),
            "kingdee" => self != Self::ShiftPage,
            "okki" => self != Self::PartialBatch,
            _ => true,
        }
    }
}
