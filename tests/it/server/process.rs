//! The program itself: its settings and its exit code.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tandem::config::Config;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::support::{PATIENCE, endpoint};

/// tandem, with none of the developer's own settings, in a folder without `.env`.
fn tandem() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
    command.current_dir(env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

const VARIABLES: [&str; 10] = [
    "DATABASE_URL",
    "TANDEM_LISTEN",
    "TANDEM_DATA_DIR",
    "TANDEM_HOSTS",
    "TANDEM_ORIGINS",
    "TANDEM_ALLOW_PUBLIC",
    "TANDEM_GRACE_SECONDS",
    "TANDEM_LOG",
    "TANDEM_LOG_FORMAT",
    "TANDEM_COMMIT_INTERVAL_MS",
];

fn parse(arguments: &[&str]) -> Result<Config, String> {
    Config::parse(std::iter::once("tandem").chain(arguments.iter().copied())).map_err(|error| error.to_string())
}

/// Waits for the end of a process, and ends it by force if it takes too long.
fn wait(mut child: Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("the process is ours") {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the process did not end in time");
}

#[test]
fn a_wrong_flag_is_named() {
    for (flag, value) in [
        ("--listen", "here"),
        ("--database-url", "mysql://root:secret@db/x"),
        ("--host", "https://pair.example"),
        ("--host", "pair.example:80"),
        ("--origin", "pair.example"),
        ("--origin", "https://pair.example/page"),
        ("--grace-seconds", "-1"),
        ("--grace-seconds", "3601"),
        ("--log", "tandem=loud"),
        ("--log-format", "xml"),
        ("--commit-interval-ms", "soon"),
    ] {
        let joined = format!("{flag}={value}");
        let error = parse(&[&joined]).expect_err(&joined);
        assert!(error.starts_with(flag), "{error}");
        assert!(!error.contains("secret"), "{error}");
        let error = parse(&["serve", &joined]).expect_err(&joined);
        assert!(error.starts_with(flag), "{error}");
    }
}

#[test]
fn a_wrong_variable_is_named() {
    for (variable, value) in [
        ("TANDEM_LISTEN", "here"),
        ("DATABASE_URL", "mysql://root:secret@db/x"),
        ("TANDEM_HOSTS", "pair.example,https://pair.example"),
        ("TANDEM_ORIGINS", "pair.example"),
        ("TANDEM_GRACE_SECONDS", "long"),
        ("TANDEM_LOG", "tandem=loud"),
        ("TANDEM_LOG_FORMAT", "xml"),
        ("TANDEM_COMMIT_INTERVAL_MS", "soon"),
    ] {
        for command in [&[][..], &["serve"]] {
            let Output { status, stderr, .. } = tandem()
                .args(command)
                .env(variable, value)
                .output()
                .expect("tandem runs");
            let error = String::from_utf8_lossy(&stderr);
            assert_eq!(status.code(), Some(2), "{variable}: {error}");
            assert!(error.starts_with(&format!("tandem: {variable}")), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}

#[test]
fn others_can_reach_the_server_only_if_it_was_said_so() {
    for public in ["0.0.0.0:50051", "192.0.2.1:50051", "[::]:50051"] {
        let error = parse(&["--listen", public]).expect_err(public);
        assert!(
            error.starts_with("--listen") && error.contains("--allow-public"),
            "{error}"
        );
        assert!(parse(&["--listen", public, "--allow-public"]).is_ok());
        assert!(parse(&["serve", "--listen", public, "--allow-public=true"]).is_ok());
        assert!(parse(&["--listen", public, "--allow-public=false"]).is_err());
        let error = parse(&["--listen", public, "--allow-public=perhaps"]).expect_err("neither yes nor no");
        assert!(error.starts_with("--allow-public"), "{error}");
    }
    assert!(parse(&["--listen", "[::1]:50051"]).is_ok());
}

#[test]
fn a_password_is_not_printed_with_the_settings() {
    let config = parse(&["--database-url", "postgres://tandem:secret@localhost/tandem"]).expect("a valid setting");
    assert!(!format!("{config:?}").contains("secret"));
}

#[tokio::test]
async fn sigterm_ends_the_program_in_time_whatever_its_callers_do() {
    let mut child = tandem()
        .args(["--listen", "127.0.0.1:0", "--grace-seconds", "1", "--log", "warn"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("tandem starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("tandem says where it listens");
    let address = line
        .trim()
        .rsplit('/')
        .next()
        .and_then(|address| address.parse::<SocketAddr>().ok());
    let channel = endpoint(address.expect(&line)).connect().await.expect("tandem accepts");
    let mut watch = HealthClient::new(channel)
        .watch(HealthCheckRequest::default())
        .await
        .expect("Watch")
        .into_inner();
    watch.message().await.expect("a state").expect("the first state");

    let start = Instant::now();
    let told = Command::new("sh")
        .args(["-c", &format!("kill -TERM {}", child.id())])
        .status()
        .expect("sh runs");
    assert!(told.success());
    let code = tokio::task::spawn_blocking(|| wait(child)).await.expect("no panic");
    assert_eq!(code, Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
