//! Base data that sales orders name, with names and properties.

use crate::sandbox::goods::GOODS;
use crate::sandbox::partners::{CUSTOMERS, Customer, DEPARTMENTS, SALESMEN};

use super::super::base_data::{BaseData, USER};
use super::super::outstock::{CUSTOMER, ORGANISATION};

/// The organisation that sells.
pub const SELLER: &str = "100";
/// The kind of users' bills.
pub const BILL_TYPE: &str = "XSDD01_SYS";
/// Who approves orders.
pub const APPROVER: (&str, &str) = ("shenhe", "审核员");

/// Makes all of it known.
pub fn register(base: &mut BaseData) {
    for (kind, number, name) in [
        (ORGANISATION, SELLER, "江南示例贸易有限公司"),
        ("BOS_BillType", BILL_TYPE, "标准销售订单"),
        ("BD_Currency", "PRE001", "人民币"),
        ("BD_Currency", "PRE007", "美元"),
        ("BD_RateType", "HLTX01_SYS", "固定汇率"),
        ("BD_RecCondition", "SKTJ01_SYS", "货到收款"),
        ("BOS_ASSISTANTDATA_DETAIL", "JHFS01_SYS", "发货"),
        ("BD_STOCK", "CK001", "成品仓"),
        (USER, APPROVER.0, APPROVER.1),
    ] {
        base.register(kind, number, name);
    }
    for customer in &CUSTOMERS {
        base.register(CUSTOMER, customer.number, customer.name);
        let place = base.register("BD_CustLocation", &location(customer), customer.name);
        base.describe(place, "FADDRESS", &address(customer));
        base.describe(place, "FTCONTACT", customer.contact);
        base.describe(place, "FTEL", customer.phone);
    }
    for salesman in &SALESMEN {
        base.register("BD_Saler", salesman.number, salesman.name);
        base.register(USER, salesman.number, salesman.name);
    }
    for department in &DEPARTMENTS {
        base.register("BD_Department", department.number, department.name);
    }
    for good in &GOODS {
        let material = base.register("BD_MATERIAL", good.sku_id, good.name);
        base.describe(material, "FSpecification", good.properties);
        base.describe(material, "FCategoryID", if good.price == 0 { "赠品" } else { "产成品" });
        base.register("BD_UNIT", good.unit, good.unit);
    }
}

/// The number of a customer's place of delivery.
pub fn location(customer: &Customer) -> String {
    format!("{}-JH01", customer.number)
}

/// Where a customer's goods go.
pub fn address(customer: &Customer) -> String {
    format!("{} {} 1号库", customer.country, customer.name)
}
