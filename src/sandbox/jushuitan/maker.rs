//! Makes shipments from a number: the same number gives the same documents, but for their times.

use std::time::Duration;

use fastrand::Rng;
use serde_json::Number;

use crate::clock::{Time, Zone};
use crate::sandbox::goods::{GOODS, Good, SHOPS, Shop};
use crate::sandbox::jushuitan::shipment::{Batch, Item, Shipment, Sn};

/// Company number of the merchant, and of its own warehouse.
pub const CO_ID: u64 = 10_001;

/// How many of a hundred documents are in each state. `Archive` is what `Confirmed` ages to; `Cancelled` was
/// withdrawn after it was confirmed, `Delete` before.
const STATUSES: [(&str, u32); 6] =
    [("Confirmed", 78), ("Archive", 6), ("WaitConfirm", 7), ("Cancelled", 4), ("Delete", 3), ("OuterConfirming", 2)];

const PLACES: [(&str, &str, &str); 6] = [
    ("江苏省", "南京市", "玄武区"),
    ("浙江省", "杭州市", "西湖区"),
    ("广东省", "深圳市", "南山区"),
    ("四川省", "成都市", "武侯区"),
    ("内蒙古自治区", "呼和浩特市", "新城区"),
    ("上海", "上海市", "浦东新区"),
];
const CARRIERS: [(&str, &str); 4] = [("SF", "顺丰速运"), ("ZTO", "中通快递"), ("YTO", "圆通速递"), ("JD", "京东物流")];
const LABELS: [Option<&str>; 6] =
    [None, None, Some(""), Some("多标签1,多标签2"), Some("加急"), Some("大客户,开票,赠品")];
const REMARKS: [Option<&str>; 6] = [
    None,
    None,
    None,
    Some("请轻拿轻放"),
    Some("客户要求\"周六前\"送达，\n门卫代收🎁"),
    Some("补发上一单漏发的赠品；发票抬头:南京某某贸易有限公司 <税号另附> & 盖章"),
];
const MESSAGES: [Option<&str>; 4] = [None, None, Some("尽快发货"), Some("周末不在家，工作日送\t谢谢")];

/// What a tenant has enabled.
#[derive(Debug, Clone, Copy)]
pub struct Tenant {
    /// 生产批次: some documents have `batchs`.
    pub batchs: bool,
    /// 唯一码: some documents have `sns`.
    pub sns: bool,
    /// One document in fifty has no line.
    pub zero_items: bool,
    /// Shops of 淘系 have shipments as well.
    pub taobao: bool,
}

/// The source of new documents; ids go up.
#[derive(Debug)]
pub struct Maker {
    rng: Rng,
    tenant: Tenant,
    zone: Zone,
    shops: Vec<Shop>,
    band: u64,
    io_id: u64,
    ioi_id: u64,
    order: u64,
}

impl Maker {
    /// A maker whose documents and ids follow from `seed`.
    pub fn new(seed: u64, tenant: Tenant, zone: Zone) -> Self {
        let band = seed % 100;
        Self {
            rng: Rng::with_seed(seed),
            tenant,
            zone,
            shops: SHOPS.into_iter().filter(|shop| shop.told || tenant.taobao).collect(),
            band,
            io_id: 51_230_000 + band * 10_000_000,
            ioi_id: 90_010_000 + band * 10_000_000,
            order: 0,
        }
    }

    /// The next document.
    pub fn make(&mut self, modified: Time, ts: u64) -> Shipment {
        let Draft { order, split, so_id, status, items, free, freight } = self.draft();
        let left = matches!(status, "Confirmed" | "Archive" | "Cancelled");
        let total: u64 = items.iter().map(|line| line.cents).sum();
        let grams: u64 = items.iter().map(|line| line.grams).sum();
        let created = modified.minus(Duration::from_secs(self.rng.u64(3_600..172_800)));
        let shop = pick(&mut self.rng, &self.shops);
        let place = pick(&mut self.rng, &PLACES);
        let carrier = pick(&mut self.rng, &CARRIERS);
        let waybill = self.rng.u64(1_000_000_000..10_000_000_000);
        let (batchs, sns) = (self.batchs(&items), self.sns(&items));
        let masked = self.rng.bool();
        Shipment {
            co_id: CO_ID,
            shop_id: shop.id,
            shop_name: shop.name,
            io_id: self.io_id,
            o_id: 2_230_000 + order * 3,
            merge_so_id: (self.rng.u32(0..100) < 4).then(|| format!("{so_id},{so_id}-B")),
            so_id,
            created: self.zone.print(created),
            modified: self.zone.print(modified),
            status,
            order_type: if split { "补发订单" } else { "普通订单" },
            invoice_title: None,
            shop_buyer_id: format!("buyer{}***", self.rng.u32(100..1000)),
            open_id: "",
            receiver_country: None,
            receiver_state: Some(place.0),
            receiver_city: Some(place.1),
            receiver_district: Some(place.2),
            receiver_town: None,
            receiver_address: masked.then_some("******"),
            receiver_name: masked.then_some("张**"),
            receiver_phone: None,
            receiver_mobile: masked.then_some("138****0000"),
            buyer_message: pick(&mut self.rng, &MESSAGES),
            remark: pick(&mut self.rng, &REMARKS),
            is_cod: self.rng.u32(0..100) < 3,
            pay_amount: money(total - free + freight),
            paid_amount: money(total - free + freight),
            free_amount: money(free),
            freight: money(freight),
            weight: scaled(grams, 3),
            f_weight: (left && self.rng.bool()).then(|| scaled(grams + 35, 3)),
            l_id: left.then(|| format!("{}{waybill}", carrier.0)),
            lc_id: left.then_some(carrier.0),
            logistics_company: left.then_some(carrier.1),
            io_date: left.then(|| self.zone.print(modified.minus(Duration::from_secs(5)))),
            pay_date: self.zone.print(created.plus(Duration::from_secs(7))),
            stock_enabled: "启用",
            drp_co_id_from: if self.rng.u32(0..100) < 5 { "20077" } else { "" },
            labels: pick(&mut self.rng, &LABELS),
            wms_co_id: if self.rng.u32(0..100) < 15 { CO_ID + 6 } else { CO_ID },
            business_staff: "",
            currency: None,
            wave_id: left.then(|| 7_000 + order / 40),
            seller_flag: None,
            order_staff_id: 0,
            order_staff_name: "",
            node: None,
            is_print: left,
            is_print_express: left,
            ts,
            items: items.into_iter().map(|line| line.item).collect(),
            batchs,
            sns,
            cluster_infos: [],
        }
    }

    fn draft(&mut self) -> Draft {
        self.io_id += self.rng.u64(1..4);
        // A split order is shipped twice under one number.
        let split = self.order > 0 && self.rng.u32(0..100) < 3;
        if !split {
            self.order += 1;
        }
        let so_id = format!("SO{:02}{:08}", self.band, self.order);
        let status = self.status();
        let items = self.items(&so_id);
        let total: u64 = items.iter().map(|line| line.cents).sum();
        let free = if self.rng.u32(0..100) < 25 { total / 20 } else { 0 };
        let freight = if self.rng.u32(0..100) < 20 { 800 } else { 0 };
        Draft { order: self.order, split, so_id, status, items, free, freight }
    }

    fn status(&mut self) -> &'static str {
        let mut at = self.rng.u32(0..100);
        for (status, share) in STATUSES {
            match at.checked_sub(share) {
                Some(rest) => at = rest,
                None => return status,
            }
        }
        "Confirmed"
    }

    /// One to four lines, now and then one sku twice, now and then a gift of price 0.
    fn items(&mut self, so_id: &str) -> Vec<Line> {
        if self.tenant.zero_items && self.rng.u32(0..50) == 0 {
            return Vec::new();
        }
        let sold: Vec<Good> = GOODS.into_iter().filter(|good| good.price > 0).collect();
        let gifts: Vec<Good> = GOODS.into_iter().filter(|good| good.price == 0).collect();
        let count = [1, 1, 2, 2, 2, 3, 4][self.rng.usize(0..7)];
        let mut goods: Vec<(Good, bool)> = (0..count).map(|_| (pick(&mut self.rng, &sold), false)).collect();
        if self.rng.u32(0..100) < 10
            && let Some(first) = goods.first().copied()
        {
            goods.push(first);
        }
        if self.rng.u32(0..100) < 15 {
            goods.push((pick(&mut self.rng, &gifts), true));
        }
        goods.into_iter().enumerate().map(|(at, (good, gift))| self.line(so_id, at + 1, good, gift)).collect()
    }

    fn line(&mut self, so_id: &str, at: usize, good: Good, is_gift: bool) -> Line {
        self.ioi_id += 1;
        // In hundredths, so that what is sold by the metre has a fraction.
        let qty = if good.divisible { self.rng.u64(50..1_000) } else { self.rng.u64(1..5) * 100 };
        let cents = (good.price * qty + 50) / 100;
        let qty_number = if good.divisible { scaled(qty, 2) } else { Number::from(qty / 100) };
        let item = Item {
            ioi_id: self.ioi_id,
            oi_id: (3_330_000 + self.ioi_id % 10_000_000).to_string(),
            pic: (!is_gift)
                .then(|| format!("https://img.example.com/goods/{}/{}.jpg?w=400&h=400", good.i_id, good.sku_id)),
            sku_id: good.sku_id,
            i_id: good.i_id,
            name: good.name,
            properties_value: good.properties,
            qty: qty_number,
            unit: good.unit,
            sale_price: money(good.price),
            sale_amount: money(cents),
            sale_base_price: money(good.price * 13 / 10),
            combine_sku_id: None,
            is_gift,
            outer_oi_id: format!("{so_id}-{at}"),
            raw_so_id: so_id.to_owned(),
            batch_id: None,
            product_date: None,
            supplier_id: None,
            expiration_date: None,
        };
        Line { item, cents, grams: good.grams * qty / 100 }
    }

    fn batchs(&mut self, items: &[Line]) -> Option<Vec<Batch>> {
        let present = self.rng.u32(0..100) < 25;
        let batch = |line: &Line| Batch {
            batch_no: format!("B2024{:04}", line.item.ioi_id % 10_000),
            ioi_id: line.item.ioi_id,
            sku_id: line.item.sku_id,
            qty: line.item.qty.clone(),
            product_date: "2024-01-01",
            supplier_id: 77,
            supplier_name: "供应商甲",
            expiration_date: "2026-01-01",
            status: None,
        };
        (self.tenant.batchs && present).then(|| items.iter().map(batch).collect())
    }

    fn sns(&mut self, items: &[Line]) -> Option<Vec<Sn>> {
        let present = self.rng.u32(0..100) < 10;
        let sn = |line: &Line| Sn {
            sku_id: line.item.sku_id,
            sn: format!("SN{:010}", line.item.ioi_id),
            is_pack_sn: false,
            is_opened: false,
            pack_sn: None,
        };
        (self.tenant.sns && present).then(|| items.iter().take(1).map(sn).collect())
    }
}

/// What a document is about; amounts in cents.
struct Draft {
    order: u64,
    split: bool,
    so_id: String,
    status: &'static str,
    items: Vec<Line>,
    free: u64,
    freight: u64,
}

/// A line with what its document's totals need.
struct Line {
    item: Item,
    cents: u64,
    grams: u64,
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())]
}

fn money(cents: u64) -> Number {
    scaled(cents, 2)
}

/// A decimal with exactly `digits` after the point, as JST prints them: `199.00`.
fn scaled(value: u64, digits: u32) -> Number {
    let unit = 10u64.pow(digits);
    let text = format!("{}.{:0width$}", value / unit, value % unit, width = digits as usize);
    text.parse().unwrap_or_else(|_| Number::from(value / unit))
}
