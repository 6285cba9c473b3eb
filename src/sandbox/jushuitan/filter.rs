//! Which documents a query selects.

use crate::sandbox::goods::SHOPS;
use crate::sandbox::jushuitan::record::Record;

/// A span of seconds since the epoch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First second.
    pub begin: i64,
    /// Last second.
    pub end: i64,
    /// `date_type` 2: by `io_date`; else by `modified`.
    pub shipped: bool,
}

/// The conditions of one query, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// `modified_begin`, `modified_end`, `date_type`.
    pub span: Option<Span>,
    /// Row versions at or above.
    pub start_ts: Option<u64>,
    /// 店铺编码.
    pub shop_id: Option<u64>,
    /// Only shops with a door.
    pub offline: bool,
    /// 单据状态.
    pub status: Option<String>,
    /// 线上单号.
    pub so_ids: Vec<String>,
    /// 内部单号.
    pub o_ids: Vec<u64>,
    /// 出库单号.
    pub io_ids: Vec<u64>,
    /// 物流单号.
    pub l_ids: Vec<String>,
    /// 波次.
    pub wave_ids: Vec<u64>,
    /// 分仓编号.
    pub wms_co_id: Option<u64>,
    /// 分销商编号.
    pub drp_co_id: Option<String>,
}

impl Filter {
    /// Whether documents are named one by one.
    pub fn names_documents(&self) -> bool {
        !(self.so_ids.is_empty()
            && self.o_ids.is_empty()
            && self.io_ids.is_empty()
            && self.l_ids.is_empty()
            && self.wave_ids.is_empty())
    }

    /// Whether a document is selected.
    pub fn accepts(&self, record: &Record) -> bool {
        let within = self.span.is_none_or(|span| {
            let time = if span.shipped { record.shipped } else { Some(record.modified) };
            time.is_some_and(|time| span.begin <= time && time <= span.end)
        });
        within
            && self.start_ts.is_none_or(|ts| record.ts >= ts)
            && self.shop_id.is_none_or(|shop| record.shop_id == shop)
            && (!self.offline || SHOPS.iter().any(|shop| shop.offline && shop.id == record.shop_id))
            && self.status.as_deref().is_none_or(|status| status == &*record.status)
            && self.wms_co_id.is_none_or(|wms| record.wms_co_id == wms)
            && self.drp_co_id.as_deref().is_none_or(|drp| drp == &*record.drp_co_id)
            && named(&self.so_ids, |id| id == &*record.so_id)
            && named(&self.o_ids, |id| *id == record.o_id)
            && named(&self.io_ids, |id| *id == record.io_id)
            && named(&self.l_ids, |id| record.l_id.as_deref() == Some(id.as_str()))
            && named(&self.wave_ids, |id| record.wave_id == Some(*id))
    }
}

fn named<T>(list: &[T], is: impl FnMut(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(is)
}
