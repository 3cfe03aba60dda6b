//! A notice as HTML for mail clients: tables and inline styles, light and dark, nothing that is fetched.
//!
//! Knows markup and colours; the words come from elsewhere. There is one link, no image and no script.

use crate::letter::{Letter, Tone, grouped};
use crate::notice::{Counts, Notice};

/// Clients that know neither media queries nor classes show the light colours, which stand at each element.
const DARK: &str = "@media (prefers-color-scheme: dark) {\n\
    .back { background: #15181c !important; }\n\
    .card { background: #1f242a !important; }\n\
    .ink { color: #eceff2 !important; }\n\
    .soft { color: #aab4be !important; }\n\
    .rule { border-color: #3a424b !important; }\n\
    }";
const FONT: &str = "font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;";
const INK: &str = "color: #1c2126;";
const SOFT: &str = "color: #56616c;";

/// The HTML of a notice: a whole document, well-formed also as XML.
pub fn html(notice: &Notice) -> String {
    let letter = Letter::of(notice);
    let mut page = head(&escaped(&letter.headline), letter.tone);
    for (title, paragraph) in &letter.paragraphs {
        let paragraph = escaped(paragraph);
        page.push_str(&format!(
            "<p class=\"ink\" style=\"margin: 0 0 14px; {FONT} font-size: 16px; line-height: 1.5; {INK}\">\
             <strong>{title}:</strong>\n{paragraph}</p>\n"
        ));
    }
    if let Some(counts) = &letter.counts {
        page.push_str(&rows(counts));
    }
    page.push_str(&facts(&letter.facts));
    if let Some(link) = &letter.link {
        let link = escaped(link);
        page.push_str(&format!(
            "<p style=\"margin: 22px 0 6px;\"><a href=\"{link}\"\nstyle=\"display: inline-block; padding: 12px 22px; \
             background: #0b5cad; color: #ffffff; {FONT} font-size: 16px; font-weight: bold; text-decoration: none; \
             border-radius: 6px;\">Open in Sluice</a></p>\n"
        ));
    }
    page.push_str(&foot(&escaped(&letter.footer)));
    page
}

fn head(headline: &str, tone: Tone) -> String {
    let bar = match tone {
        Tone::Good => "#1a7f4b",
        Tone::Calm => "#0b5cad",
        Tone::Bad => "#b3261e",
    };
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <meta name=\"color-scheme\" content=\"light dark\" />\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\" />\n\
         <title>{headline}</title>\n\
         <style>\n:root {{ color-scheme: light dark; }}\n{DARK}\n</style>\n\
         </head>\n\
         <body class=\"back\" style=\"margin: 0; padding: 0; background: #f2f4f6;\">\n\
         <table role=\"presentation\" class=\"back\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"background: #f2f4f6;\">\n\
         <tr><td align=\"center\" style=\"padding: 16px 8px;\">\n\
         <table role=\"presentation\" class=\"card\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"max-width: 600px; background: #ffffff; border-top: 4px solid {bar}; border-radius: 6px; \
         table-layout: fixed;\">\n\
         <tr><td style=\"padding: 22px 20px; overflow-wrap: anywhere; word-break: break-word;\">\n\
         <h1 class=\"ink\" style=\"margin: 0 0 16px; {FONT} font-size: 20px; line-height: 1.35; {INK}\">{headline}</h1>\n"
    )
}

fn rows(counts: &Counts) -> String {
    let mut table = String::from(
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin: 4px 0 14px; border-collapse: collapse;\">\n",
    );
    for (name, count) in counts.named() {
        let weight = if name == "read" { "bold" } else { "normal" };
        let cell = format!(
            "padding: 7px 4px; border-bottom: 1px solid #dde2e7; {FONT} font-size: 15px; font-weight: {weight}; {INK}"
        );
        table.push_str(&format!(
            "<tr><th scope=\"row\" align=\"left\" class=\"ink rule\" style=\"{cell}\">{name}</th>\n\
             <td align=\"right\" class=\"ink rule\" style=\"{cell} font-variant-numeric: tabular-nums;\">{}</td></tr>\n",
            grouped(count)
        ));
    }
    table.push_str("</table>\n");
    table
}

fn facts(facts: &[(&'static str, String)]) -> String {
    let mut table = String::from(
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse: collapse; table-layout: fixed;\">\n",
    );
    for (name, fact) in facts {
        let fact = escaped(fact);
        let cell = format!("padding: 4px; vertical-align: top; {FONT} font-size: 14px; line-height: 1.4;");
        table.push_str(&format!(
            "<tr><th scope=\"row\" align=\"left\" width=\"36%\" class=\"soft\" style=\"{cell} font-weight: normal; {SOFT}\">\
             {name}</th>\n<td class=\"ink\" style=\"{cell} {INK} overflow-wrap: anywhere; word-break: break-word;\">{fact}</td></tr>\n"
        ));
    }
    table.push_str("</table>\n");
    table
}

fn foot(footer: &str) -> String {
    format!(
        "</td></tr>\n</table>\n\
         <p class=\"soft\" style=\"margin: 14px auto 0; max-width: 560px; {FONT} font-size: 12px; line-height: 1.5; {SOFT}\">\
         {footer}</p>\n\
         </td></tr>\n</table>\n</body>\n</html>\n"
    )
}

/// A text between tags or within a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
