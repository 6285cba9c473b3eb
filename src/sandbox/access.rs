//! How the simulated systems are reached: their fixed, public credentials, and a configuration for them.

use crate::sandbox::{jushuitan, kingdee, okki};

/// The credentials, for people.
pub fn credentials() -> String {
    format!(
        "jushuitan: app_key {}, app_secret {}, access_token {}\n\
         kingdee: acct_id {}, username {}, password {}, app_id {}, app_secret {}\n\
         okki: client_id {}, client_secret {}, username {}, password {}",
        jushuitan::credentials::APP_KEY,
        jushuitan::credentials::APP_SECRET,
        jushuitan::credentials::ACCESS_TOKEN,
        kingdee::ACCOUNT,
        kingdee::USER,
        kingdee::PASSWORD,
        kingdee::APP_ID,
        kingdee::APP_SECRET,
        okki::credentials::CLIENT_ID,
        okki::credentials::CLIENT_SECRET,
        okki::credentials::USERNAME,
        okki::credentials::PASSWORD,
    )
}

/// A configuration for simulated systems at these addresses. Its secrets stand in it as they are: they open nothing
/// but a sandbox.
pub fn configuration(jushuitan_url: &str, kingdee_url: &str, okki_url: &str) -> String {
    format!(
        "data: ./data
schemes: ./schemes
api: {{ listen: \"127.0.0.1:0\" }}
systems:
  jst:
    jushuitan:
      gateway: open
      base_url: {jushuitan_url}
      app_key: {}
      app_secret: {}
      access_token: {}
      app: self
    transport: {{ rate: none, timeout: 30s, settle: 200ms }}
  erp:
    kingdee:
      base_url: {kingdee_url}/k3cloud/
      acct_id: \"{}\"
      lcid: 2052
      login: {{ sign: {{ username: {}, app_id: {}, app_secret: {} }} }}
    transport: {{ rate: none, timeout: 30s, settle: 200ms }}
  crm:
    okki:
      base_url: {okki_url}
      grant: {{ client_credentials: {{ client_id: {}, client_secret: {} }} }}
      scope: invoices company product user
    transport: {{ rate: none, timeout: 30s, settle: 200ms }}
",
        jushuitan::credentials::APP_KEY,
        jushuitan::credentials::APP_SECRET,
        jushuitan::credentials::ACCESS_TOKEN,
        kingdee::ACCOUNT,
        kingdee::USER,
        kingdee::APP_ID,
        kingdee::APP_SECRET,
        okki::credentials::CLIENT_ID,
        okki::credentials::CLIENT_SECRET,
    )
}
