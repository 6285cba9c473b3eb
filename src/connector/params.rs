//! What users write as request parameters and options, made JSON; placeholders filled in from the window being read.

use serde_json::{Map, Number, Value};

use super::Window;
use crate::clock::{Time, Zone};
use crate::fault::Fault;
use crate::row_version::RowVersion;
use crate::scheme::tree::{self, Name, Node};

/// What placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub struct Moments<'a> {
    /// The window; without one, a placeholder of a time is a fault.
    pub window: Option<Window>,
    /// The zone in which the source prints times.
    pub zone: &'a Zone,
    /// Number of the page, from 1.
    pub page: u64,
    /// Documents a page.
    pub page_size: u32,
    /// The row version to read from.
    pub cursor: Option<&'a RowVersion>,
}

const ALLOWED: &str = "allowed: `{{LAST_SYNC_TIME|datetime}}`, `{{CURRENT_TIME|datetime}}`, `{{PAGE}}`, \
                       `{{PAGINATION_PAGE_SIZE}}`, `{{LAST_CURSOR}}`";

/// Parameters as JSON in the order written. Plain numbers keep their digits, plain `true`, `false` and `null` are
/// themselves, everything else is text; a text that is one placeholder of a number is that number.
///
/// # Errors
/// The first placeholder that can't be filled in, at its parameter's position, with what is allowed.
pub fn resolve(params: &[(Name, Node)], moments: &Moments<'_>) -> Result<Map<String, Value>, Fault> {
    params.iter().map(|(name, node)| Ok((name.text.clone(), value(node, moments)?))).collect()
}

/// The parameters that can be filled in: of a source that is read by row version and by windows of time, those of the
/// other way are left out.
pub fn of_this_way(params: &[(Name, Node)], moments: &Moments<'_>) -> Vec<(Name, Node)> {
    let other_way = |text: &str| match moments.cursor {
        Some(_) => text.contains("{{") && (text.contains("LAST_SYNC_TIME") || text.contains("CURRENT_TIME")),
        None => text.contains("{{") && text.contains("LAST_CURSOR") && moments.window.is_some(),
    };
    params.iter().filter(|(_, node)| !node.text().is_some_and(other_way)).cloned().collect()
}

fn value(node: &Node, moments: &Moments<'_>) -> Result<Value, Fault> {
    Ok(match &node.value {
        tree::Value::Null => Value::Null,
        tree::Value::Plain(text) => match plain(text) {
            Some(literal) => literal,
            None => filled(text, moments).map_err(|message| Fault::new(node.at.clone(), message))?,
        },
        tree::Value::Quoted(text) => filled(text, moments).map_err(|message| Fault::new(node.at.clone(), message))?,
        tree::Value::Secret(secret) => Value::String(secret.reveal().to_owned()),
        tree::Value::List(elements) => {
            Value::Array(elements.iter().map(|element| value(element, moments)).collect::<Result<_, _>>()?)
        }
        tree::Value::Map(entries) => Value::Object(resolve(entries, moments)?),
    })
}

/// A plain scalar that is no text.
fn plain(text: &str) -> Option<Value> {
    match text {
        "null" => Some(Value::Null),
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            serde_json::from_str::<Number>(text).ok().map(Value::Number)
        }
        _ => None,
    }
}

/// A text with its placeholders filled in.
fn filled(text: &str, moments: &Moments<'_>) -> Result<Value, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").ok_or_else(|| format!("`{text}` opens `{{{{` without `}}}}`"))?;
        let filling = placeholder(inside.trim(), moments)?;
        if before.is_empty() && after.is_empty() && out.is_empty() {
            return Ok(filling);
        }
        out.push_str(before);
        match filling {
            Value::String(text) => out.push_str(&text),
            other => out.push_str(&other.to_string()),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(Value::String(out))
}

/// One placeholder: its name, and its filter behind `|` (or, as older schemes write it, behind a blank).
fn placeholder(inside: &str, moments: &Moments<'_>) -> Result<Value, String> {
    let (name, filter) = inside.split_once(|c: char| c == '|' || c.is_whitespace()).unwrap_or((inside, ""));
    let (name, filter) = (name.trim(), filter.trim_start_matches(|c: char| c == '|' || c.is_whitespace()).trim_end());
    let unknown = || format!("unknown placeholder `{{{{{inside}}}}}`; {ALLOWED}");
    let window = || moments.window.ok_or_else(|| format!("`{{{{{inside}}}}}` has no value: no window is read"));
    match (name, filter) {
        ("LAST_SYNC_TIME", _) => printed(window()?.begin, filter, moments.zone).ok_or_else(unknown),
        ("CURRENT_TIME", _) => printed(window()?.end, filter, moments.zone).ok_or_else(unknown),
        ("LAST_CURSOR", "") => {
            let cursor =
                moments.cursor.ok_or_else(|| format!("`{{{{{inside}}}}}` has no value: no row version is followed"))?;
            Ok(cursor.as_str().parse().map_or_else(|_| cursor.as_str().into(), Value::Number))
        }
        ("PAGE", "") => Ok(moments.page.into()),
        ("PAGINATION_PAGE_SIZE", "") => Ok(moments.page_size.into()),
        _ => Err(unknown()),
    }
}

/// A time as a filter prints it, cut to the second.
fn printed(time: Time, filter: &str, zone: &Zone) -> Option<Value> {
    match filter {
        "datetime" => Some(zone.print(time).into()),
        "date" => Some(zone.civil(time).print("yyyy-MM-dd").into()),
        _ => {
            let pattern = filter.strip_prefix("datetime(")?.strip_suffix(')')?.trim_matches('\'');
            Some(zone.civil(time).print(pattern).into())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::fault::Position;

    fn node(value: tree::Value) -> Node {
        Node { at: at(7), value }
    }

    fn at(line: usize) -> Position {
        Position { file: "s.yaml".into(), line, column: 3 }
    }

    fn param(name: &str, value: tree::Value) -> (Name, Node) {
        (Name { at: at(7), text: name.into() }, node(value))
    }

    fn moments(zone: &Zone) -> Moments<'_> {
        let (begin, end) = (Time(1_709_258_405_999), Time(1_709_262_000_001));
        Moments { window: Some(Window { begin, end }), zone, page: 3, page_size: 50, cursor: None }
    }

    #[test]
    fn parameters_keep_their_order_digits_and_types() {
        use tree::Value::{List, Map, Null, Plain, Quoted};
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let params = [
            param("modified_end", Quoted("{{CURRENT_TIME|datetime}}".into())),
            param("modified_begin", Plain("{{ LAST_SYNC_TIME datetime }}".into())),
            param("day", Plain("{{LAST_SYNC_TIME | date}}".into())),
            param("file", Plain("at {{LAST_SYNC_TIME|datetime('HH.mm.ss')}}, page {{PAGE}}".into())),
            param("page", Plain("{{PAGE}}".into())),
            param("size", Quoted("{{PAGINATION_PAGE_SIZE}}".into())),
            param("shop_id", Plain("100000000000000001".into())),
            param("rate", Plain("1.10".into())),
            param("code", Plain("0755".into())),
            param("text", Quoted("12".into())),
            param("flag", Plain("true".into())),
            param("nothing", Null),
            param("list", List(vec![node(Plain("1".into())), node(Plain("a".into()))])),
            param("map", Map(vec![param("k", Plain("{{PAGE}}".into()))])),
        ];
        let made = Value::Object(resolve(&params, &moments(&zone)).unwrap()).to_string();
        let wanted = concat!(
            r#"{"modified_end":"2024-03-01 11:00:00","modified_begin":"2024-03-01 10:00:05","day":"2024-03-01","#,
            r#""file":"at 10.00.05, page 3","page":3,"size":50,"shop_id":100000000000000001,"rate":1.10,"#,
            r#""code":"0755","text":"12","flag":true,"nothing":null,"list":[1,"a"],"map":{"k":3}}"#,
        );
        assert_eq!(made, wanted);
    }

    #[test]
    fn a_placeholder_that_cannot_be_filled_in_is_a_fault_at_its_place() {
        let zone = Zone::utc();
        let full = Moments { window: None, ..moments(&zone) };
        for (text, moments, words) in [
            ("{{LAST_SYNC}}", moments(&zone), "unknown placeholder `{{LAST_SYNC}}`; allowed: "),
            ("{{LAST_SYNC_TIME}}", moments(&zone), "unknown placeholder `{{LAST_SYNC_TIME}}`; "),
            ("{{PAGE|datetime}}", moments(&zone), "unknown placeholder"),
            ("{{PAGE", moments(&zone), "`{{PAGE` opens `{{` without `}}`"),
            ("{{CURRENT_TIME|datetime}}", full, "`{{CURRENT_TIME|datetime}}` has no value: no window is read"),
        ] {
            let fault = resolve(&[param("p", tree::Value::Quoted(text.into()))], &moments).unwrap_err();
            assert!(fault.message.starts_with(words), "{text}: {}", fault.message);
            assert_eq!(fault.at, at(7));
        }
    }
}
