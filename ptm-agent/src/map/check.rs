//! What an agent says, held against what it may say. Pure.
//!
//! An agent of the same plan says of each of its ports one thing, and of no other machine's ports anything. Whatever
//! else comes is from no agent, a broken one or a lying one, and nothing of it is shown.

use std::fmt;

use crate::api::{Difference, End, Kind, Topology, Verdict};
use crate::escape::shown;
use crate::monitor::Reason;

/// The longest name or ID that is shown, in bytes. LLDP's have 255 at most; what is longer was made longer by escapes.
const LONGEST_NAME: usize = 300;

/// The longest sentence.
const LONGEST_SENTENCE: usize = 1_000;

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
    let name = |text: String| fit(&text, LONGEST_NAME);
    Ok(Verdict {
        status,
        reason,
        cached,
        carrier,
        since,
        expected: expected.map(name),
        observed: observed.map(name),
        difference: difference.map(|Difference { field, expected, observed }| Difference {
            field: name(field),
            expected: name(expected),
            observed: name(observed),
        }),
        explanation: sentence(&explanation),
        advice: advice.as_deref().map(sentence),
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
        // Cutting leaves the capacity as it was.
        text.shrink_to_fit();
    }
    text
}
