//! Base data (基础资料): numbers, names and internal ids of customers, materials, warehouses, organisations, users.
//! Unless the switch is strict every number is known from its first use, but those that begin with `NONE-`.

use std::collections::HashMap;

/// The kind of users, whose number is the account.
pub const USER: &str = "SEC_User";

/// Properties beside FNumber and FName that queries may ask for, by kind.
const PROPERTIES: &[(&str, &[&str])] =
    &[("BD_CustLocation", &["FADDRESS", "FTCONTACT", "FTEL"]), ("BD_MATERIAL", &["FSpecification", "FCategoryID"])];

/// A property of a kind of base data by its name, whatever its case.
pub fn property(kind: &str, name: &str) -> Option<&'static str> {
    let (_, names) = PROPERTIES.iter().find(|(one, _)| one.eq_ignore_ascii_case(kind))?;
    names.iter().find(|one| one.eq_ignore_ascii_case(name)).copied()
}

/// No base data of any kind bears such a number.
const NEVER: &str = "NONE-";

const FIRST_ID: u32 = 100_001;

/// All base data.
#[derive(Debug, Default)]
pub struct BaseData {
    items: Vec<Item>,
    /// By kind in lower case, then number.
    ids: HashMap<String, HashMap<String, u32>>,
}

#[derive(Debug)]
struct Item {
    number: Box<str>,
    name: Box<str>,
    properties: Vec<(&'static str, Box<str>)>,
}

impl BaseData {
    /// The id of a number, if known. Without `strict` an unknown number becomes known, named by its number.
    pub fn find(&mut self, kind: &str, number: &str, strict: bool) -> Option<u32> {
        let known = self.ids.get(&kind.to_ascii_lowercase()).and_then(|of_kind| of_kind.get(number)).copied();
        if known.is_some() || strict || number.starts_with(NEVER) {
            return known;
        }
        Some(self.register(kind, number, number))
    }

    /// Makes a number known, or gives it another name.
    pub fn register(&mut self, kind: &str, number: &str, name: &str) -> u32 {
        let of_kind = self.ids.entry(kind.to_ascii_lowercase()).or_default();
        if let Some(&id) = of_kind.get(number) {
            if let Some(item) = self.items.get_mut((id - FIRST_ID) as usize) {
                item.name = name.into();
            }
            return id;
        }
        let id = FIRST_ID.saturating_add(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
        of_kind.insert(number.to_owned(), id);
        self.items.push(Item { number: number.into(), name: name.into(), properties: Vec::new() });
        id
    }

    /// Gives an id a property.
    pub fn describe(&mut self, id: u32, property: &'static str, text: &str) {
        let item = id.checked_sub(FIRST_ID).and_then(|at| self.items.get_mut(at as usize));
        if let Some(item) = item {
            item.properties.retain(|(name, _)| *name != property);
            item.properties.push((property, text.into()));
        }
    }

    /// A property of an id; one blank where it has none.
    pub fn property(&self, id: u32, property: &str) -> Option<&str> {
        let item = self.item(id)?;
        Some(item.properties.iter().find(|(name, _)| *name == property).map_or(" ", |(_, text)| text))
    }

    /// The number of an id.
    pub fn number(&self, id: u32) -> Option<&str> {
        self.item(id).map(|item| &*item.number)
    }

    /// The name of an id.
    pub fn name(&self, id: u32) -> Option<&str> {
        self.item(id).map(|item| &*item.name)
    }

    fn item(&self, id: u32) -> Option<&Item> {
        self.items.get(id.checked_sub(FIRST_ID)? as usize)
    }
}
