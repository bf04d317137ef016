//! `tandem`: settings, log lines, the server, and an orderly way out.

use std::process::ExitCode;

use tandem::config::{Config, ConfigError, load_env_file};
use tandem::server::product;
use tandem::telemetry;
use tokio::signal::unix::{SignalKind, signal};

/// Exit code for settings that can't be used.
const WRONG_SETTINGS: u8 = 2;

fn main() -> ExitCode {
    let config = match load_env_file().and_then(|()| Config::parse(std::env::args_os())) {
        Ok(config) => config,
        Err(ConfigError::CommandLine(error)) => error.exit(),
        Err(error) => {
            eprintln!("tandem: {error}");
            return ExitCode::from(WRONG_SETTINGS);
        }
    };
    telemetry::start_logging(&config);
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tandem: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until told to leave.
fn run(config: &Config) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start threads: {error}"))?;
    let outcome = runtime.block_on(serve(config));
    // A blocking call that hangs must not hold up an exit that everybody was told about.
    runtime.shutdown_background();
    outcome
}

async fn serve(config: &Config) -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| format!("cannot wait for signals: {error}"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| format!("cannot wait for signals: {error}"))?;
    let server = product::start(config).await?;
    println!("tandem listens on http://{}", server.address());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::select! {
        _ = server.shutdown(config.grace) => {}
        // Whoever asks twice does not want to wait.
        _ = interrupt.recv() => tracing::warn!("leaving at once"),
    }
    Ok(())
}
