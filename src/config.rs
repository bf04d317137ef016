//! Settings: read once at the start, from flags, variables and `.env`, and checked before anything else happens.
//!
//! Nothing else reads the environment.

mod arguments;

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};

use arguments::{Arguments, Setting};

use crate::limits;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// The server's settings, all of them valid.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 means any free one.
    pub listen: SocketAddr,
    /// The database; `None` means a SQLite file in `data_dir`. It may hold a password.
    pub database_url: Option<String>,
    /// Where the server keeps its files. The default, `./data`, needs no rights and is seen by whoever looks.
    pub data_dir: PathBuf,
    /// Further names that requests may call this server by, in lower case, without a port.
    pub hosts: Vec<String>,
    /// Further origins whose pages may call this server, such as `https://pair.example`.
    pub origins: Vec<String>,
    /// How long leaving may take.
    pub grace: Duration,
    /// Which log lines are written, as tracing's filters say it.
    pub log: String,
    /// How they look.
    pub log_format: LogFormat,
    /// How soon after one commit began a busy log begins the next.
    pub commit_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 50051)),
            database_url: None,
            data_dir: PathBuf::from("./data"),
            hosts: Vec::new(),
            origins: Vec::new(),
            grace: Duration::from_secs(10),
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            commit_interval: limits::COMMIT_INTERVAL,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("database_url", &self.database_url.as_ref().map(|_| "(hidden)"))
            .field("data_dir", &self.data_dir)
            .field("hosts", &self.hosts)
            .field("origins", &self.origins)
            .field("grace", &self.grace)
            .field("log", &self.log)
            .field("log_format", &self.log_format)
            .field("commit_interval", &self.commit_interval)
            .finish()
    }
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line is not one of ours; also the answer to `--help`, which is not a fault.
    #[error("{0}")]
    CommandLine(#[from] clap::Error),
    /// A setting has a value that it can't have.
    #[error("{given}: {problem}")]
    Setting {
        /// The setting as it was given: a flag or a variable, with its value unless that is secret.
        given: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The file `.env` can't be read.
    #[error("the file .env: {0}")]
    EnvFile(#[from] dotenvy::Error),
}

/// Takes the variables of a `.env` file in the working directory, if there is one, where they are not set already.
///
/// # Errors
/// The file is there and is not a list of variables.
pub fn load_env_file() -> Result<(), ConfigError> {
    match dotenvy::from_path(Path::new(".env")) {
        Err(error) if !error.not_found() => Err(error.into()),
        _ => Ok(()),
    }
}

impl Config {
    /// Reads the settings from a command line, the program's name included, and from the environment.
    ///
    /// # Errors
    /// One names the setting that is wrong and how it was given.
    pub fn parse(command_line: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, ConfigError> {
        let matches = Arguments::command().try_get_matches_from(command_line)?;
        let arguments = Arguments::from_arg_matches(&matches)?;
        let own = matches.subcommand().map_or(&matches, |(_, matches)| matches);
        arguments.serve().check(own)
    }
}

impl arguments::Serve {
    /// The settings, checked one by one.
    fn check(self, matches: &clap::ArgMatches) -> Result<Config, ConfigError> {
        let setting = |id| Setting { matches, id };
        let config = Config {
            listen: setting("listen").parse(&self.listen, "an address with a port, such as 127.0.0.1:50051")?,
            database_url: self
                .database_url
                .map(|url| setting("database_url").database(url))
                .transpose()?,
            data_dir: self.data_dir,
            hosts: self
                .host
                .into_iter()
                .map(|host| setting("host").host(&host))
                .collect::<Result<_, _>>()?,
            origins: self
                .origin
                .into_iter()
                .map(|origin| setting("origin").origin(&origin))
                .collect::<Result<_, _>>()?,
            grace: Duration::from_secs(setting("grace_seconds").between(&self.grace_seconds, 0, 3_600)?),
            log: setting("log").filter(self.log)?,
            log_format: setting("log_format").log_format(&self.log_format)?,
            commit_interval: Duration::from_millis(setting("commit_interval_ms").between(
                &self.commit_interval_ms,
                0,
                1_000,
            )?),
        };
        if !config.listen.ip().is_loopback() && !setting("allow_public").flag(&self.allow_public)? {
            return Err(setting("listen").error(
                &self.listen,
                "this server has no accounts yet, so it listens on loopback only, such as 127.0.0.1:50051; \
                 --allow-public (TANDEM_ALLOW_PUBLIC=true) opens it to everybody who can reach that address",
            ));
        }
        Ok(config)
    }
}
