//! From tokens to a condition.

use crate::clock::Civil;

use super::super::column::{Column, Type};
use super::super::layout::Layout;
use super::super::reply::{Problem, code};
use super::super::value::flag;
use super::condition::{Condition, Literal, Operator};
use super::syntax;
use super::token::Token;

/// Deeper parentheses are refused, so that parsing and evaluation need little stack.
const MAX_DEPTH: usize = 64;

/// Words that are no field keys.
const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "like", "between", "is", "null"];

/// Parses all tokens.
pub fn condition(tokens: &[Token], layout: &Layout) -> Result<Condition, Problem> {
    let mut parser = Parser { rest: tokens, layout, depth: 0 };
    let condition = parser.any()?;
    match parser.rest.first() {
        None => Ok(condition),
        Some(token) => Err(near(token)),
    }
}

struct Parser<'a> {
    rest: &'a [Token],
    layout: &'a Layout,
    depth: usize,
}

/// One side of a comparison.
enum Operand {
    Column(Column),
    Text(String),
    Number(String),
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Condition, Problem> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Problem> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(syntax("too deep"));
        }
        let condition = if self.word("not") {
            Condition::Not(Box::new(self.one()?))
        } else if self.sign("(") {
            let inner = self.any()?;
            self.expect(")")?;
            inner
        } else {
            self.predicate()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn predicate(&mut self) -> Result<Condition, Problem> {
        let left = self.operand()?;
        if let Some(operator) = self.operator() {
            let right = self.operand()?;
            return compared(left, operator, right);
        }
        let Operand::Column(column) = left else { return Err(self.stuck()) };
        if self.word("is") {
            let negated = self.word("not");
            if !self.word("null") {
                return Err(self.stuck());
            }
            return Ok(negate(Condition::IsNull(column), negated));
        }
        let negated = self.word("not");
        let condition = if self.word("in") {
            self.expect("(")?;
            let mut literals = vec![self.literal(&column)?];
            while self.sign(",") {
                literals.push(self.literal(&column)?);
            }
            self.expect(")")?;
            Condition::is_in(column, literals)
        } else if self.word("like") {
            let Operand::Text(pattern) = self.operand()? else { return Err(self.stuck()) };
            Condition::Like(column, pattern.chars().collect())
        } else if self.word("between") {
            let from = self.literal(&column)?;
            if !self.word("and") {
                return Err(self.stuck());
            }
            let to = self.literal(&column)?;
            Condition::All(vec![
                Condition::Compare(column.clone(), Operator::AtLeast, from),
                Condition::Compare(column, Operator::AtMost, to),
            ])
        } else {
            return Err(self.stuck());
        };
        Ok(negate(condition, negated))
    }

    fn operand(&mut self) -> Result<Operand, Problem> {
        let negative = self.sign("-");
        let Some((first, rest)) = self.rest.split_first() else { return Err(self.stuck()) };
        let operand = match first {
            Token::Number(number) if negative => Operand::Number(format!("-{number}")),
            Token::Number(number) => Operand::Number(number.clone()),
            Token::Text(text) if !negative => Operand::Text(text.clone()),
            Token::Word(key) if !negative && !is_keyword(key) => Operand::Column(Column::resolve(self.layout, key)?),
            token => return Err(near(token)),
        };
        self.rest = rest;
        Ok(operand)
    }

    fn literal(&mut self, column: &Column) -> Result<Literal, Problem> {
        match self.operand()? {
            Operand::Text(text) | Operand::Number(text) => typed(text, column),
            Operand::Column(other) => Err(near(&Token::Word(other.key))),
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        let Token::Sign(sign) = self.rest.first()? else { return None };
        let operator = match *sign {
            "=" => Operator::Equal,
            "<>" | "!=" => Operator::Unequal,
            ">" => Operator::Greater,
            ">=" => Operator::AtLeast,
            "<" => Operator::Less,
            "<=" => Operator::AtMost,
            _ => return None,
        };
        self.rest = self.rest.get(1..).unwrap_or_default();
        Some(operator)
    }

    fn word(&mut self, word: &str) -> bool {
        self.take(|token| matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word)))
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.take(|token| matches!(token, Token::Sign(found) if *found == sign))
    }

    fn take(&mut self, wanted: impl Fn(&Token) -> bool) -> bool {
        let found = self.rest.first().is_some_and(wanted);
        if found {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Problem> {
        if self.sign(sign) { Ok(()) } else { Err(self.stuck()) }
    }

    fn stuck(&self) -> Problem {
        self.rest.first().map_or_else(|| syntax("表达式不完整"), near)
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

fn joined(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn negate(condition: Condition, negated: bool) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}

fn near(token: &Token) -> Problem {
    let shown = match token {
        Token::Word(text) | Token::Text(text) | Token::Number(text) => text,
        Token::Sign(sign) => *sign,
    };
    syntax(&format!("“{shown}”附近有语法错误"))
}

fn compared(left: Operand, operator: Operator, right: Operand) -> Result<Condition, Problem> {
    Ok(match (left, right) {
        (Operand::Column(a), Operand::Column(b)) => Condition::CompareColumns(a, operator, b),
        (Operand::Column(column), Operand::Text(text) | Operand::Number(text)) => {
            let literal = typed(text, &column)?;
            Condition::Compare(column, operator, literal)
        }
        (Operand::Text(text) | Operand::Number(text), Operand::Column(column)) => {
            let literal = typed(text, &column)?;
            Condition::Compare(column, mirrored(operator), literal)
        }
        (Operand::Text(a) | Operand::Number(a), Operand::Text(b) | Operand::Number(b)) => {
            Condition::Always(operator.holds(a.cmp(&b)))
        }
    })
}

fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Greater => Operator::Less,
        Operator::AtLeast => Operator::AtMost,
        Operator::Less => Operator::Greater,
        Operator::AtMost => Operator::AtLeast,
        Operator::Equal | Operator::Unequal => operator,
    }
}

/// A literal in the column's type; one that does not convert is the database's error.
fn typed(text: String, column: &Column) -> Result<Literal, Problem> {
    let (literal, kind) = match column.compares_as() {
        Type::Text => return Ok(Literal::Text(text)),
        Type::Number => (Literal::number(&text), "数值"),
        Type::Flag => (flag(&text).map(Literal::Flag), "bit"),
        Type::Time => (Civil::read(&text).map(Literal::Time), "日期和/或时间"),
    };
    literal.ok_or_else(|| Problem::new(code::DATABASE, format!("从字符串“{text}”转换{kind}时，转换失败。")))
}
