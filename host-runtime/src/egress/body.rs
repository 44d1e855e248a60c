//! Bodies on their way: requests are given a length, responses a limit.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use super::client::Counters;
use super::{fault, threads};
use crate::limits;

/// Gives the request a length: guests write bodies piece by piece, and servers of providers refuse chunked ones. A body whose
/// length the guest stated is passed on as it comes, with time for a slow line.
pub(super) async fn with_length(
    request: Request<WasiBody>,
) -> Result<(Request<WasiBody>, Duration), Error> {
    /// The slowest line that an upload is waited for, in bytes per second.
    const SLOWEST_UPLOAD: u64 = 128 << 10;

    let (parts, body) = request.into_parts();
    let stated = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if let Some(length) = stated {
        if length > limits::REQUEST_BYTES {
            return Err(Error::HttpRequestBodySize(Some(limits::REQUEST_BYTES)));
        }
        let time = Duration::from_secs(length / SLOWEST_UPLOAD);
        return Ok((Request::from_parts(parts, body), time));
    }
    let gathered = gather(body).await?;
    let time = Duration::from_secs(gathered.len() as u64 / SLOWEST_UPLOAD);
    let body = Full::new(gathered).map_err(Error::from).boxed_unsync();
    Ok((Request::from_parts(parts, body), time))
}

/// Takes a body into memory. One that is too large is read to its end all the same, up to what any request may have: a guest learns
/// why its request failed only after it has written all of it.
async fn gather(mut body: WasiBody) -> Result<Bytes, Error> {
    let mut gathered = BytesMut::new();
    let mut size: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        size = size.saturating_add(data.len() as u64);
        if size <= limits::BUFFERED_REQUEST_BYTES {
            gathered.extend_from_slice(&data);
        } else {
            gathered = BytesMut::new();
        }
        if size > limits::REQUEST_BYTES {
            break;
        }
    }
    if size > limits::BUFFERED_REQUEST_BYTES {
        return Err(Error::HttpRequestBodySize(Some(
            limits::BUFFERED_REQUEST_BYTES,
        )));
    }
    Ok(gathered.freeze())
}

/// A response body that ends with an error when nothing comes for too long or too much comes.
pub(super) struct CappedBody {
    inner: Incoming,
    patience: Pin<Box<Sleep>>,
    between: Duration,
    /// Since when somebody waits, `patience` runs: not while nobody asks.
    waiting: bool,
    left: u64,
    counters: Arc<Counters>,
    /// The place at this host is free when the body is read or dropped.
    _permit: OwnedSemaphorePermit,
}

impl CappedBody {
    pub(super) fn new(
        inner: Incoming,
        between: Duration,
        counters: Arc<Counters>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            inner,
            patience: Box::pin(tokio::time::sleep(between)),
            between,
            waiting: false,
            left: limits::RESPONSE_BYTES,
            counters,
            _permit: permit,
        }
    }
}

impl Body for CappedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let me = &mut *self;
        if !me.waiting {
            me.waiting = true;
            me.patience.as_mut().reset(Instant::now() + me.between);
        }
        match Pin::new(&mut me.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                me.waiting = false;
                let length = frame.data_ref().map_or(0, |d| d.len() as u64);
                me.counters.received.fetch_add(length, Ordering::Relaxed);
                let Some(left) = me.left.checked_sub(length) else {
                    return Poll::Ready(Some(Err(Error::HttpResponseBodySize(Some(
                        limits::RESPONSE_BYTES,
                    )))));
                };
                me.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(fault::describe_hyper(&error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match me.patience.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body that is read on while its reader is busy with something else, so that a plugin finds the next answer here when it is through
/// with the last one. What is read ahead stays below [`limits::READ_AHEAD_BYTES`].
pub(super) struct AheadBody {
    frames: UnboundedReceiver<Arrived>,
    size: SizeHint,
}

/// With its share of what may be read ahead.
type Arrived = (Result<Frame<Bytes>, Error>, Option<OwnedSemaphorePermit>);

impl AheadBody {
    pub(super) fn new(mut body: CappedBody) -> Self {
        let (sender, frames) = mpsc::unbounded_channel();
        let size = body.size_hint();
        let room = Arc::new(Semaphore::new(limits::READ_AHEAD_BYTES as usize));
        threads::handle().spawn(async move {
            loop {
                let frame = tokio::select! {
                    () = sender.closed() => return,
                    frame = body.frame() => frame,
                };
                let Some(frame) = frame else {
                    return;
                };
                let length = frame
                    .as_ref()
                    .ok()
                    .and_then(|frame| frame.data_ref())
                    .map_or(0, |data| data.len() as u64);
                let share = length.min(limits::READ_AHEAD_BYTES) as u32;
                let share = tokio::select! {
                    () = sender.closed() => return,
                    share = room.clone().acquire_many_owned(share) => share.ok(),
                };
                if sender.send((frame, share)).is_err() {
                    return;
                }
            }
        });
        Self { frames, size }
    }
}

impl Body for AheadBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.frames
            .poll_recv(cx)
            .map(|arrived| arrived.map(|(frame, _share)| frame))
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}
