//! The answers to our own commands about the plan, `reload` and `get-plan`.

use super::Answer;
use crate::control::column;
use crate::control::record::{Cleaning, Record};
use crate::control::refusal::Refusal;
use crate::control::request::Command;
use crate::control::rows::PlanRow;

/// Why the topology file could not be put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadFailed {
    /// The sentence.
    pub why: Refusal,
    /// The problems, one line each.
    pub problems: Vec<String>,
}

impl Answer {
    /// The answer to `reload`: a row a problem, then whether the file is in force, and what changed or why it is not.
    pub fn to_reload(command: &Command, result: &Result<String, ReloadFailed>) -> Self {
        let mut answer = Self::default();
        match result {
            Ok(changes) => answer.close(command, "pass", changes),
            Err(ReloadFailed { why, problems }) => {
                answer.problems(command, problems);
                answer.close(command, "fail", &why.to_string());
            }
        }
        answer.finished()
    }

    /// The answer to `get-plan`: one row, then a row a problem of the file.
    pub fn to_get_plan(command: &Command, plan: &PlanRow) -> Self {
        let mut answer = Self::default();
        answer.message(command.cmdid, &plan.record());
        answer.problems(command, &plan.problems);
        answer.close(command, "pass", &format!("{} problems", plan.problems.len()));
        answer.finished()
    }

    fn problems(&mut self, command: &Command, problems: &[String]) {
        for problem in problems {
            let record = Record::new().with(column::PROBLEM, problem).cleaned_by(Cleaning::Escape);
            self.message(command.cmdid, &record);
        }
    }
}
