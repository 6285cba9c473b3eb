//! The shops and goods that the seeded documents name. Customers (shops) and materials (goods) of the other
//! simulated systems are made from the same lists, so that base data is found there.

/// A shop of the simulated company.
#[derive(Debug, Clone, Copy)]
pub struct Shop {
    /// 店铺编号; its text is the customer's number at Kingdee.
    pub id: u64,
    /// 店铺名称.
    pub name: &'static str,
    /// Marketplace.
    pub site: &'static str,
    /// A shop with a door (线下店铺).
    pub offline: bool,
    /// Whether the standard interface tells its shipments. Those of 淘系 shops it never does (protocols/jushuitan.md 1).
    pub told: bool,
}

/// One sku.
#[derive(Debug, Clone, Copy)]
pub struct Good {
    /// 商品编码; the material's number at Kingdee.
    pub sku_id: &'static str,
    /// 款式编码.
    pub i_id: &'static str,
    /// 商品名称.
    pub name: &'static str,
    /// 颜色规格.
    pub properties: &'static str,
    /// 单位.
    pub unit: &'static str,
    /// Price in cents.
    pub price: u64,
    /// Weight of one in grams.
    pub grams: u64,
    /// Sold in fractions (by the metre, by weight).
    pub divisible: bool,
}

const fn shop(id: u64, name: &'static str, site: &'static str, offline: bool, told: bool) -> Shop {
    Shop { id, name, site, offline, told }
}

/// Every shop.
pub const SHOPS: [Shop; 8] = [
    shop(12_343_451, "自有商城A", "自有商城", false, true),
    shop(12_343_452, "抖音旗舰店", "头条放心购", false, true),
    shop(12_343_453, "京东自营店", "京东", false, true),
    shop(12_343_454, "拼多多专营店", "拼多多", false, true),
    shop(12_343_455, "小红书品牌店", "小红书", false, true),
    shop(12_343_456, "微信小店", "微信小店", false, true),
    shop(12_343_457, "南京新街口门店", "线下店铺", true, true),
    shop(12_343_458, "天猫旗舰店", "天猫", false, false),
];

const fn good(
    sku_id: &'static str,
    i_id: &'static str,
    name: &'static str,
    properties: &'static str,
    unit: &'static str,
    price: u64,
    grams: u64,
) -> Good {
    Good { sku_id, i_id, name, properties, unit, price, grams, divisible: false }
}

/// Every sku.
pub const GOODS: [Good; 20] = [
    good("A001-RED-M", "A001", "纯棉圆领T恤", "红色;M", "件", 9_950, 210),
    good("A001-RED-L", "A001", "纯棉圆领T恤", "红色;L", "件", 9_950, 225),
    good("A001-WHT-M", "A001", "纯棉圆领T恤", "白色;M", "件", 9_950, 210),
    good("A002-BLK-XL", "A002", "连帽卫衣", "黑色;XL", "件", 19_900, 620),
    good("A002-GRY-L", "A002", "连帽卫衣", "灰色;L", "件", 19_900, 590),
    good("B010-30", "B010", "直筒牛仔裤", "深蓝;30", "条", 25_900, 710),
    good("B010-32", "B010", "直筒牛仔裤", "深蓝;32", "条", 25_900, 730),
    good("C100-500ML", "C100", "保温杯", "不锈钢;500ml", "个", 12_990, 380),
    good("C100-750ML", "C100", "保温杯", "不锈钢;750ml", "个", 14_990, 460),
    good("D200-250G", "D200", "明前龙井茶", "一级;250g", "罐", 36_800, 250),
    good("D201-100G", "D201", "云南普洱熟茶", "饼;100g", "饼", 8_880, 100),
    good("E300-CN", "E300", "无线蓝牙耳机", "标准版;雾白", "副", 129_900, 55),
    good("E301-65W", "E301", "氮化镓充电器", "65W;黑", "个", 13_900, 120),
    Good {
        sku_id: "F400-LINEN",
        i_id: "F400",
        name: "亚麻面料",
        properties: "本白;幅宽140cm",
        unit: "米",
        price: 4_580,
        grams: 260,
        divisible: true,
    },
    good("G500-A5", "G500", "手账本", "A5;方格", "本", 2_990, 240),
    good("G501-SET", "G501", "“文房四宝”礼盒", "套装", "盒", 56_800, 1_850),
    good("H600-1L", "H600", "洗衣液", "薰衣草;1L", "瓶", 2_590, 1_080),
    good("H601-30", "H601", "抽纸", "3层;30包", "箱", 5_990, 3_600),
    good("GIFT-TOTE", "GIFT", "帆布袋(赠品)", "", "个", 0, 90),
    good("GIFT-CARD", "GIFT", "手写卡片(赠品)", "", "张", 0, 5),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_and_goods_have_one_number_each() {
        let shops: std::collections::BTreeSet<_> = SHOPS.iter().map(|shop| shop.id).collect();
        let goods: std::collections::BTreeSet<_> = GOODS.iter().map(|good| good.sku_id).collect();
        assert_eq!((shops.len(), goods.len()), (SHOPS.len(), GOODS.len()));
    }
}
