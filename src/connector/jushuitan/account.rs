//! An account and what its calls and the renewals of its token share.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::envelope::NoListing;
use super::faults::{classify, concerns_clock};
use super::renewal::Held;
use super::settings::JushuitanSettings;
use crate::clock::{Clock, print_duration};
use crate::connector::http::Http;
use crate::connector::kept::KeptTokens;
use crate::connector::reply::Reply;
use crate::connector::{Fault, FaultKind};

/// The account.
pub(super) struct Account {
    pub settings: JushuitanSettings,
    /// What delivery state belongs to; its tokens are kept under it.
    pub name: String,
    pub http: Http,
    pub clock: Arc<dyn Clock>,
    pub kept: Arc<KeptTokens>,
    pub held: Mutex<Held>,
}

impl Account {
    /// An account of which no token was used yet.
    pub fn new(
        settings: JushuitanSettings,
        name: String,
        http: Http,
        clock: Arc<dyn Clock>,
        kept: Arc<KeptTokens>,
    ) -> Self {
        Self { settings, name, http, clock, kept, held: Mutex::default() }
    }

    /// The fault of an answer that holds not what was asked for.
    pub fn no_listing(&self, no: NoListing, reply: &Reply) -> Fault {
        match no {
            NoListing::Refused { code, message } => self.refused(code, &message),
            NoListing::Unrecognised(what) => {
                let words = format!("the answer is not recognised: {what}; {}", reply.described());
                self.http.fault(FaultKind::Unknown, words)
            }
        }
    }

    fn refused(&self, code: i64, message: &str) -> Fault {
        let mut words = format!("code {code}: {message}");
        match classify(code, message) {
            FaultKind::Throttled => self.http.throttled(words, None),
            kind => {
                if concerns_clock(code, message) {
                    words.push_str(&self.clock_hint());
                }
                self.http.fault(kind, words)
            }
        }
    }

    fn clock_hint(&self) -> String {
        let Some(offset) = self.http.clock_offset() else { return String::new() };
        let apart = print_duration(std::time::Duration::from_millis(offset.unsigned_abs()));
        let side = if offset > 0 { "behind" } else { "ahead of" };
        format!("; the clock of this machine is {apart} {side} the system's")
    }
}
