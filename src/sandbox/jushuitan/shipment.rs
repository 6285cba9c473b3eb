//! The shape of a shipment (销售出库单), field by field as the wire has it (protocols/jushuitan.md 4.2): `items`,
//! `batchs`, `sns` and `ClusterInfos` are siblings, optional lists are absent where a tenant has not enabled them.

use serde::Serialize;
use serde_json::Number;

/// One element of `datas`.
#[derive(Debug, Serialize)]
pub struct Shipment {
    pub co_id: u64,
    pub shop_id: u64,
    pub shop_name: &'static str,
    pub io_id: u64,
    pub o_id: u64,
    pub so_id: String,
    pub created: String,
    pub modified: String,
    pub status: &'static str,
    pub order_type: &'static str,
    pub invoice_title: Option<&'static str>,
    pub shop_buyer_id: String,
    pub open_id: &'static str,
    pub receiver_country: Option<&'static str>,
    pub receiver_state: Option<&'static str>,
    pub receiver_city: Option<&'static str>,
    pub receiver_district: Option<&'static str>,
    pub receiver_town: Option<&'static str>,
    pub receiver_address: Option<&'static str>,
    pub receiver_name: Option<&'static str>,
    pub receiver_phone: Option<&'static str>,
    pub receiver_mobile: Option<&'static str>,
    pub buyer_message: Option<&'static str>,
    pub remark: Option<&'static str>,
    pub is_cod: bool,
    pub pay_amount: Number,
    pub paid_amount: Number,
    pub free_amount: Number,
    pub freight: Number,
    pub weight: Number,
    pub f_weight: Option<Number>,
    pub l_id: Option<String>,
    pub lc_id: Option<&'static str>,
    pub logistics_company: Option<&'static str>,
    pub io_date: Option<String>,
    pub pay_date: String,
    pub stock_enabled: &'static str,
    pub drp_co_id_from: &'static str,
    pub labels: Option<&'static str>,
    pub merge_so_id: Option<String>,
    pub wms_co_id: u64,
    pub business_staff: &'static str,
    pub currency: Option<&'static str>,
    pub wave_id: Option<u64>,
    pub seller_flag: Option<u64>,
    pub order_staff_id: u64,
    pub order_staff_name: &'static str,
    pub node: Option<&'static str>,
    pub is_print: bool,
    pub is_print_express: bool,
    pub ts: u64,
    pub items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batchs: Option<Vec<Batch>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sns: Option<Vec<Sn>>,
    #[serde(rename = "ClusterInfos")]
    pub cluster_infos: [(); 0],
}

/// One line.
#[derive(Debug, Serialize)]
pub struct Item {
    pub ioi_id: u64,
    pub oi_id: String,
    pub pic: Option<String>,
    pub sku_id: &'static str,
    pub i_id: &'static str,
    pub name: &'static str,
    pub properties_value: &'static str,
    pub qty: Number,
    pub unit: &'static str,
    pub sale_price: Number,
    pub sale_amount: Number,
    pub sale_base_price: Number,
    pub combine_sku_id: Option<&'static str>,
    pub is_gift: bool,
    pub outer_oi_id: String,
    pub raw_so_id: String,
    pub batch_id: Option<&'static str>,
    pub product_date: Option<&'static str>,
    pub supplier_id: Option<u64>,
    pub expiration_date: Option<&'static str>,
}

/// One batch (生产批次), joined to its line by `ioi_id`.
#[derive(Debug, Serialize)]
pub struct Batch {
    pub batch_no: String,
    pub ioi_id: u64,
    pub sku_id: &'static str,
    pub qty: Number,
    pub product_date: &'static str,
    pub supplier_id: u64,
    pub supplier_name: &'static str,
    pub expiration_date: &'static str,
    pub status: Option<&'static str>,
}

/// One serial number (唯一码).
#[derive(Debug, Serialize)]
pub struct Sn {
    pub sku_id: &'static str,
    pub sn: String,
    pub is_pack_sn: bool,
    pub is_opened: bool,
    pub pack_sn: Option<&'static str>,
}
