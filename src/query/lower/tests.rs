//! Every slip: where it is told, and a part of what is said.

use crate::query::{Condition, Pipe, Query, Slip};

/// Each text is refused, at an offset, with a part of what is said.
fn check_slips(table: &[(&str, usize, &str)], parse: impl Fn(&str) -> Result<(), Slip>) {
    let mut wrong = String::new();
    for (text, offset, part) in table {
        match parse(text) {
            Ok(()) => wrong.push_str(&format!("{text}: taken\n")),
            Err(slip) if slip.offset == *offset && slip.message.contains(part) => {}
            Err(slip) => wrong.push_str(&format!("{text}: {} {}\n", slip.offset, slip.message)),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_usual_slips_of_paths_are_told() {
    let queries = [
        ("$.a b", 1, "`$['a b']`"),
        ("$.rows[*].k  v.x", 9, "`$.rows[*]['k  v'].x`"),
        ("$.a .b", 3, "`$.a.b`"),
        ("$. a", 2, "`$.a`"),
        ("$ .a", 1, "`$.a`"),
        ("$.a ", 4, "ends with a blank"),
        (" $.a", 0, "not with a blank"),
        ("$$.a", 0, "`$.a`"),
        ("$a", 0, "`$.a`"),
        ("$5", 0, "`{ $const: \"$5\" }`"),
        ("$receipts.id", 0, "`$receipt`"),
        ("a.b", 0, "`$receipt`"),
        ("@a", 0, "`@.a`"),
        ("@@@@.a", 0, "`@@@`"),
        ("$.a-b", 1, "`$['a-b']`"),
        ("$.a/b.c", 1, "`$['a/b'].c`"),
        ("$.1a", 1, "`$['1a']`"),
        ("$.a[b]", 4, "`$.a['b']`"),
        ("$.a['b]", 4, "not closed"),
        ("$.a[0", 3, "`[` is not closed"),
        ("$.a]", 3, "closes nothing"),
        ("$.a[]", 4, "must stand here"),
        ("$.a.[0]", 3, "`$.a[0]`"),
        ("$.a[@.b == 1]", 4, "begins with `?`"),
        ("$.a[1.5]", 4, "no index"),
        ("$.a[01]", 4, "no number"),
        ("$.a\u{3000}b", 3, "U+3000"),
        ("$.a\u{a0}", 3, "U+00A0"),
        ("$.a.length()", 3, "does not exist"),
        ("$.a $.b", 4, "one root"),
        ("$.a'b'", 3, "unexpected"),
        ("$.x[?@.k contains 1]", 9, "`search(@.k, 'part')`"),
        ("$.rows[?(@.s in ['a','b'])]", 13, "`@.s == 'a' || @.s == 'b'`"),
        ("$.x[?(@.k | default(0)) > 0]", 5, "plain path"),
        ("$.x[?@.k | default(0) > 0]", 9, "in parentheses"),
        ("$.x[?@.k[*] == 1]", 5, "`@.k[*]` may find several"),
    ];
    check_slips(&queries, |text| Query::parse(text).map(drop));
}

#[test]
fn the_usual_slips_of_conditions_are_told() {
    let conditions = [
        ("@.a = 1", 4, "`@.a == 1`"),
        ("@.a === 1", 4, "`@.a == 1`"),
        ("@.a <> 1", 4, "`@.a != 1`"),
        ("@.a =~ 'x'", 4, "`match("),
        ("@.客户 == 1 and @.b == 2", 10, "`@.客户 == 1 && @.b == 2`"),
        ("@.a == 1 OR @.b == 2", 9, "`@.a == 1 || @.b == 2`"),
        ("@.a == 1 & @.b == 2", 9, "`&&`"),
        ("@.a == 1 | @.b == 2", 9, "`||`"),
        ("(@.a == 1 | @.b == 2)", 10, "`||`"),
        ("not @.a", 0, "`! @.a`"),
        ("@.a == Confirmed", 7, "`@.a == 'Confirmed'`"),
        ("@.a == ‘Confirmed’", 7, "`@.a == 'Confirmed'`"),
        ("@.a == True", 7, "`@.a == true`"),
        ("@.a == None", 7, "`@.a == null`"),
        ("@.a == 'x", 7, "not closed"),
        ("@.a == 'it''s'", 11, "`\\'`"),
        ("@.a == 01", 7, "no number"),
        ("@.a == 1.", 7, "no number"),
        ("@.a == .5", 7, "unexpected `.`"),
        ("@.a == +1", 7, "sub(1)"),
        ("@.a - 1 > 0", 4, "no `-`"),
        ("@.a == ", 7, "ends where"),
        ("", 0, "ends where"),
        ("@.a == 1)", 8, "closes nothing"),
        ("(@.a == 1", 0, "`(` is not closed"),
        ("@.a == ['x']", 7, "a list"),
        ("@.a < @.b < @.c", 10, "two sides"),
        ("@.a[*] == 1", 0, "`(@.a[*] | first) == …`"),
        ("1 == $..a", 5, "may find several"),
        ("lenght(@.a) == 1", 0, "did you mean `length`"),
        ("@.a.length() == 1", 3, "`length(@.a)`"),
        ("length(@.a)", 0, "must be compared"),
        ("match(@.a, 'x') == true", 0, "by itself"),
        ("match(@.a, '(')", 0, "no pattern"),
        ("length(@.*) == 1", 0, "take one value"),
        ("count('x') == 1", 0, ""),
        ("'x'", 0, "no condition"),
        ("true", 0, "no condition"),
        ("($.a | default(0))", 0, "must be compared"),
        ("($.a | defalt(0)) == 1", 7, "did you mean `default`"),
        ("(@.a) == 1", 6, "without parentheses"),
        ("1 == (@.a)", 5, "without parentheses"),
        ("@.a startswith 'x'", 4, "there is no `startswith`"),
        ("in(@.a, $.b)", 0, "unknown function `in`"),
        ("@.a @.b", 4, "an operator"),
        ("@.my field == 1", 1, "`@['my field'] == 1`"),
        ("$.a ~ 1", 4, "unexpected"),
        ("@.is_gift", 0, "write `@.is_gift == true` or"),
        ("!@.is_gift", 1, "`!@.is_gift` asks only whether the field is there"),
        ("@.a == 1 && @.b", 12, "`(@.b | default('')) != ''`"),
        ("(@.a || @.b == 1)", 1, "`@.a == true`"),
        ("@['a'][0] || @.b == 1", 0, "`@['a'][0] == true`"),
        ("! $receipt.id && @.b == 1", 2, "`($receipt.id | default('')) == ''`"),
        ("!(@.a)", 2, "`@.a == true`"),
    ];
    check_slips(&conditions, |text| Condition::parse(text).map(drop));
}

#[test]
fn the_usual_slips_of_pipes_are_told() {
    let pipes = [
        ("$.a | strin", 6, "did you mean `string`"),
        ("$.a | frobnicate", 6, "decimal(n[, exact])"),
        ("$.a |", 5, "name of a filter"),
        ("$.a || $.b", 4, "`||`"),
        ("$.a | decimal", 6, "`decimal(n[, exact])`"),
        ("$.a | decimal(x)", 14, "whole number from 0 to 100"),
        ("$.a | decimal(2, exactly)", 6, "`decimal(n[, exact])`"),
        ("$.a | round(101)", 12, "0 to 100"),
        ("$.a | string(1)", 6, "`string`"),
        ("$.a | replace('', x)", 14, "empty"),
        ("$.a | add(x)", 10, "a number or a path"),
        ("$.a | add($.b[*])", 10, "takes one value"),
        ("$.a | add($.b c)", 11, "`$['b c']`"),
        ("$.a | div(0.0)", 10, "zero"),
        ("$.a | map(a: b)", 6, "`map({a: b}[, else])`"),
        ("$.a | map({a})", 11, "`from: to`"),
        ("$.a | map({a: b, 'a': c})", 17, "twice"),
        ("$.a | map({a: })", 13, "empty"),
        ("$.a | default()", 6, "`default(x)`"),
        ("$.a | default(1", 13, "not closed"),
        ("$.a | default('x)", 14, "not closed"),
        ("$.a | default(1) x", 16, "after `)`"),
        ("$.a | datetime(yyyy-mm-dd)", 15, "write `yyyy-MM-dd`"),
        ("$.a | default(@.b) | datetime('yyyy/MM/dd hh')", 30, "`hh` is no field of a time"),
        ("$.a | trim upper", 11, "after `trim`"),
        ("$.a b | trim", 1, "`$['a b']`"),
        ("a | trim", 0, "begins with"),
        ("", 0, "begins with"),
    ];
    check_slips(&pipes, |text| Pipe::parse(text).map(drop));
}
