//! Customers, salesmen and departments of the simulated company: base data of its ERP, and companies, users and
//! departments of its CRM, found there by the same numbers.

/// A customer.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    /// 客户编码; the company's `serial_id` in the CRM.
    pub number: &'static str,
    /// 客户名称.
    pub name: &'static str,
    /// Contact person.
    pub contact: &'static str,
    /// The contact's telephone.
    pub phone: &'static str,
    /// ISO-2 code of the country.
    pub country: &'static str,
    /// Number of the currency at Kingdee: `PRE001` CNY, `PRE007` USD.
    pub currency: &'static str,
}

/// A salesman.
#[derive(Debug, Clone, Copy)]
pub struct Salesman {
    /// 销售员编码; the user's `employee_no` in the CRM.
    pub number: &'static str,
    /// Name.
    pub name: &'static str,
    /// Number of the department.
    pub department: &'static str,
}

/// A department.
#[derive(Debug, Clone, Copy)]
pub struct Department {
    /// 部门编码.
    pub number: &'static str,
    /// 部门名称; the same in the CRM, which knows no numbers of departments.
    pub name: &'static str,
}

const fn customer(
    number: &'static str,
    name: &'static str,
    contact: &'static str,
    phone: &'static str,
    country: &'static str,
    currency: &'static str,
) -> Customer {
    Customer { number, name, contact, phone, country, currency }
}

/// Every customer.
pub const CUSTOMERS: [Customer; 10] = [
    customer("CUST0001", "南京云锦贸易有限公司", "李四", "13900000001", "CN", "PRE001"),
    customer("CUST0002", "杭州西湖茶业有限公司", "王芳", "13900000002", "CN", "PRE001"),
    customer("CUST0003", "深圳前海数码有限公司", "陈强", "13900000003", "CN", "PRE001"),
    customer("CUST0004", "Nordlicht Handels GmbH", "Anna Keller", "+49 30 5550001", "DE", "PRE007"),
    customer("CUST0005", "Blue Harbor Trading LLC", "James O'Neil", "+1 555 0100", "US", "PRE007"),
    customer("CUST0006", "上海\"海派\"服饰有限公司", "赵敏", "13900000006", "CN", "PRE001"),
    customer("CUST0007", "Casa Lima S.A.C.", "Lucía Díaz", "+51 1 5550107", "PE", "PRE007"),
    customer("CUST0008", "广州白云日化有限公司", "黄伟", "13900000008", "CN", "PRE001"),
    customer("CUST0009", "北京首都文具有限公司", "刘洋", "13900000009", "CN", "PRE001"),
    customer("CUST0010", "成都天府食品有限公司", "何静", "13900000010", "CN", "PRE001"),
];

/// Every salesman.
pub const SALESMEN: [Salesman; 4] = [
    Salesman { number: "S001", name: "周杰", department: "D01" },
    Salesman { number: "S002", name: "吴倩", department: "D01" },
    Salesman { number: "S003", name: "郑凯", department: "D02" },
    Salesman { number: "S004", name: "孙丽", department: "D02" },
];

/// Every department.
pub const DEPARTMENTS: [Department; 2] =
    [Department { number: "D01", name: "内贸部" }, Department { number: "D02", name: "外贸部" }];
