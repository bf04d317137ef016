//! What every error has to be, whichever it is.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt;
use prost::Message;
use prost_types::Any;
use tandem::error::Reason;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::TestServer;
use tokio::time::timeout;
use tonic_types::pb;

use super::row::{ANY, Row, Shows, Told};
use super::stage::Stage;
use crate::contract::reasons_of_the_contract;

/// How long a row may take; far above what the longest takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Plays rows on one server, each in a room of its own, and looks at what was told and at those who did nothing wrong.
pub(super) async fn hold(database: TestDatabase, rows: Vec<Row>) {
    let server = TestServer::start(database).await;
    let contract = reasons_of_the_contract();
    let mut failed = Vec::new();
    for row in &rows {
        for way in row.ways {
            let played = AssertUnwindSafe(async {
                let mut stage = Stage::new(&server).await;
                let told = stage.play(row, *way).await;
                look(row, &told, &contract);
                stage.innocents_go_on().await;
            });
            let played = timeout(PATIENCE, played.catch_unwind()).await;
            if !matches!(played, Ok(Ok(()))) {
                failed.push(format!("{} ({way:?}): {}", row.by, row.input));
            }
        }
    }
    assert!(failed.is_empty(), "rows that do not hold:\n{}", failed.join("\n"));
}

fn look(row: &Row, told: &Told, contract: &BTreeMap<String, String>) {
    let error = &told.error;
    let details = Details::of(error);
    let reason = row.reason;
    assert_eq!(
        (told.shows, details.info.reason.as_str(), details.field()),
        (row.shows, reason.name(), row.field.as_str()),
        "{}: {error:?}",
        row.input
    );
    assert_eq!(error.code, reason.code() as i32, "{}", reason.name());
    assert_eq!(details.info.domain, "tandem.v1");
    assert_eq!(
        details.info.metadata.get("field").map_or("", String::as_str),
        row.field,
        "the field stands in the metadata too"
    );
    for variable in promised(&contract[reason.name()]) {
        let there = details.info.metadata.contains_key(variable);
        assert!(there, "{}: {variable} is not in {:?}", row.input, details.info.metadata);
    }
    assert_eq!(
        details.retry.is_some(),
        waiting_helps(reason),
        "{}: whether to wait",
        row.input
    );
    teaches(&error.message);
    if matches!(row.shows, Shows::Call | Shows::End) && row.by != ANY {
        is_listed(row);
    }
}

/// The typed details of an error; each kind at most once, ErrorInfo exactly once.
struct Details {
    info: pb::ErrorInfo,
    wrong: Option<pb::BadRequest>,
    retry: Option<pb::RetryInfo>,
}

impl Details {
    fn of(error: &pb::Status) -> Self {
        let (mut info, mut wrong, mut retry) = (Vec::new(), Vec::new(), Vec::new());
        for detail in &error.details {
            match detail.type_url.as_str() {
                "type.googleapis.com/google.rpc.ErrorInfo" => info.push(read(detail)),
                "type.googleapis.com/google.rpc.BadRequest" => wrong.push(read(detail)),
                "type.googleapis.com/google.rpc.RetryInfo" => retry.push(read(detail)),
                other => panic!("an error has no {other}"),
            }
        }
        assert!(wrong.len() <= 1 && retry.len() <= 1, "{error:?}");
        let (info, None) = (info.pop().expect("an ErrorInfo"), info.pop()) else {
            panic!("more than one ErrorInfo: {error:?}")
        };
        let details = Self {
            info,
            wrong: wrong.pop(),
            retry: retry.pop(),
        };
        if let Some(pb::BadRequest { field_violations }) = &details.wrong {
            let [violation] = field_violations.as_slice() else {
                panic!("one field is wrong at a time: {error:?}")
            };
            assert_eq!(violation.description, error.message);
        }
        let delay = details.retry.as_ref().map(|retry| retry.retry_delay.expect("a delay"));
        assert!(delay.is_none_or(|delay| (delay.seconds, delay.nanos) > (0, 0)));
        details
    }

    fn field(&self) -> &str {
        let violation = self.wrong.as_ref().and_then(|wrong| wrong.field_violations.first());
        violation.map_or("", |violation| violation.field.as_str())
    }
}

fn read<M: Message + Default>(detail: &Any) -> M {
    M::decode(detail.value.as_slice()).expect("the detail is what it says")
}

/// The variables that a reason's comment promises.
fn promised(comment: &str) -> Vec<&str> {
    let Some((_, list)) = comment.split_once("metadata") else {
        return Vec::new();
    };
    let mut names = Vec::new();
    let mut rest = list;
    while let Some((name, after)) = rest
        .trim_start()
        .strip_prefix('"')
        .and_then(|rest| rest.split_once('"'))
    {
        names.push(name);
        rest = after.trim_start().strip_prefix(',').unwrap_or_default();
    }
    names
}

/// Whether trying the same again later may succeed.
fn waiting_helps(reason: Reason) -> bool {
    use Reason::{Overloaded, RoomFull, RoomUnavailable, ShuttingDown, StoreUnavailable, TooManyInFlight};
    matches!(
        reason,
        Overloaded | RoomFull | RoomUnavailable | ShuttingDown | StoreUnavailable | TooManyInFlight
    )
}

/// A message is a sentence in lower case: what is wrong, and after a colon what to do.
fn teaches(message: &str) {
    let first = message.chars().next().expect("a message");
    let (wrong, then) = message.split_once(": ").unwrap_or_default();
    let well = !first.is_uppercase() && !message.ends_with(['.', '!', ':']) && !wrong.is_empty() && !then.is_empty();
    assert!(well, "this is no sentence that says what to do: {message:?}");
    assert!(!message.contains(['\n', '\r']), "{message:?}");
}

/// The method's comment, or its service's, lists the reason.
fn is_listed(row: &Row) {
    let method = row.by.rsplit('/').next().unwrap_or(row.by);
    let list = errors_of(method);
    assert!(
        list.contains(row.reason.name()),
        "{method} does not list {}",
        row.reason.name()
    );
}

/// What the comments of a method and its service say.
fn errors_of(method: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/tandem/v1");
    for entry in std::fs::read_dir(folder).expect("the contract's folder") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a proto file");
        if let Some((before, _)) = text.split_once(&format!("rpc {method}(")) {
            let (service, _) = text.split_once("\nservice ").expect("a method stands in a service");
            let own = comment_before(before);
            let those = own.split("those of ").nth(1).and_then(|rest| rest.split('.').next());
            let those = those.map(errors_of).unwrap_or_default();
            return [own, comment_before(service), those].concat();
        }
    }
    panic!("no service has a method {method}")
}

/// The comment's lines just above.
fn comment_before(text: &str) -> String {
    let lines = text.lines().rev().map(str::trim);
    let lines = lines.skip_while(|line| line.is_empty());
    lines.take_while(|line| line.starts_with("//")).collect()
}
