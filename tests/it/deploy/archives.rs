//! Hostile and broken archives: refused whole, with nothing left behind.

use reqwest::Method;
use serde_json::Value;

use super::archive::{Member, archive, zip};
use crate::harness::{Answer, TestNode};

async fn send(node: &TestNode, bytes: Vec<u8>) -> Answer {
    let request = node.request(Method::POST, "/api/deploy?app=site");
    let request = request.bearer_auth(node.owner_token()).header("content-type", "application/zip");
    Answer::of(request.body(bytes)).await
}

/// The usual page, beside the member in question.
fn with(member: Member) -> Vec<u8> {
    archive(&[Member::file("index.html", "Hello"), member])
}

fn named(name: impl AsRef<[u8]>) -> Vec<u8> {
    with(Member::file(name, "x"))
}

fn plain() -> Member {
    Member::file("a.txt", "x")
}

fn bomb(claims: Option<u32>) -> Vec<u8> {
    let content = vec![0; 24 << 20];
    with(Member { content, deflate: true, claims, ..Member::file("bomb.bin", "") })
}

fn damaged() -> Vec<u8> {
    let mut bytes = zip(&[("index.html", "Hello"), ("a.txt", "the content of the file")]);
    let at = bytes.windows(7).position(|part| part == b"content").expect("it is stored as it is");
    bytes[at] ^= 1;
    bytes
}

#[tokio::test]
async fn an_archive_that_breaks_a_rule_is_refused_whole_and_names_the_entry() {
    let node = TestNode::start().await;
    let long = "a".repeat(2_000);
    let whole = zip(&[("index.html", "Hello")]);
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("slip", named("../evil.txt"), "evil.txt"),
        ("slip inside", named("a/../../evil.txt"), "evil.txt"),
        ("slip by a folder", with(Member::file("../evil/", "")), "evil"),
        ("backslash slip", named("..\\evil.txt"), "evil.txt"),
        ("absolute", named("/etc/passwd"), "etc/passwd"),
        ("drive", named("C:/evil.txt"), "evil.txt"),
        ("dot", named("./a.txt"), "a.txt"),
        ("double slash", named("a//b.txt"), "b.txt"),
        ("link", with(Member { mode: 0o120_777, ..plain() }), "a.txt"),
        ("device", with(Member { mode: 0o020_666, ..plain() }), "a.txt"),
        ("pipe", with(Member { mode: 0o010_666, ..plain() }), "a.txt"),
        ("encrypted", with(Member { flags: 1, ..plain() }), "a.txt"),
        ("duplicate", archive(&[plain(), plain()]), "a.txt"),
        ("case collision", archive(&[plain(), Member::file("A.txt", "y")]), "A.txt"),
        ("file and folder", archive(&[Member::file("a", "x"), Member::file("a/b", "y")]), "a"),
        ("bomb", bomb(None), "bomb.bin"),
        ("lying bomb", bomb(Some(10)), "bomb.bin"),
        ("claims too much", with(Member { claims: Some(u32::MAX - 1), ..plain() }), "a.txt"),
        ("claims too little", with(Member { claims: Some(0), ..plain() }), "a.txt"),
        ("NUL", named("a\0.txt"), "a\\0.txt"),
        ("newline", named("a\n.txt"), "a\\n.txt"),
        ("long", named(&long), "aaaa"),
        ("not UTF-8", named(b"caf\xe9.txt"), "caf"),
        ("empty name", named(""), ""),
        ("damaged", damaged(), "a.txt"),
        ("cut short", whole[..whole.len() - 10].to_vec(), "ZIP"),
        ("cut in the middle", whole[..whole.len() / 2].to_vec(), "ZIP"),
        ("no archive", b"<h1>Hello</h1>".to_vec(), "ZIP"),
        ("empty body", Vec::new(), "ZIP"),
        ("empty archive", archive(&[]), ""),
        ("only dotfiles", zip(&[(".env", "x"), (".git/config", "y")]), "no file"),
    ];
    for (what, bytes, part) in table {
        let answer = send(&node, bytes).await;
        let text = answer.text().to_owned();
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "BAD_ARCHIVE"),
            "{what}: {text}"
        );
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(part), "{what}: {message}");
        assert!(message.len() < 1_500 || what == "long", "{what}: {} characters", message.len());
        assert!(message.chars().all(|c| !c.is_control()), "{what}: {message:?}");
    }
    let apps = node.call(Method::GET, "/api/apps", None).await.data();
    assert_eq!(apps["total"], 0, "{apps}");
    assert_eq!(node.get("site.localhost", "/").await.status, 404);
    let spools = std::fs::read_dir(node.folder.path()).expect("the folder");
    let left = spools.filter_map(Result::ok).map(|entry| entry.file_name());
    assert_eq!(left.filter(|name| name.to_string_lossy().contains("spool")).count(), 0);
    // And the app that is there stays as it is.
    assert_eq!(send(&node, zip(&[("index.html", "one")])).await.data()["version"], 1);
    assert_eq!(send(&node, named("../evil.txt")).await.code(), "BAD_ARCHIVE");
    assert_eq!(node.get("site.localhost", "/").await.text(), "one");
    assert_eq!(send(&node, zip(&[("index.html", "two")])).await.data()["version"], 2);
}

#[tokio::test]
async fn an_archive_as_people_make_them_is_taken() {
    let node = TestNode::start().await;
    let texts = |data: &Value| data["warnings"].to_string();
    // A folder packed whole, as file managers do it.
    let wrapped = [("site/index.html", "in a folder"), ("site/a/b.txt", "deep")];
    let data = send(&node, zip(&wrapped)).await.data();
    assert!(texts(&data).contains("`site`"), "{data}");
    assert_eq!(node.get("site.localhost", "/").await.text(), "in a folder");
    assert_eq!(node.get("site.localhost", "/a/b.txt").await.text(), "deep");
    // Deflated, with folders of their own, what a Mac leaves, and nothing we serve.
    let members = [
        Member::file("assets/", ""),
        Member { deflate: true, ..Member::file("assets/app.js", "run();".repeat(1_000)) },
        Member::file("index.html", "plain"),
        Member::file(".DS_Store", "x"),
        Member::file("node_modules/x/index.js", "x"),
        Member { mode: 0, ..Member::file("größe.txt", "ü") },
    ];
    let data = send(&node, archive(&members)).await.data();
    assert_eq!(data["files"], 3, "{data}");
    assert_eq!(node.get("site.localhost", "/assets/app.js").await.body.len(), 6_000);
    assert_eq!(node.get("site.localhost", "/gr%C3%B6%C3%9Fe.txt").await.text(), "ü");
    // Zeros of a size that harms nobody compress better than a bomb's limit.
    let zeros = Member { deflate: true, ..Member::file("zeros.bin", vec![0; 2 << 20]) };
    let data = send(&node, with(zeros)).await.data();
    assert_eq!(data["bytes"], (2 << 20) + 5);
}
