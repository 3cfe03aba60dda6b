//! Pages of one message: what was refused, what ended, where the way leads on.

use api::ProblemDocument;
use askama::Template;

use crate::chrome::Chrome;

/// A page that could not be shown, or a change that was not done.
#[derive(Debug, Template)]
#[template(path = "refused.html")]
pub struct Refused {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Why.
    pub problem: ProblemDocument,
}

/// A message, and where the way leads on.
#[derive(Debug, Template)]
#[template(path = "wall.html")]
pub struct Wall {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The headline.
    pub title: String,
    /// What there is to say.
    pub paragraphs: Vec<String>,
    /// Whether something went wrong.
    pub bad: bool,
    /// An address and its words.
    pub link: Option<(String, String)>,
    /// Whether the link is followed by itself, where there is script. Elsewhere, and where it leads to another site, it is
    /// pressed.
    pub follow: bool,
    /// Whether code and state are taken out of the address bar.
    pub clean: bool,
}
