//! Secrets: sealed in their place, refused with the wrong key, and whole after a rotation that was killed anywhere.
//!
//! Knows the files, and changes rows behind the store's back.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::tempdir;

use super::put_secret;
use crate::column::Seal;
use crate::keys::{Keys, MasterKey, MasterKeys};
use crate::sealed::{self, Place};
use crate::{KeyError, KeySource, OpenError, Store, StoreError, new_master_key};

const HERE: Place<'static> = Place { owner: "connection1", name: "client_secret" };

fn file(directory: &Path) -> KeySource {
    KeySource::File(directory.join("master.key"))
}

async fn secret(store: &Store, owner: &str, name: &str) -> Option<String> {
    store.secret(owner, name).await.unwrap().map(|secret| secret.expose_secret().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_record_opens_in_its_place_alone(value in "\\PC{0,200}", at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (key, other) = (MasterKey::new().unwrap(), MasterKey::new().unwrap());
        let record = sealed::seal(&key, HERE, &SecretString::from(value.as_str())).unwrap();
        let opened = sealed::open(&key, HERE, &record).unwrap();
        prop_assert_eq!(opened.expose_secret(), value.as_str());
        // The length says the size of the value to a block of 64 bytes.
        prop_assert_eq!((record.len() - 97) % 64, 0);
        prop_assert!(sealed::open(&other, HERE, &record).is_err());
        for elsewhere in [Place { owner: "connection2", ..HERE }, Place { name: "refresh_token", ..HERE }] {
            prop_assert!(sealed::open(&key, elsewhere, &record).is_err());
        }
        let mut flipped = record.clone();
        flipped[at.index(record.len())] ^= 1 << bit;
        prop_assert!(sealed::open(&key, HERE, &flipped).is_err());
        for length in [0, 1, 20, 96, record.len() - 1] {
            prop_assert!(sealed::open(&key, HERE, &record[..length]).is_err());
        }
        let again = sealed::rewrap(&key, &other, HERE, &record).unwrap();
        let opened = sealed::open(&other, HERE, &again).unwrap();
        prop_assert_eq!(opened.expose_secret(), value.as_str());
        prop_assert!(sealed::open(&key, HERE, &again).is_err());
    }
}

#[test]
fn keys_are_read_as_they_are_written_and_never_shown() {
    let line = new_master_key().unwrap();
    let (line, other) = (line.expose_secret(), new_master_key().unwrap());
    let both = format!("  {line},\n{}\r\n", other.expose_secret());
    let keys = MasterKeys::parse(&both, "here").unwrap();
    assert_eq!(*keys.first().line(), line);
    assert!(!format!("{keys:?}").contains(&line[13..]));
    for wrong in
        ["", "  ", "sluice-key-1:", "sluice-key-2:AAAA", &line[..40], &format!("{line} x"), &line.to_uppercase()]
    {
        let refused = MasterKeys::parse(wrong, "here").unwrap_err();
        assert!(matches!(refused, KeyError::Malformed { .. }), "{wrong}");
        assert!(wrong.len() < 14 || !refused.to_string().contains(&wrong[13..]), "{refused}");
    }
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_files() {
    let directory = tempdir().unwrap();
    let store = Store::open_keyed(directory.path(), file(directory.path())).await.unwrap();
    assert!(!directory.path().join("master.key").exists(), "made when it is first needed");
    let canary = "canary-0f6d2c";
    store.apply(vec![put_secret("c1", "client_secret", canary), put_secret("c1", "x", "")]).await.unwrap();
    store.apply(vec![put_secret("c2", "client_secret", &canary.repeat(20))]).await.unwrap();
    assert_eq!(secret(&store, "c1", "client_secret").await.as_deref(), Some(canary));
    assert_eq!(secret(&store, "c1", "x").await.as_deref(), Some(""));
    assert_eq!(secret(&store, "c1", "y").await, None);
    assert!(store.has_secret("c2", "client_secret").await.unwrap());
    store.apply(vec![crate::Change::DeleteSecrets { owner: "c2".into() }]).await.unwrap();
    assert!(!store.has_secret("c2", "client_secret").await.unwrap());
    for closed in [false, true] {
        if closed {
            store.clone().close().await;
        }
        for entry in fs::read_dir(directory.path()).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                let bytes = fs::read(entry.path()).unwrap();
                let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
                assert!(!found, "{}", entry.path().display());
            }
        }
    }
}

#[tokio::test]
async fn swapped_records_do_not_open() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.apply(vec![put_secret("c1", "s", "one"), put_secret("c2", "s", "two")]).await.unwrap();
    let options = SqliteConnectOptions::new().filename(directory.path().join("sluice.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let rows: Vec<(String, String, Vec<u8>)> =
        sqlx::query_as("SELECT owner, key_id, record FROM secret ORDER BY owner")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    for (owner, (_, key, record)) in [("c1", &rows[1]), ("c2", &rows[0])] {
        // With a proper checksum: whoever swaps rows can make one.
        let seal = Seal::of("secret").text(owner).text("s").text(key).bytes(record).value();
        let update = "UPDATE secret SET record = $2, seal = $3 WHERE owner = $1";
        sqlx::query(update).bind(owner).bind(record).bind(seal).execute(&mut connection).await.unwrap();
    }
    for owner in ["c1", "c2"] {
        let refused = store.secret(owner, "s").await.unwrap_err();
        assert!(matches!(refused, StoreError::Key(KeyError::Spoiled { .. })), "{refused}");
    }
}

/// The files whose bytes must not change.
fn bytes(directory: &Path) -> Vec<Option<Vec<u8>>> {
    ["sluice.db", "sluice.seen", "master.key"].iter().map(|name| fs::read(directory.join(name)).ok()).collect()
}

#[tokio::test]
async fn another_key_is_refused_and_nothing_is_changed() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.apply(vec![put_secret("c1", "s", "canary")]).await.unwrap();
    store.close().await;
    let path = directory.path().join("master.key");
    let right = fs::read_to_string(&path).unwrap();
    let wrong = new_master_key().unwrap();
    let mut said = String::new();
    let cases: [(&str, Option<&str>, KeySource); 4] = [
        ("wrong", Some(wrong.expose_secret()), file(directory.path())),
        ("missing", None, file(directory.path())),
        ("malformed", Some("hello"), file(directory.path())),
        ("wrong, given", Some(&right), KeySource::Given(wrong.clone())),
    ];
    for (name, text, source) in cases {
        match text {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let before = bytes(directory.path());
        let refused = Store::open_keyed(directory.path(), source).await.unwrap_err();
        assert!(matches!(refused, OpenError::Key(_)), "{name}: {refused}");
        assert_eq!(bytes(directory.path()), before, "{name}");
        let text = format!("{name}: {refused}: {}\n", refused.hint());
        said.push_str(&text.replace(&directory.path().display().to_string(), "DIR"));
    }
    expect_test::expect![[r#"
        wrong: the stored secrets are sealed with another master key than DIR/master.key: put the right key back (older keys may follow, one a line); if it is lost, `sluice keys forget` drops the stored secrets, which must then be entered again
        missing: the master key DIR/master.key is gone, and stored secrets need it: put the key back into DIR/master.key; if it is lost, `sluice keys forget` drops the stored secrets, which must then be entered again
        malformed: DIR/master.key holds no proper master key (entry 1): a key is written as sluice-key-1: and 32 bytes in base64, one a line, the current one first
        wrong, given: the stored secrets are sealed with another master key than the given one: put the right key back (older keys may follow, one a line); if it is lost, `sluice keys forget` drops the stored secrets, which must then be entered again
    "#]]
    .assert_eq(&said);
    // Without a key everything else works, and no other secret is sealed with a new key beside the old one.
    fs::remove_file(&path).unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    assert!(store.has_secret("c1", "s").await.unwrap());
    assert!(matches!(store.secret("c1", "s").await, Err(StoreError::Key(KeyError::Missing { .. }))));
    let refused = store.apply(vec![put_secret("c2", "s", "x")]).await;
    assert!(matches!(refused, Err(StoreError::Key(KeyError::Missing { .. }))), "{refused:?}");
    assert!(!path.exists());
    store.close().await;
    // A given key in the place of the file, then the way out.
    let store = Store::open_keyed(directory.path(), KeySource::Given(SecretString::from(right))).await.unwrap();
    assert_eq!(secret(&store, "c1", "s").await.as_deref(), Some("canary"));
    assert_eq!(store.forget_secrets().await.unwrap(), 1);
    store.close().await;
    let store = Store::open_keyed(directory.path(), KeySource::Given(wrong)).await.unwrap();
    store.apply(vec![put_secret("c1", "s", "new")]).await.unwrap();
    assert_eq!(secret(&store, "c1", "s").await.as_deref(), Some("new"));
}

/// Secrets in several transactions' worth.
async fn with_secrets(directory: &Path) -> Store {
    let store = Store::open_keyed(directory, file(directory)).await.unwrap();
    let changes = (0..100).map(|number| put_secret("c", &number.to_string(), &format!("value {number}"))).collect();
    store.apply(changes).await.unwrap();
    store
}

async fn check_secrets(store: &Store) {
    for number in 0..100 {
        assert_eq!(secret(store, "c", &number.to_string()).await, Some(format!("value {number}")));
    }
}

#[tokio::test]
async fn a_rotation_killed_anywhere_goes_on() {
    // Steps of a rotation of 100 records: file, note, four groups, file, end.
    let mut killed = 0;
    for step in 1.. {
        let directory = tempdir().unwrap();
        let store = with_secrets(directory.path()).await;
        let path = directory.path().join("master.key");
        let old = fs::read_to_string(&path).unwrap();
        let rotating = store.clone();
        let rotation = tokio::spawn(async move {
            let mut steps = 0;
            let mut told = |_, _| {
                steps += 1;
                if steps == step {
                    // Ends the task as a kill would, without a word.
                    std::panic::resume_unwind(Box::new("killed"));
                }
            };
            rotating.rotate_keys(&mut told).await
        });
        let dead = rotation.await.is_err();
        check_secrets(&store).await;
        store.apply(vec![put_secret("new", "s", "during")]).await.unwrap();
        let finished = if step % 2 == 0 {
            // The next start goes on by itself.
            store.close().await;
            Store::open_keyed(directory.path(), file(directory.path())).await.unwrap()
        } else {
            if dead {
                store.rotate_keys(&mut |_, _| {}).await.unwrap();
            }
            store
        };
        check_secrets(&finished).await;
        assert_eq!(secret(&finished, "new", "s").await.as_deref(), Some("during"));
        let now = fs::read_to_string(&path).unwrap();
        assert_eq!(now.lines().count(), 1, "step {step}");
        // The last step is told after the end: a call after it would be a second rotation, which is as good.
        assert!(!now.contains(old.trim()), "step {step}");
        finished.close().await;
        fs::write(&path, old).unwrap();
        let refused = Store::open_keyed(directory.path(), file(directory.path())).await;
        assert!(matches!(refused, Err(OpenError::Key(KeyError::Wrong { .. }))), "the old key is useless");
        if !dead {
            break;
        }
        killed += 1;
    }
    assert_eq!(killed, 8);
}

#[tokio::test]
async fn others_read_and_write_during_a_rotation() {
    let directory = tempdir().unwrap();
    let store = with_secrets(directory.path()).await;
    // Another process: it has the keys of before in memory.
    let other = Store::open_keyed(directory.path(), file(directory.path())).await.unwrap();
    check_secrets(&other).await;
    let writing = tokio::spawn(async move {
        for round in 0..30 {
            other.apply(vec![put_secret("other", "s", &round.to_string())]).await.unwrap();
            assert_eq!(secret(&other, "other", "s").await, Some(round.to_string()));
        }
        check_secrets(&other).await;
        other.close().await;
    });
    for _ in 0..3 {
        assert!(store.rotate_keys(&mut |_, _| {}).await.unwrap() >= 100);
    }
    writing.await.unwrap();
    check_secrets(&store).await;
    store.close().await;
    let again = Store::open_keyed(directory.path(), file(directory.path())).await.unwrap();
    check_secrets(&again).await;
}

#[tokio::test]
async fn given_keys_rotate_to_the_first_of_them() {
    let directory = tempdir().unwrap();
    let (old, new) = (new_master_key().unwrap(), new_master_key().unwrap());
    let both = || KeySource::Given(SecretString::from(format!("{} {}", new.expose_secret(), old.expose_secret())));
    let store = Store::open_keyed(directory.path(), KeySource::Given(old.clone())).await.unwrap();
    store.apply(vec![put_secret("c", "s", "canary")]).await.unwrap();
    let refused = store.rotate_keys(&mut |_, _| {}).await;
    assert!(matches!(refused, Err(StoreError::Key(KeyError::NothingNew))), "{refused:?}");
    store.close().await;
    // Put in front, it is rotated to at the start.
    let store = Store::open_keyed(directory.path(), both()).await.unwrap();
    assert_eq!(secret(&store, "c", "s").await.as_deref(), Some("canary"));
    store.close().await;
    assert!(!directory.path().join("master.key").exists());
    assert!(Store::open_keyed(directory.path(), KeySource::Given(old)).await.is_err());
    let store = Store::open_keyed(directory.path(), KeySource::Given(new.clone())).await.unwrap();
    assert_eq!(secret(&store, "c", "s").await.as_deref(), Some("canary"));
}

#[tokio::test]
async fn a_key_put_in_front_by_hand_is_rotated_to_however_it_is_separated() {
    for separator in [",", " ", ", ", "\n", "\r\n", ",\n"] {
        let directory = tempdir().unwrap();
        with_secrets(directory.path()).await.close().await;
        let path = directory.path().join("master.key");
        let (old, new) = (fs::read_to_string(&path).unwrap(), new_master_key().unwrap());
        fs::write(&path, format!("{}{separator}{old}", new.expose_secret())).unwrap();
        // The start goes on with what it takes for a rotation.
        let store = Store::open_keyed(directory.path(), file(directory.path())).await.unwrap();
        check_secrets(&store).await;
        store.close().await;
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", new.expose_secret()), "{separator:?}");
        let store = Store::open_keyed(directory.path(), file(directory.path())).await.unwrap();
        check_secrets(&store).await;
    }
}

#[test]
fn a_key_file_is_never_written_without_the_wanted_key() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("master.key");
    let keys = Keys::new(file(directory.path()), directory.path().to_owned());
    let (one, two, other) = (MasterKey::new().unwrap(), MasterKey::new().unwrap(), MasterKey::new().unwrap());
    let proper = format!("{},{}\n", *one.line(), *two.line());
    let broken = format!("{},hello\n", *one.line());
    let mut said = String::new();
    let cases = [("another", &proper, Some(other.id)), ("broken", &broken, Some(one.id)), ("new", &broken, None)];
    for (name, text, wanted) in cases {
        fs::write(&path, text).unwrap();
        let refused = match wanted {
            Some(id) => keys.keep_only(&path, id).unwrap_err(),
            None => keys.put_in_front(&path).unwrap_err(),
        };
        assert_eq!(&fs::read_to_string(&path).unwrap(), text, "{name}");
        said.push_str(&format!("{name}: {refused}\n").replace(&directory.path().display().to_string(), "DIR"));
    }
    expect_test::expect![[r#"
        another: the stored secrets are sealed with another master key than DIR/master.key
        broken: DIR/master.key holds no proper master key (entry 2)
        new: DIR/master.key holds no proper master key (entry 2)
    "#]]
    .assert_eq(&said);
    fs::write(&path, &proper).unwrap();
    let all = keys.put_in_front(&path).unwrap();
    assert!(all.get(one.id).is_some() && all.get(two.id).is_some() && all.first().id != one.id);
    keys.keep_only(&path, two.id).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", *two.line()));
}
