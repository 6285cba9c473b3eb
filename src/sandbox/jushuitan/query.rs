//! The parameters of `orders.out.simple.query`, as lenient and as strict as protocols/jushuitan.md 4.1 and 6 say.

use serde_json::{Map, Value};

use crate::clock::Zone;
use crate::sandbox::jushuitan::filter::{Filter, Span};
use crate::sandbox::jushuitan::refusal::{Refusal, against_rules, unreadable};

const WEEK: i64 = 7 * 86_400;
const DAY: i64 = 86_400;
const DEFAULT_SIZE: u64 = 30;
/// Most documents of one page.
const MAX_SIZE: usize = 50;

/// A query understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which documents.
    pub filter: Filter,
    /// Which page, from 1.
    pub page_index: usize,
    /// How many on it, at most 50.
    pub page_size: usize,
    /// Whether they are counted.
    pub total: bool,
}

impl Query {
    /// Reads the business parameters; unknown ones are ignored. `clamp`: a page size above 50 becomes 50, else it
    /// is refused.
    pub fn read(biz: &Map<String, Value>, zone: &Zone, clamp: bool) -> Result<Self, Refusal> {
        let (page_index, page_size) = paging(biz, clamp.then_some(MAX_SIZE))?;
        if page_size > MAX_SIZE {
            return Err(against_rules("page_size不能超过50"));
        }
        for name in ["InoutFlds", "InoutItemFlds"] {
            texts(biz, name, usize::MAX)?;
        }
        let start_ts = whole(biz, "start_ts")?;
        let offline = flag(biz, "is_offline_shop", false)?;
        let filter = Filter {
            start_ts,
            offline,
            shop_id: whole(biz, "shop_id")?.filter(|shop| *shop != 0),
            status: text(biz, "status")?,
            so_ids: texts(biz, "so_ids", 50)?,
            o_ids: wholes(biz, "o_ids", 50)?,
            io_ids: wholes(biz, "io_ids", 50)?,
            l_ids: texts(biz, "l_ids", 20)?,
            wave_ids: wholes(biz, "wave_ids", 50)?,
            wms_co_id: whole(biz, "wms_co_id")?.filter(|wms| *wms != 0),
            drp_co_id: text(biz, "drp_co_id")?.filter(|drp| drp != "0"),
            span: span(biz, zone)?,
        };
        if filter.span.is_none() && filter.start_ts.is_none() && !filter.names_documents() {
            return Err(against_rules("modified_begin,modified_end与so_ids等不能同时为空"));
        }
        let total = flag(biz, "is_get_total", true)?;
        Ok(Self { filter, page_index, page_size, total })
    }
}

/// `page_index` and `page_size`, as numbers or texts, the size clamped.
pub fn paging(biz: &Map<String, Value>, clamp: Option<usize>) -> Result<(usize, usize), Refusal> {
    let index = whole(biz, "page_index")?.unwrap_or(1).max(1);
    let size = whole(biz, "page_size")?.filter(|size| *size > 0).unwrap_or(DEFAULT_SIZE);
    let (index, size) = (usize::try_from(index).unwrap_or(usize::MAX), usize::try_from(size).unwrap_or(usize::MAX));
    Ok((index, clamp.map_or(size, |most| size.min(most))))
}

fn span(biz: &Map<String, Value>, zone: &Zone) -> Result<Option<Span>, Refusal> {
    let (begin, end) = (text(biz, "modified_begin")?, text(biz, "modified_end")?);
    let (begin, end) = match (begin, end) {
        (None, None) => return Ok(None),
        (Some(begin), Some(end)) => (begin, end),
        _ => return Err(against_rules("modified_begin与modified_end必须同时存在")),
    };
    let seconds = |name: &str, time: &str| zone.read(time).map(|time| time.seconds()).ok_or_else(|| unreadable(name));
    let span = Span {
        begin: seconds("modified_begin", &begin)?,
        end: seconds("modified_end", &end)?,
        shipped: whole(biz, "date_type")? == Some(2),
    };
    if span.begin > span.end {
        return Err(against_rules("开始时间不能大于结束时间"));
    }
    if span.end - span.begin > WEEK {
        return Err(against_rules("时间间隔不能超过七天"));
    }
    if text(biz, "drp_co_id")?.is_some_and(|drp| drp != "0") && span.end - span.begin > DAY {
        return Err(against_rules("按分销商查询时间间隔不能超过一天"));
    }
    Ok(Some(span))
}

/// A value that is there: neither null nor blank.
fn present<'a>(biz: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    biz.get(name).filter(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn text(biz: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    present(biz, name).map(|value| text_of(value).ok_or_else(|| unreadable(name))).transpose()
}

fn whole(biz: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refusal> {
    let text = text(biz, name)?;
    text.map(|text| text.parse().map_err(|_| unreadable(name))).transpose()
}

fn flag(biz: &Map<String, Value>, name: &str, default: bool) -> Result<bool, Refusal> {
    match present(biz, name) {
        None => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(unreadable(name)),
    }
}

fn texts(biz: &Map<String, Value>, name: &str, most: usize) -> Result<Vec<String>, Refusal> {
    let list = match present(biz, name) {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(unreadable(name)),
    };
    if list.len() > most {
        return Err(against_rules(&format!("{name}最多{most}个")));
    }
    list.iter().map(|value| text_of(value).ok_or_else(|| unreadable(name))).collect()
}

fn wholes(biz: &Map<String, Value>, name: &str, most: usize) -> Result<Vec<u64>, Refusal> {
    let texts = texts(biz, name, most)?;
    texts.iter().map(|text| text.parse().map_err(|_| unreadable(name))).collect()
}
