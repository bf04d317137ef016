//! Any bytes as the request of every call: they become what the domain takes, or one error that names a field which the
//! request has.

mod fields;

use prost::Message;
use rand::Rng;
use rand::rngs::SmallRng;
use tandem::complete::{self, Language, Query};
use tandem::document::Unit;
use tandem::error::{Error, Result};
use tandem::limits;
use tandem::room::message::{Door, Request};
use tandem::rpc::convert::offsets::{byte_of, offset_of};
use tandem::rpc::convert::{calls, names, upward};
use tandem::rpc::op_order::OpOrder;
use tandem::rpc::page;
use tandem::rpc::proto::v1::{self, autocomplete_request::Target as Place, client_message::Kind};
use tandem::rpc::status::to_rpc_status;
use tandem_testkit::mutate;
use tandem_testkit::requests::{Method, Scene};
use tonic_types::pb;

use super::{Target, damaged};
use crate::Seen;
use crate::frames;
use crate::seen::about;
use fields::Fields;

/// Requests of an input that are looked at.
const REQUESTS: usize = 16;
/// What any peer reads of headers; an error's details have to fit.
const HEADER_BYTES: usize = 8 << 10;

pub(super) const TARGET: Target = Target {
    name: "request",
    run,
    fresh,
    mutate,
};

fn run(input: &[u8], seen: &mut Seen) {
    let fields = Fields::of_the_contract();
    for part in frames::read(input).into_iter().take(REQUESTS) {
        let Some((&first, bytes)) = part.split_first() else {
            continue;
        };
        let method = Method::ALL[usize::from(first) % Method::ALL.len()];
        match convert(method, bytes) {
            Ok(what) => seen.note((method, what)),
            Err(Refusal::Undecodable) => seen.note((method, "undecodable")),
            Err(Refusal::Of(readings)) => {
                for (root, error) in &readings {
                    look(fields, root, error);
                }
                let Some((_, error)) = readings.last() else { continue };
                // Without the indices: where in a list it stands makes no other refusal.
                let field = error.details().field.clone().unwrap_or_default();
                seen.note((method, error.reason(), field.replace(|c: char| c.is_ascii_digit(), "")));
            }
        }
    }
}

/// Why a request becomes nothing.
enum Refusal {
    Undecodable,
    /// Each with the message that the error's field is a path in.
    Of(Vec<(&'static str, Error)>),
}

fn refusal(root: &'static str, error: Error) -> Refusal {
    Refusal::Of(vec![(root, error)])
}

impl From<prost::DecodeError> for Refusal {
    fn from(_: prost::DecodeError) -> Self {
        Self::Undecodable
    }
}

/// One reason, one field that is there, words, and nothing that does not fit into headers.
fn look(fields: &Fields, root: &str, error: &Error) {
    let field = error.details().field.as_deref();
    let field = field.unwrap_or_else(|| panic!("no field is named: {error}"));
    assert!(fields.has(root, field), "{root} has no field {field}: {error}");
    let status = to_rpc_status(error);
    assert_eq!(status.code, error.reason().code() as i32);
    assert!(!status.message.is_empty());
    assert!(
        status.encoded_len() < HEADER_BYTES,
        "{} bytes of details",
        status.encoded_len()
    );
    let infos = status
        .details
        .iter()
        .filter(|detail| detail.type_url.ends_with("ErrorInfo"));
    let infos: Vec<pb::ErrorInfo> = infos
        .map(|detail| pb::ErrorInfo::decode(detail.value.as_slice()).expect("an ErrorInfo"))
        .collect();
    let [info] = infos.as_slice() else {
        panic!("{} reasons: {error}", infos.len())
    };
    assert_eq!(info.reason, error.reason().name());
}

/// What has become of a request, in short.
fn convert(method: Method, bytes: &[u8]) -> Result<u32, Refusal> {
    match method {
        Method::CreateRoom => call(bytes, "CreateRoomRequest", |mut message: v1::CreateRoomRequest| {
            let request = same_again(&mut message)?;
            let room = calls::new_room(message)?;
            Ok(about(room.files.len()) + request)
        }),
        Method::GetRoom => call(bytes, "GetRoomRequest", |message: v1::GetRoomRequest| {
            names::room(message.room, "room").map(|_| 0)
        }),
        Method::ListRooms => call(bytes, "ListRoomsRequest", |message: v1::ListRoomsRequest| {
            names::page_size(message.page_size, 50, 200)?;
            page::open(&[b"rooms"], &message.page_token).map(|page| page.is_some().into())
        }),
        Method::UpdateRoom => call(bytes, "UpdateRoomRequest", |mut message: v1::UpdateRoomRequest| {
            let request = same_again(&mut message)?;
            calls::room_change(message).map(|_| request)
        }),
        Method::DeleteRoom => call(bytes, "DeleteRoomRequest", |mut message: v1::DeleteRoomRequest| {
            let request = same_again(&mut message)?;
            names::room(message.room, "room").map(|_| request)
        }),
        Method::Collaborate => collaborate(bytes),
        Method::Subscribe => call(bytes, "SubscribeRequest", |message: v1::SubscribeRequest| {
            let join = message.join.ok_or_else(|| names::missing("join"))?;
            upward::join(join, Door::Subscribe, "join.").map(|join| about(join.open.len()))
        }),
        Method::Publish => call(bytes, "PublishRequest", publish),
        Method::Autocomplete => call(bytes, "AutocompleteRequest", |message| autocomplete(message, "")),
        Method::StreamAutocomplete => {
            let stream = |message: v1::StreamAutocompleteRequest| {
                let request = message.request.ok_or_else(|| names::missing("request"))?;
                autocomplete(request, "request.")
            };
            call(bytes, "StreamAutocompleteRequest", stream)
        }
        Method::SendFeedback => Ok(v1::SendFeedbackRequest::decode(bytes).map(|message| about(message.events.len()))?),
        _ => of_files(method, bytes),
    }
}

fn of_files(method: Method, bytes: &[u8]) -> Result<u32, Refusal> {
    match method {
        Method::CreateFile => call(bytes, "CreateFileRequest", |mut message: v1::CreateFileRequest| {
            let request = same_again(&mut message)?;
            calls::new_file(message.path, message.text, "path")?;
            names::room(message.room, "room").map(|_| request)
        }),
        Method::ListFiles => call(bytes, "ListFilesRequest", |message: v1::ListFilesRequest| {
            names::page_size(message.page_size, 100, 200)?;
            page::open(&[b"files", message.room.as_bytes()], &message.page_token)?;
            names::room(message.room, "room").map(|_| 0)
        }),
        Method::ReadFile => call(bytes, "ReadFileRequest", |message: v1::ReadFileRequest| {
            names::file(message.file)?;
            names::room(message.room, "room").map(|_| 0)
        }),
        Method::WriteFile => call(bytes, "WriteFileRequest", |mut message: v1::WriteFileRequest| {
            let request = same_again(&mut message)?;
            calls::write(message).map(|_| request)
        }),
        Method::RenameFile => call(bytes, "RenameFileRequest", |mut message: v1::RenameFileRequest| {
            let request = same_again(&mut message)?;
            calls::rename(message).map(|_| request)
        }),
        Method::DeleteFile => call(bytes, "DeleteFileRequest", |mut message: v1::DeleteFileRequest| {
            let request = same_again(&mut message)?;
            names::file(message.file)?;
            names::room(message.room, "room").map(|_| request)
        }),
        _ => call(bytes, "RestoreFileRequest", |mut message: v1::RestoreFileRequest| {
            let request = same_again(&mut message)?;
            names::file_id(&message.file_id, "file_id")?;
            names::room(message.room, "room").map(|_| request)
        }),
    }
}

fn call<M: Message + Default>(
    bytes: &[u8],
    root: &'static str,
    convert: impl FnOnce(M) -> Result<u32>,
) -> Result<u32, Refusal> {
    convert(M::decode(bytes)?).map_err(|error| refusal(root, error))
}

/// A retry is the same request; the same under another id is the same content.
fn same_again<M: names::Retryable + Clone>(message: &mut M) -> Result<u32> {
    let mut again = message.clone();
    let request: Option<Request> = names::request(message)?;
    assert_eq!(names::request(&mut again)?, request, "a retry is another request");
    Ok(if request.is_some() { 100 } else { 0 })
}

/// A message of a stream: the first, and any after it.
fn collaborate(bytes: &[u8]) -> Result<u32, Refusal> {
    let request = v1::CollaborateRequest::decode(bytes)?;
    let kind = request.message.and_then(|message| message.kind);
    let kind = kind.ok_or_else(|| refusal("CollaborateRequest", upward::message_empty("message")))?;
    if let Kind::Join(join) = &kind {
        let join = upward::join(join.clone(), Door::Collaborate, "message.join.");
        join.map_err(|error| refusal("CollaborateRequest", error))?;
    }
    let name = upward::name(&kind);
    // Where a receipt or a refusal tells what it is about, the field is a path in just that.
    let inner = match &kind {
        Kind::Edit(_) => "Edit",
        Kind::Update(_) => "Update",
        Kind::Open(_) => "Open",
        Kind::Close(_) => "Close",
        Kind::Presence(_) => "Presence",
        Kind::Join(_) | Kind::Leave(_) => "CollaborateRequest",
    };
    let Err(alone) = upward::upward(kind) else {
        return Ok(0);
    };
    let whole = upward::within(alone.clone(), "message", name);
    let mut readings = vec![("CollaborateRequest", whole)];
    if inner != "CollaborateRequest" {
        readings.insert(0, (inner, alone));
    }
    Err(Refusal::Of(readings))
}

fn publish(message: v1::PublishRequest) -> Result<u32> {
    let mut order = OpOrder::default();
    for (index, message) in message.messages.into_iter().enumerate() {
        let at = format!("messages[{index}]");
        let kind = message.kind.ok_or_else(|| upward::message_empty(at.as_str()))?;
        let name = upward::name(&kind);
        let within = |error| upward::within(error, &at, name);
        let taken = match &kind {
            Kind::Edit(edit) => order.take(edit.op_id, false),
            Kind::Update(update) => order.take(update.op_id, update.more),
            _ => Ok(false),
        };
        taken.map_err(within)?;
        upward::upward(kind).map_err(within)?;
    }
    Ok(0)
}

/// The unit, the place, and what the engine makes of it.
fn autocomplete(message: v1::AutocompleteRequest, at: &str) -> Result<u32> {
    let unit = names::unit(message.position_unit, &format!("{at}position_unit"))?;
    match message.target {
        None => Err(names::missing(format!("{at}target"))),
        Some(Place::RoomTarget(target)) => {
            names::file(target.file).map_err(|error| error.inside(&format!("{at}room_target.")))?;
            names::room(target.room, &format!("{at}room_target.room")).map(|_| 0)
        }
        Some(Place::CodeTarget(target)) => {
            let cursor = byte_of(&target.code, target.cursor, unit, &format!("{at}code_target.cursor"))?;
            assert_eq!(
                offset_of(&target.code, cursor, unit),
                target.cursor,
                "an offset comes back as another"
            );
            Ok(completions(&target, cursor, unit))
        }
    }
}

fn completions(target: &v1::CodeTarget, cursor: usize, unit: Unit) -> u32 {
    let others: Vec<(&str, &str)> = target
        .context
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    let answer = complete::complete(&Query {
        text: &target.code,
        cursor,
        language: match target.language.as_str() {
            "" => Language::from_path(&target.path),
            name => Language::from_name(name),
        },
        others: &others,
        max_items: limits::COMPLETE_ITEMS,
    });
    let replaced = target.code.get(answer.replace.clone());
    assert!(
        replaced.is_some() && answer.replace.end == cursor,
        "{:?}",
        answer.replace
    );
    assert!(answer.items.len() <= limits::COMPLETE_ITEMS);
    if let Some(ghost) = &answer.ghost {
        assert!(!ghost.text.is_empty() && !ghost.text.contains('\n'), "{ghost:?}");
        assert!(ghost.text.get(..ghost.first_word).is_some(), "{ghost:?}");
        assert!(offset_of(&ghost.text, ghost.first_word, unit) <= unit.len_of(&ghost.text));
    }
    1 + about(answer.items.len()) + if answer.ghost.is_some() { 100 } else { 0 }
}

fn fresh(random: &mut SmallRng) -> Vec<u8> {
    let scene = Scene::imagined();
    let parts: Vec<Vec<u8>> = (0..random.random_range(1..4))
        .map(|_| {
            let at = random.random_range(0..Method::ALL.len());
            [&[at as u8], scene.request(random, Method::ALL[at]).as_slice()].concat()
        })
        .collect();
    frames::write(&parts)
}

fn mutate(random: &mut SmallRng, input: &[u8], other: &[u8]) -> Vec<u8> {
    frames::mutate(random, input, other, |random, part| match part.split_first() {
        // Another call's request now and then.
        Some(_) if random.random_range(0..16) == 0 => damaged(random, part, other),
        Some((&method, message)) => [&[method], mutate::message(random, message).as_slice()].concat(),
        None => damaged(random, part, other),
    })
}
