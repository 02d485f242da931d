//! `docs/ptmctl.schema.json` and what is printed have the same keys. That values fit it a real validator says, in
//! `ptm-tests`' scenarios.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::control::column;

/// Keys that only an original ptmd of an older release has.
const OLDER: [&str; 13] = [
    "BFD status",
    "BFD Type",
    "BFD type",
    "BFD state",
    "BFD peer",
    "BFD local",
    "BFD DownDiag",
    "det_mult",
    "tx_timeout",
    "rx_timeout",
    "echo_tx_timeout",
    "echo_rx_timeout",
    "max_hop_cnt",
];

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/ptmctl.schema.json")).unwrap()
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The keys that the schema has for what is called `name` there.
fn described<'a>(schema: &'a Value, name: &str) -> BTreeSet<&'a str> {
    let definition = &schema["$defs"][name];
    assert_eq!(definition["additionalProperties"], false, "{name}");
    keys(&definition["properties"])
}

#[test]
fn the_schema_has_the_keys_of_a_port_and_no_others() {
    let (schema, rows) = (schema(), serde_json::from_str::<Value>(&output(&agent(), "-j")).unwrap());
    let mut printed = keys(&rows["0"]);
    printed.extend(OLDER);
    assert_eq!(described(&schema, "port"), printed);
    assert!(column::PORTS.iter().all(|column| printed.contains(column)));
}

#[test]
fn the_schema_has_the_keys_of_a_neighbor_and_no_others() {
    let (schema, rows) = (schema(), serde_json::from_str::<Value>(&output(&agent(), "-l -j")).unwrap());
    assert_eq!(described(&schema, "neighbor"), keys(&rows["0"]));
}

#[test]
fn the_schema_has_the_keys_of_an_explanation_and_no_others() {
    let (schema, explained) = (schema(), serde_json::from_str::<Value>(&output(&agent(), "explain eth1 -j")).unwrap());
    assert_eq!(described(&schema, "explained"), keys(&explained));
}

#[test]
fn the_schema_has_the_keys_of_a_change_and_no_others() {
    let row = rows::tests::change(Some(Reason::Match), None).record(true).unwrap();
    let change: Value = serde_json::from_str(&json::change("now", &row)).unwrap();
    assert_eq!(described(&schema(), "change"), keys(&change));
}

#[test]
fn the_schema_has_the_keys_of_a_plan_and_no_others() {
    let (schema, plan) =
        (schema(), serde_json::from_str::<Value>(&output(&plan::agent_with(true), "plan -j")).unwrap());
    assert_eq!(described(&schema, "plan"), keys(&plan));
    let reloaded: Value = serde_json::from_str(&output(&plan::agent_with(false), "reload -j")).unwrap();
    assert_eq!(described(&schema, "reloaded"), keys(&reloaded));
}

#[test]
fn the_page_shows_what_is_printed() {
    let page = include_str!("../../../../docs/ptmctl-json.md");
    let miswired = || {
        daemon(true, |command, stream| {
            write(stream, Answer::new(command, [rows::tests::miswired()], [rows::tests::neighbor()]));
        })
    };
    let refusal = ptmctl(&miswired(), "--bfd --json").0;
    for (call, printed) in [
        ("ptmctl --json", output(&miswired(), "--json")),
        ("ptmctl --lldp --json", output(&miswired(), "--lldp --json")),
        ("ptmctl --bfd --json", refusal),
        ("ptmctl plan --json", output(&plan::agent_with(false), "plan --json")),
    ] {
        let shown = format!("```console\n$ {call}\n{printed}```\n");
        assert!(page.contains(&shown), "{shown}");
    }
}

#[test]
fn every_column_of_ours_is_null_or_a_number_or_a_word_as_the_schema_says() {
    let schema = schema();
    for name in ["port", "neighbor", "change"] {
        for (key, value) in schema["$defs"][name]["properties"].as_object().unwrap() {
            assert!(value["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}: {key}");
            let is_number = value["type"][0] == "integer";
            assert_eq!(is_number, column::NUMBERS.contains(&key.as_str()), "{name}: {key}");
            let is_string = value["type"] == "string" || key == column::CABLE_STATUS;
            let is_always_there = [column::DECIDES, "time"].contains(&key.as_str());
            assert_eq!(is_string, !column::is_ours(key), "{name}: {key}");
            let may_be_null = value.to_string().contains("null");
            assert_eq!(may_be_null, !is_string && !is_always_there, "{name}: {key}");
        }
    }
}

#[test]
fn the_schema_has_every_reason() {
    let schema = schema();
    let said: BTreeSet<_> = schema["$defs"]["port"]["properties"]["reason"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(said, Reason::ALL.map(Reason::as_str).into());
}
