//! AuthService: logins and their answer (protocols/kingdee.md 1.2). The account's credentials are fixed and public.

use serde_json::{Value, json};

use super::body::Args;
use super::method::Login;
use super::signature::{login_sha1, login_sha256};
use super::switches::{SignDigest, Switches};

/// The data centre's id.
pub const ACCOUNT: &str = "5f0e9d6c7b8a91";
/// The integration user.
pub const USER: &str = "webapi";
/// Its password.
pub const PASSWORD: &str = "sim-password";
/// The registered third-party app.
pub const APP_ID: &str = "200123_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY";
/// Its secret.
pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What a passport file of the account holds, in base64 (opaque to us).
pub const PASSPORT: &str = "c2ltLXBhc3Nwb3J0";
/// Installed languages: zh-CN, en-US, zh-TW.
pub const LANGUAGES: [&str; 3] = ["2052", "1033", "3076"];

/// A failed login: LoginResultType and Message.
#[derive(Debug)]
pub struct Failure(pub i8, pub String);

impl Failure {
    /// LoginResultType 0; the real text was not captured.
    pub fn wrong_password() -> Self {
        Self(0, "用户名或密码错误，登录失败".to_owned())
    }

    /// The login's answer without a session.
    pub fn answer(&self) -> Value {
        body(self.0, Some(&self.1), Value::Null, None)
    }
}

/// Checks a login's arguments.
pub fn check(login: Login, args: &Args, switches: &Switches) -> Result<(), Failure> {
    if login == Login::Passport {
        let good = args.text("passportForBase64", 0) == PASSPORT;
        return if good { Ok(()) } else { Err(Failure(-1, "集成密钥文件无效".to_owned())) };
    }
    let (account, user) = (args.text("acctID", 0), args.text("username", 1));
    if account != ACCOUNT {
        return Err(Failure(-1, "数据中心不存在或已停用".to_owned()));
    }
    if user != USER {
        return Err(match login {
            Login::Password => Failure::wrong_password(),
            _ => foreign_app(&args.text("appId", 2), &user),
        });
    }
    let good = match login {
        Login::Password | Login::Passport => args.text("password", 2) == PASSWORD,
        Login::Secret => {
            let app_id = args.text("appId", 2);
            if app_id != APP_ID {
                return Err(foreign_app(&app_id, &user));
            }
            args.text("appSecret", 3) == APP_SECRET
        }
        Login::Sign => {
            let app_id = args.text("appId", 2);
            if app_id != APP_ID {
                return Err(foreign_app(&app_id, &user));
            }
            sign_is_good(&args.text("timestamp", 3), &args.text("sign", 4), switches.sign)
        }
    };
    if good { Ok(()) } else { Err(Failure::wrong_password()) }
}

fn sign_is_good(timestamp: &str, sign: &str, digest: SignDigest) -> bool {
    let parts = [ACCOUNT, USER, APP_ID, APP_SECRET, timestamp];
    let (sha256, sha1) = (sign == login_sha256(&parts), sign == login_sha1(&parts));
    match digest {
        SignDigest::Sha256 => sha256,
        SignDigest::Sha1 => sha1,
        SignDigest::Both => sha256 || sha1,
    }
}

/// Captured text.
fn foreign_app(app_id: &str, user: &str) -> Failure {
    Failure(-1, format!("第三方应用：{app_id} 不允许用户{user} 登录，请联系系统管理员添加！"))
}

/// The answer to a good login.
pub fn welcome(session: &str) -> Value {
    let zone = json!({
        "OffsetTicks": 288_000_000_000_i64, "StandardName": "(UTC+08:00)北京", "Id": 230, "Number": "1078_SYS",
        "CanBeUsed": true,
    });
    let context = json!({
        "UserLocale": "zh-CN", "LogLocale": "zh-CN", "DBid": ACCOUNT, "DatabaseType": 3,
        "SessionId": inner(session),
        "UseLanguages": [{ "LocaleId": 2052, "LocaleName": "中文(简体)", "Alias": "CN" }],
        "UserId": 100_123, "UserName": USER, "CustomName": "示例公司", "DisplayVersion": "9.0.553.9",
        "DataCenterName": "模拟账套", "UserToken": session,
        "CurrentOrganizationInfo": { "ID": 1, "AcctOrgType": "1", "Name": "总公司", "FunctionIds": [101, 102] },
        "IsCH_ZH_AutoTrans": false, "ClientType": 32, "UTimeZone": zone, "STimeZone": zone,
    });
    body(1, None, context, Some(session))
}

/// The cookies of a session.
pub fn cookies(session: &str) -> Vec<(String, String)> {
    let cookie = |value: String| ("set-cookie".to_owned(), value);
    vec![
        cookie(format!("kdservice-sessionid={session}; path=/")),
        cookie(format!("ASP.NET_SessionId={}; path=/; HttpOnly", inner(session))),
    ]
}

/// The ASP.NET session's id that goes with ours.
fn inner(session: &str) -> String {
    session.chars().filter(char::is_ascii_alphanumeric).take(24).collect()
}

fn body(result: i8, message: Option<&str>, context: Value, session: Option<&str>) -> Value {
    json!({
        "Message": message, "MessageCode": "CheckPasswordPolicy", "LoginResultType": result, "Context": context,
        "KDSVCSessionId": session, "FormId": null, "RedirectFormParam": null, "FormInputObject": null,
        "ErrorStackTrace": null, "Lcid": 0, "AccessToken": null, "CustomParam": {}, "KdAccessResult": null,
        "IsSuccessByAPI": result == 1,
    })
}
