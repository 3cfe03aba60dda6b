//! Tables whose names have two parts.
//!
//! Knows names and what is said about them: not how rows are read.

use std::future::pending;

use expect_test::{Expect, expect};
use query::{Table, preview};

use crate::world::{World, print};

const NAMES: [&str; 4] = ["sales.orders", "sales.people", "cdp_audience_1.customers", "people"];

async fn check(sql: &str, want: Expect) {
    check_bound(&NAMES, sql, want).await;
}

async fn check_bound(names: &[&str], sql: &str, want: Expect) {
    let world = World::new().file("c.csv", "id,email\n1,ada@x.io\n2,bob@x.io\n");
    let bind = |name: &&str| Table { name: (*name).to_owned(), ..world.table("c=c.csv") };
    let tables: Vec<Table> = names.iter().map(bind).collect();
    let text = match preview(sql, &tables, &world.limits, 10, pending()).await {
        Ok(batches) => print(&batches),
        Err(error) => {
            let at = error.position().map_or_else(String::new, |(line, column)| format!("{line}:{column} "));
            at + &world.say(&error)
        }
    };
    want.assert_eq(&text);
}

#[tokio::test]
async fn a_schema_stands_before_the_name() {
    check(
        "SELECT o.id, people.email FROM sales.orders o JOIN Sales.People ON o.id = people.id WHERE sales.people.id = '2'",
        expect![[r#"
            id:Utf8 | email:Utf8
            2 | bob@x.io
        "#]],
    )
    .await;
    check(
        "SELECT COUNT(*) AS n FROM datafusion.cdp_audience_1.customers, people",
        expect![[r#"
        n:Int64
        4
    "#]],
    )
    .await;
    check(
        "WITH customers AS (SELECT id FROM cdp_audience_1.customers) SELECT * FROM customers",
        expect![[r#"
        id:Utf8
        1
        2
    "#]],
    )
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_said_with_its_schema() {
    check(
        "SELECT *\nFROM sales.order",
        expect![[r#"
        2:6 there is no table sales.order
          hint: did you mean sales.orders?
    "#]],
    )
    .await;
    check(
        "SELECT * FROM cdp_audience_1.behavior_orders",
        expect![[r#"
        1:15 there is no table cdp_audience_1.behavior_orders
          hint: tables are sales.orders, sales.people, cdp_audience_1.customers, people
    "#]],
    )
    .await;
    check(
        "SELECT * FROM cdp_audience_2.customers",
        expect![[r#"
        1:15 there is no table cdp_audience_2.customers
          hint: did you mean cdp_audience_1.customers?
    "#]],
    )
    .await;
    check(
        "SELECT * FROM customers",
        expect![[r#"
        1:15 there is no table customers
          hint: did you mean cdp_audience_1.customers?
    "#]],
    )
    .await;
    check(
        "SELECT emial FROM cdp_audience_1.customers",
        expect![[r#"
        1:8 there is no column emial (line 1, column 8)
          hint: did you mean email?
    "#]],
    )
    .await;
    check(
        "SELECT customers.emial FROM cdp_audience_1.customers",
        expect![[r#"
        1:8 there is no column customers.emial (line 1, column 8)
          hint: did you mean email?
    "#]],
    )
    .await;
    check(
        "SELECT c.phone FROM cdp_audience_1.customers c",
        expect![[r#"
        1:8 there is no column c.phone (line 1, column 8)
          hint: columns are id, email
    "#]],
    )
    .await;
    check(
        "SELECT * FROM information_schema.tables",
        expect![[r#"
        1:15 there is no table information_schema.tables
          hint: tables are sales.orders, sales.people, cdp_audience_1.customers, people
    "#]],
    )
    .await;
    check(
        "SELECT * FROM \"sales.orders\"",
        expect![[r#"
            1:15 there is no table "sales.orders"
              hint: did you mean sales.orders?
        "#]],
    )
    .await;
}

#[tokio::test]
async fn names_that_are_none() {
    check_bound(
        &["a.b", "a.b"],
        "SELECT 1",
        expect![[r#"
        cannot read the table 'a.b': another table has this name
          hint: give each table a name of its own; names that differ only by case are the same
    "#]],
    )
    .await;
    for name in ["Sales.orders", "a.b.c", ".b", "a.", "1a.b", "a.b-c", "a b.c"] {
        let want = format!(
            "cannot read the table '{name}': it is no name of two parts\n  hint: the parts of a name are lower-case \
             letters, digits and _, as in sales.orders\n"
        );
        let world = World::new().file("c.csv", "id\n1\n");
        let table = Table { name: name.into(), ..world.table("c=c.csv") };
        let error = preview("SELECT 1", &[table], &world.limits, 1, pending()).await.unwrap_err();
        assert_eq!(world.say(&error), want);
    }
    assert!(Table::parse("a.b=c.csv").is_err(), "the command line binds names of one part");
}
