//! Signatures: of a login (protocols/kingdee.md 1.2) and of single requests by headers (1.4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::settings::{Application, SignDigest};

/// LoginBySign: the five texts in byte order, concatenated, digested, as lower-case hex.
pub fn login(digest: SignDigest, acct_id: &str, app: &Application, timestamp: &str) -> String {
    let mut texts = [acct_id, app.username.reveal(), app.app_id.reveal(), app.app_secret.reveal(), timestamp];
    texts.sort_unstable();
    let text = texts.concat();
    match digest {
        SignDigest::Sha256 => hex::encode(Sha256::digest(text)),
        SignDigest::Sha1 => hex::encode(sha1::Sha1::digest(text)),
    }
}

/// Of whom and what a request is, for its signature.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// Path of the request's address, from its first `/`.
    pub path: &'a str,
    /// Data centre.
    pub acct_id: &'a str,
    /// Language.
    pub lcid: u32,
    /// Organisation's number, `0` for the user's own.
    pub org: &'a str,
    /// Time stamp in the server's unit.
    pub timestamp: &'a str,
    /// A number or text that is used once.
    pub nonce: &'a str,
}

/// The headers that stand for a login. The body is not signed. `None` if the application's id is not of the form
/// `<client id>_<32 characters of base64>`.
pub fn headers(app: &Application, signed: &Signed<'_>) -> Option<Vec<(&'static str, String)>> {
    let app_id = app.app_id.reveal();
    let (client_id, client_key) = client(app_id)?;
    let Signed { path, acct_id, lcid, org, timestamp, nonce } = signed;
    let path = encoded(path);
    let text = format!("POST\n{path}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n");
    let data = format!("{acct_id},{},{lcid},{org}", app.username.reveal());
    Some(vec![
        ("X-Api-ClientID", client_id.to_owned()),
        ("X-Api-Auth-Version", "2.0".to_owned()),
        ("x-api-timestamp", (*timestamp).to_owned()),
        ("x-api-nonce", (*nonce).to_owned()),
        ("x-api-signheaders", "x-api-timestamp,x-api-nonce".to_owned()),
        ("X-Api-Signature", signature(&client_key, &text)),
        ("X-Kd-Appkey", app_id.to_owned()),
        ("X-Kd-Appdata", STANDARD.encode(&data)),
        ("X-Kd-Signature", signature(app.app_secret.reveal(), &format!("{app_id}{data}"))),
    ])
}

/// Whether an application's id is of the form that can sign requests.
pub fn can_sign(app_id: &str) -> bool {
    client(app_id).is_some()
}

/// The mask of the client key, published with the SDK.
const MASK: &[u8] = b"0054f397c6234378b09ca7d3e5debce7";

/// Client id and client key out of an application's id.
fn client(app_id: &str) -> Option<(&str, String)> {
    let (client_id, coded) = app_id.split_once('_').filter(|(_, coded)| coded.len() == 32 && !coded.contains('_'))?;
    let mut key = STANDARD.decode(coded).ok()?;
    key.iter_mut().zip(MASK).for_each(|(byte, mask)| *byte ^= mask);
    Some((client_id, STANDARD.encode(key)))
}

/// Base64 of the hex digits of an HMAC, not of its bytes.
fn signature(key: &str, text: &str) -> String {
    // Any length of key is taken.
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map(|mac| mac.chain_update(text).finalize().into_bytes());
    STANDARD.encode(mac.map(hex::encode).unwrap_or_default())
}

/// A path with its slashes encoded; what an address may not hold is encoded in it already.
fn encoded(path: &str) -> String {
    path.replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::secret::Secret;

    const ACCT: &str = "5f0e9d6c7b8a91";

    fn app(username: &str) -> Application {
        Application {
            username: Secret::new(username),
            app_id: Secret::new("200123_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"),
            app_secret: Secret::new("0123456789abcdef0123456789abcdef"),
        }
    }

    #[test]
    fn the_published_vector_of_a_signed_login_holds() {
        for (digest, sign) in [
            (SignDigest::Sha256, "7b7a77bf1dc9ed8766a2c1c022044a717aabf5fac980a59c170ff525f1f7a974"),
            (SignDigest::Sha1, "87b59476f5fc98e5965e93a7fb6a60368012437d"),
        ] {
            assert_eq!(login(digest, ACCT, &app("webapi"), "1700000000"), sign);
        }
    }

    #[test]
    fn the_published_vectors_of_signed_requests_hold() {
        let services = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService";
        let [v1, v2, v3] = [
            [
                "ZmUyMTgwYWVlZjYxYTdiMzBlNGI4NTQzZmQ3MzY2OTRjOTliMDllNTBhYmMyNmNkMDg5NDJmN2ZmNDY2ODc0OA==",
                "NWYwZTlkNmM3YjhhOTEsd2ViYXBpLDIwNTIsMA==",
                "YWYxMzM3YWVmODAxOTk0ODlmYmUxZjc5MGUxNjBmYTAyNzFmM2Q4NmFkMzkwY2M4N2ZlNWNlYTgzZDY2NzQxNA==",
            ],
            [
                "MDAyOTM2NjVjNDMxYjA5OWE2MWZkZDUxN2MxNGUyY2UyN2JkMmI3NmQ3N2ZiMzc3NGY3ZGE1YzMwZWEwZmRjNQ==",
                "NWYwZTlkNmM3YjhhOTEs5o6l5Y+j55So5oi3LDIwNTIsMTAw",
                "YmNjYWQ5NWZjZDczMjhjMmE4YTU4NTUzNmU5Mjk5MDg1ZWRlYzhkMmYwODE2YTJlZjA3NDI0YmU3NDc4NzRmMw==",
            ],
            [
                "ZTRlZGY1OTQzZTQyYTg4MjhlYzY0YTE5NmI3YjU0NzRiZTE5M2NkZjAxZmQxZGIzYzE2M2I3OWZiZTg4NDVkMQ==",
                "NWYwZTlkNmM3YjhhOTEsd2ViYXBpLDIwNTIsMA==",
                "YWYxMzM3YWVmODAxOTk0ODlmYmUxZjc5MGUxNjBmYTAyNzFmM2Q4NmFkMzkwY2M4N2ZlNWNlYTgzZDY2NzQxNA==",
            ],
        ];
        for (id, username, org, method, timestamp, wanted) in [
            ("V1", "webapi", "0", "ExecuteBillQuery", "1700000000", v1),
            ("V2", "接口用户", "100", "BatchSave", "1700000000", v2),
            ("V3", "webapi", "0", "ExecuteBillQuery", "1700000000123", v3),
        ] {
            let path = format!("{services}.{method}.common.kdsvc");
            let signed = Signed { path: &path, acct_id: ACCT, lcid: 2052, org, timestamp, nonce: timestamp };
            let headers = headers(&app(username), &signed).unwrap();
            let header = |name| headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str());
            let made = ["X-Api-Signature", "X-Kd-Appdata", "X-Kd-Signature"].map(header);
            assert_eq!(made, wanted.map(Some), "{id}");
            assert_eq!(header("X-Api-ClientID"), Some("200123"));
        }
    }

    #[test]
    fn an_application_id_of_another_form_cannot_sign() {
        for app_id in
            ["", "200123", "200123_short", "200_QUJDREVGR0hJSktMTU5P_FFSU1RVVldY", "1_~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"]
        {
            assert_eq!(client(app_id), None, "{app_id}");
        }
    }
}
