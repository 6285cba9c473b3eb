//! What an answer's code means. Codes changed their meaning between the platform's own tables, so that code and
//! message are read together (protocols/jushuitan.md 5).

use crate::connector::FaultKind;

/// The kind of an answer whose `code` is not 0. Never success: 200 means "too often" here.
pub fn classify(code: i64, message: &str) -> FaultKind {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match code {
        199 | 200 => FaultKind::Throttled,
        100 if says(&["token", "过期", "超时"]) => FaultKind::Session,
        // Authorisation, signature, IP list, permission, time stamp, and tokens that an app may not renew.
        10 | 100 | 110 | 120 | 180 | 190 => FaultKind::Refused,
        140 if says(CLOCK) => FaultKind::Refused,
        150 if says(&["刷新", "授权"]) => FaultKind::Refused,
        150 | 160 => FaultKind::Transient,
        130 | 140 | 170 => FaultKind::Permanent,
        _ if says(&["频繁", "频次"]) => FaultKind::Throttled,
        _ => FaultKind::Unknown,
    }
}

/// Whether the answer complains about the time stamp of the signature: then the clocks differ.
pub fn concerns_clock(code: i64, message: &str) -> bool {
    code == 180 || (code == 140 && CLOCK.iter().any(|word| message.to_lowercase().contains(word)))
}

const CLOCK: &[&str] = &["timestamp", "时间戳", "ts无效"];

#[cfg(test)]
mod tests {
    use super::*;
    use FaultKind::{Permanent, Refused, Session, Throttled, Transient, Unknown};

    #[test]
    fn every_code_of_the_three_tables_has_its_kind() {
        for (code, message, kind) in [
            (10, "验证失败！无效签名", Refused),
            (100, "无效的access_token或access_token已过期", Session),
            (100, "Token超时", Session),
            (100, "access_token超时", Session),
            (100, "授权参数有误", Refused),
            (110, "IP不在白名单", Refused),
            (120, "验证失败！无效签名", Refused),
            (130, "参数无法转换", Permanent),
            (130, "传输数据不能为空", Permanent),
            (140, "参数不符合规范", Permanent),
            (140, "时间间隔不能超过七天", Permanent),
            (140, "无效的timestamp，最大误差15分钟", Refused),
            (150, "内部处理异常", Transient),
            (150, "服务商应用禁止刷新access_token,需商户重新授权", Refused),
            (160, "内部保存失败", Transient),
            (170, "店铺编号[7]不存在", Permanent),
            (180, "TS无效", Refused),
            (180, "timestamp 无效", Refused),
            (190, "无权限", Refused),
            (190, "无API权限", Refused),
            (190, "接口不存在", Refused),
            (199, "一秒不超过5次", Throttled),
            (199, "调用太频繁", Throttled),
            (200, "调用频次超过限制", Throttled),
            (200, "一分钟不超过100次", Throttled),
            (200, "", Throttled),
            (10004, "调用过于频繁", Throttled),
            (500, "系统繁忙", Unknown),
            (-1, "", Unknown),
        ] {
            assert_eq!(classify(code, message), kind, "{code} {message}");
        }
    }

    #[test]
    fn complaints_about_the_clock_are_recognised() {
        assert!(concerns_clock(140, "无效的Timestamp，最大误差15分钟") && concerns_clock(180, "TS无效"));
        assert!(!concerns_clock(140, "时间间隔不能超过七天") && !concerns_clock(130, "timestamp"));
    }
}
