//! The pages that are rendered from tables: settings, codes, fields, the config, exit codes. One truth, shown in two places.
//!
//! Knows Markdown, not what the tables mean; what Sluice does about a code is asked of the program itself.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use model::{Applies, SETTINGS};
use pardot::code::{CODES, Class};
use pardot::field::{Access, FIELDS, Field, Kind};

use crate::none;

fn page(name: &str) -> PathBuf {
    crate::workspace().join("docs").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(page(name)).unwrap_or_default()
}

/// Compares a page with what it should be; rewrites it when asked.
#[track_caller]
pub(crate) fn keeps(name: &str, want: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(page(name), want).expect("the page can be written");
    }
    let found = read(name);
    let line = found.lines().zip(want.lines()).position(|(found, want)| found != want);
    assert!(
        found == want,
        "docs/{name} differs from its table, first in line {}: run with UPDATE_DOCS=1",
        line.map_or_else(|| found.lines().count().min(want.lines().count()) + 1, |line| line + 1)
    );
}

fn sluice(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_sluice")).args(arguments).env("COLUMNS", "200").output().expect("sluice runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A text as the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[test]
fn settings_page() {
    let mut text = String::from(
        "# Export settings\n\n\
         Given with `--set NAME=VALUE`, or in a YAML or JSON file with `--settings FILE`; `--set` wins. `sluice settings` \
         prints this table.\n\
         All wrong values and unknown names are reported together, before anything is read or sent (exit code 2).\n\
         How they work together: [export.md](export.md).\n\n\
         | Setting | Value | Default | Has an effect with | |\n|---|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default = match setting.default {
            "" => "none".to_owned(),
            default => format!("`{default}`"),
        };
        let applies = match setting.applies {
            Applies::Always => "both",
            Applies::Prospects => "`prospects`",
            Applies::ListMemberships => "`list_memberships`",
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {default} | {applies} | {} |",
            setting.name,
            cell(&setting.allowed()),
            cell(setting.help)
        );
    }
    text.push_str(
        "\nA setting that has no effect with the chosen `data_object` is a note in the report, not an error. A truth value \
         may also be written\n`1`, `yes`, `on`, `0`, `no` or `off`; a list of ids also as a YAML or JSON list.\n",
    );
    keeps("settings.md", &text);
}

#[test]
fn fields_page() {
    let mut text = String::from(
        "# Prospect fields\n\n\
         The standard fields of a prospect, as column names of a query. `sluice fields` prints them with the custom fields \
         and lists of your\naccount. How values are converted: [export.md](export.md#values).\n\n\
         ## Columns\n\n\
         | Column | Type | In version 5 | |\n|---|---|---|---|\n",
    );
    let row = |field: &Field| {
        let kind = match field.kind {
            Kind::Integer => "integer",
            Kind::Text => "text",
            Kind::Boolean => "boolean",
        };
        let v5 = match (field.name, field.v5) {
            ("id", _) => "not sent".to_owned(),
            (_, Some(name)) => format!("`{name}`"),
            (_, None) => "cannot be written".to_owned(),
        };
        (kind, v5)
    };
    for field in FIELDS.iter().filter(|field| field.access == Access::Write) {
        let (kind, v5) = row(field);
        let _ = writeln!(text, "| `{}` | {kind} | {v5} | {} |", field.name, cell(field.help));
    }
    text.push_str(
        "\nVersion 5 is used in one case only: `upsert_by_email: true` where several prospects may share an email.\n\n\
         ## Read-only\n\nPardot computes these; as a column each of them is a problem before the first call.\n\n\
         | Field | Type | |\n|---|---|---|\n",
    );
    for field in FIELDS.iter().filter(|field| field.access == Access::ReadOnly) {
        let (kind, _) = row(field);
        let _ = writeln!(text, "| `{}` | {kind} | {} |", field.name, cell(field.help));
    }
    keeps("fields.md", &text);
}

#[test]
fn codes_page() {
    let mut text = String::from(
        "# Pardot's error codes\n\n\
         What Sluice does about each kind of refusal, then every code. `sluice explain CODE` says the same about one code.\n\
         The code in the body of an answer decides, not its HTTP status.\n\n\
         ## What Sluice does\n\n| Kind | Reaction |\n|---|---|\n",
    );
    for class in Class::ALL {
        let Some(code) = CODES.iter().find(|code| code.class == class) else {
            continue;
        };
        let said = sluice(&["explain", &code.number.to_string(), "--json"]);
        let said: serde_json::Value = serde_json::from_str(&said).expect("explain prints JSON");
        let reaction = said["sluice"].as_str().expect("explain names the reaction");
        let _ = writeln!(text, "| {} | {} |", kind(class), cell(reaction));
    }
    text.push_str(
        "| not in this list | holds the rows of the call and shows the code; stops after three such calls without a proper \
         answer between them |\n\n## Codes\n\n| Code | Kind | Pardot's text | What to do |\n|---|---|---|---|\n",
    );
    for code in CODES {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            code.number,
            kind(code.class),
            cell(code.message),
            cell(code.advice)
        );
    }
    keeps("codes.md", &text);
}

fn kind(class: Class) -> &'static str {
    match class {
        Class::Throttle => "slow down",
        Class::Quota => "daily limit",
        Class::Transient => "hiccup",
        Class::Token => "access token",
        Class::Grant => "grant",
        Class::Access => "access",
        Class::Version => "version",
        Class::Size => "too large",
        Class::Row => "row",
        Class::RowOnce => "row, once more",
        Class::AlreadySo => "already so",
        Class::WholeBatch => "whole call",
        Class::Import => "import",
        Class::Unknown => "unknown",
    }
}

#[test]
fn config_page() {
    let mut text = String::from(
        "# The config of a server\n\n\
         `sluice serve` takes each value from the first of these places that has one: a flag, the environment, the config \
         file, the default.\nSeven of them have a flag: `--listen`, `--tls-certificate`, `--tls-key`, `--behind-proxy`, \
         `--allow-loopback`, `--log-format`, `--log-level`.\n\
         `sluice config list` prints this table; `sluice config check` prints the values that hold, with where each comes \
         from, and everything\nthat is wrong (exit code 2): names, values, files and folders that are not there or cannot \
         be read, what does not go together. How to\nstart and keep a server: [serve.md](serve.md).\n\n\
         The **file** is the one that `--config` or `$SLUICE_CONFIG` names, else `sluice.yaml` in the data directory when \
         there is one:\nYAML, one `name: value` a line. Unknown names are refused. Paths are relative to the file. A \
         variable that is set to nothing counts as not set.\nThe data directory itself is `--data-dir`, else \
         `$SLUICE_HOME`, else `$XDG_DATA_HOME/sluice`, else `~/.local/share/sluice`.\n\n\
         | Name | Variable | Value | Default | |\n|---|---|---|---|---|\n",
    );
    for line in sluice(&["config", "list", "--json"]).lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("config list prints JSON");
        let field = |name: &str| cell(entry[name].as_str().expect("a text"));
        let default = match field("default").as_str() {
            "" => "none".to_owned(),
            default => format!("`{default}`"),
        };
        let name = match entry["in_file"].as_bool() {
            Some(true) => format!("`{}`", field("name")),
            Some(false) | None => "not in the file".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {name} | `${}` | {} | {default} | {} |",
            field("variable"),
            field("value"),
            field("help")
        );
    }
    keeps("config.md", &text);
}

const EXITS_BEGIN: &str = "<!-- exit codes: rendered from sluice --help -->\n";
const EXITS_END: &str = "<!-- end -->\n";

#[test]
fn exit_codes() {
    let help = sluice(&["--help"]);
    let (_, listed) = help.split_once("Exit codes:\n").expect("the help lists the exit codes");
    let mut table = String::from("| Code | |\n|---|---|\n");
    for line in listed.lines().filter(|line| !line.trim().is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").expect("a code, two spaces, its meaning");
        let _ = writeln!(table, "| {code} | {} |", cell(meaning));
    }
    let found = read("failure.md");
    let (before, rest) = found.split_once(EXITS_BEGIN).expect("failure.md has a place for the exit codes");
    let (_, after) = rest.split_once(EXITS_END).expect("the place for the exit codes has an end");
    keeps("failure.md", &format!("{before}{EXITS_BEGIN}{table}{EXITS_END}{after}"));
}

#[test]
fn links_lead_somewhere() {
    let root = crate::workspace();
    let mut pages: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "STYLE.md", "CONTRIBUTING.md"].iter().map(|name| root.join(name)).collect();
    let docs = std::fs::read_dir(root.join("docs")).expect("the docs are there");
    pages.extend(docs.map(|page| page.expect("the docs are readable").path()));
    let mut broken = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("a page is readable text");
        let folder = page.parent().unwrap_or(&root).to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !target.contains("://") && !file.is_empty() && !folder.join(file).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    none("every link of the docs leads to a file", &broken);
}
