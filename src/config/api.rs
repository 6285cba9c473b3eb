//! The status API's part of the configuration.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::scheme::tree::Node;
use crate::secret::Secret;

/// How the status API is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Address and port.
    pub listen: SocketAddr,
    /// Token that may read.
    pub read: Option<Secret>,
    /// Token that may read and act.
    pub operate: Option<Secret>,
    /// Certificate and key.
    pub tls: Option<Tls>,
    /// A proxy in front ends TLS.
    pub behind_proxy: bool,
}

/// Certificate and key of the status API (PEM files).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Default for Api {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 7878));
        Self { listen, read: None, operate: None, tls: None, behind_proxy: false }
    }
}

impl Api {
    /// Reads a checked `api`; off loopback it must have tokens and TLS.
    pub(super) fn read(node: &Node, folder: &Path, faults: &mut Vec<Fault>) -> Self {
        let token = |name: &str| node.get("tokens").and_then(|tokens| tokens.get_secret(name));
        let tls = node.get("tls").and_then(|tls| {
            Some(Tls { cert: folder.join(tls.get_text("cert")?), key: folder.join(tls.get_text("key")?) })
        });
        let api = Self {
            listen: node.get_address("listen").unwrap_or(Self::default().listen),
            read: token("read"),
            operate: token("operate"),
            tls,
            behind_proxy: node.get_bool("behind_proxy").unwrap_or(false),
        };
        if !api.listen.ip().is_loopback() {
            let at = node.get("listen").unwrap_or(node).at.clone();
            if api.read.is_none() && api.operate.is_none() {
                let message = "off loopback the API needs `tokens`; without them listen on `127.0.0.1`";
                faults.push(Fault::new(at.clone(), message));
            }
            if node.get("tls").is_none() && !api.behind_proxy {
                let message = "off loopback the API needs `tls` or `behind_proxy: true`; else listen on `127.0.0.1`";
                faults.push(Fault::new(at, message));
            }
        }
        api
    }
}
