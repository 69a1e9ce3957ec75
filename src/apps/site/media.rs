//! What kind of file is this by its name, and how long may it be kept?
//!
//! The extension decides, since an answer's type must not depend on what is inside a file:
//! sniffing is how text becomes script. Fingerprinted names are told by how build tools
//! write them; a miss costs a revalidation, a false hit a stale year, so doubt says no.

use std::borrow::Cow;

/// The value for files whose name changes with their content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Folders that build tools fill, where a hash-like name is a hash with more certainty.
const BUILT: [&str; 7] = ["assets", "_astro", "_nuxt", "_next", "chunks", "static", "build"];

/// Gives the `Content-Type` for a file's path.
#[must_use]
pub fn content_type(path: &str) -> Cow<'static, str> {
    let name = file_name(path);
    // Apple fetches this name without extension and wants JSON.
    if name == "apple-app-site-association" {
        return Cow::Borrowed("application/json; charset=utf-8");
    }
    let Some(extension) = extension(name) else {
        return Cow::Borrowed("application/octet-stream");
    };
    if let Some(known) = common(extension) {
        return Cow::Borrowed(known);
    }
    let lowered = extension.to_ascii_lowercase();
    if let Some(known) = common(&lowered) {
        return Cow::Borrowed(known);
    }
    match mime_guess::from_ext(&lowered).first_raw() {
        Some(plain) if is_text(plain) => Cow::Owned(format!("{plain}; charset=utf-8")),
        Some(plain) => Cow::Borrowed(plain),
        None => Cow::Borrowed("application/octet-stream"),
    }
}

/// Tells whether compressing files of a type pays; most media are compressed already.
#[must_use]
pub fn is_compressible(content_type: &str) -> bool {
    let essence = essence(content_type);
    is_text(essence)
        || [
            "application/wasm",
            "application/rtf",
            "application/vnd.ms-fontobject",
            "application/x-font-ttf",
            "font/ttf",
            "font/otf",
            "font/collection",
            "image/bmp",
            "image/x-icon",
            "image/vnd.microsoft.icon",
            "model/gltf-binary",
        ]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
}

/// Gives the `Cache-Control` for a file's path and type.
#[must_use]
pub fn cache_control(path: &str, content_type: &str) -> &'static str {
    let essence = essence(content_type);
    if ["text/html", "application/xhtml+xml"].iter().any(|html| html.eq_ignore_ascii_case(essence))
    {
        "no-cache"
    } else if is_fingerprinted(path) {
        IMMUTABLE
    } else {
        "public, max-age=300"
    }
}

/// The types of the extensions most apps consist of, and those `mime_guess` has otherwise.
fn common(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "xml" => "text/xml; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        // The segments of a video stream; a browser runs no TypeScript.
        "ts" => "video/mp2t",
        "glb" => "model/gltf-binary",
        _ => return None,
    })
}

/// Tells whether a type without parameters is text, which needs a charset.
fn is_text(essence: &str) -> bool {
    let lowered = essence.to_ascii_lowercase();
    lowered.starts_with("text/")
        || lowered.ends_with("+json")
        || lowered.ends_with("+xml")
        || matches!(
            lowered.as_str(),
            "application/json"
                | "application/javascript"
                | "application/x-javascript"
                | "application/ecmascript"
                | "application/xml"
                | "application/x-ndjson"
                | "application/yaml"
                | "application/toml"
                | "application/graphql"
                | "application/sql"
        )
}

/// Tells whether a build tool put a hash of the content into the name.
fn is_fingerprinted(path: &str) -> bool {
    let mut folders = path.split('/').rev();
    let name = folders.next().unwrap_or_default();
    // SvelteKit promises it for the whole folder.
    if path.contains("_app/immutable/") {
        return true;
    }
    let built = folders.any(|folder| BUILT.contains(&folder));
    let code = extension(name).is_some_and(|extension| {
        matches!(extension, "js" | "mjs" | "css" | "map" | "wasm" | "woff" | "woff2")
    });
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or_default();
    // `main.<hash>.js`; the extension itself is too short to be one.
    if parts.any(|part| is_hex(part, 8) || is_rollup(part, code, built) || code && is_esbuild(part))
    {
        return true;
    }
    // `<hash>.js`, where a short one could as well be a word or number.
    if code && is_hex(first, 16) {
        return true;
    }
    if let Some((before, last)) = first.rsplit_once(['-', '_'])
        && !before.is_empty()
        && (is_hex(last, 8) || code && is_esbuild(last))
    {
        return true;
    }
    // Rollup's hashes may hold the dash themselves, so they are counted from the end.
    let Some(start) = first.len().checked_sub(8).filter(|start| *start >= 2) else { return false };
    first.as_bytes()[start - 1] == b'-'
        && first.get(start..).is_some_and(|token| is_rollup(token, code, built))
}

/// Webpack, Parcel: lower-case hex. Letters and digits must alternate, or `20240101`,
/// `decade20` and `deadbeef` would be hashes.
fn is_hex(token: &str, at_least: usize) -> bool {
    (at_least..=64).contains(&token.len())
        && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && turns(token) >= 2
}

/// esbuild: eight capitals and digits. Most are letters; `IMG23456` has too few.
fn is_esbuild(token: &str) -> bool {
    let letters = token.bytes().filter(u8::is_ascii_uppercase).count();
    token.len() == 8
        && token.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'))
        && (4..8).contains(&letters)
}

/// Rollup, Vite: eight of base64url in mixed case, and not `Carousel`, `Top10App`. Without
/// a digit, or with a dash as in `Final-V2`, only where build tools write.
fn is_rollup(token: &str, code: bool, built: bool) -> bool {
    let has = |class: fn(&u8) -> bool| token.as_bytes().iter().any(class);
    token.len() == 8
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && (built || has(u8::is_ascii_digit))
        && token.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || code && built && matches!(byte, b'-' | b'_')
        })
        && !is_words(token)
}

/// Tells whether every capital begins a word, as in `MyAppBar`; in a hash few do.
fn is_words(token: &str) -> bool {
    let bytes = token.as_bytes();
    bytes.iter().enumerate().all(|(index, byte)| {
        !byte.is_ascii_uppercase() || bytes.get(index + 1).is_some_and(u8::is_ascii_lowercase)
    })
}

/// Counts the changes between digits and others.
fn turns(token: &str) -> usize {
    let bytes = token.as_bytes();
    bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count()
}

fn essence(content_type: &str) -> &str {
    content_type.split_once(';').map_or(content_type, |(essence, _)| essence).trim()
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Gives what follows the last dot, unless that is the whole name.
fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extensions_decide_the_type() {
        let rows = [
            ("index.html", "text/html; charset=utf-8"),
            ("a/B.HTML", "text/html; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.min.mjs", "text/javascript; charset=utf-8"),
            ("a.js.map", "application/json; charset=utf-8"),
            ("a.json", "application/json; charset=utf-8"),
            ("site.webmanifest", "application/manifest+json; charset=utf-8"),
            ("a.svg", "image/svg+xml; charset=utf-8"),
            ("sitemap.xml", "text/xml; charset=utf-8"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("feed.atom", "application/atom+xml; charset=utf-8"),
            ("a.jsonld", "application/ld+json; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("a.avif", "image/avif"),
            ("a.woff2", "font/woff2"),
            ("a.pdf", "application/pdf"),
            ("a.unknownext", "application/octet-stream"),
            ("LICENSE", "application/octet-stream"),
            ("a.b/c", "application/octet-stream"),
            (".html", "application/octet-stream"),
            (".well-known/apple-app-site-association", "application/json; charset=utf-8"),
        ];
        for (path, expected) in rows {
            assert_eq!(content_type(path), expected, "{path}");
        }
    }

    #[test]
    fn common_types_agree_with_the_charset_rule() {
        for name in ["a.html", "a.css", "a.js", "a.json", "a.svg", "a.png", "a.wasm", "a.ttf"] {
            let whole = content_type(name);
            assert_eq!(is_text(essence(&whole)), whole.ends_with("; charset=utf-8"), "{name}");
        }
    }

    #[test]
    fn text_and_raw_formats_are_compressible() {
        for name in ["a.html", "a.css", "a.js", "a.json", "a.svg", "a.wasm", "a.ttf", "a.ico"] {
            assert!(is_compressible(&content_type(name)), "{name}");
        }
        for name in ["a.png", "a.jpg", "a.woff2", "a.mp4", "a.zip", "a.gz", "a.pdf", "a"] {
            assert!(!is_compressible(&content_type(name)), "{name}");
        }
        assert!(is_compressible("TEXT/HTML;charset=utf-8"));
        assert!(!is_compressible(""));
    }

    #[test]
    fn names_made_by_build_tools_are_immutable() {
        for path in [
            "assets/index-BxY12abC.js",
            "assets/index-DgkXvBcQ.css",
            "assets/index-D-3xkJ_a.js",
            "assets/logo-BxY12abC.svg",
            "index-BxY12abC.js",
            "index-BxY12abC.js.map",
            "main.3f2a9c1b.js",
            "static/js/main.3f2a9c1b.chunk.js",
            "static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg",
            "main-3f2a9c1b4d5e6f70.js",
            "3f2a9c1b4d5e6f708192.js",
            "app-ABCDEF12.css",
            "chunk-2QZ7TXPN.js",
            "main.BxY12abC.js",
            "_app/immutable/entry/start.js",
        ] {
            assert_eq!(cache_control(path, &content_type(path)), IMMUTABLE, "{path}");
        }
    }

    #[test]
    fn names_made_by_people_are_not_immutable() {
        for path in [
            "jquery-3.7.1.min.js",
            "bootstrap.bundle.min.js",
            "report-20240101.pdf",
            "report.20240101.pdf",
            "backup-2024-01-01.zip",
            "my-component.js",
            "app-settings.js",
            "assets/hero-Carousel.png",
            "assets/my-MyAppBar.js",
            "docs-Top10App.js",
            "photo-IMG12345.jpg",
            "photo-IMG23456.js",
            "report-Final-V2.pdf",
            "annual-REPORT24.pdf",
            "list-COMMENTS.js",
            "cafe-deadbeef.js",
            "the-decade20.css",
            "assets/DSC_0234.JPG",
            "favicon.ico",
            "app.js",
            "a",
            "",
            "-BxY12abC.js",
            "main.js",
            "a-éééé.js",
        ] {
            assert_eq!(cache_control(path, "text/javascript"), "public, max-age=300", "{path}");
        }
    }

    #[test]
    fn pages_are_revalidated() {
        assert_eq!(cache_control("a-BxY12abC.html", "text/html; charset=utf-8"), "no-cache");
        assert_eq!(cache_control("a.xhtml", "application/xhtml+xml"), "no-cache");
    }

    proptest! {
        #[test]
        fn any_name_is_judged_without_panic(path in any::<String>(), kind in any::<String>()) {
            let _ = cache_control(&path, &content_type(&path));
            let _ = (cache_control(&path, &kind), is_compressible(&kind));
        }
    }
}
