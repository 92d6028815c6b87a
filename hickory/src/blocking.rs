//! The resolver that blocks until it can answer.
//!
//! ```text
//!   your threads ── question ──► the resolver's thread: a tokio runtime, a task for each question
//!                ◄── answer ────
//! ```
//!
//! The runtime has a thread of its own, because a runtime must not be entered or dropped within another one, and
//! because connections are kept alive between questions only while somebody drives them.

use crate::{error::SetupError, resolver::Resolver};
use core::fmt;
use mail_base::dns::{Answer, AsyncResolve, Question, Resolve};
use std::{io, sync::mpsc::sync_channel, thread};
use tokio::{
    runtime,
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
};

/// A [`Resolver`] with a thread of its own, made by [`Resolver::blocking`].
///
/// It implements [`Resolve`] for programs without a runtime. It also implements [`AsyncResolve`], for executors
/// other than tokio: its futures may be polled anywhere. Dropping such a future forgets the answer; the question
/// itself ends with its time limit.
///
/// Cloning is cheap. Many threads may ask at the same time. The thread ends after the last clone is dropped.
#[derive(Clone)]
pub struct BlockingResolver {
    asking: UnboundedSender<Asked>,
}

/// A question, and what is done with its answer. There are never more of them than callers that wait.
struct Asked {
    question: Question,
    deliver: Box<dyn FnOnce(Answer) + Send>,
}

impl BlockingResolver {
    pub(crate) fn start(resolver: Resolver) -> Result<Self, SetupError> {
        let failed = |error: io::Error| SetupError::Thread(error.kind());
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (asking, asked) = unbounded_channel();
        thread::Builder::new()
            .name("mailproto-hickory".to_owned())
            .spawn(move || runtime.block_on(serve(resolver, asked)))
            .map_err(failed)?;
        Ok(Self { asking })
    }

    /// Hands a question to the thread. Where the thread or the task is gone, `deliver` is dropped uncalled.
    fn ask(&self, question: &Question, deliver: impl FnOnce(Answer) + Send + 'static) {
        let asked = Asked { question: question.clone(), deliver: Box::new(deliver) };
        let _ = self.asking.send(asked);
    }
}

/// Answers questions until nobody can ask any more.
async fn serve(resolver: Resolver, mut asked: UnboundedReceiver<Asked>) {
    while let Some(Asked { question, deliver }) = asked.recv().await {
        let resolver = resolver.clone();
        tokio::spawn(async move { deliver(resolver.resolve(&question).await) });
    }
}

impl Resolve for BlockingResolver {
    fn resolve(&self, question: &Question) -> Answer {
        let (sender, receiver) = sync_channel(1);
        self.ask(question, move |answer| drop(sender.send(answer)));
        receiver.recv().unwrap_or(Answer::Unavailable)
    }
}

impl AsyncResolve for BlockingResolver {
    async fn resolve(&self, question: &Question) -> Answer {
        let (sender, receiver) = oneshot::channel();
        self.ask(question, move |answer| drop(sender.send(answer)));
        receiver.await.unwrap_or(Answer::Unavailable)
    }
}

impl fmt::Debug for BlockingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingResolver").finish_non_exhaustive()
    }
}
