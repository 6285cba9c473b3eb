//! What a user writes of an OKKI account, and the connector made of it.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::client::Client;
use super::connector::Okki;
use crate::clock::Zone;
use crate::connector::registry::{Defaults, Environment, Made};
use crate::scheme::keys::{KeySpec, Kind, Table};
use crate::scheme::transport::{Limit, Transport};
use crate::scheme::tree::Node;
use crate::secret::Secret;

/// The keys of `okki`.
pub static KEYS: Table = Table {
    name: "okki",
    keys: &[
        KeySpec::optional("base_url", Kind::Url, "its address; default https://api-sandbox.xiaoman.cn (production)"),
        KeySpec::required("grant", Kind::OneOf(&GRANT), "how a token is got"),
        KeySpec::optional("scope", Kind::Text, "modules asked for; default `invoices company product user`"),
    ],
};

static GRANT: Table = Table {
    name: "okki_grant",
    keys: &[
        KeySpec::optional("client_credentials", Kind::Keys(&CLIENT), "as the application itself"),
        KeySpec::optional("password", Kind::Keys(&PASSWORD), "as a user of the enterprise"),
    ],
};

static CLIENT: Table = Table {
    name: "okki_client",
    keys: &[
        KeySpec::required("client_id", Kind::Text, "id of the application"),
        KeySpec::required("client_secret", Kind::Secret, "its secret"),
    ],
};

static PASSWORD: Table = Table {
    name: "okki_password",
    keys: &[
        KeySpec::required("client_id", Kind::Text, "id of the application"),
        KeySpec::required("client_secret", Kind::Secret, "its secret"),
        KeySpec::required("username", Kind::Text, "e-mail or phone that the user logs in with"),
        KeySpec::required("password", Kind::Secret, "the user's password; its SHA-256 is sent"),
    ],
};

/// Limits are not published (protocols/okki.md 3, 9); the documented time-out is 60 s (1).
const DEFAULTS: Defaults = Defaults {
    limits: &[Limit { count: 2, per: Duration::from_secs(1) }],
    concurrency: 2,
    timeout: Duration::from_secs(60),
};

/// Times carry no zone and are Beijing's, whatever zone the configuration names (protocols/okki.md 3).
const ZONE: &str = "Asia/Shanghai";

/// Makes the connector of checked settings.
pub fn connect(node: &Node, transport: &Transport, environment: &Environment) -> Made {
    let settings = OkkiSettings::read(node).ok_or("the settings of `okki` can't be used")?;
    let zone = Zone::named(ZONE).ok_or("this machine knows no zone `Asia/Shanghai`")?;
    let account = settings.account();
    let http = environment.http(&account, &settings.base_url, transport, DEFAULTS, settings.credential.secrets())?;
    let client = Client::new(settings, http, zone.clone(), Arc::clone(&environment.clock));
    Ok(Arc::new(Okki::new(account, client, zone)))
}

/// The account and how it is reached.
#[derive(Debug, Clone)]
pub struct OkkiSettings {
    /// Its address, without the path of a call.
    pub base_url: Url,
    /// Whose tokens we use.
    pub credential: Credential,
    /// Modules, separated by blanks.
    pub scope: String,
}

/// Whose tokens we use (protocols/okki.md 2.1).
#[derive(Debug, Clone)]
pub struct Credential {
    /// `client_id`.
    pub client_id: Secret,
    /// `client_secret`.
    pub client_secret: Secret,
    /// How a token is got.
    pub grant: Grant,
}

/// How a token is got.
#[derive(Debug, Clone)]
pub enum Grant {
    /// As the application itself.
    ClientCredentials,
    /// As a user.
    Password {
        /// The user.
        username: Secret,
        /// The password, as the user types it.
        password: Secret,
    },
}

impl OkkiSettings {
    fn read(node: &Node) -> Option<Self> {
        let (kind, grant) = node.get_tagged("grant")?;
        let credential = Credential {
            client_id: grant.get_secret("client_id")?,
            client_secret: grant.get_secret("client_secret")?,
            grant: match kind.text.as_str() {
                "password" => {
                    Grant::Password { username: grant.get_secret("username")?, password: grant.get_secret("password")? }
                }
                _ => Grant::ClientCredentials,
            },
        };
        Some(Self {
            base_url: node.get_text("base_url").as_deref().unwrap_or("https://api-sandbox.xiaoman.cn").parse().ok()?,
            credential,
            scope: node.get_text("scope").unwrap_or_else(|| "invoices company product user".to_owned()),
        })
    }

    /// Connector, host and whose tokens; names may be secret, so that their digest stands for them.
    fn account(&self) -> String {
        let mut whose = self.credential.client_id.reveal().to_owned();
        if let Grant::Password { username, .. } = &self.credential.grant {
            whose = format!("{whose}\n{}", username.reveal());
        }
        let digest = blake3::hash(whose.as_bytes()).to_hex();
        let host = self.base_url.host_str().unwrap_or_default();
        format!("okki {host} {}", digest.get(..12).unwrap_or_default())
    }
}

impl Credential {
    /// What must never be shown.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = vec![self.client_secret.clone()];
        if let Grant::Password { password, .. } = &self.grant {
            secrets.push(password.clone());
        }
        secrets
    }
}
