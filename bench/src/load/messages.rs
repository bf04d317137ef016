//! Tandem's messages, written and read by hand where there are many of them: only what the load needs.

use crate::Result;

/// What came down, as far as the load looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen<'m> {
    /// A text session's edit: its first change.
    Edited {
        /// Its revision.
        revision: u64,
        /// The number under which the receiver sent it; 0 if it is somebody else's.
        op_id: u64,
        /// Where it changes the text.
        offset: u32,
        /// How much it deletes there.
        delete: u32,
        /// What it inserts there.
        insert: &'m [u8],
    },
    /// A Yjs session's update.
    Updated(&'m [u8]),
    /// People's cursors, for [`cursors`].
    Cursors(&'m [u8]),
    /// A part of a long message; whether it is the last.
    Fragment(bool),
    /// A file's text, or what a page lacks of it.
    Opened,
    /// An operation is committed.
    Committed,
    /// An operation is refused.
    Refused,
    /// Anything else.
    Other,
}

/// Writes messages; keeps the room that they need.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    inner: Vec<u8>,
    outer: Vec<u8>,
}

impl Pen {
    /// An edit with one change, as a `CollaborateRequest`.
    pub(crate) fn edit(&mut self, op_id: u64, file: &str, base: u64, change: (u32, u32, &[u8])) -> &[u8] {
        let (offset, delete, insert) = change;
        self.inner.clear();
        number(&mut self.inner, 1, offset.into());
        if delete > 0 {
            number(&mut self.inner, 2, delete.into());
        }
        bytes(&mut self.inner, 3, insert);
        self.outer.clear();
        number(&mut self.outer, 1, op_id);
        bytes(&mut self.outer, 2, file.as_bytes());
        number(&mut self.outer, 4, base);
        bytes(&mut self.outer, 5, &self.inner);
        self.request(4)
    }

    /// An update, as a `CollaborateRequest`.
    pub(crate) fn update(&mut self, op_id: u64, file: &str, epoch: u32, update: &[u8]) -> &[u8] {
        self.outer.clear();
        number(&mut self.outer, 1, op_id);
        bytes(&mut self.outer, 2, file.as_bytes());
        number(&mut self.outer, 4, epoch.into());
        bytes(&mut self.outer, 5, update);
        self.request(5)
    }

    /// Where the cursor is, as a `CollaborateRequest`.
    pub(crate) fn cursor(&mut self, file: &str, head: u32) -> &[u8] {
        self.inner.clear();
        number(&mut self.inner, 2, head.into());
        number(&mut self.inner, 3, head.into());
        self.outer.clear();
        bytes(&mut self.outer, 1, file.as_bytes());
        bytes(&mut self.outer, 3, &self.inner);
        self.request(6)
    }

    /// What was written last, as this kind of message of a client.
    fn request(&mut self, kind: u32) -> &[u8] {
        self.inner.clear();
        bytes(&mut self.inner, kind, &self.outer);
        self.outer.clear();
        bytes(&mut self.outer, 1, &self.inner);
        &self.outer
    }
}

/// Reads a `CollaborateResponse`.
pub(crate) fn read(message: &[u8]) -> Result<Seen<'_>> {
    let (_, message) = Fields(message).next().ok_or("an empty message")?;
    let (kind, body) = Fields(message.bytes()).next().ok_or("a message without a kind")?;
    let field = |wanted| Fields(body.bytes()).find(|(field, _)| *field == wanted);
    Ok(match kind {
        2 => Seen::Opened,
        3 => edited(body.bytes()),
        4 => field(4).map_or(Seen::Other, |(_, update)| Seen::Updated(update.bytes())),
        5 if field(2).is_some_and(|(_, state)| state.number() == 1) => Seen::Committed,
        5 => Seen::Refused,
        6 => Seen::Cursors(body.bytes()),
        12 => Seen::Fragment(field(2).is_some_and(|(_, last)| last.number() == 1)),
        _ => Seen::Other,
    })
}

/// Whose cursors a presence_changed shows, and where each is.
pub(crate) fn cursors(body: &[u8]) -> impl Iterator<Item = (&[u8], u32)> {
    Fields(body).map(|(_, presence)| {
        let (mut participant, mut head) = (&[][..], 0);
        for (field, value) in Fields(presence.bytes()) {
            match field {
                1 => participant = value.bytes(),
                3 => {
                    let place = Fields(value.bytes()).find(|(field, _)| *field == 3);
                    head = place.map_or(0, |(_, head)| head.number() as u32);
                }
                _ => {}
            }
        }
        (participant, head)
    })
}

fn edited(body: &[u8]) -> Seen<'_> {
    let (mut revision, mut op_id, mut offset, mut delete, mut insert) = (0, 0, 0, 0, &[][..]);
    let mut is_first = true;
    for (field, value) in Fields(body) {
        match field {
            2 => revision = value.number(),
            3 if std::mem::take(&mut is_first) => {
                for (field, value) in Fields(value.bytes()) {
                    match field {
                        1 => offset = value.number() as u32,
                        2 => delete = value.number() as u32,
                        _ => insert = value.bytes(),
                    }
                }
            }
            5 => op_id = value.number(),
            _ => {}
        }
    }
    Seen::Edited {
        revision,
        op_id,
        offset,
        delete,
        insert,
    }
}

/// A field's value.
#[derive(Clone, Copy)]
enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

impl<'m> Value<'m> {
    fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(_) => 0,
        }
    }

    fn bytes(self) -> &'m [u8] {
        match self {
            Self::Number(_) => &[],
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The fields of a message; they end where the bytes do, or make no sense.
struct Fields<'m>(&'m [u8]);

impl<'m> Iterator for Fields<'m> {
    type Item = (u32, Value<'m>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            2 => {
                let length = varint(&mut self.0)? as usize;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some(((key >> 3) as u32, value))
    }
}

/// Takes a number from the front.
pub(crate) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Appends a number.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(out: &mut Vec<u8>, field: u32, number: u64) {
    put_varint(out, u64::from(field) << 3);
    put_varint(out, number);
}

fn bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_varint(out, u64::from(field) << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use tandem::rpc::proto::v1::{self, client_message, server_message};

    use super::*;

    fn down(kind: server_message::Kind) -> Vec<u8> {
        v1::CollaborateResponse {
            message: Some(v1::ServerMessage { kind: Some(kind) }),
        }
        .encode_to_vec()
    }

    fn up(message: &[u8]) -> Option<client_message::Kind> {
        let request = v1::CollaborateRequest::decode(message).expect("it is a request");
        request.message.and_then(|message| message.kind)
    }

    #[test]
    fn what_is_written_here_reads_as_the_contract_has_it() {
        let mut pen = Pen::default();
        let edit = v1::Edit {
            op_id: 300,
            file: Some(v1::edit::File::FileId("a file".to_owned())),
            base_revision: Some(0),
            changes: vec![v1::Change {
                offset: 70_000,
                delete: 2,
                insert: "x".to_owned(),
            }],
            origin: 0,
        };
        let written = pen.edit(300, "a file", 0, (70_000, 2, b"x"));
        assert_eq!(up(written), Some(client_message::Kind::Edit(edit)));
        let update = v1::Update {
            op_id: 1,
            file: Some(v1::update::File::FileId("a file".to_owned())),
            epoch: 2,
            update: vec![0; 300].into(),
            more: false,
            origin: 0,
        };
        let written = pen.update(1, "a file", 2, &[0; 300]);
        assert_eq!(up(written), Some(client_message::Kind::Update(update)));
        let presence = v1::Presence {
            file: Some(v1::presence::File::FileId("a file".to_owned())),
            selection: Some(v1::presence::Selection::Offsets(v1::OffsetSelection {
                revision: 0,
                anchor: 300,
                head: 300,
            })),
        };
        let written = pen.cursor("a file", 300);
        assert_eq!(up(written), Some(client_message::Kind::Presence(presence)));
    }

    #[test]
    fn what_the_contract_writes_is_read_here() {
        let edited = down(server_message::Kind::Edited(v1::Edited {
            file_id: "a file".to_owned(),
            revision: 300,
            changes: vec![v1::Change {
                offset: 5,
                delete: 0,
                insert: "x".to_owned(),
            }],
            participant_id: "somebody".to_owned(),
            op_id: 7,
            origin: 1,
        }));
        let seen = Seen::Edited {
            revision: 300,
            op_id: 7,
            offset: 5,
            delete: 0,
            insert: b"x",
        };
        assert_eq!(read(&edited).ok(), Some(seen));
        let updated = down(server_message::Kind::Updated(v1::Updated {
            file_id: "a file".to_owned(),
            update: vec![1, 2, 3].into(),
            ..Default::default()
        }));
        assert_eq!(read(&updated).ok(), Some(Seen::Updated(&[1, 2, 3])));
        let receipt = |state| {
            down(server_message::Kind::Receipt(v1::Receipt {
                op_id: 1,
                state,
                ..Default::default()
            }))
        };
        assert_eq!(read(&receipt(1)).ok(), Some(Seen::Committed));
        assert_eq!(read(&receipt(2)).ok(), Some(Seen::Refused));
        let presence = v1::ParticipantPresence {
            participant_id: "somebody".to_owned(),
            offsets: Some(v1::OffsetSelection {
                revision: 1,
                anchor: 2,
                head: 300,
            }),
            ..Default::default()
        };
        let moved = down(server_message::Kind::PresenceChanged(v1::PresenceChanged {
            presences: vec![presence.clone(), presence],
        }));
        let Ok(Seen::Cursors(body)) = read(&moved) else {
            panic!("no cursors")
        };
        assert!(cursors(body).eq([(&b"somebody"[..], 300), (&b"somebody"[..], 300)]));
        let fragment = |last| {
            down(server_message::Kind::Fragment(v1::Fragment {
                data: vec![1].into(),
                last,
            }))
        };
        assert_eq!(read(&fragment(false)).ok(), Some(Seen::Fragment(false)));
        assert_eq!(read(&fragment(true)).ok(), Some(Seen::Fragment(true)));
        let opened = down(server_message::Kind::Opened(v1::Opened::default()));
        assert_eq!(read(&opened).ok(), Some(Seen::Opened));
        let checkpoint = down(server_message::Kind::Checkpoint(v1::Checkpoint { revision: 1 }));
        assert_eq!(read(&checkpoint).ok(), Some(Seen::Other));
    }
}
