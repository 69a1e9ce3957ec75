//! Visitors at full speed while versions come and go.
//!
//! Every file of a version carries its tag on every line. A deploy is announced
//! before it is sent and confirmed when it is answered; what a visitor sees has
//! to be a tag that was live at some moment of its own request, and never an
//! older switch than the one it saw before.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, TestNode};

const HOST: &str = "hello.localhost";
/// A page, a style sheet, and a file too large for the cache.
const PATHS: [(&str, usize); 3] = [("/", 20), ("/style.css", 200), ("/large.txt", 20_000)];

/// What went live, in order.
#[derive(Default)]
struct Switches {
    tags: Mutex<(Vec<u32>, usize)>,
    over: AtomicBool,
}

impl Switches {
    fn announce(&self, tag: u32) {
        self.tags.lock().expect("nobody panicked").0.push(tag);
    }

    fn confirm(&self) {
        let mut tags = self.tags.lock().expect("nobody panicked");
        tags.1 = tags.0.len();
    }

    /// The switch that is live for certain.
    fn certain(&self) -> usize {
        self.tags.lock().expect("nobody panicked").1 - 1
    }

    /// The first switch from `from` on by which `tag` went live, if any.
    fn found(&self, from: usize, tag: u32) -> Option<usize> {
        let tags = self.tags.lock().expect("nobody panicked");
        (from..tags.0.len()).find(|at| tags.0[*at] == tag)
    }
}

fn files(tag: u32) -> Vec<(&'static str, String)> {
    let names = ["index.html", "style.css", "large.txt"];
    let text = |(_, lines): (&str, usize)| format!("version {tag}\n").repeat(lines);
    names.into_iter().zip(PATHS.map(text)).collect()
}

/// The tag that every line of an answer carries.
fn tag_of(answer: &Answer, lines: usize) -> u32 {
    let mut tags = answer.text().lines().map(|line| line.strip_prefix("version "));
    let first = tags.next().flatten().unwrap_or_else(|| panic!("a line: {}", answer.text()));
    assert!(tags.all(|tag| tag == Some(first)), "one version in one file");
    assert_eq!(answer.text().lines().count(), lines, "the whole file");
    first.parse().expect("a number")
}

async fn visit(node: &TestNode, switches: &Switches) -> usize {
    let (mut seen, mut visits) = (0, 0);
    while !switches.over.load(Ordering::Relaxed) {
        for (path, lines) in PATHS {
            let from = seen.max(switches.certain());
            let answer = node.get(HOST, path).await;
            assert_eq!(answer.status, 200, "{path}");
            let tag = tag_of(&answer, lines);
            let found = switches.found(from, tag);
            seen =
                found.unwrap_or_else(|| panic!("{path} is of version {tag}, before switch {from}"));
            visits += 1;
        }
    }
    visits
}

async fn switch(node: &TestNode, switches: &Switches) {
    let deploy = async |tag: u32| {
        let files = files(tag);
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        switches.announce(tag);
        node.deploy("hello", &files).await;
        switches.confirm();
    };
    for round in 0..17 {
        deploy(round * 2 + 1).await;
        deploy(round * 2 + 2).await;
        switches.announce(round * 2 + 1);
        node.call(Method::POST, "/api/apps/hello/promote", Some(json!({}))).await.data();
        switches.confirm();
    }
    switches.over.store(true, Ordering::Relaxed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_at_full_speed_during_50_deploys_and_rollbacks_sees_whole_versions_only() {
    let node = TestNode::start_with(&[("cache.bytes", "1048576")]).await;
    let switches = Switches::default();
    let first = files(0);
    let first: Vec<_> = first.iter().map(|(path, text)| (*path, text.as_str())).collect();
    switches.announce(0);
    node.deploy("hello", &first).await;
    switches.confirm();
    let visitors = || visit(&node, &switches);
    let (one, two, three, ()) =
        tokio::join!(visitors(), visitors(), visitors(), switch(&node, &switches));
    assert!(one + two + three > 51, "visitors came between the switches");
}
