//! Cross-reference tables (对照表): CSV files that translate codes, asked by `$lookup: table.NAME`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Map, Value};

use super::fields::Fields;
use super::lookup::{Hit, Hits, Lookups, Source};
use super::suggest::suggest;
use super::table_file::{self, Row};
use crate::fault::Fault;
use crate::name::Key;

/// Rows by the key made of some columns' cells.
type Index = HashMap<Key, Vec<usize>>;

/// One table: a header row and rows of trimmed cells.
#[derive(Debug)]
pub struct Table {
    file: PathBuf,
    columns: Vec<String>,
    rows: Vec<Row>,
    /// By the positions of the columns; built when first asked for.
    indexes: RwLock<HashMap<Vec<usize>, Arc<Index>>>,
}

impl Table {
    /// Reads a table from the bytes of a CSV file: UTF-8 (with or without BOM) or else GBK/GB18030, a header row,
    /// cells trimmed, rows of blanks skipped. `file` names it in faults and answers.
    ///
    /// # Errors
    /// All faults of the file (a bounded number), each with its line.
    pub fn read(file: &Path, bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        let (columns, rows) = table_file::read(file, bytes)?;
        Ok(Self { file: file.to_owned(), columns, rows, indexes: RwLock::default() })
    }

    /// The columns, in the file's order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The rows whose cells are these.
    fn find(&self, name: &str, by: &[(String, String)]) -> Result<Hits, String> {
        let mut asked: Vec<(usize, &str)> = Vec::with_capacity(by.len());
        for (column, text) in by {
            let Some(position) = self.columns.iter().position(|known| known == column) else {
                let hint = suggest(column, "its columns are", self.columns.iter().map(String::as_str));
                return Err(format!("table `{name}` has no column `{column}`: {hint}"));
            };
            asked.push((position, text.trim()));
        }
        let (positions, texts): (Vec<usize>, Vec<&str>) = asked.into_iter().unzip();
        let Some(key) = Key::from_parts(&texts) else { return Ok(Hits::Nothing) };
        let index = self.index(positions);
        let rows = index.get(&key).map(Vec::as_slice).unwrap_or_default();
        let Some(first) = rows.first().and_then(|row| self.rows.get(*row)) else { return Ok(Hits::Nothing) };
        let hit = self.hit(first);
        Ok(if rows.len() == 1 { Hits::One(hit) } else { Hits::Several { count: rows.len(), first: hit } })
    }

    fn hit(&self, row: &Row) -> Hit {
        let cells = self.columns.iter().zip(row.cells.iter());
        let document: Map<String, Value> = cells.map(|(column, cell)| (column.clone(), Value::from(cell))).collect();
        Hit { origin: format!("{}:{}", self.file.display(), row.line), document: Value::Object(document) }
    }

    fn index(&self, positions: Vec<usize>) -> Arc<Index> {
        if let Some(index) = self.indexes.read().unwrap_or_else(PoisonError::into_inner).get(&positions) {
            return Arc::clone(index);
        }
        let mut index = Index::new();
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<&str> = positions.iter().map(|position| row.cells.get(*position).unwrap_or("")).collect();
            if let Some(key) = Key::from_parts(&cells) {
                index.entry(key).or_default().push(number);
            }
        }
        let index = Arc::new(index);
        self.indexes.write().unwrap_or_else(PoisonError::into_inner).insert(positions, Arc::clone(&index));
        index
    }
}

/// The tables of a configuration, by name.
#[derive(Debug, Default)]
pub struct Tables(BTreeMap<String, Table>);

impl Tables {
    /// Adds a table, or puts it in the place of the one of that name.
    pub fn insert(&mut self, name: impl Into<String>, table: Table) {
        self.0.insert(name.into(), table);
    }

    /// A table by name.
    pub fn get(&self, name: &str) -> Option<&Table> {
        self.0.get(name)
    }

    /// The names as look-ups write them (`table.NAME`) with the columns, for
    /// [`check_lookups`](super::Mapping::check_lookups).
    pub fn fields(&self) -> BTreeMap<String, Option<Fields>> {
        let fields = |table: &Table| Some(Fields::of_columns(table.columns.iter().cloned()));
        self.0.iter().map(|(name, table)| (Source::Table(name.clone()).to_string(), fields(table))).collect()
    }
}

/// Look-ups in tables alone.
impl Lookups for Tables {
    fn find(&self, source: &Source, by: &[(String, String)]) -> Result<Hits, String> {
        match source {
            Source::Table(name) => match self.0.get(name) {
                Some(table) => table.find(name, by),
                None => Err(format!(
                    "unknown table `{name}`: {}",
                    suggest(name, "known are", self.0.keys().map(String::as_str))
                )),
            },
            Source::Scheme(id) => Err(format!("`{id}` is no table: only tables are looked up in here")),
        }
    }
}
