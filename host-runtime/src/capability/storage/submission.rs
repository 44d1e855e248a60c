//! Batches that a guest submitted and does not wait for yet.

use std::future::Future;

use tokio::task::JoinHandle;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use super::{Storage, storage};

type Answer = Result<(), storage::Error>;

/// The guest's handle of a batch that is on its way.
pub struct Submission(State);

enum State {
    Working(JoinHandle<Answer>),
    Answered(Answer),
    Taken,
}

impl Submission {
    /// Begins the work, in a task of its own: a call that ends leaves it whole.
    pub(super) fn of(work: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self(State::Working(tokio::spawn(work)))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Submission {
    async fn ready(&mut self) {
        if let State::Working(work) = &mut self.0 {
            let answer = work.await;
            self.0 = State::Answered(
                answer.unwrap_or_else(|error| Err(storage::Error::Unavailable(error.to_string()))),
            );
        }
    }
}

impl storage::HostSubmission for Storage<'_> {
    fn subscribe(
        &mut self,
        submission: Resource<Submission>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(&mut self.call.table, submission)
    }

    fn take(&mut self, submission: Resource<Submission>) -> wasmtime::Result<Option<Answer>> {
        let submission = self.call.table.get_mut(&submission)?;
        Ok(match std::mem::replace(&mut submission.0, State::Taken) {
            State::Answered(answer) => Some(answer),
            other => {
                submission.0 = other;
                None
            }
        })
    }

    fn drop(&mut self, submission: Resource<Submission>) -> wasmtime::Result<()> {
        self.call.table.delete(submission)?;
        Ok(())
    }
}
