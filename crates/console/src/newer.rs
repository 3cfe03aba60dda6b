//! Somebody changed what a form is about while somebody else was typing: what is typed stays, the newer one can be looked at.

use askama::Template;

use crate::form::Form;

/// The newer one, beside a form that was begun with an older one.
#[derive(Debug, Template)]
#[template(
    ext = "html",
    source = r#"<div class="note wait">
<p><strong>Somebody changed this meanwhile.</strong> What you typed is still here, and not saved. <a href="{{ address }}" target="_blank" rel="noopener">Look at the newer one</a> (opens another tab).</p>
<input type="hidden" name="_newest" value="{{ revision }}">
<p><button class="second" name="_do" value="over">Save mine over it</button></p>
</div>"#
)]
pub struct Newer {
    /// Where it is.
    pub address: String,
    /// Its revision.
    pub revision: u64,
}

/// The revision that a form was begun with, or that of the newer one where somebody has seen that there is one and saves theirs
/// over it.
pub fn expected(form: &Form) -> Option<u64> {
    let name = if form.asked() == Some(("over", "")) { "_newest" } else { "_revision" };
    form.get(name).parse().ok()
}
