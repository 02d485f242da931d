//! Hooks that can't be run: the log says what to do.

use super::*;

#[tokio::test]
async fn missing_hook_is_no_error() {
    let bench = Bench::new();
    let (counters, log) = outcome(&bench).await;
    assert_eq!(counters, Counters { missing: 1, ..Counters::default() });
    assert!(log.contains("DEBUG") && !log.contains("WARN"), "{log}");
}

#[tokio::test]
async fn hook_that_is_not_executable_gets_the_command_that_mends_it() {
    let bench = Bench::new();
    bench.hook("if-topo-fail", "644", "#!/bin/sh\n");
    let (counters, log) = outcome(&bench).await;
    assert_eq!(counters, Counters { failures: 1, ..Counters::default() });
    let advice = format!("chmod +x {}", bench.path("if-topo-fail").display());
    assert!(log.contains(&advice), "{log}");
}

#[tokio::test]
async fn script_that_names_no_interpreter_is_not_run_by_a_shell() {
    // So that something is to be done between fork and exec, where std would turn to the shell.
    open_files::tests::raised();
    let bench = Bench::new();
    bench.hook("if-topo-fail", "755", format!("touch {}\n", bench.path("ran").display()));
    let (counters, log) = outcome(&bench).await;
    assert_eq!(counters, Counters { failures: 1, ..Counters::default() });
    assert!(log.contains("begin it with #!/bin/sh"), "{log}");
    assert!(!bench.path("ran").exists());
}

#[tokio::test]
async fn what_runs_the_hook_may_be_missing_too() {
    let cases: [(&str, &str); 4] = [
        ("#!/no/such/interpreter\n", "names does not exist: install /no/such/interpreter, or name another"),
        ("#! \t/no/such/\u{1b}[2J -e\nexit 0\n", "names does not exist: install /no/such/\\x1b[2J, or"),
        ("#!/bin/sh\r\nexit 0\r\n", "line ends of another system (CR LF)"),
        ("#!/no/such/interpreter -e\r\nexit 0\r\n", "line ends of another system (CR LF)"),
    ];
    for (content, advice) in cases {
        let bench = Bench::new();
        bench.hook("if-topo-fail", "755", content);
        let (counters, log) = outcome(&bench).await;
        assert_eq!(counters, Counters { failures: 1, ..Counters::default() });
        assert!(log.contains("WARN") && log.contains(advice), "{content:?}: {log}");
    }
}

#[tokio::test]
async fn advice_against_carriage_returns_works() {
    let bench = Bench::new();
    bench.hook("if-topo-fail", "755", "#!/bin/sh\r\nexit 0\r\n");
    let (_, log) = outcome(&bench).await;
    let command = log.lines().find_map(|line| line.split_once("interpreter's name: "));
    let command = command.and_then(|(_, command)| command.split_once(" port=")).expect(&log).0;
    assert!(Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
    let (counters, log) = outcome(&bench).await;
    assert_eq!(counters, Counters { runs: 1, ..Counters::default() }, "{log}");
}

#[tokio::test]
async fn program_for_another_system() {
    let bench = Bench::new();
    // A program of this system, but for the name of its loader.
    let program = fs::read("/bin/true").unwrap();
    let (loader, other) = (b"/ld-linux", b"/ld-other");
    let at =
        program.windows(loader.len()).position(|window| window == loader).expect("/bin/true is linked dynamically");
    let program = [&program[..at], other, &program[at + loader.len()..]].concat();
    bench.hook("if-topo-fail", "755", &program);
    let (counters, log) = outcome(&bench).await;
    assert_eq!(counters, Counters { failures: 1, ..Counters::default() });
    assert!(log.contains("is a program for another system"), "{log}");
}

#[tokio::test]
async fn directory_in_the_place_of_a_hook() {
    let bench = Bench::new();
    fs::create_dir(bench.path("if-topo-fail")).unwrap();
    let (counters, log) = outcome(&bench).await;
    assert_eq!(counters, Counters { failures: 1, ..Counters::default() });
    assert!(log.contains("is no file: put a program or a script in its place"), "{log}");
}

/// Not missing: somebody meant there to be a hook.
#[tokio::test]
async fn link_to_nothing() {
    let bench = Bench::new();
    symlink("/no/such/hook", bench.path("if-topo-fail")).unwrap();
    let (counters, log) = outcome(&bench).await;
    assert_eq!(counters, Counters { failures: 1, ..Counters::default() });
    assert!(log.contains("is a symbolic link to /no/such/hook, which does not exist"), "{log}");
}

#[tokio::test]
async fn file_in_the_place_of_the_directory() {
    let bench = Bench::new();
    fs::write(bench.path("file"), "").unwrap();
    let hooks = Hooks::new(Options { directory: bench.path("file"), time_limit: LONG });
    hooks.enqueue(fail("swp1"));
    let counters = until_over(&hooks).await;
    assert_eq!((counters.failures, counters.missing), (1, 0));
    assert!(bench.log().contains("Not a directory"), "{}", bench.log());
}

/// Not for real: the kernels 6.11 and 6.12 run such a file.
#[test]
fn hook_that_is_being_written() {
    let error = StartError::new("/hook".into(), io::Error::from_raw_os_error(libc::ETXTBSY));
    let told = error.to_string();
    assert!(told.contains("/hook is open for writing") && told.contains("put it in place with mv"), "{told}");
}
