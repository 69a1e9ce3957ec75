//! A node killed in the middle of a deploy, at one point after another.
//!
//! The deploy goes through a proxy that counts its bytes, so that the kill falls
//! on a known point of its way: during the upload, or a moment after its end,
//! when the node is about to commit.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::{
    harness::{Process, program},
    hosting::noise,
};

const FILES: usize = 24;
const HOST: &str = "site.localhost";

/// When the node is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// After so many bytes of the deploy have gone through.
    Bytes(usize),
    /// So many milliseconds after the last of them.
    After(u64),
}

fn write_site(folder: &Path, generation: usize) {
    fs::write(folder.join("index.html"), format!("generation {generation}")).expect("written");
    for number in 0..FILES {
        let seed = (generation * 1_000 + number) as u64;
        let mut content = format!("generation {generation}\n").into_bytes();
        content.extend(noise(40_000, seed));
        fs::write(folder.join(format!("{number}.bin")), content).expect("written");
    }
}

/// Passes one connection after another on, and tells when `point` is reached.
async fn proxy(listener: TcpListener, to: SocketAddr, point: Point, reached: oneshot::Sender<()>) {
    let total = FILES * 40_000;
    let mark = match point {
        Point::Bytes(bytes) => bytes,
        Point::After(_) => total,
    };
    let mut reached = Some(reached);
    let mut passed = 0;
    let mut buffer = vec![0; 16 << 10];
    while let Ok((mut client, _)) = listener.accept().await {
        let Ok(mut server) = TcpStream::connect(to).await else { return };
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let back = async {
            let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        };
        let forth = async {
            loop {
                match from_client.read(&mut buffer).await {
                    Ok(count @ 1..) => {
                        let _ = to_server.write_all(&buffer[..count]).await;
                        passed += count;
                    }
                    _ => return,
                }
                if passed >= mark
                    && let Some(reached) = reached.take()
                {
                    if let Point::After(ms) = point {
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                    }
                    let _ = reached.send(());
                }
            }
        };
        tokio::select! { () = back => {} () = forth => {} }
    }
}

/// The generation that is live, each of whose files must be whole.
async fn live(node: &Process) -> usize {
    let page = node.get(HOST, "/").await;
    assert_eq!(page.status, 200);
    let generation = page.text().strip_prefix("generation ").and_then(|text| text.parse().ok());
    let generation = generation.unwrap_or_else(|| panic!("a page: {}", page.text()));
    for number in 0..FILES {
        let file = node.get(HOST, &format!("/{number}.bin")).await;
        let expected = noise(40_000, (generation * 1_000 + number) as u64);
        assert!(file.body.ends_with(&expected), "file {number} of generation {generation}");
    }
    generation
}

fn is_sound(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("data.db")).expect("it opens");
    let check: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("it can be checked");
    assert_eq!(check, "ok");
    let strays: u32 = connection
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .expect("it can be checked");
    assert_eq!(strays, 0, "rows that lead nowhere");
}

async fn deploy(folder: &Path, site: &Path, to: SocketAddr) -> i32 {
    let token = fazt::auth::local_token(&folder.join("data.db")).expect("the key is there");
    let mut command = program(folder);
    let site = site.to_str().expect("a plain path");
    command.args(["deploy", site, "--name", "site", "--to", &format!("http://{to}")]);
    let output = command.args(["--token", &token]).output().await.expect("the program runs");
    output.status.code().unwrap_or(-1)
}

#[tokio::test]
async fn a_node_killed_at_any_point_of_a_deploy_comes_back_with_one_whole_version() {
    let (folder, site) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    let (folder, site) = (folder.path(), site.path());
    let total = FILES * 40_000;
    let during = (0..10).map(|step| Point::Bytes(1 + total * step / 10));
    let after = (0..10).map(|step| Point::After(step * 4));
    write_site(site, 0);
    let mut node = Process::start(folder).await;
    assert_eq!(deploy(folder, site, node.address).await, 0);
    let mut before = 0;
    for (generation, point) in (1..).zip(during.chain(after)) {
        write_site(site, generation);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let through = listener.local_addr().expect("its address");
        let (reached, kill) = oneshot::channel();
        let proxy = tokio::spawn(proxy(listener, node.address, point, reached));
        let deploying = deploy(folder, site, through);
        let killing = async {
            kill.await.expect("the point is reached");
            node.kill().await;
            proxy.abort();
        };
        let (code, ()) = tokio::join!(deploying, killing);
        is_sound(folder);
        node = Process::start(folder).await;
        let now = live(&node).await;
        assert!([before, generation].contains(&now), "{point:?}: {now} after {before}");
        // What was answered with "done" is there, and what was not is no success.
        if code == 0 {
            assert_eq!(now, generation, "{point:?}");
        } else {
            assert!([1, 3].contains(&code), "{point:?}: exit code {code}");
        }
        assert_eq!(deploy(folder, site, node.address).await, 0, "{point:?}: the next deploy");
        assert_eq!(live(&node).await, generation, "{point:?}");
        before = generation;
    }
    node.terminate().await;
    assert!(node.ended().await.success());
    is_sound(folder);
}

#[tokio::test]
async fn what_a_killed_upload_left_is_gone_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join(".fazt-spool-data.db-a1B2c3");
    let of_another = folder.path().join(".fazt-spool-data.db-2.db-a1B2c3");
    for path in [&own, &of_another] {
        std::fs::write(path, "half a film").expect("written");
    }
    let _node = crate::harness::TestNode::start_in(folder, &[]).await;
    assert!(!own.exists(), "the node's own");
    assert!(of_another.exists(), "another database's in the same folder");
}
