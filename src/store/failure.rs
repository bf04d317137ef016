//! Tells passing trouble of the database from a definite no.

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr};

/// A failed statement, transaction or connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Passing trouble, or an outcome that nobody knows: try again on a new connection, after looking what is there.
    Passing(String),
    /// A row is there already, perhaps our own; or the try panicked, perhaps after its commit: one more look tells.
    Unclear(String),
    /// The database says no and will say it again.
    Definite(String),
}

impl Failure {
    /// What the database said.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Passing(why) | Self::Unclear(why) | Self::Definite(why) => why,
        }
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        let why = error.to_string();
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Passing(why),
            DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => of(inner, why),
            _ => Self::Definite(why),
        }
    }
}

impl From<SqlxError> for Failure {
    fn from(error: SqlxError) -> Self {
        let why = error.to_string();
        of(&error, why)
    }
}

fn of(error: &SqlxError, why: String) -> Failure {
    match error {
        SqlxError::Database(refusal) => {
            let code = refusal.code().unwrap_or_default();
            // PostgreSQL's codes have five characters; SQLite's are numbers of at most four digits.
            if code.len() == 5 {
                of_postgres(&code, why)
            } else {
                of_sqlite(&code, why)
            }
        }
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => Failure::Passing(why),
        _ => Failure::Definite(why),
    }
}

fn of_postgres(code: &str, why: String) -> Failure {
    match code {
        "23505" => Failure::Unclear(why),
        // A standby, reached while the primary moves; a transaction that idled too long.
        "25006" | "25P03" => Failure::Passing(why),
        // 08 connection, 28 and 3D while an operator moves things, 40 serialization and deadlock, 53 no disk, memory or
        // connections, 55 locks, 57 shutdown and statement timeout, 58 the system under it.
        _ if ["08", "28", "3D", "40", "53", "55", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Failure::Passing(why)
        }
        _ => Failure::Definite(why),
    }
}

fn of_sqlite(code: &str, why: String) -> Failure {
    // The low byte is the kind, the rest says more about it.
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL.
        Ok(5 | 6 | 7 | 8 | 9 | 10 | 13 | 14 | 15) => Failure::Passing(why),
        Ok(19) => Failure::Unclear(why),
        _ => Failure::Definite(why),
    }
}
