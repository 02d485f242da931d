//! What is exposed, held against `docs/metrics.md` and against what neighbors may send.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::capture::AttachPoint;
use crate::clock::WallClock;
use crate::lldp::encode::Builder;
use crate::lldp::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype, Text};
use crate::monitor::{Link, Monitor, Statistics};
use crate::plan;
use crate::plan_file::PlanFileError;
use crate::reload::{InForce, PlanStatus};
use crate::time::BootTime;

const PLAN: &str = "graph { vm1:eth1 -- vm2:eth1; vm4:eth2 -- vm1:eth2; vm1:eth3 -- host }";

const START: BootTime = BootTime::from_nanos(500_000_000_000);
const NOW: BootTime = BootTime::from_nanos(1_000_000_000_000);

/// A machine with a miswired port, `eth1`, and one on which only a broken frame was ever heard, `eth9`. It does not have
/// the others that the plan names.
fn monitor() -> Monitor {
    let (topology, diagnostics) = plan::read(PLAN);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut monitor = Monitor::new(topology.plan_for("vm1").expect("the plan has vm1"));
    for (ifindex, name) in [(1, "eth1"), (9, "eth9")] {
        monitor.link(Link { ifindex, name, carrier: true, carrier_losses: 0 }, START);
    }
    monitor.lldpdu(1, &lldpdu(b"vm4", b"eth2", b"vm4"), START + Duration::from_millis(1_500));
    monitor.lldpdu(9, b"broken", START);
    monitor
}

fn lldpdu(chassis_id: &[u8], port_id: &[u8], system_name: &[u8]) -> Vec<u8> {
    let chassis_id = ChassisId::new(ChassisIdSubtype::Local, chassis_id).unwrap();
    let port_id = PortId::new(PortIdSubtype::InterfaceName, port_id).unwrap();
    Builder::new(chassis_id, port_id, 120).system_name(Text::new(system_name).unwrap()).finish()
}

fn snapshot() -> Snapshot {
    of(monitor())
}

pub(crate) fn of(monitor: Monitor) -> Snapshot {
    let latency = latency();
    latency.observe(70e-6);
    latency.observe(0.5);
    let took = Duration::from_micros(250);
    let file = PathBuf::from("/etc/ptm.d/topology.dot");
    let in_force = InForce::new(file, "ab".repeat(32), monitor.plan(), took, START);
    Snapshot {
        now: NOW,
        wall: WallClock::at(UNIX_EPOCH + Duration::from_secs(1_795_271_405), NOW),
        cursor: String::new(),
        oldest: String::new(),
        plan: PlanStatus::new(in_force),
        monitor,
        captures: [(1, Ok(AttachPoint::Tcx)), (9, Err("no".to_owned()))].into(),
        rows: OnceLock::new(),
        json: OnceLock::new(),
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
        certificate_not_after: Some(1_800_000_000),
    }
}

fn exposed(snapshot: Snapshot, format: Format) -> String {
    text(Arc::new(snapshot), counts(), format)
}

/// Of the lines with series, those that have this in them.
fn series(snapshot: Snapshot, part: &str) -> String {
    let text = exposed(snapshot, Format::Text);
    text.split_inclusive('\n').filter(|line| !line.starts_with('#') && line.contains(part)).collect()
}

/// What a family is: its type and its labels.
pub(crate) type Families = BTreeMap<String, (String, BTreeSet<String>)>;

/// The families of a text in the format of `OpenMetrics`, by the names that queries have.
pub(crate) fn families(text: &str) -> Families {
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

/// What the page says of families, the map's among them.
pub(crate) fn documented() -> Families {
    let page = include_str!("../../../docs/metrics.md");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| `ptm_")).map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 7, "{row}");
        (names(cells[1]).remove(0), (cells[2].to_owned(), names(cells[3]).into_iter().collect()))
    });
    rows.collect()
}

#[test]
fn the_page_has_every_metric_with_its_type_and_labels_and_no_other() {
    let mut documented = documented();
    documented.retain(|name, _| !name.starts_with("ptm_map_"));
    assert_eq!(documented, families(&exposed(snapshot(), Format::OpenMetrics)));
}

#[test]
fn ports_are_told_of() {
    insta::assert_snapshot!(series(snapshot(), "port=\"eth1\""), @r#"
ptm_port_status{port="eth1",status="pass"} 0
ptm_port_status{port="eth1",status="fail"} 1
ptm_port_status{port="eth1",status="no-info"} 0
ptm_port_reason{port="eth1",reason="wrong-node"} 1
ptm_port_cached{port="eth1"} 0
ptm_port_transitions_total{port="eth1"} 2
ptm_port_last_change_timestamp_seconds{port="eth1"} 1795270906.5
ptm_port_carrier{port="eth1"} 1
ptm_port_listening{port="eth1"} 1
ptm_port_expected_info{port="eth1",cable="vm1:eth1 -- vm2:eth1",far_node="vm2",far_port="eth1"} 1
ptm_port_neighbors{port="eth1"} 1
ptm_port_neighbor_info{port="eth1",chassis_id="vm4",port_id="eth2",system_name="vm4"} 1
ptm_lldp_frames_in_total{port="eth1"} 1
ptm_lldp_frames_discarded_total{port="eth1"} 0
ptm_lldp_frames_in_error_total{port="eth1"} 0
ptm_lldp_tlvs_discarded_total{port="eth1"} 0
ptm_lldp_tlvs_unrecognized_total{port="eth1"} 0
ptm_lldp_ageouts_total{port="eth1"} 0
ptm_lldp_too_many_neighbors_total{port="eth1"} 0
"#);
    insta::assert_snapshot!(series(snapshot(), "port=\"eth2\""), @r#"
ptm_port_status{port="eth2",status="pass"} 0
ptm_port_status{port="eth2",status="fail"} 0
ptm_port_status{port="eth2",status="no-info"} 1
ptm_port_reason{port="eth2",reason="absent"} 1
ptm_port_cached{port="eth2"} 0
ptm_port_transitions_total{port="eth2"} 0
ptm_port_expected_info{port="eth2",cable="vm1:eth2 -- vm4:eth2",far_node="vm4",far_port="eth2"} 1
ptm_port_neighbors{port="eth2"} 0
"#);
    insta::assert_snapshot!(series(snapshot(), "port=\"eth9\""), @r#"
ptm_lldp_frames_in_total{port="eth9"} 1
ptm_lldp_frames_discarded_total{port="eth9"} 1
ptm_lldp_frames_in_error_total{port="eth9"} 1
ptm_lldp_tlvs_discarded_total{port="eth9"} 0
ptm_lldp_tlvs_unrecognized_total{port="eth9"} 0
ptm_lldp_ageouts_total{port="eth9"} 0
ptm_lldp_too_many_neighbors_total{port="eth9"} 0
"#);
    insta::assert_snapshot!(series(snapshot(), "ptm_ports"), @r#"
ptm_ports{status="pass"} 0
ptm_ports{status="fail"} 1
ptm_ports{status="no-info"} 2
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
ptm_plan_links 3
ptm_plan_nodes 4
ptm_plan_load_duration_seconds 0.00025
ptm_plan_load_timestamp_seconds 1795270905.0
ptm_http_connections 3
ptm_http_connections_refused_total{why="too-many"} 0
ptm_http_stream_clients 1
ptm_http_stream_clients_dropped_total 4
ptm_http_requests_refused_total{why="host"} 2
ptm_http_certificate_not_after_timestamp_seconds 1800000000
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
    let longest = "evil".repeat(64)[1..].to_owned();
    let hostile: [(&[u8], &str); 6] = [
        (b"<script>evil</script>", "<script>evil</script>"),
        (b"evil\n\"quoted\"} 1\\", r#"evil\\n\"quoted\"} 1\\…190ef71937073b65"#),
        ("\u{202e}evil".as_bytes(), r"\\u{202e}evil…c34b5d3b1df22ae9"),
        (b"evil\r\x1b[2J\0.", r"evil\\r\\u{1b}[2J\\u{0}.…d5e5778daacda856"),
        (b"evil\xff", r"evil\\xff"),
        (longest.as_bytes(), &longest),
    ];
    let usual = exposed(snapshot(), Format::Text);
    for (said, shown) in hostile {
        let mut monitor = monitor();
        monitor.lldpdu(1, &lldpdu(b"vm4", b"eth2", said), NOW);
        let text = exposed(of(monitor), Format::Text);
        let lines: Vec<_> = text.lines().filter(|line| line.contains("evil")).collect();
        let expected = r#"ptm_port_neighbor_info{port="eth1",chassis_id="vm4",port_id="eth2",system_name="#;
        assert_eq!(lines, [format!("{expected}\"{shown}\"}} 1")]);
        assert_eq!(text.lines().count(), usual.lines().count());
    }
}

#[test]
fn a_label_is_no_longer_than_its_bound_and_cut_between_characters() {
    let longest = "é".repeat(127) + "x";
    assert_eq!((longest.len(), label(&longest)), (LONGEST_LABEL, longest.as_str().into()));
    for (long, cut) in [
        ("x".repeat(256), "x".repeat(236) + "…85e62acd750c4eb5"),
        ("é".repeat(128), "é".repeat(118) + "…e42dd264fd5cf1bc"),
        ("\u{202e}".repeat(85), r"\u{202e}".repeat(29) + "\\u{2…a371485b8fa9524f"),
        ("x…".to_owned(), "x……ac958beb3b8d6b0d".to_owned()),
    ] {
        assert_eq!(label(&long), cut);
        assert!(label(&long).len() <= LONGEST_LABEL);
    }
}

/// A name that differs from others of its kind where it is cut or written out, if at all.
pub(crate) fn similar_name() -> impl Strategy<Value = String> {
    let end = vec(select(&["x", "…", "\\", "u{1}", "\u{1}", "\u{202e}"][..]), 0..5);
    let long = prop_oneof![Just(0), 225_usize..300];
    (long, end).prop_map(|(long, end)| format!("{}{}x", "x".repeat(long), end.concat()))
}

/// No two series of a text are the same.
pub(crate) fn assert_distinct(text: &str) {
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').expect("a value");
        assert!(seen.insert(series), "{series} is there twice");
    }
}

proptest! {
    #[test]
    fn no_two_series_are_the_same(names in btree_set(similar_name(), 2..8), there in any::<u8>(), heard in any::<u8>()) {
        let bit = |set: u8, index: usize| set >> index & 1 == 1;
        let names = || (0..).zip(&names);
        // Each may be planned or not, there or not, with a neighbor or a broken frame.
        let planned = names().filter(|(index, _)| index % 3 != 0);
        let planned = planned.map(|(_, name)| format!("vm1:\"{name}\" -- vm2:\"{name}\";"));
        let (topology, diagnostics) = plan::read(&format!("graph {{ vm1:eth1 -- vm2:eth1; {} }}", planned.collect::<String>()));
        prop_assert!(diagnostics.is_empty(), "{:?}", diagnostics);
        let mut monitor = Monitor::new(topology.plan_for("vm1").unwrap());
        for (ifindex, (index, name)) in (1..).zip(names().filter(|(index, _)| bit(there, *index))) {
            monitor.link(Link { ifindex, name, carrier: true, carrier_losses: 0 }, START);
            let pdu = lldpdu(b"vm4", b"eth2", b"vm4");
            monitor.lldpdu(ifindex, if bit(heard, index) { &pdu } else { b"broken" }, START);
        }
        assert_distinct(&exposed(of(monitor), Format::Text));
    }
}

#[test]
fn only_the_neighbor_that_decides_is_named() {
    let mut monitor = monitor();
    for number in 0..40_u8 {
        monitor.lldpdu(1, &lldpdu(&[number], b"eth1", b"stranger"), NOW);
    }
    monitor.lldpdu(1, &lldpdu(b"vm2", b"eth1", b"vm2"), NOW);
    insta::assert_snapshot!(series(of(monitor), "_neighbor"), @r#"
ptm_port_neighbors{port="eth1"} 16
ptm_port_neighbors{port="eth2"} 0
ptm_port_neighbors{port="eth3"} 0
ptm_port_neighbor_info{port="eth1",chassis_id="vm2",port_id="eth1",system_name="vm2"} 1
ptm_lldp_too_many_neighbors_total{port="eth1"} 26
ptm_lldp_too_many_neighbors_total{port="eth9"} 0
"#);
}

#[test]
fn a_port_that_is_gone_has_no_series() {
    let mut monitor = monitor();
    monitor.link_gone(9, NOW);
    monitor.link_gone(1, NOW);
    let gone = of(monitor);
    assert_eq!(series(gone.clone(), "eth9"), "");
    for (name, _) in families(&exposed(gone.clone(), Format::OpenMetrics)) {
        let left = matches!(
            &*name,
            "ptm_port_status"
                | "ptm_port_reason"
                | "ptm_port_cached"
                | "ptm_port_expected_info"
                | "ptm_port_neighbors"
                | "ptm_port_transitions_total"
                | "ptm_port_last_change_timestamp_seconds"
        );
        let found = series(gone.clone(), &format!("{name}{{port=\"eth1\""));
        assert_eq!(!found.is_empty(), left, "{name}");
    }
}

#[test]
fn a_time_is_the_same_at_every_scrape() {
    let now = snapshot();
    let later = Snapshot { now: NOW + Duration::from_millis(15_001), ..now.clone() };
    assert_eq!(series(later, "_timestamp_"), series(now, "_timestamp_"));
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
    let count = series(snapshot(), "port=\"eth1\"").lines().count();
    let page = include_str!("../../../docs/metrics.md");
    assert!(page.contains(&format!("with a neighbor, makes {count} series")), "{count}");
}
