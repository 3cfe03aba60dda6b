//! The files that pages load, embedded in the program.
//!
//! Each has its digest in its address, so a browser may keep it for good and an upgrade shows at once.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

/// An embedded file.
#[derive(Debug)]
pub struct Asset {
    /// Its name, the last part of its address.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

macro_rules! embedded {
    ($name:literal, $kind:literal) => {
        Asset { name: $name, kind: $kind, bytes: include_bytes!(concat!("../assets/", $name)) }
    };
}

/// All of them.
pub static ASSETS: [Asset; 6] = [
    embedded!("console.css", "text/css; charset=utf-8"),
    embedded!("console.js", "text/javascript; charset=utf-8"),
    embedded!("htmx.js", "text/javascript; charset=utf-8"),
    embedded!("morph.js", "text/javascript; charset=utf-8"),
    embedded!("editor.js", "text/javascript; charset=utf-8"),
    embedded!("sluice.svg", "image/svg+xml"),
];

/// A digest of all files: what is in the address of each.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for asset in &ASSETS {
        hasher.write(asset.bytes);
    }
    format!("{:016x}", hasher.finish())
});

/// The file of a name.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The address of a file.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{name}?{}", *DIGEST)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    fn templates(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { templates(&path) } else { vec![path] }).collect()
    }

    /// The script holds up what it can tell by this mark.
    #[test]
    fn whatever_asks_again_and_again_rests_while_nobody_looks() {
        let mut polls = 0;
        for path in templates(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")) {
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines().filter(|line| line.contains("hx-trigger=\"every ")) {
                polls += 1;
                assert!(line.contains("data-poll"), "{}: {line}", path.display());
            }
        }
        assert!(polls >= 5, "{polls}");
    }
}
