//! The walk over every stored value (rule 26): `db verify`.

use serde::Serialize;

use super::body;
use super::key::KeyBytes;
use super::rows::{ON, STOP};
use super::shared::Shared;
use super::tables::{ALL, BODIES, Table};
use crate::store::StoreError;

/// Rows of one read transaction: a transaction held for long makes the file grow while others write.
const CHUNK: usize = 5_000;
/// Damaged values told; more of them tell nothing more.
const TOLD: usize = 10_000;

/// A damaged value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Its table.
    pub table: &'static str,
    /// Its key, readable.
    pub key: String,
}

impl Damage {
    /// What a running service does about it when it meets it.
    pub fn remedy(&self) -> &'static str {
        match self.table {
            "heads/1" | "bodies/1" => "the document is quarantined and read from the source again",
            "deliveries/1" => "the delivery becomes in doubt and its target is asked",
            "queue/1" | "states/1" | "counts/1" => "built anew from the deliveries",
            "numbers/1" | "indexes/1" | "indexed/1" | "lookup/1" => "built anew from the documents",
            "watermarks/1" => "the scheme goes on from the end of its last good run",
            _ => "nothing: restore a backup",
        }
    }
}

/// Reads every value and compares its checksum, bodies down to their text. The list is empty for a sound store.
/// Nothing is locked meanwhile: what is written during the walk may or may not be seen.
pub(super) fn verify(shared: &Shared) -> Result<Vec<Damage>, StoreError> {
    let mut damages = Vec::new();
    for table in ALL {
        let mut after = None;
        loop {
            match chunk(shared, table, after.as_ref(), &mut damages) {
                Ok(Some(last)) if damages.len() < TOLD => after = Some(last),
                Ok(_) => break,
                Err(StoreError::Damaged { table, key }) => {
                    damages.push(Damage { table, key });
                    break;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(damages)
}

/// Reads the next rows of a table; the last key read, or none at the table's end.
fn chunk(
    shared: &Shared,
    table: &'static Table,
    after: Option<&KeyBytes>,
    damages: &mut Vec<Damage>,
) -> Result<Option<KeyBytes>, StoreError> {
    shared.read(|snapshot| {
        let (mut read, mut last): (usize, Option<KeyBytes>) = (0, None);
        snapshot.table(table)?.scan_unchecked(after, |key, payload| {
            if read == CHUNK {
                return STOP;
            }
            read += 1;
            let out_of_order = last.as_ref().or(after).is_some_and(|last| key <= last.as_slice());
            let whole = payload.is_some_and(|payload| table.name != BODIES.name || body::unpack(payload).is_some());
            if !whole || out_of_order {
                damages.push(Damage { table: table.name, key: table.readable(key) });
            }
            if out_of_order {
                // Going on from here could go round in a circle.
                last = None;
                return STOP;
            }
            last = Some(KeyBytes::from_slice(key));
            ON
        })?;
        Ok(last.filter(|_| read == CHUNK))
    })
}
