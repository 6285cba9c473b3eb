//! The signatures of LoginBySign and of the official SDK's headers, computed from the protocol's description alone
//! (protocols/kingdee.md 1.2 and 1.4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::Sha1;
use sha2::{Digest, Sha256};

const SCRAMBLE: &[u8] = b"0054f397c6234378b09ca7d3e5debce7";

/// LoginBySign's text: the five strings in byte order, joined.
fn sorted(parts: &[&str; 5]) -> String {
    let mut parts = *parts;
    parts.sort_unstable();
    parts.concat()
}

/// LoginBySign's sign by SHA-256 of account, user, app id, app secret and timestamp.
pub fn login_sha256(parts: &[&str; 5]) -> String {
    hex::encode(Sha256::digest(sorted(parts)))
}

/// The same by SHA-1, as servers before 8.0.0.202205 want it.
pub fn login_sha1(parts: &[&str; 5]) -> String {
    hex::encode(Sha1::digest(sorted(parts)))
}

/// `X-Api-Signature`: over method, path, nonce and timestamp, by the key hidden in the app id. `None` if the app id
/// has not the form `CLIENT_32CHARACTERS`.
pub fn api_signature(app_id: &str, path: &str, nonce: &str, timestamp: &str) -> Option<String> {
    let path = path.replace('/', "%2F");
    let message = format!("POST\n{path}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n");
    Some(signed(client_key(app_id)?.as_bytes(), &message))
}

/// `X-Kd-Signature`: over the app id and the plain app data, by the app secret.
pub fn app_signature(secret: &str, app_id: &str, app_data: &str) -> String {
    signed(secret.as_bytes(), &format!("{app_id}{app_data}"))
}

fn client_key(app_id: &str) -> Option<String> {
    let (_, hidden) = app_id.split_once('_').filter(|(_, hidden)| hidden.len() == 32)?;
    let bytes = BASE64.decode(hidden).ok()?;
    let clear: Vec<u8> = bytes.iter().zip(SCRAMBLE).map(|(a, b)| a ^ b).collect();
    Some(BASE64.encode(clear))
}

/// Base64 of the digest's lower-case hex text, not of the digest.
fn signed(key: &[u8], message: &str) -> String {
    BASE64.encode(hex::encode(hmac_sha256(key, message.as_bytes())))
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    let hashed: [u8; 32];
    let key = if key.len() > block.len() {
        hashed = Sha256::digest(key).into();
        &hashed[..]
    } else {
        key
    };
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP_ID: &str = "200123_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY";
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_sign_of_a_login_is_the_documented_one() {
        let parts = ["5f0e9d6c7b8a91", "webapi", APP_ID, SECRET, "1700000000"];
        assert_eq!(login_sha256(&parts), "7b7a77bf1dc9ed8766a2c1c022044a717aabf5fac980a59c170ff525f1f7a974");
        assert_eq!(login_sha1(&parts), "87b59476f5fc98e5965e93a7fb6a60368012437d");
    }

    #[test]
    fn headers_are_signed_as_the_official_sdk_signs_them() {
        let path =
            |method: &str| format!("/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.{method}.common.kdsvc");
        for (method, stamp, signature) in [
            (
                "ExecuteBillQuery",
                "1700000000",
                "ZmUyMTgwYWVlZjYxYTdiMzBlNGI4NTQzZmQ3MzY2OTRjOTliMDllNTBhYmMyNmNkMDg5NDJmN2ZmNDY2ODc0OA==",
            ),
            (
                "BatchSave",
                "1700000000",
                "MDAyOTM2NjVjNDMxYjA5OWE2MWZkZDUxN2MxNGUyY2UyN2JkMmI3NmQ3N2ZiMzc3NGY3ZGE1YzMwZWEwZmRjNQ==",
            ),
            (
                "ExecuteBillQuery",
                "1700000000123",
                "ZTRlZGY1OTQzZTQyYTg4MjhlYzY0YTE5NmI3YjU0NzRiZTE5M2NkZjAxZmQxZGIzYzE2M2I3OWZiZTg4NDVkMQ==",
            ),
        ] {
            assert_eq!(api_signature(APP_ID, &path(method), stamp, stamp).as_deref(), Some(signature), "{method}");
        }
        for (app_data, encoded, signature) in [
            (
                "5f0e9d6c7b8a91,webapi,2052,0",
                "NWYwZTlkNmM3YjhhOTEsd2ViYXBpLDIwNTIsMA==",
                "YWYxMzM3YWVmODAxOTk0ODlmYmUxZjc5MGUxNjBmYTAyNzFmM2Q4NmFkMzkwY2M4N2ZlNWNlYTgzZDY2NzQxNA==",
            ),
            (
                "5f0e9d6c7b8a91,接口用户,2052,100",
                "NWYwZTlkNmM3YjhhOTEs5o6l5Y+j55So5oi3LDIwNTIsMTAw",
                "YmNjYWQ5NWZjZDczMjhjMmE4YTU4NTUzNmU5Mjk5MDg1ZWRlYzhkMmYwODE2YTJlZjA3NDI0YmU3NDc4NzRmMw==",
            ),
        ] {
            assert_eq!(BASE64.encode(app_data), encoded);
            assert_eq!(app_signature(SECRET, APP_ID, app_data), signature, "{app_data}");
        }
        assert_eq!(client_key(APP_ID).as_deref(), Some("cXJ2cCN1fn8qfHl/eX14aDNiajc0YTNr"));
        assert_eq!(client_key("200123"), None);
    }
}
