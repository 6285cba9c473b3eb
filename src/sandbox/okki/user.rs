//! Users and departments, as the CRM tells them (protocols/okki.md 7).

use serde_json::{Value, json};

use crate::clock::Time;

use super::catalog::Entry;

/// A department. 0 is "我的企业".
#[derive(Debug, Clone)]
pub struct Department {
    /// `department_id`.
    pub id: u64,
    /// Name.
    pub name: String,
}

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// `user_id`.
    pub id: u64,
    /// 员工编号, the ERP's salesman code; often blank.
    pub employee_no: String,
    /// Name.
    pub name: String,
    /// The department's id.
    pub department: u64,
    /// 0 frozen, 1 normal, 2 removed.
    pub enable_flag: u8,
    /// When it was changed last.
    pub updated: Time,
}

impl Entry for User {
    fn id(&self) -> u64 {
        self.id
    }

    fn number(&self) -> &str {
        &self.employee_no
    }

    fn updated(&self) -> Time {
        self.updated
    }

    fn is_live(&self) -> bool {
        self.enable_flag != 2
    }
}

impl User {
    /// An element of user/list. Department 0 is a number, every other one a text.
    pub fn row(&self, department_name: &str) -> Value {
        let department = if self.department == 0 { json!(0) } else { json!(self.department.to_string()) };
        json!({
            "user_id": self.id.to_string(), "email": format!("u{}@sandbox.example", self.id), "nickname": self.name,
            "gender": "0", "position": "", "enable_flag": self.enable_flag.to_string(), "user_mobile": "",
            "employee_no": self.employee_no,
            "departments": [{ "department_id": department, "department_name": department_name }],
            "full_name": self.name, "department_name": department_name, "department_id": self.department,
        })
    }
}
