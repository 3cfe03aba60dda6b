//! Time, memory, cancelling, order and what is left behind.
//!
//! Knows queries that are too large: not formats.

use std::future::{pending, ready};
use std::time::{Duration, Instant};

use query::{Limits, Progress, QueryError, freeze, preview};

use crate::world::{World, print, read};

/// A cross join of 10¹⁸ rows.
const ENDLESS: &str =
    "SELECT a.value AS a FROM generate_series(1, 1000000000) a CROSS JOIN generate_series(1, 1000000000) b";

/// The same, but no row ever comes out.
const SILENT: &str = "SELECT COUNT(*) AS n FROM generate_series(1, 1000000) a CROSS JOIN generate_series(1, 1000000000) b \
                      WHERE a.value + b.value < 0";

#[tokio::test]
async fn an_endless_query_ends_with_its_time() {
    for sql in [ENDLESS, SILENT] {
        let mut world = World::new();
        world.limits.time = Some(Duration::from_millis(300));
        let started = Instant::now();
        let error = world.freeze(sql, &[]).await.unwrap_err();
        let limit = Duration::from_millis(300);
        // A thousand million values of one side may meet the memory limit first; both are an end.
        assert!(
            matches!(error, QueryError::TimedOut { limit: at } if at == limit)
                || matches!(error, QueryError::Memory { .. }),
            "{error:?}"
        );
        assert!(started.elapsed() < Duration::from_millis(2300), "{sql} took {:?}", started.elapsed());
        assert_eq!(world.names(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_cancelled_query_leaves_nothing() {
    let world = World::new();
    let sql = "SELECT value AS v FROM generate_series(1, 100000000000)";
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    // Cancelled from the inside, once rows flow.
    let mut progress = |progress: Progress| {
        if progress.rows > 0 {
            stop.take();
        }
    };
    let cancel = async {
        let _ = stopped.await;
    };
    let error = freeze(sql, &[], &world.limits, &world.path("r.parquet"), cancel, &mut progress).await.unwrap_err();
    assert_eq!(error, QueryError::Cancelled);
    assert_eq!(world.names(), Vec::<String>::new());
    assert_eq!(preview(sql, &[], &world.limits, 5, ready(())).await, Err(QueryError::Cancelled));
}

#[tokio::test]
async fn a_dropped_freeze_leaves_nothing() {
    let world = World::new();
    let sql = "SELECT value AS v FROM generate_series(1, 100000000000)";
    let path = world.path("r.parquet");
    let mut ignore = |_| {};
    let freezing = freeze(sql, &[], &world.limits, &path, pending(), &mut ignore);
    assert!(tokio::time::timeout(Duration::from_millis(100), freezing).await.is_err());
    assert_eq!(world.names(), Vec::<String>::new());
}

#[tokio::test]
async fn memory_has_a_limit_and_sorting_spills() {
    let mut world = World::new();
    world.limits.memory = 4 << 20;
    let join = "SELECT a.value + b.value AS n FROM generate_series(1, 2000000) a \
                CROSS JOIN generate_series(1, 2000000) b";
    let error = world.freeze(join, &[]).await.unwrap_err();
    assert_eq!(error, QueryError::Memory { limit: 4 << 20 });
    assert_eq!(error.to_string(), "the query needs more than its 4 MiB of memory");
    world.limits.memory = 24 << 20;
    let sort = "SELECT value, repeat('x', 100) AS pad FROM generate_series(1, 400000) ORDER BY value DESC";
    let frozen = world.freeze(sort, &[]).await.unwrap();
    assert_eq!(frozen.rows, 400_000);
    assert_eq!(std::fs::read_dir(&world.limits.spill_dir).unwrap().count(), 0);
}

#[tokio::test]
async fn rows_keep_the_order_of_the_files() {
    let mut world = World::new();
    for part in 0..5 {
        let lines: String = (0..30_000).map(|row| format!("{}\n", part * 30_000 + row)).collect();
        world = world.file(&format!("part-{part}.csv"), format!("n\n{lines}"));
    }
    let frozen = world.freeze("SELECT n FROM t UNION ALL SELECT n FROM t", &["t=part-*.csv"]).await.unwrap();
    assert_eq!((frozen.rows, frozen.columns.as_slice()), (300_000, &["n".to_owned()][..]));
    assert_eq!(frozen.bytes, std::fs::metadata(world.path("result.parquet")).unwrap().len());
    let text = print(&read(&world.path("result.parquet")));
    for (index, line) in text.lines().skip(1).enumerate() {
        assert_eq!(line, (index % 150_000).to_string());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_result_is_for_its_owner_and_replaces_the_old_one() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().file("result.parquet", "old").file("result.parquet.partial", "of a killed process");
    world.freeze("SELECT 1 AS a", &[]).await.unwrap();
    assert_eq!(std::fs::metadata(world.path("result.parquet")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(world.names(), ["result.parquet"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written() {
    let world = World::new().file("file", "");
    let into = world.path("missing/r.parquet");
    let error = freeze("SELECT 1 AS a", &[], &world.limits, &into, pending(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, QueryError::Disk { .. }), "{error:?}");
    let limits = Limits { spill_dir: world.path("file/spill"), ..world.limits.clone() };
    let error =
        freeze("SELECT 1 AS a", &[], &limits, &world.path("r.parquet"), pending(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, QueryError::Disk { .. }), "{error:?}");
}

/// The first table of a join is as long as it likes; what is joined to it is kept in memory.
#[tokio::test]
async fn the_right_side_of_a_join_is_kept_in_memory() {
    let long = "x".repeat(1000);
    let rows: Vec<String> = (0..30_000).map(|row| format!("{},{long}{row}", 29_999 - row)).collect();
    let keys: Vec<String> = (0..30_000).map(|key| format!("{key},{}", key % 3)).collect();
    let mut world = World::new()
        .file("wide.csv", format!("k,text\n{}\n", rows.join("\n")))
        .file("narrow.csv", format!("k,n\n{}\n", keys.join("\n")));
    world.limits.memory = 12 << 20;
    for (sql, rows) in [
        ("SELECT w.k, w.text, n.n FROM wide w LEFT JOIN narrow n ON n.k = w.k", 30_000),
        ("SELECT w.k, w.text, n.n FROM wide w JOIN narrow n ON n.k = w.k", 30_000),
        ("SELECT w.k, w.text, n.n FROM wide w LEFT JOIN narrow n ON n.k = w.k WHERE n.n = '0'", 10_000),
        ("SELECT w.k, w.text FROM wide w WHERE w.k IN (SELECT k FROM narrow WHERE n = '1')", 10_000),
        (
            "SELECT w.k, w.text FROM wide w WHERE NOT EXISTS (SELECT 1 FROM narrow n WHERE n.k = w.k AND n = '2')",
            20_000,
        ),
        ("SELECT w.k, w.text FROM narrow n RIGHT JOIN wide w ON n.k = w.k", 30_000),
    ] {
        let frozen = world.freeze(sql, &["wide=wide.csv", "narrow=narrow.csv"]).await;
        assert_eq!(frozen.map(|frozen| frozen.rows), Ok(rows), "{sql}");
        let keys: Vec<i64> = read(&world.path("result.parquet"))
            .iter()
            .flat_map(|batch| {
                let keys = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Int64).unwrap();
                let keys = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&*keys);
                keys.values().to_vec()
            })
            .collect();
        assert!(keys.is_sorted_by(|a, b| a > b), "rows are in the order of the first table: {sql}");
    }
    // NULL in the list: nobody is certainly not in it.
    let world = world.file("holes.csv", "k,n\n1,a\n,b\n");
    let sql = "SELECT COUNT(*) AS n FROM wide WHERE k NOT IN (SELECT k FROM holes)";
    assert!(world.rows(sql, &["wide=wide.csv", "holes=holes.csv"]).await.ends_with("\n0\n"));
}

/// Shapes of a query, for so many of what makes it deep.
fn deep(times: usize) -> [(&'static str, String); 8] {
    let row = |first: &str, more: &str| format!("{first}{}", more.repeat(times));
    [
        ("sums", format!("SELECT {} AS n", row("1", "+1"))),
        ("alternatives", format!("SELECT 1 AS n WHERE {}", row("1=2", " OR true"))),
        ("texts", format!("SELECT {} AS n", row("'a'", "||'a'"))),
        ("casts", format!("SELECT {} AS n", row("1", "::int"))),
        ("brackets", format!("SELECT {} AS n", row("(1", "+1)+(1") + ")")),
        ("unions", row("SELECT 1 AS n", " UNION ALL SELECT 1")),
        ("joins", row("SELECT 1 AS n FROM (SELECT 1) a", " CROSS JOIN (SELECT 1)")),
        ("tables", row("SELECT 1 AS n FROM t", ", t")),
    ]
}

#[tokio::test]
async fn a_tree_that_no_stack_holds_is_refused_from_its_words() {
    let world = World::new();
    for (shape, sql) in deep(100_000) {
        let error = preview(&sql, &[], &world.limits, 5, pending()).await.unwrap_err();
        let said = world.say(&error);
        assert!(said.contains("the query is nested too deeply"), "{shape}: {said}");
        assert!(query::mentions(&sql).is_err(), "{shape}");
    }
    // What is long and not deep is taken.
    let list = vec!["1"; 20_000].join(",");
    for (shape, sql) in [
        ("list", format!("SELECT 1 AS n WHERE 1 IN ({list})")),
        ("rows", format!("SELECT COUNT(*) AS n FROM (VALUES {})", vec!["(1 + 1)"; 2_000].join(","))),
        ("text", format!("SELECT '{}' AS n", "+1 OR ".repeat(20_000))),
    ] {
        let rows = preview(&sql, &[], &world.limits, 5, pending()).await;
        assert!(rows.is_ok(), "{shape}: {:?}", rows.err());
    }
}

#[test]
fn a_tree_that_is_taken_fits_the_stack_of_whoever_asks() {
    // Half a thousand joins or operators are planned on a thread with more; here they are read on the stack of a worker.
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let read = small.spawn(|| {
        for (shape, sql) in deep(240) {
            assert!(query::mentions(&sql).is_ok(), "{shape}");
        }
        for (shape, sql) in deep(990).into_iter().take(4) {
            assert!(query::mentions(&sql).is_ok(), "{shape}");
        }
    });
    read.expect("a thread").join().expect("the stack holds");
}
