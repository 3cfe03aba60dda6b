//! A notice as plain text.
//!
//! Knows lines and columns; the words come from elsewhere.

use crate::letter::{Letter, grouped};
use crate::notice::Notice;

/// The plain text of a notice: every fact stands here too, so that a client without HTML misses nothing.
pub fn text(notice: &Notice) -> String {
    let letter = Letter::of(notice);
    let mut text = format!("{}\n", letter.headline);
    for (title, paragraph) in &letter.paragraphs {
        text.push_str(&format!("\n{title}: {paragraph}\n"));
    }
    text.push('\n');
    let width = letter.facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, fact) in &letter.facts {
        text.push_str(&format!("{name:width$}  {fact}\n"));
    }
    if let Some(counts) = &letter.counts {
        let numbers = counts.named().map(|(name, count)| (name, grouped(count)));
        let width = numbers.iter().map(|(_, number)| number.len()).max().unwrap_or_default();
        text.push_str("\nRows\n");
        for (name, number) in numbers {
            text.push_str(&format!("  {name:10}  {number:>width$}\n"));
        }
    }
    if let Some(link) = &letter.link {
        text.push_str(&format!("\n{link}\n"));
    }
    // The mark of a signature, so that clients fold the footer away.
    text.push_str(&format!("\n-- \n{}\n", letter.footer));
    text
}
