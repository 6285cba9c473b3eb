//! Control `/edit` of base data: companies, products, users and departments come, change and go while somebody reads.

use serde_json::{Map, Value};

use crate::clock::Time;
use crate::decimal::Decimal;

use super::catalog::Entry;
use super::directory::Directory;
use super::user::Department;
use super::value::{id, member, text};

/// `{ company: …, product: …, user: …, department: … }`, each one object or a list: `serial_id`, `product_no`,
/// `employee_no` or `name` says which one. It is made if unknown (with the lists' own values, if they know the
/// number), changed by the other fields, taken away by `removed: true`. Answers the numbers.
pub fn edit(all: &mut Directory, set: &Map<String, Value>, now: Time) -> Result<Vec<String>, String> {
    let mut edited = Vec::new();
    for (kind, given) in set {
        let list = match given {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        for one in list {
            let fields = one.as_object().ok_or_else(|| format!("`{kind}` is an object or a list of objects"))?;
            edited.push(match kind.as_str() {
                "company" => company(all, fields, now)?,
                "product" => product(all, fields, now)?,
                "user" => user(all, fields, now)?,
                "department" => department(all, fields)?,
                _ => {
                    return Err(format!("no base data `{kind}`; there are `company`, `product`, `user`, `department`"));
                }
            });
        }
    }
    Ok(edited)
}

fn company(all: &mut Directory, fields: &Map<String, Value>, now: Time) -> Result<String, String> {
    let serial_id = allowed(fields, "serial_id", &["name", "country", "is_public", "contact", "phone", "removed"])?;
    let mut one = all.companies.any_by_number(&serial_id).cloned().unwrap_or_else(|| all.company(&serial_id, now));
    replace(&mut one.name, fields, "name");
    replace(&mut one.country, fields, "country");
    if let Some(main) = one.contacts.first_mut() {
        replace(&mut main.name, fields, "contact");
        replace(&mut main.phone, fields, "phone");
    }
    one.is_public = flag(fields, "is_public").unwrap_or(one.is_public);
    one.removed = flag(fields, "removed").unwrap_or(false);
    one.updated = now;
    all.companies.put(one);
    Ok(serial_id)
}

fn product(all: &mut Directory, fields: &Map<String, Value>, now: Time) -> Result<String, String> {
    let number = allowed(fields, "product_no", &["name", "model", "unit", "price", "removed"])?;
    let mut one = all.products.any_by_number(&number).cloned().unwrap_or_else(|| all.product(&number, now));
    replace(&mut one.name, fields, "name");
    replace(&mut one.model, fields, "model");
    replace(&mut one.unit, fields, "unit");
    if let Some(price) = member(fields, "price") {
        one.price = Decimal::parse(&price).ok_or_else(|| format!("`price` is a number, not `{price}`"))?;
    }
    one.removed = flag(fields, "removed").unwrap_or(false);
    one.updated = now;
    all.products.put(one);
    Ok(number)
}

fn user(all: &mut Directory, fields: &Map<String, Value>, now: Time) -> Result<String, String> {
    let number = allowed(fields, "employee_no", &["name", "department_id", "enable_flag", "removed"])?;
    let mut one = all.users.any_by_number(&number).cloned().unwrap_or_else(|| all.user_of(&number, now));
    if !one.is_live() {
        one.enable_flag = 1;
    }
    replace(&mut one.name, fields, "name");
    one.department = id(fields, "department_id").unwrap_or(one.department);
    if let Some(enable_flag) = id(fields, "enable_flag") {
        one.enable_flag =
            u8::try_from(enable_flag).ok().filter(|flag| *flag <= 2).ok_or("`enable_flag` is 0, 1 or 2")?;
    }
    if flag(fields, "removed") == Some(true) {
        one.enable_flag = 2;
    }
    one.updated = now;
    all.users.put(one);
    Ok(number)
}

fn department(all: &mut Directory, fields: &Map<String, Value>) -> Result<String, String> {
    let name = allowed(fields, "name", &["removed"])?;
    let known = all.departments.iter().any(|one| one.name == name);
    if flag(fields, "removed") == Some(true) {
        all.departments.retain(|one| one.name != name);
    } else if !known {
        let last = all.departments.iter().map(|one| one.id).max().unwrap_or(0);
        all.departments.push(Department { id: last + 1, name: name.clone() });
    }
    Ok(name)
}

/// The value of the key field; an error if it is not there or a field is unknown.
fn allowed(fields: &Map<String, Value>, key: &str, others: &[&str]) -> Result<String, String> {
    if let Some(unknown) = fields.keys().find(|name| *name != key && !others.contains(&name.as_str())) {
        return Err(format!("unknown field `{unknown}`; allowed: `{key}`, `{}`", others.join("`, `")));
    }
    member(fields, key).ok_or_else(|| format!("say which `{key}`"))
}

fn replace(place: &mut String, fields: &Map<String, Value>, name: &str) {
    if let Some(text) = fields.get(name).and_then(text) {
        *place = text;
    }
}

fn flag(fields: &Map<String, Value>, name: &str) -> Option<bool> {
    member(fields, name).map(|text| text == "1" || text == "true")
}
