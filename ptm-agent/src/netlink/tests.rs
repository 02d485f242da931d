//! The watcher against the real kernel, each test in a network namespace of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use nix::sched::{CloneFlags, unshare};
use serde_json::Value;

use super::*;
use crate::PATIENCE;

/// So small that every second message is lost.
const TINY: Options = Options { resync_interval: Duration::from_mins(10), receive_buffer: 1 };

/// Past the test harness, which shows the output of failed tests only.
fn left_out(what: &str) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    writeln!(io::stderr(), "LEFT OUT: {test}: {what}").unwrap();
}

/// Runs a test in a thread with a fresh network namespace, which ends with the thread.
fn in_namespace<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let name = thread::current().name().unwrap_or_default().to_owned();
    let run = move || {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
            left_out(&format!("needs a network namespace of its own, as root ({errno})"));
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test());
    };
    if let Err(panic) = thread::Builder::new().name(name).spawn(run).unwrap().join() {
        std::panic::resume_unwind(panic);
    }
}

/// Another namespace, there until dropped.
struct OtherNamespace {
    path: String,
    _end: mpsc::Sender<()>,
}

impl OtherNamespace {
    fn new() -> Self {
        let (path, made) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            path.send(own_namespace()).unwrap();
            // An error, once the sender is dropped: that is the sign.
            ended.recv().unwrap_err();
        });
        Self { path: made.recv().unwrap(), _end: end }
    }
}

fn own_namespace() -> String {
    format!("/proc/{}/task/{}/ns/net", std::process::id(), nix::unistd::gettid())
}

fn ip(arguments: &str) {
    assert!(try_ip(arguments), "ip {arguments}");
}

fn try_ip(arguments: &str) -> bool {
    Command::new("ip").args(arguments.split(' ')).stderr(Stdio::null()).status().unwrap().success()
}

/// A cable between swp1 and far1, both up.
fn plug_in_up() {
    ip_batch("link add swp1 type veth peer name far1\nlink set swp1 up\nlink set far1 up\n");
}

/// Many `ip` commands in one process: nothing reads the socket meanwhile.
fn ip_batch(commands: &str) {
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{commands}");
}

/// The interfaces as `ip` lists them: index, name, carrier, MTU.
fn links_of_ip() -> Vec<(IfIndex, String, bool, u32)> {
    let output = Command::new("ip").args(["-j", "link"]).output().unwrap();
    let links: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let links = links.iter().map(|link| {
        let carrier = link["flags"].as_array().unwrap().contains(&"LOWER_UP".into());
        (number(&link["ifindex"]), link["ifname"].as_str().unwrap().to_owned(), carrier, number(&link["mtu"]))
    });
    let mut links: Vec<_> = links.collect();
    links.sort_unstable();
    links
}

/// Someone who follows the differences and insists on what they promise.
struct Follower {
    links: Links,
    seen: BTreeMap<IfIndex, Link>,
    /// Every difference since the last look at them.
    history: Vec<LinkEvent>,
}

impl Follower {
    async fn open(options: Options) -> Self {
        let mut follower =
            Self { links: Links::open(options).await.unwrap(), seen: BTreeMap::new(), history: Vec::new() };
        while let Some(event) = follower.links.try_next() {
            follower.take(event);
        }
        follower
    }

    fn take(&mut self, event: LinkEvent) {
        self.history.push(event.clone());
        match event {
            LinkEvent::Present(link) => {
                let taken = self.seen.values().any(|other| other.name == link.name && other.ifindex != link.ifindex);
                assert!(!taken, "two interfaces named {}", link.name);
                assert_ne!(self.seen.insert(link.ifindex, link.clone()), Some(link), "no difference");
            }
            LinkEvent::Gone(ifindex) => assert!(self.seen.remove(&ifindex).is_some(), "{ifindex} was not there"),
        }
    }

    fn named(&self, name: &str) -> Option<&Link> {
        self.seen.values().find(|link| link.name.as_ref() == name)
    }

    fn up(&self, name: &str) -> bool {
        self.named(name).is_some_and(|link| link.carrier)
    }

    fn is_as_ip_says(&self) -> bool {
        let seen = self.seen.values().map(|link| (link.ifindex, link.name.to_string(), link.carrier, link.mtu));
        seen.collect::<Vec<_>>() == links_of_ip()
    }

    /// Follows until `condition` holds, and gives the differences on the way there.
    async fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> Vec<LinkEvent> {
        let end = Instant::now() + PATIENCE;
        while !condition(self) {
            let Ok(event) = tokio::time::timeout_at(end, self.links.next()).await else {
                panic!("not within {PATIENCE:?}: {what}; there is {:?}", self.seen);
            };
            self.take(event);
        }
        std::mem::take(&mut self.history)
    }
}

fn index_of(name: &str) -> IfIndex {
    links_of_ip().into_iter().find(|link| link.1 == name).unwrap().0
}

#[test]
fn cable_is_plugged_in_and_pulled_out_while_running() {
    in_namespace(|| async {
        let mut follower = Follower::open(Options::default()).await;
        assert!(follower.is_as_ip_says(), "what was there before");
        assert!(!follower.named("lo").unwrap().is_port());

        ip("link add swp1 type veth peer name far1");
        follower.until("both ends appear", |f| f.named("swp1").is_some() && f.named("far1").is_some()).await;
        let link = follower.named("swp1").unwrap();
        assert!(link.is_port() && !link.admin_up && !link.carrier);

        ip("link set swp1 up");
        follower.until("admin up alone is not carrier", |f| f.named("swp1").unwrap().admin_up).await;
        assert!(!follower.up("swp1"));
        ip("link set far1 up");
        follower.until("carrier", |f| f.up("swp1") && f.up("far1")).await;

        ip("link del swp1");
        follower.until("both ends leave", |f| f.named("swp1").is_none() && f.named("far1").is_none()).await;
        assert!(follower.is_as_ip_says());
        assert_eq!(follower.links.counters(), Counters { overruns: 0, resyncs: 1, failures: 0 });
    });
}

#[test]
fn rename_keeps_the_interface() {
    in_namespace(|| async {
        ip("link add swp1 type veth peer name far1");
        let mut follower = Follower::open(Options::default()).await;
        let before = follower.named("swp1").unwrap().clone();
        follower.history.clear();
        ip("link set swp1 name swp9");
        let history = follower.until("the new name", |f| f.named("swp9").is_some()).await;
        let after = follower.named("swp9").unwrap();
        assert_eq!(*after, Link { name: "swp9".into(), ..before });
        assert_eq!(history, [LinkEvent::Present(after.clone())]);
        assert_eq!(follower.links.get(after.ifindex), Some(after));
    });
}

#[test]
fn swapped_names_stay_with_their_cables() {
    in_namespace(|| async {
        ip("link add swp1 type veth peer name far1");
        ip("link add swp2 type veth peer name far2");
        let mut follower = Follower::open(Options::default()).await;
        let [one, two] = ["swp1", "swp2"].map(|name| follower.named(name).unwrap().ifindex);
        follower.history.clear();
        // All at once: when the watcher comes to read, it is long over.
        ip_batch("link set swp1 name tmp\nlink set swp2 name swp1\nlink set tmp name swp2\n");
        let history = follower.until("swapped", |f| f.named("swp2").is_some_and(|link| link.ifindex == one)).await;
        assert_eq!(follower.named("swp1").unwrap().ifindex, two);
        assert!(history.iter().all(|event| matches!(event, LinkEvent::Present(_))), "neither left: {history:?}");
    });
}

#[test]
fn interface_moves_to_another_namespace_and_comes_back() {
    in_namespace(|| async {
        let other = OtherNamespace::new();
        ip("link add swp1 type veth peer name far1");
        let mut follower = Follower::open(Options::default()).await;
        let index = follower.named("swp1").unwrap().ifindex;
        follower.history.clear();

        ip(&format!("link set swp1 netns {}", other.path));
        let history = follower.until("it left", |f| f.named("swp1").is_none()).await;
        assert!(history.contains(&LinkEvent::Gone(index)));
        assert!(follower.named("far1").is_some(), "its other end stays");

        let back = format!("link set swp1 netns {}", own_namespace());
        let mut there = Command::new("nsenter");
        there.arg(format!("--net={}", other.path)).arg("ip").args(back.split(' '));
        assert!(there.status().unwrap().success());
        follower.until("it is back", |f| f.named("swp1").is_some()).await;
        assert!(follower.is_as_ip_says());
    });
}

#[test]
fn carrier_follows_the_other_end() {
    in_namespace(|| async {
        plug_in_up();
        let mut follower = Follower::open(Options::default()).await;
        follower.until("carrier", |f| f.up("swp1")).await;
        let before = follower.named("swp1").unwrap().clone();

        ip("link set far1 down");
        follower.until("carrier lost", |f| !f.up("swp1")).await;
        let down = follower.named("swp1").unwrap();
        assert!(down.admin_up, "only the cable is gone");
        assert_eq!(down.carrier_losses, before.carrier_losses + 1);

        ip("link set far1 up");
        follower.until("carrier again", |f| f.up("swp1")).await;
        assert!(follower.named("swp1").unwrap().flapped_since(&before));
    });
}

/// Creates and deletes more than a tiny receive buffer can hold.
fn overrun() {
    ip_batch(&"link add noise type bridge\nlink del noise\n".repeat(20));
}

#[test]
fn flap_among_lost_messages_shows_in_the_count() {
    in_namespace(|| async {
        plug_in_up();
        let mut follower = Follower::open(TINY).await;
        follower.until("carrier", |f| f.up("swp1") && f.is_as_ip_says()).await;
        let before = follower.named("swp1").unwrap().clone();
        overrun();
        ip_batch("link set far1 down\nlink set far1 up\n");
        let history = follower.until("the flap", |f| f.named("swp1").unwrap().flapped_since(&before)).await;
        assert!(follower.links.counters().overruns > 0);
        assert!(!history.contains(&LinkEvent::Gone(before.ifindex)));
    });
}

#[test]
fn index_used_again_among_lost_messages_is_gone_and_present() {
    in_namespace(|| async {
        ip("link add swp1 index 100 type veth peer name far1");
        let mut follower = Follower::open(TINY).await;
        let old = follower.named("swp1").unwrap().clone();
        follower.history.clear();
        overrun();
        ip_batch("link del swp1\nlink add swp1 index 100 type veth peer name far1\n");
        let history = follower.until("another one", |f| f.named("swp1").is_some_and(|link| link.mac != old.mac)).await;
        let gone = history.iter().position(|event| *event == LinkEvent::Gone(100)).expect("the old one leaves");
        let new = LinkEvent::Present(follower.named("swp1").unwrap().clone());
        assert!(history[gone..].contains(&new), "{history:?}");
    });
}

#[test]
fn burst_of_2000_links_overruns_and_is_made_up_for() {
    in_namespace(|| async {
        let mut follower = Follower::open(TINY).await;
        let mut commands = String::new();
        for pair in 0..1000 {
            let group = 7 + pair % 2;
            writeln!(commands, "link add a{pair} group {group} type veth peer name b{pair} group {group}").unwrap();
        }
        commands.push_str("link del group 7\nlink set group 8 up\nlink set a1 name renamed\n");
        ip_batch(&commands);
        follower.until("1,000 interfaces and lo", |f| f.seen.len() == 1001 && f.is_as_ip_says()).await;
        let Counters { overruns, resyncs, failures } = follower.links.counters();
        assert!(overruns > 0 && resyncs > 1 && failures == 0, "{:?}", follower.links.counters());

        ip("link del group 8");
        follower.until("all gone", |f| f.seen.len() == 1).await;
        assert!(follower.is_as_ip_says());
    });
}

#[test]
fn nothing_is_lost_when_waiting_is_given_up_time_and_again() {
    in_namespace(|| async {
        let mut follower = Follower::open(TINY).await;
        let commands: String =
            (0..50).fold(String::new(), |all, pair| all + &format!("link add a{pair} type veth peer name b{pair}\n"));
        ip_batch(&commands);
        let end = Instant::now() + PATIENCE;
        while follower.seen.len() < 101 {
            assert!(Instant::now() < end, "{} interfaces seen", follower.seen.len());
            // Polled once, then dropped, as by a select! in which something else was ready.
            let polled_once = tokio::select! {
                biased;
                event = follower.links.next() => Some(event),
                () = std::future::ready(()) => None,
            };
            match polled_once {
                Some(event) => follower.take(event),
                None => tokio::task::yield_now().await,
            }
        }
        assert!(follower.is_as_ip_says());
    });
}

#[test]
fn port_that_leaves_a_bridge_is_still_there() {
    in_namespace(|| async {
        ip("link add br0 type bridge");
        plug_in_up();
        let mut follower = Follower::open(Options::default()).await;
        follower.history.clear();
        // The kernel says RTM_DELLINK of swp1's index here, in the bridge's family.
        ip_batch("link set swp1 master br0\nlink set swp1 nomaster\nlink set swp1 mtu 1400\n");
        let history = follower.until("the last change", |f| f.named("swp1").unwrap().mtu == 1400).await;
        assert!(history.iter().all(|event| matches!(event, LinkEvent::Present(_))), "{history:?}");
    });
}

#[test]
fn plumbing_of_this_kernel_is_no_port() {
    in_namespace(|| async {
        ip("link add swp1 type veth peer name far1");
        let plumbing = [
            ("bridge", "link add NAME type bridge"),
            ("macvlan", "link add NAME link swp1 type macvlan"),
            ("vxlan", "link add NAME type vxlan id 5 dstport 4789 local 127.0.0.1"),
            ("ifb", "link add NAME type ifb"),
            ("tun", "tuntap add dev NAME mode tap"),
            ("vlan", "link add NAME link swp1 type vlan id 5"),
            ("bond", "link add NAME type bond"),
            ("dummy", "link add NAME type dummy"),
            ("vrf", "link add NAME type vrf table 5"),
        ];
        let (there, missing): (Vec<_>, Vec<_>) =
            plumbing.iter().partition(|(kind, add)| try_ip(&add.replace("NAME", &format!("x-{kind}"))));
        if !missing.is_empty() {
            let kinds: Vec<_> = missing.iter().map(|(kind, _)| *kind).collect();
            left_out(&format!("interfaces that this kernel can't make: {}", kinds.join(", ")));
        }
        let follower = Follower::open(Options::default()).await;
        for (kind, _) in there {
            let link = follower.named(&format!("x-{kind}")).unwrap();
            assert!(!link.is_port(), "{link:?}");
            assert_eq!(link.kind.to_string(), *kind);
        }
        assert!(follower.named("swp1").unwrap().is_port());
    });
}

#[test]
fn dumps_again_from_time_to_time_and_has_nothing_to_say() {
    in_namespace(|| async {
        ip("link add swp1 type veth peer name far1");
        let often = Options { resync_interval: Duration::from_millis(1), ..Options::default() };
        let mut follower = Follower::open(often).await;
        let end = Instant::now() + PATIENCE;
        while follower.links.counters().resyncs < 5 {
            assert!(Instant::now() < end);
            let event = tokio::time::timeout(Duration::from_millis(10), follower.links.next()).await;
            assert!(event.is_err(), "{event:?}");
        }
        assert_eq!(index_of("swp1"), follower.named("swp1").unwrap().ifindex);
    });
}
