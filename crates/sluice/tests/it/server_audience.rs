//! From tables to people in Pardot: parent segment, segments, activations, by command over a server and over a data
//! directory, judged by an oracle that knows the rows and no SQL.
//!
//! Knows commands and files; what the sandbox holds at the end is the proof.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use crate::harness::{Bench, Outcome, files};
use crate::server::House;

/// Profiles.
const PEOPLE: u64 = 150;
/// The list that people are added to, the one that they are removed from, and the one of the memberships.
const LISTS: [u64; 3] = [71, 72, 73];
/// The moment of the runs: time windows end here, whatever the clock says.
const NOW: &str = "2026-11-01";

/// A person, as the tables have them.
#[derive(Debug, Clone)]
struct Profile {
    number: u64,
    pardot: u64,
    country: &'static str,
    score: u64,
    orders: Vec<Order>,
}

#[derive(Debug, Clone)]
struct Order {
    product: String,
    category: &'static str,
    amount: u64,
    /// Days after 2026-10-01; the orders of a profile are never on one day.
    day: u64,
}

impl Profile {
    fn new(number: u64, pardot: u64) -> Profile {
        let country = match (number % 17, number % 5) {
            (0, _) => "",
            (_, 0) => "DE",
            (_, 1) => "AT",
            (_, 2) => "FR",
            (_, 3) => "US",
            _ => "CH",
        };
        let order = |order: u64| Order {
            product: format!("product {}", (number + order) % 3),
            category: if (number + order).is_multiple_of(2) { "books" } else { "toys" },
            amount: 20 + (number * 13 + order * 29) % 100,
            day: (number * 5 + order * 11) % 50,
        };
        let orders = (0..number % 4).map(order).collect();
        Profile { number, pardot, country, score: number * 7 % 100, orders }
    }

    fn email(&self) -> String {
        format!("c{:03}@example.com", self.number)
    }

    fn in_dach(&self) -> bool {
        ["DE", "AT", "CH"].contains(&self.country)
    }

    fn loves_books(&self) -> bool {
        let books = self.orders.iter().filter(|order| order.category == "books");
        self.in_dach() && books.map(|order| order.amount).sum::<u64>() > 100
    }

    /// Ordered in the 20 days before [`NOW`], the beginning of day 31: at noon of day 11 or later.
    fn is_recent(&self) -> bool {
        self.orders.iter().any(|order| (11..=30).contains(&order.day))
    }

    fn newest_product(&self) -> Option<&str> {
        self.orders.iter().max_by_key(|order| order.day).map(|order| order.product.as_str())
    }
}

/// People of the account and of the tables.
fn people(bench: &Bench) -> Vec<Profile> {
    let unit = bench.unit();
    for list in LISTS {
        bench.sandbox.add_list_with_id(&unit, list, &format!("list {list}"), false);
    }
    let add = |number: u64| {
        let email = format!("c{number:03}@example.com");
        Profile::new(number, bench.sandbox.add_prospect(&unit, serde_json::json!({"email": email})))
    };
    (1..=PEOPLE).map(add).collect()
}

fn write(bench: &Bench, path: &str, text: &str) {
    let full = bench.path(path);
    std::fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
    std::fs::write(full, text).expect("the file is written");
}

fn tables(bench: &Bench, people: &[Profile]) {
    let mut contacts = String::from("email_address,first_name,country,score,pardot_id\n");
    let mut orders =
        String::from("email,product,category,amount,time\nnobody@example.com,p,books,999,2026-10-02 12:00:00\n");
    for profile in people {
        let (number, email) = (profile.number, profile.email());
        let _ = writeln!(contacts, "{email},Ada {number},{},{},{}", profile.country, profile.score, profile.pardot);
        for order in &profile.orders {
            let (month, day) = if order.day < 31 { (10, order.day + 1) } else { (11, order.day - 30) };
            let time = format!("2026-{month}-{day:02} 12:00:00");
            let _ = writeln!(orders, "{email},{},{},{},{time}", order.product, order.category, order.amount);
        }
    }
    write(bench, "crm/data/contacts.csv", &contacts);
    write(bench, "crm/data/orders.csv", &orders);
    write(
        bench,
        "crm/tables/all.yaml",
        "name: contacts\nupload: data/contacts.csv\n---\nname: orders\nupload: data/orders.csv\n",
    );
}

const PARENT: &str = "name: people
description: everybody
master:
  table: contacts
  key: email_address
attributes:
  - {name: score, type: number}
behaviors:
  - name: orders
    table: orders
    parent_key: email
    columns:
      - name: product
      - name: category
      - {name: amount, type: number}
      - {name: time, type: timestamp}
";

const DACH: &str = "name: dach
parent_segment: people
folder: geo
rule:
  type: And
  conditions:
    - type: And
      conditions:
        - type: Value
          leftValue: {name: country}
          operator: {type: In, not: false, rightValues: [DE, AT, CH]}
";

const BOOKS: &str = "name: book lovers
parent_segment: people
rule: {\"type\": \"And\", \"conditions\": [{\"type\": \"And\", \"conditions\": [
  {\"type\": \"Reference\", \"id\": \"dach\"},
  {\"type\": \"Value\", \"exclude\": false, \"arrayMatching\": null,
   \"leftValue\": {\"source\": {\"name\": \"behavior_orders\"}, \"aggregation\": {\"type\": \"Sum\", \"column\": \"amount\"},
     \"filter\": {\"type\": \"And\", \"conditions\": [{\"type\": \"Column\", \"column\": \"category\", \"arrayMatching\": null,
       \"operator\": {\"type\": \"Equal\", \"not\": false, \"rightValue\": \"books\"}}]}},
   \"operator\": {\"type\": \"Greater\", \"not\": false, \"rightValue\": 100}}]}]}
";

const ELSEWHERE: &str = "name: elsewhere
parent_segment: people
rule:
  type: And
  conditions:
    - type: And
      conditions:
        - {type: Reference, id: dach, exclude: true}
";

const RECENT: &str = "name: recent
parent_segment: people
rule:
  type: And
  conditions:
    - type: And
      conditions:
        - type: Value
          leftValue:
            source: {name: behavior_orders}
            aggregation: {type: Count}
            window: {type: TimeSliding, duration: {day: 20}}
          operator: {type: GreaterEqual, not: false, rightValue: 1}
";

const WELCOME: &str = "name: welcome
segment: book lovers
export:
  connection: prod
  settings:
    prospect_lists: 71
    upsert_by_email: true
    initial_retry_wait: 0.01
output:
  columns:
    - {column: email, source: {column: email_address}}
    - {column: first_name, source: {column: first_name}}
    - {column: score, source: {column: score}}
    - column: comments
      source:
        string: $1 ($3/$2) of $4$$
        parameters:
          - {type: SegmentName}
          - {type: SegmentId}
          - {type: AudienceId}
          - {type: Timestamp, format: yyyy-MM-dd HH:mm, timezone: Asia/Kolkata}
  behaviors:
    - behavior: orders
      join: last
      order_by: [{column: time}]
      columns:
        - {column: job_title, source: {column: product}}
schedule: {cron: 0 0 * * *, timezone: UTC}
notify: {recipients: [], on: [failure]}
";

const GOODBYE: &str = "name: goodbye
segment: elsewhere
export:
  connection: prod
  settings: {prospect_lists: 72, prospect_list_operation: remove, upsert_by_email: true}
output:
  columns:
    - {column: email, source: {column: email_address}}
";

const MEMBERS: &str = "name: members
segment: recent
export:
  connection: prod
  settings: {data_object: list_memberships}
output:
  columns:
    - {column: list_id, source: {string: \"73\"}}
    - {column: prospect_id, source: {column: pardot_id}}
";

fn project(bench: &Bench, people: &[Profile]) {
    let connection = bench.sandbox.connection();
    let (host, unit, client) = (&connection.pardot_domain, &connection.business_unit, &connection.client_id);
    let text = format!(
        "name: prod\npardot_domain: {host}\nlogin_url: {host}\nbusiness_unit: {unit}\nclient_id: {client}\n\
         client_secret: env:PROD_SECRET\nrefresh_token: file:secrets/token\n"
    );
    write(bench, "crm/connections/prod.yaml", &text);
    write(bench, "crm/secrets/token", &connection.refresh_token);
    tables(bench, people);
    write(bench, "crm/parent-segments/people.yaml", PARENT);
    for (name, text) in [("dach", DACH), ("books", BOOKS), ("elsewhere", ELSEWHERE), ("recent", RECENT)] {
        write(bench, &format!("crm/segments/{name}.yaml"), text);
    }
    for (name, text) in [("welcome", WELCOME), ("goodbye", GOODBYE), ("members", MEMBERS)] {
        write(bench, &format!("crm/activations/{name}.yaml"), text);
    }
}

#[track_caller]
fn says(outcome: &Outcome, exit: i32, words: &[&str]) {
    outcome.check_exit(exit);
    for word in words {
        assert!(outcome.stdout.contains(word) || outcome.stderr.contains(word), "no {word:?}: {outcome:?}");
    }
}

/// The last line of JSON.
#[track_caller]
fn last(outcome: &Outcome) -> Value {
    outcome.check_exit(0);
    let line = outcome.stdout.lines().last().unwrap_or_else(|| panic!("nothing is said: {outcome:?}"));
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

/// Whether a rule chooses a profile.
type Who<'a> = &'a dyn Fn(&Profile) -> bool;
type Sluice<'a> = &'a dyn Fn(&[&str]) -> Outcome;

/// The project is applied, and then there is nothing to do; what comes back is the same.
fn applied(bench: &Bench, sluice: Sluice<'_>) {
    let made = [
        "+ parent segment people",
        "+ segment dach",
        "+ segment book lovers",
        "+ activation welcome (book lovers through prod)",
        "11 to create",
    ];
    says(&sluice(&["plan", "crm", "--exit-code"]), 3, &made);
    let applied = sluice(&["apply", "crm", "--yes"]);
    says(&applied, 0, &made);
    let place = |name: &str| applied.stdout.find(name).unwrap_or_else(|| panic!("no {name}: {applied:?}"));
    assert!(place("+ segment dach") < place("+ segment book lovers"), "what is referred to comes first");
    says(&sluice(&["plan", "crm", "--exit-code"]), 0, &["nothing to do: 11 things"]);
    says(&sluice(&["apply", "crm", "--yes"]), 0, &["nothing to do"]);
    sluice(&["pull", "pulled"]).check_exit(0);
    says(&sluice(&["plan", "pulled", "--exit-code"]), 0, &["nothing to do"]);
    sluice(&["pull", "again"]).check_exit(0);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    files(&bench.path("pulled"), &mut one);
    files(&bench.path("again"), &mut other);
    let texts = |found: Vec<(std::path::PathBuf, Vec<u8>)>| {
        found
            .into_iter()
            .map(|(path, text)| (path.file_name().map(std::ffi::OsStr::to_owned), text))
            .collect::<BTreeMap<_, _>>()
    };
    assert!(texts(one) == texts(other), "a pull gives the same files each time");
    assert!(bench.read("pulled/segments/book lovers.yaml").contains("id: dach"), "rules stay as they were written");
}

fn the_profiles(bench: &Bench, sluice: Sluice<'_>) {
    says(&sluice(&["segments", "count", "dach"]), 2, &["refresh"]);
    let all = PEOPLE.to_string();
    for what in ["people", "crm/parent-segments/people.yaml"] {
        says(
            &sluice(&["parent-segments", "check", what]),
            0,
            &["JOIN", "contacts", "orders", &format!("{all} profiles")],
        );
    }
    let checked = last(&sluice(&["parent-segments", "check", "people", "--json"]));
    assert_eq!((&checked["population"], &checked["joins"][1]["orphans"]), (&PEOPLE.into(), &1.into()), "{checked}");
    write(bench, "wrong.yaml", &PARENT.replace("parent_key: email", "parent_key: emial"));
    says(&sluice(&["parent-segments", "check", "wrong.yaml"]), 2, &["wrong.yaml:11: ", "emial", "did you mean email?"]);
    write(bench, "wrong.yaml", &PARENT.replace("key: email_address", "key: country"));
    says(&sluice(&["parent-segments", "check", "wrong.yaml"]), 2, &["wrong", "several times", "hint for master"]);

    let job = last(&sluice(&["parent-segments", "refresh", "people", "--follow", "--json"]));
    assert_eq!(
        (&job["state"], &job["parent_segment"], &job["kind"]),
        (&"success".into(), &"people".into(), &"refresh".into())
    );
    says(&sluice(&["parent-segments", "list"]), 0, &["NAME", "people", &all]);
    says(
        &sluice(&["parent-segments", "show", "people"]),
        0,
        &["cdp_audience_1.behavior_orders", "score", "number", "contacts by email_address"],
    );
    says(
        &sluice(&["parent-segments", "preview", "people", "--limit", "3"]),
        0,
        &["email_address", "3 rows, and there are more"],
    );
    says(&sluice(&["jobs", "list", "--parent-segment", "people"]), 0, &["refresh of people", "success"]);
    says(&sluice(&["parent-segments", "delete", "people"]), 2, &["dach"]);
    says(&sluice(&["parent-segments", "show", "poeple"]), 2, &["did you mean people?"]);
}

/// Emails out of a preview in JSON.
fn emails(preview: &Value) -> BTreeSet<String> {
    let columns = preview["columns"].as_array().expect("columns");
    let at = columns.iter().position(|column| column["name"] == "email_address").expect("the column");
    let rows = preview["rows"].as_array().expect("rows");
    rows.iter().map(|row| row[at].as_str().expect("an email").to_owned()).collect()
}

fn chosen(people: &[Profile], who: impl Fn(&Profile) -> bool) -> BTreeSet<String> {
    people.iter().filter(|profile| who(profile)).map(Profile::email).collect()
}

fn the_segments(bench: &Bench, people: &[Profile], sluice: Sluice<'_>) {
    let cases: [(&str, Who<'_>); 3] = [
        ("dach", &Profile::in_dach),
        ("book lovers", &Profile::loves_books),
        ("elsewhere", &|profile| !profile.in_dach()),
    ];
    for (name, who) in cases {
        let want = chosen(people, who);
        assert!(!want.is_empty() && want.len() < people.len(), "{name} is a case");
        let look = last(&sluice(&["segments", "count", name, "--rows", "1000", "--json"]));
        assert_eq!((&look["count"], &look["population"]), (&want.len().into(), &PEOPLE.into()), "{name}: {look}");
        assert_eq!(emails(&look["sample"]), want, "{name}");
        let words = format!("{} of {PEOPLE} (", want.len());
        says(&sluice(&["segments", "count", name]), 0, &[&words, "seconds"]);
        // The SQL runs where any other does.
        let sql = sluice(&["segments", "sql", name]);
        sql.check_exit(0);
        let rows = last(&sluice(&["queries", "preview", "--sql", &sql.stdout, "--limit", "1000", "--json"]));
        assert_eq!(emails(&rows), want, "{name}: {}", sql.stdout);
    }
    says(&sluice(&["segments", "list"]), 0, &["PARENT SEGMENT", "geo", "book lovers"]);
    let listed = sluice(&["segments", "list", "--folder", "geo", "--json"]);
    assert_eq!(last(&listed)["spec"]["name"], "dach");
    assert_eq!(listed.stdout.lines().count(), 1);
    says(&sluice(&["segments", "show", "dach"]), 0, &["referred to by", "book lovers", "rightValues: [DE, AT, CH]"]);
    says(&sluice(&["segments", "delete", "dach"]), 2, &["book lovers"]);

    // A rule is tried before it is saved; what is wrong with it stands at its line.
    write(bench, "try.yaml", &DACH.replace("[DE, AT, CH]", "[FR]"));
    let french = chosen(people, |profile| profile.country == "FR").len();
    assert_eq!(last(&sluice(&["segments", "try", "try.yaml", "--json"]))["count"], french);
    says(&sluice(&["segments", "try", "try.yaml", "--sql"]), 0, &["SELECT", &format!("{french} of {PEOPLE}")]);
    write(bench, "try.yaml", &DACH.replace("name: country", "name: contry").replace("type: In", "type: Inn"));
    says(
        &sluice(&["segments", "try", "try.yaml"]),
        2,
        &["try.yaml:11: rule.conditions[0].conditions[0].operator.type"],
    );
    write(bench, "try.yaml", &DACH.replace("name: country", "name: contry"));
    let refused = sluice(&["segments", "try", "try.yaml"]);
    says(&refused, 2, &["try.yaml:10: ", "leftValue.name", "did you mean", "country"]);
    // The same is said when the project is planned, before anything is changed.
    write(bench, "crm/segments/dach.yaml", &DACH.replace("name: country", "name: contry"));
    says(&sluice(&["plan", "crm"]), 2, &["segments/dach.yaml:10: ", "did you mean"]);
    write(bench, "crm/segments/dach.yaml", &DACH.replace("rightValues: [DE, AT, CH]", "rightValues: [DE, AT, CH, LI]"));
    says(&sluice(&["apply", "crm", "--yes"]), 0, &["~ segment dach: rule"]);
    write(bench, "crm/segments/dach.yaml", DACH);
    says(&sluice(&["apply", "crm", "--yes"]), 0, &["~ segment dach: rule"]);
    let ring = DACH.replace("- type: Value", "- {type: Reference, id: book lovers}\n        - type: Value");
    write(bench, "crm/segments/dach.yaml", &ring);
    says(&sluice(&["plan", "crm"]), 2, &["in a ring", "book lovers → dach → book lovers"]);
    write(bench, "crm/segments/dach.yaml", DACH);
}

fn member(bench: &Bench, list: u64, profile: &Profile) -> bool {
    let found = bench.sandbox.membership(&bench.unit(), list, profile.pardot);
    found.is_some_and(|membership| !membership.deleted)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// People are added to a list, with what the String Builder makes.
fn welcomed(bench: &Bench, people: &[Profile], sluice: Sluice<'_>) {
    let want = people.iter().filter(|profile| profile.loves_books()).count();
    for what in ["welcome", "crm/activations/welcome.yaml"] {
        let preview = sluice(&["activations", "preview", what]);
        let words = [
            "OUTPUT COLUMN",
            "FIELD",
            "job_title",
            "\"comments\":\"book lovers (1/",
            &format!("{want} rows as of now"),
        ];
        says(&preview, 0, &words);
    }
    // What is no standard field may be one of the account's own, until these are known.
    bench.sandbox.add_custom_field(&bench.unit(), "shoe_size", "Number");
    sluice(&["connections", "account", "prod", "--refresh"]).check_exit(0);
    write(bench, "wrong.yaml", &WELCOME.replace("column: job_title", "column: job_titel"));
    says(&sluice(&["activations", "preview", "wrong.yaml"]), 2, &["job_titel", "did you mean job_title?"]);
    assert!(bench.prospects().iter().all(|prospect| prospect["comments"].is_null() || prospect["comments"] == ""));

    let run = ["activations", "run", "welcome", "--scheduled-time", NOW, "--follow", "--json"];
    let job = last(&sluice(&run));
    assert_eq!((&job["state"], &job["rows"]["delivered"]), (&"success".into(), &want.into()), "{job}");
    let segment = last(&sluice(&["segments", "show", "book lovers", "--json"]))["id"].clone();
    for profile in people {
        let found = bench.prospect(&profile.email());
        assert_eq!(member(bench, LISTS[0], profile), profile.loves_books(), "{profile:?}");
        if profile.loves_books() {
            let have = ["first_name", "score", "comments", "job_title"].map(|name| text(&found[name]));
            let want = [
                format!("Ada {}", profile.number),
                profile.score.to_string(),
                format!("book lovers (1/{segment}) of {NOW} 05:30$"),
                profile.newest_product().expect("who loves books has an order").to_owned(),
            ];
            assert_eq!(have, want, "{found}");
        } else {
            assert!(found["comments"].is_null() || found["comments"] == "", "{found}");
        }
    }
    assert_eq!(bench.prospects().len(), people.len(), "nobody is new");
}

/// People are removed from a list.
fn taken_off(bench: &Bench, people: &[Profile], sluice: Sluice<'_>) {
    let sql = "SELECT 72 AS list_id, pardot_id AS prospect_id FROM contacts";
    let save = ["queries", "save", "everybody", "--sql", sql, "--export-connection", "prod"];
    sluice(&[&save[..], &["--set", "data_object=list_memberships"]].concat()).check_exit(0);
    sluice(&["queries", "run", "everybody", "--follow"]).check_exit(0);
    sluice(&["queries", "delete", "everybody"]).check_exit(0);
    assert!(people.iter().all(|profile| member(bench, LISTS[1], profile)), "everybody is in the list");
    let job = last(&sluice(&["activations", "run", "goodbye", "--follow", "--json"]));
    assert_eq!(job["state"], "success", "{job}");
    for profile in people {
        assert_eq!(member(bench, LISTS[1], profile), profile.in_dach(), "{profile:?}");
    }
}

/// Memberships, over a time window that ends at the scheduled time.
fn joined(bench: &Bench, people: &[Profile], sluice: Sluice<'_>) {
    let want = people.iter().filter(|profile| profile.is_recent()).count();
    assert!(want > 10 && want < people.len());
    let job = last(&sluice(&["activations", "run", "members", "--scheduled-time", NOW, "--follow", "--json"]));
    assert_eq!((&job["state"], &job["rows"]["delivered"]), (&"success".into(), &want.into()), "{job}");
    for profile in people {
        assert_eq!(member(bench, LISTS[2], profile), profile.is_recent(), "{profile:?}");
    }
    says(&sluice(&["activations", "runs", "members"]), 0, &["activation members", "success"]);
    says(&sluice(&["jobs", "list", "--activation", "members"]), 0, &["activation members"]);
}

/// By schedule, disabled, copied, taken away.
fn looked_after(bench: &Bench, sluice: Sluice<'_>) {
    says(&sluice(&["activations", "list"]), 0, &["EXPORTS THROUGH", "welcome", "active", "by hand"]);
    says(
        &sluice(&["activations", "show", "welcome"]),
        0,
        &["segment name, segment id", "next runs", "prospect_lists = 71"],
    );
    let fill = [
        "schedules",
        "backfill",
        "welcome",
        "--of",
        "activation",
        "--from",
        "2026-10-20",
        "--slots",
        "2",
        "--follow",
        "--json",
    ];
    let ran = sluice(&fill);
    ran.check_exit(0);
    let made: Value = serde_json::from_str(ran.stdout.lines().next().unwrap_or_default()).expect("JSON");
    let times: Vec<&str> =
        made["started"].as_array().expect("slots").iter().filter_map(|slot| slot["scheduled"].as_str()).collect();
    assert_eq!(times, ["2026-10-20T00:00:00Z", "2026-10-21T00:00:00Z"], "{made}");
    let comments: BTreeSet<String> = bench.prospects().iter().map(|prospect| text(&prospect["comments"])).collect();
    assert!(comments.iter().any(|comment| comment.ends_with("of 2026-10-21 05:30$")), "{comments:?}");
    says(&sluice(&["schedules", "list"]), 0, &["activation welcome"]);
    says(&sluice(&["schedules", "history", "welcome", "--of", "activation"]), 0, &["success", "2026-10-21"]);
    says(&sluice(&["schedules", "pause", "welcome", "--of", "activation"]), 0, &["paused"]);
    says(&sluice(&["schedules", "resume", "welcome", "--of", "activation"]), 0, &["active"]);
    says(&sluice(&["schedules", "show", "welcome"]), 2, &["welcome"]);
    let weekly = ["schedules", "set", "people", "--of", "parent-segment", "--repeat", "weekly", "--days", "mon"];
    says(&sluice(&weekly), 0, &["parent segment  people", "Monday"]);
    says(&sluice(&["parent-segments", "list"]), 0, &["weekly"]);
    says(&sluice(&["plan", "crm", "--exit-code"]), 3, &["~ parent segment people: schedule"]);
    says(
        &sluice(&["schedules", "remove", "people", "--of", "parent-segment"]),
        0,
        &["parent segment people runs by itself no more"],
    );

    says(&sluice(&["activations", "disable", "members"]), 0, &["disabled", "activations enable 'members'"]);
    says(&sluice(&["activations", "run", "members"]), 2, &["disabled"]);
    says(&sluice(&["plan", "crm", "--exit-code"]), 0, &["nothing to do"]);
    says(&sluice(&["activations", "enable", "members"]), 0, &["by hand"]);
    says(&sluice(&["activations", "copy", "members", "members 2"]), 0, &["members 2", "disabled"]);
    says(&sluice(&["activations", "copy", "welcome", "welcome 2"]), 0, &["welcome 2", "once it is enabled"]);
    says(&sluice(&["apply", "crm", "--prune", "--yes"]), 0, &["− activation members 2", "− activation welcome 2"]);
    says(&sluice(&["activations", "delete", "members"]), 0, &["deleted"]);
    says(&sluice(&["activations", "show", "membres"]), 2, &["activation"]);

    // Everything goes, each after what needs it.
    for folder in ["parent-segments", "segments", "activations"] {
        std::fs::remove_dir_all(bench.path(&format!("crm/{folder}"))).expect("it was there");
    }
    let gone = sluice(&["apply", "crm", "--prune", "--yes"]);
    says(&gone, 0, &["− parent segment people", "− segment dach", "7 to delete"]);
    says(&sluice(&["parent-segments", "list"]), 0, &["no parent segments yet"]);
}

fn from_tables_to_people(house: &House, sluice: Sluice<'_>) {
    let bench = &house.bench;
    let people = people(bench);
    project(bench, &people);
    applied(bench, sluice);
    the_profiles(bench, sluice);
    the_segments(bench, &people, sluice);
    welcomed(bench, &people, sluice);
    taken_off(bench, &people, sluice);
    joined(bench, &people, sluice);
    looked_after(bench, sluice);
}

#[test]
fn audiences_over_a_server() {
    let mut house = House::empty(Bench::unique());
    house.serve();
    house.set_up();
    from_tables_to_people(&house, &|command| house.remote(command));
    let audit = house.get("/audit").to_string();
    assert!(audit.contains("parent_segment.delete") && !audit.contains("@example.com"), "{audit}");
}

#[test]
fn audiences_over_a_data_directory() {
    let house = House::empty(Bench::unique());
    from_tables_to_people(&house, &|command| house.local(command));
}
