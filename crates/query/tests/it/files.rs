//! Files of every format, bound in every way.
//!
//! Knows formats and bindings: not SQL beyond `SELECT *`.

use std::io::Write;

use expect_test::{Expect, expect};

use crate::world::World;

async fn check(world: &World, specs: &[&str], want: Expect) {
    want.assert_eq(&world.rows("SELECT * FROM t", specs).await);
}

fn gz(text: &str) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn separated_values() {
    let world = World::new()
        .file("a.csv", "a,b\n1,\"x, \"\"y\"\"\nz\"\n")
        .file("semi.csv", "1;'x;y'\n")
        .file("tab.tsv", "a\tb\n1\tx,y\n")
        .file("bom.csv", "\u{feff}a,b\r\n1,2\r\n")
        .file("null.csv", "a,b\n\\N,\n1,\\Nx\n")
        .file("types.csv", "zip,n,big,f,b,phone\n01234,1,1234567890123456789,1.5,true,+49\n9,2,1,2,false,+1\n")
        .file("a.csv.gz", gz("a,b\n1,2\n"))
        .file("a.csv.zst", zstd::encode_all(&b"a,b\n3,4\n"[..], 1).unwrap());
    check(
        &world,
        &["t=a.csv"],
        expect![[r#"
        a:Utf8 | b:Utf8
        1 | x, "y"
        z
    "#]],
    )
    .await;
    check(
        &world,
        &["t=semi.csv?delimiter=;&header=false&format=csv&quote='"],
        expect![[r#"
            column_1:Utf8 | column_2:Utf8
            1 | x;y
        "#]],
    )
    .await;
    check(
        &world,
        &["t=tab.tsv"],
        expect![[r#"
        a:Utf8 | b:Utf8
        1 | x,y
    "#]],
    )
    .await;
    check(
        &world,
        &["t=bom.csv"],
        expect![[r#"
        a:Utf8 | b:Utf8
        1 | 2
    "#]],
    )
    .await;
    check(
        &world,
        &["t=null.csv?null=\\N"],
        expect![[r#"
            a:Utf8 | b:Utf8
            NULL | 
            1 | \Nx
        "#]],
    )
    .await;
    check(
        &world,
        &["t=types.csv"],
        expect![[r#"
        zip:Utf8 | n:Utf8 | big:Utf8 | f:Utf8 | b:Utf8 | phone:Utf8
        01234 | 1 | 1234567890123456789 | 1.5 | true | +49
        9 | 2 | 1 | 2 | false | +1
    "#]],
    )
    .await;
    check(
        &world,
        &["t=types.csv?types=infer"],
        expect![[r#"
        zip:Utf8 | n:Int64 | big:Utf8 | f:Float64 | b:Boolean | phone:Utf8
        01234 | 1 | 1234567890123456789 | 1.5 | true | +49
        9 | 2 | 1 | 2.0 | false | +1
    "#]],
    )
    .await;
    check(
        &world,
        &["t=a.csv.gz"],
        expect![[r#"
            a:Utf8 | b:Utf8
            1 | 2
        "#]],
    )
    .await;
    check(
        &world,
        &["t=a.csv.zst"],
        expect![[r#"
            a:Utf8 | b:Utf8
            3 | 4
        "#]],
    )
    .await;
}

#[tokio::test]
async fn json_lines_and_parquet() {
    let world = World::new().file("a.jsonl", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"c\":true}\n").file("p.csv", "a\n1\n");
    check(
        &world,
        &["t=a.jsonl"],
        expect![[r#"
        a:Int64 | b:Utf8 | c:Boolean
        1 | x | NULL
        2 | NULL | true
    "#]],
    )
    .await;
    for (name, sql) in [("p1", "SELECT 1 AS a, 'x' AS b"), ("p2", "SELECT 2 AS a, 3.5 AS c")] {
        world.freeze(sql, &[]).await.unwrap();
        std::fs::rename(world.path("result.parquet"), world.path(&format!("{name}.parquet"))).unwrap();
    }
    check(
        &world,
        &["t=p1.parquet"],
        expect![[r#"
        a:Int64 | b:Utf8
        1 | x
    "#]],
    )
    .await;
    check(
        &world,
        &["t=p?.parquet"],
        expect![[r#"
        a:Int64 | b:Utf8 | c:Float64
        1 | x | NULL
        2 | NULL | 3.5
    "#]],
    )
    .await;
}

#[tokio::test]
async fn several_files_in_order() {
    let world = World::new()
        .file("in/b.csv", "a\nb\n")
        .file("in/a.csv", "a\na\n")
        .file("in/c [1].csv", "a\nc\n")
        .file("in/.hidden.csv", "a\nhidden\n")
        .file("in/deep/d.csv", "a\nd\n")
        .file("in/empty.csv", "");
    check(
        &world,
        &["t=in/*.csv"],
        expect![[r#"
        a:Utf8
        a
        b
        c
    "#]],
    )
    .await;
    check(
        &world,
        &["t=in/c [1].csv,in/a.csv"],
        expect![[r#"
        a:Utf8
        c
        a
    "#]],
    )
    .await;
    check(
        &world,
        &["t=in/**/*.csv"],
        expect![[r#"
        a:Utf8
        a
        b
        c
        d
    "#]],
    )
    .await;
}

#[tokio::test]
async fn files_that_cannot_be_used() {
    let world = World::new()
        .file("a.csv", "a,b\n1,2\n")
        .file("b.csv", "b,a\n1,2\n")
        .file("twice.csv", "a,a\n1,2\n")
        .file("ragged.csv", "a,b\n1,2\nsecret@x.io\n")
        .file("late.csv", format!("a\n{}secret@x.io\n", "1\n".repeat(2000)))
        .file("latin.csv", b"a\nM\xfcller\n")
        .file("bad.jsonl", "{\"a\":1}\n{\"a\n")
        .file("bad.parquet", "no parquet")
        .file("bad.csv.gz", "no gzip")
        .file("empty.csv", "")
        .file("x.xlsx", "x")
        .file("folder/x", "x");
    check(
        &world,
        &["t=none.csv"],
        expect![[r#"
        table t: there is no file none.csv
          hint: check the path; a relative path starts at the current folder
    "#]],
    )
    .await;
    check(
        &world,
        &["t=none-*.csv"],
        expect![[r#"
        table t: no file matches none-*.csv
          hint: a glob may hold *, ? and [..]; ** stands for any number of folders
    "#]],
    )
    .await;
    check(
        &world,
        &["t=folder"],
        expect![[r#"
        table t: folder is a folder
          hint: bind local files; for a folder, write a glob such as folder/*.csv
    "#]],
    )
    .await;
    check(
        &world,
        &["t=x.xlsx"],
        expect![[r#"
        table t: cannot tell the format of x.xlsx by its name
          hint: name the format: name=path?format=csv (or tsv, jsonl, parquet)
    "#]],
    )
    .await;
    check(
        &world,
        &["t=a.csv,b.csv"],
        expect![[r#"
        table t: b.csv differs from the files before it: its header is b, a, not a, b
          hint: bind files that differ as tables of their own
    "#]],
    )
    .await;
    check(
        &world,
        &["t=a.csv,bad.jsonl"],
        expect![[r#"
        table t: bad.jsonl differs from the files before it: it is jsonl
          hint: bind files that differ as tables of their own
    "#]],
    )
    .await;
    check(
        &world,
        &["t=twice.csv"],
        expect![[r#"
        table t: cannot read twice.csv as csv: two columns are called a
          hint: check the format, delimiter and quote of the table, and that the file is complete
    "#]],
    )
    .await;
    check(
        &world,
        &["t=ragged.csv"],
        expect![[r#"
            table t: cannot read ragged.csv as csv: an incorrect number of fields for line 3, expected 2 got 1
              hint: check the format, delimiter and quote of the table, and that the file is complete
        "#]],
    )
    .await;
    check(
        &world,
        &["t=late.csv?types=infer"],
        expect![[r#"
            table t: cannot read late.csv as csv: line 2001 has a value that is not of its column's type
              hint: check the format, delimiter and quote of the table, and that the file is complete
        "#]],
    )
    .await;
    check(
        &world,
        &["t=latin.csv"],
        expect![[r#"
            table t: cannot read latin.csv as csv: invalid UTF-8 data for line 2 and field 1
              hint: check the format, delimiter and quote of the table, and that the file is complete
        "#]],
    )
    .await;
    check(
        &world,
        &["t=bad.jsonl"],
        expect![[r#"
            table t: cannot read bad.jsonl as jsonl: a line is damaged, or the file is not JSON lines
              hint: check the format, delimiter and quote of the table, and that the file is complete
        "#]],
    )
    .await;
    check(
        &world,
        &["t=bad.parquet"],
        expect![[r#"
        table t: cannot read bad.parquet as parquet: it is damaged, incomplete or written in another format
          hint: check the format, delimiter and quote of the table, and that the file is complete
    "#]],
    )
    .await;
    check(
        &world,
        &["t=bad.csv.gz"],
        expect![[r#"
            table t: cannot read bad.csv.gz as csv: its first line cannot be read
              hint: check the format, delimiter and quote of the table, and that the file is complete
        "#]],
    )
    .await;
    check(
        &world,
        &["t=empty.csv"],
        expect![[r#"
        table t: cannot read empty.csv as csv: the file is empty
          hint: check the format, delimiter and quote of the table, and that the file is complete
    "#]],
    )
    .await;
    check(
        &world,
        &["t=a.csv", "T=a.csv"],
        expect![[r#"
        cannot read the table 'T': another table has this name
          hint: give each table a name of its own; names that differ only by case are the same
    "#]],
    )
    .await;
    assert!(!world.path("result.parquet").exists());
    assert!(!world.path("result.parquet.partial").exists());
}
