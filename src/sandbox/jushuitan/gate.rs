//! What a call must pass before its parameters are looked at, in the platform's order: signature, token, time
//! stamp, permission, rate (protocols/jushuitan.md 7.2).

use std::time::Duration;

use crate::clock::Time;
use crate::sandbox::jushuitan::calls::Calls;
use crate::sandbox::jushuitan::credentials::{APP_KEY, APP_SECRET};
use crate::sandbox::jushuitan::gateway::{Call, Gateway};
use crate::sandbox::jushuitan::knobs::Knobs;
use crate::sandbox::jushuitan::refusal::{self, Refusal};
use crate::sandbox::jushuitan::sign;
use crate::sandbox::jushuitan::tokens::Tokens;

/// The calls of both gateways.
pub const CALLS: [&str; 6] =
    ["orders.out.simple.query", "shops.query", "refresh.token", "getInitToken", "accessToken", "refreshToken"];

/// When a call arrived.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By the platform's clock.
    pub now: Time,
    /// For intervals.
    pub monotonic: Duration,
}

/// Lets the call pass, or refuses it in the platform's words.
pub fn pass(call: &Call, knobs: &Knobs, moment: Moment, tokens: &Tokens, calls: &mut Calls) -> Result<(), Refusal> {
    signature(call)?;
    if !call.is_grant() {
        let name = if call.gateway == Gateway::Open { "access_token" } else { "token" };
        tokens.check(call.param(name), moment.now)?;
    }
    skew(call, moment.now)?;
    permission(call, knobs)?;
    if knobs.limited { calls.count(moment.monotonic) } else { Ok(()) }
}

fn signature(call: &Call) -> Result<(), Refusal> {
    let (known, sign, code) = match call.gateway {
        Gateway::Open if call.params.is_empty() => return Err(Refusal::new(130, "传输数据不能为空")),
        Gateway::Open => (call.param("app_key") == APP_KEY, sign::open(APP_SECRET, &call.params), 10),
        Gateway::Legacy => {
            let (partner, token, ts) = (call.param("partnerid"), call.param("token"), call.param("ts"));
            (partner == APP_KEY, sign::legacy(&call.method, partner, token, ts, APP_SECRET), 120)
        }
    };
    if known && sign == call.param("sign") { Ok(()) } else { Err(Refusal::new(code, "验证失败！无效签名")) }
}

/// The open gateway allows 15 minutes, the legacy one 10.
fn skew(call: &Call, now: Time) -> Result<(), Refusal> {
    let (name, seconds, refusal) = match call.gateway {
        Gateway::Open => ("timestamp", 900, Refusal::new(140, "无效的timestamp，最大误差15分钟")),
        Gateway::Legacy => ("ts", 600, Refusal::new(180, "TS无效，最大误差10分钟")),
    };
    let stamp: Option<i64> = call.param(name).parse().ok();
    let near = stamp.is_some_and(|stamp| now.seconds().abs_diff(stamp) <= seconds);
    if near { Ok(()) } else { Err(refusal) }
}

fn permission(call: &Call, knobs: &Knobs) -> Result<(), Refusal> {
    if knobs.ip_denied {
        return Err(Refusal::new(110, "IP不在白名单内"));
    }
    let known = match call.gateway {
        Gateway::Open => call.is_grant() || matches!(call.method.as_str(), "orders.out.simple.query" | "shops.query"),
        Gateway::Legacy => matches!(call.method.as_str(), "orders.out.simple.query" | "shops.query" | "refresh.token"),
    };
    if !known {
        return Err(refusal::forbidden("接口不存在"));
    }
    if knobs.forbidden { Err(refusal::forbidden("无API权限")) } else { Ok(()) }
}
