//! Words, texts, numbers and signs of a FilterString.

use super::super::reply::Problem;
use super::syntax;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A field key or keyword.
    Word(String),
    /// A quoted text, its doubled quotes undone.
    Text(String),
    /// A number as written.
    Number(String),
    /// An operator, parenthesis or comma.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 11] = ["<>", "!=", ">=", "<=", "=", ">", "<", "(", ")", ",", "-"];

/// Splits a text.
pub fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first == '\'' {
            quoted(rest)?
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            (Token::Number(number.to_owned()), after)
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && !"_.".contains(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            (Token::Word(word.to_owned()), after)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| syntax(&format!("“{first}”附近有语法错误")))?;
            (Token::Sign(sign), rest.get(sign.len()..).unwrap_or_default())
        };
        out.push(token);
        rest = after.trim_start();
    }
    Ok(out)
}

/// A text from its opening quote on.
fn quoted(rest: &str) -> Result<(Token, &str), Problem> {
    let mut text = String::new();
    let mut rest = rest.get(1..).unwrap_or_default();
    loop {
        let Some((part, after)) = rest.split_once('\'') else { return Err(syntax("字符串后的引号不完整")) };
        text.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                text.push('\'');
                rest = more;
            }
            None => return Ok((Token::Text(text), after)),
        }
    }
}
