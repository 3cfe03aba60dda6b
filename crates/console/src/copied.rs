//! What a page shows, as a command and as YAML, to be copied.
//!
//! Knows how a shell quotes; what the command means is the command line's.

use askama::Template;

/// A command, and the same thing as a file of a project's folder.
#[derive(Debug, Clone, Template)]
#[template(path = "part/copied.html")]
pub struct Copied {
    /// The command, with every argument as a shell takes it.
    pub cli: String,
    /// The YAML of a project's folder.
    pub yaml: Option<String>,
}

impl Copied {
    /// A command of these words, for the server of this address.
    pub fn command(words: &[&str], server: &str) -> Copied {
        let mut cli = String::from("sluice");
        for word in words.iter().copied().chain(["--server", server]) {
            cli.push(' ');
            cli.push_str(&quoted(word));
        }
        Copied { cli, yaml: None }
    }

    /// With the YAML.
    #[must_use]
    pub fn yaml(self, yaml: String) -> Copied {
        Copied { yaml: Some(yaml), ..self }
    }
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_every_word_as_one() {
        let copied = Copied::command(&["queries", "run", "it's $HOME; rm -rf /"], "http://127.0.0.1:8080");
        assert_eq!(copied.cli, r"sluice queries run 'it'\''s $HOME; rm -rf /' --server http://127.0.0.1:8080");
        assert_eq!(quoted(""), "''");
    }
}
