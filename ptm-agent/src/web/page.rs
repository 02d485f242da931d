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
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! assets {
    ($($path:literal: $content_type:expr,)*) => {
        &[$(Asset { path: $path, content_type: $content_type, bytes: include_bytes!(concat!("page/", $path)) }),*]
    };
}

/// Every file that is served; a test tells of one that is not here. `index.html` is what is at `/`. The licences of what
/// is in `vendor/` go wherever it goes, so they are in the program too.
pub(super) const ASSETS: &[Asset] = assets! {
    "index.html": HTML,
    "style.css": CSS,
    "cables.js": JAVASCRIPT,
    "details.js": JAVASCRIPT,
    "dock.js": JAVASCRIPT,
    "dom.js": JAVASCRIPT,
    "draw.js": JAVASCRIPT,
    "findings.js": JAVASCRIPT,
    "frame.js": JAVASCRIPT,
    "grid.js": JAVASCRIPT,
    "history.js": JAVASCRIPT,
    "layout.js": JAVASCRIPT,
    "list.js": JAVASCRIPT,
    "main.js": JAVASCRIPT,
    "matrix.js": JAVASCRIPT,
    "model.js": JAVASCRIPT,
    "order.js": JAVASCRIPT,
    "panel.js": JAVASCRIPT,
    "place.js": JAVASCRIPT,
    "search.js": JAVASCRIPT,
    "speech.js": JAVASCRIPT,
    "strays.js": JAVASCRIPT,
    "stream.js": JAVASCRIPT,
    "tiers.js": JAVASCRIPT,
    "viewport.js": JAVASCRIPT,
    "words.js": JAVASCRIPT,
    "vendor/LICENSE": TEXT,
    "vendor/LICENSE-d3-ease": TEXT,
    "vendor/d3-dispatch.min.js": JAVASCRIPT,
    "vendor/d3-drag.min.js": JAVASCRIPT,
    "vendor/d3-ease.min.js": JAVASCRIPT,
    "vendor/d3-interpolate.min.js": JAVASCRIPT,
    "vendor/d3-selection.min.js": JAVASCRIPT,
    "vendor/d3-timer.min.js": JAVASCRIPT,
    "vendor/d3-transition.min.js": JAVASCRIPT,
    "vendor/d3-zoom.min.js": JAVASCRIPT,
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

    /// Every file below `page/` but those that are for who works on it.
    fn files(root: &Path, directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                files(root, &path, found);
            } else if !matches!(name, "README.md" | "package.json") {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let mut there = Vec::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/page");
        files(&root, &root, &mut there);
        there.sort_unstable();
        let mut served: Vec<_> = ASSETS.iter().map(|asset| asset.path).collect();
        served.sort_unstable();
        assert_eq!(served, there, "ASSETS in page.rs is to list each file once");
    }

    /// What stands between `before` and the next quote.
    fn quoted<'t>(text: &'t str, before: &'t str) -> impl Iterator<Item = &'t str> {
        text.split(before).skip(1).filter_map(|rest| rest.split(['"', '\'']).next())
    }

    #[test]
    fn the_page_asks_for_nothing_that_is_not_served() {
        let is_served = |path: &str| ASSETS.iter().any(|asset| asset.path == path);
        let text = |asset: &Asset| str::from_utf8(asset.bytes).unwrap();
        let index = text(&ASSETS[0]);
        let assets: Vec<_> =
            quoted(index, "src=\"").chain(quoted(index, "href=\"assets/").map(|_| "assets/style.css")).collect();
        assert!(assets.len() > 5, "{assets:?}");
        for path in assets {
            assert!(path.strip_prefix("assets/").is_some_and(is_served), "index.html asks for {path}");
        }
        for asset in ASSETS.iter().filter(|asset| asset.content_type == JAVASCRIPT && !asset.path.contains('/')) {
            for path in quoted(text(asset), "from './") {
                assert!(is_served(path), "{} imports {path}", asset.path);
            }
            assert!(!text(asset).contains("innerHTML"), "{} makes markup of text", asset.path);
        }
    }

    #[test]
    fn the_page_is_light() {
        let bytes: usize = ASSETS.iter().map(|asset| asset.bytes.len()).sum();
        assert!(bytes < 235_000, "{bytes} bytes");
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
