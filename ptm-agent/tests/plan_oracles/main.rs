//! The plan's parser against other readings of the same files: Graphviz itself, the crate dot-parser, and the cabling
//! that a generated file was written from.

mod graphviz;
mod quoted;
mod reading;
mod spelling;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use ptm_agent::plan::{self, Diagnostic};

use self::reading::Reading;
use self::spelling::{Cabling, Speller, cabling, scopes};

/// Every plan of `tests/plans` and `examples` that is meant to be right.
fn good_plans() -> Vec<(PathBuf, String)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut plans = Vec::new();
    for folder in [here.join("tests/plans"), here.join("../examples")] {
        for entry in fs::read_dir(&folder).expect("the folder of plans") {
            let path = entry.expect("an entry of it").path();
            if path.extension().is_some_and(|extension| extension == "dot") && !path.ends_with("five-mistakes.dot") {
                let text = fs::read_to_string(&path).expect("a plan in UTF-8");
                plans.push((path, text));
            }
        }
    }
    assert!(plans.len() >= 8, "only {} plans found", plans.len());
    plans
}

fn assert_no_errors(text: &str, diagnostics: &[Diagnostic]) {
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{}", plan::render(diagnostics, "ptm.dot", text, false));
}

fn assert_same(text: &str, ours: &Reading, theirs: &Reading) {
    assert_eq!(ours.links, theirs.links, "{text}");
    assert_eq!(ours.nodes, theirs.nodes, "{text}");
}

#[test]
fn examples_and_good_plans_read_as_graphviz_reads_them() {
    for (path, text) in good_plans() {
        println!("{}", path.display());
        let (topology, diagnostics) = plan::read(&text);
        assert_no_errors(&text, &diagnostics);
        let theirs = graphviz::read(&text);
        assert_same(&text, &reading::of(&topology), &theirs[0]);
        if !text.contains("lldptmpl") {
            reading::assert_match_types(&topology, &theirs[0], &text);
        }
    }
}

#[test]
fn examples_read_without_a_word() {
    let examples =
        good_plans().into_iter().filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("examples")));
    for (path, text) in examples {
        let (topology, diagnostics) = plan::read(&text);
        assert!(diagnostics.is_empty(), "{}", plan::render(&diagnostics, &path.display().to_string(), &text, false));
        assert!(topology.directory().link_count() > 0, "{}", path.display());
    }
}

/// Graphviz reads many graphs from one file: one start of it for all cases.
#[test]
fn defaults_scopes_and_subgraphs_mean_what_graphviz_makes_of_them() {
    let mut runner = TestRunner::default();
    let plans: Vec<String> = (0..2_000).map(|_| scopes().new_tree(&mut runner).expect("a plan").current()).collect();
    let theirs = graphviz::read(&plans.concat());
    assert_eq!(theirs.len(), plans.len());
    for (text, theirs) in plans.iter().zip(theirs) {
        let (topology, _) = plan::read(text);
        assert_same(text, &reading::of(&topology), &theirs);
        reading::assert_match_types(&topology, &theirs, text);
    }
}

#[test]
fn any_spelling_means_what_graphviz_makes_of_it() {
    let mut runner = TestRunner::default();
    let spellings = (cabling(), prop::collection::vec(any::<u8>(), 0..2_000));
    let cases: Vec<(Cabling, String)> = (0..500)
        .map(|_| {
            let (cabling, choices) = spellings.new_tree(&mut runner).expect("a plan").current();
            let text = Speller::spell(&cabling, choices);
            (cabling, text)
        })
        .collect();
    let all: String = cases.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
    let theirs = graphviz::read(&all);
    assert_eq!(theirs.len(), cases.len());
    for ((cabling, text), theirs) in cases.iter().zip(theirs) {
        assert_eq!(theirs.links, cabling.links(), "the test's own spelling is wrong:\n{text}");
        let (topology, diagnostics) = plan::read(text);
        assert_no_errors(text, &diagnostics);
        assert_same(text, &reading::of(&topology), &theirs);
    }
}

proptest! {
    #[test]
    fn any_spelling_means_its_cabling(cabling in cabling(), choices in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let text = Speller::spell(&cabling, choices);
        let (topology, diagnostics) = plan::read(&text);
        assert_no_errors(&text, &diagnostics);
        prop_assert_eq!(reading::of(&topology).links, cabling.links(), "{}", text);
    }

    #[test]
    fn a_quoted_plan_means_the_same_to_dot_parser(cabling in cabling()) {
        quoted::assert_same(&cabling);
    }
}
