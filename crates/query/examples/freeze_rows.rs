//! Freezes many made-up rows and prints the speed and the peak of memory.
//!
//! Knows the public API only. Run: `cargo run --release -p query --example freeze_rows -- 10000000 csv [width]`, where
//! the format is `csv` or `parquet` and `width` is the length of one long column (default 40).

use std::error::Error;
use std::fs::File;
use std::future::pending;
use std::io::{BufWriter, Write, stdout};

use query::{Limits, Table, freeze};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let format = arguments.next().unwrap_or_else(|| "csv".into());
    let width: usize = arguments.next().map_or(Ok(40), |width| width.parse())?;

    let folder = tempfile::tempdir()?;
    let limits = Limits { time: None, memory: 64 << 20, spill_dir: folder.path().join("spill"), scheduled_time: 0 };
    let path = folder.path().join("rows.csv");
    write_csv(&path, rows, width)?;
    let mut table = Table::parse("t=rows.csv")?;
    table.paths = vec![path.to_string_lossy().into_owned()];
    if format == "parquet" {
        let into = folder.path().join("rows.parquet");
        freeze("SELECT * FROM t", &[table.clone()], &limits, &into, pending(), &mut |_| {}).await?;
        table.paths = vec![into.to_string_lossy().into_owned()];
    }
    let into = folder.path().join("result.parquet");
    let frozen = freeze("SELECT * FROM t", &[table], &limits, &into, pending(), &mut |_| {}).await?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    writeln!(
        stdout(),
        "{} rows, {} MB, {:.1} s, {:.0} rows/s, {}",
        frozen.rows,
        frozen.bytes / 1_000_000,
        frozen.seconds,
        frozen.rows as f64 / frozen.seconds,
        peak.split_whitespace().collect::<Vec<_>>().join(" "),
    )?;
    Ok(())
}

fn write_csv(path: &std::path::Path, rows: u64, width: usize) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "id,email,first_name,last_name,company,city,zip,phone,comments")?;
    for row in 0..rows {
        // Multiplied, so that neighbours differ and the long column does not compress to nothing.
        let noise = row.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let long = format!("{noise:016x}").repeat(width / 16 + 1);
        writeln!(
            file,
            "{row},person{row}@example.com,First{},Last{},Company {},City {},{:05},+49{},{}",
            noise % 1000,
            noise % 9000,
            noise % 50_000,
            noise % 700,
            noise % 100_000,
            noise % 10_000_000_000,
            &long[..width]
        )?;
    }
    file.flush()
}
