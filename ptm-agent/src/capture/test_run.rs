//! Runs the loaded programs on a frame of our choice, without any interface (`BPF_PROG_TEST_RUN`): for tests and for
//! measuring what a packet costs.

use std::time::Duration;

use aya::TestRun as _;
use aya::programs::{ProgramError, SchedClassifier, Xdp};

use super::{Capture, HookChoice, program};

/// Which program to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The one that captures, of the loaded hook.
    Inspector,
    /// One of the same hook that does nothing: the yardstick.
    Nothing,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestRun {
    /// What the program answered: the packet's fate.
    pub verdict: u32,
    /// What one run took, in the mean of all.
    pub duration: Duration,
}

impl Capture {
    /// Runs a program `repeat` times in a row on a frame, at least 14 bytes of it. The inspector captures for real: its
    /// frames go into the ring buffer and the counters.
    pub fn test_run(&mut self, subject: Subject, frame: &[u8], repeat: u32) -> Result<TestRun, ProgramError> {
        let options = aya::TestRunOptions { data_in: Some(frame), repeat, ..Default::default() };
        let run = match (self.options.hook, subject) {
            (HookChoice::Xdp, Subject::Inspector) => program::<Xdp>(&mut self.ebpf, "ptm_xdp")?.test_run(options)?,
            (HookChoice::Xdp, Subject::Nothing) => {
                let program: &mut Xdp = program(&mut self.ebpf, "ptm_xdp_empty")?;
                loaded(program.load())?;
                program.test_run(options)?
            }
            (_, Subject::Inspector) => program::<SchedClassifier>(&mut self.ebpf, "ptm_tc")?.test_run(options)?,
            (_, Subject::Nothing) => {
                let program: &mut SchedClassifier = program(&mut self.ebpf, "ptm_tc_empty")?;
                loaded(program.load())?;
                program.test_run(options)?
            }
        };
        Ok(TestRun { verdict: run.return_value, duration: run.duration })
    }
}

/// The programs that do nothing are loaded when first asked for.
fn loaded(load: Result<(), ProgramError>) -> Result<(), ProgramError> {
    match load {
        Err(ProgramError::AlreadyLoaded) => Ok(()),
        load => load,
    }
}
