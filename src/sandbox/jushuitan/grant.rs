//! The calls that give tokens (protocols/jushuitan.md 3).

use crate::clock::Time;
use crate::sandbox::jushuitan::gateway::{Call, Gateway};
use crate::sandbox::jushuitan::knobs::Knobs;
use crate::sandbox::jushuitan::refusal::{self, Refusal};
use crate::sandbox::jushuitan::tokens::Tokens;

/// Members of the answer's `data`.
pub fn grant(call: &Call, knobs: &Knobs, now: Time, tokens: &mut Tokens) -> Result<String, Refusal> {
    match (call.gateway, call.method.as_str()) {
        (Gateway::Legacy, _) => {
            tokens.prolong_legacy(now, knobs.token_life, knobs.refresh_delay)?;
            Ok(String::new())
        }
        (Gateway::Open, "refreshToken") => {
            if knobs.isv {
                return Err(Refusal::new(150, "服务商应用禁止刷新access_token,需商户重新授权"));
            }
            expect(call, "grant_type", "refresh_token")?;
            expect(call, "scope", "all")?;
            tokens.check_refresh(call.param("refresh_token"), now)?;
            let prolong = !knobs.rotate;
            Ok(if prolong { tokens.prolong(now, knobs.token_life) } else { tokens.issue(now, knobs.token_life) })
        }
        (Gateway::Open, method) => {
            expect(call, "grant_type", "authorization_code")?;
            if method == "getInitToken" && knobs.isv {
                return Err(refusal::forbidden("无API权限"));
            }
            let code = call.param("code").chars().count();
            if code == 0 || (method == "getInitToken" && code != 6) {
                return Err(refusal::against_rules("code无效"));
            }
            if method == "getInitToken" && knobs.init_when_ended && tokens.lives(now) {
                return Err(refusal::against_rules("access_token未过期"));
            }
            Ok(tokens.issue(now, knobs.token_life))
        }
    }
}

fn expect(call: &Call, name: &str, value: &str) -> Result<(), Refusal> {
    if call.param(name) == value { Ok(()) } else { Err(refusal::against_rules(&format!("{name}无效"))) }
}
