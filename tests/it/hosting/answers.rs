//! Static answers: status, headers, conditions, ranges, encodings.

use std::{collections::HashSet, io::Read as _};

use reqwest::Method;

use crate::harness::{Answer, TestNode, until};

const HOST: &str = "hello.localhost";
/// What a browser of today accepts.
const BROWSER: (&str, &str) = ("accept-encoding", "gzip, deflate, br, zstd");

async fn node(files: &[(&str, &str)]) -> TestNode {
    let node = TestNode::start().await;
    node.deploy("hello", files).await;
    node
}

async fn get(node: &TestNode, path: &str, headers: &[(&str, &str)]) -> Answer {
    node.ask(Method::GET, HOST, path, headers).await
}

#[tokio::test]
async fn a_page_is_served_with_its_type_tag_and_guards() {
    let node = node(&[("index.html", "<h1>Hello</h1>")]).await;
    let page = node.get(HOST, "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text(), "<h1>Hello</h1>");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("accept-ranges", "bytes"),
        ("vary", "accept-encoding"),
        ("content-length", "14"),
        ("x-robots-tag", ""),
        ("content-encoding", ""),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    // The clock of the test stands at the version's birth.
    assert_eq!(page.header("last-modified"), "Fri, 20 Nov 2026 07:00:00 GMT");
    assert!(!page.header("date").is_empty());
}

#[tokio::test]
async fn a_type_and_a_lifetime_follow_from_the_name_of_a_file() {
    const YEAR: &str = "public, max-age=31536000, immutable";
    const MINUTES: &str = "public, max-age=300";
    let table = [
        ("page.html", "/page", "text/html; charset=utf-8", "no-cache"),
        ("style.css", "/style.css", "text/css; charset=utf-8", MINUTES),
        ("app.js", "/app.js", "text/javascript; charset=utf-8", MINUTES),
        ("app.mjs", "/app.mjs", "text/javascript; charset=utf-8", MINUTES),
        ("data.json", "/data.json", "application/json; charset=utf-8", MINUTES),
        ("x.svg", "/x.svg", "image/svg+xml; charset=utf-8", MINUTES),
        ("x.PNG", "/x.PNG", "image/png", MINUTES),
        ("x.woff2", "/x.woff2", "font/woff2", MINUTES),
        ("x.wasm", "/x.wasm", "application/wasm", MINUTES),
        ("x.pdf", "/x.pdf", "application/pdf", MINUTES),
        ("x.mp4", "/x.mp4", "video/mp4", MINUTES),
        ("notes.txt", "/notes.txt", "text/plain; charset=utf-8", MINUTES),
        (
            "site.webmanifest",
            "/site.webmanifest",
            "application/manifest+json; charset=utf-8",
            MINUTES,
        ),
        ("x.unheard", "/x.unheard", "application/octet-stream", MINUTES),
        ("LICENSE", "/LICENSE", "application/octet-stream", MINUTES),
        (
            "assets/app-4f9a1c2e.js",
            "/assets/app-4f9a1c2e.js",
            "text/javascript; charset=utf-8",
            YEAR,
        ),
        (
            "assets/index-B4kx9QzT.css",
            "/assets/index-B4kx9QzT.css",
            "text/css; charset=utf-8",
            YEAR,
        ),
        (
            "ünï cödé.txt",
            "/%C3%BCn%C3%AF%20c%C3%B6d%C3%A9.txt",
            "text/plain; charset=utf-8",
            MINUTES,
        ),
    ];
    let files: Vec<_> = table.iter().map(|(file, ..)| (*file, *file)).collect();
    let node = node(&files).await;
    for (file, path, media, lifetime) in table {
        let answer = node.get(HOST, path).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, file), "{path}");
        assert_eq!(answer.header("content-type"), media, "{path}");
        assert_eq!(answer.header("cache-control"), lifetime, "{path}");
    }
}

#[tokio::test]
async fn a_visitor_who_has_the_file_is_told_so_and_sent_nothing() {
    let node = node(&[("index.html", "<h1>Hello</h1>")]).await;
    let tag = node.get(HOST, "/").await.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "a strong tag: {tag}");
    let (list, weak) = (format!("\"other\", {tag}, W/\"more\""), format!("W/{tag}"));
    let (now, earlier) = ("Fri, 20 Nov 2026 07:00:00 GMT", "Fri, 20 Nov 2026 06:59:59 GMT");
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[("if-none-match", &tag)], 304),
        (&[("if-none-match", &list)], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"other\"")], 200),
        (&[("if-none-match", "")], 200),
        (&[("if-none-match", "\"a\""), ("if-none-match", &tag)], 304),
        (&[("if-modified-since", now)], 304),
        (&[("if-modified-since", "Sat, 21 Nov 2026 07:00:00 GMT")], 200),
        (&[("if-modified-since", earlier)], 200),
        (&[("if-modified-since", "yesterday")], 200),
        // The tag knows better than the date.
        (&[("if-none-match", "\"other\""), ("if-modified-since", now)], 200),
        (&[("if-none-match", &tag), ("if-modified-since", earlier)], 304),
        (&[("if-match", &tag)], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", "\"other\"")], 412),
        (&[("if-match", &weak)], 412),
        (&[("if-unmodified-since", earlier)], 412),
        (&[("if-unmodified-since", now)], 200),
    ];
    for (headers, status) in table {
        for method in [Method::GET, Method::HEAD] {
            let answer = node.ask(method, HOST, "/", headers).await;
            assert_eq!(answer.status, *status, "{headers:?}");
            if *status == 304 {
                assert_eq!(answer.body.len(), 0, "{headers:?}");
                assert_eq!(answer.header("etag"), tag, "{headers:?}");
                assert_eq!(answer.header("cache-control"), "no-cache", "{headers:?}");
                assert_eq!(answer.header("vary"), "accept-encoding", "{headers:?}");
            }
        }
    }
    node.deploy("hello", &[("index.html", "<h1>Hello again</h1>")]).await;
    let changed = get(&node, "/", &[("if-none-match", &tag)]).await;
    assert_eq!((changed.status.as_u16(), changed.text()), (200, "<h1>Hello again</h1>"));
}

#[tokio::test]
async fn a_range_is_answered_with_just_those_bytes() {
    let node = node(&[("ten.txt", "0123456789"), ("empty.txt", "")]).await;
    let table = [
        ("bytes=0-3", 206, "0123", "bytes 0-3/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=5-99", 206, "56789", "bytes 5-9/10"),
        ("bytes=9-9", 206, "9", "bytes 9-9/10"),
        ("BYTES=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=99-100, 2-3", 206, "23", "bytes 2-3/10"),
        ("bytes=3-1", 200, "0123456789", ""),
        ("bytes=a-b", 200, "0123456789", ""),
        ("lines=1-2", 200, "0123456789", ""),
        ("bytes=0-9,0-9,0-9", 200, "0123456789", ""),
        ("bytes=0-18446744073709551616", 206, "0123456789", "bytes 0-9/10"),
    ];
    for (range, status, body, content_range) in table {
        let answer = get(&node, "/ten.txt", &[("range", range)]).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (status, body), "{range}");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
        assert_eq!(answer.header("content-length"), body.len().to_string(), "{range}");
    }
    for range in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
        let answer = get(&node, "/ten.txt", &[("range", range)]).await;
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("content-range"), "bytes */10", "{range}");
    }
    let empty = get(&node, "/empty.txt", &[("range", "bytes=0-")]).await;
    assert_eq!((empty.status.as_u16(), empty.body.len()), (200, 0));
    // RFC 9110 §14.2 defines ranges for GET alone.
    let head = node.ask(Method::HEAD, HOST, "/ten.txt", &[("range", "bytes=0-3")]).await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "10"));
}

#[tokio::test]
async fn several_ranges_come_as_the_parts_of_one_body() {
    let node = node(&[("ten.txt", "0123456789")]).await;
    let answer = get(&node, "/ten.txt", &[("range", "bytes=0-1, 4-5,-2")]).await;
    assert_eq!(answer.status, 206);
    let media = answer.header("content-type");
    let boundary = media.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
    let part = |range: &str, bytes: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Range: bytes {range}/10\r\n\r\n{bytes}\r\n"
        )
    };
    let parts = [part("0-1", "01"), part("4-5", "45"), part("8-9", "89")].concat();
    assert_eq!(answer.text(), format!("{parts}--{boundary}--\r\n"));
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    assert_eq!(answer.header("content-range"), "");
}

#[tokio::test]
async fn a_range_of_a_file_that_changed_meanwhile_is_answered_with_all_of_it() {
    let node = node(&[("ten.txt", "0123456789")]).await;
    let answer = node.get(HOST, "/ten.txt").await;
    let (tag, date) = (answer.header("etag"), answer.header("last-modified"));
    let weak = format!("W/{tag}");
    for (condition, status) in [
        (tag, 206),
        (weak.as_str(), 200),
        ("\"other\"", 200),
        ("Fri, 20 Nov 2026 06:00:00 GMT", 200),
        ("nonsense", 200),
    ] {
        let headers = [("range", "bytes=0-3"), ("if-range", condition)];
        let answer = get(&node, "/ten.txt", &headers).await;
        assert_eq!(answer.status, status, "{condition}");
    }
    // A file past its end is no error to a visitor whose copy is out of date.
    let headers = [("range", "bytes=90-"), ("if-range", "\"other\"")];
    assert_eq!(get(&node, "/ten.txt", &headers).await.status, 200);
    assert_eq!(date, "Fri, 20 Nov 2026 07:00:00 GMT");
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let body = answer.body.as_slice();
    let mut out = Vec::new();
    match answer.header("content-encoding") {
        "br" => {
            brotli::Decompressor::new(body, 4_096).read_to_end(&mut out).expect("brotli");
        }
        "zstd" => out = zstd::decode_all(body).expect("zstd"),
        "gzip" => {
            flate2::read::GzDecoder::new(body).read_to_end(&mut out).expect("gzip");
        }
        "" => out = body.to_vec(),
        other => panic!("an encoding that was not made: {other}"),
    }
    out
}

#[tokio::test]
async fn a_compressible_file_comes_in_the_encoding_the_visitor_likes_best() {
    let page = "<p>the same words again and again</p>".repeat(50);
    let node = node(&[("index.html", &page), ("x.png", &page), ("y.png", "a picture")]).await;
    until("a brotli variant is served", async || {
        get(&node, "/", &[BROWSER]).await.header("content-encoding") == "br"
    })
    .await;
    let table = [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("zstd", "zstd"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip;q=0, zstd;q=0.001", "zstd"),
        ("gzip;q=0", ""),
        ("identity;q=0", ""),
        ("identity;q=0, gzip;q=0.5", "gzip"),
        ("identity, gzip;q=0.5", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("*;q=0.5, br;q=0", "zstd"),
        ("deflate", ""),
        ("compress, sdch", ""),
        ("", ""),
        ("br;q=nonsense, gzip", "gzip"),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"),
    ];
    let mut tags = HashSet::new();
    for (accepted, encoding) in table {
        let answer = get(&node, "/", &[("accept-encoding", accepted)]).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(unpacked(&answer), page.as_bytes(), "{accepted}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{accepted}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        tags.insert((encoding, answer.header("etag").to_owned()));
        let known = [("accept-encoding", accepted), ("if-none-match", answer.header("etag"))];
        assert_eq!(get(&node, "/", &known).await.status, 304, "{accepted}");
    }
    let each: HashSet<_> = tags.iter().map(|(_, tag)| tag).collect();
    assert_eq!((tags.len(), each.len()), (4, 4), "a tag for each encoding: {tags:?}");
    let ranged = get(&node, "/", &[BROWSER, ("range", "bytes=0-2")]).await;
    assert_eq!((ranged.text(), ranged.header("content-encoding")), ("<p>", ""));
    let image = get(&node, "/y.png", &[BROWSER]).await;
    assert_eq!((image.header("content-encoding"), image.header("vary")), ("", ""));
    // Whatever is sent compressed says that it depends on the visitor.
    let twin = get(&node, "/x.png", &[BROWSER]).await;
    assert_eq!(unpacked(&twin), page.as_bytes());
    assert_eq!(twin.header("vary").is_empty(), twin.header("content-encoding").is_empty());
    let head = node.ask(Method::HEAD, HOST, "/", &[BROWSER]).await;
    let whole = get(&node, "/", &[BROWSER]).await;
    assert_eq!(head.header("content-length"), whole.header("content-length"));
    assert_eq!(head.header("etag"), whole.header("etag"));
}

#[tokio::test]
async fn head_answers_as_get_does_but_for_the_body() {
    let files =
        [("index.html", "<h1>Hello</h1>"), ("empty.txt", ""), ("_redirects", "/old / 301\n")];
    let node = node(&files).await;
    for path in ["/", "/empty.txt", "/nowhere", "/old", "/index.html"] {
        let (get, head) =
            (node.get(HOST, path).await, node.ask(Method::HEAD, HOST, path, &[]).await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body.len(), 0, "{path}");
        for name in ["content-type", "etag", "location", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        if !get.status.is_redirection() {
            assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        }
    }
}

#[tokio::test]
async fn only_reading_is_allowed_and_the_refusal_says_what_is() {
    let node = node(&[("index.html", "<h1>Hello</h1>")]).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let answer = node.ask(method.clone(), HOST, "/", &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, "GET, HEAD"),
            "{method}"
        );
    }
    assert_eq!(node.get(HOST, "/").await.text(), "<h1>Hello</h1>");
}

#[tokio::test]
async fn an_app_without_a_page_for_errors_gets_a_plain_one_and_one_with_it_its_own() {
    let node = node(&[("index.html", "Hello")]).await;
    let plain = node.get(HOST, "/<script>alert(1)</script>").await;
    assert_eq!((plain.status.as_u16(), plain.header("cache-control")), (404, "no-cache"));
    assert!(plain.text().contains("404") && !plain.text().contains("<script>"));
    node.deploy("hello", &[("index.html", "Hello"), ("404.html", "Own words")]).await;
    let own = get(&node, "/nowhere", &[("range", "bytes=0-1"), ("if-none-match", "*")]).await;
    assert_eq!((own.status.as_u16(), own.text()), (404, "Own words"));
    assert_eq!((own.header("etag"), own.header("cache-control")), ("", "no-cache"));
}

#[tokio::test]
async fn the_headers_an_app_sets_go_before_fazts_own() {
    let headers = "/*\n  X-Frame-Options: DENY\n/old/*\n  Cache-Control: no-store\n\
                   /a.css\n  Cache-Control: public, max-age=1\n  Set-Cookie: a=1\n  Set-Cookie: b=2\n";
    let files = [("index.html", "Hello"), ("a.css", "a{}"), ("_headers", headers)];
    let node = node(&files).await;
    let page = node.get(HOST, "/").await;
    assert_eq!(
        (page.header("x-frame-options"), page.header("cache-control")),
        ("DENY", "no-cache")
    );
    let style = node.get(HOST, "/a.css").await;
    assert_eq!(style.header("cache-control"), "public, max-age=1");
    assert_eq!(style.header("x-frame-options"), "DENY");
    let known = get(&node, "/a.css", &[("if-none-match", "*")]).await;
    assert_eq!((known.status.as_u16(), known.header("cache-control")), (304, "public, max-age=1"));
    assert_eq!(node.get(HOST, "/nowhere").await.header("x-frame-options"), "DENY");
}
