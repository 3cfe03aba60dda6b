//! Paths that are let through and paths that are not, links and `..` among them.

use std::fs;

use super::*;

struct Ground {
    folder: tempfile::TempDir,
    config: Config,
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["in/sub", "in-secret", "data/tables", "data/results", "outside", "empty", "second"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for name in [
            "in/a.csv",
            "in/b.csv",
            "in/sub/c.csv",
            "in/.hidden.csv",
            "in/_SUCCESS",
            "in-secret/s.csv",
            "second/z.csv",
            "data/tables/t.csv",
            "data/master.key",
            "data/sluice.db",
            "data/results/r.parquet",
            "outside/o.csv",
        ] {
            fs::write(at(name), "x\n1\n").unwrap();
        }
        let mut config = Config::new(at("data"));
        config.table_roots = vec![at("in"), at("second"), at("empty")];
        Ground { folder, config }
    }

    #[cfg(unix)]
    fn link(&self, to: &str, name: &str) {
        std::os::unix::fs::symlink(self.folder.path().join(to), self.folder.path().join(name)).unwrap();
    }

    /// The files bound, or the problem; the folder's own name is taken out.
    fn bind(&self, files: &str) -> String {
        let real = self.folder.path().canonicalize().unwrap();
        let files = files.replace("{}", &self.folder.path().to_string_lossy());
        let table = Table::parse(&format!("t={files}")).unwrap();
        let text = match Roots::of(&self.config).bind(table) {
            Ok(table) => table.paths.join(" "),
            Err(problem) => format!("no: {}", problem.message),
        };
        text.replace(&format!("{}/", real.display()), "")
    }
}

#[test]
fn files_under_the_roots() {
    let ground = Ground::new();
    let check = |files: &str, want: &str| assert_eq!(ground.bind(files), want, "{files}");
    check("a.csv", "in/a.csv");
    check("./sub/../a.csv", "in/a.csv");
    check("a.csv, sub/c.csv", "in/a.csv in/sub/c.csv");
    check("*.csv", "in/a.csv in/b.csv");
    check("**/*.csv", "in/a.csv in/b.csv in/sub/c.csv");
    check("{}/in/a.csv", "in/a.csv");
    check("../in/b.csv", "in/b.csv");
    check("{}/second/z.csv", "second/z.csv");
    check("{}/second", "second/z.csv");
    check(".", "in/a.csv in/b.csv");
    check("{}/data/tables/t.csv", "data/tables/t.csv");
    check("a.csv?delimiter=;", "in/a.csv");
}

#[test]
fn files_elsewhere() {
    let ground = Ground::new();
    let outside = |files: &str| {
        let said = ground.bind(files);
        assert!(said.ends_with("lies outside the table roots"), "{files}: {said}");
    };
    outside("{}/outside/o.csv");
    outside("{}/outside/not_there.csv");
    outside("{}/outside/*.csv");
    outside("../outside/o.csv");
    outside("sub/../../outside/o.csv");
    outside("*/../../outside/o.csv");
    outside("../in-secret/s.csv");
    outside("{}/in-secret/s.csv");
    outside("/etc/passwd");
    outside("/proc/self/environ");
    outside("..");
    outside("/");
    outside("{}/data/master.key");
    outside("{}/data/tables/../sluice.db");
    outside("{}/data");
    assert_eq!(ground.bind("https://example.com/x.csv"), "no: names an address");
    assert_eq!(ground.bind("file:///etc/passwd"), "no: names an address");
    assert_eq!(ground.bind("{}/empty").split(" is ").last(), Some("a folder without files"));
    assert!(ground.bind("none.csv").contains("there is no file"));
    assert!(ground.bind("none*.csv").contains("no file matches"));
}

#[test]
fn a_root_around_the_data_directory_opens_only_its_tables() {
    let mut ground = Ground::new();
    ground.config.table_roots = vec![ground.folder.path().to_owned(), ground.folder.path().join("data/results")];
    let inside = "no: leads into the server's data directory, which no table may read";
    for files in [
        "data/master.key?format=csv",
        "data/sluice.db?format=csv",
        "data/results/r.parquet",
        "data/*?format=csv",
        "data/tables/../master.key?format=csv",
        "**/master.key?format=csv",
        "data/results",
        "data",
        "{}/data/results/r.parquet",
    ] {
        assert_eq!(ground.bind(files), inside, "{files}");
    }
    assert_eq!(ground.bind("data/tables/t.csv"), "data/tables/t.csv");
    assert_eq!(ground.bind("outside/o.csv"), "outside/o.csv");
}

#[cfg(unix)]
#[test]
fn links_are_followed_before_the_check() {
    let ground = Ground::new();
    ground.link("outside/o.csv", "in/link.csv");
    ground.link("outside", "in/linked");
    ground.link("data/master.key", "in/key.csv");
    ground.link("in/a.csv", "in/fine.csv");
    ground.link("in", "alias");
    let check = |files: &str, want: &str| assert_eq!(ground.bind(files), want, "{files}");
    let outside = "no: a file behind this path lies outside the table roots";
    check("link.csv", outside);
    check("linked/o.csv", outside);
    check("linked/*.csv", outside);
    check("linked", outside);
    check("link*.csv", outside);
    check("key.csv", "no: leads into the server's data directory, which no table may read");
    check("fine.csv", "in/a.csv");
    // The way in leads over a name that is no root.
    check(
        "{}/alias/a.csv",
        "no: {}/alias/a.csv lies outside the table roots"
            .replace("{}/", &format!("{}/", ground.folder.path().display()))
            .replace(&format!("{}/", ground.folder.path().canonicalize().unwrap().display()), "")
            .as_str(),
    );

    // A root that is itself a link is the folder behind it.
    let mut ground = ground;
    ground.config.table_roots = vec![ground.folder.path().join("alias")];
    assert_eq!(ground.bind("a.csv"), "in/a.csv");
    assert_eq!(ground.bind("{}/in/a.csv"), "in/a.csv");
}
