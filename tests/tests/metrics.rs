//! What a real Prometheus makes of a real agent's metrics.

use ptm_tests::scenario::{self, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Prometheus, Sample};

const CONFIGURATION: &str = "\
global: { scrape_interval: 250ms, scrape_timeout: 250ms }
scrape_configs:
  - job_name: ptm
    static_configs: [{ targets: ['127.0.0.1:10786'] }]
";

#[test]
fn prometheus_sees_a_cable_that_is_pulled() {
    if !scenario::may_run("Prometheus scrapes an agent") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let prometheus = Prometheus::start(vm1.machine(), CONFIGURATION).unwrap();
    let up = wait::until("a scrape", PATIENCE, || {
        let found = prometheus.query(vm1.machine(), "ptm_kernel_frames_seen_total > 0")?;
        if found.is_empty() { Err("nothing yet".to_owned()) } else { Ok(found) }
    });
    let found: Vec<Sample> = up.unwrap();
    assert_eq!(found[0].labels["job"], "ptm");
}
