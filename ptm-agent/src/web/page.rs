//! The files of the live map, embedded.

use std::sync::LazyLock;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest;

/// A file of the page.
#[derive(Debug)]
pub(super) struct Asset {
    /// Its path below `page/`, and below `/assets/`.
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

macro_rules! assets {
    ($($path:literal: $content_type:expr,)*) => {
        &[$(Asset { path: $path, content_type: $content_type, bytes: include_bytes!(concat!("page/", $path)) }),*]
    };
}

/// Every file that is served; a test tells of one that is not here. `index.html` is what is at `/`.
pub(super) const ASSETS: &[Asset] = assets! {
    "cables.js": SCRIPT,
    "details.js": SCRIPT,
    "dom.js": SCRIPT,
    "draw.js": SCRIPT,
    "findings.js": SCRIPT,
    "frame.js": SCRIPT,
    "grid.js": SCRIPT,
    "history.js": SCRIPT,
    "index.html": HTML,
    "layout.js": SCRIPT,
    "list.js": SCRIPT,
    "main.js": SCRIPT,
    "matrix.js": SCRIPT,
    "model.js": SCRIPT,
    "order.js": SCRIPT,
    "panel.js": SCRIPT,
    "search.js": SCRIPT,
    "speech.js": SCRIPT,
    "strays.js": SCRIPT,
    "stream.js": SCRIPT,
    "style.css": STYLE,
    "tiers.js": SCRIPT,
    "vendor/d3-color.min.js": SCRIPT,
    "vendor/d3-dispatch.min.js": SCRIPT,
    "vendor/d3-drag.min.js": SCRIPT,
    "vendor/d3-ease.min.js": SCRIPT,
    "vendor/d3-interpolate.min.js": SCRIPT,
    "vendor/d3-selection.min.js": SCRIPT,
    "vendor/d3-timer.min.js": SCRIPT,
    "vendor/d3-transition.min.js": SCRIPT,
    "vendor/d3-zoom.min.js": SCRIPT,
    "viewport.js": SCRIPT,
    "words.js": SCRIPT,
};

/// The file of that path, unless the browser has it as it is.
pub(super) fn answer(path: &str, headers: &HeaderMap) -> Option<Response> {
    static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| ASSETS.iter().map(|asset| tag(asset.bytes)).collect());
    let index = ASSETS.iter().position(|asset| asset.path == path)?;
    let (asset, tag) = (&ASSETS[index], &TAGS[index]);
    // Asked for again each time, for an agent may be exchanged any time; it costs a head without a body.
    let head = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag) {
        return Some((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Some((head, [(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response())
}

/// Of what is in it, so that each version has its own.
fn tag(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    format!("\"{}\"", BASE64.encode(&digest.as_ref()[..12]))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every file below `page/` that a browser loads: not what is only for tests or for reading.
    fn files(directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !matches!(name, "tests" | "node_modules") {
                files(&path, found);
            }
            let is_test = name.contains(".test.");
            if path.extension().is_some_and(|it| it != "LICENSE" && it != "md" && it != "json") && !is_test {
                found.push(path.to_str().unwrap().split_once("/page/").unwrap().1.to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let mut there = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/page"), &mut there);
        there.sort_unstable();
        let mut served: Vec<_> = ASSETS.iter().map(|asset| asset.path).collect();
        served.sort_unstable();
        assert_eq!(served, there, "ASSETS in page.rs is to list each file once");
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let first = answer("index.html", &HeaderMap::new()).unwrap();
        assert_eq!((first.status(), &first.headers()["content-type"]), (StatusCode::OK, &HTML.parse().unwrap()));
        let tag = first.headers()["etag"].clone();
        let again = |value: String| {
            answer("index.html", &HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]))
        };
        let tag = tag.to_str().unwrap();
        assert_eq!(again(tag.to_owned()).unwrap().status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again(format!("\"other\", W/{tag}")).unwrap().status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again("\"other\"".to_owned()).unwrap().status(), StatusCode::OK);
        assert!(answer("../page.rs", &HeaderMap::new()).is_none());
    }
}
