//! The file of a cross-reference table: encoding, header, rows, and the faults of each line.

use std::path::Path;

use csv::StringRecord;

use crate::fault::{Fault, Position};

/// A file's faults beyond this are not listed: it is another kind of file.
const MAX_FAULTS: usize = 50;

/// A row of data: as many cells as there are columns (blank ones may follow), trimmed.
#[derive(Debug)]
pub(super) struct Row {
    pub line: usize,
    pub cells: StringRecord,
}

/// The columns and rows of a file.
pub(super) fn read(file: &Path, bytes: &[u8]) -> Result<(Vec<String>, Vec<Row>), Vec<Fault>> {
    let text = decode(file, bytes).map_err(|fault| vec![fault])?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut lines = Lines { text: &text, byte: 0, line: 1 };
    let mut faults = Vec::new();
    let mut rows = Vec::new();
    let mut columns = None;
    for record in reader.records() {
        if faults.len() >= MAX_FAULTS {
            break;
        }
        match (record, &columns) {
            (Ok(record), None) => columns = Some(header(file, lines.of(&record), &record, &mut faults)),
            (Ok(record), Some(columns)) => rows.extend(row(file, columns, lines.of(&record), record, &mut faults)),
            (Err(error), _) => faults.push(fault(file, 1, format!("not readable as CSV: {error}"))),
        }
    }
    let columns = columns.unwrap_or_default();
    if columns.is_empty() {
        return Err(vec![fault(file, 1, "the table has no header row".to_owned())]);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok((columns, rows))
}

fn fault(file: &Path, line: usize, message: String) -> Fault {
    Fault::new(Position { file: file.to_owned(), line, column: 1 }, message)
}

/// Counts lines along a text. The reader's own count stands before the line breaks and blank lines it skips.
struct Lines<'t> {
    text: &'t str,
    byte: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line a record begins on; records are asked for in their order.
    fn of(&mut self, record: &StringRecord) -> usize {
        let begin = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
        let bytes = self.text.as_bytes();
        let passed = bytes.get(self.byte..begin).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.byte = self.byte.max(begin);
        let rest = bytes.iter().skip(self.byte);
        self.line + rest.take_while(|byte| byte.is_ascii_whitespace()).filter(|byte| **byte == b'\n').count()
    }
}

/// The text of a table's bytes.
fn decode(file: &Path, bytes: &[u8]) -> Result<String, Fault> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(fault(file, 1, "the table is in UTF-16: save it as CSV in UTF-8 or GBK".to_owned()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let slip = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text.to_owned()),
        Err(slip) => slip,
    };
    if let Some(text) = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        return Ok(text.into_owned());
    }
    let before = bytes.get(..slip.valid_up_to()).unwrap_or_default();
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    Err(fault(file, line, "the table is neither UTF-8 nor GBK: save it as CSV in one of these".to_owned()))
}

/// The columns; blank ones at the end, which spreadsheets leave, are none.
fn header(file: &Path, line: usize, cells: &StringRecord, faults: &mut Vec<Fault>) -> Vec<String> {
    let mut columns: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
    while columns.last().is_some_and(String::is_empty) {
        columns.pop();
    }
    for (index, column) in columns.iter().enumerate() {
        if column.is_empty() {
            faults.push(fault(file, line, format!("column {} has no name", index + 1)));
        } else if columns.iter().take(index).any(|other| other == column) {
            faults.push(fault(file, line, format!("column `{column}` is named twice")));
        }
    }
    columns
}

/// A row of data; none for a row of blanks.
fn row(file: &Path, columns: &[String], line: usize, mut cells: StringRecord, faults: &mut Vec<Fault>) -> Option<Row> {
    cells.trim();
    if cells.iter().all(str::is_empty) {
        return None;
    }
    let surplus = cells.iter().skip(columns.len()).any(|cell| !cell.is_empty());
    if cells.len() < columns.len() || surplus {
        let (has, wanted) = (cells.len(), columns.len());
        faults.push(fault(file, line, format!("the row has {has} cells, the header names {wanted} columns")));
        return None;
    }
    Some(Row { line, cells })
}
