//! `AutocompleteService`.

use metrics::counter;
use tokio_stream::Iter;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::convert::names::{self, invalid, missing, unknown_number};
use super::convert::offsets::{byte_of, offset_of};
use super::proto::server::autocomplete_service_server::AutocompleteService;
use super::proto::v1::{self, stream_autocomplete_response::Part};
use super::room_service::answer;
use crate::complete::{self, Answer, Kind, Language, Query};
use crate::document::Unit;
use crate::error::{Error, Reason, Result};
use crate::id::Revision;
use crate::limits;
use crate::room::Rooms;
use crate::room::message::CompletionPlace;

/// Completions over gRPC.
pub(super) struct AutocompleteApi {
    rooms: Rooms,
}

/// A streamed answer's parts.
type Parts = [Result<v1::StreamAutocompleteResponse, Status>; 2];

/// What the engine looks at, whichever way it came.
struct Place {
    revision: Revision,
    text: String,
    cursor: usize,
    language: Language,
    others: Vec<(String, String)>,
}

/// How the caller wants its answer.
struct Wish {
    unit: Unit,
    max_items: usize,
    selected: String,
}

impl AutocompleteApi {
    pub(super) fn new(rooms: Rooms) -> Self {
        Self { rooms }
    }

    async fn complete(&self, message: v1::AutocompleteRequest, at: &str) -> Result<v1::AutocompleteResponse> {
        if v1::CompletionTrigger::try_from(message.trigger).is_err() {
            return Err(unknown_number("CompletionTrigger", &format!("{at}trigger")));
        }
        let wish = Wish {
            unit: names::unit(message.position_unit, &format!("{at}position_unit"))?,
            max_items: max_items(message.max_items, at)?,
            selected: message.selected_label,
        };
        let place = match message.target {
            Some(v1::autocomplete_request::Target::RoomTarget(target)) => {
                self.in_room(target, wish.unit, &format!("{at}room_target.")).await?
            }
            Some(v1::autocomplete_request::Target::CodeTarget(target)) => {
                in_code(target, wish.unit, &format!("{at}code_target."))?
            }
            None => return Err(missing(format!("{at}target"))),
        };
        if place.text.len() <= limits::COMPLETE_INLINE_BYTES {
            return Ok(run(&place, &wish));
        }
        let run = tokio::task::spawn_blocking(move || run(&place, &wish));
        run.await
            .map_err(|_| Error::new(Reason::Internal, "the completion broke off: try again"))
    }

    async fn in_room(&self, target: v1::RoomTarget, unit: Unit, at: &str) -> Result<Place> {
        let place = CompletionPlace {
            file: names::file(target.file).map_err(|error| error.inside(at))?,
            cursor: target.cursor,
            unit,
            revision: target.revision.map(Revision),
        };
        let room = self
            .rooms
            .room(&names::room(target.room, &format!("{at}room"))?)
            .await?;
        let found = room.completion_text(place).await.map_err(|error| error.inside(at))?;
        let text = found.text.to_string();
        let others = found.others.into_iter();
        Ok(Place {
            revision: found.revision,
            cursor: byte_of(&text, found.cursor, unit, &format!("{at}cursor"))?,
            text,
            language: Language::from_path(&found.path),
            others: others.map(|(path, text)| (path, beginning(&text))).collect(),
        })
    }
}

/// What the engine looks at of another file.
fn beginning(text: &ropey::Rope) -> String {
    let end = text.len_bytes().min(limits::COMPLETE_OTHER_BYTES);
    text.byte_slice(..text.char_to_byte(text.byte_to_char(end))).to_string()
}

fn in_code(target: v1::CodeTarget, unit: Unit, at: &str) -> Result<Place> {
    let context: usize = target.context.iter().map(|file| file.text.len()).sum();
    for (bytes, field) in [(target.code.len(), "code"), (context, "context")] {
        if bytes > limits::COMPLETE_CODE_BYTES {
            return Err(Error::new(
                Reason::FileTooLarge,
                "this is more than one completion reads: send the part around the cursor",
            )
            .field(format!("{at}{field}"))
            .with("limit", limits::COMPLETE_CODE_BYTES));
        }
    }
    Ok(Place {
        revision: Revision(0),
        cursor: byte_of(&target.code, target.cursor, unit, &format!("{at}cursor"))?,
        text: target.code,
        language: match target.language.as_str() {
            "" => Language::from_path(&target.path),
            name => Language::from_name(name),
        },
        others: target.context.into_iter().map(|file| (file.path, file.text)).collect(),
    })
}

fn max_items(asked: i32, at: &str) -> Result<usize> {
    match usize::try_from(asked) {
        Ok(0) => Ok(20),
        Ok(asked) => Ok(asked.min(limits::COMPLETE_ITEMS)),
        Err(_) => Err(invalid(
            format!("{at}max_items"),
            "max_items is not below zero: send 0 for 20",
        )),
    }
}

fn run(place: &Place, wish: &Wish) -> v1::AutocompleteResponse {
    let others = place.others.iter();
    let others: Vec<(&str, &str)> = others.map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let answer = complete::complete(&Query {
        text: &place.text,
        cursor: place.cursor,
        language: place.language,
        others: &others,
        max_items: wish.max_items,
    });
    response(place, wish, answer)
}

fn response(place: &Place, wish: &Wish, answer: Answer) -> v1::AutocompleteResponse {
    let offset = |byte| offset_of(&place.text, byte, wish.unit);
    let replace = v1::TextRange {
        start: offset(answer.replace.start),
        end: offset(answer.replace.end),
    };
    let typed = place.text.get(answer.replace).unwrap_or_default();
    let cursor = offset(place.cursor);
    let ghost = answer
        .ghost
        .filter(|ghost| wish.selected.is_empty() || format!("{typed}{}", ghost.text).starts_with(&wish.selected));
    v1::AutocompleteResponse {
        completion_id: Uuid::now_v7().to_string(),
        revision: place.revision.0,
        items: answer
            .items
            .into_iter()
            .map(|item| v1::CompletionItem {
                label: item.label,
                kind: kind(item.kind) as i32,
                replace: Some(replace),
                insert_text: item.insert,
                score: item.score,
                source: v1::CompletionSource::Embedded as i32,
                detail: item.detail,
            })
            .collect(),
        ghost: ghost.map(|ghost| v1::Ghost {
            replace: Some(v1::TextRange {
                start: cursor,
                end: cursor,
            }),
            first_word_length: offset_of(&ghost.text, ghost.first_word, wish.unit),
            text: ghost.text,
            source: v1::CompletionSource::Embedded as i32,
            confidence: ghost.confidence,
        }),
    }
}

fn kind(kind: Kind) -> v1::CompletionKind {
    match kind {
        Kind::Text => v1::CompletionKind::Text,
        Kind::Keyword => v1::CompletionKind::Keyword,
        Kind::Function => v1::CompletionKind::Function,
        Kind::Variable => v1::CompletionKind::Variable,
        Kind::Type => v1::CompletionKind::Type,
    }
}

/// Counts the events, all or none. No text is in them.
fn note(message: &v1::SendFeedbackRequest) -> Result<v1::SendFeedbackResponse> {
    if message.events.len() > limits::FEEDBACK_EVENTS {
        let why = format!("a call takes {} events: send them in several", limits::FEEDBACK_EVENTS);
        return Err(invalid("events", why).with("limit", limits::FEEDBACK_EVENTS));
    }
    let events = message.events.iter().enumerate();
    let counted: Vec<_> = events
        .map(|(index, event)| labels(event, index))
        .collect::<Result<_>>()?;
    for (event, source) in counted {
        counter!("tandem_completion_feedback_total", "event" => event, "source" => source).increment(1);
    }
    Ok(v1::SendFeedbackResponse {})
}

fn labels(event: &v1::CompletionFeedback, index: usize) -> Result<(&'static str, &'static str)> {
    let at = |field: &str| format!("events[{index}].{field}");
    if event.completion_id.is_empty() {
        return Err(missing(at("completion_id")));
    }
    if event.completion_id.parse::<Uuid>().is_err() {
        let why = "a completion_id is a UUID: take it from an answer";
        return Err(invalid(at("completion_id"), why));
    }
    let happened = match v1::FeedbackEvent::try_from(event.event) {
        Ok(v1::FeedbackEvent::Unspecified) => return Err(missing(at("event"))),
        Ok(v1::FeedbackEvent::Shown) => "shown",
        Ok(v1::FeedbackEvent::Accepted) => "accepted",
        Ok(v1::FeedbackEvent::AcceptedPart) => "accepted_part",
        Ok(v1::FeedbackEvent::Dismissed) => "dismissed",
        Err(_) => return Err(unknown_number("FeedbackEvent", &at("event"))),
    };
    let source = match v1::CompletionSource::try_from(event.source) {
        Ok(v1::CompletionSource::Unspecified) => "unspecified",
        Ok(v1::CompletionSource::Embedded) => "embedded",
        Ok(v1::CompletionSource::Model) => "model",
        Err(_) => return Err(unknown_number("CompletionSource", &at("source"))),
    };
    Ok((happened, source))
}

#[tonic::async_trait]
impl AutocompleteService for AutocompleteApi {
    type StreamAutocompleteStream = Iter<std::array::IntoIter<Result<v1::StreamAutocompleteResponse, Status>, 2>>;

    async fn autocomplete(
        &self,
        request: Request<v1::AutocompleteRequest>,
    ) -> Result<Response<v1::AutocompleteResponse>, Status> {
        answer(self.complete(request.into_inner(), "").await)
    }

    async fn stream_autocomplete(
        &self,
        request: Request<v1::StreamAutocompleteRequest>,
    ) -> Result<Response<Self::StreamAutocompleteStream>, Status> {
        answer(self.stream(request.into_inner()).await.map(tokio_stream::iter))
    }

    async fn send_feedback(
        &self,
        request: Request<v1::SendFeedbackRequest>,
    ) -> Result<Response<v1::SendFeedbackResponse>, Status> {
        answer(note(request.get_ref()))
    }
}

impl AutocompleteApi {
    async fn stream(&self, message: v1::StreamAutocompleteRequest) -> Result<Parts> {
        if message.model_deadline_ms < 0 {
            return Err(invalid(
                "model_deadline_ms",
                "a deadline is not below zero: send 0 for 2,000 milliseconds",
            ));
        }
        let request = message.request.ok_or_else(|| missing("request"))?;
        let response = self.complete(request, "request.").await?;
        let done = v1::CompletionDone {
            outcome: v1::CompletionOutcome::NoModel as i32,
        };
        let parts = [Part::Answer(response), Part::Done(done)];
        Ok(parts.map(|part| Ok(v1::StreamAutocompleteResponse { part: Some(part) })))
    }
}
