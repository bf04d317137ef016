//! Events as bytes: what the hub asks for, once for all receivers of one unit.

mod often;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint, encoded_len_varint, key_len};
use ropey::Rope;
use smallvec::smallvec;

use super::convert::answers;
use super::proto::v1::server_message::Kind;
use super::proto::v1::{self, ServerMessage};
use super::status::{duration, to_rpc_status};
use crate::document::Unit;
use crate::error::Error;
use crate::id::{Epoch, FileId, OpId, ParticipantId, Revision};
use crate::limits::MESSAGE_OUT_BYTES;
use crate::pieces;
use crate::room::message::{
    self, Encode, Encoded, Event, FileChange, Frame, Joined, Opened, OpenedContent, Outcome, Participant,
    ParticipantPresence, ParticipantState, RefusedRequest,
};

/// Field numbers that are written by hand; a test holds them to the contract.
mod field {
    /// `message` of CollaborateResponse, and of SubscribeResponse.
    pub(super) const MESSAGE: u32 = 1;
    /// `opened` of ServerMessage.
    pub(super) const OPENED: u32 = 2;
    /// `resync` of ServerMessage.
    pub(super) const RESYNC: u32 = 10;
    /// `fragment` of ServerMessage.
    pub(super) const FRAGMENT: u32 = 12;
    /// `text` of Opened, and of Resync.
    pub(super) const TEXT: u32 = 3;
    /// `data` of Fragment.
    pub(super) const DATA: u32 = 1;
    /// `last` of Fragment.
    pub(super) const LAST: u32 = 2;
}

/// What a fragment's frame has around its data, at most: three keys, three lengths, and `last`.
const FRAGMENT_HEAD_BYTES: usize = 16;

/// The encoder of the contract.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder;

impl Encode for Encoder {
    fn encode(&self, event: &Event, unit: Unit) -> Encoded {
        match event {
            Event::Edited {
                file,
                revision,
                delta,
                participant,
                op_id,
                origin,
            } => often::edited(*file, *revision, delta.places(unit), *participant, *op_id, *origin),
            Event::Updated {
                file,
                revision,
                epoch,
                update,
                participant,
                origin,
            } => often::updated(*file, *revision, *epoch, update, *participant, *origin),
            Event::Receipt { op_id, outcome, file } => match outcome {
                Outcome::Committed(revision) => often::committed(*op_id, *revision, *file),
                Outcome::Refused(error) => {
                    let file = file.map(|file| file.to_string());
                    plain(Kind::Receipt(refused_receipt(*op_id, error, file.unwrap_or_default())))
                }
            },
            Event::Joined(joined) => plain(Kind::Joined(self::joined(joined))),
            Event::Opened(opened) => match &opened.content {
                OpenedContent::Text(text) => with_text(field::OPENED, &opened_head(opened), text),
                _ => plain(Kind::Opened(opened_head(opened))),
            },
            Event::Resync {
                file,
                revision,
                text,
                epoch,
            } => {
                let head = resync_head(*file, *revision, *epoch);
                match text {
                    Some(text) => with_text(field::RESYNC, &head, text),
                    None => plain(Kind::Resync(head)),
                }
            }
            Event::Closed { file } => plain(Kind::Closed(v1::Closed {
                file_id: file.to_string(),
            })),
            Event::PresenceChanged(presences) => plain(Kind::PresenceChanged(presence_changed(presences))),
            Event::FileChanged {
                file,
                revision,
                change,
                participant,
            } => plain(Kind::FileChanged(v1::FileChanged {
                file: Some(answers::file(file)),
                revision: revision.0,
                change: file_change(*change) as i32,
                participant_id: who(*participant),
            })),
            Event::ParticipantChanged(changed) => plain(Kind::ParticipantChanged(v1::ParticipantChanged {
                participant: Some(participant(changed)),
            })),
            Event::Checkpoint { revision } => plain(Kind::Checkpoint(v1::Checkpoint { revision: revision.0 })),
            Event::Goodbye { error, retry_delay } => plain(Kind::Goodbye(v1::Goodbye {
                error: Some(to_rpc_status(&goodbye(error, *retry_delay))),
                retry_delay: retry_delay.map(duration),
            })),
            Event::Refused { request, error } => plain(Kind::Refused(v1::Refused {
                request: Some(refused_request(request)),
                error: Some(to_rpc_status(error)),
            })),
        }
    }
}

/// A message of the contract that the room knows nothing of, such as the refusal of one that could not be read.
pub(super) fn plain(kind: Kind) -> Encoded {
    let message = ServerMessage { kind: Some(kind) };
    frames(message.encoded_len(), |buffer| message.encode_raw(buffer))
}

/// A goodbye's error says when to come back too: the stream ends with it.
fn goodbye(error: &Error, retry_delay: Option<std::time::Duration>) -> Error {
    match retry_delay {
        Some(delay) if error.details().retry_after.is_none() => error.clone().retry_after(delay),
        _ => error.clone(),
    }
}

fn joined(joined: &Joined) -> v1::Joined {
    v1::Joined {
        participant_id: joined.participant.to_string(),
        resume_token: joined.resume_token.clone(),
        room_id: joined.room.id.to_string(),
        slug: joined.room.slug.clone().unwrap_or_default(),
        role: ROLE as i32,
        limits: Some(answers::limits()),
        participants: joined.participants.iter().map(participant).collect(),
        files: joined.files.iter().map(answers::file).collect(),
        head_revision: joined.head.0,
        resumed: joined.resumed,
        committed_op_id: joined.committed_op_id.0,
    }
}

/// An opened without its text.
fn opened_head(opened: &Opened) -> v1::Opened {
    let (update, state_vector) = match &opened.content {
        OpenedContent::Yjs { update, state_vector } => (update.clone(), state_vector.clone()),
        OpenedContent::Text(_) | OpenedContent::Resumed => Default::default(),
    };
    v1::Opened {
        file: Some(answers::file(&opened.file)),
        revision: opened.revision.0,
        text: String::new(),
        resumed: matches!(opened.content, OpenedContent::Resumed),
        update,
        state_vector,
        epoch: opened.file.epoch.0,
    }
}

/// A resync without its text.
fn resync_head(file: FileId, revision: Revision, epoch: Epoch) -> v1::Resync {
    v1::Resync {
        file_id: file.to_string(),
        revision: revision.0,
        text: String::new(),
        epoch: epoch.0,
    }
}

/// The receipt of a refused operation; the file is a text because it may be one that does not exist.
pub(super) fn refused_receipt(op_id: OpId, error: &Error, file_id: String) -> v1::Receipt {
    v1::Receipt {
        op_id: op_id.0,
        state: v1::ReceiptState::Refused as i32,
        revision: 0,
        error: Some(to_rpc_status(error)),
        file_id,
    }
}

fn presence_changed(presences: &[ParticipantPresence]) -> v1::PresenceChanged {
    v1::PresenceChanged {
        presences: presences.iter().map(participant_presence).collect(),
    }
}

fn participant_presence(changed: &ParticipantPresence) -> v1::ParticipantPresence {
    v1::ParticipantPresence {
        participant_id: changed.participant.to_string(),
        file_id: changed.file.map(|file| file.to_string()).unwrap_or_default(),
        offsets: changed.offsets.map(|(anchor, head)| v1::OffsetSelection {
            revision: changed.revision.0,
            anchor,
            head,
        }),
        relative: changed
            .relative
            .clone()
            .map(|(anchor, head)| v1::RelativeSelection { anchor, head }),
        typing: changed.typing,
    }
}

/// Until rooms have members, whoever can join can edit.
const ROLE: v1::Role = v1::Role::Editor;

fn participant(participant: &Participant) -> v1::Participant {
    let state = match participant.state {
        ParticipantState::Present => v1::ParticipantState::Present,
        ParticipantState::Away => v1::ParticipantState::Away,
        ParticipantState::Left => v1::ParticipantState::Left,
    };
    v1::Participant {
        participant_id: participant.id.to_string(),
        name: participant.name.clone(),
        mode: participant.mode as i32,
        role: ROLE as i32,
        state: state as i32,
    }
}

fn file_change(change: FileChange) -> v1::FileChange {
    match change {
        FileChange::Created => v1::FileChange::Created,
        FileChange::Renamed => v1::FileChange::Renamed,
        FileChange::Deleted => v1::FileChange::Deleted,
        FileChange::Restored => v1::FileChange::Restored,
    }
}

fn refused_request(request: &RefusedRequest) -> v1::refused::Request {
    match request {
        RefusedRequest::Open(open) => v1::refused::Request::Open(v1::Open {
            file: Some(answers::named(&open.file)),
            after_revision: open.after.0,
            client_id: open.client.0,
            state_vector: open.state_vector.clone(),
            epoch: open.epoch.0,
        }),
        RefusedRequest::Close(file) => v1::refused::Request::Close(v1::Close {
            file: Some(answers::named(file)),
        }),
        RefusedRequest::Presence(presence) => v1::refused::Request::Presence(self::presence(presence)),
    }
}

fn presence(presence: &message::Presence) -> v1::Presence {
    v1::Presence {
        file: presence.file.as_ref().map(answers::named),
        selection: presence.selection.clone().map(|selection| match selection {
            message::Selection::Offsets { revision, anchor, head } => {
                v1::presence::Selection::Offsets(v1::OffsetSelection {
                    revision: revision.0,
                    anchor,
                    head,
                })
            }
            message::Selection::Relative { anchor, head } => {
                v1::presence::Selection::Relative(v1::RelativeSelection { anchor, head })
            }
        }),
    }
}

fn who(participant: Option<ParticipantId>) -> String {
    participant.map(|id| id.to_string()).unwrap_or_default()
}

/// A message whose long text goes from the rope into the one buffer, without a copy in between.
fn with_text(kind: u32, head: &impl Message, text: &Rope) -> Encoded {
    let text_len = match text.len_bytes() {
        0 => 0,
        len => delimited_len(field::TEXT, len),
    };
    let inner_len = head.encoded_len() + text_len;
    frames(delimited_len(kind, inner_len), |buffer| {
        put_delimiter(kind, inner_len, buffer);
        head.encode_raw(buffer);
        if text_len > 0 {
            put_delimiter(field::TEXT, text.len_bytes(), buffer);
            text.chunks().for_each(|chunk| buffer.put_slice(chunk.as_bytes()));
        }
    })
}

/// A ServerMessage of the given length as one frame, or in fragments that share its buffer.
fn frames(len: usize, write: impl FnOnce(&mut BytesMut)) -> Encoded {
    let whole = delimited_len(field::MESSAGE, len);
    if whole <= MESSAGE_OUT_BYTES {
        let body = pieces::written(whole, |buffer| {
            put_delimiter(field::MESSAGE, len, buffer);
            write(buffer);
        });
        return smallvec![Frame {
            head: Bytes::new(),
            body,
        }];
    }
    let mut buffer = BytesMut::with_capacity(len);
    write(&mut buffer);
    fragments(&buffer.freeze())
}

fn fragments(message: &Bytes) -> Encoded {
    let part = MESSAGE_OUT_BYTES - FRAGMENT_HEAD_BYTES;
    let starts = (0..message.len()).step_by(part);
    starts
        .map(|start| {
            let end = message.len().min(start + part);
            fragment(message.slice(start..end), end == message.len())
        })
        .collect()
}

/// One part. `last` stands before the data, so that the data can be the frame's body.
fn fragment(data: Bytes, last: bool) -> Frame {
    let last_len = if last { key_len(field::LAST) + 1 } else { 0 };
    let fragment_len = last_len + delimited_len(field::DATA, data.len());
    let mut head = BytesMut::with_capacity(FRAGMENT_HEAD_BYTES);
    put_delimiter(field::MESSAGE, delimited_len(field::FRAGMENT, fragment_len), &mut head);
    put_delimiter(field::FRAGMENT, fragment_len, &mut head);
    if last {
        encode_key(field::LAST, WireType::Varint, &mut head);
        head.put_u8(1);
    }
    put_delimiter(field::DATA, data.len(), &mut head);
    Frame {
        head: head.freeze(),
        body: data,
    }
}

/// Whether the frame is a part of a message and not its last: nothing may come between it and the next.
pub fn is_unfinished(frame: &Frame) -> bool {
    // Only fragments have a head.
    if frame.head.is_empty() {
        return false;
    }
    let mut head = frame.head.as_ref();
    let mut read = || {
        decode_key(&mut head).and_then(|_| decode_varint(&mut head)).ok()?;
        decode_key(&mut head).and_then(|_| decode_varint(&mut head)).ok()?;
        decode_key(&mut head).ok().map(|(tag, _)| tag)
    };
    read() == Some(field::DATA)
}

fn delimited_len(field: u32, len: usize) -> usize {
    key_len(field) + encoded_len_varint(len as u64) + len
}

fn put_delimiter(field: u32, len: usize, buffer: &mut BytesMut) {
    encode_key(field, WireType::LengthDelimited, buffer);
    encode_varint(len as u64, buffer);
}
