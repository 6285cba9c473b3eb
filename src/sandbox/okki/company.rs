//! A company (客户) with its contacts, as the CRM tells it (protocols/okki.md 7).

use serde_json::{Value, json};

use crate::clock::{Time, Zone};

use super::catalog::Entry;

/// A contact person.
#[derive(Debug, Clone)]
pub struct Contact {
    /// `customer_id`.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: String,
    /// E-mail.
    pub email: String,
}

/// A company.
#[derive(Debug, Clone)]
pub struct Company {
    /// `company_id`.
    pub id: u64,
    /// `serial_id`, the ERP's customer code.
    pub serial_id: String,
    /// Name; not unique.
    pub name: String,
    /// ISO-2 code.
    pub country: String,
    /// In the public pool (公海): nobody owns it.
    pub is_public: bool,
    /// The first is the main one.
    pub contacts: Vec<Contact>,
    /// Who owns it.
    pub owner: u64,
    /// Removed to the recycle bin.
    pub removed: bool,
    /// When it came.
    pub created: Time,
    /// When it was changed last.
    pub updated: Time,
}

impl Entry for Company {
    fn id(&self) -> u64 {
        self.id
    }

    fn number(&self) -> &str {
        &self.serial_id
    }

    fn updated(&self) -> Time {
        self.updated
    }

    fn is_live(&self) -> bool {
        !self.removed
    }
}

impl Company {
    fn short_name(&self) -> String {
        self.name.chars().take(4).collect()
    }

    /// A row of company/list.
    pub fn row(&self, zone: &Zone) -> Value {
        let user = if self.is_public { String::new() } else { self.owner.to_string() };
        json!({
            "company_id": self.id, "user_id": user, "name": self.name, "short_name": self.short_name(),
            "serial_id": self.serial_id, "order_time": zone.print(self.updated),
            "create_time": zone.print(self.created), "update_time": zone.print(self.updated),
            "create_user": self.owner, "last_edit_user": self.owner, "archive_type": 1,
            "edit_time": zone.print(self.updated),
        })
    }

    /// A row of company/query.
    pub fn hit(&self) -> Value {
        json!({
            "serial_id": self.serial_id, "company_id": self.id.to_string(), "is_public": u8::from(self.is_public),
            "name": self.name, "short_name": self.short_name(),
        })
    }

    /// The answer of company/info; an absent status is an empty list.
    pub fn info(&self, zone: &Zone) -> Value {
        let contacts: Vec<Value> = self.contacts.iter().enumerate().map(|(at, one)| one.info(self.id, at)).collect();
        let owner = if self.is_public { json!([]) } else { json!([{ "user_id": self.owner, "nickname": "" }]) };
        json!({
            "company_id": self.id, "name": self.name, "short_name": self.short_name(), "serial_id": self.serial_id,
            "order_time": "1970-01-01 00:00:00", "create_time": zone.print(self.created),
            "create_user": self.owner.to_string(), "update_time": zone.print(self.updated),
            "last_edit_user": self.owner, "archive_type": 1, "country": self.country, "province": "", "city": "",
            "trail_status": [], "origin": 0, "homepage": "", "fax": "", "tel": [], "address": "",
            "customers": contacts, "remark": "", "owner": owner,
        })
    }
}

impl Contact {
    fn info(&self, company: u64, at: usize) -> Value {
        json!({
            "customer_id": self.id, "company_id": company.to_string(), "name": self.name, "email": self.email,
            "tel_list": [["", self.phone]], "post_grade": 0, "post": "", "contact": [], "gender": 0, "remark": "",
            "main_customer_flag": u8::from(at == 0), "external_field_data": [],
        })
    }
}
