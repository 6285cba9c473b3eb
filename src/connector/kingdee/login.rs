//! Login calls and their answers (protocols/kingdee.md 1.2).

use serde_json::{Value, json};

use super::settings::{KingdeeSettings, Login};
use super::sign;
use super::status::text;
use crate::clock::Time;

/// Method and body of the login call; `None` where requests are signed instead.
pub fn request(settings: &KingdeeSettings, now: Time) -> Option<(&'static str, Value)> {
    let (acct_id, lcid) = (&settings.acct_id, settings.lcid);
    Some(match &settings.login {
        Login::Password { username, password } => {
            let parameters = json!([acct_id, username.reveal(), password.reveal(), lcid]);
            ("ValidateUser", json!({ "parameters": parameters }))
        }
        Login::AppSecret(app) => {
            let (username, app_id) = (app.username.reveal(), app.app_id.reveal());
            let parameters = json!([acct_id, username, app_id, app.app_secret.reveal(), lcid]);
            ("LoginByAppSecret", json!({ "parameters": parameters }))
        }
        Login::Sign(app) => {
            let timestamp = now.seconds().to_string();
            let sign = sign::login(settings.sign_digest, acct_id, app, &timestamp);
            let (username, app_id) = (app.username.reveal(), app.app_id.reveal());
            let parameters = json!([acct_id, username, app_id, now.seconds(), sign, lcid]);
            ("LoginBySign", json!({ "parameters": parameters }))
        }
        Login::Headers(_) => return None,
    })
}

/// Body of the call that moves a session to an organisation.
pub fn switch_org(number: &str) -> Value {
    json!({ "parameters": [{ "OrgNumber": number }] })
}

/// A login that succeeded.
#[derive(Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// The session's id.
    pub session: Option<String>,
    /// The user's name there.
    pub user: Option<String>,
}

/// Reads a login's answer. The error holds the system's words: nothing but `LoginResultType` 1 is success.
pub fn read(answer: &Value) -> Result<LoggedIn, String> {
    let result = text(answer.get("LoginResultType"));
    if result.as_deref() != Some("1") {
        let message = text(answer.get("Message")).unwrap_or_default();
        let result = result.unwrap_or_else(|| "missing".to_owned());
        return Err(format!("the login is refused: LoginResultType {result}{} {message}", meaning(&result)));
    }
    let context = answer.get("Context");
    let session = text(answer.get("KDSVCSessionId"));
    Ok(LoggedIn { session, user: text(context.and_then(|context| context.get("UserName"))) })
}

fn meaning(result: &str) -> &'static str {
    match result {
        "0" => " (user or password wrong)",
        "-2" | "-3" => " (the password must be changed)",
        "-4" => " (licence)",
        "-5" => " (needs a person at a screen)",
        "-6" => " (not bound)",
        "-7" => " (not activated)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_result_type_1_is_a_login() {
        let session = Some("7b0c1f2e".to_owned());
        for (answer, wanted) in [
            (
                json!({ "LoginResultType": 1, "KDSVCSessionId": "7b0c1f2e", "Context": { "UserName": "webapi" } }),
                Ok(LoggedIn { session: session.clone(), user: Some("webapi".to_owned()) }),
            ),
            (
                json!({ "LoginResultType": "1", "KDSVCSessionId": "7b0c1f2e", "Context": null }),
                Ok(LoggedIn { session, user: None }),
            ),
            (
                json!({ "LoginResultType": 0, "Message": "用户名或密码错误" }),
                Err("0 (user or password wrong) 用户名或密码错误"),
            ),
            (json!({ "LoginResultType": -5, "IsSuccessByAPI": true }), Err("-5 (needs a person at a screen) ")),
            (json!({}), Err("missing ")),
            (json!(true), Err("missing ")),
        ] {
            let wanted = wanted.map_err(|words| format!("the login is refused: LoginResultType {words}"));
            assert_eq!(read(&answer), wanted);
        }
    }
}
