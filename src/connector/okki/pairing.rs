//! Pairs the elements of two lists so that as many as possible have a partner that fits them.

/// Per element of the first list: its partner in the second. An earlier partner is preferred, yet never at the price
/// of a pair less.
pub fn pairs(ones: usize, others: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    let fitting: Vec<Vec<usize>> =
        (0..ones).map(|one| (0..others).filter(|other| fits(one, *other)).collect()).collect();
    let mut taken: Vec<Option<usize>> = vec![None; others];
    for one in 0..ones {
        place(one, &fitting, &mut taken, &mut vec![false; others]);
    }
    let mut partners = vec![None; ones];
    for (other, one) in taken.iter().enumerate() {
        if let Some(partner) = one.and_then(|one| partners.get_mut(one)) {
            *partner = Some(other);
        }
    }
    partners
}

/// Finds a place for one: a free one, else that of another that has a free one to move to, and so on.
fn place(one: usize, fitting: &[Vec<usize>], taken: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    let places = fitting.get(one).map(Vec::as_slice).unwrap_or_default();
    let free = places.iter().find(|other| taken.get(**other) == Some(&None)).copied();
    let freed = free.or_else(|| {
        places.iter().copied().find(|&other| {
            let untried = tried.get_mut(other).is_some_and(|tried| !std::mem::replace(tried, true));
            let holder = taken.get(other).copied().flatten();
            untried && holder.is_some_and(|holder| place(holder, fitting, taken, tried))
        })
    });
    match freed.and_then(|other| taken.get_mut(other)) {
        Some(place) => {
            *place = Some(one);
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_possible_have_a_partner() {
        for (table, wanted) in [
            (&["xx", "x."][..], &[Some(1), Some(0)][..]),
            (&["x.", "x."], &[Some(0), None]),
            (&["x..", "xx.", ".xx"], &[Some(0), Some(1), Some(2)]),
            (&["..", ".x"], &[None, Some(1)]),
            (&["xx", "xx"], &[Some(0), Some(1)]),
        ] {
            let cells: Vec<&[u8]> = table.iter().map(|row| row.as_bytes()).collect();
            let others = cells.first().map_or(0, |row| row.len());
            let fits = |one: usize, other: usize| cells.get(one).and_then(|row| row.get(other)) == Some(&b'x');
            assert_eq!(pairs(cells.len(), others, fits), wanted, "{table:?}");
        }
    }

    #[test]
    fn nothing_has_no_partners() {
        assert_eq!(pairs(0, 3, |_, _| true), Vec::new());
        assert_eq!(pairs(2, 0, |_, _| true), [None, None]);
    }
}
