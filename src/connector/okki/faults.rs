//! What a refusal means. `code` 404 stands for almost everything, so that messages decide (protocols/okki.md 3).

use crate::connector::FaultKind;
use crate::connector::reply::Purpose;

/// The message of a query whose answer proves absence; of an update whose document is gone.
const NOT_FOUND: &str = "Not Found Resource";

/// Messages that say what of the request was refused, and that nothing ran.
const PERMANENT: &[(i64, &[&str])] = &[
    (400, &["Invalid query", "Invalid data json", "Empty POST request body data"]),
    (
        404,
        &[
            NOT_FOUND,
            "没有权限",
            "No Privilege",
            "cannot be empty",
            "Input data validate error",
            "The specifications don't exist",
            "Operation Failed",
        ],
    ),
    (500, &["父级节点不存在"]),
];

/// Whether a refusal says that there is no such document. With anything behind these words it says something else.
pub fn is_absence(code: Option<i64>, error: Option<&str>, message: &str) -> bool {
    code == Some(404) && error.is_none() && message.trim() == NOT_FOUND
}

/// The kind of a refusal.
pub fn classify(code: Option<i64>, error: Option<&str>, message: &str, purpose: Purpose) -> FaultKind {
    if lacks_scope(message) {
        return FaultKind::Refused;
    }
    match (error, code) {
        (Some("access_denied"), _) | (None, Some(401)) => FaultKind::Session,
        (Some("server_error"), _) => unclear(purpose),
        (Some(error), _) if OAUTH.contains(&error) => FaultKind::Refused,
        (Some(_), _) => FaultKind::Unknown,
        (None, Some(429)) => FaultKind::Throttled,
        (None, Some(code)) => {
            let of_code = PERMANENT.iter().filter(|(of, _)| *of == code).flat_map(|(_, messages)| messages.iter());
            if of_code.into_iter().any(|known| message.contains(known)) {
                // Somebody else edits the order: the words ask to come back, and nothing ran.
                let later = ["稍候", "稍后"].iter().any(|later| message.contains(later));
                if later { FaultKind::Transient } else { FaultKind::Permanent }
            } else {
                unclear(purpose)
            }
        }
        (None, None) => FaultKind::Unknown,
    }
}

/// Errors of the authorisation that no new token heals (protocols/okki.md 2.3).
const OAUTH: &[&str] = &[
    "invalid_grant",
    "invalid_request",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_client",
    "invalid_credentials",
];

/// Whether a module is missing in the token's scope; a new token would lack it just as well.
pub fn lacks_scope(message: &str) -> bool {
    message.contains("no permission") && message.contains("scope")
}

fn unclear(purpose: Purpose) -> FaultKind {
    match purpose {
        Purpose::Read => FaultKind::Transient,
        Purpose::Send => FaultKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FaultKind::{Permanent, Refused, Session, Throttled, Transient, Unknown};

    #[test]
    fn messages_decide_what_a_refusal_is() {
        for (code, error, message, on_read, on_send) in [
            (Some(404), None, "Not Found Resource", Permanent, Permanent),
            (Some(404), None, "Not Found Resource没有权限编辑销售订单", Permanent, Permanent),
            (Some(404), None, "No Privilege", Permanent, Permanent),
            (Some(404), None, "'currency' cannot be empty", Permanent, Permanent),
            (Some(404), None, "Input data validate error origin_list must be array", Permanent, Permanent),
            (Some(404), None, "The specifications don't exist", Permanent, Permanent),
            (Some(404), None, "Operation Failed. 序号为[1]可用库存数量不足", Permanent, Permanent),
            (Some(404), None, "Operation Failed. 单据正在被他人编辑，请稍候再试", Transient, Transient),
            (Some(404), None, "something new", Transient, Unknown),
            (Some(404), None, "", Transient, Unknown),
            (Some(404), None, "Not Found Resource没有权限编辑XXX", Permanent, Permanent),
            (Some(400), None, "Invalid data json", Permanent, Permanent),
            (None, Some("invalid_grant"), "", Refused, Refused),
            (None, Some("invalid_request"), "The refresh token is invalid.", Refused, Refused),
            (None, Some("unsupported_grant_type"), "", Refused, Refused),
            (None, Some("invalid_scope"), "", Refused, Refused),
            (None, Some("invalid_credentials"), "", Refused, Refused),
            (Some(400), None, "Invalid query", Permanent, Permanent),
            (Some(400), None, "Empty POST request body data", Permanent, Permanent),
            (Some(400), None, "Not Found Resource", Transient, Unknown),
            (Some(500), None, "父级节点不存在", Permanent, Permanent),
            (Some(500), None, "系统异常", Transient, Unknown),
            (Some(429), None, "too many", Throttled, Throttled),
            (Some(401), None, "", Session, Session),
            (None, Some("access_denied"), "Access token could not be verified", Session, Session),
            (None, Some("access_denied"), "no permission invoices scopes", Refused, Refused),
            (Some(403), None, "no permission invoices scopes", Refused, Refused),
            (None, Some("invalid_client"), "", Refused, Refused),
            (None, Some("server_error"), "", Transient, Unknown),
            (None, Some("teapot"), "", Unknown, Unknown),
        ] {
            assert_eq!(classify(code, error, message, Purpose::Read), on_read, "read {code:?} {message}");
            assert_eq!(classify(code, error, message, Purpose::Send), on_send, "send {code:?} {message}");
        }
    }

    #[test]
    fn only_the_bare_message_says_that_there_is_no_such_document() {
        assert!(is_absence(Some(404), None, " Not Found Resource "));
        for (code, error, message) in [
            (Some(404), None, "Not Found Resource没有权限编辑销售订单"),
            (Some(404), None, "No Privilege"),
            (Some(404), None, ""),
            (Some(500), None, "Not Found Resource"),
            (None, Some("access_denied"), "Not Found Resource"),
        ] {
            assert!(!is_absence(code, error, message), "{message}");
        }
    }
}
