//! Asking a source with patience: what may pass is tried again, a lost session is renewed once, throttling waits
//! without counting.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::connector::{Connector, Fault, FaultKind, FetchRequest, Page};
use crate::row_version::RowVersion;
use crate::scheme::Source;

/// How often and how long to try.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Tries that count.
    pub tries: u32,
    /// First wait.
    pub from: Duration,
    /// Longest wait.
    pub to: Duration,
    /// Waits for throttling before giving up for this run.
    pub throttles: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 4, from: Duration::from_millis(500), to: Duration::from_secs(30), throttles: 60 }
    }
}

/// Why a question got no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskError {
    /// The source's last words.
    #[error("{0}")]
    Fault(Fault),
    /// The service is stopping.
    #[error("stopped")]
    Stopped,
}

/// What a fault means for a read: nothing was changed at the source, so everything but a refusal may be repeated.
enum Answer {
    Again,
    Wait,
    Renew,
    GiveUp,
}

fn answer(kind: FaultKind) -> Answer {
    match kind {
        FaultKind::Unreachable | FaultKind::Transient | FaultKind::Unknown => Answer::Again,
        FaultKind::Throttled => Answer::Wait,
        FaultKind::Session => Answer::Renew,
        FaultKind::Permanent
        | FaultKind::Refused
        | FaultKind::Exists
        | FaultKind::Renumbered
        | FaultKind::ClosedPeriod => Answer::GiveUp,
    }
}

/// A source that is asked with patience.
pub struct Asker {
    pub connector: Arc<dyn Connector>,
    pub clock: Arc<dyn Clock>,
    pub patience: Patience,
    pub stop: CancellationToken,
}

/// One question to a source.
pub enum Question<'a> {
    /// A page.
    Page(FetchRequest<'a>),
    /// A page of rows from a row version on.
    Rows { source: &'a Source, from: &'a RowVersion, position: Option<&'a str> },
    /// Documents by key or number.
    Keys { source: &'a Source, keys: &'a [Vec<String>], by_number: bool },
    /// One document, read whole.
    Detail { call: &'a str, params: &'a [(String, String)] },
    /// Login, or the cheapest call.
    Login,
}

impl Asker {
    /// Asks until there is an answer or patience ends.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Page, AskError> {
        let (mut tries, mut throttles, mut renewed) = (0, 0, false);
        loop {
            // Nothing is changed by a read, so a stop need not wait for its answer.
            let answered = tokio::select! {
                answered = self.once(question) => answered,
                () = self.stop.cancelled() => return Err(AskError::Stopped),
            };
            let mut fault = match answered {
                Ok(page) => return Ok(page),
                Err(fault) => fault,
            };
            if matches!(answer(fault.kind), Answer::Renew) && !renewed {
                tracing::info!(words = %fault.words, "session lost, logging in again");
                match self.connector.login().await {
                    Ok(()) => {
                        renewed = true;
                        continue;
                    }
                    Err(refused) => fault = refused,
                }
            }
            if fault.too_much.is_some() {
                // The same question has the same answer.
                return Err(AskError::Fault(fault));
            }
            match answer(fault.kind) {
                Answer::GiveUp | Answer::Renew => return Err(AskError::Fault(fault)),
                Answer::Wait => {
                    throttles += 1;
                    if throttles > self.patience.throttles {
                        return Err(AskError::Fault(fault));
                    }
                    let wait = fault.retry_after.unwrap_or(Duration::from_secs(1)).min(Duration::from_secs(60));
                    self.pause(wait).await?;
                }
                Answer::Again => {
                    tries += 1;
                    if tries >= self.patience.tries {
                        return Err(AskError::Fault(fault));
                    }
                    tracing::warn!(words = %fault.words, tries, "the source did not answer properly, trying again");
                    self.pause(self.patience.from.saturating_mul(1 << tries.min(16)).min(self.patience.to)).await?;
                }
            }
        }
    }

    async fn once(&self, question: &Question<'_>) -> Result<Page, Fault> {
        match question {
            Question::Page(request) => self.connector.fetch(request).await,
            Question::Rows { source, from, position } => self.connector.fetch_rows(source, from, *position).await,
            Question::Keys { source, keys, by_number } => self.connector.fetch_keys(source, keys, *by_number).await,
            Question::Detail { call, params } => {
                let found = self.connector.fetch_detail(call, params).await?;
                Ok(Page { documents: found.into_iter().collect(), ..Page::default() })
            }
            Question::Login => self.connector.login().await.map(|()| Page::default()),
        }
    }

    async fn pause(&self, wait: Duration) -> Result<(), AskError> {
        if self.stop.is_cancelled() {
            return Err(AskError::Stopped);
        }
        tokio::select! {
            () = self.clock.sleep(wait) => Ok(()),
            () = self.stop.cancelled() => Err(AskError::Stopped),
        }
    }
}
