//! What is exposed, held against `docs/metrics.md` and against what neighbors may send.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::clock::WallClock;
use crate::control::rows::tests::{absent, miswired, neighbor};
use crate::control::rows::{NeighborRow, PortRow};
use crate::monitor::{Reason, Statistics};
use crate::plan_file::PlanFileError;
use crate::reload::{InForce, PlanStatus};
use crate::time::BootTime;

/// An agent with a miswired port, an absent one, and one that only ever heard a broken frame.
fn snapshot() -> Snapshot {
    let now = BootTime::from_nanos(1_000_000_000_000);
    let latency = latency();
    latency.observe(70e-6);
    latency.observe(0.5);
    let in_force = InForce {
        file: PathBuf::from("/etc/ptm.d/topology.dot"),
        sha256: "ab".repeat(32),
        node: "vm1".to_owned(),
        since: BootTime::from_nanos(500_000_000_000),
        took: Duration::from_micros(250),
        links: 4,
        nodes: 4,
        ports: 2,
    };
    Snapshot {
        now,
        wall: WallClock::at(UNIX_EPOCH + Duration::from_secs(1_795_271_405), now),
        cursor: String::new(),
        plan: PlanStatus::new(in_force),
        nodes: Vec::new(),
        ports: vec![miswired(), absent()],
        neighbors: vec![neighbor()],
        others: vec![("eth9".to_owned(), Statistics { frames_in: 1, frames_in_error: 1, ..Statistics::default() })],
        kernel: ptm_common::Counters { seen: 14, captured: 13, ring_full: 1, truncated: 2 },
        links: netlink::Counters { overruns: 1, resyncs: 2, failures: 3 },
        control: control::Counters { connected: 2, accepted: 5, refused: 6, ..control::Counters::default() },
        hooks: hooks::Counters { runs: 3, total_duration: Duration::from_millis(1_500), ..hooks::Counters::default() },
        latency,
    }
}

fn counts() -> web::Counts {
    web::Counts {
        connections: 3,
        stream_clients: 1,
        stream_clients_dropped: 4,
        connections_refused: vec![("too-many", 0)],
        requests_refused: vec![("host", 2)],
    }
}

fn exposed(snapshot: Snapshot, format: Format) -> String {
    text(Arc::new(snapshot), counts(), format)
}

/// Of the lines with series, those that have this in them.
fn series(snapshot: Snapshot, part: &str) -> String {
    let text = exposed(snapshot, Format::Text);
    text.lines().filter(|line| !line.starts_with('#') && line.contains(part)).map(|line| format!("{line}\n")).collect()
}

/// What a family is: its type and its labels.
type Families = BTreeMap<String, (String, BTreeSet<String>)>;

/// The families of a text in the format of `OpenMetrics`, by the names that queries have.
fn families(text: &str) -> Families {
    let mut families = Families::new();
    let mut name = String::new();
    for line in text.lines() {
        if let Some((stem, kind)) = line.strip_prefix("# TYPE ").and_then(|it| it.split_once(' ')) {
            let ending = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            name = format!("{stem}{ending}");
            let before = families.insert(name.clone(), (kind.to_owned(), BTreeSet::new()));
            assert!(before.is_none(), "{name} comes twice");
        } else if !line.starts_with('#') {
            assert!(line.starts_with(&name), "{line} is no series of {name}");
            let (_, labels) = families.get_mut(&name).expect("its type comes first");
            let inner = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(inner, _)| inner);
            let keys = inner.split("\",").filter_map(|label| label.split_once("=\"")).map(|(key, _)| key.to_owned());
            labels.extend(keys.filter(|key| key != "le"));
        }
    }
    families
}

#[test]
fn the_page_has_every_metric_with_its_type_and_labels_and_no_other() {
    let page = include_str!("../../../docs/metrics.md");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| `ptm_")).map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 7, "{row}");
        (names(cells[1]).remove(0), (cells[2].to_owned(), names(cells[3]).into_iter().collect()))
    });
    // The map documents its own here too.
    let documented: Families = rows.filter(|(name, _)| !name.starts_with("ptm_map_")).collect();
    assert_eq!(documented, families(&exposed(snapshot(), Format::OpenMetrics)));
}

#[test]
fn ports_are_told_of() {
    insta::assert_snapshot!(series(snapshot(), "port=\"eth1\""), @r#"
ptm_port_status{port="eth1",status="pass"} 0
ptm_port_status{port="eth1",status="fail"} 1
ptm_port_status{port="eth1",status="no-info"} 0
ptm_port_reason{port="eth1",reason="match"} 0
ptm_port_reason{port="eth1",reason="wrong-node"} 1
ptm_port_reason{port="eth1",reason="wrong-port"} 0
ptm_port_reason{port="eth1",reason="aged-out"} 0
ptm_port_reason{port="eth1",reason="left"} 0
ptm_port_reason{port="eth1",reason="link-down"} 0
ptm_port_reason{port="eth1",reason="silent"} 0
ptm_port_reason{port="eth1",reason="down"} 0
ptm_port_reason{port="eth1",reason="absent"} 0
ptm_port_reason{port="eth1",reason="unchecked"} 0
ptm_port_reason{port="eth1",reason="unplanned"} 0
ptm_port_cached{port="eth1"} 0
ptm_port_transitions_total{port="eth1"} 3
ptm_port_last_change_timestamp_seconds{port="eth1"} 1795271140.0
ptm_port_carrier{port="eth1"} 1
ptm_port_listening{port="eth1"} 1
ptm_port_expected_info{port="eth1",cable="vm1:eth1 -- vm2:eth1",far_node="vm2",far_port="eth1"} 1
ptm_port_neighbors{port="eth1"} 1
ptm_port_neighbor_info{port="eth1",chassis_id="02:00:00:00:00:04",port_id="eth2",system_name="vm4"} 1
ptm_lldp_frames_in_total{port="eth1"} 12
ptm_lldp_frames_discarded_total{port="eth1"} 1
ptm_lldp_frames_in_error_total{port="eth1"} 1
ptm_lldp_tlvs_discarded_total{port="eth1"} 0
ptm_lldp_tlvs_unrecognized_total{port="eth1"} 0
ptm_lldp_ageouts_total{port="eth1"} 0
ptm_lldp_too_many_neighbors_total{port="eth1"} 0
"#);
    insta::assert_snapshot!(series(snapshot(), "port=\"eth2\""), @r#"
ptm_port_status{port="eth2",status="pass"} 0
ptm_port_status{port="eth2",status="fail"} 0
ptm_port_status{port="eth2",status="no-info"} 1
ptm_port_reason{port="eth2",reason="match"} 0
ptm_port_reason{port="eth2",reason="wrong-node"} 0
ptm_port_reason{port="eth2",reason="wrong-port"} 0
ptm_port_reason{port="eth2",reason="aged-out"} 0
ptm_port_reason{port="eth2",reason="left"} 0
ptm_port_reason{port="eth2",reason="link-down"} 0
ptm_port_reason{port="eth2",reason="silent"} 0
ptm_port_reason{port="eth2",reason="down"} 0
ptm_port_reason{port="eth2",reason="absent"} 1
ptm_port_reason{port="eth2",reason="unchecked"} 0
ptm_port_reason{port="eth2",reason="unplanned"} 0
ptm_port_cached{port="eth2"} 0
ptm_port_transitions_total{port="eth2"} 0
ptm_port_expected_info{port="eth2",cable="vm1:eth2 -- vm4:eth2",far_node="vm4",far_port="eth2"} 1
ptm_port_neighbors{port="eth2"} 0
"#);
    insta::assert_snapshot!(series(snapshot(), "port=\"eth9\""), @r#"
ptm_lldp_frames_in_total{port="eth9"} 1
ptm_lldp_frames_discarded_total{port="eth9"} 0
ptm_lldp_frames_in_error_total{port="eth9"} 1
ptm_lldp_tlvs_discarded_total{port="eth9"} 0
ptm_lldp_tlvs_unrecognized_total{port="eth9"} 0
ptm_lldp_ageouts_total{port="eth9"} 0
ptm_lldp_too_many_neighbors_total{port="eth9"} 0
"#);
    insta::assert_snapshot!(series(snapshot(), "ptm_ports"), @r#"
ptm_ports{status="pass"} 0
ptm_ports{status="fail"} 1
ptm_ports{status="no-info"} 1
"#);
}

#[test]
fn the_rest_is_told_of() {
    let text = exposed(snapshot(), Format::Text);
    let others: Vec<_> = text.lines().filter(|line| !line.starts_with('#') && !line.contains("port")).collect();
    insta::assert_snapshot!(others.join("\n"), @r#"
ptm_build_info{version="0.1.0"} 1
ptm_node_info{node="vm1"} 1
ptm_kernel_frames_seen_total 14
ptm_kernel_frames_captured_total 13
ptm_kernel_frames_ring_full_total 1
ptm_kernel_frames_truncated_total 2
ptm_event_latency_seconds_sum 0.50007
ptm_event_latency_seconds_count 2
ptm_event_latency_seconds_bucket{le="0.00002"} 0
ptm_event_latency_seconds_bucket{le="0.00004"} 0
ptm_event_latency_seconds_bucket{le="0.00008"} 1
ptm_event_latency_seconds_bucket{le="0.00016"} 1
ptm_event_latency_seconds_bucket{le="0.0003"} 1
ptm_event_latency_seconds_bucket{le="0.0006"} 1
ptm_event_latency_seconds_bucket{le="0.0012"} 1
ptm_event_latency_seconds_bucket{le="0.01"} 1
ptm_event_latency_seconds_bucket{le="0.1"} 1
ptm_event_latency_seconds_bucket{le="1.0"} 2
ptm_event_latency_seconds_bucket{le="+Inf"} 2
ptm_hook_runs_total 3
ptm_hook_failures_total 0
ptm_hook_timeouts_total 0
ptm_hook_missing_total 0
ptm_hook_dropped_total 0
ptm_hook_duration_seconds_total 1.5
ptm_control_clients 2
ptm_control_clients_accepted_total 5
ptm_control_clients_refused_total{why="too-many"} 6
ptm_control_clients_refused_total{why="too-many-of-user"} 0
ptm_control_clients_dropped_total 0
ptm_control_malformed_total 0
ptm_netlink_overruns_total 1
ptm_netlink_resyncs_total 2
ptm_netlink_failures_total 3
ptm_plan_load_success 1
ptm_plan_info{sha256="abababababababababababababababababababababababababababababababab",file="/etc/ptm.d/topology.dot"} 1
ptm_plan_links 4
ptm_plan_nodes 4
ptm_plan_load_duration_seconds 0.00025
ptm_plan_load_timestamp_seconds 1795270905.0
ptm_http_connections 3
ptm_http_connections_refused_total{why="too-many"} 0
ptm_http_stream_clients 1
ptm_http_stream_clients_dropped_total 4
ptm_http_requests_refused_total{why="host"} 2
"#);
}

#[test]
fn both_formats_have_the_same_series() {
    let [text, open] = [Format::Text, Format::OpenMetrics].map(|format| exposed(snapshot(), format));
    let series = |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(series(&text), series(&open));
    let described = |text: &str, of: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with('#') && line.contains(of));
        lines.map(str::to_owned).collect()
    };
    insta::assert_snapshot!(described(&text, "_hook_duration").join("\n"), @r#"
# HELP ptm_hook_duration_seconds_total How long all hooks took.
# TYPE ptm_hook_duration_seconds_total counter
"#);
    insta::assert_snapshot!(described(&open, "_hook_duration").join("\n"), @r#"
# HELP ptm_hook_duration_seconds How long all hooks took.
# TYPE ptm_hook_duration_seconds counter
# UNIT ptm_hook_duration_seconds seconds
"#);
    insta::assert_snapshot!(described(&text, "_node_info").join("\n"), @r#"
# HELP ptm_node_info The machine's name in the plan.
# TYPE ptm_node_info gauge
"#);
    insta::assert_snapshot!(described(&open, "_node").join("\n"), @r#"
# HELP ptm_node The machine's name in the plan.
# TYPE ptm_node info
# HELP ptm_plan_nodes Nodes of the whole plan in force.
# TYPE ptm_plan_nodes gauge
"#);
    assert!(open.ends_with("# EOF\n") && !text.contains("EOF"));
}

#[test]
fn the_format_is_the_one_that_is_asked_for() {
    let prometheus = "application/openmetrics-text; version=1.0.0,application/openmetrics-text; \
                      version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
    for other in [browser, "*/*", "", "text/plain;version=0.0.4", "application/openmetrics-text-not"] {
        assert_eq!(Format::accepted(other), Format::Text, "{other}");
    }
}

#[test]
fn what_neighbors_say_is_escaped_bounded_and_on_one_series() {
    let hostile = [
        ("<script>evil</script>", "<script>evil</script>"),
        ("evil\n\"quoted\"} 1\\", r#"evil\\n\"quoted\"} 1\\"#),
        ("\u{202e}evil", r"\\u{202e}evil"),
        ("evil\r\u{1b}[2J\u{0}", r"evil\\r\\u{1b}[2J\\u{0}"),
        // What bytes that are not UTF-8 are by now.
        (r"evil\xff", r"evil\\xff"),
    ];
    for (said, shown) in hostile {
        let text = exposed(heard(said), Format::Text);
        let lines: Vec<_> = text.lines().filter(|line| line.contains("evil")).collect();
        let expected = format!(
            r#"ptm_port_neighbor_info{{port="eth1",chassis_id="{shown}",port_id="{shown}",system_name="{shown}"}} 1"#
        );
        assert_eq!(lines, [expected], "{said:?}");
        assert_eq!(text.lines().count(), exposed(snapshot(), Format::Text).lines().count());
    }
}

/// The agent, with a neighbor that says this wherever it can.
fn heard(text: &str) -> Snapshot {
    let said = || Some(text.to_owned());
    let row = PortRow {
        observed: said(),
        system_name: said(),
        port_id: said(),
        port_description: said(),
        explanation: text.to_owned(),
        advice: said(),
        ..miswired()
    };
    let neighbor = NeighborRow {
        system_name: said(),
        port_id: text.to_owned(),
        port_description: said(),
        chassis_id: text.to_owned(),
        system_description: said(),
        ..neighbor()
    };
    Snapshot { ports: vec![row, absent()], neighbors: vec![neighbor], ..snapshot() }
}

#[test]
fn a_label_is_no_longer_than_its_bound_and_cut_between_characters() {
    let longest = "é".repeat(127) + "x";
    assert_eq!((longest.len(), label(&longest)), (LONGEST_LABEL, longest.as_str().into()));
    for (long, cut) in [
        ("x".repeat(256), "x".repeat(252) + "…"),
        ("é".repeat(128), "é".repeat(126) + "…"),
        ("\u{202e}".repeat(85), r"\u{202e}".repeat(31) + "\\u{2…"),
    ] {
        assert_eq!(label(&long), cut);
        assert!(label(&long).len() <= LONGEST_LABEL);
    }
}

#[test]
fn only_the_neighbor_that_decides_is_named() {
    let others = (0..15).map(|number| NeighborRow { chassis_id: number.to_string(), decides: false, ..neighbor() });
    let crowd = Snapshot { neighbors: others.chain([neighbor()]).collect(), ..snapshot() };
    assert_eq!(series(crowd.clone(), "_neighbor_info"), series(snapshot(), "_neighbor_info"));
    insta::assert_snapshot!(series(crowd, "ptm_port_neighbors"), @r#"
ptm_port_neighbors{port="eth1"} 16
ptm_port_neighbors{port="eth2"} 0
"#);
}

#[test]
fn a_port_that_is_gone_has_no_series() {
    let gone = Snapshot { ports: vec![absent()], neighbors: Vec::new(), others: Vec::new(), ..snapshot() };
    assert_eq!(series(gone, "eth1"), "");
}

#[test]
fn a_time_is_the_same_at_every_scrape() {
    let (then, later) = (snapshot(), Duration::from_millis(15_001));
    let mut row = miswired();
    row.changed = row.changed.map(|age| age + later);
    let now = Snapshot { now: then.now + later, ports: vec![row, absent()], ..then.clone() };
    assert_eq!(series(now, "_timestamp_"), series(then, "_timestamp_"));
}

#[test]
fn a_plan_that_cannot_be_used_shows() {
    let mut snapshot = snapshot();
    assert_eq!(series(snapshot.clone(), "_success"), "ptm_plan_load_success 1\n");
    let error = PlanFileError::None;
    snapshot.plan.failed(&error, snapshot.now);
    assert_eq!(series(snapshot, "_success"), "ptm_plan_load_success 0\n");
}

#[test]
fn a_cable_has_the_same_name_at_both_ends() {
    let (one, other) = (("leaf1", Some("swp1")), ("spine1", Some("swp2")));
    assert_eq!(cable(one, other), "leaf1:swp1 -- spine1:swp2");
    assert_eq!(cable(other, one), cable(one, other));
    assert_eq!(cable(("leaf1", Some("swp1")), ("host", None)), "host -- leaf1:swp1");
}

#[test]
fn every_statistic_has_its_metric() {
    let statistics = Statistics {
        frames_in: 1,
        frames_discarded: 2,
        frames_in_error: 3,
        tlvs_discarded: 4,
        tlvs_unrecognized: 5,
        ageouts: 6,
        too_many_neighbors: 7,
    };
    let named: Vec<_> = statistics.named().map(|(name, value)| (format!("ptm_lldp_{name}_total"), value)).collect();
    let metrics = ports::STATISTICS.map(|(metric, _, get)| (metric.to_owned(), get(&statistics)));
    assert_eq!(named, metrics);
}

#[test]
fn the_page_says_how_many_series_a_port_has() {
    let (row, neighbor) = (PortRow { reason: Reason::Match, ..miswired() }, neighbor());
    let port = Snapshot { ports: vec![row], neighbors: vec![neighbor], ..snapshot() };
    let count = series(port, "port=\"eth1\"").lines().count();
    let page = include_str!("../../../docs/metrics.md");
    assert!(page.contains(&format!("with a neighbor, makes {count} series")), "{count}");
}
