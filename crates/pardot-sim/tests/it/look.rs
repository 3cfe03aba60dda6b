//! What pages show of a sandbox: searches, lists with their members, the newest calls, faults that have a name.

use pardot_sim::{Fault, FaultKind, Search, When};
use serde_json::{Value, json};

use crate::http::Stage;

#[tokio::test]
async fn prospects_are_found_by_what_people_know_of_them() {
    let stage = Stage::version(3).await;
    let (sandbox, unit) = (&stage.sandbox, stage.unit.as_str());
    sandbox.add_list_with_id(unit, 101, "Newsletter", false);
    sandbox.add_list_with_id(unit, 103, "Empty", true);
    let add = |email: &str, last: &str, lists: &[u64]| {
        sandbox.add_prospect(unit, json!({"email": email, "last_name": last, "comments": "find me", "lists": lists}))
    };
    let ids = [add("a@x.io", "Müller", &[101]), add("b@x.io", "Lovelace", &[101]), add("c@y.io", "Hopper", &[])];
    let found = |text: &str, list: Option<u64>, skip: usize, most: usize| {
        let (total, found) = sandbox.find_prospects(unit, &Search { text: text.into(), list, skip, most });
        (total, found.iter().filter_map(|prospect| prospect["id"].as_u64()).collect::<Vec<_>>())
    };
    assert_eq!(found("", None, 0, 50), (3, ids.to_vec()));
    assert_eq!(found("", None, 1, 1), (3, vec![ids[1]]));
    assert_eq!(found(" X.IO ", None, 0, 50), (2, ids[..2].to_vec()));
    assert_eq!(found("müll", None, 0, 50), (1, vec![ids[0]]));
    assert_eq!(found("find me", None, 0, 50), (0, vec![]), "only what people know them by");
    assert_eq!(found("", Some(101), 0, 1), (2, vec![ids[0]]));
    assert_eq!(found("", Some(103), 0, 50), (0, vec![]));
    let lists = sandbox.lists(unit);
    let lists: Vec<(u64, &str, bool, u64)> =
        lists.iter().map(|list| (list.id, list.name.as_str(), list.dynamic, list.members)).collect();
    assert_eq!(lists, [(101, "Newsletter", false, 2), (103, "Empty", true, 0)]);
    assert_eq!(sandbox.prospect(unit, ids[2]).map(|prospect| prospect["email"].clone()), Some(Value::from("c@y.io")));
    assert_eq!((sandbox.prospect(unit, 7), sandbox.prospect_count(unit)), (None, 3));
}

#[tokio::test]
async fn the_newest_calls_come_first() {
    let stage = Stage::version(3).await;
    for _ in 0..4 {
        stage.try_call("GET", "/api/account/version/3/do/read?format=json", "", "").await;
    }
    let numbers = |before: Option<u64>, most: usize| {
        stage.sandbox.journal_before(before, most).iter().map(|entry| entry.sequence).collect::<Vec<_>>()
    };
    let last = stage.sandbox.journal().last().unwrap().sequence;
    assert_eq!(numbers(None, 2), [last, last - 1]);
    assert_eq!(numbers(Some(last - 1), 2), [last - 2, last - 3]);
    assert_eq!(numbers(Some(1), 2), [0; 0]);
}

#[tokio::test]
async fn a_named_fault_goes_alone() {
    let stage = Stage::version(3).await;
    let sandbox = &stage.sandbox;
    let status =
        |status| Fault::always(FaultKind::Status { status, when: When::Before, retry_after: None, html: false });
    sandbox.fault(status(500).path("odd"));
    sandbox.set_faults("slow", vec![status(503).path("never"), status(502).path("never")]);
    sandbox.set_faults("down", vec![status(503).path("/api/")]);
    sandbox.set_faults("slow", vec![status(504).path("never")]);
    assert_eq!(sandbox.fault_names(), ["down", "slow"]);
    let call =
        async || stage.try_call("GET", "/api/account/version/3/do/read?format=json", "", "").await.unwrap().shown();
    assert!(call().await.contains("503"));
    sandbox.set_faults("down", Vec::new());
    assert_eq!(sandbox.fault_names(), ["slow"]);
    assert!(!call().await.contains("503"));
    let told = stage.try_call("GET", "/api/odd", "", "").await.unwrap().shown();
    assert!(told.contains("500"), "one that was told by itself stays: {told}");
}
