//! Real files in a temporary directory, changed in every way that people and tools have.

use std::fs::{File, OpenOptions, create_dir, create_dir_all, remove_dir_all, remove_file, rename, write};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::time::SystemTime;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::PATIENCE;

/// Runs a test on a runtime of one thread, as the agent's is.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// A watch on `topology.dot` in a directory that `furnish` has furnished.
struct Scene {
    directory: TempDir,
    watch: PlanWatch,
}

impl Scene {
    async fn new(furnish: impl FnOnce(&Path)) -> Self {
        let directory = TempDir::new().unwrap();
        furnish(directory.path());
        let paths = vec![directory.path().join("topology.dot")];
        let watch = PlanWatch::open(paths.clone(), settled(&paths).await).unwrap();
        let mut scene = Self { directory, watch };
        // Opening it is an occasion to look, too; what comes after that is owed to events alone.
        while scene.watch.unrest.is_some() {
            timeout(QUIET / 4, scene.watch.changed()).await.expect_err("nothing changed");
        }
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Waits until a change is told.
    async fn told(&mut self) {
        timeout(PATIENCE, self.watch.changed()).await.expect("a change is told").unwrap();
    }

    /// Nothing is told, though there would be time for it.
    async fn quiet(&mut self) {
        timeout(QUIET * 4, self.watch.changed()).await.expect_err("nothing to tell");
    }
}

/// The identity of a file that was not changed just now.
async fn settled(paths: &[PathBuf]) -> Option<Identity> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Identity::of(paths) {
            Some(identity) if identity.fresh => assert!(Instant::now() < deadline, "the clock goes on"),
            settled => return settled,
        }
        tokio::task::yield_now().await;
    }
}

fn plain(directory: &Path) {
    write(directory.join("topology.dot"), "one").unwrap();
}

/// As Kubernetes lays a `ConfigMap`: `topology.dot` → `..data/topology.dot`, `..data` → a directory of this generation.
fn kubernetes(directory: &Path) {
    create_dir(directory.join("..1")).unwrap();
    write(directory.join("..1/topology.dot"), "one").unwrap();
    symlink("..1", directory.join("..data")).unwrap();
    symlink("..data/topology.dot", directory.join("topology.dot")).unwrap();
}

/// `topology.dot` → the absolute path `link/to.dot`, `link` → `../DIRECTORY/far/../real`, `to.dot` → `file.dot`.
fn through_links(directory: &Path) {
    create_dir_all(directory.join("real")).unwrap();
    create_dir_all(directory.join("far")).unwrap();
    write(directory.join("real/file.dot"), "one").unwrap();
    symlink("file.dot", directory.join("real/to.dot")).unwrap();
    let name = directory.file_name().unwrap();
    symlink(Path::new("..").join(name).join("far/../real"), directory.join("link")).unwrap();
    symlink(directory.join("link/to.dot"), directory.join("topology.dot")).unwrap();
}

fn replace(path: &Path, text: &str) {
    let new = path.with_file_name("new");
    write(&new, text).unwrap();
    rename(new, path).unwrap();
}

fn relink(target: &str, path: &Path) {
    let new = path.with_file_name("new");
    symlink(target, &new).unwrap();
    rename(new, path).unwrap();
}

#[test]
fn every_way_of_changing_a_file_is_told_once() {
    type Way = (&'static str, fn(&Path), fn(&Path));
    let ways: [Way; 14] = [
        ("written in place", plain, |at| write(at.join("topology.dot"), "two").unwrap()),
        ("renamed over", plain, |at| replace(&at.join("topology.dot"), "two")),
        ("removed", plain, |at| remove_file(at.join("topology.dot")).unwrap()),
        ("moved away", plain, |at| rename(at.join("topology.dot"), at.join("old.dot")).unwrap()),
        ("replaced by a link", plain, |at| {
            write(at.join("v2.dot"), "two").unwrap();
            relink("v2.dot", &at.join("topology.dot"));
        }),
        ("its times set", plain, |at| {
            let file = OpenOptions::new().write(true).open(at.join("topology.dot")).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }),
        ("a generation later", kubernetes, |at| {
            create_dir(at.join("..2")).unwrap();
            write(at.join("..2/topology.dot"), "two").unwrap();
            relink("..2", &at.join("..data"));
            remove_dir_all(at.join("..1")).unwrap();
        }),
        ("written behind links", through_links, |at| write(at.join("real/file.dot"), "two").unwrap()),
        ("renamed over behind links", through_links, |at| replace(&at.join("real/file.dot"), "two")),
        ("the last link swapped", through_links, |at| {
            write(at.join("real/v2.dot"), "two").unwrap();
            relink("v2.dot", &at.join("real/to.dot"));
        }),
        ("the link to its directory swapped", through_links, |at| {
            create_dir(at.join("real2")).unwrap();
            write(at.join("real2/to.dot"), "two").unwrap();
            relink("real2", &at.join("link"));
        }),
        ("its directory replaced", through_links, |at| {
            create_dir(at.join("staged")).unwrap();
            write(at.join("staged/to.dot"), "two").unwrap();
            rename(at.join("real"), at.join("aside")).unwrap();
            rename(at.join("staged"), at.join("real")).unwrap();
        }),
        ("a directory on the way gone", through_links, |at| remove_dir_all(at.join("far")).unwrap()),
        ("the first link now a file", through_links, |at| replace(&at.join("topology.dot"), "two")),
    ];
    run(async {
        for (way, furnish, change) in ways {
            let mut scene = Scene::new(furnish).await;
            change(scene.directory.path());
            let told = timeout(PATIENCE, scene.watch.changed()).await;
            assert!(told.is_ok(), "{way}");
            assert_eq!(scene.watch.known, Identity::of(&scene.watch.paths), "{way}");
            // And what comes later is told, too: the watches followed.
            let path = scene.path("topology.dot");
            let was_there = path.exists();
            let _ = remove_file(&path);
            if was_there {
                scene.told().await;
            }
            write(&path, "three").unwrap();
            scene.told().await;
        }
    });
}

#[test]
fn several_steps_are_one_change() {
    run(async {
        let mut scene = Scene::new(plain).await;
        let path = scene.path("topology.dot");
        for _ in 0..1_000 {
            replace(&path, "two");
        }
        for text in ["gr", "aph", " {}"] {
            let mut file = File::options().append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.flush().unwrap();
        }
        remove_file(&path).unwrap();
        write(&path, "three").unwrap();
        scene.told().await;
        assert_eq!(scene.watch.known.as_ref().map(|identity| identity.size), Some(5));
        scene.quiet().await;
    });
}

#[test]
fn what_leaves_the_file_as_it_was_is_not_told() {
    run(async {
        for furnish in [plain, kubernetes, through_links] {
            let mut scene = Scene::new(furnish).await;
            let path = scene.path("topology.dot");
            drop(OpenOptions::new().append(true).open(&path).unwrap());
            write(scene.path("other.dot"), "one").unwrap();
            remove_file(scene.path("other.dot")).unwrap();
            scene.quiet().await;
            write(path, "two").unwrap();
            scene.told().await;
        }
    });
}

#[test]
fn a_way_that_leads_nowhere_is_watched_as_far_as_it_goes() {
    run(async {
        let mut scene = Scene::new(|at| symlink("a/b/c.dot", at.join("topology.dot")).unwrap()).await;
        create_dir(scene.path("a")).unwrap();
        scene.quiet().await;
        create_dir(scene.path("a/b")).unwrap();
        write(scene.path("a/b/c.dot"), "one").unwrap();
        scene.told().await;
        // Away with all of it, and back.
        rename(scene.path("a"), scene.path("aside")).unwrap();
        scene.told().await;
        rename(scene.path("aside"), scene.path("a")).unwrap();
        scene.told().await;
    });
}

#[test]
fn links_in_a_circle_end() {
    run(async {
        let mut scene = Scene::new(|at| {
            symlink("circle", at.join("topology.dot")).unwrap();
            symlink("topology.dot", at.join("circle")).unwrap();
        })
        .await;
        replace(&scene.path("circle"), "one");
        scene.told().await;
    });
}

#[test]
fn the_first_of_several_paths_counts() {
    run(async {
        let directory = TempDir::new().unwrap();
        let paths = vec![directory.path().join("first/topology.dot"), directory.path().join("second.dot")];
        write(&paths[1], "one").unwrap();
        let watch = PlanWatch::open(paths.clone(), settled(&paths).await).unwrap();
        let mut scene = Scene { directory, watch };
        create_dir(scene.path("first")).unwrap();
        scene.quiet().await;
        write(&paths[0], "two").unwrap();
        scene.told().await;
        // Not in force, hence no change.
        write(&paths[1], "three").unwrap();
        scene.quiet().await;
        remove_dir_all(scene.path("first")).unwrap();
        scene.told().await;
        assert_eq!(scene.watch.known.as_ref().map(|identity| identity.path), Some(1));
    });
}

#[test]
fn events_that_were_lost_are_made_up_for() {
    run(async {
        let mut scene = Scene::new(plain).await;
        let queue = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        // Each comes and goes: two events at least, and none of them repeats the one before.
        for _ in 0..queue.trim().parse::<usize>().unwrap() {
            write(scene.path("other.dot"), "").unwrap();
            remove_file(scene.path("other.dot")).unwrap();
        }
        replace(&scene.path("topology.dot"), "two");
        scene.told().await;
    });
}

#[test]
fn a_change_before_the_watch_began_is_told() {
    run(async {
        let directory = TempDir::new().unwrap();
        let paths = vec![directory.path().join("topology.dot")];
        let before = Identity::of(&paths);
        plain(directory.path());
        let watch = PlanWatch::open(paths, before).unwrap();
        Scene { directory, watch }.told().await;
    });
}

#[test]
fn what_was_read_already_is_not_told() {
    run(async {
        let mut scene = Scene::new(plain).await;
        write(scene.path("topology.dot"), "two").unwrap();
        let identity = settled(&scene.watch.paths).await;
        scene.watch.was_read(identity);
        scene.quiet().await;
    });
}

#[test]
fn a_file_changed_in_this_tick_of_the_clock_is_another_one_later() {
    let directory = TempDir::new().unwrap();
    plain(directory.path());
    let metadata = fs::metadata(directory.path().join("topology.dot")).unwrap();
    let (seconds, nanos) = (metadata.ctime(), metadata.ctime_nsec());
    let seen_at = |tick| Identity::new(0, &metadata, tick);
    let (at_once, later) = (seen_at((seconds, nanos)), seen_at((seconds, nanos + 1)));
    assert_ne!(at_once, later);
    assert_eq!(later, seen_at((seconds + 1, 0)));
}

#[test]
fn what_happens_beside_the_way_makes_no_unrest() {
    run(async {
        let mut scene = Scene::new(through_links).await;
        for beside in ["other.dot", "real/other.dot", "file.dot", "far/to.dot"] {
            write(scene.path(beside), "one").unwrap();
            remove_file(scene.path(beside)).unwrap();
        }
        let _ = timeout(Duration::ZERO, scene.watch.changed()).await;
        assert!(scene.watch.unrest.is_none());
    });
}

#[test]
fn who_gives_up_waiting_loses_nothing() {
    run(async {
        let mut scene = Scene::new(plain).await;
        write(scene.path("topology.dot"), "two").unwrap();
        let deadline = Instant::now() + PATIENCE;
        while timeout(Duration::from_millis(1), scene.watch.changed()).await.is_err() {
            assert!(Instant::now() < deadline, "the change is told");
        }
    });
}

#[test]
fn unrest_ends_with_a_pause_or_after_a_while() {
    let first = Instant::now();
    let after = |ms| first + Duration::from_millis(ms);
    for (last, over) in [(0, 100), (50, 150), (899, 999), (950, 1_000), (5_000, 1_000)] {
        assert_eq!(Unrest { first, last: after(last) }.over_at(), after(over), "{last}");
    }
}
