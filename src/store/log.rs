//! One log: what is read of it comes from its rows and from its [`segments`](crate::store::segment), and whoever asks
//! does not see which.
//!
//! Operations only ever move from rows to segments. So whatever is read outside one transaction reads the rows first:
//! what is packed in between is then found in the segments, perhaps a second time, and never missed.

use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::id::{Epoch, FileKey, Revision, RoomKey};
use crate::store::convert;
use crate::store::entity::{operations, rooms, segments};
use crate::store::model::LoggedChange;
use crate::store::segment::{Damaged, file_mark, unpack};

/// Revisions after one and up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) after: i64,
    pub(super) up_to: i64,
}

/// From which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    Oldest,
    Newest,
}

impl First {
    fn order(self) -> Order {
        match self {
            Self::Oldest => Order::Asc,
            Self::Newest => Order::Desc,
        }
    }
}

/// What segments have to have to be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Having {
    /// Operations of a file.
    File(FileKey),
    /// Operations of a source.
    Source(Uuid),
    /// Any.
    Anything,
}

/// The head of the room whose row a statement has: one look at the end of its rows, or how far it is packed if it has
/// none. `None` only where the log is empty.
pub(super) fn head() -> SimpleExpr {
    let newest = Query::select()
        .expr(operations::Column::Revision.max())
        .from(operations::Entity)
        .and_where(
            Expr::col((operations::Entity, operations::Column::Room)).equals((rooms::Entity, rooms::Column::Key)),
        )
        .to_owned();
    let packed = Expr::col((rooms::Entity, rooms::Column::Packed));
    Func::coalesce([SimpleExpr::SubQuery(None, Box::new(newest.into())), packed]).into()
}

/// A statement that reads the head of one room, deleted or not.
pub(super) fn head_of(room: RoomKey) -> SelectStatement {
    Query::select()
        .expr_as(head(), "head")
        .from(rooms::Entity)
        .and_where(rooms::Column::Key.eq(room.0))
        .to_owned()
}

/// The columns of an operation that loading needs.
#[derive(FromQueryResult)]
struct Row {
    revision: i64,
    epoch: i64,
    kind: i16,
    source: Uuid,
    op_id: i64,
    origin: i16,
    yjs_update: Vec<u8>,
    delta: Vec<u8>,
}

/// A file's operations that are rows, at most `limit`. Without Yjs bytes, those are empty.
pub(super) async fn rows(
    connection: &impl ConnectionTrait,
    (room, file): (RoomKey, FileKey),
    span: Span,
    (first, limit): (First, u64),
    with_updates: bool,
) -> Result<Vec<LoggedChange>, DbErr> {
    let mut select = operations::Entity::find().select_only().columns([
        operations::Column::Revision,
        operations::Column::Epoch,
        operations::Column::Kind,
        operations::Column::Source,
        operations::Column::OpId,
        operations::Column::Origin,
        operations::Column::Delta,
    ]);
    select = if with_updates {
        select.column(operations::Column::YjsUpdate)
    } else {
        select.expr_as(Expr::val(Vec::<u8>::new()), "yjs_update")
    };
    let rows = select
        .filter(operations::Column::Room.eq(room.0))
        .filter(operations::Column::File.eq(file.0))
        .filter(operations::Column::Revision.gt(span.after))
        .filter(operations::Column::Revision.lte(span.up_to))
        .order_by(operations::Column::Revision, first.order())
        .limit(limit)
        .into_model::<Row>()
        .all(connection)
        .await?;
    rows.into_iter().map(change).collect()
}

fn change(row: Row) -> Result<LoggedChange, DbErr> {
    Ok(LoggedChange {
        revision: Revision(convert::number("revision", row.revision)?),
        epoch: Epoch(convert::number("epoch", row.epoch)?),
        kind: convert::kind(row.kind)?,
        source: row.source,
        op_id: convert::op_id(row.op_id)?,
        origin: convert::origin(row.origin)?,
        update: row.yjs_update,
        delta: row.delta,
    })
}

/// A file's operations among those of a segment.
pub(super) fn of_file(
    packed: Vec<operations::Model>,
    file: FileKey,
    span: Span,
    with_updates: bool,
) -> Result<Vec<LoggedChange>, DbErr> {
    let wanted =
        |row: &operations::Model| row.file == file.0 && row.revision > span.after && row.revision <= span.up_to;
    let rows = packed.into_iter().filter(wanted).map(|row| Row {
        revision: row.revision,
        epoch: row.epoch,
        kind: row.kind,
        source: row.source,
        op_id: row.op_id,
        origin: row.origin,
        yjs_update: if with_updates { row.yjs_update } else { Vec::new() },
        delta: row.delta,
    });
    rows.map(change).collect()
}

/// A room's segments with revisions of a span, at most `limit`.
pub(super) async fn segments(
    connection: &impl ConnectionTrait,
    room: RoomKey,
    having: Having,
    span: Span,
    (first, limit): (First, u64),
) -> Result<Vec<segments::Model>, DbErr> {
    let mut select = segments::Entity::find()
        .filter(segments::Column::Room.eq(room.0))
        .filter(segments::Column::LastRevision.gt(span.after))
        .filter(segments::Column::FirstRevision.lte(span.up_to));
    let listed = match having {
        Having::File(file) => Some(("files", file_mark(file.0))),
        Having::Source(source) => Some(("sources", source.into_bytes().to_vec())),
        Having::Anything => None,
    };
    if let Some((list, mark)) = listed {
        // It may be found where one entry ends and the next begins; who reads the segment sees that.
        let found = match connection.get_database_backend() {
            DbBackend::Postgres => format!("position($1 in {list}) > 0"),
            _ => format!("instr({list}, ?) > 0"),
        };
        select = select.filter(Expr::cust_with_values(found, [mark]));
    }
    select
        .order_by(segments::Column::FirstRevision, first.order())
        .limit(limit)
        .all(connection)
        .await
}

/// Source and op id of a room's operations of a span, by revision.
pub(super) async fn numbers(
    connection: &impl ConnectionTrait,
    room: RoomKey,
    span: Span,
) -> Result<Result<Vec<(i64, Uuid, i64)>, Damaged>, DbErr> {
    let mut numbers: Vec<(i64, Uuid, i64)> = operations::Entity::find()
        .select_only()
        .columns([
            operations::Column::Revision,
            operations::Column::Source,
            operations::Column::OpId,
        ])
        .filter(operations::Column::Room.eq(room.0))
        .filter(operations::Column::Revision.gt(span.after))
        .filter(operations::Column::Revision.lte(span.up_to))
        .into_tuple()
        .all(connection)
        .await?;
    for segment in segments(connection, room, Having::Anything, span, (First::Oldest, u64::MAX >> 1)).await? {
        match unpack(&segment) {
            Ok(packed) => numbers.extend(packed.into_iter().map(|row| (row.revision, row.source, row.op_id))),
            Err(damaged) => return Ok(Err(damaged)),
        }
    }
    Ok(Ok(numbers))
}

/// Revision and op id of a source's operation: of the one with this op id, or of its newest one.
pub(super) async fn of_source(
    connection: &impl ConnectionTrait,
    room: RoomKey,
    source: Uuid,
    op_id: Option<i64>,
) -> Result<Result<Option<(i64, i64)>, Damaged>, DbErr> {
    let mut select = operations::Entity::find()
        .select_only()
        .columns([operations::Column::Revision, operations::Column::OpId])
        .filter(operations::Column::Room.eq(room.0))
        .filter(operations::Column::Source.eq(source));
    if let Some(op_id) = op_id {
        select = select.filter(operations::Column::OpId.eq(op_id));
    }
    let row = select
        .order_by_desc(operations::Column::OpId)
        .limit(1)
        .into_tuple()
        .one(connection);
    if let Some(found) = row.await? {
        return Ok(Ok(Some(found)));
    }
    let mut span = Span {
        after: 0,
        up_to: i64::MAX,
    };
    // A source's op ids grow with the revisions: the newest segment with a smaller one has the last place to look at.
    while let Some(segment) = segments(connection, room, Having::Source(source), span, (First::Newest, 1))
        .await?
        .pop()
    {
        let packed = match unpack(&segment) {
            Ok(packed) => packed,
            Err(damaged) => return Ok(Err(damaged)),
        };
        span.up_to = segment.first_revision.saturating_sub(1);
        let own = packed.iter().filter(|row| row.source == source);
        let numbers: Vec<_> = own.map(|row| (row.revision, row.op_id)).collect();
        let found = match op_id {
            Some(op_id) => numbers.iter().copied().find(|(_, number)| *number == op_id),
            None => numbers.last().copied(),
        };
        let passed = numbers
            .iter()
            .any(|(_, number)| op_id.is_some_and(|op_id| *number < op_id));
        if found.is_some() || passed {
            return Ok(Ok(found));
        }
    }
    Ok(Ok(None))
}
