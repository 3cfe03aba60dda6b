//! The five presets: names for expressions that many people want.
//!
//! Knows their fields as text; what the fields mean is read as for everybody's.

use crate::nearest::nearest;
use crate::problem::Problem;

/// A name for an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// As it is written: `@daily`.
    pub name: &'static str,
    /// The five fields that it stands for.
    pub fields: &'static str,
    /// As a list shows it: `@daily (midnight)`, as in the manual.
    pub label: &'static str,
    /// What it does, in words.
    pub help: &'static str,
}

/// The presets. The manual's console has `@daily` and `@hourly`; its command line the others.
pub const PRESETS: &[Preset] = &[
    Preset { name: "@hourly", fields: "0 * * * *", label: "@hourly (:00)", help: "every hour at minute 0" },
    Preset { name: "@daily", fields: "0 0 * * *", label: "@daily (midnight)", help: "every day at 00:00" },
    Preset { name: "@weekly", fields: "0 0 * * 0", label: "@weekly (Sunday, midnight)", help: "every Sunday at 00:00" },
    Preset {
        name: "@monthly",
        fields: "0 0 1 * *",
        label: "@monthly (the 1st, midnight)",
        help: "on the first day of every month at 00:00",
    },
    Preset {
        name: "@yearly",
        fields: "0 0 1 1 *",
        label: "@yearly (1 January, midnight)",
        help: "on 1 January at 00:00",
    },
];

/// Names that other programs know, and what they are here.
const OTHERS: [(&str, &str); 3] = [("@midnight", "@daily"), ("@annually", "@yearly"), ("@none", "none")];

impl Preset {
    /// The preset of a name, in any case.
    pub(crate) fn named(name: &str) -> Result<&'static Preset, Problem> {
        if let Some(preset) = PRESETS.iter().find(|preset| preset.name.eq_ignore_ascii_case(name)) {
            return Ok(preset);
        }
        let problem = Problem::at("cron", format!("\"{}\" is not a preset", name.escape_debug()));
        let other = OTHERS.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, known)| *known);
        let names = || PRESETS.iter().map(|preset| preset.name);
        Err(match other.or_else(|| nearest(name, names())) {
            Some(known) if other.is_some() => problem.hint(format!("write {known}")),
            Some(known) => problem.hint(format!("did you mean {known}?")),
            None if name.eq_ignore_ascii_case("@reboot") => {
                problem.hint("a schedule fires at times, not when a machine starts: write five fields or a preset")
            }
            None => problem.hint(format!("the presets are {}", names().collect::<Vec<_>>().join(", "))),
        })
    }
}
