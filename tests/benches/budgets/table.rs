//! The table: a row is printed as soon as it is measured.

/// The rows so far.
pub(crate) struct Table {
    budgets: u32,
    missed: u32,
}

impl Table {
    pub(crate) fn begin() -> Self {
        print("", "budget", "measured", "");
        Self { budgets: 0, missed: 0 }
    }

    /// A row that has a budget.
    pub(crate) fn judge(&mut self, what: &str, budget: &str, measured: &str, within: bool) {
        self.budgets += 1;
        self.missed += u32::from(!within);
        print(what, budget, measured, if within { "ok" } else { "MISSED" });
    }

    /// A row to compare with the one above.
    pub(crate) fn compare(&self, what: &str, measured: &str) {
        let Self { budgets: _, missed: _ } = self;
        print(&format!("  {what}"), "", measured, "");
    }

    /// Sums up; gives how many budgets were missed.
    pub(crate) fn end(self) -> u32 {
        let Self { budgets, missed } = self;
        println!("\n{} of {budgets} budgets kept", budgets - missed);
        missed
    }
}

fn print(what: &str, budget: &str, measured: &str, verdict: &str) {
    println!("{}", format!("{what:<64} {budget:<22} {measured:<42} {verdict}").trim_end());
}

/// The value below which this share (0 to 1) of the values lies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index")]
pub(crate) fn quantile<T: Copy + PartialOrd>(values: &mut [T], share: f64) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("measured values are numbers"));
    values[((values.len() - 1) as f64 * share).round() as usize]
}

pub(crate) fn median<T: Copy + PartialOrd>(values: &mut [T]) -> T {
    quantile(values, 0.5)
}
