//! The examples with functions, used as visitors use them, with all that they get wrong.

use reqwest::{
    Method,
    header::HOST,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::{HTML, NONE, deployed, holds, policy};
use crate::harness::{Answer, TestNode};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: (&str, &str) = ("content-type", "application/json");
/// An id that nobody has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

async fn send(
    node: &TestNode,
    host: &str,
    method: Method,
    path: &str,
    media: &str,
    body: &str,
) -> Answer {
    let request = node.request(method, path).header(HOST, host).header("content-type", media);
    Answer::of(request.body(body.to_owned())).await
}

/// The texts between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[tokio::test]
async fn api_hello_greets_by_query_path_and_body_and_counts() {
    let (node, host) = deployed("api-hello").await;
    holds(
        &node,
        &host,
        &[
            ("/", 200, HTML, "<form action=\"/api/hello\">"),
            ("/hello.js", 200, ("content-type", "text/javascript; charset=utf-8"), "fetch"),
            ("/README.md", 404, NONE, ""),
            ("/api/hello", 200, JSON, r#"{"message":"Hello, stranger.","greetings":1}"#),
            ("/api/hello?name=Ann", 200, JSON, r#"{"message":"Hello, Ann.","greetings":2}"#),
            ("/api/hello?name=%20%20", 200, JSON, "Hello, stranger."),
            ("/api/hello/", 308, ("location", "/api/hello"), ""),
            ("/api/hello/Bj%C3%B6rn", 200, JSON, r#"{"message":"Hello, Björn.","greetings":4}"#),
            ("/api/hello/Ann/Bob", 404, NONE, ""),
            ("/api/_lib/greet", 404, NONE, ""),
            ("/api/hello/index.js/x", 404, NONE, ""),
        ],
    )
    .await;
    let post = async |media: &str, body: &str| {
        let answer = send(&node, &host, Method::POST, "/api/hello", media, body).await;
        (answer.status.as_u16(), answer.json())
    };
    let greeted = post("application/json", r#"{"name":"Ann"}"#).await;
    assert_eq!(greeted, (200, json!({ "message": "Hello, Ann.", "greetings": 5 })));
    assert_eq!(post(FORM, "name=Bob").await.1["message"], "Hello, Bob.");
    for body in ["{", "[]", "null", r#"{"name":7}"#, ""] {
        let (status, answer) = post("application/json", body).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(answer, json!({ "error": r#"send JSON: {"name": "Ann"}"# }), "{body}");
    }
    let long = format!("/api/hello?name={}", "ä".repeat(2000));
    let long = node.get(&host, &long).await.json();
    assert_eq!(long["message"], format!("Hello, {}.", "ä".repeat(40)));
    let put = node.ask(Method::PUT, &host, "/api/hello", &[]).await;
    assert_eq!((put.status.as_u16(), put.header("allow")), (405, "GET, HEAD, OPTIONS, POST"));
}

#[tokio::test]
async fn guestbook_is_signed_shown_and_paged() {
    let (node, host) = deployed("guestbook").await;
    let empty = node.get(&host, "/").await;
    assert_eq!((empty.status.as_u16(), empty.header("content-type")), (200, HTML.1));
    assert!(empty.text().contains("Nobody has signed yet") && empty.text().contains("0 entries"));
    assert!(policy(&empty).starts_with("default-src 'none'") && !policy(&empty).contains("script"));
    let sign = async |body: &str| send(&node, &host, Method::POST, "/api/book", FORM, body).await;

    let id = between(empty.text(), "name=\"id\" value=\"", "\"")[0].to_owned();
    let body =
        format!("id={id}&name=Ann+%26+Bob&text=%3Cscript%3Ealert(1)%3C/script%3E%0D%0A%22hi%22");
    for _ in 0..2 {
        let signed = sign(&body).await;
        assert_eq!((signed.status.as_u16(), signed.header("location")), (303, "/"));
    }
    let page = node.get(&host, "/").await;
    let text = page.text();
    assert!(text.contains("One entry"), "a form sent twice signs once: {text}");
    assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;\n&quot;hi&quot;"), "{text}");
    assert!(text.contains("Ann &amp; Bob, <time") && !text.contains("<script"), "{text}");

    // What is wrong stands beside its field, and nothing is lost.
    let long = format!("name={}&text={}", "n".repeat(61), "%22%3E");
    for (body, name, words) in [
        ("name=&text=", "Write your name.", "Write a few words."),
        ("", "Write your name.", "Write a few words."),
        ("name=+&text=x", "Write your name.", "x</textarea>"),
        (&long, "60 characters at most", "&quot;&gt;</textarea>"),
        (
            &format!("name=\"&text={}", "t".repeat(501)),
            "value=\"&quot;\"",
            "500 characters at most",
        ),
    ] {
        let answer = sign(body).await;
        assert_eq!(answer.status, 422, "{body}");
        for part in [name, words, "aria-invalid=\"true\"", "role=\"alert\""] {
            assert!(answer.text().contains(part), "{body}: {part}: {}", answer.text());
        }
    }
    let refused = send(&node, &host, Method::POST, "/api/book", "text/plain", "name=Ann").await;
    assert_eq!(refused.status, 422);

    for n in 0..12 {
        assert_eq!(sign(&format!("name=N&text=number-{n}.")).await.status, 303);
        node.clock.pass(jiff::SignedDuration::from_secs(1));
    }
    let first = node.get(&host, "/").await;
    assert!(first.text().contains("13 entries"));
    assert_eq!(first.text().matches("<li>").count(), 10);
    let older = between(first.text(), "href=\"/?after=", "\"")[0];
    let second = node.get(&host, &format!("/?after={older}")).await;
    assert_eq!(second.status, 200, "{}", second.text());
    assert_eq!(second.text().matches("<li>").count(), 3, "{}", second.text());
    assert!(!second.text().contains("?after=") && second.text().contains(">Newest</a>"));
    let both = format!("{}{}", first.text(), second.text());
    for n in 0..12 {
        assert_eq!(both.matches(&format!("number-{n}.")).count(), 1, "{n}");
    }
    let lost = node.get(&host, "/?after=nonsense").await;
    assert_eq!((lost.status.as_u16(), lost.header("content-type")), (400, HTML.1));
    assert!(lost.text().contains("no such page"));
    let deleted = node.ask(Method::DELETE, &host, "/api/book", &[]).await;
    assert_eq!(deleted.status, 405);
}

#[tokio::test]
async fn todo_keeps_a_list_over_rest() {
    let (node, host) = deployed("todo").await;
    holds(
        &node,
        &host,
        &[
            ("/", 200, HTML, "<h1>To do</h1>"),
            ("/api/todos", 200, JSON, r#"{"todos":[]}"#),
            ("/api/todos/none", 404, JSON, "there is no todo none"),
        ],
    )
    .await;
    assert!(policy(&node.get(&host, "/").await).contains("script-src 'self'"));
    let call = async |method: Method, path: &str, body: &str| {
        let answer = send(&node, &host, method, path, "application/json", body).await;
        let value = if answer.body.is_empty() { Value::Null } else { answer.json() };
        (answer.status.as_u16(), value, answer.header("location").to_owned())
    };
    let (status, todo, path) = call(Method::POST, "/api/todos", r#"{"title":" Bread "}"#).await;
    assert_eq!((status, &todo["title"], &todo["done"]), (201, &json!("Bread"), &json!(false)));
    assert_eq!(path, format!("/api/todos/{}", todo["id"].as_str().expect("an id")));
    assert_eq!(node.get(&host, &path).await.json(), todo);
    node.clock.pass(jiff::SignedDuration::from_secs(1));
    let (_, second, _) = call(Method::POST, "/api/todos", r#"{"title":"Milk"}"#).await;

    let (status, done, _) = call(Method::PATCH, &path, r#"{"done":true}"#).await;
    assert_eq!((status, &done["done"], &done["title"]), (200, &json!(true), &json!("Bread")));
    let (status, named, _) = call(Method::PATCH, &path, r#"{"title":"Rye","id":"x"}"#).await;
    assert_eq!((status, &named["title"], &named["id"]), (200, &json!("Rye"), &todo["id"]));
    assert_eq!(node.get(&host, "/api/todos").await.json(), json!({ "todos": [named, second] }));

    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(201));
    for body in ["", "title=Bread", "[]", "null", r#"{"title":" "}"#, r#"{"title":5}"#, &long] {
        let (status, answer, _) = call(Method::POST, "/api/todos", body).await;
        assert!(status == 422 && answer["error"].is_string(), "{body}: {status} {answer}");
    }
    for body in ["", "{}", r#"{"done":1}"#, r#"{"title":""}"#, r#"{"done":true,"title":null}"#] {
        let (status, answer, _) = call(Method::PATCH, &path, body).await;
        assert!(status == 422 && answer["error"].is_string(), "{body}: {status} {answer}");
    }
    assert_eq!(call(Method::PATCH, "/api/todos/none", r#"{"done":true}"#).await.0, 404);
    assert_eq!(call(Method::PUT, "/api/todos", "{}").await.0, 405);
    assert_eq!(call(Method::DELETE, &path, "").await.0, 204);
    assert_eq!(call(Method::DELETE, &path, "").await.0, 404);
    assert_eq!(node.get(&host, "/api/todos").await.json(), json!({ "todos": [second] }));
}

/// Sends files in the field of a form.
async fn upload(node: &TestNode, host: &str, files: &[(&str, &str, Vec<u8>)]) -> Answer {
    let mut form = Form::new().text("note", "no file");
    for (name, media, data) in files {
        let part = Part::bytes(data.clone()).file_name((*name).to_owned());
        form = form.part("file", part.mime_str(media).expect("a media type"));
    }
    let request = node.request(Method::POST, "/api/files").header(HOST, host);
    Answer::of(request.multipart(form)).await
}

#[tokio::test]
async fn uploads_are_kept_listed_downloaded_and_deleted() {
    let (node, host) = deployed("uploads").await;
    let empty = node.get(&host, "/").await;
    assert_eq!((empty.status.as_u16(), empty.header("content-type")), (200, HTML.1));
    assert!(empty.text().contains("0 files") && empty.text().contains("multipart/form-data"));

    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let sent = upload(
        &node,
        &host,
        &[
            ("dot.png", "image/png", vec![137, 80, 78, 71]),
            ("../../Grüße & <b>'1'.bin", "application/octet-stream", bytes.clone()),
        ],
    )
    .await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/"));
    let page = node.get(&host, "/").await;
    let text = page.text();
    assert!(
        text.contains("2 files") && text.contains("68.4 KiB") && text.contains("4 B"),
        "{text}"
    );
    assert!(
        text.contains("Grüße &amp; &lt;b&gt;&#39;1&#39;.bin") && !text.contains(".."),
        "{text}"
    );
    // The picture of the list comes from the store itself.
    let picture = between(text, "<img src=\"", "\"")[0].replace("&amp;", "&");
    let picture = node.get(&host, &picture).await;
    assert_eq!((picture.status.as_u16(), picture.body.as_slice()), (200, &[137, 80, 78, 71][..]));
    assert_eq!(picture.header("content-type"), "image/png");

    let rows = between(text, "<li>", "</li>");
    let row = rows.iter().find(|row| row.contains("Grüße")).expect("its row");
    let path = between(row, "<a href=\"", "\"")[0].to_owned();
    let got = node.get(&host, &path).await;
    assert_eq!((got.status.as_u16(), got.body == bytes), (200, true));
    assert_eq!(
        got.header("content-disposition"),
        "attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%26%20%3Cb%3E%271%27.bin"
    );
    assert_eq!(got.header("content-security-policy"), "sandbox");
    let head = node.ask(Method::HEAD, &host, &path, &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));

    let nothing = upload(&node, &host, &[]).await;
    assert_eq!(nothing.status, 422);
    assert!(nothing.text().contains("Choose a file first."));
    let other = send(&node, &host, Method::POST, "/api/files", "text/plain", "hello").await;
    assert_eq!(other.status, 422);
    let broken = send(&node, &host, Method::POST, "/api/files", "multipart/form-data", "x").await;
    assert_eq!(broken.status, 422);
    let long = vec![0; 5 * 1024 * 1024 + 1];
    let long = upload(&node, &host, &[("long.bin", "application/octet-stream", long)]).await;
    assert_eq!(long.status, 413);
    assert!(long.text().contains("long.bin is longer than 5.0 MiB."), "{}", long.text());
    let huge = vec![0; 11 * 1024 * 1024];
    let huge = upload(&node, &host, &[("huge.bin", "application/octet-stream", huge)]).await;
    assert_eq!((huge.status.as_u16(), huge.code().as_str()), (413, "REQUEST_TOO_LARGE"));
    assert!(node.get(&host, "/").await.text().contains("2 files"), "nothing refused is kept");

    let deleted = send(&node, &host, Method::POST, &path, FORM, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.header("location")), (303, "/"));
    for (method, path, status) in [
        (Method::GET, path.as_str(), 404),
        (Method::POST, &path, 404),
        (Method::DELETE, &path, 404),
        (Method::GET, "/api/files/none", 404),
        (Method::GET, &format!("/api/files/{NOBODY}"), 404),
        (Method::DELETE, "/api/files/..%2F..", 405),
        (Method::PUT, "/api/files", 405),
    ] {
        assert_eq!(node.ask(method, &host, path, &[]).await.status, status, "{path}");
    }
    let left = between(node.get(&host, "/").await.text(), "<a href=\"", "\"")[0].to_owned();
    assert_eq!(node.ask(Method::DELETE, &host, &left, &[]).await.status, 204);
    assert!(node.get(&host, "/").await.text().contains("0 files"));
}

#[tokio::test]
async fn notes_tell_a_visitor_that_nobody_is_signed_in() {
    let (node, host) = deployed("notes-ts").await;
    let admin = format!("http://admin.localhost:{}", node.address().port());
    let who = node.get(&host, "/api/me").await.json();
    let login = format!("{admin}/login");
    assert_eq!(who, json!({ "user": null, "login": login, "logout": format!("{admin}/logout") }));
    for (method, path) in [
        (Method::GET, "/api/notes"),
        (Method::POST, "/api/notes"),
        (Method::GET, "/api/notes/1"),
        (Method::PATCH, "/api/notes/1"),
        (Method::DELETE, "/api/notes/1"),
    ] {
        let answer = node.ask(method.clone(), &host, path, &[]).await;
        let told = (answer.status.as_u16(), answer.code());
        assert_eq!(told, (401, "UNAUTHORIZED".to_owned()), "{method} {path}");
        let answer = node.ask(method, &host, path, &[("accept", "text/html")]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, login.as_str()));
    }
    holds(
        &node,
        &host,
        &[
            ("/", 200, HTML, "Nobody is signed in"),
            ("/README.md", 404, NONE, ""),
            ("/api/fazt", 404, NONE, ""),
        ],
    )
    .await;
}

/// A request of somebody who is signed in, as `fazt run --as-user` makes it.
async fn as_user(
    node: &TestNode,
    who: &str,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let mut call = json!({ "method": method, "path": path, "as_user": who });
    if !body.is_null() {
        call["body"] = body;
    }
    let ran = node.call(Method::POST, "/api/apps/notes-ts/run", Some(call)).await.data();
    let status = ran["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let body = ran["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
    (status.expect("a status"), body.unwrap_or_default())
}

#[tokio::test]
async fn notes_are_checked_and_belong_to_who_wrote_them() {
    let (node, _) = deployed("notes-ts").await;
    let ask = async |who, method, path: &str, body| as_user(&node, who, method, path, body).await;
    let draft = json!({ "title": " Bread ", "text": "rye", "extra": 1 });
    let (status, note) = ask("ann", "POST", "/api/notes", draft).await;
    assert_eq!((status, &note["title"], &note["text"]), (201, &json!("Bread"), &json!("rye")));
    assert!(note["extra"].is_null(), "{note}");
    let path = format!("/api/notes/{}", note["id"].as_str().expect("an id"));
    node.clock.pass(jiff::SignedDuration::from_secs(1));
    let (_, second) = ask("ann", "POST", "/api/notes", json!({ "title": "Milk" })).await;
    assert_eq!(second["text"], "");

    let (_, all) = ask("ann", "GET", "/api/notes", Value::Null).await;
    assert_eq!(all, json!({ "notes": [second, note], "next": null }));
    let (_, page) = ask("ann", "GET", "/api/notes?limit=1", Value::Null).await;
    let next = page["next"].as_str().expect("there is more");
    let (_, rest) =
        ask("ann", "GET", &format!("/api/notes?limit=1&cursor={next}"), Value::Null).await;
    assert_eq!((&page["notes"][0], &rest["notes"][0]), (&second, &note));
    let (_, found) = ask("ann", "GET", "/api/notes?q=ry", Value::Null).await;
    assert_eq!(found["notes"], json!([note]));

    let (status, changed) = ask("ann", "PATCH", &path, json!({ "text": "wheat" })).await;
    assert_eq!(
        (status, &changed["title"], &changed["text"]),
        (200, &json!("Bread"), &json!("wheat"))
    );

    for (method, path, body, field) in [
        ("POST", "/api/notes", json!({ "title": " " }), "title"),
        ("POST", "/api/notes", json!({ "title": 1 }), "title"),
        ("POST", "/api/notes", json!({ "title": "a", "text": "x".repeat(5001) }), "text"),
        ("POST", "/api/notes", json!([]), ""),
        ("POST", "/api/notes", Value::Null, ""),
        ("PATCH", path.as_str(), json!({}), ""),
        ("PATCH", &path, json!({ "title": "" }), "title"),
        ("GET", "/api/notes?limit=1000", Value::Null, "limit"),
        ("GET", "/api/notes?limit=x", Value::Null, "limit"),
    ] {
        let (status, answer) = ask("ann", method, path, body.clone()).await;
        assert_eq!(status, 422, "{method} {path} {body}: {answer}");
        assert_eq!(answer["fields"][0]["field"], field, "{method} {path} {body}: {answer}");
    }
    let (status, answer) = ask("ann", "GET", "/api/notes?cursor=nonsense", Value::Null).await;
    assert!(status == 422 && answer["error"].is_string(), "{status} {answer}");

    // Nobody else's.
    let (_, none) = ask("bob", "GET", "/api/notes", Value::Null).await;
    assert_eq!(none, json!({ "notes": [], "next": null }));
    for (method, body) in
        [("GET", Value::Null), ("PATCH", json!({ "text": "mine" })), ("DELETE", Value::Null)]
    {
        assert_eq!(ask("bob", method, &path, body).await.0, 404, "{method}");
    }
    assert_eq!(ask("ann", "GET", &path, Value::Null).await, (200, changed));
    assert_eq!(ask("ann", "DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(ask("ann", "DELETE", &path, Value::Null).await.0, 404);
    let (_, me) = ask("ann", "GET", "/api/me", Value::Null).await;
    assert_eq!(me["user"]["id"], "ann");
}
