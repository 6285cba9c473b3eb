//! SAL_OUTSTOCK, 销售出库单 (protocols/kingdee.md 3.7).

use super::forms::Kind::{Base, Choice, Date, Decimal, Flag, Integer, Opaque, Text};
use super::forms::{Field, Form, Group, Rule};

pub const ORGANISATION: &str = "ORG_Organizations";
pub const CUSTOMER: &str = "BD_Customer";
pub const OWNER_TYPES: &[(&str, &str)] =
    &[("BD_OwnerOrg", "业务组织"), ("BD_Customer", "客户"), ("BD_Supplier", "供应商")];
pub const ROW_TYPES: &[(&str, &str)] =
    &[("Standard", "标准产品"), ("Service", "服务"), ("Parent", "套件父项"), ("Son", "套件子项")];

/// The form.
pub const SAL_OUTSTOCK: Form = Form {
    id: "SAL_OUTSTOCK",
    caption: "销售出库单",
    prefix: "XSCKD",
    head: HEAD,
    sub_heads: &[Group {
        key: "SubHeadEntity", caption: "财务信息", fields: FINANCE, required: false, parent: None
    }],
    entities: &[Group { key: "FEntity", caption: "明细信息", fields: ENTRY, required: true, parent: None }],
};

const HEAD: &[Field] = &[
    Field::new("FBillTypeID", "单据类型", Base("BOS_BillType")).ruled(Rule::Required),
    Field::new("FDate", "日期", Date).ruled(Rule::Required),
    Field::new("FSaleOrgId", "销售组织", Base(ORGANISATION)).ruled(Rule::Required),
    Field::new("FCustomerID", "客户", Base(CUSTOMER)).ruled(Rule::Required),
    Field::new("FStockOrgId", "发货组织", Base(ORGANISATION)).ruled(Rule::Required),
    Field::new("FReceiverID", "收货方", Base(CUSTOMER)),
    Field::new("FSettleID", "结算方", Base(CUSTOMER)),
    Field::new("FPayerID", "付款方", Base(CUSTOMER)),
    Field::new("FSaleDeptID", "销售部门", Base("BD_Department")),
    Field::new("FSalesManID", "销售员", Base("BD_Saler")),
    Field::new("FStockerID", "仓管员", Base("BD_WAREHOUSEWORKERS")),
    Field::new("FDeliveryDeptID", "发货部门", Base("BD_Department")),
    Field::new("FCarrierID", "承运商", Base("BD_Supplier")),
    Field::new("FCarriageNO", "运输单号", Text),
    Field::new("FReceiveAddress", "收货方地址", Text),
    Field::new("FHeadNote", "整单备注", Text),
    Field::new("FNote", "备注", Text),
    Field::new("FBussinessType", "业务类型", Text),
    Field::new("FOwnerTypeIdHead", "货主类型", Choice(OWNER_TYPES)),
    Field::new("FOwnerIdHead", "货主", Base(ORGANISATION)),
    // Fields a customer's tenant added: an external key and a remark.
    Field::new("F_DF_KEY", "外部系统标识", Text),
    Field::new("F_DF_Remark", "外部系统备注", Text),
];

const FINANCE: &[Field] = &[
    Field::new("FSettleCurrID", "结算币别", Base("BD_Currency")),
    Field::new("FSettleOrgID", "结算组织", Base(ORGANISATION)),
    Field::new("FSettleTypeID", "结算方式", Base("BD_SETTLETYPE")),
    Field::new("FReceiptConditionID", "收款条件", Base("BD_RecCondition")),
    Field::new("FIsIncludedTax", "是否含税", Flag),
    Field::new("FLocalCurrID", "本位币", Base("BD_Currency")),
    Field::new("FExchangeTypeID", "汇率类型", Base("BD_RateType")),
    Field::new("FExchangeRate", "汇率", Decimal),
    Field::new("FAllDisCount", "整单折扣额", Decimal),
];

const ENTRY: &[Field] = &[
    Field::new("FRowType", "产品类型", Choice(ROW_TYPES)),
    Field::new("FMaterialID", "物料编码", Base("BD_MATERIAL")).ruled(Rule::LineKey),
    Field::new("FUnitID", "库存单位", Base("BD_UNIT")),
    Field::new("FMustQty", "应发数量", Decimal),
    Field::new("FRealQty", "实发数量", Decimal).ruled(Rule::Required),
    Field::new("FPrice", "单价", Decimal),
    Field::new("FTaxPrice", "含税单价", Decimal),
    Field::new("FIsFree", "是否赠品", Flag),
    Field::new("FEntryTaxRate", "税率%", Decimal),
    Field::new("FAmount", "金额", Decimal),
    Field::new("FAllAmount", "价税合计", Decimal),
    Field::new("FTaxCombination", "税组合", Base("BD_TaxMix")),
    Field::new("FStockID", "仓库", Base("BD_STOCK")).ruled(Rule::Required),
    Field::new("FStockLocID", "仓位", Opaque),
    Field::new("FStockStatusID", "库存状态", Base("BD_StockStatus")),
    Field::new("FLot", "批号", Base("BD_BatchMainFile")),
    Field::new("FProduceDate", "生产日期", Date),
    Field::new("FExpiryDate", "有效期至", Date),
    Field::new("FOwnerTypeID", "货主类型", Choice(OWNER_TYPES)),
    Field::new("FOwnerID", "货主", Base(ORGANISATION)),
    Field::new("FBaseUnitQty", "库存基本数量", Decimal),
    Field::new("FSALUNITQTY", "销售数量", Decimal),
    Field::new("FSalBaseQty", "销售基本数量", Decimal),
    Field::new("FPRICEBASEQTY", "计价基本数量", Decimal),
    Field::new("FEntrynote", "备注", Text),
    Field::new("FSrcType", "源单类型", Text),
    Field::new("FSrcBillNo", "源单编号", Text),
    Field::new("FSoorDerno", "订单单号", Text),
    Field::new("FSOEntryId", "销售订单EntryId", Integer),
    Field::new("FOUTCONTROL", "超发控制", Flag),
    Field::new("FEntity_Link", "关联关系表", Opaque),
];
