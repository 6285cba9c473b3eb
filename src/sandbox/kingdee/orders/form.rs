//! SAL_SaleOrder, 销售订单 (protocols/kingdee.md 3.8): every field that the integration of changed orders asks for,
//! and what this tenant added.

use super::super::base_data::USER;
use super::super::forms::Kind::{Base, Choice, Date, DateTime, Decimal, Flag, Integer, Text};
use super::super::forms::{Field, Form, Group, Rule};
use super::super::outstock::{CUSTOMER, ORGANISATION};
use super::entry::ENTRY;

/// The entry of the goods.
pub const LINES: usize = 0;
/// The instalments of the payment.
pub const INSTALMENTS: usize = 1;
/// The deliveries of a line.
pub const DELIVERIES: usize = 2;

const CLOSE_STATUSES: &[(&str, &str)] = &[("A", "未关闭"), ("B", "已关闭")];
const SIGN_STATUSES: &[(&str, &str)] = &[("A", "未签收"), ("B", "已签收")];
const BUSINESS_TYPES: &[(&str, &str)] = &[("NORMAL", "普通销售"), ("CONSIGNMENT", "寄售"), ("RETAIL", "零售")];

/// The form.
pub const SAL_SALE_ORDER: Form = Form {
    id: "SAL_SaleOrder",
    caption: "销售订单",
    prefix: "XSDD",
    head: HEAD,
    sub_heads: &[Group {
        key: "FSaleOrderFinance",
        caption: "财务信息",
        fields: FINANCE,
        required: false,
        parent: None,
    }],
    entities: &[
        Group { key: "FSaleOrderEntry", caption: "订单明细", fields: ENTRY, required: true, parent: None },
        Group { key: "FSaleOrderPlan", caption: "收款计划", fields: INSTALMENT, required: false, parent: None },
        Group {
            key: "FOrderEntryPlan", caption: "交货明细", fields: DELIVERY, required: false, parent: Some(LINES)
        },
    ],
};

const HEAD: &[Field] = &[
    Field::new("FBillTypeID", "单据类型", Base("BOS_BillType")).ruled(Rule::Required),
    Field::new("FBusinessType", "业务类型", Choice(BUSINESS_TYPES)).starting("NORMAL"),
    Field::new("FDate", "日期", Date).ruled(Rule::Required),
    Field::new("FSaleOrgId", "销售组织", Base(ORGANISATION)).ruled(Rule::Required),
    Field::new("FCustId", "客户", Base(CUSTOMER)).ruled(Rule::Required),
    Field::new("FSaleDeptId", "销售部门", Base("BD_Department")),
    Field::new("FSaleGroupId", "销售组", Base("BD_OPERATORGROUP")),
    Field::new("FSalerId", "销售员", Base("BD_Saler")),
    Field::new("FReceiveId", "收货方", Base(CUSTOMER)),
    Field::new("FSettleId", "结算方", Base(CUSTOMER)),
    Field::new("FSettleAddress", "结算方地址", Text),
    Field::new("FChargeId", "付款方", Base(CUSTOMER)),
    Field::new("FHeadDeliveryWay", "交货方式", Base("BOS_ASSISTANTDATA_DETAIL")),
    Field::new("FReceiveAddress", "收货方地址", Text),
    Field::new("FHEADLOCID", "交货地点", Base("BD_CustLocation")),
    Field::new("FReceiveContact", "收货方联系人", Base("BD_CommonContact")),
    Field::new("FLINKMAN", "收货人姓名", Text),
    Field::new("FLINKPHONE", "联系电话", Text),
    Field::new("FNote", "备注", Text),
    Field::new("FSignStatus", "签收状态", Choice(SIGN_STATUSES)).starting("A"),
    Field::new("FManualClose", "是否手工关闭", Flag),
    Field::new("FSOFrom", "订单来源", Text),
    Field::new("FNetOrderBillNo", "移动订单号", Text),
    Field::new("FIsDirectChange", "直接变更", Flag),
    Field::new("FXPKID", "变更单内码", Integer).ruled(Rule::Kept),
    Field::new("FCloseStatus", "关闭状态", Choice(CLOSE_STATUSES)).ruled(Rule::Kept).starting("A"),
    Field::new("FCloserId", "关闭人", Base(USER)).ruled(Rule::Kept),
    Field::new("FCloseDate", "关闭日期", DateTime).ruled(Rule::Kept),
    Field::new("FVersionNo", "版本号", Text).ruled(Rule::Kept).starting("000"),
    Field::new("FChangerId", "变更人", Base(USER)).ruled(Rule::Kept),
    Field::new("FChangeDate", "变更日期", DateTime).ruled(Rule::Kept),
    Field::new("FChangeReason", "变更原因", Text).ruled(Rule::Kept),
    // What the tenant added: the number of the order in the CRM, written back, and the fees and rebates.
    Field::new("F_PAEZ_OKKIID", "OKKI订单ID", Text),
    Field::new("F_PAEZ_WLF", "物流费", Decimal),
    Field::new("F_PAEZ_Q1FL", "Q1返利", Decimal),
    Field::new("F_PAEZ_Q2FL", "Q2返利", Decimal),
    Field::new("F_PAEZ_Q3FL", "Q3返利", Decimal),
    Field::new("F_PAEZ_Q4FL", "Q4返利", Decimal),
    Field::new("F_PAEZ_NDFL", "年度返利", Decimal),
    Field::new("F_PAEZ_SHF", "售后费", Decimal),
    Field::new("F_PAEZ_QF", "前返", Decimal),
    Field::new("F_PAEZ_CYBT", "出样补贴", Decimal),
];

const FINANCE: &[Field] = &[
    Field::new("FSettleCurrId", "结算币别", Base("BD_Currency")),
    Field::new("FLocalCurrId", "本位币", Base("BD_Currency")),
    Field::new("FExchangeTypeId", "汇率类型", Base("BD_RateType")),
    Field::new("FExchangeRate", "汇率", Decimal),
    Field::new("FIsIncludedTax", "是否含税", Flag),
    Field::new("FIsPriceExcludeTax", "价外税", Flag),
    Field::new("FRecConditionId", "收款条件", Base("BD_RecCondition")),
    Field::new("FSettleModeId", "结算方式", Base("BD_SETTLETYPE")),
    Field::new("FBillAmount", "金额", Decimal),
    Field::new("FBillTaxAmount", "税额", Decimal),
    Field::new("FBillAllAmount", "价税合计", Decimal),
    Field::new("FBillAllAmount_LC", "价税合计（本位币）", Decimal),
];

const INSTALMENT: &[Field] = &[
    Field::new("FRecAdvanceRate", "应收比例%", Decimal),
    Field::new("FRecAdvanceAmount", "应收金额", Decimal),
    Field::new("FMustDate", "到期日", Date),
    Field::new("FNeedRecAdvance", "是否预收", Flag),
];

const DELIVERY: &[Field] = &[
    Field::new("FPlanDate", "要货日期", Date),
    Field::new("FPlanDeliveryDate", "计划发货日期", Date),
    Field::new("FPlanQty", "数量", Decimal),
];
