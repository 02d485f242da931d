//! MAC addresses as people write them.

/// Whether both are MAC addresses, and the same one: `00:1b:21:0a:0b:0c`, `00-1B-21-0A-0B-0C`, `001b.210a.0b0c`.
pub(super) fn same(a: &str, b: &str) -> bool {
    let address = parse(a);
    address.is_some() && address == parse(b)
}

/// Whether this is a MAC address.
pub(super) fn is_address(text: &str) -> bool {
    parse(text).is_some()
}

/// Twelve hexadecimal digits in groups of two or four, with one separator throughout.
fn parse(text: &str) -> Option<u64> {
    let separator = text.chars().find(|c| !c.is_ascii_hexdigit())?;
    let length = text.find(separator)?;
    let usual = matches!((separator, length), (':' | '-', 2) | ('.' | '-', 4));
    let mut groups = text.split(separator);
    let whole = groups.clone().count() * length == 12
        && groups.all(|group| group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let digits = (usual && whole).then(|| text.replace(separator, ""))?;
    u64::from_str_radix(&digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_one_address() {
        let spellings =
            ["00:1b:21:0a:0b:0c", "00:1B:21:0A:0B:0C", "00-1B-21-0A-0B-0C", "001b.210a.0b0c", "001b-210a-0b0c"];
        for a in spellings {
            for b in spellings {
                assert!(same(a, b), "{a} {b}");
            }
            assert!(!same(a, "00:1b:21:0a:0b:0d"), "{a}");
        }
    }

    #[test]
    fn nothing_else_is_an_address() {
        let others = [
            "",
            "swp1",
            "001b210a0b0c",
            "00:1b:21:0a:0b",
            "00:1b:21:0a:0b:0c:0d",
            "00:1b:21:0a:0b:0g",
            "00:1b:21-0a:0b:0c",
            "001b:210a:0b0c",
            "00:1b:21:0a:0b:+c",
            "0:1b:21:0a:0b:00c",
            "00:1b:21:0a:0b:0c ",
        ];
        for text in others {
            assert!(!is_address(text) && !same(text, text), "{text}");
        }
    }
}
