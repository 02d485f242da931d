use super::*;
use crate::plan;

const PLAN: &str = "graph { leaf1:swp1 -- spine1:swp1; leaf2:swp1 -- spine1:swp2 }";

fn targets(list: &str) -> Vec<String> {
    let (targets, wrong) = Agents::from_list(list).unwrap().targets(plan::read(PLAN).0.directory());
    let target = |target: &Target| format!("{}={}", target.node.as_deref().unwrap_or("?"), target.address);
    let targets = targets.iter().map(target);
    targets.chain(wrong.iter().map(|error| format!("! {error}"))).collect()
}

#[test]
fn an_address_is_what_people_write() {
    let cases = [
        ("leaf1", "http://leaf1:10786"),
        ("leaf1:80", "http://leaf1:80"),
        ("10.0.0.1", "http://10.0.0.1:10786"),
        ("[2001:db8::1]", "http://[2001:db8::1]:10786"),
        ("[2001:db8::1]:9", "http://[2001:db8::1]:9"),
        ("http://leaf1:10786/", "http://leaf1:10786"),
        ("https://leaf1.example.net", "https://leaf1.example.net:10786"),
        ("https://leaf1:443", "https://leaf1:443"),
        ("unix:/run/agents/leaf1.sock", "unix:/run/agents/leaf1.sock"),
    ];
    for (text, address) in cases {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), address, "{text}");
    }
    let ipv6: Address = "[2001:db8::1]:9".parse().unwrap();
    assert_eq!((ipv6.host(), ipv6.port()), (Some("2001:db8::1"), Some(9)));
}

#[test]
fn what_is_no_address_is_refused_in_a_sentence_without_its_password() {
    for text in [
        "",
        "ftp://leaf1",
        "leaf1:",
        "leaf1:99999",
        "http://leaf1/metrics",
        "leaf 1",
        "unix:",
        "unix:x",
        "leaf1?x",
        "::1",
    ] {
        let error = text.parse::<Address>().unwrap_err().to_string();
        assert!(error.contains("give HOST, HOST:PORT"), "{text}: {error}");
    }
    let error = "https://admin:secret@leaf1:443".parse::<Address>().unwrap_err().to_string();
    assert!(error.contains("--agents-password-file") && !error.contains("secret"), "{error}");
}

#[test]
fn entries_name_nodes_stand_for_all_of_them_or_leave_it_to_the_agent() {
    assert_eq!(targets("leaf1=a, leaf2=https://b:1"), ["leaf1=http://a:10786", "leaf2=https://b:1"]);
    assert_eq!(targets("a,b:2"), ["?=http://a:10786", "?=http://b:2"]);
    assert_eq!(
        targets("unix:/run/{node}.sock,leaf2=b"),
        ["leaf2=http://b:10786", "leaf1=unix:/run/leaf1.sock", "spine1=unix:/run/spine1.sock"]
    );
}

#[test]
fn mistakes_are_told_and_what_is_right_is_kept() {
    assert_eq!(
        targets("leaf1=a,laef2=b,leaf1=c,d,d"),
        [
            "leaf1=http://a:10786",
            "?=http://d:10786",
            "! cannot find node laef2; did you mean leaf2?",
            "! `leaf1` is there twice",
            "! `http://d:10786` is there twice"
        ]
    );
    for list in ["", " , "] {
        assert!(Agents::from_list(list).unwrap_err().to_string().contains("--agents FILE"));
    }
    assert!(Agents::from_list("ftp://{node}").is_err() && Agents::from_list("=leaf1").is_err());
    let (_, wrong) = Agents::from_list("unix:/run/{node}")
        .unwrap()
        .targets(plan::read("graph { \"../etc\":1 -- b:1 }").0.directory());
    assert_eq!(wrong.len(), 1);
}

#[test]
fn a_file_has_one_a_line_and_comments_and_says_where_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agents");
    let source = Source::from(path.to_str().unwrap());
    let error = source.read().unwrap_err();
    assert!(error.to_string().contains("cannot read the agents file"), "{error}");
    fs::write(&path, "# the rack\nleaf1 = leaf1.example.net  # by DNS\n\n{node}:99\n").unwrap();
    let list = Agents::from_list("leaf1=leaf1.example.net,{node}:99").unwrap();
    assert_eq!(source.read().unwrap(), list);
    fs::write(&path, "leaf1=a\nleaf2=unix:b\n").unwrap();
    let error = crate::logging::with_causes(&source.read().unwrap_err());
    assert!(error.contains("agents:2: `unix:b` is no address"), "{error}");
    fs::write(&path, "# nobody\n").unwrap();
    assert!(matches!(source.read().unwrap_err(), AgentsError::None));
    assert!(matches!(Source::from("/dev/zero").read().unwrap_err(), AgentsError::Unreadable { .. }));
    for list in ["leaf1", "leaf1=http://leaf1:1/", "unix:/run/{node}"] {
        assert_eq!(Source::from(list), Source::List(list.to_owned()));
    }
    for path in ["etc/agents", "./agents", "/etc/agents:new"] {
        assert_eq!(Source::from(path), Source::File(path.into()));
    }
}
