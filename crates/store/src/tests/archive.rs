//! Backup and restore: one moment while others write, proved before anything is touched, nothing deleted.
//!
//! Knows the files, and builds backups that a stranger might send.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use expect_test::expect;
use model::BatchEnd;
use tempfile::tempdir;

use super::{content, fill, id, mark};
use crate::manifest::{Manifest, Packed, may_hold};
use crate::{BackupError, Include, OpenError, Replace, Store, backup, restore};

const ALL: Include = Include { results: true };

async fn save(directory: &Path, to: &Path) -> Result<crate::Backup, BackupError> {
    backup(directory, to, ALL, 1_790_000_900, &mut |_, _| {}).await
}

async fn put_back(from: &Path, directory: &Path, replace: Replace) -> Result<crate::Restored, BackupError> {
    restore(from, directory, replace, 77, &mut |_, _| {}).await
}

fn with_files(directory: &Path) {
    fs::create_dir_all(directory.join("tables/nested")).unwrap();
    fs::write(directory.join(format!("results/{}.parquet", id(1))), vec![1; 100_000]).unwrap();
    fs::write(directory.join("tables/contacts.csv"), "email\n").unwrap();
    fs::write(directory.join("tables/nested/more and a name that is longer than a hundred characters, so that the old form of the format cannot keep it.csv"), "x").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", directory.join("tables/link.csv")).unwrap();
}

fn entries(backup: &Path) -> Vec<String> {
    let mut archive = tar::Archive::new(File::open(backup).unwrap());
    let names = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
    names.map(|name| name.chars().take(60).collect()).collect()
}

#[tokio::test]
async fn a_backup_during_writes_restores_to_a_moment_of_them() {
    let (directory, other) = (tempdir().unwrap(), tempdir().unwrap());
    let store = fill(directory.path()).await;
    with_files(directory.path());
    let before = store.ledger(&id(1)).marks(120, 100_000).await.unwrap();
    assert!(before.is_empty());
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            let ledger = store.ledger(&id(1));
            let mut batch = 121;
            while !store.directory().join("stop").exists() {
                ledger.mark(mark(batch, [batch], BatchEnd::Acked), 1).await.unwrap();
                batch += 1;
            }
            batch - 121
        })
    };
    let file = other.path().join("sluice.backup");
    let mut told = Vec::new();
    let made = backup(directory.path(), &file, ALL, 1_790_000_900, &mut |done, total| told.push((done, total))).await;
    let made = made.unwrap();
    assert_eq!((made.files, told.last().copied()), (4, Some((made.bytes, made.bytes))));
    fs::write(directory.path().join("stop"), "").unwrap();
    let written = writing.await.unwrap();
    assert_eq!(entries(&file)[..3], ["manifest.json", "sluice.db", &format!("results/{}.parquet", id(1))]);
    let mut bytes = Vec::new();
    File::open(&file).unwrap().read_to_end(&mut bytes).unwrap();
    let key = fs::read(directory.path().join("master.key")).unwrap();
    assert!(!bytes.windows(40).any(|window| window == &key[..40]), "the master key is not in it");
    let left: Vec<_> = fs::read_dir(other.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["sluice.backup"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(matches!(save(directory.path(), &file).await, Err(BackupError::Exists { .. })));

    let fresh = other.path().join("fresh");
    let restored = put_back(&file, &fresh, Replace::Refuse).await.unwrap();
    assert_eq!((restored.made, restored.files, restored.aside), (1_790_000_900, 4, None));
    let again = Store::open(&fresh).await.unwrap();
    let later = again.ledger(&id(1)).marks(120, 100_000).await.unwrap();
    assert!(later.len() as u64 <= written);
    assert!((121..).zip(&later).all(|(number, mark)| mark.number == number), "a moment has no gaps");
    assert_eq!(fs::read(again.result_path(&id(1))).unwrap(), vec![1; 100_000]);
    assert!(fresh.join("tables/contacts.csv").exists() && !fresh.join("tables/link.csv").exists());
    let mut expected = content(&store).await.unwrap();
    let found = content(&again).await.unwrap();
    let job = expected.jobs.iter().position(|job| job.id == id(1)).unwrap();
    expected.ledgers[job].0.truncate(found.ledgers[job].0.len());
    assert_eq!(found, expected);
    again.close().await;
    // The key stays where it is kept; with it, the secrets open.
    fs::copy(directory.path().join("master.key"), fresh.join("master.key")).unwrap();
    let again = Store::open(&fresh).await.unwrap();
    assert!(again.secret("connection1", "secret 1").await.unwrap().is_some());
}

#[tokio::test]
async fn an_older_backup_moves_what_is_there_aside() {
    let (directory, other) = (tempdir().unwrap(), tempdir().unwrap());
    let store = fill(directory.path()).await;
    with_files(directory.path());
    let file = other.path().join("b.tar");
    save(directory.path(), &file).await.unwrap();
    let expected = content(&store).await.unwrap();
    let refused = put_back(&file, directory.path(), Replace::MoveAside).await.unwrap_err();
    assert!(matches!(refused, BackupError::InUse { .. }), "{refused}");
    store.ledger(&id(1)).mark(mark(500, [500], BatchEnd::Acked), 1).await.unwrap();
    store.close().await;
    let serving = Store::serve_lock(directory.path()).unwrap();
    assert!(matches!(put_back(&file, directory.path(), Replace::MoveAside).await, Err(BackupError::InUse { .. })));
    drop(serving);
    let refused = put_back(&file, directory.path(), Replace::Refuse).await.unwrap_err();
    assert!(matches!(refused, BackupError::Occupied { .. }), "{refused}");
    assert!(refused.hint().contains("--replace"));

    for again in 0..2 {
        let restored = put_back(&file, directory.path(), Replace::MoveAside).await.unwrap();
        let aside = restored.aside.unwrap();
        let name = if again == 0 { "before-restore-77".to_owned() } else { format!("before-restore-77-{again}") };
        assert_eq!(aside, directory.path().join(name));
        assert!(aside.join("sluice.db").exists() && aside.join("tables/contacts.csv").exists());
        assert!(directory.path().join("master.key").exists());
        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(content(&store).await.unwrap(), expected, "the note of the last commit does not stand against it");
        store.close().await;
    }
    let old = Store::open(&directory.path().join("before-restore-77")).await.unwrap();
    assert_eq!(old.ledger(&id(1)).marks(499, 9).await.unwrap().len(), 1, "nothing is lost");
}

#[tokio::test]
async fn damage_is_mended_by_the_command_that_its_message_names() {
    let (directory, other) = (tempdir().unwrap(), tempdir().unwrap());
    let store = fill(directory.path()).await;
    let expected = content(&store).await.unwrap();
    let file = other.path().join("b.tar");
    save(directory.path(), &file).await.unwrap();
    store.close().await;
    let database = directory.path().join("sluice.db");
    type Way = (&'static str, Replace, fn(&Path));
    let ways: [Way; 3] = [
        ("cut", Replace::MoveAside, |path| fs::write(path, &fs::read(path).unwrap()[..5_000]).unwrap()),
        ("empty", Replace::MoveAside, |path| fs::write(path, "").unwrap()),
        ("gone", Replace::Refuse, |path| fs::remove_file(path).unwrap()),
    ];
    for (name, replace, way) in ways {
        way(&database);
        let error = Store::open(directory.path()).await.unwrap_err();
        let command =
            if replace == Replace::Refuse { "`sluice restore FILE`" } else { "`sluice restore FILE --replace`" };
        assert!(error.hint().contains(command), "{name}: {}", error.hint());
        put_back(&file, directory.path(), replace).await.unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        assert_eq!(content(&store).await.unwrap(), expected, "{name}");
        store.close().await;
    }
}

/// Writes a backup with these entries; the manifest names `listed`.
fn forge(path: &Path, listed: &[(&str, &[u8])], entries: &[(&str, tar::EntryType, &[u8])]) {
    let sha = |bytes: &[u8]| crate::column::hexadecimal(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    let files = listed.iter().map(|(name, bytes)| Packed {
        path: (*name).to_owned(),
        bytes: bytes.len() as u64,
        sha256: sha(bytes),
    });
    let manifest = Manifest { sluice_backup: 1, made: 1, schema: 3, files: files.collect() };
    let text = serde_json::to_vec(&manifest).unwrap();
    let mut archive = tar::Builder::new(File::create(path).unwrap());
    let manifest = [("manifest.json", tar::EntryType::Regular, text.as_slice())];
    for (name, kind, bytes) in manifest.iter().chain(entries) {
        let mut header = tar::Header::new_gnu();
        // Written straight into the header: the builder would refuse what a stranger would not.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(if *kind == tar::EntryType::Regular { bytes.len() as u64 } else { 0 });
        if *kind != tar::EntryType::Regular {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_mode(0o4777);
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[tokio::test]
async fn a_backup_that_is_not_whole_or_not_ours_touches_nothing() {
    use tar::EntryType::{Link, Regular, Symlink};
    let (directory, other) = (tempdir().unwrap(), tempdir().unwrap());
    fill(directory.path()).await.close().await;
    let whole = other.path().join("whole.tar");
    save(directory.path(), &whole).await.unwrap();
    let whole = fs::read(whole).unwrap();
    let before = fs::read(directory.path().join("sluice.db")).unwrap();
    let bad = other.path().join("bad.tar");
    let (db, x): (&[u8], &[u8]) = (b"not a database", b"x");
    let cases: [(&str, &dyn Fn()); 12] = [
        ("text", &|| fs::write(&bad, "hello").unwrap()),
        ("empty", &|| fs::write(&bad, "").unwrap()),
        ("cut", &|| fs::write(&bad, &whole[..whole.len() / 2]).unwrap()),
        ("flipped", &|| {
            let mut bytes = whole.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&bad, bytes).unwrap();
        }),
        ("another database", &|| forge(&bad, &[("sluice.db", db)], &[("sluice.db", Regular, db)])),
        ("no database", &|| forge(&bad, &[("tables/x", x)], &[("tables/x", Regular, x)])),
        ("a way up", &|| {
            forge(
                &bad,
                &[("sluice.db", db), ("tables/../../x", x)],
                &[("sluice.db", Regular, db), ("tables/../../x", Regular, x)],
            );
        }),
        ("a way out", &|| {
            forge(&bad, &[("sluice.db", db), ("/tmp/x", x)], &[("sluice.db", Regular, db), ("/tmp/x", Regular, x)])
        }),
        ("a key", &|| {
            forge(
                &bad,
                &[("sluice.db", db), ("master.key", x)],
                &[("sluice.db", Regular, db), ("master.key", Regular, x)],
            )
        }),
        ("a link", &|| forge(&bad, &[("sluice.db", db)], &[("sluice.db", Symlink, b"")])),
        ("a second name", &|| {
            forge(&bad, &[("sluice.db", db), ("tables/x", x)], &[("sluice.db", Regular, db), ("tables/x", Link, b"")])
        }),
        ("more than listed", &|| {
            forge(&bad, &[("sluice.db", db)], &[("sluice.db", Regular, db), ("tables/x", Regular, x)])
        }),
    ];
    let mut said = String::new();
    for (name, make) in cases {
        make();
        let error = put_back(&bad, directory.path(), Replace::MoveAside).await.unwrap_err();
        let known = matches!(error, BackupError::Spoiled { .. } | BackupError::Database(OpenError::Damaged { .. }));
        assert!(known, "{name}: {error:?}");
        let text = match &error {
            BackupError::Spoiled { detail, .. } => detail.clone(),
            _ => "its database is damaged".into(),
        };
        said.push_str(&format!("{name}: {text}\n"));
        assert_eq!(fs::read(directory.path().join("sluice.db")).unwrap(), before, "{name}");
        let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().contains("restore")), "{name}: {names:?}");
    }
    expect![[r#"
        text: it is not a backup
        empty: it is not a backup
        cut: sluice.db has changed
        flipped: sluice.db has changed
        another database: its database is damaged
        no database: it holds no database
        a way up: tables/../../x is no file of a data directory
        a way out: /tmp/x is no file of a data directory
        a key: master.key is no file of a data directory
        a link: sluice.db is missing
        a second name: tables/x is missing
        more than listed: it holds files that are not in its list
    "#]]
    .assert_eq(&said);
    let missing = put_back(&other.path().join("nothing"), directory.path(), Replace::MoveAside).await;
    assert!(matches!(missing, Err(BackupError::File { .. })));
    assert!(matches!(save(other.path(), &bad).await, Err(BackupError::NoDatabase { .. })));
}

#[test]
fn only_files_of_a_data_directory_may_be_in_a_backup() {
    let cases = [
        ("sluice.db", true),
        ("results/1nb2ew100007.parquet", true),
        ("tables/a/b/c.csv", true),
        ("tables/…ünïcode.csv", true),
        ("tables", false),
        ("tables/", false),
        ("tables//x", false),
        ("tables/./x", false),
        ("tables/../master.key", false),
        ("/tables/x", false),
        ("./sluice.db", false),
        ("master.key", false),
        ("locks/x", false),
        ("tables/a\\b", false),
        ("tables/c:x", false),
        ("tables/a\0b", false),
        ("", false),
        ("tables/1/2/3/4/5/6/7/8", false),
    ];
    for (path, fits) in cases {
        assert_eq!(may_hold(path), fits, "{path:?}");
    }
}
