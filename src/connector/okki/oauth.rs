//! Getting a token: the requests, and their answers, which come without an envelope (protocols/okki.md 2).

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use url::form_urlencoded::Serializer;

use super::settings::{Grant, OkkiSettings};
use crate::connector::FaultKind;
use crate::connector::reply::{Purpose, Reply, of_status};

/// Path that a grant is sent to.
pub const GRANT: &str = "/v1/oauth2/access_token";
/// Path that a refresh token is sent to.
pub const REFRESH: &str = "/v1/oauth2/refresh_token";

/// Where an answer does not say how long its token holds.
const LIFE: Duration = Duration::from_secs(28_800);

/// A token as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// `access_token`, opaque.
    pub token: String,
    /// How long it holds from now on.
    pub life: Duration,
    /// `refresh_token`; good for one use.
    pub refresh: Option<String>,
}

/// The body that asks for a token by the settings' grant.
pub fn grant(settings: &OkkiSettings) -> Vec<u8> {
    let mut form = Serializer::new(String::new());
    match &settings.credential.grant {
        Grant::ClientCredentials => {
            form.append_pair("grant_type", "client_credentials");
        }
        Grant::Password { username, password } => {
            form.append_pair("grant_type", "password");
            form.append_pair("username", username.reveal());
            form.append_pair("password", &hex::encode(Sha256::digest(password.reveal())));
        }
    }
    client(&mut form, settings);
    form.append_pair("scope", &settings.scope);
    form.finish().into_bytes()
}

/// The body that asks for a token by a refresh token.
pub fn refresh(settings: &OkkiSettings, token: &str) -> Vec<u8> {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("refresh_token", token);
    client(&mut form, settings);
    form.finish().into_bytes()
}

fn client(form: &mut Serializer<'_, String>, settings: &OkkiSettings) {
    form.append_pair("client_id", settings.credential.client_id.reveal());
    form.append_pair("client_secret", settings.credential.client_secret.reveal());
}

/// Reads an answer. The error: what kind, and the system's words. [`FaultKind::Refused`] where the credential itself is
/// refused; anything else may pass.
pub fn read(reply: &Reply) -> Result<Granted, (FaultKind, String)> {
    let answer: Value = serde_json::from_slice(reply.content()).unwrap_or_default();
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    if let Some(error) = text("error") {
        let said = [text("error_description").or(text("message")), text("hint")];
        let said: Vec<&str> = said.into_iter().flatten().collect();
        let kind = if error == "server_error" { FaultKind::Transient } else { FaultKind::Refused };
        return Err((kind, format!("no token: {error}: {}", said.join(", "))));
    }
    if let Some(kind) = of_status(reply.status, Purpose::Read) {
        return Err((kind, format!("no token: {}", reply.described())));
    }
    let Some(token) = text("access_token") else {
        return Err((FaultKind::Unknown, "no token: the answer has no `access_token`".to_owned()));
    };
    let seconds = answer.get("expires_in").and_then(|told| match told {
        Value::String(text) => text.trim().parse().ok(),
        told => told.as_u64(),
    });
    let life = seconds.map_or(LIFE, Duration::from_secs);
    Ok(Granted { token: token.to_owned(), life, refresh: text("refresh_token").map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::connector::okki::Credential;
    use crate::secret::Secret;

    fn settings(grant: Grant) -> OkkiSettings {
        let (client_id, client_secret) = (Secret::new("id 1"), Secret::new("s&cret"));
        OkkiSettings {
            base_url: "http://localhost".parse().unwrap(),
            credential: Credential { client_id, client_secret, grant },
            scope: "invoices user".into(),
        }
    }

    #[test]
    fn a_grant_names_its_credential_and_the_passwords_digest() {
        let form = String::from_utf8(grant(&settings(Grant::ClientCredentials))).unwrap();
        assert_eq!(form, "grant_type=client_credentials&client_id=id+1&client_secret=s%26cret&scope=invoices+user");
        let password = Grant::Password { username: Secret::new("a@b.c"), password: Secret::new("simpassword") };
        let form = String::from_utf8(grant(&settings(password.clone()))).unwrap();
        let digest = "fa022b40a2721251c082cf7a2f5004a5a5e1a67a6a6961bf0f30b44d7e9ed54a";
        assert!(
            form.starts_with(&format!("grant_type=password&username=a%40b.c&password={digest}&client_id=")),
            "{form}"
        );
        let form = String::from_utf8(refresh(&settings(password), "def5")).unwrap();
        assert_eq!(form, "grant_type=refresh_token&refresh_token=def5&client_id=id+1&client_secret=s%26cret");
    }

    #[test]
    fn an_answer_is_a_token_or_why_there_is_none() {
        use FaultKind::{Refused, Transient, Unknown};
        let token = |seconds, refresh: Option<&str>| {
            Ok(Granted { token: "T".into(), life: Duration::from_secs(seconds), refresh: refresh.map(str::to_owned) })
        };
        for (status, body, wanted) in [
            (200, r#"{"access_token":"T","expires_in":28799,"refresh_token":"d"}"#, token(28_799, Some("d"))),
            (200, r#"{"access_token":"T","expires_in":"5465"}"#, token(5_465, None)),
            (200, r#"{"access_token":"T"}"#, token(28_800, None)),
            (200, r#"{"code":200,"data":{}}"#, Err(Unknown)),
            (200, "<html>", Err(Unknown)),
            (400, r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#, Err(Refused)),
            (401, r#"{"error":"invalid_client"}"#, Err(Refused)),
            (400, r#"{"error":"invalid_scope"}"#, Err(Refused)),
            (500, r#"{"error":"server_error"}"#, Err(Transient)),
            (502, "<html>", Err(Transient)),
        ] {
            let reply = Reply { status, body: body.into(), ..Reply::default() };
            assert_eq!(read(&reply).map_err(|(kind, _)| kind), wanted, "{status} {body}");
        }
        let revoked = r#"{"error":"invalid_request","error_description":"The refresh token is invalid.","hint":"Token has been revoked"}"#;
        let reply = Reply { status: 400, body: revoked.into(), ..Reply::default() };
        let words = "no token: invalid_request: The refresh token is invalid., Token has been revoked";
        assert_eq!(read(&reply).unwrap_err().1, words);
    }
}
