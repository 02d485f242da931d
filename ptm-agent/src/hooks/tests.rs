//! Real scripts and programs, run for real.

mod changes;
mod mistakes;

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{SigSet, Signal};
use tempfile::TempDir;
use tracing::subscriber::DefaultGuard;

use super::*;
use crate::PATIENCE;
use crate::logging::captured::Captured;
use crate::open_files;

/// Longer than any hook of these tests takes that isn't meant to be killed.
const LONG: Duration = Duration::from_mins(1);

/// A directory of hooks, a place for what they leave behind, and the log.
struct Bench {
    directory: TempDir,
    log: Captured,
    _logging: DefaultGuard,
}

impl Bench {
    fn new() -> Self {
        let log = Captured::default();
        let logging = tracing::subscriber::set_default(log.subscriber());
        Self { directory: TempDir::new().unwrap(), log, _logging: logging }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts a hook there. `install` writes it, not this process: a file that some process has open for writing can't be
    /// executed, and other tests' children would inherit it for a moment.
    fn hook(&self, name: &str, mode: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path("source"), content).unwrap();
        let mut install = Command::new("install");
        install.args(["-m", mode]).arg(self.path("source")).arg(self.path(name));
        assert!(install.status().unwrap().success());
    }

    /// The same script for both outcomes; `$D` is this directory.
    fn script(&self, body: &str) {
        let text = format!("#!/bin/sh\nD={}\n{body}\n", self.directory.path().display());
        for name in ["if-topo-pass", "if-topo-fail"] {
            self.hook(name, "755", &text);
        }
    }

    fn hooks(&self, time_limit: Duration) -> Hooks {
        Hooks::new(Options { directory: self.directory.path().to_owned(), time_limit })
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn log(&self) -> String {
        self.log.text()
    }
}

fn fail(port: &str) -> Run {
    Run::new(port.into(), Reason::Left, None, None).unwrap()
}

fn fail_number(port: &str, n: usize) -> Run {
    Run::new(port.into(), Reason::WrongNode, None, Some(n.to_string())).unwrap()
}

/// Waits for something that comes about by itself.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Lets this time pass at once for everything that waits for a time. What has no time limit but its own can take as long
/// as it takes on a busy machine.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

async fn until_over(hooks: &Hooks) -> Counters {
    until("no hook runs", || *hooks.shared.running.borrow() == 0).await;
    hooks.counters()
}

fn is_alive(pid: &str) -> bool {
    assert!(pid.trim().parse::<u32>().is_ok(), "{pid:?}");
    // A zombie that nobody has waited for yet is dead too.
    fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn environment_is_exactly_the_documented_one() {
    let bench = Bench::new();
    bench.script("exec /usr/bin/env -0 > $D/$PTM_PORT");
    let hooks = bench.hooks(LONG);
    let pass = Run::new("swp1".into(), Reason::Match, Some("spine1:swp3".into()), Some("spine1:swp3".into()));
    hooks.enqueue(pass.unwrap());
    hooks.enqueue(fail("swp2"));
    until_over(&hooks).await;

    let environment = |port: &str| {
        let mut variables: Vec<String> = bench.read(port).split_terminator('\0').map(str::to_owned).collect();
        // The shell's own, which it sets if nobody did.
        variables.retain(|variable| !variable.starts_with("PWD="));
        variables.sort_unstable();
        variables
    };
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(
        environment("swp1"),
        [
            path,
            "PTM_ACTNBR=spine1:swp3",
            "PTM_BFDDOWNDIAG=N/A",
            "PTM_BFDLOCAL=N/A",
            "PTM_BFDPEER=N/A",
            "PTM_BFDSTATUS=N/A",
            "PTM_BFDTYPE=N/A",
            "PTM_CBL=pass",
            "PTM_EXPNBR=spine1:swp3",
            "PTM_PORT=swp1",
            "PTM_REASON=match",
        ]
    );
    assert_eq!(
        environment("swp2"),
        [
            path,
            "PTM_ACTNBR=N/A",
            "PTM_BFDDOWNDIAG=N/A",
            "PTM_BFDLOCAL=N/A",
            "PTM_BFDPEER=N/A",
            "PTM_BFDSTATUS=N/A",
            "PTM_BFDTYPE=N/A",
            "PTM_CBL=fail",
            "PTM_EXPNBR=N/A",
            "PTM_PORT=swp2",
            "PTM_REASON=left",
        ]
    );
}

#[tokio::test]
async fn hook_starts_from_a_clean_slate() {
    let bench = Bench::new();
    // What the agent was given by whoever started it, and what it does to itself.
    let inherited = fs::File::open("/dev/null").unwrap();
    fcntl(&inherited, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    SigSet::from(Signal::SIGUSR1).thread_block().unwrap();
    let open_files = open_files::tests::raised();
    bench.script(
        "exec > $D/report
         ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> /\\1 /p'
         grep -E 'SigBlk|SigIgn' /proc/self/status
         pwd
         ulimit -Sn
         [ $(cut -d' ' -f5 /proc/self/stat) = $$ ] && echo own group",
    );
    let hooks = bench.hooks(LONG);
    hooks.enqueue(fail("swp1"));
    until_over(&hooks).await;
    drop(inherited);

    let report = bench.read("report");
    let descriptors: Vec<&str> = report.lines().take_while(|line| !line.starts_with("Sig")).collect();
    // 3 is the directory that ls reads.
    assert!(
        matches!(descriptors[..], ["0 /dev/null", _, two, three]
            if two.starts_with("2 pipe:") && three.starts_with("3 /proc/")),
        "{report}"
    );
    for line in ["SigBlk:\t0000000000000000", "/", "own group", &open_files.to_string()] {
        assert!(report.lines().any(|l| l == line), "{line} in {report}");
    }
    let ignored = report.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    let pipe = 1 << (Signal::SIGPIPE as u32 - 1);
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & pipe, 0, "SIGPIPE is ignored in every Rust program");
}

#[tokio::test]
async fn fifty_changes_of_one_port_are_told_in_order() {
    let bench = Bench::new();
    // The earlier the longer: were they run side by side, they would end in another order.
    bench.script("[ $PTM_ACTNBR -lt 3 ] && sleep 0.0$((5 - PTM_ACTNBR)); echo $PTM_ACTNBR >> $D/order");
    let hooks = bench.hooks(LONG);
    (0..50).for_each(|n| hooks.enqueue(fail_number("swp1", n)));
    let counters = until_over(&hooks).await;
    let order: Vec<usize> = bench.read("order").lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(order, (0..50).collect::<Vec<_>>());
    assert_eq!((counters.runs, counters.failures, counters.dropped), (50, 0, 0));
    assert!(counters.total_duration >= counters.last_duration && counters.last_duration > Duration::ZERO);
}

#[tokio::test]
async fn eight_ports_at_once_and_no_more() {
    let bench = Bench::new();
    bench.script("mkdir $D/in.$PTM_PORT; while [ ! -e $D/go ]; do sleep 0.01; done; rmdir $D/in.$PTM_PORT");
    let inside = || fs::read_dir(&bench.directory).unwrap().filter(|e| is_in(e.as_ref().unwrap())).count();
    let hooks = bench.hooks(LONG);
    (0..20).for_each(|n| hooks.enqueue(fail(&format!("swp{n}"))));
    until("eight run", || inside() == 8).await;
    assert_eq!(*hooks.shared.running.borrow(), 8);
    fs::write(bench.path("go"), "").unwrap();
    let most = std::cell::Cell::new(0);
    until("all have run", || {
        most.set(most.get().max(inside()));
        hooks.counters().runs == 20
    })
    .await;
    assert!(most.get() <= 8, "{} at once", most.get());
    assert_eq!(hooks.counters().failures, 0);
}

fn is_in(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_str().is_some_and(|name| name.starts_with("in."))
}

#[tokio::test]
async fn hanging_hook_is_killed_with_its_children_and_holds_nobody_up() {
    let bench = Bench::new();
    bench.script(
        "if [ $PTM_PORT = swp1 ]; then sleep 1000 & echo $! > $D/child; echo $$ > $D/hook; echo hanging; wait; fi
         echo done > $D/$PTM_PORT",
    );
    let hooks = bench.hooks(LONG);
    hooks.enqueue(fail("swp1"));
    until("it hangs", || bench.log().contains("hanging")).await;
    let (hook, child) = (bench.read("hook"), bench.read("child"));

    hooks.enqueue(fail("swp2"));
    until("another port's ran meanwhile", || hooks.counters().runs == 1).await;
    assert!(bench.path("swp2").exists() && is_alive(&hook) && is_alive(&child));

    pass(LONG).await;
    let counters = until_over(&hooks).await;
    assert_eq!((counters.runs, counters.timeouts, counters.failures), (2, 1, 0));
    until("both are dead", || !is_alive(&hook) && !is_alive(&child)).await;
    assert!(!bench.path("swp1").exists());
    let log = bench.log();
    assert!(log.contains("hook was killed: it did not end within 60s port=\"swp1\" hook=\"if-topo-fail\""), "{log}");
    assert!(log.contains("hanging"), "what it said before: {log}");
}

#[tokio::test]
async fn process_left_behind_on_purpose_goes_on_and_delays_nothing() {
    let bench = Bench::new();
    bench.script("sleep 1000 & echo $! > $D/child");
    let hooks = bench.hooks(LONG);
    hooks.enqueue(fail("swp1"));
    until("it ended, though its pipe is held open", || hooks.counters().runs == 1).await;
    let child = bench.read("child");
    assert!(is_alive(&child));
    assert!(Command::new("kill").arg(child.trim()).status().unwrap().success());
}

#[tokio::test]
async fn flood_of_output_is_bounded_in_the_log_and_does_no_harm_to_the_hook() {
    let bench = Bench::new();
    bench.script("yes 'many words' | head -c 200000; echo to the end > $D/end");
    let hooks = bench.hooks(LONG);
    hooks.enqueue(fail("swp1"));
    until_over(&hooks).await;
    assert_eq!(bench.read("end"), "to the end\n");
    let log = bench.log();
    assert_eq!(log.matches("many words").count(), output::MAX_LINES);
    // All the rest, but for what it left in the pipe when it ended: that is not waited for long.
    let left_out = log.lines().find_map(|line| line.split_once(" more bytes of output")?.0.rsplit_once('('));
    let left_out: usize = left_out.expect(&log).1.parse().unwrap();
    assert!((198_900 - 65_536..=198_900).contains(&left_out), "{left_out}");
}

#[tokio::test]
async fn output_goes_to_the_log_escaped_with_port_and_hook() {
    let bench = Bench::new();
    bench.script("printf 'to stdout\\n'; printf '\\033[31mto stderr' >&2");
    let hooks = bench.hooks(LONG);
    hooks.enqueue(fail("swp1"));
    until_over(&hooks).await;
    let log = bench.log();
    assert!(log.contains("hook says: to stdout port=\"swp1\" hook=\"if-topo-fail\"\n"), "{log}");
    assert!(log.contains("hook says: \\x1b[31mto stderr port=\"swp1\" hook=\"if-topo-fail\"\n"), "{log}");
}

/// Runs one hook and gives what was counted and logged of it.
async fn outcome(bench: &Bench) -> (Counters, String) {
    let hooks = bench.hooks(LONG);
    hooks.enqueue(fail("swp1"));
    let counters = until_over(&hooks).await;
    (Counters { last_duration: Duration::ZERO, total_duration: Duration::ZERO, ..counters }, bench.log())
}

#[tokio::test]
async fn exit_status_and_signal_are_logged_and_counted() {
    for (body, said) in [("exit 3", "hook failed: exit status: 3"), ("kill -SEGV $$", "hook failed: signal: 11")] {
        let bench = Bench::new();
        bench.script(body);
        let (counters, log) = outcome(&bench).await;
        assert_eq!(counters, Counters { runs: 1, failures: 1, ..Counters::default() });
        assert!(log.contains(said), "{log}");
    }
}

#[tokio::test]
async fn hook_may_be_a_program() {
    let bench = Bench::new();
    symlink(Path::new("/bin/true"), bench.path("if-topo-fail")).unwrap();
    let (counters, _) = outcome(&bench).await;
    assert_eq!(counters, Counters { runs: 1, ..Counters::default() });
}

#[tokio::test]
async fn hook_that_is_replaced_runs_to_its_end_and_the_new_one_is_next() {
    let bench = Bench::new();
    bench.script("echo under way; while [ ! -e $D/go ]; do sleep 0.01; done; echo old $PTM_PORT >> $D/done");
    let hooks = bench.hooks(LONG);
    hooks.enqueue(fail("swp1"));
    until("it runs", || bench.log().contains("under way")).await;

    bench.hook("new", "755", format!("#!/bin/sh\necho new $PTM_PORT >> {}\n", bench.path("done").display()));
    fs::rename(bench.path("new"), bench.path("if-topo-fail")).unwrap();
    hooks.enqueue(fail("swp2"));
    until("the new one ran", || hooks.counters().runs == 1).await;
    fs::write(bench.path("go"), "").unwrap();
    until_over(&hooks).await;
    assert_eq!(bench.read("done"), "new swp2\nold swp1\n");
    assert_eq!(hooks.counters().failures, 0);
}

#[tokio::test]
async fn shutting_down_gives_a_grace_then_kills() {
    let bench = Bench::new();
    bench.script(
        "[ $PTM_PORT = swp1 ] && { echo $$ > $D/hook; echo hanging; sleep 1000; }
         touch $D/started; while [ ! -e $D/go ]; do sleep 0.01; done; echo done > $D/$PTM_PORT",
    );
    let hooks = bench.hooks(2 * LONG);
    for port in ["swp1", "swp1", "swp2"] {
        hooks.enqueue(fail(port));
    }
    until("both run", || bench.log().contains("hanging") && bench.path("started").exists()).await;

    let shared = Arc::clone(&hooks.shared);
    let counters = || shared.state().counters;
    let end = tokio::spawn(hooks.shut_down(LONG));
    until("the one that waits is dropped", || counters().dropped == 1).await;
    fs::write(bench.path("go"), "").unwrap();
    until("one ends within the grace", || counters().runs == 1).await;
    assert_eq!(bench.read("swp2"), "done\n");
    assert!(is_alive(&bench.read("hook")));

    pass(LONG).await;
    timeout(PATIENCE, end).await.expect("ends").unwrap();
    until("the other is killed", || counters().runs == 2 && !is_alive(&bench.read("hook"))).await;
    assert_eq!((counters().dropped, counters().timeouts), (1, 0));
    assert!(bench.log().contains("hook was killed: the agent ends"));
}

#[test]
fn runtime_that_ends_takes_the_hooks_with_it() {
    let bench = Bench::new();
    bench.script("sleep 1000 & echo $! > $D/child; echo $$ > $D/hook; echo under way; wait");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let hooks = bench.hooks(LONG);
        hooks.enqueue(fail("swp1"));
        until("it runs, and its output is read", || bench.log().contains("under way")).await;
    });
    drop(runtime);
    let end = std::time::Instant::now() + PATIENCE;
    while is_alive(&bench.read("hook")) || is_alive(&bench.read("child")) {
        assert!(std::time::Instant::now() < end, "they live on");
        std::thread::yield_now();
    }
}
