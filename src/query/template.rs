//! Templates: text with `{{ pipe }}`.

use serde_json::Value;

use super::{EvalFault, Outcome, Pipe, Query, Scope, Slip, filter, pipe};

/// Text with `{{ pipe }}` in it; a lone `{{ … }}` keeps the type of its value.
///
/// In text null is empty, numbers keep their digits, and a list or an object is a fault. One `optional` that finds
/// nothing leaves the whole key out.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Pipe(Pipe),
}

impl Template {
    /// Reads a template. Text without `{{` stands for itself.
    pub fn parse(text: &str) -> Result<Self, Slip> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")) {
            let begin = at + open + 2;
            if open > 0 {
                parts.push(Part::Text(text.get(at..at + open).unwrap_or("").to_owned()));
            }
            let inner = text.get(begin..).unwrap_or("");
            let end = pipe::scan(inner, '}').map_err(|slip| slip.within(text, begin))?.end;
            if !inner.get(end..).is_some_and(|rest| rest.starts_with("}}")) {
                return Err(Slip::at(text, at + open, "`{{` is not closed by `}}`"));
            }
            let inner = inner.get(..end).unwrap_or("");
            let blanks = inner.len() - inner.trim_start().len();
            let pipe = Pipe::parse(inner.trim()).map_err(|slip| slip.within(text, begin + blanks))?;
            parts.push(Part::Pipe(pipe));
            at = begin + end + 2;
        }
        if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// Whether a text holds `{{`.
    pub fn is_template(text: &str) -> bool {
        text.contains("{{")
    }

    /// Its text, as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything it reads.
    pub fn queries(&self) -> Vec<&Query> {
        self.reads().into_iter().map(|(query, _)| query).collect()
    }

    /// The same, each with whether what it finds may go into the value with everything in it.
    pub fn reads(&self) -> Vec<(&Query, bool)> {
        let pipes = self.parts.iter().filter_map(|part| match part {
            Part::Pipe(pipe) => Some(pipe),
            Part::Text(_) => None,
        });
        pipes.flat_map(Pipe::reads).collect()
    }

    /// Its value.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Outcome, EvalFault> {
        if let [Part::Pipe(pipe)] = self.parts.as_slice() {
            return pipe.evaluate(scope);
        }
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Pipe(pipe) => match pipe.evaluate(scope)? {
                    Outcome::Omit => return Ok(Outcome::Omit),
                    Outcome::Value(Value::Null) => {}
                    Outcome::Value(value) => {
                        let text = filter::text_of(&value)
                            .map_err(|message| EvalFault { query: pipe.text().to_owned(), message })?;
                        out.push_str(&text);
                    }
                },
            }
        }
        Ok(Outcome::Value(Value::String(out)))
    }
}
