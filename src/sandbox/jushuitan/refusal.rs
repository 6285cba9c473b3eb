//! Refusals in the platform's words (protocols/jushuitan.md 5).

/// A code that is not 0, always with HTTP status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `code`.
    pub code: u32,
    /// `msg`.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Token unknown or expired.
pub fn token() -> Refusal {
    Refusal::new(100, "无效的access_token或access_token已过期")
}

/// A parameter of the wrong type, or none at all.
pub fn unreadable(name: &str) -> Refusal {
    Refusal::new(130, format!("参数无法转换:{name}"))
}

/// A parameter against the rules.
pub fn against_rules(message: &str) -> Refusal {
    Refusal::new(140, message)
}

/// No permission, or no such interface.
pub fn forbidden(message: &str) -> Refusal {
    Refusal::new(190, message)
}

/// More than five calls in a second.
pub fn second_limit() -> Refusal {
    Refusal::new(199, "调用太频繁，一秒不超过5次")
}

/// More than a hundred calls in a minute.
pub fn minute_limit() -> Refusal {
    Refusal::new(200, "调用频次超过限制，一分钟不超过100次")
}
