//! A room comes into memory: read from the log when somebody asks for it, once however many ask.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};

use crate::document::Delta;
use crate::error::Result;
use crate::id::RoomKey;
use crate::limits;
use crate::room::actor::Actor;
use crate::room::clock;
use crate::room::directory::{Directory, Entry};
use crate::room::message::RoomInfo;
use crate::room::refusals::deleted;
use crate::room::registry::{Found, Live, Place, opened};
use crate::room::rooms::Rooms;
use crate::room::state::RoomState;
use crate::store::model;
use crate::telemetry::metric;

impl Rooms {
    /// Opens a room, or finds it open.
    pub(super) async fn open(&self, room: RoomKey) -> Result<Live> {
        match self.0.registry.ask(room, self.0.idle_after)? {
            Found::Room(wait) => opened(wait, &self.0.waiters).await,
            Found::Load(place, tell, wait) => {
                let rooms = self.clone();
                self.0.tasks.spawn(async move { rooms.load(room, place, tell).await });
                opened(wait, &self.0.waiters).await
            }
        }
    }

    /// Reads a room and runs its actor.
    async fn load(self, room: RoomKey, mut place: Place, tell: watch::Sender<Option<Result<Live>>>) {
        // Boxed: the actor's task would keep the place of the reading for as long as the room lives.
        let rows = match Box::pin(self.rows(room)).await {
            Ok(rows) => rows,
            Err(error) => {
                place.loaded(false);
                tell.send_replace(Some(Err(error)));
                return;
            }
        };
        let (commands, taken) = mpsc::channel(limits::ROOM_COMMANDS);
        let readers = Arc::new(Notify::new());
        let state = self.state(rows, place.incarnation());
        place.loaded(true);
        tell.send_replace(Some(Ok(Live {
            commands,
            readers: readers.clone(),
        })));
        drop(tell);
        Actor::new(state, taken, readers, place).run().await;
    }

    /// A room's rows, and nothing beside them that the log does not know.
    async fn rows(&self, room: RoomKey) -> Result<model::RoomState> {
        let rows = self
            .0
            .store
            .load_room(room)
            .await?
            // Whoever asks has found it a moment ago.
            .ok_or_else(deleted)?;
        if rows.strange_snapshots {
            tracing::error!(room = room.0, head = %rows.head, "snapshots are above the log's head: they are forgotten");
            metrics::counter!(metric::SNAPSHOTS_DISTRUSTED).increment(1);
            self.0.store.forget_strange_snapshots(room).await?;
        }
        Ok(rows)
    }

    fn state(&self, rows: model::RoomState, incarnation: u64) -> RoomState {
        let now = clock().at;
        let entries = rows.files.into_iter().map(|at| {
            let bytes = Delta::lengths(&at.last_delta).map_or(0, |(_, after)| u64::from(after.utf8));
            Entry {
                file: at.file,
                revision: at.revision,
                bytes,
            }
        });
        RoomState::new(
            RoomInfo {
                id: rows.room.id,
                slug: rows.room.slug,
                title: rows.room.title,
                created: rows.room.created,
                head: rows.head,
            },
            rows.room.key,
            (rows.room.term, rows.packed),
            incarnation,
            Directory::new(entries),
            self.0.store.clone(),
            self.0.encode.clone(),
            now,
        )
    }
}
