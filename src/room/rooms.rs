//! All rooms: found in the database, opened when somebody asks, each once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::Rng;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::document::Unit;
use crate::error::{Error, Reason, Result};
use crate::id::{ParticipantId, Revision, RoomKey, RoomRef, SessionId, UserId, UserKey};
use crate::limits;
use crate::room::command::{Attach, Command};
use crate::room::creating::{checked_title, first_rows};
use crate::room::kept::{kept_answer, read_answer, same_request};
use crate::room::message::{
    CreatedRoom, Door, Encode, Join, JoinHow, NewRoom, Open, Request, RoomChange, RoomInfo, Upward,
};
use crate::room::outbox::outbox;
use crate::room::refusals::session_unknown;
use crate::room::registry::{Registry, opened, stopping};
use crate::room::session::{Attached, Session, SessionSender};
use crate::room::token::{hash_token, new_token};
use crate::room::{clock, gone, slug};
use crate::store::model;
use crate::store::model::{Micros, RoomAt, RoomEdit};
use crate::store::{Store, WriteError};

/// How often a call asks again when the room's copy here ends just then.
pub(super) const TRIES: usize = 3;

/// Where a page of rooms begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomCursor {
    /// The creation time of the last room of the page before.
    pub created: Micros,
    /// Its key.
    pub key: RoomKey,
}

/// All rooms.
#[derive(Clone)]
pub struct Rooms(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) encode: Arc<dyn Encode>,
    pub(super) registry: Registry,
    attached: Attached,
    streams: AtomicU64,
    pub(super) tasks: TaskTracker,
    /// Cancelled when nobody is let in any more.
    leaving: CancellationToken,
    pub(super) idle_after: Duration,
    /// One permit for each call that waits for a room to load.
    pub(super) waiters: Semaphore,
}

impl Rooms {
    /// The rooms of a database. `encode` makes the bytes that streams get; a room without sessions stays in memory
    /// for `idle_after`.
    pub fn new(store: Store, encode: Arc<dyn Encode>, idle_after: Duration) -> Self {
        Self(Arc::new(Inner {
            store,
            encode,
            registry: Registry::default(),
            attached: Attached::default(),
            streams: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            leaving: CancellationToken::new(),
            idle_after,
            waiters: Semaphore::new(limits::LOADING_WAITERS),
        }))
    }

    /// Creates a room with its first files, or an empty main.txt.
    ///
    /// # Errors
    /// SLUG_INVALID, ROOM_EXISTS, FIELD_INVALID, and those of creating files.
    pub async fn create_room(&self, new: NewRoom, request: Option<Request>) -> Result<CreatedRoom> {
        if let Some(kept) = self.kept(RoomKey(0), request).await? {
            return read_answer(&kept);
        }
        let (room, append, created) = first_rows(new, request)?;
        let slug = room.slug.clone();
        match self.0.store.create_room(room, append).await {
            Ok(_room) => Ok(created),
            // Somebody with the same request id was first.
            Err(WriteError::Answered(kept)) => read_answer(&same_request(kept, request)?),
            Err(WriteError::SlugTaken) => Err(slug_taken(slug)),
            Err(error) => Err(error.into()),
        }
    }

    async fn kept(&self, scope: RoomKey, request: Option<Request>) -> Result<Option<Vec<u8>>> {
        let Some(request) = request else { return Ok(None) };
        let kept = self.0.store.answered(scope, request.id).await?;
        kept.map(|kept| same_request(kept, Some(request))).transpose()
    }

    /// A room is not there under its name: a first try of the same request may have renamed or deleted it just then.
    async fn first_answer<T: DeserializeOwned>(&self, request: Option<Request>, error: Error) -> Result<T> {
        let kept = self.kept(RoomKey(0), request).await?;
        read_answer(&kept.ok_or(error)?)
    }

    /// A room as it is in the log.
    ///
    /// # Errors
    /// ROOM_NOT_FOUND.
    pub async fn get_room(&self, room: &RoomRef) -> Result<RoomInfo> {
        self.find(room).await.map(info)
    }

    /// A page of rooms, newest first, and where the next begins.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE.
    pub async fn list_rooms(
        &self,
        after: Option<RoomCursor>,
        limit: usize,
    ) -> Result<(Vec<RoomInfo>, Option<RoomCursor>)> {
        let before = after.map(|cursor| (cursor.created, cursor.key));
        let mut rooms = self.0.store.list_rooms(before, limit as u64 + 1).await?;
        let more = rooms.len() > limit;
        rooms.truncate(limit);
        let next = rooms.last().filter(|_| more).map(|at| RoomCursor {
            created: at.room.created,
            key: at.room.key,
        });
        Ok((rooms.into_iter().map(info).collect(), next))
    }

    /// Changes a room's slug or title.
    ///
    /// # Errors
    /// ROOM_NOT_FOUND, SLUG_INVALID, ROOM_EXISTS, FIELD_INVALID, REQUEST_ID_REUSED.
    pub async fn update_room(&self, room: &RoomRef, change: RoomChange, request: Option<Request>) -> Result<RoomInfo> {
        if let Some(kept) = self.kept(RoomKey(0), request).await? {
            return read_answer(&kept);
        }
        let mut at = match self.find(room).await {
            Ok(at) => at,
            Err(error) => return self.first_answer(request, error).await,
        };
        let key = at.room.key;
        let mut edit = RoomEdit::default();
        if let Some(wanted) = change.slug {
            let wanted = (!wanted.is_empty()).then_some(wanted);
            wanted.as_deref().map(slug::check).transpose()?;
            at.room.slug.clone_from(&wanted);
            edit.slug = Some(wanted);
        }
        if let Some(title) = change.title {
            at.room.title = checked_title(title)?;
            edit.title = Some(at.room.title.clone());
        }
        let answer = info(at);
        let kept = kept_answer(request, &answer);
        match self.0.store.update_room(key, edit, kept).await {
            Ok(_room) => {}
            Err(WriteError::Answered(kept)) => return read_answer(&same_request(kept, request)?),
            Err(WriteError::SlugTaken) => return Err(slug_taken(answer.slug)),
            Err(WriteError::NoRoom) => return Err(not_found(room)),
            Err(error) => return Err(error.into()),
        }
        if let Some(live) = self.0.registry.peek(key) {
            // A room that has just ended reads its row again anyway.
            let _ended = live.commands.send(Command::Renamed(answer.clone())).await;
        }
        Ok(answer)
    }

    /// Deletes a room; its streams get goodbye.
    ///
    /// # Errors
    /// ROOM_NOT_FOUND, REQUEST_ID_REUSED.
    pub async fn delete_room(&self, room: &RoomRef, request: Option<Request>) -> Result<()> {
        if self.kept(RoomKey(0), request).await?.is_some() {
            return Ok(());
        }
        let key = match self.find(room).await {
            Ok(at) => at.room.key,
            Err(error) => return self.first_answer(request, error).await,
        };
        match self.0.store.delete_room(key, kept_answer(request, &())).await {
            Ok(()) => {}
            Err(WriteError::Answered(kept)) => return same_request(kept, request).map(drop),
            Err(WriteError::NoRoom) => return Err(not_found(room)),
            Err(error) => return Err(error.into()),
        }
        if let Some(live) = self.0.registry.peek(key) {
            let _ended = live.commands.send(Command::Deleted).await;
        }
        Ok(())
    }

    pub(super) async fn find(&self, room: &RoomRef) -> Result<RoomAt> {
        self.0.store.find_room(room).await?.ok_or_else(|| not_found(room))
    }

    /// Lets a stream into a room, as a new session or as one that comes back.
    ///
    /// # Errors
    /// ROOM_NOT_FOUND, ROOM_FULL, SESSION_UNKNOWN, BASE_IN_FUTURE, FIELD_INVALID.
    pub async fn join(&self, join: Join) -> Result<Session> {
        let (session, token, resumed) = match join.how {
            JoinHow::New { room, name, mode, unit } => {
                let key = self.find(&room).await?.room.key;
                let (session, token) = match self.new_session(key, &name, mode, unit).await {
                    // It was deleted just then.
                    Err(error) if error.reason() == Reason::RoomNotFound => return Err(not_found(&room)),
                    joined => joined?,
                };
                (session, token, None)
            }
            JoinHow::Resume { token, last_revision } => {
                let session = self.0.store.session_by_token(&hash_token(&token)).await?;
                (session.ok_or_else(session_unknown)?, token, Some(last_revision))
            }
        };
        self.attach(session, token, join.door, resumed, join.open).await
    }

    async fn new_session(
        &self,
        room: RoomKey,
        name: &str,
        mode: model::Mode,
        unit: Unit,
    ) -> Result<(model::Session, String)> {
        let name = checked_name(name)?;
        let token = new_token()?;
        let session = model::Session {
            id: SessionId::new(),
            room,
            user: UserKey(0),
            // Not v7: it is public, and need not tell when the session began.
            participant: ParticipantId(uuid::Uuid::new_v4()),
            name: name.clone(),
            token_hash: hash_token(&token),
            mode,
            unit: u8::try_from(unit.number()).unwrap_or(1),
            created: clock().wall,
        };
        let user = model::NewUser {
            id: UserId::new(),
            name,
        };
        Ok((self.0.store.new_session(user, session).await?, token))
    }

    async fn attach(
        &self,
        session: model::Session,
        token: String,
        door: Door,
        resumed: Option<Revision>,
        open: Vec<Open>,
    ) -> Result<Session> {
        for _ in 1..TRIES {
            let attached = self
                .attach_once(session.clone(), token.clone(), door, resumed, open.clone())
                .await;
            match attached {
                // That copy has ended without letting anybody in.
                Err(error) if error.reason() == Reason::RoomUnavailable => {}
                answer => return answer,
            }
        }
        self.attach_once(session, token, door, resumed, open).await
    }

    async fn attach_once(
        &self,
        session: model::Session,
        token: String,
        door: Door,
        resumed: Option<Revision>,
        open: Vec<Open>,
    ) -> Result<Session> {
        let live = self.open(session.room).await?;
        let stream = self.0.streams.fetch_add(1, Ordering::Relaxed) + 1;
        let sender = SessionSender::new(live.commands.clone(), session.id, stream);
        let token_hash = session.token_hash;
        let (outbox, mut frames) = outbox(live.readers.clone());
        let (reply, let_in) = oneshot::channel();
        let attach = Attach {
            session,
            token,
            stream,
            outbox,
            door,
            resumed,
            open,
            committed: None,
            reply,
        };
        live.commands
            .send(Command::Attach(Box::new(attach)))
            .await
            .map_err(|_ended| gone())?;
        let_in.await.map_err(|_dropped| gone())??;
        frames.keep(self.0.attached.enter(token_hash, sender.clone()));
        Ok(Session { frames, sender })
    }

    /// Takes messages of the session that has this token.
    ///
    /// # Errors
    /// SESSION_UNKNOWN; NOT_JOINED if it has no stream; TOO_MANY_IN_FLIGHT; ROOM_UNAVAILABLE. STORE_UNAVAILABLE while the
    /// database's backlog is full: nothing was taken in, and the stream goes on.
    pub async fn publish(&self, token: &str, messages: Vec<Upward>) -> Result<()> {
        let hash = hash_token(token);
        if let Some(sender) = self.0.attached.find(&hash) {
            let operation = |message: &Upward| matches!(message, Upward::Edit(_) | Upward::Update(_));
            if messages.iter().any(operation) {
                self.0.store.has_room()?;
            }
            return sender.send_all(messages).await;
        }
        match self.0.store.session_by_token(&hash).await? {
            Some(_) => Err(Error::new(
                Reason::NotJoined,
                "the session has no stream here just now: resume it with Subscribe, then publish again",
            )),
            None => Err(session_unknown()),
        }
    }

    /// Waits until nobody is let in any more: those who have not said who they are need not be waited for.
    pub async fn closed(&self) -> Error {
        self.0.leaving.cancelled().await;
        stopping()
    }

    /// Ends all rooms: every stream gets goodbye, and what was accepted is committed.
    pub async fn shutdown(&self, grace: Duration) {
        let deadline = tokio::time::Instant::now() + grace;
        self.0.leaving.cancel();
        for wait in self.0.registry.stop() {
            // A room that is loading just now is told when it is there; a full queue is worked off first.
            let told = async {
                if let Ok(live) = opened(wait, &self.0.waiters).await {
                    let _ended = live.commands.send(Command::Shutdown).await;
                }
            };
            let _late = tokio::time::timeout_at(deadline, told).await;
        }
        self.0.tasks.close();
        if tokio::time::timeout_at(deadline, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some rooms did not end within the grace time");
        }
        self.0.store.close(grace).await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE.
    pub async fn ready(&self) -> Result<()> {
        self.0.store.ping().await
    }
}

fn info(at: RoomAt) -> RoomInfo {
    RoomInfo {
        id: at.room.id,
        slug: at.room.slug,
        title: at.room.title,
        created: at.room.created,
        head: at.head,
    }
}

/// The name that others see; a made-up one if none is given.
fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(format!("Guest {}", rand::rng().random_range(100..1_000)));
    }
    if name.chars().count() <= limits::NAME_CHARS && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let message = format!(
        "a name has at most {} characters and no control characters: choose another",
        limits::NAME_CHARS
    );
    Err(Error::new(Reason::FieldInvalid, message).field("name"))
}

fn not_found(room: &RoomRef) -> Error {
    let message = format!("there is no room {room}: create it, or check its name");
    Error::new(Reason::RoomNotFound, message).with("room", room)
}

fn slug_taken(slug: Option<String>) -> Error {
    Error::from(WriteError::SlugTaken).with("slug", slug.unwrap_or_default())
}
