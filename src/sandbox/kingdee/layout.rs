//! A form's fields found by key, whatever the case of its letters.

use std::collections::HashMap;

use super::bill::{SYSTEM, System};
use super::forms::{Field, Form, Kind};

/// Where a query key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A field every bill has.
    System(System),
    /// A head or sub-head field.
    Head(usize),
    /// A field of an entity's rows.
    Entry(usize, usize),
    /// FEntryID of an entity's rows.
    EntryId(usize),
    /// FSeq of an entity's rows.
    EntrySeq(usize),
}

/// A form and its indexes.
#[derive(Debug)]
pub struct Layout {
    /// The form.
    pub form: &'static Form,
    /// Head fields, then the sub-heads' fields: the places of a bill's head record, with the sub-head they are in.
    pub heads: Vec<(Option<usize>, &'static Field)>,
    places: HashMap<String, (Place, Kind)>,
    /// Where a field stands in its record, by its key as the form writes it.
    exact: HashMap<&'static str, (usize, &'static Field)>,
}

impl Layout {
    /// Indexes a form.
    pub fn new(form: &'static Form) -> Self {
        let mut heads: Vec<_> = form.head.iter().map(|field| (None, field)).collect();
        for (group, sub_head) in form.sub_heads.iter().enumerate() {
            heads.extend(sub_head.fields.iter().map(|field| (Some(group), field)));
        }
        let mut places = HashMap::new();
        let mut add = |key: &str, place, kind| {
            places.entry(key.to_ascii_lowercase()).or_insert((place, kind));
        };
        for (key, system, kind) in SYSTEM {
            add(key, Place::System(*system), *kind);
        }
        for (at, (_, field)) in heads.iter().enumerate() {
            add(field.key, Place::Head(at), field.kind);
        }
        for (entity, group) in form.entities.iter().enumerate() {
            add(&format!("{}_FEntryID", group.key), Place::EntryId(entity), Kind::Integer);
            if group.parent.is_some() {
                add(&format!("{}_FDetailID", group.key), Place::EntryId(entity), Kind::Integer);
            }
            add(&format!("{}_FSeq", group.key), Place::EntrySeq(entity), Kind::Integer);
            for (at, field) in group.fields.iter().enumerate() {
                add(field.key, Place::Entry(entity, at), field.kind);
            }
        }
        let of_heads = heads.iter().enumerate().map(|(at, (_, field))| (at, *field));
        let of_rows = form.entities.iter().flat_map(|group| group.fields.iter().enumerate());
        let exact = of_heads.chain(of_rows).map(|(at, field)| (field.key, (at, field))).collect();
        Self { form, heads, places, exact }
    }

    /// A field by its key as the form writes it, and its place in a head's or a row's record. No key of the forms
    /// stands on two levels.
    pub fn exact(&self, key: &str) -> Option<(usize, &'static Field)> {
        self.exact.get(key).copied()
    }

    /// Where a query key without its dotted part leads. Sub-head fields go by their plain key.
    pub fn place(&self, key: &str) -> Option<(Place, Kind)> {
        self.places.get(&key.to_ascii_lowercase()).copied()
    }

    /// What a field shows until it is set.
    pub fn starts(&self, place: Place) -> &'static str {
        let field = match place {
            Place::Head(at) => self.heads.get(at).map(|(_, field)| *field),
            Place::Entry(entity, at) => self.form.entities.get(entity).and_then(|group| group.fields.get(at)),
            Place::System(_) | Place::EntryId(_) | Place::EntrySeq(_) => None,
        };
        field.map_or("", |field| field.starts)
    }

    /// The field every bill has by a key of the Model.
    pub fn system(&self, key: &str) -> Option<System> {
        SYSTEM.iter().find(|(name, ..)| name.eq_ignore_ascii_case(key)).map(|(_, system, _)| *system)
    }

    /// The place of a head field by its key, inside a sub-head or outside of all.
    pub fn head(&self, sub_head: Option<usize>, key: &str) -> Option<(usize, &'static Field)> {
        let found =
            self.heads.iter().position(|(group, field)| *group == sub_head && field.key.eq_ignore_ascii_case(key))?;
        self.heads.get(found).map(|(_, field)| (found, *field))
    }

    /// The place of an entry field by its key.
    pub fn entry(&self, entity: usize, key: &str) -> Option<(usize, &'static Field)> {
        let fields = self.form.entities.get(entity)?.fields;
        fields.iter().enumerate().find(|(_, field)| field.key.eq_ignore_ascii_case(key))
    }

    /// The sub-head of an entity key.
    pub fn sub_head(&self, key: &str) -> Option<usize> {
        self.form.sub_heads.iter().position(|group| group.key.eq_ignore_ascii_case(key))
    }

    /// The entity of a key whose rows belong to those of another, or to the bill.
    pub fn entity_of(&self, parent: Option<usize>, key: &str) -> Option<usize> {
        self.entity(key).filter(|at| self.form.entities.get(*at).is_some_and(|group| group.parent == parent))
    }

    /// The entry entity of an entity key.
    pub fn entity(&self, key: &str) -> Option<usize> {
        self.form.entities.iter().position(|group| group.key.eq_ignore_ascii_case(key))
    }
}
