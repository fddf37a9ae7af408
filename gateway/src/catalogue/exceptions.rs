//! What is out of the ordinary about an inspection. Data of `exceptions.toml`.

/// Thresholds beyond which an auditor looks at an inspection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// Seconds that an item of a checklist takes at least.
    pub item_s_min: Threshold,
    /// Metres from its site that an inspection may be made at.
    pub metres_max: Threshold,
    /// Hours after which a form came late.
    pub late_h: Threshold,
}

/// A number and whose rule it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Threshold {
    /// The number.
    pub value: u32,
    /// The standard, the law, or `house rule`.
    pub source: String,
}

impl Exceptions {
    /// Codes of the file, in the order of the fields.
    pub const CODES: [&str; 3] = ["item_s_min", "metres_max", "late_h"];

    /// Whose rules they are, each once.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources: Vec<&str> =
            [&self.item_s_min, &self.metres_max, &self.late_h].map(|threshold| threshold.source.as_str()).to_vec();
        sources.dedup();
        sources
    }

    /// The threshold of that code.
    pub(super) fn of(&mut self, code: &str) -> Option<&mut Threshold> {
        match code {
            "item_s_min" => Some(&mut self.item_s_min),
            "metres_max" => Some(&mut self.metres_max),
            "late_h" => Some(&mut self.late_h),
            _ => None,
        }
    }
}
