//! The names of this server, and the pages that may call it.

use std::net::IpAddr;

use axum::extract::Request;
use http::HeaderValue;
use http::header::HOST;
use http::uri::Authority;

use crate::config::Config;

/// Names and origins, from the settings.
pub(in crate::server) struct Names {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Names {
    pub(in crate::server) fn new(config: &Config) -> Self {
        Self {
            hosts: config.hosts.clone(),
            origins: config.origins.clone(),
        }
    }

    /// Whether a host is this server: a loopback name, the address that the connection came to, or a configured name.
    pub(super) fn is_ours(&self, host: &str, local: Option<IpAddr>) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || Some(address) == local || self.is_configured(host),
            Err(_) => host.eq_ignore_ascii_case("localhost") || self.is_configured(host),
        }
    }

    fn is_configured(&self, host: &str) -> bool {
        self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host))
    }

    /// Whether an origin was configured.
    pub(super) fn may_call(&self, origin: &HeaderValue) -> bool {
        self.origins
            .iter()
            .any(|allowed| origin.as_bytes().eq_ignore_ascii_case(allowed.as_bytes()))
    }
}

/// The name that a request is addressed to: HTTP/2's :authority, HTTP/1.1's absolute target or Host. `None` if there is
/// none, or more than one.
pub(super) fn authority(request: &Request) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next()?;
    if hosts.next().is_some() {
        return None;
    }
    Authority::try_from(host.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_knows_its_names() {
        let config = Config {
            hosts: vec!["pair.example".to_owned()],
            ..Config::default()
        };
        let names = Names::new(&config);
        let local = "192.0.2.7".parse().ok();
        for ours in [
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "192.0.2.7",
            "Pair.Example",
        ] {
            assert!(names.is_ours(ours, local), "{ours}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example",
            "192.0.2.8",
            "[::2]",
            "pair.example.evil",
            "",
        ] {
            assert!(!names.is_ours(foreign, local), "{foreign}");
        }
    }
}
