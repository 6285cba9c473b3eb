//! The base data: companies of every customer, products of every good, users of every salesman, departments by
//! name, and what traps the naive: a doubled name, the public pool, several skus, a frozen user, department 0.

use std::time::Duration;

use crate::clock::Time;
use crate::decimal::Decimal;
use crate::sandbox::goods::{GOODS, Good};
use crate::sandbox::partners::{CUSTOMERS, Customer, DEPARTMENTS, SALESMEN, Salesman};

use super::catalog::{Catalog, Entry};
use super::company::{Company, Contact};
use super::knobs::Knobs;
use super::product::{Kind, Product};
use super::user::{Department, User};

/// The user whom tokens belong to.
pub const OWNER: u64 = 55_011_858_711;

const FIRST_COMPANY: u64 = 56_657_420_945_678;
const FIRST_PRODUCT: u64 = 5_495_743_811;
/// Room for contacts behind a company's id and for skus behind a product's.
const STEP: u64 = 10;
const FIRST_DEPARTMENT: u64 = 148;
/// The oldest base data was changed so long ago.
const OLDEST: Duration = Duration::from_secs(30 * 86_400);

/// Everything that look-ups find.
#[derive(Debug, Default)]
pub struct Directory {
    /// 客户.
    pub companies: Catalog<Company>,
    /// 产品.
    pub products: Catalog<Product>,
    /// 用户.
    pub users: Catalog<User>,
    /// 部门.
    pub departments: Vec<Department>,
}

impl Directory {
    /// The base data of a seed; `without` and `extra` are the switches'.
    pub fn new(now: Time, knobs: &Knobs) -> Self {
        let mut all = Self::default();
        all.departments.push(Department { id: 0, name: "我的企业".to_owned() });
        for (at, department) in DEPARTMENTS.iter().enumerate() {
            all.departments.push(Department { id: FIRST_DEPARTMENT + at as u64, name: department.name.to_owned() });
        }
        let born = now.minus(OLDEST);
        let admin = User { id: OWNER, employee_no: String::new(), ..all.user("", "接口账号", 0, born) };
        all.users.put(admin);
        let numbers = SALESMEN.iter().map(|one| one.number).chain(["S099"]);
        let numbers = numbers.chain(CUSTOMERS.iter().map(|one| one.number)).chain(["CUST9001", "CUST9002"]);
        let numbers = numbers.chain(GOODS.iter().map(|one| one.sku_id)).chain(["Z900", "Z901-SET"]);
        for number in numbers.filter(|number| !knobs.without.iter().any(|one| one == number)) {
            all.add_known(number, born);
        }
        for at in 1..=knobs.extra {
            let company = all.company(&format!("EXT{at:05}"), born);
            all.companies.put(company);
            let product = all.product(&format!("EXT-{at:05}"), born);
            all.products.put(product);
        }
        all
    }

    /// Adds what the lists know by this number.
    fn add_known(&mut self, number: &str, now: Time) {
        if is_user(number) {
            let user = self.user_of(number, now);
            self.users.put(user);
        } else if number.starts_with("CUST") {
            let company = self.company(number, now);
            self.companies.put(company);
        } else {
            let product = self.product(number, now);
            self.products.put(product);
        }
    }

    /// A company by its number: that of the customer, or a new one.
    pub fn company(&self, serial_id: &str, now: Time) -> Company {
        let known = CUSTOMERS.iter().position(|one| one.number == serial_id);
        let id = match (known, serial_id) {
            (Some(at), _) => FIRST_COMPANY + at as u64 * STEP,
            (None, "CUST9001") => FIRST_COMPANY + 90 * STEP,
            (None, "CUST9002") => FIRST_COMPANY + 91 * STEP,
            _ => after(&self.companies, FIRST_COMPANY + 100 * STEP),
        };
        let customer = known.and_then(|at| CUSTOMERS.get(at)).copied().unwrap_or(match serial_id {
            "CUST9001" => Customer { number: "CUST9001", contact: "周末", phone: "13900009001", ..CUSTOMERS[0] },
            "CUST9002" => Customer { name: "公海客户有限公司", ..CUSTOMERS[1] },
            _ => Customer { name: "", contact: "联系人", phone: "", country: "CN", ..CUSTOMERS[0] },
        });
        let contact = Contact {
            id: id + 1,
            name: customer.contact.to_owned(),
            phone: customer.phone.to_owned(),
            email: format!("{}@sandbox.example", serial_id.to_lowercase()),
        };
        Company {
            id,
            serial_id: serial_id.to_owned(),
            name: if customer.name.is_empty() { format!("客户{serial_id}") } else { customer.name.to_owned() },
            country: customer.country.to_owned(),
            is_public: serial_id == "CUST9002",
            contacts: vec![contact],
            owner: OWNER,
            removed: false,
            created: now,
            updated: now,
        }
    }

    /// A product by its number: that of the good, or a new one.
    pub fn product(&self, number: &str, now: Time) -> Product {
        let known = GOODS.iter().position(|one| one.sku_id == number);
        let id = match (known, number) {
            (Some(at), _) => FIRST_PRODUCT + at as u64 * STEP,
            (None, "Z900") => FIRST_PRODUCT + 90 * STEP,
            (None, "Z901-SET") => FIRST_PRODUCT + 91 * STEP,
            _ => after(&self.products, FIRST_PRODUCT + 100 * STEP),
        };
        let good = known.and_then(|at| GOODS.get(at)).copied().unwrap_or(Good {
            name: "",
            properties: "",
            unit: "个",
            price: 1_000,
            ..GOODS[0]
        });
        let (kind, codes) = match number {
            "Z900" => (Kind::MultiSpec, ["Z900-S", "Z900-M", "Z900-L"].map(str::to_owned).to_vec()),
            "Z901-SET" => {
                let part = |at: u64, count| (FIRST_PRODUCT + at * STEP, FIRST_PRODUCT + at * STEP + 1, count);
                (Kind::Combo(vec![part(0, 1), part(7, 2)]), vec![number.to_owned()])
            }
            _ => (Kind::Plain, vec![number.to_owned()]),
        };
        Product {
            id,
            number: number.to_owned(),
            name: if good.name.is_empty() { format!("产品{number}") } else { good.name.to_owned() },
            model: good.properties.to_owned(),
            unit: good.unit.to_owned(),
            price: Decimal::from_i64(i64::try_from(good.price).unwrap_or(0)).times(&cent()),
            kind,
            skus: codes.into_iter().zip(id + 1..).map(|(code, id)| (id, code)).collect(),
            removed: false,
            created: now,
            updated: now,
        }
    }

    /// A user by number: the salesman, the frozen one, or a new one.
    pub fn user_of(&self, employee_no: &str, now: Time) -> User {
        match SALESMEN.iter().position(|one| one.number == employee_no) {
            Some(at) => {
                let Salesman { name, department, .. } = SALESMEN[at];
                let place = DEPARTMENTS.iter().position(|one| one.number == department).unwrap_or(0);
                let user = self.user(employee_no, name, FIRST_DEPARTMENT + place as u64, now);
                User { id: OWNER + 1 + at as u64, ..user }
            }
            None if employee_no == "S099" => {
                let user = self.user(employee_no, "冻结用户", FIRST_DEPARTMENT, now);
                User { id: OWNER + 99, enable_flag: 0, ..user }
            }
            None => self.user(employee_no, &format!("用户{employee_no}"), 0, now),
        }
    }

    fn user(&self, employee_no: &str, name: &str, department: u64, now: Time) -> User {
        User {
            id: after(&self.users, OWNER + 1_000),
            employee_no: employee_no.to_owned(),
            name: name.to_owned(),
            department,
            enable_flag: 1,
            updated: now,
        }
    }

    /// A department's name; blank if there is none.
    pub fn department_name(&self, id: u64) -> &str {
        self.departments.iter().find(|one| one.id == id).map_or("", |one| one.name.as_str())
    }

    /// Whether the company, if it is named, has this contact.
    pub fn has_contact(&self, company: Option<u64>, customer: u64) -> bool {
        // A contact's id lies behind its company's.
        let owner = company.unwrap_or(customer.saturating_sub(1));
        self.companies.get(owner).is_some_and(|one| one.contacts.iter().any(|contact| contact.id == customer))
    }
}

fn is_user(number: &str) -> bool {
    number == "S099" || SALESMEN.iter().any(|one| one.number == number)
}

fn cent() -> Decimal {
    Decimal::parse("0.01").unwrap_or_else(Decimal::zero)
}

/// The next id of new base data.
fn after<T: Entry>(catalog: &Catalog<T>, least: u64) -> u64 {
    catalog.last_id().map_or(least, |last| (last + STEP).max(least))
}
