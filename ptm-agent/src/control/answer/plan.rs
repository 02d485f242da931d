//! The answers to our own commands about the plan, `reload` and `get-plan`.

use super::{Answer, closing, ours};
use crate::control::column;
use crate::control::record::{Cleaning, Record};
use crate::control::refusal::Refusal;
use crate::control::request::Command;
use crate::control::rows::PlanRow;
use crate::words::count;

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
        match result {
            Ok(changes) => Self::default().ended(command, "pass", changes, None),
            Err(ReloadFailed { why, problems }) => {
                let why = why.to_string();
                Self::default().with_problems(command, problems).ended(command, "fail", &why, Some(&why))
            }
        }
    }

    /// The answer to `get-plan`: one row, then a row a problem of the file.
    pub fn to_get_plan(command: &Command, plan: &PlanRow) -> Self {
        let mut answer = Self::default();
        answer.message(command.cmdid, &plan.record());
        let count = count(1 + plan.problems.len(), "row");
        answer.with_problems(command, &plan.problems).ended(command, "pass", &count, plan.error.as_deref())
    }

    fn with_problems(mut self, command: &Command, problems: &[String]) -> Self {
        for problem in problems {
            let record = Record::new().with(column::PROBLEM, problem).cleaned_by(Cleaning::Escape);
            self.message(command.cmdid, &record);
        }
        self
    }

    fn ended(mut self, command: &Command, status: &str, sentence: &str, plan_error: Option<&str>) -> Self {
        self.message(command.cmdid, &ours(closing(command, status, sentence), plan_error));
        self.finished()
    }
}

#[cfg(test)]
mod tests;
