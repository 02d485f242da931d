//! What a `PromQL` expression names, as far as a look at its words tells.

use std::collections::BTreeSet;

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The metrics, each with the labels that it is selected by and what they are compared with.
    pub selectors: Vec<Selector>,
    /// The labels of `by`, `on`, `group_left` and the like.
    pub labels: BTreeSet<String>,
}

/// A metric and the labels that it is selected by.
#[derive(Debug, PartialEq, Eq)]
pub struct Selector {
    /// The metric.
    pub metric: String,
    /// Each label with the text that it is compared with.
    pub matchers: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Name(String),
    Text(String),
    Sign(char),
}

/// What `expression`, which Prometheus takes, names.
pub fn names(expression: &str) -> Names {
    const OPERATORS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];
    const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
    let mut found = Names::default();
    let words = words(expression);
    let mut rest = words.as_slice();
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        let Word::Name(name) = word else { continue };
        match rest.first() {
            Some(Word::Sign('(')) if BEFORE_LABELS.contains(&name.as_str()) => {
                let list = up_to(&mut rest, ')');
                found.labels.extend(list.iter().filter_map(|word| match word {
                    Word::Name(label) => Some(label.clone()),
                    _ => None,
                }));
            }
            // A function, or an aggregation whose labels come first.
            Some(Word::Sign('(')) => {}
            Some(Word::Name(by)) if ["by", "without"].contains(&by.as_str()) => {}
            Some(Word::Sign('{')) => {
                let list = up_to(&mut rest, '}');
                let labels = list.iter().filter_map(|word| if let Word::Name(it) = word { Some(it) } else { None });
                let texts = list.iter().filter_map(|word| if let Word::Text(it) = word { Some(it) } else { None });
                let matchers = labels.cloned().zip(texts.cloned()).collect();
                found.selectors.push(Selector { metric: name.clone(), matchers });
            }
            _ if OPERATORS.contains(&name.as_str()) || BEFORE_LABELS.contains(&name.as_str()) => {}
            _ => found.selectors.push(Selector { metric: name.clone(), matchers: Vec::new() }),
        }
    }
    found
}

/// Takes everything up to the closing bracket.
fn up_to<'a>(rest: &mut &'a [Word], bracket: char) -> &'a [Word] {
    let end = rest.iter().position(|word| *word == Word::Sign(bracket)).expect("Prometheus took the expression");
    let (list, after) = rest.split_at(end);
    *rest = after;
    list
}

fn words(expression: &str) -> Vec<Word> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut words = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            let length = rest[1..].find('"').expect("Prometheus took the expression") + 2;
            words.push(Word::Text(rest[1..length - 1].to_owned()));
            length
        } else if is_name(first) {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            // A number or a duration is none.
            if !first.is_ascii_digit() {
                words.push(Word::Name(rest[..length].to_owned()));
            }
            length
        } else {
            words.push(Word::Sign(first));
            first.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_and_labels_are_told_from_functions_operators_and_numbers() {
        let Names { selectors, labels } = names(
            r#"max by (job, cable) (increase(ptm_x_total{job=~"ptm",port!="eth1"}[15m]) * on (job) group_left (node)
               ptm_info) >= 1e3 unless ALERTS{alertname="A"} or vector(0) and on () up"#,
        );
        let selector = |metric: &str, matchers: &[(&str, &str)]| Selector {
            metric: metric.into(),
            matchers: matchers.iter().map(|(label, text)| ((*label).into(), (*text).into())).collect(),
        };
        assert_eq!(
            selectors,
            [
                selector("ptm_x_total", &[("job", "ptm"), ("port", "eth1")]),
                selector("ptm_info", &[]),
                selector("ALERTS", &[("alertname", "A")]),
                selector("up", &[]),
            ]
        );
        assert_eq!(labels.into_iter().collect::<Vec<_>>(), ["cable", "job", "node"]);
    }
}
