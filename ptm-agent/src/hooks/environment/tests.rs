use proptest::prelude::*;

use super::*;
use crate::monitor::Reason;

fn variable(name: &str, run: &Run) -> String {
    variables(run).into_iter().find(|(n, _)| *n == name).unwrap().1
}

#[test]
fn newline_and_its_kin_are_escaped_so_that_echo_leaves_them_alone() {
    let run =
        Run::new("swp1".into(), Reason::WrongNode, None, Some("evil\nPTM_CBL=pass\0\u{1b}[2J\u{202e}\\n:é".into()));
    assert_eq!(variable("PTM_ACTNBR", &run.unwrap()), "evil\\x0aPTM_CBL=pass\\x00\\x1b[2J\\u{202e}\\x5cn:é");
}

#[test]
fn status_is_the_reasons() {
    for reason in Reason::ALL {
        match Run::new("swp1".into(), reason, None, None) {
            Some(run) => {
                assert_eq!(variable("PTM_CBL", &run), reason.status().as_str());
                assert_eq!(run.hook(), format!("if-topo-{}", reason.status()));
                assert_eq!(variable("PTM_REASON", &run), reason.as_str());
            }
            None => assert_eq!(reason.status().as_str(), "no-info"),
        }
    }
}

#[test]
fn log_line_shows_what_is_not_text() {
    assert_eq!(log_line(b"a\xffb\tc\\d \xc3\xa9"), "a\\xffb\\x09c\\d é");
}

proptest! {
    #[test]
    fn value_is_bounded_and_fit_for_an_environment(text in any::<String>(), repeat in 1_usize..200) {
        let value = value(&text.repeat(repeat));
        prop_assert!(value.len() <= MAX_VALUE + '…'.len_utf8());
        prop_assert!(!value.chars().any(is_deceptive));
    }
}
