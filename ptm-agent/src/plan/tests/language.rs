//! DOT, above all where readers of it go wrong.

use super::{links, told};

/// The text, and the links it means.
type Case = (&'static str, &'static [&'static str]);

#[track_caller]
fn check(cases: &[Case]) {
    for (text, expected) in cases {
        assert_eq!(links(text), *expected, "{text}");
    }
}

#[test]
fn both_kinds_of_graph_are_cables_without_direction() {
    check(&[
        ("graph G { a:1 -- b:2 }", &["a:1 b:2"]),
        ("digraph G { b:2 -> a:1 }", &["a:1 b:2"]),
        ("strict graph { a:1 -- b:2 }", &["a:1 b:2"]),
        ("digraph G{rut:swp1->r1:swp1;rut:swp2->r3:swp1;}", &["r1:swp1 rut:swp1", "r3:swp1 rut:swp2"]),
    ]);
}

#[test]
fn hash_lines_slashes_and_stars_are_comments() {
    check(&[
        ("# first line\ngraph { a:1 -- b:1 }", &["a:1 b:1"]),
        ("graph { a:1 -- b:1 // -- c:1\n}", &["a:1 b:1"]),
        ("graph { a:1 /* x\n-- */ -- b:1 # }\n}", &["a:1 b:1"]),
        ("/**/graph/***/{a:1--b:1}//", &["a:1 b:1"]),
        ("graph { \"#a\":\"//\" -- \"/*b*/\":1 }", &["#a:// /*b*/:1"]),
    ]);
}

#[test]
fn the_part_after_the_first_colon_is_the_port() {
    check(&[
        ("digraph { vm1:eth1 -> vm2:eth1 }", &["vm1:eth1 vm2:eth1"]),
        ("graph { a:p:ne -- b:q:_ }", &["a:p b:q"]),
        ("graph { a:n -- b:sw }", &["a:n b:sw"]),
        ("graph { a:e:e -- b : c : c }", &["a:e b:c"]),
        ("graph { a:\"\" -- b:1 }", &["a b:1"]),
        ("graph { a:\"p:ne\" -- b:1 }", &["a:p:ne b:1"]),
    ]);
}

#[test]
fn quoted_and_unquoted_are_the_same_name() {
    check(&[("graph { \"sw1\":\"1\" -- b:1  sw1:2 -- b:2 }", &["b:1 sw1:1", "b:2 sw1:2"])]);
}

#[test]
fn escapes_joined_lines_and_concatenation() {
    check(&[
        (r#"graph { "a\"b":1 -- c:1 }"#, &["a\"b:1 c:1"]),
        (r#"graph { "a\b\N":1 -- "c\\":1 }"#, &[r"a\b\N:1 c\\:1"]),
        (r#"graph { "a\\\"b":1 -- c:1 }"#, &[r#"a\\"b:1 c:1"#]),
        ("graph { \"lo\\\nng\":1 -- \"cr\\\r\nlf\":1 }", &["crlf:1 long:1"]),
        (r#"graph { "a" + "b" + "c":"1"+"2" -- d:1 }"#, &["abc:12 d:1"]),
        (r#"graph "G" + "H" { a:1 -- b:1 [x="y" + "z"] }"#, &["a:1 b:1"]),
    ]);
}

#[test]
fn keywords_in_any_case_and_as_names_in_quotes() {
    check(&[
        ("GRAPH G { Edge [x=y] NODE [x=y] SubGraph s { a:1 -- b:1 } }", &["a:1 b:1"]),
        ("STRICT DiGraph { \"node\":\"edge\" -> \"Graph\":strictly }", &["Graph:strictly node:edge"]),
    ]);
}

#[test]
fn byte_order_mark_crlf_and_html() {
    check(&[
        ("\u{feff}graph { a:1 -- b:1 }", &["a:1 b:1"]),
        ("\u{feff}# comment\r\ngraph {\r\n  a:1 -- b:1\r\n}\r\n", &["a:1 b:1"]),
        ("graph { label=<a <b>-- \"</b> }> a:1 -- b:1 [label=<>] }", &["a:1 b:1"]),
    ]);
}

#[test]
fn unquoted_names_and_numbers() {
    check(&[
        ("graph { _a1:1.5 -- B_:-3 }", &["B_:-3 _a1:1.5"]),
        ("graph { 1:.5 -- 2.:-.7 }", &["1:.5 2.:-.7"]),
        ("graph { été:1 -- 雪:2 }", &["été:1 雪:2"]),
        ("graph{a:1--b:-1}", &["a:1 b:-1"]),
    ]);
    // What somebody meant as one name, and its place.
    let cases = [
        "leaf-1",
        "sw1.example.com",
        "10.0.0.1",
        "1abc",
        "Ethernet1/1",
        "a-b-c",
        "swp1.",
        "x@y",
        "“leaf1”",
        "a\u{a0}b",
        "-leaf",
    ];
    for name in cases {
        let expected = format!("error 1:9 `{}` is not one name without quotes", name.escape_debug());
        assert_eq!(told(&format!("graph {{ {name}:1 -- b:1 }}")), [expected], "{name}");
    }
}

#[test]
fn chains_lists_and_subgraphs_as_ends() {
    check(&[
        ("graph { a:1 -- b -- c:1 }", &["a:1 b", "b c:1"]),
        ("graph { a:1, b:1 -- c }", &["a:1 c", "b:1 c"]),
        ("graph { {a b} -- c  a:1 -- c:1 }", &["a:1 c:1"]),
        ("graph { {a b} -- c [tailport=1] }", &["a:1 c", "b:1 c"]),
        ("graph { a -- subgraph s { b; c } [headport=x] }", &["a b:x", "a c:x"]),
        ("graph { subgraph s {a} subgraph s {b} -- c [tailport=1] }", &["a:1 c", "b:1 c"]),
        ("graph { {{a} -- {b c} [headport=1]} -- d [tailport=2] }", &["a b:1", "a c:1", "a:2 d", "b:2 d", "c:2 d"]),
    ]);
}

#[test]
fn headport_and_tailport_name_ports() {
    check(&[
        ("graph { a -- b [tailport=1, headport=\"2\"] }", &["a:1 b:2"]),
        ("digraph { a:1 -> b:2 [headport=3] }", &["a:1 b:3"]),
        ("graph { a:1 -- b:2 [headport=\"\"] }", &["a:1 b"]),
        ("graph { a -- b [headport=\"x:ne\" tailport=\"y:1\"] }", &["a:y:1 b:x"]),
        ("graph { edge [tailport=up] a -- x:1  b:2 -- x:2 }", &["a:up x:1", "b:2 x:2"]),
    ]);
}

#[test]
fn separators_are_optional_and_lists_may_be_many() {
    check(&[
        ("graph{a:1--b:1 c:1--d:1;;e1:1--f:1}", &["a:1 b:1", "c:1 d:1", "e1:1 f:1"]),
        ("graph { a:1 -- b:1 [x=1,y=2;z=3 w=4][][v=5] ; }", &["a:1 b:1"]),
    ]);
}

#[test]
fn unknown_attributes_are_ignored() {
    check(&[(
        "graph { rankdir=LR; node [os=linux, memory=2048] edge [dir=none, left_mac=\"44:38:39:00:00:01\"] a:1 -- b:1 }",
        &["a:1 b:1"],
    )]);
}

#[test]
fn both_ends_on_one_node_are_two_of_its_ports() {
    check(&[("graph { a:p1 -- a:p2 }", &["a:p1 a:p2"])]);
}
