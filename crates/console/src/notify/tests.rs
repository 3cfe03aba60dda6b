//! Who is told of what: forms to documents and back.

use askama::Template;
use serde_json::{Value, json};

use super::*;
use crate::sent::sent;

fn html(form: &Form) -> String {
    fields(form, &Faults::none(), "notify").iter().map(|field| field.render().unwrap()).collect()
}

fn read_back(form: &Form) -> Option<Notify> {
    let mut reading = Reading::new(form);
    let notify = read(&mut reading, "notify");
    assert_eq!(reading.problems, []);
    notify
}

#[test]
fn a_form_gives_back_who_is_told_of_what() {
    let mut documents: Vec<Value> = vec![
        json!({}),
        json!({"recipients": []}),
        json!({"recipients": ["ada@example.com", "bob@example.com"]}),
        json!({"webhooks": []}),
        json!({"webhooks": ["crm", "a b.c"]}),
        json!({"on": []}),
        json!({"rejected_over": 0}),
        json!({"recipients": [], "webhooks": ["crm"], "on": ["success", "disabled"], "rejected_over": 100}),
    ];
    documents.extend(NoticeEvent::ASKED.map(|event| json!({ "on": [event] })));
    for document in documents {
        let notify: Notify = serde_json::from_value(document.clone()).unwrap();
        let want = Some(notify.clone()).filter(|notify| *notify != Notify::default());
        let form = Form::of(&json!({ "notify": notify }));
        assert_eq!(read_back(&form), want, "{document}");
        assert_eq!(read_back(&sent(&html(&form), true)), want, "{document}");
    }
}

#[test]
fn addresses_stand_one_a_line_however_they_are_typed() {
    let form = Form::read(b"notify.recipients=a%40b.c%2C+d%40e.f%0D%0A%0D%0A+g%40h.i+&notify.recipients._empty=true");
    let notify = read_back(&form).unwrap();
    assert_eq!(notify.recipients.unwrap(), ["a@b.c", "d@e.f", "g@h.i"]);
    assert!(html(&form).contains("a@b.c\nd@e.f\ng@h.i</textarea>"));
}

#[test]
fn an_event_that_is_none_is_said() {
    let form = Form::read(b"notify.on=success&notify.on=odd&notify.rejected_over=few");
    let mut reading = Reading::new(&form);
    read(&mut reading, "notify");
    let places: Vec<&str> = reading.problems.iter().map(|place| place.at.as_str()).collect();
    assert_eq!(places, ["notify.on", "notify.rejected_over"]);
}

#[test]
fn who_is_told_is_said_in_a_sentence() {
    let cases = [
        (json!({}), "Mail to: the server's default. Webhooks: the server's default. Told of: the server's default."),
        (
            json!({"recipients": ["a@b.c"], "webhooks": [], "on": ["quota_parked", "failure"]}),
            "Mail to: a@b.c. Webhooks: none. Told of: quota parked, failure.",
        ),
    ];
    for (document, want) in cases {
        assert_eq!(sentence(&serde_json::from_value(document).unwrap()), want);
    }
}
