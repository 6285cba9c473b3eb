//! The request of a call at either gateway (protocols/jushuitan.md 1).

use std::collections::BTreeMap;

use url::Url;
use url::form_urlencoded::Serializer;

use super::settings::{Gateway, JushuitanSettings};
use super::sign;
use crate::clock::Time;
use crate::connector::http::Request;
use crate::connector::reply::Purpose;
use crate::secret::Secret;

/// Path of every call at the legacy gateway.
const LEGACY_PATH: &str = "/api/open/query.aspx";

/// A signed request. `biz` is sent as the very bytes that are signed. `now` is the real time: a signature holds for
/// ten minutes, so that nothing of it is kept.
pub fn request(settings: &JushuitanSettings, token: &Secret, method: &str, biz: String, now: Time) -> Request {
    let (app_key, token) = (settings.app_key.reveal(), token.reveal());
    let (secret, timestamp) = (settings.app_secret.reveal(), now.seconds().to_string());
    match settings.gateway {
        Gateway::Open => {
            let mut params = BTreeMap::from([
                ("app_key", app_key),
                ("access_token", token),
                ("timestamp", timestamp.as_str()),
                ("charset", "utf-8"),
                ("version", "2"),
                ("biz", biz.as_str()),
            ]);
            form(settings, &format!("/open/{}", method.replace('.', "/")), &mut params)
        }
        Gateway::Legacy => {
            let sign = sign::legacy(method, app_key, token, &timestamp, secret);
            let mut url = settings.base_url.clone();
            if !url.path().ends_with(LEGACY_PATH) {
                url = below(&url, LEGACY_PATH);
            }
            url.query_pairs_mut().clear().extend_pairs([
                ("method", method),
                ("partnerid", app_key),
                ("token", token),
                ("ts", &timestamp),
                ("sign", &sign),
            ]);
            let headers = vec![("content-type", "application/json;charset=UTF-8".into())];
            Request { purpose: Purpose::Read, url, headers, body: biz.into_bytes() }
        }
    }
}

/// A signed request for a token (protocols/jushuitan.md 3.1), of the new gateway only.
pub fn grant(settings: &JushuitanSettings, method: &str, more: &[(&str, &str)], now: Time) -> Request {
    let timestamp = now.seconds().to_string();
    let common = [("app_key", settings.app_key.reveal()), ("timestamp", timestamp.as_str()), ("charset", "utf-8")];
    let mut params = common.into_iter().chain(more.iter().copied()).collect();
    form(settings, &format!("/openWeb/auth/{method}"), &mut params)
}

/// A form with its signature.
fn form(settings: &JushuitanSettings, path: &str, params: &mut BTreeMap<&str, &str>) -> Request {
    let sign = sign::open(settings.app_secret.reveal(), params);
    let signed = params.iter().map(|(name, value)| (*name, *value)).chain([("sign", sign.as_str())]);
    let body = Serializer::new(String::new()).extend_pairs(signed).finish().into_bytes();
    let content_type = ("content-type", "application/x-www-form-urlencoded;charset=UTF-8".into());
    Request { purpose: Purpose::Read, url: below(&settings.base_url, path), headers: vec![content_type], body }
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::connector::jushuitan::App;

    fn settings(gateway: Gateway, base: &str) -> JushuitanSettings {
        JushuitanSettings {
            gateway,
            base_url: Url::parse(base).unwrap(),
            app_key: Secret::new("simappkey"),
            app_secret: Secret::new("SIMSECRET0000000000000000000000"),
            access_token: Secret::new("simaccesstoken"),
            app: App::Own,
        }
    }

    const NOON: Time = Time(1_709_251_200_000);

    #[test]
    fn the_new_gateway_gets_everything_in_a_form() {
        let biz = r#"{"so_ids":["线上-001"],"page_index":1,"page_size":30}"#;
        let settings = settings(Gateway::Open, "https://openapi.jushuitan.com/");
        let request = request(&settings, &settings.access_token, "orders.out.simple.query", biz.into(), NOON);
        assert_eq!(request.url.as_str(), "https://openapi.jushuitan.com/open/orders/out/simple/query");
        let sent: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        assert_eq!((sent["biz"].as_str(), sent["sign"].as_str()), (biz, "436876bb0687ed346270429d89949a5a"));
        let names: Vec<&str> = sent.keys().map(String::as_str).collect();
        assert_eq!(names, ["access_token", "app_key", "biz", "charset", "sign", "timestamp", "version"]);
    }

    #[test]
    fn requests_for_tokens_carry_the_published_signatures() {
        let settings = settings(Gateway::Open, "https://openapi.jushuitan.com");
        for (id, method, more, sign) in [
            (
                "N4",
                "getInitToken",
                &[("grant_type", "authorization_code"), ("code", "a1b2c3")][..],
                "6fe0c0e5318e6b071ac4c0b30d205f6e",
            ),
            (
                "N5",
                "refreshToken",
                &[("grant_type", "refresh_token"), ("refresh_token", "simrefreshtoken"), ("scope", "all")],
                "6ed78108f4f62edff414fd1558dcb02c",
            ),
        ] {
            let request = grant(&settings, method, more, NOON);
            assert_eq!(request.url.as_str(), format!("https://openapi.jushuitan.com/openWeb/auth/{method}"), "{id}");
            let sent: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
            assert_eq!((sent["sign"].as_str(), sent.len()), (sign, more.len() + 4), "{id}");
        }
    }

    #[test]
    fn the_legacy_gateway_gets_them_in_the_query_and_the_bare_text_as_body() {
        for base in ["https://open.erp321.com", "https://open.erp321.com/api/open/query.aspx?method=x"] {
            let settings = settings(Gateway::Legacy, base);
            let request = request(&settings, &settings.access_token, "shops.query", "{}".into(), NOON);
            let sign = sign::legacy(
                "shops.query",
                "simappkey",
                "simaccesstoken",
                "1709251200",
                "SIMSECRET0000000000000000000000",
            );
            let url = format!(
                "https://open.erp321.com/api/open/query.aspx?method=shops.query&partnerid=simappkey\
                 &token=simaccesstoken&ts=1709251200&sign={sign}"
            );
            assert_eq!((request.url.as_str(), request.body.as_slice()), (url.as_str(), &b"{}"[..]));
        }
    }
}
