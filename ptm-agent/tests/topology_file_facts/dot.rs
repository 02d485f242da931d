//! "DOT, where readers go wrong", line by line. Graphviz is the reference: `tests/plan_oracles` holds the reader against it.

use super::{links, told};

const LINK: [&str; 1] = ["sw1:swp1 sw2:swp2"];

/// `#` at the start of a line, `//` and `/* */` are comments. The first line of the original sample is a `#` line.
#[test]
fn comments() {
    assert_eq!(links("# the plan\ngraph G { // all\n sw1:swp1 /* one\n cable */ -- sw2:swp2\n# end\n}"), LINK);
}

/// `vm1:eth1`: the part after the first colon is always the port, and only a second `:n` is a compass point. A lone `:e`
/// is a port here too.
#[test]
fn the_part_after_the_first_colon_is_the_port() {
    assert_eq!(links("graph G { vm1:eth1 -- vm2:swp1 }"), ["vm1:eth1 vm2:swp1"]);
    for compass in ["n", "ne", "e", "se", "s", "sw", "w", "nw", "c", "_"] {
        assert_eq!(links(&format!("graph G {{ sw1:swp1:{compass} -- sw2:swp2 }}")), LINK, "{compass}");
        assert_eq!(links(&format!("graph G {{ a:{compass} -- b:1 }}")), [format!("a:{compass} b:1")], "{compass}");
    }
}

/// `"sw1"` and `sw1` are the same name. `\"` inside quotes is a quote, `\` at the end of a line joins lines, `"a" + "b"`
/// concatenates. Other backslashes stay as they are.
#[test]
fn names_in_quotes() {
    assert_eq!(links("graph G { \"sw1\":\"swp1\" -- sw2:swp2 \"sw1\":swp3 -- sw1:\"swp4\" }").len(), 2);
    assert_eq!(links("graph G { \"a\\\"b\":1 -- c:1 }"), ["a\"b:1 c:1"]);
    assert_eq!(links("graph G { \"sw\\\n1\":swp1 -- \"s\" + \"w2\":swp2 }"), LINK);
    assert_eq!(links("graph G { \"a\\b\\n\":1 -- c:1 }"), ["a\\b\\n:1 c:1"]);
}

/// Keywords in any case. A UTF-8 BOM, CRLF line ends and HTML strings `<...>` (balanced) occur.
#[test]
fn keywords_bom_crlf_and_html() {
    let text = "\u{feff}STRICT Graph G {\r\n NODE [label=<a <b>c</b>>]\r\n Edge [dir=none]\r\n \
                SubGraph s { sw1:swp1 -- sw2:swp2 }\r\n}\r\n";
    assert_eq!(links(text), LINK);
    assert_eq!(links("DiGraph { sw1:swp1 -> sw2:swp2 }"), LINK);
}

/// `leaf-1` and `sw1.example.com` unquoted are not one name: the place, and "quote this name".
#[test]
fn names_that_need_quotes() {
    assert_eq!(links("graph G { sw_1:1 -- 12:1  -3.5:1 -- é:1 }"), ["-3.5:1 é:1", "12:1 sw_1:1"]);
    for name in ["leaf-1", "sw1.example.com", "10.0.0.1", "1a"] {
        let diagnostics = told(&format!("graph G {{\n  {name}:1 -- b:1\n}}"));
        assert_eq!(
            diagnostics,
            [format!("topology.dot:2:3: error: `{name}` is not one name without quotes; write \"{name}\"")]
        );
    }
}

/// `a:1 -- b:1 -- c:1` is two edges, and here an error: port `b:1` would be cabled twice. `{a b} -- c` is two edges
/// without ports.
#[test]
fn chains_and_subgraphs_as_ends() {
    assert!(told("graph G { a:1 -- b:1 -- c:1 }")[0].contains("port `b:1` is cabled twice"));
    let bare = told("graph G { {a b} -- c  sw1:swp1 -- sw2:swp2 }");
    assert!(bare.len() == 1 && bare[0].contains("a link without ports says nothing"), "{bare:?}");
    assert_eq!(links("graph G { {a b} -- c  sw1:swp1 -- sw2:swp2 }"), LINK);
}

/// `headport=`/`tailport=` attributes name the ports as `:port` does.
#[test]
fn headport_and_tailport() {
    assert_eq!(links("digraph G { sw1 -> sw2 [tailport=swp1, headport=\"swp2:ne\"] }"), LINK);
}

/// A file of many links is read whole. How long a million take, and in how much memory, is measured by `cargo xtask
/// bench` beside Graphviz.
#[test]
fn many_links() {
    let line = |n| format!("  \"leaf{}\":\"swp{n}\" -- \"spine{n}\":\"swp1\"\n", n % 500);
    let lines = (0..20_000).map(line).collect::<Vec<_>>().concat();
    let (topology, diagnostics) = ptm_agent::plan::read(&format!("graph G {{\n{lines}}}\n"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!((topology.directory().link_count(), topology.directory().node_count()), (20_000, 20_500));
    let plan = topology.plan_for("leaf7").expect("the plan has it");
    assert_eq!(plan.expectations().len(), 40);
    assert_eq!(plan.far_end("spine507", "swp1").map(|far| far.to_string()).as_deref(), Some("leaf7:swp507"));
}
