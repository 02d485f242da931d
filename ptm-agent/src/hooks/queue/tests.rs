use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::monitor::Reason;

/// Run number `n` of a port; the number is where the observed neighbor would be.
fn run(port: &str, n: usize) -> Run {
    Run::new(port.into(), Reason::Left, None, Some(n.to_string())).unwrap()
}

fn number(run: &Run) -> usize {
    run.observed.as_ref().unwrap().parse().unwrap()
}

#[test]
fn one_port_runs_in_order_and_one_at_a_time() {
    let mut queue = Queue::default();
    (0..3).for_each(|n| assert_eq!(queue.push(run("swp1", n)), 0));
    for n in 0..3 {
        assert_eq!(number(&queue.take().unwrap()), n);
        assert_eq!(queue.take(), None);
        queue.done(&"swp1".into());
    }
    assert_eq!(queue.take(), None);
    assert!(queue.ports.is_empty());
}

#[test]
fn ports_run_in_parallel_eight_at_the_most() {
    let mut queue = Queue::default();
    (0..20).for_each(|n| assert_eq!(queue.push(run(&format!("swp{n}"), n)), 0));
    let started: Vec<Run> = std::iter::from_fn(|| queue.take()).collect();
    assert_eq!(started.iter().map(number).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
    queue.done(&started[5].port);
    assert_eq!(queue.take().map(|run| number(&run)), Some(8));
    assert_eq!(queue.take(), None);
}

#[test]
fn too_long_a_queue_loses_its_oldest_and_keeps_its_newest() {
    let mut queue = Queue::default();
    let dropped: usize = (0..MAX_WAITING + 10).map(|n| queue.push(run("swp1", n))).sum();
    assert_eq!(dropped, 10);
    let mut seen = Vec::new();
    while let Some(run) = queue.take() {
        queue.done(&run.port);
        seen.push(number(&run));
    }
    assert_eq!(seen, (10..MAX_WAITING + 10).collect::<Vec<_>>());
}

#[test]
fn closed_queue_starts_nothing() {
    let mut queue = Queue::default();
    (0..3).for_each(|n| assert_eq!(queue.push(run("swp1", n)), 0));
    let first = queue.take().unwrap();
    assert_eq!(queue.close(), 2);
    assert_eq!(queue.push(run("swp2", 0)), 1);
    queue.done(&first.port);
    assert_eq!(queue.take(), None);
    assert_eq!(queue.running(), 0);
}

proptest! {
    /// Ports push and finish in any order: each sees its runs in order, never two at once, never more than eight at
    /// all, nobody waits while there is room, and what was pushed was either started or counted as dropped.
    #[test]
    fn any_history(steps in vec((0_usize..12, any::<bool>()), 0..400)) {
        let mut queue = Queue::default();
        let mut under_way: HashMap<Arc<str>, usize> = HashMap::new();
        let (mut pushed, mut dropped, mut started) = (0, 0, Vec::new());
        for (port, push) in steps {
            let name: Arc<str> = format!("swp{port}").into();
            if push {
                dropped += queue.push(run(&name, pushed));
                pushed += 1;
            } else if under_way.remove(&name).is_some() {
                queue.done(&name);
            }
            while let Some(run) = queue.take() {
                prop_assert_eq!(under_way.insert(Arc::clone(&run.port), number(&run)), None);
                started.push((Arc::clone(&run.port), number(&run)));
            }
            prop_assert!(under_way.len() <= MAX_RUNNING);
            prop_assert_eq!(queue.running(), under_way.len());
            let waiting = queue.ports.values().filter(|port| !port.running).count();
            prop_assert!(waiting == 0 || under_way.len() == MAX_RUNNING);
        }
        let waiting = queue.close();
        prop_assert_eq!(started.len() + waiting + dropped, pushed);
        for port in 0..12 {
            let of_port = started.iter().filter(|(name, _)| **name == *format!("swp{port}")).map(|(_, n)| n);
            prop_assert!(of_port.is_sorted());
        }
    }
}
