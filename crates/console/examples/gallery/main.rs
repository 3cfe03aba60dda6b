//! Writes every page of the console, made from made-up documents, into a folder: to be looked at without a server.
//!
//! `cargo run -p console --example gallery -- FOLDER`

mod access;
#[expect(clippy::unwrap_used, reason = "made-up documents that fit")]
mod audience;
mod calendar;
mod connections;
mod home;
mod jobs;
mod query_parts;
mod sandbox;
mod settings;
mod workbench;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use api::{Me, Role, Scope};
use console::{ASSETS, Chrome, Section};

/// A file name and its page.
type Pages = Vec<(String, String)>;

/// What surrounds the pages of somebody who may do this.
fn chrome(role: Role, section: Section) -> Chrome {
    let scope = match role {
        Role::Viewer => Scope::Read,
        Role::Editor => Scope::Edit,
        Role::Admin => Scope::Admin,
    };
    Chrome {
        me: Some(Me { name: "ada@example.com".into(), role, scope, token: None }),
        section,
        done: None,
        once: "0123456789abcdef".into(),
        sandbox: true,
        server: "http://127.0.0.1:8080".into(),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("a folder is missing")?);
    fs::create_dir_all(folder.join("assets"))?;
    for asset in &ASSETS {
        fs::write(folder.join("assets").join(asset.name), asset.bytes)?;
    }
    let pages = [
        access::pages(),
        audience::pages(),
        calendar::pages(),
        query_parts::pages(),
        connections::pages(),
        sandbox::pages(),
        home::pages(),
        jobs::pages(),
        settings::pages(),
        workbench::pages(),
    ];
    for (name, html) in pages.into_iter().flatten() {
        // Opened as files, pages find their assets beside them.
        fs::write(folder.join(format!("{name}.html")), html.replace("\"/assets/", "\"assets/"))?;
    }
    Ok(())
}
