//! Tables through the door of the application.

use expect_test::{Expect, expect};

use super::*;
use crate::fixture::{Bench, actor, admin, said, upload};

fn spec(name: &str, files: &str) -> TableSpec {
    TableSpec { name: name.into(), files: files.into() }
}

#[test]
fn names() {
    let check = |name: &str, want: Result<(), &str>| {
        let found = check_name(name).map_err(|problem| format!("{} / {}", problem.message, problem.hint.unwrap()));
        assert_eq!(found, want.map_err(str::to_owned), "{name}");
    };
    let plain = "is not a name that SQL reads without quotes / a lower-case letter or _, then lower-case letters, \
                 digits and _; at most 100";
    check("contacts", Ok(()));
    check("_c2", Ok(()));
    check(&"x".repeat(100), Ok(()));
    check("Contacts", Err("is not a name that SQL reads without quotes / write contacts"));
    check("new-leads 2", Err("is not a name that SQL reads without quotes / write new_leads_2"));
    check("2c", Err(plain));
    check("a/b", Err(plain));
    check("a\"b", Err(plain));
    check("../x", Err(plain));
    check("é", Err(plain));
    check("", Err("is missing / a lower-case letter or _, then lower-case letters, digits and _; at most 100"));
    assert!(check_name(&"x".repeat(101)).is_err());
}

#[tokio::test]
async fn the_life_of_a_bound_table() {
    let bench = Bench::new().await;
    bench.file("c1.csv", "id,email\n1,ada@x.io\n");
    bench.file("c2.csv", "id,email\n2,\n3,bob@x.io\n");
    let app = &bench.app;
    let (table, new) = app.put_table(&admin(), spec("contacts", "c*.csv"), None).await.unwrap();
    assert!(new);
    assert_eq!((table.revision, table.files.as_deref(), table.rows), (1, Some("c*.csv"), None));

    let table = app.table(&actor(Scope::Read), "contacts").await.unwrap();
    let columns: Vec<String> =
        table.columns.iter().map(|column| format!("{} {}", column.name, column.r#type)).collect();
    assert_eq!((table.rows, columns.join(", ").as_str()), (Some(3), "id TEXT, email TEXT"));

    let preview = app.preview_table(&actor(Scope::Run), "contacts", 2).await.unwrap();
    assert_eq!(serde_json::to_value(&preview.rows).unwrap(), json!([["1", "ada@x.io"], ["2", null]]));
    assert!(preview.more);
    assert!(!app.preview_table(&actor(Scope::Run), "contacts", 3).await.unwrap().more);

    let (table, new) = app.put_table(&admin(), spec("contacts", "c1.csv?types=infer"), Some(1)).await.unwrap();
    assert!(!new);
    assert_eq!(table.revision, 2);
    expect!["contacts was changed since you read it (stale)"].assert_eq(
        said(app.put_table(&admin(), spec("contacts", "c1.csv"), Some(1)).await)
            .trim_start_matches("table ")
            .lines()
            .next()
            .unwrap(),
    );

    std::fs::remove_file(bench.path("in/c1.csv")).unwrap();
    let table = app.table(&admin(), "contacts").await.unwrap();
    assert!(table.remark.unwrap().starts_with("there is no file"));
    assert_eq!(app.tables(&actor(Scope::Read), None, 10).await.unwrap().items.len(), 1);
    app.delete_table(&admin(), "contacts").await.unwrap();
    assert!(app.tables(&admin(), None, 10).await.unwrap().items.is_empty());

    let lines = app.0.store.audit_page(None, 10).await.unwrap();
    let actions: Vec<String> =
        lines.iter().map(|line| format!("{} {}", line.entry.action, line.entry.object)).collect();
    assert_eq!(actions, ["table.delete contacts", "table.update contacts", "table.create contacts"]);
}

#[tokio::test]
async fn what_is_refused() {
    let bench = Bench::new().await;
    bench.file("c.csv", "id,email\n1,ada@x.io\n");
    bench.file("odd.csv", "id,id\n1,2\n");
    let app = &bench.app;
    let check = async |name: &str, files: &str, want: Expect| {
        let text = said(app.put_table(&admin(), spec(name, files), None).await);
        let real = bench.path("").canonicalize().unwrap();
        want.assert_eq(
            &text
                .replace(&format!("{}/", real.display()), "")
                .replace(&format!("{}/", bench.path("").display().to_string().trim_end_matches('/')), ""),
        );
    };
    check(
        "Contacts",
        "/etc/passwd?format=csv",
        expect![[r#"
            table.name: is not a name that SQL reads without quotes
              hint: write contacts
            table.files: /etc/passwd lies outside the table roots
              hint: files may lie in in, <data directory>/tables; the operator sets table_roots (invalid)
        "#]],
    )
    .await;
    check(
        "c",
        "c.csv?delimeter=;",
        expect![[r#"
        table.files: there is no option 'delimeter'
          hint: did you mean delimiter? (invalid)
    "#]],
    )
    .await;
    check(
        "c",
        "",
        expect![[r#"
        table.files: a path is empty
          hint: write name=path, several paths separated by commas (invalid)
    "#]],
    )
    .await;
    check(
        "c",
        "odd.csv",
        expect![[r#"
        table.files: cannot read in/odd.csv as csv: two columns are called id
          hint: check the format, delimiter and quote of the table, and that the file is complete (invalid)
    "#]],
    )
    .await;
    check(
        "c",
        "none/*.csv",
        expect![[r#"
        table.files: no file matches in/none/*.csv
          hint: a glob may hold *, ? and [..]; ** stands for any number of folders (invalid)
    "#]],
    )
    .await;
    check(
        "c",
        "none.csv",
        expect![[r#"
        table.files: there is no file in/none.csv
          hint: check the path; relative paths begin in in (invalid)
    "#]],
    )
    .await;
    assert!(app.tables(&admin(), None, 10).await.unwrap().items.is_empty());

    app.put_table(&admin(), spec("contacts", "c.csv"), None).await.unwrap();
    expect![[r#"
        there is no table contact (not_found)
          hint: did you mean contacts?
    "#]]
    .assert_eq(&said(app.table(&admin(), "contact").await));
    assert_eq!(
        said(app.put_table(&admin(), spec("new", "c.csv"), Some(3)).await),
        "there is no table new (not_found)\n"
    );
}

#[tokio::test]
async fn rights() {
    let bench = Bench::new().await;
    bench.file("c.csv", "id\n1\n");
    let app = &bench.app;
    app.put_table(&actor(Scope::Edit), spec("c", "c.csv"), None).await.unwrap();
    let forbidden = |error: Result<(), AppError>| assert_eq!(error.unwrap_err().code(), "forbidden");
    forbidden(app.put_table(&actor(Scope::Run), spec("c", "c.csv"), None).await.map(drop));
    forbidden(app.upload_table(&actor(Scope::Run), "u", upload("csv", b"id\n1\n")).await.map(drop));
    forbidden(app.delete_table(&actor(Scope::Run), "c").await);
    forbidden(app.preview_table(&actor(Scope::Read), "c", 1).await.map(drop));
    assert!(app.table(&actor(Scope::Read), "c").await.is_ok());
}

#[tokio::test]
async fn tables_that_sql_names() {
    let bench = Bench::new().await;
    bench.file("c.csv", "id\n1\n");
    let app = &bench.app;
    app.put_table(&admin(), spec("contacts", "c.csv"), None).await.unwrap();
    app.put_table(&admin(), spec("orders", "c.csv"), None).await.unwrap();
    let names = async |sql: &str| -> Vec<String> {
        app.bind_tables(sql).await.unwrap().into_iter().map(|table| table.name).collect()
    };
    assert_eq!(names("SELECT 1").await, Vec::<String>::new());
    assert_eq!(names("SELECT * FROM Contacts").await, ["contacts"]);
    assert_eq!(names("WITH orders AS (SELECT * FROM contacts) SELECT * FROM orders").await, ["contacts"]);
    let real = bench.path("in").canonicalize().unwrap().join("c.csv");
    assert_eq!(app.bind_tables("SELECT * FROM orders").await.unwrap()[0].paths, [real.to_string_lossy()]);
    expect![[r#"
        query.sql: there is no table contact (line 2, column 7)
          hint: did you mean contacts?
        query.sql: there is no table nothing (line 2, column 16)
          hint: tables are contacts, orders (invalid)
    "#]]
    .assert_eq(&said(app.bind_tables("SELECT *\n FROM contact, nothing").await));
    std::fs::remove_file(bench.path("in/c.csv")).unwrap();
    assert!(
        said(app.bind_tables("SELECT * FROM contacts").await)
            .starts_with("query.sql: table contacts: there is no file")
    );
    // A link put in the place of the file leads nowhere either.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(bench.path("data/sluice.db"), bench.path("in/c.csv")).unwrap();
        let said = said(app.bind_tables("SELECT * FROM contacts").await);
        assert!(said.contains("leads into the server's data directory"), "{said}");
    }
}
