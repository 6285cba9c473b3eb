//! What a scheme must say of a source of 金蝶云星空 (interface.md section 4).

use super::fetch::CALL;
use crate::fault::Fault;
use crate::scheme::{Entry, FieldSpec, Mode, Source, name_of};

/// What request parameters are written as here, by the vendor's names.
const SETTINGS: &[(&str, &str)] = &[
    ("FormId", "form"),
    ("FieldKeys", "fields"),
    ("FilterString", "filter"),
    ("Limit", "page_size"),
    ("StartRow", ""),
    ("TopRowCount", ""),
    ("OrderString", ""),
];

/// Checks a source.
pub fn check(source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut missing = |key: &str, why: &str| {
        faults.push(Fault::new(source.call_at.clone(), format!("`{key}` is missing: `{CALL}` {why}")));
    };
    if source.form.is_none() {
        missing("form", "needs one, such as `SAL_SaleOrder`");
    }
    if source.fields.is_empty() {
        missing("fields", "reads only the fields it is told, such as `FID`, `FBillNo`");
    }
    if source.changed_fields.is_empty() && source.mode == Mode::Window {
        missing("changed_fields", "finds changed bills by them, such as `FModifyDate`, `FApproveDate`");
    }
    if let Some(time) = &source.time
        && !source.changed_fields.is_empty()
    {
        let message = format!("`time: {}` can't stand beside `changed_fields`: give one", time.text());
        faults.push(Fault::new(source.at.clone(), message));
    }
    for (name, _) in &source.params {
        let setting = SETTINGS.iter().find(|(vendor, _)| vendor.eq_ignore_ascii_case(&name.text));
        let hint = match setting {
            Some((_, "")) => "pages are read by keyset, so that it is not needed".to_owned(),
            Some((_, ours)) => format!("write `{ours}` in the source"),
            None => "there are no others than the source's own keys".to_owned(),
        };
        faults.push(Fault::new(name.at.clone(), format!("`{CALL}` takes no parameter `{}`: {hint}", name.text)));
    }
    let unlisted: Vec<FieldSpec> = source.unlisted_times().collect();
    let lists = source.entries.iter().map(|entry| entry.name.as_str());
    repeated(&[], source.fields.iter().chain(&unlisted), lists, &mut faults);
    source.entries.iter().for_each(|entry| lines(entry, source, &mut faults));
    faults
}

fn lines(entry: &Entry, source: &Source, faults: &mut Vec<Fault>) {
    if entry.id.trim().is_empty() {
        let message = format!(
            "`id` of entry `{0}` is blank: it names the field of a line's id, such as `{0}_FEntryID`",
            entry.name
        );
        faults.push(Fault::new(source.at.clone(), message));
    }
    let lists = entry.entries.iter().map(|below| below.name.as_str());
    let id = name_of(&entry.id);
    // The id may be listed under its own name.
    let fields = entry.fields.iter().filter(|field| !(field.is(&entry.id) && field.name == id));
    repeated(&[&id], fields, lists, faults);
    entry.entries.iter().for_each(|below| lines(below, source, faults));
}

/// Two members of one name would leave a document that means nothing.
fn repeated<'s>(
    taken: &[&'s str],
    fields: impl Iterator<Item = &'s FieldSpec>,
    lists: impl Iterator<Item = &'s str>,
    faults: &mut Vec<Fault>,
) {
    let mut names: Vec<&str> = taken.iter().copied().chain(lists).collect();
    for field in fields {
        if names.contains(&field.name.as_str()) {
            let message = format!("two fields are named `{}`: give one another name by `as`", field.name);
            faults.push(Fault::new(field.at.clone(), message));
        }
        names.push(&field.name);
    }
}
