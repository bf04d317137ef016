//! One stream of one session: what comes down, and the way up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, mpsc};

use crate::error::{Error, Reason, Result};
use crate::id::SessionId;
use crate::limits;
use crate::room::command::Command;
use crate::room::gone;
use crate::room::message::Upward;
use crate::room::outbox::Frames;

/// A stream that has been let into a room.
#[derive(Debug)]
pub struct Session {
    /// What comes down. Dropping it detaches the stream; the session stays.
    pub frames: Frames,
    /// The way up.
    pub sender: SessionSender,
}

/// The way up of one stream.
#[derive(Clone, Debug)]
pub struct SessionSender {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) session: SessionId,
    pub(super) stream: u64,
    /// One permit for each message whose answer has not been read.
    pub(super) in_flight: Arc<Semaphore>,
}

impl SessionSender {
    /// A way up to a room's actor.
    pub(super) fn new(commands: mpsc::Sender<Command>, session: SessionId, stream: u64) -> Self {
        Self {
            commands,
            session,
            stream,
            in_flight: Arc::new(Semaphore::new(limits::IN_FLIGHT)),
        }
    }

    /// Sends a message; its answer comes down the stream. Waits while too many have no answer yet.
    ///
    /// # Errors
    /// ROOM_UNAVAILABLE: the room has ended here; the stream ends too, and the client resumes.
    pub async fn send(&self, message: Upward) -> Result<()> {
        let permit = self.in_flight.clone().acquire_owned().await.map_err(|_closed| gone())?;
        self.pass(message, permit).await
    }

    /// Sends messages that came together, all or none.
    ///
    /// # Errors
    /// TOO_MANY_IN_FLIGHT; ROOM_UNAVAILABLE.
    pub(super) async fn send_all(&self, messages: Vec<Upward>) -> Result<()> {
        let mut permits = Vec::with_capacity(messages.len());
        for _ in &messages {
            let permit = self.in_flight.clone().try_acquire_owned().map_err(|_none| {
                Error::new(
                    Reason::TooManyInFlight,
                    format!(
                        "more than {} messages of this session have no answer yet: read its stream, then publish again",
                        limits::IN_FLIGHT
                    ),
                )
                .retry_after(limits::RETRY_DELAY)
            })?;
            permits.push(permit);
        }
        // All places in the actor's queue first: a call that is dropped in between has sent nothing.
        let places = self
            .commands
            .reserve_many(messages.len())
            .await
            .map_err(|_ended| gone())?;
        for ((place, message), permit) in places.zip(messages).zip(permits) {
            place.send(self.command(message, permit));
        }
        Ok(())
    }

    async fn pass(&self, message: Upward, permit: tokio::sync::OwnedSemaphorePermit) -> Result<()> {
        self.commands
            .send(self.command(message, permit))
            .await
            .map_err(|_ended| gone())
    }

    fn command(&self, message: Upward, permit: tokio::sync::OwnedSemaphorePermit) -> Command {
        Command::Message {
            session: self.session,
            stream: self.stream,
            message,
            permit: Some(permit),
        }
    }
}

/// The streams of this process by the hash of their session's token: where Publish finds its session.
#[derive(Clone, Debug, Default)]
pub(super) struct Attached(Arc<Mutex<HashMap<[u8; 32], SessionSender>>>);

impl Attached {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], SessionSender>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a stream until the guard is dropped.
    pub(super) fn enter(&self, token_hash: [u8; 32], sender: SessionSender) -> AttachedGuard {
        let stream = sender.stream;
        self.lock().insert(token_hash, sender);
        AttachedGuard {
            attached: self.clone(),
            token_hash,
            stream,
        }
    }

    /// The stream of the session with this token.
    pub(super) fn find(&self, token_hash: &[u8; 32]) -> Option<SessionSender> {
        self.lock().get(token_hash).cloned()
    }
}

/// Takes a stream off the list when it is dropped.
pub(super) struct AttachedGuard {
    attached: Attached,
    token_hash: [u8; 32],
    stream: u64,
}

impl Drop for AttachedGuard {
    fn drop(&mut self) {
        let mut streams = self.attached.lock();
        if streams
            .get(&self.token_hash)
            .is_some_and(|sender| sender.stream == self.stream)
        {
            streams.remove(&self.token_hash);
        }
    }
}
