//! A file too large for memory: it streams, whole and by range, to the byte.

use reqwest::Method;

use crate::harness::TestNode;

const HOST: &str = "large.localhost";

/// Bytes in which every position looks different from its neighbours.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[tokio::test]
async fn a_file_above_the_caches_largest_entry_streams_byte_for_byte() {
    let node = TestNode::start_with(&[("cache.bytes", "1048576")]).await;
    let content = noise(12 << 20, 7);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("film.mp4"), &content).expect("written");
    std::fs::write(folder.path().join("index.html"), "<video src=film.mp4>").expect("written");
    let path = folder.path().to_str().expect("a plain path");
    let done = node.cli(&["deploy", path, "--name", "large"]).await;
    assert_eq!(done.code, 0, "{done:?}");

    let whole = node.get(HOST, "/film.mp4").await;
    assert_eq!(whole.status, 200);
    assert!(whole.body == content, "the whole file, {} bytes", whole.body.len());
    assert_eq!(whole.header("content-length"), content.len().to_string());
    assert_eq!(whole.header("content-type"), "video/mp4");
    let last = content.len() - 1;
    // Around the borders of the pieces in which it is stored, whatever they are.
    let ranges = [
        (0, 0),
        (0, 1_023),
        (65_535, 65_536),
        (262_143, 262_144),
        (1_048_575, 1_048_577),
        (4_194_303, 8_388_608),
        (last - 5, last),
        (1, last),
    ];
    for (first, end) in ranges {
        let range = format!("bytes={first}-{end}");
        let answer = node.ask(Method::GET, HOST, "/film.mp4", &[("range", &range)]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(
            answer.header("content-range"),
            format!("bytes {first}-{end}/{}", content.len()),
            "{range}"
        );
        assert!(answer.body == content[first..=end], "{range}");
    }
    let several = "bytes=1048570-1048580, -4";
    let several = node.ask(Method::GET, HOST, "/film.mp4", &[("range", several)]).await;
    assert_eq!(several.status, 206);
    assert_eq!(several.header("content-length"), several.body.len().to_string());
    for part in [&content[1_048_570..=1_048_580], &content[last - 3..]] {
        assert!(several.body.windows(part.len()).any(|window| window == part));
    }
    let past = [("range", "bytes=99999999-")];
    let past = node.ask(Method::GET, HOST, "/film.mp4", &past).await;
    assert_eq!(
        (past.status.as_u16(), past.header("content-range").to_owned()),
        (416, format!("bytes */{}", content.len()))
    );
    let head = node.ask(Method::HEAD, HOST, "/film.mp4", &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), content.len().to_string());
    let known = [("if-none-match", whole.header("etag"))];
    let known = node.ask(Method::GET, HOST, "/film.mp4", &known).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
}

#[tokio::test]
async fn a_page_for_errors_larger_than_the_cache_takes_is_shown_all_the_same() {
    let node = TestNode::start_with(&[("cache.bytes", "1048576")]).await;
    let page = "<p>nothing here</p>".repeat(10_000);
    node.deploy("large", &[("index.html", "Hello"), ("404.html", &page)]).await;
    let lost = node.get(HOST, "/nowhere").await;
    assert_eq!(lost.status, 404);
    assert!(lost.text() == page, "the app's own page: {} bytes", lost.body.len());
}
