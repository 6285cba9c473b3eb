//! The array form of a filter, rewritten as tokens: `[{"Left":"(","FieldName":…,"Compare":…,"Value":…,"Right":")",
//! "Logic":"AND"}]`.

use std::borrow::Cow;

use serde_json::Value;

use super::super::body::Options;
use super::super::reply::Problem;
use super::syntax;
use super::token::{Token, tokens as split};

/// The tokens of all items, joined by each item's Logic.
pub fn tokens(items: &[Value]) -> Result<Vec<Token>, Problem> {
    let mut out = Vec::new();
    let mut logic: Option<Token> = None;
    for item in items {
        let Value::Object(item) = item else { return Err(syntax("an item is no object")) };
        let item = Options(Cow::Borrowed(item));
        out.extend(logic.take());
        out.extend(split(&item.text("Left"))?);
        let field = item.text("FieldName");
        if !field.trim().is_empty() {
            out.push(Token::Word(field.trim().to_owned()));
            comparison(&item, &mut out)?;
        }
        out.extend(split(&item.text("Right"))?);
        logic = Some(match item.text("Logic").to_ascii_lowercase().as_str() {
            "" | "0" | "and" => Token::Word("and".into()),
            "1" | "or" => Token::Word("or".into()),
            other => return Err(syntax(&format!("Logic {other}"))),
        });
    }
    Ok(out)
}

/// Operator and value. `67` and `76` are the internal codes the vendor's examples show for equal text and number.
fn comparison(item: &Options<'_>, out: &mut Vec<Token>) -> Result<(), Problem> {
    let compare = item.text("Compare").trim().to_ascii_lowercase();
    let value = item.text("Value");
    let sign = match compare.as_str() {
        "67" | "76" | "=" | "statusequalto" => "=",
        "<>" | "!=" => "<>",
        ">" => ">",
        ">=" => ">=",
        "<" => "<",
        "<=" => "<=",
        "is null" | "is not null" => {
            out.extend(split(&compare)?);
            return Ok(());
        }
        "like" | "not like" => {
            out.extend(split(&compare)?);
            out.push(Token::Text(value));
            return Ok(());
        }
        "in" | "not in" => {
            out.extend(split(&compare)?);
            out.push(Token::Sign("("));
            for (at, one) in value.split(',').enumerate() {
                if at > 0 {
                    out.push(Token::Sign(","));
                }
                out.push(Token::Text(one.trim().trim_matches('\'').to_owned()));
            }
            out.push(Token::Sign(")"));
            return Ok(());
        }
        other => return Err(syntax(&format!("Compare {other}"))),
    };
    out.push(Token::Sign(sign));
    out.push(Token::Text(value));
    Ok(())
}
