//! Sign-in and set-up.

use api::Role;
use askama::Template;
use console::access::{Kept, SetUp, SignIn};
use console::{Chrome, Faults, Form, Section, Wall};

use crate::{Pages, chrome};

pub(crate) fn pages() -> Pages {
    let nobody = || Chrome { me: None, ..chrome(Role::Viewer, Section::Home) };
    let form = Form::read(b"name=ada");
    let wrong = Faults::whole("This name and password do not belong together.", None);
    let kept = Kept::of("/queries/a", &Form::read(b"sql=SELECT+1"));
    let pages = [
        ("access-sign-in", SignIn::new(nobody(), &Form::default(), &Faults::none(), "/", None).render()),
        ("access-sign-in-wrong", SignIn::new(nobody(), &form, &wrong, "/", None).render()),
        ("access-sign-in-kept", SignIn::new(nobody(), &form, &Faults::none(), "/", Some(kept)).render()),
        ("access-setup", SetUp::new(nobody(), &Form::default(), &Faults::none()).render()),
        (
            "wall",
            Wall {
                chrome: chrome(Role::Admin, Section::Authentications),
                title: "Connected".into(),
                paragraphs: vec!["The connection prod is connected to Salesforce.".into()],
                bad: false,
                link: Some(("/connections/prod".into(), "To the connection".into())),
                follow: false,
                clean: false,
            }
            .render(),
        ),
    ];
    pages.into_iter().filter_map(|(name, html)| Some((name.to_owned(), html.ok()?))).collect()
}
