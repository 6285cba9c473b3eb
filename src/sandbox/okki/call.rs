//! Which call a path names, and what it was asked with.

use std::collections::HashMap;

use url::form_urlencoded;

use crate::sandbox::wire::Request;

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named by their paths below")]
pub enum Call {
    AccessToken,
    RefreshToken,
    OrderPush,
    OrderInfo,
    OrderList,
    OrderFields,
    OrderEnums,
    OrderRemove,
    CompanyInfo,
    CompanyQuery,
    CompanyList,
    ProductInfo,
    ProductList,
    UserList,
    DepartmentList,
}

/// Path and method of each call.
const CALLS: [(&str, &str, Call); 15] = [
    ("/v1/oauth2/access_token", "POST", Call::AccessToken),
    ("/v1/oauth2/refresh_token", "POST", Call::RefreshToken),
    ("/v1/invoices/order/push", "POST", Call::OrderPush),
    ("/v1/invoices/order/info", "GET", Call::OrderInfo),
    ("/v1/invoices/order/list", "GET", Call::OrderList),
    ("/v1/invoices/order/fields", "GET", Call::OrderFields),
    ("/v1/invoices/order/orderEnums", "GET", Call::OrderEnums),
    ("/v1/invoices/order/remove", "POST", Call::OrderRemove),
    ("/v1/company/info", "GET", Call::CompanyInfo),
    ("/v1/company/query", "GET", Call::CompanyQuery),
    ("/v1/company/list", "GET", Call::CompanyList),
    ("/v1/product/info", "GET", Call::ProductInfo),
    ("/v1/product/list", "GET", Call::ProductList),
    ("/v1/user/list", "GET", Call::UserList),
    ("/v1/user/departmentList", "GET", Call::DepartmentList),
];

impl Call {
    /// The names of all calls: their paths.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CALLS.iter().map(|(path, ..)| *path)
    }

    /// The call of a path, its method, and its name for faults and ledger (the path).
    pub fn of(path: &str) -> Option<(Self, &'static str, &'static str)> {
        CALLS.iter().find(|(known, ..)| *known == path).map(|(path, method, call)| (*call, *method, *path))
    }

    /// The scope that it needs.
    pub fn scope(self) -> &'static str {
        match self {
            Self::CompanyInfo | Self::CompanyQuery | Self::CompanyList => "company",
            Self::ProductInfo | Self::ProductList => "product",
            Self::UserList | Self::DepartmentList => "user",
            Self::AccessToken | Self::RefreshToken => "",
            Self::OrderPush
            | Self::OrderInfo
            | Self::OrderList
            | Self::OrderFields
            | Self::OrderEnums
            | Self::OrderRemove => "invoices",
        }
    }

    /// Whether it pages.
    pub fn is_list(self) -> bool {
        matches!(self, Self::OrderList | Self::CompanyList | Self::ProductList)
    }
}

/// Parameters of the query string; blank ones are not given.
#[derive(Debug, Default)]
pub struct Params(HashMap<String, String>);

impl Params {
    /// Reads them.
    pub fn read(request: &Request) -> Self {
        let pairs = form_urlencoded::parse(request.query.as_bytes()).into_owned();
        Self(pairs.map(|(name, value)| (name, value.trim().to_owned())).filter(|(_, v)| !v.is_empty()).collect())
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
