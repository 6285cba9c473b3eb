//! Signatures of both gateways (protocols/jushuitan.md 2).

use std::collections::BTreeMap;

use md5::{Digest, Md5};

/// Sign of the open gateway: secret, then every parameter that is not blank but `sign`, name and value joined,
/// names in byte order.
pub fn open(secret: &str, params: &BTreeMap<String, String>) -> String {
    let mut base = secret.to_owned();
    for (name, value) in params.iter().filter(|(name, value)| *name != "sign" && !value.is_empty()) {
        base.push_str(name);
        base.push_str(value);
    }
    md5_hex(&base)
}

/// Sign of the legacy gateway; the body is not signed.
pub fn legacy(method: &str, partner_id: &str, token: &str, ts: &str, partner_key: &str) -> String {
    md5_hex(&format!("{method}{partner_id}token{token}ts{ts}{partner_key}"))
}

/// MD5 in lower-case hex.
pub fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}
