//! "Did you mean …?"

use super::diagnostic::shown;

/// The longest name, in bytes, that is compared: the comparison takes the product of both lengths.
const LONGEST: usize = 255;

/// The candidate most like `word`: equal but for upper and lower case, else the one with the fewest slips of the pen
/// (a letter more, less, other, or exchanged), if they are few for a word of that length.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let most = (lower.chars().count() / 3).clamp(1, 4);
    let (mut best, mut fewest) = (None, most + 1);
    for candidate in candidates {
        if candidate.len().abs_diff(word.len()) > 4 * most || candidate.len() > LONGEST {
            continue;
        }
        let slips = strsim::osa_distance(&lower, &candidate.to_lowercase());
        if slips < fewest {
            (best, fewest) = (Some(candidate), slips);
        }
        if slips == 0 {
            break;
        }
    }
    best
}

/// The way out, and the nearest candidate if there is one.
pub(super) fn help_with_nearest(help: String, word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("{help}; did you mean {}?", shown(near)),
        None => help,
    }
}
