//! Uploads through the door of the application: what is kept, what is refused, what is left behind.

use expect_test::{Expect, expect};

use super::*;
use crate::fixture::{Bench, NOW, admin, said, upload};

const CSV: &[u8] = b"id,email\n1,ada@x.io\n2,bob@x.io\n";

#[tokio::test]
async fn an_upload_becomes_a_table_and_is_replaced_in_one_step() {
    let bench = Bench::new().await;
    let app = &bench.app;
    let (table, new) = app.upload_table(&admin(), "contacts", upload("csv", CSV)).await.unwrap();
    assert!(new);
    assert_eq!((table.format.as_deref(), table.bytes, table.rows), (Some("csv"), Some(CSV.len() as u64), Some(2)));
    assert_eq!(table.sha256.as_deref().map(str::len), Some(64));
    assert_eq!(table.columns.len(), 2);
    let first = bench.uploads();
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with("contacts-") && first[0].ends_with(".upload.csv"), "{first:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(bench.path("data/tables").join(&first[0])), 0o600);
    }
    let preview = app.preview_table(&admin(), "contacts", 10).await.unwrap();
    assert_eq!(preview.rows.len(), 2);

    let lines = b"{\"id\": 7}\n\n{\"id\": 8, \"tags\": [\"a\"]}\n";
    let (table, new) = app.upload_table(&admin(), "contacts", upload("jsonl", lines)).await.unwrap();
    assert!(!new);
    assert_eq!((table.revision, table.rows), (2, Some(2)));
    let types: Vec<&str> = table.columns.iter().map(|column| column.r#type.as_str()).collect();
    assert_eq!(types, ["BIGINT", "TEXT[]"]);
    assert_eq!(bench.uploads().len(), 1, "the old rows are gone");

    app.delete_table(&admin(), "contacts").await.unwrap();
    assert!(bench.uploads().is_empty());
}

#[tokio::test]
async fn parquet() {
    let bench = Bench::new().await;
    let job = bench.job("p1", "VALUES (1, 'a'), (2, 'b')", json!({}), JobState::Stopped).await;
    let bytes = fs::read(bench.app.0.store.result_path(&job)).unwrap();
    let (table, _) = bench.app.upload_table(&admin(), "p", upload("parquet", &bytes)).await.unwrap();
    assert_eq!(table.rows, Some(2));
    let cut = said(bench.app.upload_table(&admin(), "q", upload("parquet", &bytes[..bytes.len() - 9])).await);
    assert!(cut.starts_with("upload: is not parquet: it is damaged, incomplete"), "{cut}");
    assert_eq!(bench.uploads().len(), 1);
}

#[tokio::test]
async fn what_is_not_what_it_says_leaves_nothing() {
    let bench = Bench::with(|config| config.upload_bytes = 10_000).await;
    let app = &bench.app;
    app.upload_table(&admin(), "t", upload("csv", CSV)).await.unwrap();
    let check = async |format: &str, bytes: &[u8], want: Expect| {
        want.assert_eq(&said(app.upload_table(&admin(), "t", upload(format, bytes)).await));
        assert_eq!(bench.uploads().len(), 1);
    };
    check(
        "csv",
        b"id,email\n1,a@x.io\n2,b,c\n",
        expect![[r#"
        upload: is not csv: an incorrect number of fields for line 3, expected 2 got 3
          hint: every line needs as many values as there are column names; a value with a comma stands in quotes (invalid)
    "#]],
    )
    .await;
    check(
        "csv",
        b"id,id\n1,2\n",
        expect![[r#"
        upload: is not csv: two columns are called id
          hint: rename one of the two (invalid)
    "#]],
    )
    .await;
    check(
        "csv",
        b"id;name\n1;a\n",
        expect![[r#"
        upload: has semicolons between its values
          hint: save it with commas; files of the server may have any separator (invalid)
    "#]],
    )
    .await;
    check(
        "csv",
        b"",
        expect![[r#"
        upload: is not csv: the file is empty
          hint: choose the file that has the rows (invalid)
    "#]],
    )
    .await;
    check(
        "csv",
        b"id,name\n1,\xff\xfe\n",
        expect![[r#"
        upload: is not csv: invalid UTF-8 data for line 2 and field 2
          hint: save it as UTF-8; a spreadsheet calls that CSV UTF-8 (invalid)
    "#]],
    )
    .await;
    check(
        "jsonl",
        b"{\"id\": 1}\n{\"id\": secret@x.io}\n",
        expect![[r#"
        upload: is not jsonl: line 2 is damaged at character 8
          hint: see that the file is complete and that format says what it is (invalid)
    "#]],
    )
    .await;
    check(
        "jsonl",
        b"{\"id\": 1}\n[1]\n",
        expect![[r#"
        upload: is not jsonl: line 2 is no JSON object
          hint: see that the file is complete and that format says what it is (invalid)
    "#]],
    )
    .await;
    check(
        "parquet",
        CSV,
        expect![[r#"
        upload: is not parquet: it is damaged, incomplete or written in another format
          hint: see that the file is complete and that format says what it is (invalid)
    "#]],
    )
    .await;
    check(
        "cvs",
        CSV,
        expect![[r#"
        format: must be csv, jsonl or parquet
          hint: did you mean csv? (invalid)
    "#]],
    )
    .await;
    check("csv", &[b'x'; 10_001], expect!["this is larger than 10000 bytes (too_large)\n"]).await;
    assert_eq!(app.preview_table(&admin(), "t", 10).await.unwrap().rows.len(), 2);
    let wrong = said(app.upload_table(&admin(), "a/../b", upload("xlsx", CSV)).await);
    assert!(wrong.contains("table.name") && wrong.contains("format: must be"), "{wrong}");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let bench = Bench::new().await;
    let (sender, chunks) = tokio::sync::mpsc::channel(4);
    sender.try_send(Ok(CSV.to_vec())).unwrap();
    sender.try_send(Err(io::ErrorKind::ConnectionReset.into())).unwrap();
    let broken = Upload { format: "csv".into(), chunks };
    expect![[r#"
        upload: broke off after 31 bytes: connection reset
          hint: send it again (invalid)
    "#]]
    .assert_eq(&said(bench.app.upload_table(&admin(), "t", broken).await));
    assert!(bench.uploads().is_empty());
    // Whoever sends may also just go away.
    let (sender, chunks) = tokio::sync::mpsc::channel(4);
    sender.try_send(Ok(CSV.to_vec())).unwrap();
    let admin = admin();
    let waiting = bench.app.upload_table(&admin, "t", Upload { format: "csv".into(), chunks });
    let gone = tokio::time::timeout(Duration::from_millis(300), waiting);
    let sweep = async {
        while bench.uploads().is_empty() {
            tokio::task::yield_now().await;
        }
        bench.app.sweep_uploads().await;
        assert_eq!(bench.uploads().len(), 1, "a sweep leaves alone what arrives");
    };
    let (gone, ()) = tokio::join!(gone, sweep);
    assert!(gone.is_err());
    drop(sender);
    assert!(bench.uploads().is_empty());
}

#[tokio::test]
async fn a_query_under_way_keeps_the_file_that_it_bound() {
    let bench = Bench::new().await;
    let app = &bench.app;
    app.upload_table(&admin(), "t", upload("csv", CSV)).await.unwrap();
    let job = store::NewJob {
        id: "j1".parse().unwrap(),
        created: NOW,
        state: JobState::Querying,
        kind: store::JobKind::Result,
        origin: store::Origin::Server,
        query: None,
        query_name: None,
        connection: None,
        actor: None,
        parent: None,
        scheduled: None,
        sql: "SELECT * FROM t".into(),
        request: json!({}),
        business_unit: String::new(),
    };
    app.0.store.create_job(&job).await.unwrap();
    let bound = app.bind_tables("SELECT * FROM t").await.unwrap();
    app.upload_table(&admin(), "t", upload("csv", b"id,email\n9,z@x.io\n")).await.unwrap();
    assert_eq!(bench.uploads().len(), 2);
    assert!(Path::new(&bound[0].paths[0]).is_file());
    app.0.store.set_state(&job.id, JobState::Success, None, NOW).await.unwrap();

    // What an ended process left behind goes at the next start; files of others stay.
    fs::write(bench.path("data/tables/.upload-1234"), "x").unwrap();
    fs::write(bench.path("data/tables/mine.csv"), "x").unwrap();
    app.sweep_uploads().await;
    let left = bench.uploads();
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(left[0], "mine.csv");
    assert_eq!(app.preview_table(&admin(), "t", 10).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn whoever_looks_keeps_the_file_that_was_bound() {
    let bench = Bench::new().await;
    let app = &bench.app;
    let other = b"id,email\n9,z@x.io\n";
    app.upload_table(&admin(), "t", upload("csv", CSV)).await.unwrap();
    let look = async {
        let bound = app.bind_tables("SELECT * FROM t").await.unwrap();
        app.upload_table(&admin(), "t", upload("csv", other)).await.unwrap();
        assert_eq!(bench.uploads().len(), 2);
        app.first_rows("SELECT * FROM t", &bound, 10).await.unwrap().rows.len()
    };
    assert_eq!(app.reading(look).await, 2, "the rows of before");
    assert_eq!(bench.uploads().len(), 1, "whoever looked last cleans up");
    // Two at once, of whom one goes away before its end: the other or the next sweep cleans up.
    let gone = app.reading(std::future::pending::<()>());
    let gone = tokio::time::timeout(Duration::from_millis(1), gone);
    let change = async {
        tokio::task::yield_now().await;
        app.reading(app.delete_table(&admin(), "t")).await.unwrap();
    };
    let (gone, ()) = tokio::join!(gone, change);
    assert!(gone.is_err());
    app.sweep_uploads().await;
    assert!(bench.uploads().is_empty());
}

#[tokio::test]
async fn looks_beside_uploads_all_succeed() {
    let bench = Bench::new().await;
    let app = &bench.app;
    app.upload_table(&admin(), "t", upload("csv", CSV)).await.unwrap();
    let replace = async {
        for _ in 0..20 {
            app.upload_table(&admin(), "t", upload("csv", CSV)).await.unwrap();
        }
    };
    let look = async || {
        for _ in 0..20 {
            assert_eq!(app.preview_table(&admin(), "t", 10).await.unwrap().rows.len(), 2);
        }
    };
    tokio::join!(replace, look(), look());
    app.sweep_uploads().await;
    assert_eq!(bench.uploads().len(), 1);
}
