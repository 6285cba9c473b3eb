//! One stored document: its text as told to clients, and what queries select by.

use serde::Deserialize;

use crate::clock::Zone;

/// A document. Its text is made once per change, so that two reads of an unchanged one are equal byte for byte.
#[derive(Debug, Clone)]
pub struct Record {
    /// 出库单号, the key.
    pub io_id: u64,
    /// 内部单号.
    pub o_id: u64,
    /// 线上单号; split orders share one.
    pub so_id: Box<str>,
    /// 店铺编号.
    pub shop_id: u64,
    /// 单据状态.
    pub status: Box<str>,
    /// 物流单号.
    pub l_id: Option<Box<str>>,
    /// 波次.
    pub wave_id: Option<u64>,
    /// 分仓编号.
    pub wms_co_id: u64,
    /// 分销商编号; blank if none.
    pub drp_co_id: Box<str>,
    /// 修改时间, seconds since the epoch.
    pub modified: i64,
    /// 出库时间, seconds since the epoch.
    pub shipped: Option<i64>,
    /// Row version.
    pub ts: u64,
    /// JSON text of the whole document.
    pub text: Box<str>,
}

#[derive(Deserialize)]
struct Head {
    io_id: u64,
    o_id: u64,
    so_id: Box<str>,
    shop_id: u64,
    status: Box<str>,
    #[serde(default)]
    l_id: Option<Box<str>>,
    #[serde(default)]
    wave_id: Option<u64>,
    #[serde(default)]
    wms_co_id: u64,
    #[serde(default)]
    drp_co_id_from: Option<Box<str>>,
    modified: String,
    #[serde(default)]
    io_date: Option<String>,
    ts: u64,
}

impl Record {
    /// Reads what queries need from a document's text. The error names the field that can't be used.
    pub fn read(text: String, zone: &Zone) -> Result<Self, String> {
        let head: Head = serde_json::from_str(&text).map_err(|error| format!("not a shipment: {error}"))?;
        let seconds = |name: &str, time: &str| {
            let read = zone.read(time).map(crate::clock::Time::seconds);
            read.ok_or_else(|| format!("`{name}` is no time: `{time}`"))
        };
        Ok(Self {
            io_id: head.io_id,
            o_id: head.o_id,
            so_id: head.so_id,
            shop_id: head.shop_id,
            status: head.status,
            l_id: head.l_id,
            wave_id: head.wave_id,
            wms_co_id: head.wms_co_id,
            drp_co_id: head.drp_co_id_from.unwrap_or_default(),
            modified: seconds("modified", &head.modified)?,
            shipped: head.io_date.map(|time| seconds("io_date", &time)).transpose()?,
            ts: head.ts,
            text: text.into(),
        })
    }

    /// Whether goods left the warehouse and were not withdrawn: what a target is told of.
    pub fn is_shipped(&self) -> bool {
        matches!(&*self.status, "Confirmed" | "Archive")
    }
}
