//! Answers that wait for a commit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::store::traits::StoreError;

/// The answer to a command that is being made durable: a future, or [`Pending::wait`] in plain code.
#[derive(Debug)]
pub struct Pending<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Pending<T> {
    /// The sender's side and the answer.
    pub fn channel() -> (oneshot::Sender<Result<T, StoreError>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// An answer that is already there.
    pub fn ready(result: Result<T, StoreError>) -> Self {
        let (sender, pending) = Self::channel();
        // The receiver is alive: it is returned right below.
        let _ = sender.send(result);
        pending
    }

    /// Blocks until the command is durable. Not for asynchronous code.
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|received| received.unwrap_or(Err(StoreError::Closed)))
    }
}
