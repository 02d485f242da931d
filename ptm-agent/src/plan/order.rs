//! The order in which people count ports: `swp2` before `swp10`.

use std::cmp::Ordering;

/// Compares two names with the numbers in them taken as numbers, whatever their length: `swp2` < `swp10`,
/// `Ethernet1/9` < `Ethernet1/10`. A total order: equal only for equal names.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let (Some(&x), Some(&y)) = (left.first(), right.first()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, n) = (take_number(&mut left), take_number(&mut right));
            m.len().cmp(&n.len()).then_with(|| m.cmp(n))
        } else {
            (left, right) = (&left[1..], &right[1..]);
            x.cmp(&y)
        };
        if order.is_ne() {
            return order;
        }
    }
    // One is over, or they differ in leading zeros alone.
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Cuts the digits off the front of `text`, and gives them without leading zeros.
fn take_number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    *text = rest;
    let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
    &digits[zeros..]
}
