//! What an agent says, held against what it may say. Pure.
//!
//! An agent of the same plan says of each of its ports one thing, and of no other machine's ports anything. Whatever
//! else comes is from no agent, a broken one or a lying one, and nothing of it is shown.

use std::cell::Cell;
use std::fmt;

use crate::api::{Difference, End, Kind, Topology, Verdict};
use crate::escape::shown;
use crate::monitor::Reason;

/// The longest name or ID that is shown, in bytes. LLDP's have 255 at most; what is longer was made longer by escapes.
const LONGEST_NAME: usize = 300;

/// The longest sentence.
const LONGEST_SENTENCE: usize = 1_000;

/// All text of a verdict, in bytes: it is kept of each port. Ours have some 300, where names are long twice that.
const LONGEST_VERDICT: usize = 1_024;

/// Why an answer or an event is not an agent's, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub(super) String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The node that an answer says it is of.
pub(super) fn claimed_node(answer: &Topology) -> Result<&str, Invalid> {
    match (answer.server.kind, &answer.server.node) {
        (Kind::Agent, Some(node)) => Ok(node),
        (Kind::Map, _) => Err(Invalid("a map answers there, not an agent; name the agents themselves".to_owned())),
        (Kind::Agent, None) => Err(Invalid("it does not say which node it is".to_owned())),
    }
}

/// The verdict on a port, made fit to be shown, if it is one.
pub(super) fn verdict(verdict: Verdict) -> Result<Verdict, Invalid> {
    let Verdict { status, reason, cached, carrier, since, expected, observed, difference, explanation, advice } =
        verdict;
    if status != reason.status() {
        return Err(Invalid(format!("it says that `{reason}` is `{status}`")));
    }
    let left = Cell::new(LONGEST_VERDICT);
    let fit = |text: String, longest| {
        let text = fit(&text, left.get().min(longest));
        left.set(left.get().saturating_sub(text.len()));
        text
    };
    let name = |text| fit(text, LONGEST_NAME);
    let sentence = |text| fit(text, LONGEST_SENTENCE);
    // In the order in which they are missed.
    Ok(Verdict {
        status,
        reason,
        cached,
        carrier,
        since,
        expected: expected.map(name),
        observed: observed.map(name),
        explanation: sentence(explanation),
        advice: advice.map(sentence),
        difference: difference.map(|Difference { field, expected, observed }| Difference {
            field: name(field),
            expected: name(expected),
            observed: name(observed),
        }),
    })
}

/// The port and the verdict of an end that `node` may speak for; `is_planned`: whether that is one of the plan's.
pub(super) fn own_end(end: End, node: &str) -> Result<(String, Box<Verdict>), Invalid> {
    if end.node != node {
        return Err(Invalid(format!("it speaks for another node, {}", name(&end.node))));
    }
    match (end.port, end.verdict) {
        (Some(port), Some(said)) => Ok((port, verdict(*said)?.into())),
        _ => Err(Invalid("it says of a cable of its own nothing, or not which port it means".to_owned())),
    }
}

/// The same for a port that the plan does not name.
pub(super) fn unplanned_end(end: End, node: &str) -> Result<(String, Box<Verdict>), Invalid> {
    let (port, verdict) = own_end(end, node)?;
    if verdict.reason != Reason::Unplanned {
        return Err(Invalid(format!("it judges the port {}, which the plan does not name", name(&port))));
    }
    Ok((name(&port), verdict))
}

/// A stranger's name, fit to be shown.
pub(super) fn name(text: &str) -> String {
    fit(text, LONGEST_NAME)
}

/// A sentence in which there may be a stranger's words, fit to be shown.
pub(super) fn sentence(text: &str) -> String {
    fit(text, LONGEST_SENTENCE)
}

/// Text without what deceives, and cut where it is too long.
fn fit(text: &str, longest: usize) -> String {
    let mut text = shown(text);
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
    // Neither writing out nor cutting leaves it as large as it need be.
    text.shrink_to_fit();
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::map::fixtures;

    proptest! {
        #[test]
        fn a_verdict_keeps_no_more_text_than_it_may(
            texts in prop::array::uniform7((select(&["x", "é", "\u{202e}"][..]), 0_usize..900)),
        ) {
            let texts = texts.map(|(character, number)| character.repeat(number));
            let [expected, observed, field, its, ours, explanation, advice] = texts;
            let said = Verdict {
                expected: Some(expected),
                observed: Some(observed),
                difference: Some(Difference { field, expected: its, observed: ours }),
                explanation,
                advice: Some(advice),
                ..fixtures::verdict(Reason::WrongNode, "")
            };
            let kept = verdict(said).unwrap();
            let difference = kept.difference.unwrap();
            let texts = [kept.expected.unwrap(), kept.observed.unwrap(), kept.explanation, kept.advice.unwrap()];
            let texts = [&texts[..], &[difference.field, difference.expected, difference.observed]].concat();
            let bytes: usize = texts.iter().map(String::capacity).sum();
            prop_assert!(bytes <= LONGEST_VERDICT + texts.len() * '…'.len_utf8(), "{}", bytes);
        }
    }

    #[test]
    fn an_ordinary_verdict_stays_as_it_is() {
        let long = "leaf-17.row-4.fra2.example.net:Ethernet1/17/1".to_owned();
        let said = Verdict {
            expected: Some(long.clone()),
            observed: Some(long.clone()),
            difference: Some(Difference {
                field: "port description".to_owned(),
                expected: long.clone(),
                observed: long,
            }),
            explanation: "x".repeat(250),
            advice: Some("x".repeat(400)),
            ..fixtures::verdict(Reason::WrongPort, "")
        };
        assert_eq!(verdict(said.clone()).unwrap(), said);
    }
}
