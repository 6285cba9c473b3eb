//! Paths as users write and read them: `$.FSaleOrderEntry[*].FQty`.

/// The step to each element of a list.
pub(super) const ANY_ELEMENT: &str = "[*]";

/// The step to a member: `.name` where RFC 9535's shorthand allows it, else `['5094664372713']`.
pub(super) fn name_step(name: &str) -> String {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    if name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit()) {
        return format!(".{name}");
    }
    let mut step = String::from("['");
    for c in name.chars() {
        match c {
            '\'' | '\\' => step.extend(['\\', c]),
            '\0'..='\u{1f}' => step.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => step.push(c),
        }
    }
    step + "']"
}

/// A chain of member names from the root.
pub(super) fn of_names(names: &[String]) -> String {
    names.iter().fold(String::from("$"), |path, name| path + &name_step(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_shorthand_are_quoted() {
        for (name, step) in [
            ("FQty", ".FQty"),
            ("物流费", ".物流费"),
            ("_1", "._1"),
            ("5094664372713", "['5094664372713']"),
            ("a.b", "['a.b']"),
            ("", "['']"),
            ("it's\\\n", "['it\\'s\\\\\\u000a']"),
        ] {
            assert_eq!(name_step(name), step);
        }
    }
}
