//! What is said of mistakes: each once, where it is, with the way out.

use insta::assert_snapshot;

use super::{rendered, told};
use crate::plan::{decode, read, render};

const FIVE_MISTAKES: &str = include_str!("../../../tests/plans/five-mistakes.dot");

#[test]
fn five_mistakes_are_five_diagnostics() {
    assert_snapshot!(rendered(FIVE_MISTAKES), @r#"
    error: `hostnam` is no value of `hostidtype`
     --> ptm.dot:2:14
      |
    2 |   hostidtype="hostnam"
      |              ^^^^^^^^^ no such value
      |
      = help: `hostidtype` is `hostname` or `ipaddr`; did you mean `hostname`?

    error: `leaf-1` is not one name without quotes
     --> ptm.dot:3:3
      |
    3 |   leaf-1:swp1 -- spine1:swp1
      |   ^^^^^^ quote this name
      |
      = help: write "leaf-1"

    error: port `leaf1:swp2` is cabled twice
     --> ptm.dot:5:3
      |
    4 |   "leaf1":"swp2" -- "spine1":"swp2"
      |   -------------- first here
    5 |   "leaf1":"swp2" -- "spine2":"swp2"
      |   ^^^^^^^^^^^^^^ and again here
      |
      = help: a port holds one cable: correct one of the two links

    error: a string is not closed on its line
     --> ptm.dot:6:30
      |
    6 |   "leaf1":"swp3" -- "spine1":"swp3
      |                              ^^^^^ opened here
      |
      = help: add the `"` that is missing

    error: there is no template `bydescr`
     --> ptm.dot:7:53
      |
    7 |   "leaf1":"swp4" -- "spine1":"swp4" [LLDP="lldptmpl=bydescr"]
      |                                                     ^^^^^^^ no such attribute of the graph
      |
      = help: a template is an attribute of the graph: NAME="key=value, …" outside every subgraph; did you mean `bydesc`?
    "#);
}

#[test]
fn one_line_for_logs() {
    let (_, diagnostics) = read(FIVE_MISTAKES);
    let lines: Vec<String> =
        diagnostics.iter().map(|diagnostic| diagnostic.one_line("/etc/ptm.d/topology.dot")).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    /etc/ptm.d/topology.dot:2:14: error: `hostnam` is no value of `hostidtype`; `hostidtype` is `hostname` or `ipaddr`; did you mean `hostname`?
    /etc/ptm.d/topology.dot:3:3: error: `leaf-1` is not one name without quotes; write "leaf-1"
    /etc/ptm.d/topology.dot:5:3: error: port `leaf1:swp2` is cabled twice (first here: line 4); a port holds one cable: correct one of the two links
    /etc/ptm.d/topology.dot:6:30: error: a string is not closed on its line; add the `"` that is missing
    /etc/ptm.d/topology.dot:7:53: error: there is no template `bydescr`; a template is an attribute of the graph: NAME="key=value, …" outside every subgraph; did you mean `bydesc`?
    "#);
}

#[test]
fn a_port_cabled_twice_shows_both_places() {
    // Far apart: the lines between are left out, and beyond a thousand lines there are two views.
    let near = format!(
        "graph {{\n  \"leaf1\":\"swp3\" -- \"spine1\":\"swp1\"{}  \"leaf1\":\"swp3\" -- \"spine2\":\"swp1\"\n}}",
        "\n".repeat(20)
    );
    assert_snapshot!(rendered(&near), @r#"
    error: port `leaf1:swp3` is cabled twice
      --> ptm.dot:22:3
       |
     2 |   "leaf1":"swp3" -- "spine1":"swp1"
       |   -------------- first here
    ...
    22 |   "leaf1":"swp3" -- "spine2":"swp1"
       |   ^^^^^^^^^^^^^^ and again here
       |
       = help: a port holds one cable: correct one of the two links
    "#);
    let far = near.replace("\n\n", &"\n".repeat(200));
    assert_snapshot!(rendered(&far), @r#"
    error: port `leaf1:swp3` is cabled twice
        --> ptm.dot:2002:3
         |
    2002 |   "leaf1":"swp3" -- "spine2":"swp1"
         |   ^^^^^^^^^^^^^^ and again here
         |
        ::: ptm.dot:2:3
         |
       2 |   "leaf1":"swp3" -- "spine1":"swp1"
         |   -------------- first here
         |
         = help: a port holds one cable: correct one of the two links
    "#);
}

#[test]
fn errors_of_many_kinds() {
    let text = r"digraph G {
  a:1 -- b:1
  a:2 -- b:2
  a:3 -> b:3 -> c:3
  a:4 -> a:4
  a:5 -> b:xe0:1
  a:6 - b:6
  a:9 -> b:9 [LLDP=match_type=ifname]
  edge -> node
}";
    assert_snapshot!(rendered(text), @r#"
    error: `--` in a `digraph`
     --> ptm.dot:2:7
      |
    2 |   a:1 -- b:1
      |       ^^ expected `->`
      |
      = help: write `->`, or begin the file with `graph`
      = note: the same once more in this file

    error: port `b:3` is cabled twice
     --> ptm.dot:4:10
      |
    4 |   a:3 -> b:3 -> c:3
      |          ^^^ linked to what stands before it and to what follows
      |
      = help: a port holds one cable: write two links, each with its own port

    error: port `a:4` is linked to itself
     --> ptm.dot:5:3
      |
    5 |   a:4 -> a:4
      |   ^^^^^^^^^^ the same port at both ends
      |
      = help: name the port that the other end of the cable is plugged into

    error: `1` is no compass point
     --> ptm.dot:6:12
      |
    6 |   a:5 -> b:xe0:1
      |            ^^^^^ quote this name
      |
      = help: if the port is called `xe0:1`, write "xe0:1"

    error: expected `--` or `->`, found `-`
     --> ptm.dot:7:7
      |
    7 |   a:6 - b:6
      |       ^ expected `--` or `->`
      |
      = help: a link is written with two characters: `--`, or `->` in a digraph

    error: the value of `LLDP` must be quoted
     --> ptm.dot:8:20
      |
    8 |   a:9 -> b:9 [LLDP=match_type=ifname]
      |                    ^^^^^^^^^^ a list needs quotes
      |
      = help: write LLDP="match_type=…"

    error: expected `[` after `edge`, found `->`
     --> ptm.dot:9:8
      |
    9 |   edge -> node
      |        ^^ expected `[` after `edge`
      |
      = help: `edge` is a word of the language; a node of that name is written `"edge"`
    "#);
}

#[test]
fn warnings_of_many_kinds() {
    let text = r#"digraph G {
  a:e -> b:1
  a -> b -> c
  a:6; b:6
  a:7 -> b:7 [LLDP="match_typ=ifname" notify=mail lldp=x]
  subgraph s { LLDP="match_type=ifname" hostidtype=ipaddr }
  a:8 -> b:8
  b:8 -> a:8
}"#;
    assert_snapshot!(rendered(text), @r#"
    warning: `e` is read as a port
     --> ptm.dot:2:5
      |
    2 |   a:e -> b:1
      |     ^ the part after the first colon is the port
      |
      = help: a compass point stands after the port; if this is a port, quote it

    warning: a link without ports says nothing
     --> ptm.dot:3:3
      |
    3 |   a -> b -> c
      |   ^^^^^^^^^^^ no port at either end
      |
      = help: name the ports: `"leaf1":"swp1" -- "spine1":"swp1"`

    warning: a port without a link says nothing
     --> ptm.dot:4:3
      |
    4 |   a:6; b:6
      |   ^^^ not linked to anything
      |
      = help: if a link is meant, write `--` and its other end

    warning: a port without a link says nothing
     --> ptm.dot:4:8
      |
    4 |   a:6; b:6
      |        ^^^ not linked to anything
      |
      = help: if a link is meant, write `--` and its other end

    warning: unknown key `match_typ` is ignored
     --> ptm.dot:5:21
      |
    5 |   a:7 -> b:7 [LLDP="match_typ=ifname" notify=mail lldp=x]
      |                     ^^^^^^^^^ no such key
      |
      = help: the keys of this list are `match_type`, `match_hostname`, `lldptmpl`; did you mean `match_type`?

    warning: `mail` is no value of `notify`
     --> ptm.dot:5:46
      |
    5 |   a:7 -> b:7 [LLDP="match_typ=ifname" notify=mail lldp=x]
      |                                              ^^^^ taken as `log`
      |
      = help: `notify` is `log`, `hook` or `none`

    warning: `lldp` is not `LLDP`
     --> ptm.dot:5:51
      |
    5 |   a:7 -> b:7 [LLDP="match_typ=ifname" notify=mail lldp=x]
      |                                                   ^^^^ means nothing to the plan
      |
      = help: the names of attributes are case-sensitive; did you mean `LLDP`?

    warning: `LLDP` of a subgraph has no effect
     --> ptm.dot:6:16
      |
    6 |   subgraph s { LLDP="match_type=ifname" hostidtype=ipaddr }
      |                ^^^^ ignored
      |
      = help: for the links of this subgraph write `edge [LLDP="…"]`

    warning: `hostidtype` of a subgraph has no effect
     --> ptm.dot:6:41
      |
    6 |   subgraph s { LLDP="match_type=ifname" hostidtype=ipaddr }
      |                                         ^^^^^^^^^^ ignored
      |
      = help: put it outside the subgraph: it holds for the whole graph

    warning: this link is written twice
     --> ptm.dot:8:3
      |
    7 |   a:8 -> b:8
      |   ---------- first here
    8 |   b:8 -> a:8
      |   ^^^^^^^^^^ and again here
      |
      = help: remove one of the two
    "#);
}

#[test]
fn settings_that_make_two_names_one() {
    let text = r#"graph {
  hostidtype=ipaddr portnametype=normalized
  "10.0.0.1":"Eth1/1" -- "2001:db8::2":1
  "10.0.0.1":"Ethernet1/1" -- leaf1:1
  "2001:DB8::2":2 -- leaf2:"Gi0/1"
  "10.0.0.1":"Ethernet1/10" -- leaf2:"Gi 0/1"
  "10.0.0.1":"Ethernet1/11" -- "10.0.0.1":"et1/11"
}"#;
    assert_snapshot!(rendered(text), @r#"
    error: port `10.0.0.1:Ethernet1/1` is cabled twice
     --> ptm.dot:4:3
      |
    3 |   "10.0.0.1":"Eth1/1" -- "2001:db8::2":1
      |   ------------------- first here
    4 |   "10.0.0.1":"Ethernet1/1" -- leaf1:1
      |   ^^^^^^^^^^^^^^^^^^^^^^^^ and again here
      |
      = help: `Eth1/1` and `Ethernet1/1` are one port under `portnametype="normalized"`

    warning: node `leaf1` is not named by an address
     --> ptm.dot:4:31
      |
    4 |   "10.0.0.1":"Ethernet1/1" -- leaf1:1
      |                               ^^^^^^^ not an address
      |
      = help: in a plan with `hostidtype="ipaddr"` write its management address; as it stands, it is known by its host name
      = note: the same once more in this file

    error: nodes `2001:db8::2` and `2001:DB8::2` are one address
     --> ptm.dot:5:3
      |
    3 |   "10.0.0.1":"Eth1/1" -- "2001:db8::2":1
      |                          --------------- first here
    4 |   "10.0.0.1":"Ethernet1/1" -- leaf1:1
    5 |   "2001:DB8::2":2 -- leaf2:"Gi0/1"
      |   ^^^^^^^^^^^^^^^ and again here
      |
      = help: write the address of a node in one way

    error: port `leaf2:Gi 0/1` is cabled twice
     --> ptm.dot:6:32
      |
    5 |   "2001:DB8::2":2 -- leaf2:"Gi0/1"
      |                      ------------- first here
    6 |   "10.0.0.1":"Ethernet1/10" -- leaf2:"Gi 0/1"
      |                                ^^^^^^^^^^^^^^ and again here
      |
      = help: `Gi0/1` and `Gi 0/1` are one port under `portnametype="normalized"`

    error: port `10.0.0.1:et1/11` is cabled twice
     --> ptm.dot:7:32
      |
    7 |   "10.0.0.1":"Ethernet1/11" -- "10.0.0.1":"et1/11"
      |   -------------------------    ^^^^^^^^^^^^^^^^^^^ and again here
      |   |
      |   first here
      |
      = help: `Ethernet1/11` and `et1/11` are one port under `portnametype="normalized"`
    "#);
    // Without the settings they are what they are.
    let plain = text.replace("hostidtype=ipaddr portnametype=normalized", "");
    assert_eq!(told(&plain), [""; 0]);
}

#[test]
fn a_second_reading_of_the_same_mistake_is_counted() {
    assert_snapshot!(rendered("graph {\n leaf-1:1 -- a:1\n leaf-1:2 -- a:2\n leaf-1:3 -- a:3\n}"), @r#"
    error: `leaf-1` is not one name without quotes
     --> ptm.dot:2:2
      |
    2 |  leaf-1:1 -- a:1
      |  ^^^^^^ quote this name
      |
      = help: write "leaf-1"
      = note: the same 2 times more in this file
    "#);
}

/// Each text, and every diagnostic it gets.
const MISTAKES: &[(&str, &[&str])] = &[
    // The file as a whole.
    ("", &["error 1:1 the file is empty"]),
    ("\n # nothing\n", &["error 3:1 the file is empty"]),
    ("graph {}", &["warning the plan has no links"]),
    ("a:1 -- b:1", &["error 1:1 expected `graph` or `digraph`, found `a`"]),
    ("grph G { a:1 -- b:1 }", &["error 1:1 expected `graph` or `digraph`, found `grph`"]),
    ("graph G\n a:1 -- b:1 }", &["error 2:2 expected `{`, found `a`"]),
    ("graph {\n a:1 -- b:1", &["error 1:7 a `{` is never closed"]),
    ("graph {\n subgraph s { {\n a:1 -- b:1 }", &["error 2:13 a `{` is never closed"]),
    ("graph {\n a:1 -- b:1 } }\n c:1 -- d:1\n}", &["error 2:13 the graph ends before the file does"]),
    ("graph { a:1 -- b:1 } graph { a:2 -- b:2 }", &["error 1:22 a second graph in the file"]),
    ("graph { a:1 -- b\0:1 }", &["error 1:17 a NUL byte: this is not a text file"]),
    // Statements.
    ("graph { a:1 -- }", &["error 1:16 expected a node after `--`, found `}`"]),
    ("graph { -- a:1; b:1 -- c:1 }", &["error 1:9 expected a node before `--`, found `--`"]),
    ("graph {\n a: -- b:1\n a:2 -- b:2 }", &["error 2:5 expected a port after `:`, found `--`"]),
    ("graph { a:1:2:3 -- b:1 }", &["error 1:11 `2` is no compass point", "error 1:14 expected a statement, found `:`"]),
    ("graph { a:1: -- b:1 }", &["error 1:14 expected a compass point after the port's `:`, found `--`"]),
    ("graph { a, -- b:1 }", &["error 1:12 expected a node after `,`, found `--`"]),
    ("graph { a = ; b:1 -- c:1 }", &["error 1:13 expected a value for `a`, found `;`"]),
    ("graph { node:1 -- b:1 }", &["error 1:13 expected `[` after `node`, found `:`"]),
    ("graph { subgraph s; a:1 -- b:1 }", &["error 1:19 expected `{`, found `;`"]),
    ("graph { a:1 -- b:1 ) }", &["error 1:20 `)` is not one name without quotes"]),
    ("graph { a:1 - b:1 }", &["error 1:13 expected `--` or `->`, found `-`"]),
    ("graph { \"\":1 -- b:1 }", &["error 1:9 a node has no name"]),
    ("graph { <b>:1 -- b:1 }", &["error 1:9 an HTML string cannot name a node"]),
    ("graph { a:1 <-> b:1\n c:1 -- d:1 }", &["error 1:13 an HTML string cannot name a node"]),
    ("graph { a:1 -- a:1 }", &["error 1:9 port `a:1` is linked to itself"]),
    // Strings, comments, brackets that are not closed: told where they begin, and the next line is read.
    (
        "graph {\n \"a:1 -- b:1\n c:1 -- d:1; d:1 -- e:1 }",
        &["error 2:2 a string is never closed", "error 3:14 port `d:1` is cabled twice"],
    ),
    (
        "graph {\n \"a\":\"1 -- b:1\n \"c\":1 -- d:1; d:1 -- e:1 }",
        &["error 2:6 a string is not closed on its line", "error 3:16 port `d:1` is cabled twice"],
    ),
    ("graph {\n \"a:\"1\" -- b:1\n c:1 -- d:1 }", &["error 2:2 two names without anything between them"]),
    (
        "graph {\n a:1 -- b:1 [LLDP=\"match_type=ifname]\n \"c\":1 -- d:1 }",
        &["error 2:19 a string is not closed on its line"],
    ),
    ("graph { a:1 -- b:1 /* }", &["error 1:20 a comment is never closed"]),
    ("graph { x = <a b ; a:1 -- b:1 }", &["error 1:13 an HTML string is never closed"]),
    (
        "graph { a:1 -- b:1 [x=y\n c:1 -- d:1; d:1 -- e:1 }",
        &["error 1:20 a `[` is never closed", "error 2:14 port `d:1` is cabled twice"],
    ),
    ("graph { a:1 -- b:1 [x=y }", &["error 1:20 a `[` is never closed"]),
    ("graph { a:1 -- b:1 [x\n y=z]\n c:1 -- d:1 }", &["error 2:2 expected `=` after `x`, found `y`"]),
    ("graph { a:1 -- b:1 [= x]; c:1 -- d:1 }", &["error 1:21 expected an attribute or `]`, found `=`"]),
    ("graph { a:1 -- b:1 [x=]; c:1 -- d:1 }", &["error 1:23 expected a value for `x`, found `]`"]),
    // Names.
    ("graph { \"a\" + b:1 -- c:1 }", &["error 1:15 expected a quoted string after `+`, found `b`"]),
    ("graph my-plan { a:1 -- b:1 }", &["error 1:7 `my-plan` is not one name without quotes"]),
    // Values.
    ("graph { hostidtype=foo a:1 -- b:1 }", &["error 1:20 `foo` is no value of `hostidtype`"]),
    ("graph { hostnametype=short a:1 -- b:1 }", &["error 1:22 `short` is no value of `hostnametype`"]),
    ("graph { HostIdType=ipaddr a:1 -- b:1 }", &["warning 1:9 `HostIdType` is not `hostidtype`"]),
    ("graph { LLDP=portdescr a:1 -- b:1 }", &["error 1:14 `portdescr` has no value"]),
    (
        "graph { LLDP=\"match_type=ifname,match_type=ifname\" a:1 -- b:1 }",
        &["error 1:33 `match_type` stands twice in one list"],
    ),
    ("graph { a:1 -- b:1 [LLDP=\"lldptmpl=L1\"] }", &["error 1:36 there is no template `L1`"]),
    ("graph { a:1 -- b:1 [notify=mail] }", &["warning 1:28 `mail` is no value of `notify`"]),
    ("graph { notify=none a:1 -- b:1 }", &["warning 1:9 `notify` of a graph has no effect"]),
    ("graph { portnametype=fuzzy a:1 -- b:1 }", &["error 1:22 `fuzzy` is no value of `portnametype`"]),
    (
        "graph { subgraph s { portnametype=exact } a:1 -- b:1 }",
        &["warning 1:22 `portnametype` of a subgraph has no effect"],
    ),
    ("graph { LLDP=any a:1 -- b:1 }", &["error 1:14 `any` has no value"]),
    // Links.
    (
        "graph { a:1 -- b:1 [LLDP=\"match_type=portdescr\"] b:1 -- a:1 }",
        &["error 1:50 this link is written twice, with different attributes"],
    ),
    (
        "graph { a:1 -- b:1 a:1 -- b:1 a:1 -- b:1 }",
        &["warning 1:20 this link is written twice", "warning 1:31 this link is written twice"],
    ),
    (
        "graph { a:1 -- b:1 c:1 -- a:1 a:1 -- d:1 }",
        &["error 1:27 port `a:1` is cabled twice", "error 1:31 port `a:1` is cabled twice"],
    ),
    ("strict graph { a:1 -- b:1 b:2 -- a:2 }", &["error 1:1 a `strict` graph loses cables"]),
    ("strict digraph { a:1 -> b:1 b:2 -> a:2 }", &[]),
    ("strict graph { a:1 -- a:2 }", &["error 1:1 a `strict` graph loses cables"]),
    ("strict graph { a:1 -- b:1 b:1 -- a:1 }", &["warning 1:27 this link is written twice"]),
    ("graph { {a b} -- c:1 }", &["error 1:9 port `c:1` is cabled twice"]),
];

#[test]
fn each_mistake_is_told_once() {
    for (text, expected) in MISTAKES {
        assert_eq!(told(text), *expected, "{text}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    assert_eq!(decode("graph { é:1 }".as_bytes()).expect("UTF-8"), "graph { é:1 }");
    let cases: [(&[u8], &str); 3] = [
        (b"graph {\n \"caf\xe9\":1 -- b:1 }", "ptm.dot:2:6: error: a byte that is not UTF-8; save the file as UTF-8"),
        (b"graph { \xc3", "ptm.dot:1:9: error: a byte that is not UTF-8; save the file as UTF-8"),
        (b"\xff\xfeg\0r\0a\0p\0h\0", "ptm.dot:1:1: error: the file is UTF-16; save the file as UTF-8"),
    ];
    for (bytes, line) in cases {
        let diagnostic = decode(bytes).expect_err("not UTF-8");
        assert_eq!(diagnostic.one_line("ptm.dot"), line);
        let shown = render(&[*diagnostic], "ptm.dot", &String::from_utf8_lossy(bytes), false);
        assert!(shown.contains('\u{fffd}'), "{shown}");
    }
}
