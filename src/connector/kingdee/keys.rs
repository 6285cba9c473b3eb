//! What may be written under `kingdee`, and the connector made of it.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::connector::Kingdee;
use super::settings::{Application, KingdeeSettings, Login, SignDigest, TimeUnit};
use super::sign;
use crate::connector::registry::{Defaults, Environment, Made};
use crate::fault::Fault;
use crate::scheme::keys::{KeySpec, Kind, Table};
use crate::scheme::transport::{Limit, Transport};
use crate::scheme::tree::Node;

/// The keys of `kingdee`.
pub static KEYS: Table = Table {
    name: "kingdee",
    keys: &[
        KeySpec::required("base_url", Kind::Url, "address of the application, ending in /k3cloud/"),
        KeySpec::required("acct_id", Kind::Text, "id of the data centre (账套)"),
        KeySpec::optional("lcid", Kind::Integer { min: 1, max: 65_535 }, "language of messages; default 2052"),
        KeySpec::required("login", Kind::OneOf(&LOGIN), "how we log in, and as whom"),
        KeySpec::optional("org", Kind::Text, "number of the organisation to work in; default: the user's own"),
        KeySpec::optional("sign_digest", Kind::Choice(&["sha256", "sha1"]), "digest of a signed login; default sha256"),
        KeySpec::optional("timestamp", Kind::Choice(&["s", "ms"]), "unit of time in signed headers; default s"),
    ],
};

static LOGIN: Table = Table {
    name: "kingdee_login",
    keys: &[
        KeySpec::optional("password", Kind::Keys(&PASSWORD), "by user and password"),
        KeySpec::optional("app_secret", Kind::Keys(&APPLICATION), "by the secret of a registered application"),
        KeySpec::optional("sign", Kind::Keys(&APPLICATION), "by a signature (recommended)"),
        KeySpec::optional("headers", Kind::Keys(&APPLICATION), "no login: every request is signed"),
    ],
};

static PASSWORD: Table = Table {
    name: "kingdee_password",
    keys: &[
        KeySpec::required("username", Kind::Text, "the user"),
        KeySpec::required("password", Kind::Secret, "the password"),
    ],
};

static APPLICATION: Table = Table {
    name: "kingdee_application",
    keys: &[
        KeySpec::required("username", Kind::Text, "the integration user"),
        KeySpec::required("app_id", Kind::Text, "AppID of the registered application"),
        KeySpec::required("app_secret", Kind::Secret, "AppSecret of the registered application"),
    ],
};

/// No limit is published; practice runs ten a second, and answers take minutes (protocols/kingdee.md 6).
const DEFAULTS: Defaults = Defaults {
    limits: &[Limit { count: 10, per: Duration::from_secs(1) }],
    concurrency: 4,
    timeout: Duration::from_secs(180),
};

/// Checks what the table can't say.
pub fn check(node: &Node, faults: &mut Vec<Fault>) {
    let app_id = node.get("login").and_then(|login| login.get("headers")).and_then(|app| app.get("app_id"));
    if let Some(app_id) = app_id
        && app_id.scalar().is_some_and(|text| !sign::can_sign(text))
    {
        let message = "`app_id` must be `<client id>_<32 characters>`, or it can't sign requests";
        faults.push(Fault::new(app_id.at.clone(), message));
    }
}

/// Makes the connector of checked settings.
pub fn connect(node: &Node, transport: &Transport, environment: &Environment) -> Made {
    let settings = read(node).ok_or("the settings of `kingdee` can't be used")?;
    let account = format!("kingdee {} {}", settings.base_url.host_str().unwrap_or_default(), settings.acct_id);
    let secrets = settings.login.secrets();
    let http = environment.http(&account, &settings.base_url, transport, DEFAULTS, secrets)?;
    let client = Client::new(settings, http, Arc::clone(&environment.clock));
    Ok(Arc::new(Kingdee::new(account, client, environment.zone.clone())))
}

fn read(node: &Node) -> Option<KingdeeSettings> {
    let is = |key: &str, word: &str| node.get_text(key).as_deref() == Some(word);
    Some(KingdeeSettings {
        base_url: node.get_text("base_url")?.parse().ok()?,
        acct_id: node.get_text("acct_id")?,
        lcid: node.get_integer("lcid").unwrap_or(2052),
        login: login(node)?,
        org: node.get_text("org"),
        sign_digest: if is("sign_digest", "sha1") { SignDigest::Sha1 } else { SignDigest::Sha256 },
        timestamp: if is("timestamp", "ms") { TimeUnit::Millis } else { TimeUnit::Seconds },
    })
}

fn login(node: &Node) -> Option<Login> {
    let (kind, node) = node.get_tagged("login")?;
    let username = node.get_secret("username")?;
    if kind.text == "password" {
        return Some(Login::Password { username, password: node.get_secret("password")? });
    }
    let app = Application { username, app_id: node.get_secret("app_id")?, app_secret: node.get_secret("app_secret")? };
    match kind.text.as_str() {
        "app_secret" => Some(Login::AppSecret(app)),
        "sign" => Some(Login::Sign(app)),
        "headers" => Some(Login::Headers(app)),
        _ => None,
    }
}
