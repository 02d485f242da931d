//! A scrape of a machine with 1,024 ports and a neighbor on each, as Prometheus does it: over TCP, on one connection.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::unistd::Pid;
use ptm_agent::web::DEFAULT_PORT;
use ptm_tests::Machine;

use crate::agents::{self, NODE, Resident, megabytes};
use crate::table::{Table, median, quantile};

const BUDGET: Duration = Duration::from_millis(5);
const PORTS: usize = 1_024;
const SCRAPES: usize = 500;
/// Between two: nobody is still awake from the last one.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let mut fabric = agents::passing(PORTS)?;
    let node = fabric.node(NODE)?;
    let agent = node.agent().expect("it was started").pid();
    let before = Resident::settled(agent)?;

    let mut scraper = Scraper::connect(node.machine())?;
    let text = scraper.scrape()?;
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    let task = time_on_cpu(agent, "ptm-agent")?;
    let server = time_on_cpu(agent, "ptm-web")?;
    let mut times = Vec::new();
    for _ in 0..SCRAPES {
        thread::sleep(PAUSE);
        let started = Instant::now();
        scraper.scrape()?;
        times.push(started.elapsed());
    }
    let task = time_on_cpu(agent, "ptm-agent")?.saturating_sub(task) / u32::try_from(SCRAPES)?;
    let server = time_on_cpu(agent, "ptm-web")?.saturating_sub(server) / u32::try_from(SCRAPES)?;
    let (middle, tail) = (median(&mut times), quantile(&mut times, 0.99));
    table.judge(&format!("scrape of {PORTS} ports, median"), "≤ 5 ms", &millis(middle), middle <= BUDGET);
    table.compare("99th percentile", &millis(tail));
    #[expect(clippy::cast_precision_loss, reason = "for a person to read")]
    let size = text.len() as f64 / 1e6;
    table.compare("what it brings", &format!("{series} series, {size:.1} MB"));
    let busy = format!("{} the agent's task, {} the server's thread", millis(task), millis(server));
    table.compare("time on a CPU, on average", &busy);
    let after = Resident::settled(agent)?;
    let memory = format!("{:.1} MB; {:.1} before", megabytes(after.all), megabytes(before.all));
    table.compare(&format!("resident memory after {SCRAPES}"), &memory);
    Ok(())
}

/// A connection to the agent's HTTP server, which is kept.
struct Scraper(BufReader<TcpStream>);

impl Scraper {
    fn connect(machine: &Machine) -> Result<Self> {
        let stream = machine.enter(|| TcpStream::connect(("127.0.0.1", DEFAULT_PORT)))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    fn scrape(&mut self) -> Result<String> {
        self.0.get_mut().write_all(
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text; version=1.0.0\r\n\r\n",
        )?;
        let mut length = None;
        for number in 0.. {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            ensure!(number > 0 || line.ends_with("200 ok"), "the agent answers {line}");
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            }
        }
        let mut body = vec![0; length.context("no Content-Length")?];
        self.0.read_exact(&mut body)?;
        Ok(String::from_utf8(body)?)
    }
}

/// How long the agent's thread of this name was on a CPU so far. The agent's task runs on the one that is named as the
/// program is.
fn time_on_cpu(agent: Pid, thread: &str) -> Result<Duration> {
    for task in fs::read_dir(format!("/proc/{agent}/task"))? {
        let task = task?.path();
        if fs::read_to_string(task.join("comm"))?.trim_end() == thread {
            let schedstat = fs::read_to_string(task.join("schedstat"))?;
            let nanos = schedstat.split(' ').next().context("schedstat is empty")?;
            return Ok(Duration::from_nanos(nanos.parse()?));
        }
    }
    bail!("the agent has no thread {thread}")
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
