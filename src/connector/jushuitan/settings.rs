//! What a user writes of a 聚水潭 account.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::connector::Jushuitan;
use crate::connector::registry::{Defaults, Environment, Made};
use crate::scheme::keys::{KeySpec, Kind, Table};
use crate::scheme::transport::{Limit, Transport};
use crate::scheme::tree::Node;
use crate::secret::Secret;

/// The keys of `jushuitan`.
pub static KEYS: Table = Table {
    name: "jushuitan",
    keys: &[
        KeySpec::optional("gateway", Kind::Choice(&["open", "legacy"]), "which gateway; default open"),
        KeySpec::optional("base_url", Kind::Url, "its address; default: the gateway's own"),
        KeySpec::required("app_key", Kind::Text, "app_key; at the legacy gateway partnerid"),
        KeySpec::required("app_secret", Kind::Secret, "app_secret; at the legacy gateway partnerkey"),
        KeySpec::required("access_token", Kind::Secret, "the merchant's access token"),
        KeySpec::optional(
            "app",
            Kind::Choice(&["self", "isv"]),
            "the merchant's own app, or a provider's; default self",
        ),
    ],
};

/// Limits per app and merchant (protocols/jushuitan.md 5).
const DEFAULTS: Defaults = Defaults {
    limits: &[Limit { count: 5, per: Duration::from_secs(1) }, Limit { count: 100, per: Duration::from_secs(60) }],
    concurrency: 2,
    timeout: Duration::from_secs(60),
};

/// Makes the connector of checked settings.
pub fn connect(node: &Node, transport: &Transport, environment: &Environment) -> Made {
    let settings = JushuitanSettings::read(node).ok_or("the settings of `jushuitan` can't be used")?;
    let secrets = [&settings.app_key, &settings.app_secret, &settings.access_token].map(Clone::clone).to_vec();
    let account = settings.account();
    let http = environment.http(&account, &settings.base_url, transport, DEFAULTS, secrets)?;
    Ok(Arc::new(Jushuitan::new(settings, account, http, environment)))
}

/// The account and how it is reached.
#[derive(Debug, Clone)]
pub struct JushuitanSettings {
    /// Which of the two gateways.
    pub gateway: Gateway,
    /// Its address, without the path of a call.
    pub base_url: Url,
    /// `app_key`; `partnerid` at the legacy gateway.
    pub app_key: Secret,
    /// `app_secret`; `partnerkey` at the legacy gateway.
    pub app_secret: Secret,
    /// The merchant's access token.
    pub access_token: Secret,
    /// Whose app it is.
    pub app: App,
}

impl JushuitanSettings {
    fn read(node: &Node) -> Option<Self> {
        let (gateway, base_url) = match node.get_text("gateway").as_deref() {
            Some("legacy") => (Gateway::Legacy, "https://open.erp321.com"),
            _ => (Gateway::Open, "https://openapi.jushuitan.com"),
        };
        Some(Self {
            gateway,
            base_url: node.get_text("base_url").as_deref().unwrap_or(base_url).parse().ok()?,
            app_key: node.get_secret("app_key")?,
            app_secret: node.get_secret("app_secret")?,
            access_token: node.get_secret("access_token")?,
            app: if node.get_text("app").as_deref() == Some("isv") { App::Isv } else { App::Own },
        })
    }

    /// Connector, host and account; the key may be secret, so that its digest stands for it.
    fn account(&self) -> String {
        let host = self.base_url.host_str().unwrap_or_default();
        let digest = blake3::hash(self.app_key.reveal().as_bytes()).to_hex();
        format!("jushuitan {host} {}", digest.get(..12).unwrap_or_default())
    }
}

/// Which gateway (protocols/jushuitan.md 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// `openapi.jushuitan.com`: everything in the form body, answers nested under `data`.
    Open,
    /// `open.erp321.com`: system parameters in the query string, flat answers.
    Legacy,
}

/// Whose app it is: decides how an expired token is renewed (protocols/jushuitan.md 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    /// The merchant's own.
    Own,
    /// A service provider's: only the merchant can authorise it again.
    Isv,
}
