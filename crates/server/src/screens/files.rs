//! The files that pages load, compressed where a browser takes that.
//!
//! Pages themselves are never compressed: beside text from outside, their length would tell of what is secret in them.

use std::io::Write;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::refusal::Refusal;

/// Each file as gzip, made when the first page asks for one.
static SMALLER: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let smaller = console::ASSETS.iter().filter_map(|asset| Some((asset.name, smaller(asset.bytes)?)));
    smaller.collect()
});

fn smaller(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// `GET /assets/{name}`: its address changes with its content.
pub(crate) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = console::asset(&name) else {
        return Refusal::of_status(StatusCode::NOT_FOUND).into_response();
    };
    let about =
        [(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable"), (VARY, "accept-encoding")];
    let smaller = SMALLER.iter().find(|(name, _)| *name == asset.name && takes_gzip(&headers));
    match smaller {
        Some((_, bytes)) => (about, [(CONTENT_ENCODING, "gzip")], bytes.as_slice()).into_response(),
        None => (about, asset.bytes).into_response(),
    }
}

/// Whether a browser says that it takes gzip. Weights are looked at no further than whether one forbids it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
        gzip && weight != Some(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_takes_gzip_gets_it() {
        let cases = [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("identity", false),
            ("", false),
            ("x-gzip", false),
        ];
        for (said, want) in cases {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, said.parse().unwrap())]);
            assert_eq!(takes_gzip(&headers), want, "{said}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
