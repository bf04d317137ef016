//! The command line as clap reads it, and the checks of single settings.
//!
//! Values are taken as text and checked here: clap names a flag even where the value came from a variable.

use std::path::PathBuf;
use std::str::FromStr;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, Parser, Subcommand};
use http::uri::{Authority, PathAndQuery, Uri};
use tracing_subscriber::EnvFilter;

use super::{ConfigError, LogFormat};

/// A pair-programming backend: people edit the same files at once, and nothing acknowledged is ever lost.
#[derive(Parser)]
#[command(name = "tandem", version, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Serves; also what tandem does without a command.
    Serve(Serve),
}

impl Arguments {
    /// The settings, whichever way the command was written.
    pub(super) fn serve(self) -> Serve {
        match self.command {
            Some(Command::Serve(serve)) => serve,
            None => self.serve,
        }
    }
}

#[derive(Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 means any free one
    #[arg(
        long,
        env = "TANDEM_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:50051"
    )]
    pub(super) listen: String,
    /// postgres://… or sqlite:…; without it, a SQLite file in the data directory
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub(super) database_url: Option<String>,
    /// Where the server keeps its files
    #[arg(long, env = "TANDEM_DATA_DIR", value_name = "FOLDER", default_value = "./data")]
    pub(super) data_dir: PathBuf,
    /// A further name that requests may call this server by; may be repeated
    #[arg(long, env = "TANDEM_HOSTS", value_name = "NAME", value_delimiter = ',')]
    pub(super) host: Vec<String>,
    /// A further origin whose pages may call this server; may be repeated
    #[arg(long, env = "TANDEM_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    pub(super) origin: Vec<String>,
    /// Listen on an address that others can reach, though anybody may then do anything
    #[arg(long, env = "TANDEM_ALLOW_PUBLIC", value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true")]
    pub(super) allow_public: String,
    /// How long leaving may take
    #[arg(long, env = "TANDEM_GRACE_SECONDS", value_name = "SECONDS", default_value = "10")]
    pub(super) grace_seconds: String,
    /// Which log lines are written, such as info or tandem=debug
    #[arg(long, env = "TANDEM_LOG", value_name = "FILTER", default_value = "info")]
    pub(super) log: String,
    /// How log lines look: text or json
    #[arg(long, env = "TANDEM_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: String,
    /// How soon after one commit began a busy log begins the next
    #[arg(
        long,
        env = "TANDEM_COMMIT_INTERVAL_MS",
        value_name = "MILLISECONDS",
        default_value = "4"
    )]
    pub(super) commit_interval_ms: String,
}

/// One setting, for its checks and their errors.
pub(super) struct Setting<'a> {
    pub(super) matches: &'a ArgMatches,
    pub(super) id: &'static str,
}

impl Setting<'_> {
    /// The error that names the setting by the way it was given.
    pub(super) fn error(&self, value: &str, problem: &str) -> ConfigError {
        let name = self.name();
        let given = if value.is_empty() {
            name
        } else {
            format!("{name} is {value:?}")
        };
        ConfigError::Setting {
            given,
            problem: problem.to_owned(),
        }
    }

    /// `--listen` or `TANDEM_LISTEN`, whichever was used.
    fn name(&self) -> String {
        let flag = format!("--{}", self.id.replace('_', "-"));
        if self.matches.value_source(self.id) != Some(ValueSource::EnvVariable) {
            return flag;
        }
        let command = Arguments::command();
        let argument = command.get_arguments().find(|argument| argument.get_id() == self.id);
        let variable = argument.and_then(|argument| argument.get_env());
        variable.map_or(flag, |name| name.to_string_lossy().into_owned())
    }

    /// A value that the standard library can read.
    pub(super) fn parse<T: FromStr>(&self, value: &str, wanted: &str) -> Result<T, ConfigError> {
        value
            .trim()
            .parse()
            .map_err(|_| self.error(value, &format!("give it {wanted}")))
    }

    /// A whole number.
    pub(super) fn between(&self, value: &str, low: u64, high: u64) -> Result<u64, ConfigError> {
        let wanted = format!("a whole number from {low} to {high}");
        let number: u64 = self.parse(value, &wanted)?;
        if (low..=high).contains(&number) {
            Ok(number)
        } else {
            Err(self.error(value, &format!("give it {wanted}")))
        }
    }

    /// Yes or no.
    pub(super) fn flag(&self, value: &str) -> Result<bool, ConfigError> {
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            _ => Err(self.error(value, "give it true or false")),
        }
    }

    /// A database's address. Its error does not repeat it: it may hold a password.
    pub(super) fn database(&self, url: String) -> Result<String, ConfigError> {
        let known = ["postgres://", "postgresql://", "sqlite:"];
        if known.iter().any(|scheme| url.starts_with(scheme)) {
            Ok(url)
        } else {
            Err(self.error(
                "",
                "begin it with postgres:// or sqlite:, or leave it out for a SQLite file",
            ))
        }
    }

    /// A host name in lower case, without a port.
    pub(super) fn host(&self, name: &str) -> Result<String, ConfigError> {
        let name = name.trim().to_ascii_lowercase();
        let right = Authority::from_str(&name).is_ok_and(|authority| authority.host() == name);
        if right {
            Ok(name)
        } else {
            Err(self.error(&name, "give it a name without scheme and port, such as pair.example"))
        }
    }

    /// An origin as browsers write it.
    pub(super) fn origin(&self, origin: &str) -> Result<String, ConfigError> {
        let origin = origin.trim().to_ascii_lowercase();
        let right = Uri::from_str(&origin).is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some()
                && uri.path_and_query().is_none_or(|path: &PathAndQuery| path == "/")
                && !origin.ends_with('/')
        });
        if right {
            Ok(origin)
        } else {
            Err(self.error(
                &origin,
                "give it scheme, name and port without a path, such as https://pair.example",
            ))
        }
    }

    /// A filter of log lines.
    pub(super) fn filter(&self, filter: String) -> Result<String, ConfigError> {
        match EnvFilter::try_new(&filter) {
            Ok(_) => Ok(filter),
            Err(_) => Err(self.error(
                &filter,
                "give it a level (error, warn, info, debug, trace) or tandem=debug",
            )),
        }
    }

    /// The look of log lines.
    pub(super) fn log_format(&self, format: &str) -> Result<LogFormat, ConfigError> {
        match format {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(self.error(format, "give it text or json")),
        }
    }
}
