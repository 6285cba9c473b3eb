//! One flipped bit at seeded places of a populated file: each is found and named, none is read as another value.
//! `DELTAFERRY_FLIPS=n` for more places than in every run.

use std::fs;
use std::path::{Path, PathBuf};

use redb::{ReadableDatabase, ReadableTable};

use super::lineage::stored as small;
use super::random;
use super::samples::give;
use super::storage::Memory;
use crate::store::care::{self, Verified};
use crate::store::tables::{ALL, HEADS};
use crate::store::{RedbOptions, RedbStore, Store, StoreError};

fn flips() -> usize {
    std::env::var("DELTAFERRY_FLIPS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

/// A closed store with rows of every kind.
fn stored() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deltaferry.redb");
    let store = RedbStore::open(&path, &RedbOptions::default()).unwrap();
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..300 {
        let command = random::command(&mut random, &store);
        // Some are refused, as they may be.
        let _ = give(&store, &command)();
    }
    store.close();
    (folder, path)
}

/// Every stored value: table, readable key, and the bytes as they lie in the file.
fn values(path: &Path) -> Vec<(&'static str, String, Vec<u8>)> {
    let database = RedbOptions::default().builder().open_read_only(path).unwrap();
    let transaction = database.begin_read().unwrap();
    let mut values = Vec::new();
    for table in ALL {
        let rows = transaction.open_table(table.definition()).unwrap();
        for row in rows.iter().unwrap() {
            let (key, value) = row.unwrap();
            values.push((table.name, table.readable(key.value()), value.value().to_vec()));
        }
    }
    values
}

/// Where some bytes lie.
fn places(file: &[u8], bytes: &[u8]) -> Vec<usize> {
    (0..file.len() - bytes.len()).filter(|at| file[*at..].starts_with(bytes)).collect()
}

/// Flips a bit of the first head, on the disk.
pub(super) fn damage_row(path: &Path) {
    let (_, _, value) = values(path).into_iter().find(|(table, ..)| *table == HEADS.name).unwrap();
    let mut file = fs::read(path).unwrap();
    for at in places(&file, &value) {
        file[at + value.len() / 2] ^= 1;
    }
    fs::write(path, file).unwrap();
}

struct Flipped {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Flipped {
    fn new(path: &Path, whole: &[u8], at: usize, bit: u8) -> Self {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 1 << bit;
        let path = path.with_file_name("flipped.redb");
        fs::write(&path, &bytes).unwrap();
        Self { path, bytes }
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        let found = care::verify(&self.path, &RedbOptions::default());
        assert!(fs::read(&self.path).unwrap() == self.bytes, "verify changed the file");
        found
    }

    /// What an engine would be given of it: nothing, or everything as it was.
    fn is_refused(&self, expected: &str, context: &str) -> bool {
        match Memory::of(self.bytes.clone()).open_checked() {
            Err(error) => {
                assert!(matches!(error, StoreError::Broken { .. } | StoreError::Newer { .. }), "{context}: {error}");
                true
            }
            Ok(store) => {
                assert!(store.dump().is_ok_and(|dump| dump == expected), "{context}: read as something else");
                false
            }
        }
    }
}

#[test]
fn rule_26_a_bit_flipped_in_any_stored_value_is_found_and_named_and_the_file_is_refused() {
    let (_folder, path) = stored();
    let expected = RedbStore::open_read_only(&path, &RedbOptions::default()).unwrap().dump().unwrap();
    let (whole, values) = (fs::read(&path).unwrap(), values(&path));
    let mut random = fastrand::Rng::with_seed(1);
    for n in 0..flips() {
        let (table, key, value) = &values[random.usize(..values.len())];
        let (offset, bit) = (random.usize(..value.len()), random.u8(..8));
        let mut named = 0;
        // The same bytes may also lie in a page that is no longer used.
        for place in places(&whole, value) {
            let context = format!("place {n}: bit {bit} of byte {offset} of `{table}` at `{key}`, file byte {place}");
            let flipped = Flipped::new(&path, &whole, place + offset, bit);
            match flipped.verify() {
                Ok(found) if !found.is_sound() => {
                    let names: Vec<_> = found.damages.iter().map(|damage| (damage.table, &damage.key)).collect();
                    assert_eq!(names, [(*table, key)], "{context}: {found:?}");
                    assert!(flipped.is_refused(&expected, &context), "{context}");
                    named += 1;
                }
                Ok(_) => assert!(!flipped.is_refused(&expected, &context), "{context}: only opening found it"),
                // What the file says of itself is needed to read it.
                Err(error) => {
                    assert!(*table == "meta/1" && error.to_string().contains(table), "{context}: {error}");
                    named += 1;
                }
            }
        }
        assert!(named > 0, "place {n}: `{table}` at `{key}` was not found");
    }
}

#[test]
fn rule_26_a_bit_flipped_anywhere_is_found_or_without_effect() {
    let (_folder, path) = stored();
    let expected = RedbStore::open_read_only(&path, &RedbOptions::default()).unwrap().dump().unwrap();
    let whole = fs::read(&path).unwrap();
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mut random = fastrand::Rng::with_seed(2);
    let (mut named, mut pages, mut refused, mut harmless) = (0, 0, 0, 0);
    for n in 0..flips() {
        let at = if n % 4 == 0 { random.usize(..512) } else { used[random.usize(..used.len())] };
        let context = format!("place {n}: byte {at}");
        let flipped = Flipped::new(&path, &whole, at, random.u8(..8));
        let (found, is_refused) = (flipped.verify(), flipped.is_refused(&expected, &context));
        match found {
            Err(error) => {
                assert!(is_refused, "{context}: {error}");
                refused += 1;
            }
            Ok(found) if found.is_sound() => {
                assert!(!is_refused, "{context}: only opening found it");
                harmless += 1;
            }
            Ok(found) if found.damages.is_empty() => pages += 1,
            Ok(_) => named += 1,
        }
    }
    println!(
        "{} bits flipped: {named} named by row, {pages} found by their page, {refused} not readable at all, {harmless} \
         in bytes that nothing uses",
        flips()
    );
    assert!(named + pages + refused > flips() / 10);
}

#[test]
fn rule_26_verify_says_what_becomes_of_each_damaged_row() {
    let (_folder, path) = small();
    damage_row(&path);
    let found = care::verify(&path, &RedbOptions::default()).unwrap();
    assert_eq!(found.damages.len(), 1);
    assert!(found.damages[0].remedy().contains("read from the source again"));
    assert!(!found.is_sound());
}
