//! Databases that live as long as one test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tandem::store::{Settings, Store};
use uuid::Uuid;

/// The variable that names the PostgreSQL cluster of the tests, as the URL of a database that is there.
pub const POSTGRES_VARIABLE: &str = "TANDEM_TEST_POSTGRES";

/// An empty database, gone when this value is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    place: Place,
    folder: PathBuf,
}

#[derive(Debug)]
enum Place {
    Sqlite,
    Postgres { cluster: String, name: String },
}

impl TestDatabase {
    /// A SQLite file in a folder of its own.
    pub fn sqlite() -> Self {
        Self::sqlite_in(folder())
    }

    /// A SQLite file in this folder, which goes with it.
    pub fn sqlite_in(folder: impl Into<PathBuf>) -> Self {
        Self {
            place: Place::Sqlite,
            folder: folder.into(),
        }
    }

    /// A database of its own on the cluster that [`POSTGRES_VARIABLE`] names.
    #[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the server's")]
    pub async fn postgres() -> Self {
        let cluster = std::env::var(POSTGRES_VARIABLE)
            .unwrap_or_else(|_| panic!("{POSTGRES_VARIABLE} is not set: run `cargo xtask test`"));
        Self::postgres_on(cluster).await
    }

    /// A database of its own on a cluster, which is given as the URL of a database that is there.
    pub async fn postgres_on(cluster: String) -> Self {
        let name = format!("tandem_{}", Uuid::new_v4().simple());
        run(&cluster, &format!("create database {name}")).await;
        Self {
            place: Place::Postgres { cluster, name },
            folder: folder(),
        }
    }

    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Postgres { .. })
    }

    /// The folder that stands for the data directory.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database's address.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Sqlite => format!("sqlite://{}", self.folder.join("tandem.db").display()),
            Place::Postgres { cluster, name } => {
                let base = cluster.rsplit_once('/').map_or(cluster.as_str(), |(base, _)| base);
                format!("{base}/{name}")
            }
        }
    }

    /// Where the PostgreSQL server listens.
    pub fn address(&self) -> SocketAddr {
        address_of(&self.url())
    }

    /// The address of the same database through a proxy on this machine.
    pub fn url_through(&self, port: u16) -> String {
        let url = self.url();
        let (user, rest) = url.split_once('@').expect("the cluster's URL names a user");
        let (_, name) = rest.split_once('/').expect("the URL names a database");
        format!("{user}@127.0.0.1:{port}/{name}")
    }

    /// The settings of a store on it.
    pub fn settings(&self) -> Settings {
        let url = self.is_postgres().then(|| self.url());
        Settings::new(url, &self.folder)
    }

    /// A store on it.
    pub async fn open(&self) -> Store {
        Store::open(self.settings()).await.expect("the test's database opens")
    }

    /// A connection beside the store's, to look and to interfere.
    pub async fn connection(&self) -> DatabaseConnection {
        let url = if self.is_postgres() {
            self.url()
        } else {
            format!("{}?mode=rwc", self.url())
        };
        Database::connect(url).await.expect("the test's database is there")
    }
}

/// Where the server of a PostgreSQL URL listens.
pub(crate) fn address_of(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once('@').expect("the URL names a user");
    let (address, _) = rest.split_once('/').expect("the URL names a database");
    address.parse().expect("the URL names an address and a port")
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Postgres { cluster, name } = &self.place {
            let (cluster, drop) = (cluster.clone(), format!("drop database if exists {name} with (force)"));
            // A test's runtime can't be blocked on from inside.
            let thread = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(run(&cluster, &drop));
            });
            if thread.join().is_err() {
                eprintln!("a test's database was left behind: {name}");
            }
        }
        // What can't be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tandem-test-{}", Uuid::new_v4().simple()));
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

async fn run(cluster: &str, statement: &str) {
    let connection = Database::connect(cluster)
        .await
        .expect("the cluster of the tests answers");
    connection
        .execute_unprepared(statement)
        .await
        .expect("the cluster does what a test needs");
    connection.close().await.expect("the connection closes");
}

/// Runs each body on SQLite and on PostgreSQL, as two tests in a module of the body's name.
#[macro_export]
macro_rules! both_databases {
    ($(async fn $name:ident($database:ident) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn body($database: $crate::database::TestDatabase) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_sqlite() {
                    body($crate::database::TestDatabase::sqlite()).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_postgres() {
                    body($crate::database::TestDatabase::postgres().await).await;
                }
            }
        )*
    };
}
