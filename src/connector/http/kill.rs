//! A request that writes, laid out so that the process can be killed in its middle: half of the body sent, or all of
//! it sent and carried out but nothing answered. In use only where such a crash point is aimed at.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};

use crate::clock::Clock;
use crate::crash;

/// How long a request sent whole is left without an answer until it counts as carried out.
const CARRIED_OUT: Duration = Duration::from_millis(300);

/// The body to send.
pub(super) fn body(bytes: Vec<u8>) -> reqwest::Body {
    if !crash::is_aimed_at("send.half_body") {
        return bytes.into();
    }
    let mut first = Bytes::from(bytes);
    let second = first.split_off(first.len() / 2);
    reqwest::Body::wrap(Halves { first: Some(first), second, paused: false })
}

/// Sends, unless the process ends first.
pub(super) async fn send(
    request: reqwest::RequestBuilder,
    clock: &dyn Clock,
) -> Result<reqwest::Response, reqwest::Error> {
    let sent = request.send();
    if !crash::is_aimed_at("send.body_sent") {
        return sent.await;
    }
    tokio::pin!(sent);
    tokio::select! {
        answer = &mut sent => return answer,
        () = clock.sleep(CARRIED_OUT) => crash::point("send.body_sent"),
    }
    sent.await
}

/// A body in two halves. Between them it lets the first one leave.
struct Halves {
    first: Option<Bytes>,
    second: Bytes,
    paused: bool,
}

impl Body for Halves {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.second.is_empty() {
            return Poll::Ready(None);
        }
        if !self.paused {
            self.paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        crash::point("send.half_body");
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.second)))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.second.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact((first + self.second.len()) as u64)
    }
}
