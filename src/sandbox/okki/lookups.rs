//! The look-ups: companies, products, users and departments (protocols/okki.md 7).

use serde_json::{Value, json};

use crate::clock::Zone;

use super::call::Params;
use super::catalog::Entry;
use super::company::Company;
use super::directory::Directory;
use super::knobs::Knobs;
use super::paging::Page;
use super::reply::Problem;

/// `company/info` by `company_id` or `serial_id`.
pub fn company_info(all: &Directory, params: &Params, zone: &Zone) -> Result<Value, Problem> {
    let found = match (params.get("company_id"), params.get("serial_id")) {
        (Some(id), _) => id.parse().ok().and_then(|id| all.companies.get(id)),
        (None, Some(serial_id)) => all.companies.by_number(serial_id),
        (None, None) => return Err(Problem::invalid_query()),
    };
    found.map(|company| company.info(zone)).ok_or_else(Problem::not_found)
}

/// `company/query` (查重): fuzzy by name, exact by everything else.
pub fn company_query(all: &Directory, params: &Params) -> Result<Value, Problem> {
    let (Some(word), Some(field)) = (params.get("word"), params.get("search_field")) else {
        return Err(Problem::invalid_query());
    };
    let by_contact = |company: &Company, text: fn(&super::company::Contact) -> &str| {
        company.contacts.iter().any(|contact| text(contact) == word)
    };
    let mut hits = Vec::new();
    for company in all.companies.all().filter(|company| company.is_live()) {
        let hit = match field {
            "name" => company.name.contains(word) || word.contains(&company.name),
            "serial_id" => company.serial_id == word,
            "customer_list.name" => by_contact(company, |contact| &contact.name),
            "customer_list.tel" => by_contact(company, |contact| &contact.phone),
            "customer_list.email" => by_contact(company, |contact| &contact.email),
            "customer_list.email.domain" | "customer_list.contact.value" => false,
            _ => return Err(Problem::invalid_query()),
        };
        if hit {
            hits.push(company.hit());
        }
    }
    Ok(json!({ "totalItem": hits.len(), "list": hits }))
}

/// `company/list`.
pub fn company_list(all: &Directory, params: &Params, knobs: &Knobs, zone: &Zone) -> Result<Value, Problem> {
    let page = Page::read(params, knobs, zone)?;
    let removed = params.get("removed") == Some("1");
    let pool = params.get("all").unwrap_or("1");
    let wanted = |company: &&Company| {
        let time = if page.time_type == 1 { company.updated } else { company.created };
        company.removed == removed
            && match pool {
                "0" => !company.is_public,
                "2" => company.is_public,
                _ => true,
            }
            && page.holds(time)
    };
    let (rows, count) = page.cut(all.companies.all().filter(wanted).collect(), |one| (one.updated(), one.id));
    let list: Vec<Value> = rows.into_iter().map(|company| company.row(zone)).collect();
    Ok(json!({ "list": list, "totalItem": count, "count": count }))
}

/// `product/info` by `product_id` or `product_no`.
pub fn product_info(all: &Directory, params: &Params, zone: &Zone) -> Result<Value, Problem> {
    let found = match (params.get("product_no"), params.get("product_id")) {
        (Some(number), _) => all.products.by_number(number),
        (None, Some(id)) => id.parse().ok().and_then(|id| all.products.get(id)),
        (None, None) => return Err(Problem::invalid_query()),
    };
    found.map(|product| product.info(zone)).ok_or_else(Problem::not_found)
}

/// `product/list`.
pub fn product_list(all: &Directory, params: &Params, knobs: &Knobs, zone: &Zone) -> Result<Value, Problem> {
    let page = Page::read(params, knobs, zone)?;
    let kind = params.get("product_type").filter(|kind| *kind != "0");
    let live = all.products.all().filter(|product| {
        let time = if page.time_type == 2 { product.created } else { product.updated };
        product.is_live() && kind.is_none_or(|kind| kind == product.kind_code().to_string()) && page.holds(time)
    });
    let (rows, count) = page.cut(live.collect(), |one| (one.updated(), one.id));
    let list: Vec<Value> = rows.into_iter().map(|product| product.row(zone)).collect();
    Ok(json!({ "list": list, "count": count }))
}

/// `user/list`: all at once, those of one `enable_flag`.
pub fn user_list(all: &Directory, params: &Params) -> Value {
    let flag = params.get("enable_flag").unwrap_or("1");
    let users = all.users.all().filter(|user| user.enable_flag.to_string() == flag);
    users.map(|user| user.row(all.department_name(user.department))).collect()
}

/// `user/departmentList`: all at once.
pub fn department_list(all: &Directory, knobs: &Knobs) -> Result<Value, Problem> {
    if knobs.no_department_list {
        return Err(Problem::not_found());
    }
    let top = all.department_name(0);
    let row = |department: &super::user::Department| {
        let below = department.id != 0;
        json!({
            "id": department.id.to_string(), "layer": u8::from(below), "name": department.name,
            "parent_id": if below { "0" } else { "" }, "parent_name": if below { top } else { "" },
        })
    };
    let list: Vec<Value> = all.departments.iter().map(row).collect();
    Ok(json!({ "count": list.len(), "list": list }))
}
