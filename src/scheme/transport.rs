//! How a system is spoken to, whatever its connector: `transport` of a system (interface.md section 3).

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keys::{KeySpec, Kind, SPAN, Table};
use super::scalar;
use super::tree::Node;
use crate::secret::Secret;

/// The keys of `transport`.
pub static TRANSPORT: Table = Table {
    name: "transport",
    keys: &[
        KeySpec::optional("settle", SPAN, "how long an unknown outcome settles before absence counts"),
        KeySpec::optional(
            "rate",
            Kind::Shape {
                scalar: Some(&Kind::Rate { none: true }),
                list: Some(&Kind::List(&Kind::Rate { none: false })),
                map: None,
            },
            "calls allowed: `5/s`, a list of such, or `none`; default: what the system's vendor allows",
        ),
        KeySpec::optional("concurrency", Kind::Integer { min: 1, max: 256 }, "requests under way at once"),
        KeySpec::optional("connect_timeout", SPAN, "longest wait for a connection; default 10s"),
        KeySpec::optional("timeout", SPAN, "longest wait for a whole answer; default: the connector's"),
        KeySpec::optional("max_body", Kind::Size, "largest answer read; default 64MB"),
        KeySpec::optional("proxy", Kind::Url, "HTTP proxy; default: the environment's"),
        KeySpec::optional("ca_file", Kind::Text, "PEM file of further certificate authorities"),
        KeySpec::optional("min_tls", Kind::Choice(&["1.2", "1.3"]), "oldest TLS version; default 1.2"),
        KeySpec::optional("insecure_tls", Kind::Bool, "takes any certificate; warned of at every start"),
    ],
};

/// How a system is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// From the last byte sent until absence counts; none: the connector's.
    pub settle: Option<Duration>,
    /// The budget of calls.
    pub rate: Rate,
    /// Requests under way at once; none: the connector's.
    pub concurrency: Option<u32>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for a whole answer; none: the connector's.
    pub timeout: Option<Duration>,
    /// Largest answer read, in bytes.
    pub max_body: u64,
    /// HTTP proxy; its address may hold a password.
    pub proxy: Option<Secret>,
    /// Further certificate authorities (PEM).
    pub ca_file: Option<PathBuf>,
    /// Oldest TLS version.
    pub min_tls: MinTls,
    /// Takes any certificate.
    pub insecure_tls: bool,
}

/// The budget of calls of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rate {
    /// What the connector knows of the system's limits.
    Connector,
    /// No limit, for tests.
    Unlimited,
    /// All of these hold; at least one.
    Limits(Vec<Limit>),
}

/// So many calls within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Calls.
    pub count: u32,
    /// Within.
    pub per: Duration,
}

/// Oldest TLS version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinTls {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            settle: None,
            rate: Rate::Connector,
            concurrency: None,
            connect_timeout: Duration::from_secs(10),
            timeout: None,
            max_body: 64 << 20,
            proxy: None,
            ca_file: None,
            min_tls: MinTls::V1_2,
            insecure_tls: false,
        }
    }
}

impl Transport {
    /// Reads a checked `transport`; relative paths start from `folder`.
    pub fn read(node: &Node, folder: &Path) -> Self {
        let default = Self::default();
        Self {
            settle: node.get_duration("settle"),
            rate: rate(node),
            concurrency: node.get_integer("concurrency"),
            connect_timeout: node.get_duration("connect_timeout").unwrap_or(default.connect_timeout),
            timeout: node.get_duration("timeout"),
            max_body: node.get_size("max_body").unwrap_or(default.max_body),
            proxy: node.get_secret("proxy"),
            ca_file: node.get_text("ca_file").map(|path| folder.join(path)),
            min_tls: if node.get_text("min_tls").as_deref() == Some("1.3") { MinTls::V1_3 } else { MinTls::V1_2 },
            insecure_tls: node.get_bool("insecure_tls").unwrap_or(false),
        }
    }
}

fn rate(node: &Node) -> Rate {
    let texts = node.get_texts("rate");
    let limits: Vec<Limit> =
        texts.iter().filter_map(|text| scalar::rate(text)).map(|(count, per)| Limit { count, per }).collect();
    match texts.as_slice() {
        [only] if only == "none" => Rate::Unlimited,
        _ if limits.is_empty() => Rate::Connector,
        _ => Rate::Limits(limits),
    }
}
