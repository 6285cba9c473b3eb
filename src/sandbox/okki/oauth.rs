//! The token endpoint (protocols/okki.md 2.1, 2.2): a form or JSON in, no envelope around what comes out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::clock::Time;
use crate::sandbox::faults::Kind;
use crate::sandbox::wire::{Answer, Request};

use super::credentials::{CLIENT_ID, CLIENT_SECRET, PASSWORD, SCOPES, USERNAME};
use super::knobs::Knobs;
use super::reply::{oauth_error, plain};
use super::tokens::Tokens;
use super::value::text;

type Fields = BTreeMap<String, String>;

/// `access_token`, by either grant.
pub fn access_token(
    tokens: &mut Tokens,
    request: &Request,
    knobs: &Knobs,
    now: Time,
    fault: Option<Kind>,
) -> Result<Answer, Answer> {
    let fields = read(request);
    if !matches!(get(&fields, "grant_type"), "password" | "client_credentials") {
        let description = "The authorization grant type is not supported by the authorization server.";
        let hint = "Check that all required parameters have been provided";
        return Err(oauth_error(400, "unsupported_grant_type", description, Some(hint)));
    }
    client(&fields, knobs, fault)?;
    let by_password = get(&fields, "grant_type") == "password";
    if by_password {
        for name in ["username", "password"] {
            if get(&fields, name).is_empty() {
                return Err(missing(name));
            }
        }
        let hashed = hex::encode(Sha256::digest(PASSWORD));
        if get(&fields, "username") != USERNAME || !get(&fields, "password").eq_ignore_ascii_case(&hashed) {
            let description = "The user credentials were incorrect.";
            return Err(oauth_error(400, "invalid_credentials", description, None));
        }
    }
    let scopes = scopes(&fields)?;
    if knobs.old_token_dies {
        tokens.kill_access();
    }
    let told = tokens.issue(now, knobs.token_life, knobs.full_renewal, scopes);
    let mut body = Map::new();
    body.insert("token_type".to_owned(), "Bearer".into());
    if by_password || !knobs.hide_expires_in {
        body.insert("expires_in".to_owned(), told.expires_in.into());
    }
    body.insert("access_token".to_owned(), told.access_token.into());
    if by_password {
        body.insert("refresh_token".to_owned(), tokens.issue_refresh().into());
    }
    Ok(plain(200, &Value::Object(body)))
}

/// `refresh_token`: a full new life for a token that is good once.
pub fn refresh_token(
    tokens: &mut Tokens,
    request: &Request,
    knobs: &Knobs,
    now: Time,
    fault: Option<Kind>,
) -> Result<Answer, Answer> {
    let fields = read(request);
    if get(&fields, "grant_type") != "refresh_token" {
        return Err(missing("grant_type"));
    }
    client(&fields, knobs, fault)?;
    if !tokens.use_refresh(get(&fields, "refresh_token")) {
        let description = "The refresh token is invalid.";
        return Err(oauth_error(400, "invalid_request", description, Some("Token has been revoked")));
    }
    let scopes = SCOPES.into_iter().map(str::to_owned).collect();
    let told = tokens.issue(now, knobs.token_life, true, scopes);
    let refresh = tokens.issue_refresh();
    Ok(plain(
        200,
        &json!({
            "token_type": "Bearer", "expires_in": told.expires_in, "access_token": told.access_token,
            "refresh_token": refresh,
        }),
    ))
}

fn client(fields: &Fields, knobs: &Knobs, fault: Option<Kind>) -> Result<(), Answer> {
    let known = get(fields, "client_id") == CLIENT_ID && get(fields, "client_secret") == CLIENT_SECRET;
    if known && fault != Some(Kind::Refuse) {
        return Ok(());
    }
    Err(oauth_error(knobs.invalid_client_status, "invalid_client", "Client authentication failed", None))
}

fn scopes(fields: &Fields) -> Result<Vec<String>, Answer> {
    let asked: Vec<String> = get(fields, "scope").split_whitespace().map(str::to_owned).collect();
    if asked.is_empty() {
        return Err(missing("scope"));
    }
    if let Some(unknown) = asked.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        let description = "The requested scope is invalid, unknown, or malformed";
        return Err(oauth_error(400, "invalid_scope", description, Some(&format!("Check the `{unknown}` scope"))));
    }
    Ok(asked)
}

fn missing(name: &str) -> Answer {
    let description = "The request is missing a required parameter, includes an invalid parameter value, \
                       includes a parameter more than once, or is otherwise malformed.";
    oauth_error(400, "invalid_request", description, Some(&format!("Check the `{name}` parameter")))
}

fn get<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

/// The fields of a JSON object, else of a form.
fn read(request: &Request) -> Fields {
    if let Ok(Value::Object(object)) = serde_json::from_slice(&request.body) {
        return object.into_iter().filter_map(|(name, value)| Some((name, text(&value)?))).collect();
    }
    form_urlencoded::parse(&request.body).into_owned().collect()
}
