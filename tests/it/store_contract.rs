//! What every store must do, whatever it is made of.
//!
//! Each function takes a [`Backend`] and knows nothing of SQL; a second backend
//! adds its own `contract!` line and runs them unchanged. What only SQLite can
//! get wrong (its file, its schema) stands in [`sqlite`].

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use fazt::store::{
    Actor, AliasTarget, AppQuery, ApprovalQuery, ChangeQuery, Client, Configure, Content, Fault,
    Hash, HeldCall, Issue, Keep, KeepLogs, Level, LogQuery, LoggedCall, LoggedRequest, NewBlob,
    NewCode, NewGrant, NewLine, NewLog, NewToken, NewVariants, PeerRow, Publish, Published,
    Renewed, Reserved, Session, Store, StoreError, Traffic, TreeEntry, Variant, VersionSettings,
};
use fazt_tools::{AppName, Face, PeerName, Scope, Scopes, types::Share};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::harness::BEGINNING;

/// A kind of store, and how to get a fresh one.
pub trait Backend: Send + Sized {
    /// An empty store.
    fn begin() -> impl Future<Output = Self> + Send;
    /// The store.
    fn store(&self) -> Arc<dyn Store>;
    /// Closes the store and opens it again.
    fn reopen(self) -> impl Future<Output = Self> + Send;
}

macro_rules! contract {
    ($backend:ty: $($promise:ident)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            super::$promise::<$backend>().await;
        })+
    };
}
pub(crate) use contract;

pub mod sqlite {
    use std::{sync::Arc, time::Duration};

    use fazt::store::{
        AccessStore, BlobStore as _, LedgerStore as _, Store, StoreError, UpkeepStore as _,
        sqlite::{Options, SqliteStore},
    };
    use tempfile::TempDir;

    use super::{Backend, count_changes, publish};

    const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sqlite/migrations");

    contract! { Sqlite:
        a_first_publish_makes_app_version_and_live_pointer
        the_same_content_again_changes_nothing
        what_functions_did_is_found_again
        an_app_keeps_its_share_of_the_log
        a_log_ends_with_its_days_and_with_its_app
        the_next_version_counts_what_differs
        a_preview_is_stored_beside_what_is_live
        a_content_is_kept_once_however_often_it_is_named
        a_publish_that_lacks_contents_names_them_and_keeps_nothing
        a_content_of_another_length_is_not_the_one_named
        a_stored_version_never_changes
        promote_goes_to_a_version_or_to_the_one_live_before
        a_withdrawn_version_can_be_neither_live_nor_reused
        a_name_in_the_trash_is_free_and_undo_then_refuses
        a_restored_app_does_not_share_its_name_with_an_alias
        aliases_of_every_kind_are_kept_and_taken_names_refused
        configuring_keeps_settings_and_hosts_together
        every_change_writes_one_row_and_undo_puts_back_exactly
        undo_refuses_what_is_newer_names_it_and_can_be_forced
        undo_never_leaves_a_withdrawn_version_live
        undo_refuses_what_was_chosen_again_since
        undo_of_nothing_and_of_the_undone_is_refused
        undo_refuses_to_bring_back_what_was_collected
        an_undone_first_deploy_stays_in_the_trash_for_its_whole_time
        the_ledger_is_paged_filtered_and_chained
        removing_the_last_peer_leaves_no_default
        a_session_ends_when_it_is_ended_or_expires
        a_setup_link_is_spent_once_even_by_two_at_a_time
        a_token_is_found_by_prefix_until_it_is_revoked
        a_code_is_spent_once_even_by_two_at_a_time
        a_spent_refresh_token_ends_its_grant
        a_grant_holds_until_it_is_revoked_or_over
        of_programs_that_were_allowed_nothing_the_oldest_go
        a_call_that_waits_is_kept_once_and_decided_once
        what_became_of_a_call_is_told_once_and_for_a_while
        an_idempotency_key_answers_again_for_a_day
        traffic_adds_up_by_the_hour
        collecting_keeps_what_is_live_recent_or_named
        a_content_sent_again_is_kept_for_another_day
        large_contents_are_read_whole_and_by_piece
        variants_are_made_once_and_name_their_apps
        sixty_four_writers_at_once_are_all_kept
        a_job_that_fails_takes_no_other_with_it
        what_was_answered_is_there_after_opening_again
    }

    /// SQLite in a folder of its own.
    pub struct Sqlite {
        folder: TempDir,
        store: Arc<SqliteStore>,
    }

    fn open(folder: &TempDir) -> Result<SqliteStore, StoreError> {
        let options = Options { wait: Duration::from_secs(5), ..Options::default() };
        SqliteStore::open(&folder.path().join("data.db"), options)
    }

    /// The database as an intruder would open it.
    fn raw(folder: &TempDir) -> rusqlite::Connection {
        rusqlite::Connection::open(folder.path().join("data.db")).expect("the file opens")
    }

    impl Backend for Sqlite {
        async fn begin() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let store = Arc::new(open(&folder).expect("it opens"));
            Self { folder, store }
        }

        fn store(&self) -> Arc<dyn Store> {
            self.store.clone()
        }

        async fn reopen(self) -> Self {
            self.store.close().await;
            drop(self.store);
            let store = Arc::new(open(&self.folder).expect("it opens again"));
            Self { folder: self.folder, store }
        }
    }

    #[tokio::test]
    async fn the_write_ahead_log_is_copied_before_it_is_long() {
        let kept = Sqlite::begin().await;
        for number in 0..48_u8 {
            let content = super::blob(vec![number; 1 << 20]);
            kept.store.put_blobs(vec![content], super::beginning()).await.expect("stored");
        }
        let facts = kept.store.facts().await.expect("facts");
        assert!(facts.wal_bytes < 24 << 20, "{} bytes of log", facts.wal_bytes);
        assert!(facts.bytes > 24 << 20, "{} bytes of database", facts.bytes);
    }

    #[tokio::test]
    async fn an_edited_ledger_row_is_detected() {
        let kept = Sqlite::begin().await;
        for text in ["one", "two", "three"] {
            publish(&*kept.store(), "blog", &[("index.html", text)]).await;
        }
        assert_eq!(kept.store.verify_ledger().await.expect("verified"), None);
        let edit = "UPDATE changes SET caller = 'nobody' WHERE id = 2";
        raw(&kept.folder).execute(edit, []).expect("edited");
        assert_eq!(kept.store.verify_ledger().await.expect("verified"), Some(2));
    }

    #[tokio::test]
    async fn a_ledger_row_taken_out_of_the_middle_is_detected() {
        let kept = Sqlite::begin().await;
        for text in ["one", "two", "three"] {
            publish(&*kept.store(), "blog", &[("index.html", text)]).await;
        }
        raw(&kept.folder).execute("DELETE FROM changes WHERE id = 2", []).expect("edited");
        assert_eq!(kept.store.verify_ledger().await.expect("verified"), Some(3));
    }

    #[tokio::test]
    async fn an_empty_file_gets_the_whole_schema() {
        let kept = Sqlite::begin().await;
        let facts = kept.store.facts().await.expect("facts");
        let found: u32 = raw(&kept.folder)
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .expect("read");
        let steps = std::fs::read_dir(MIGRATIONS).expect("a folder").count();
        assert_eq!((facts.schema as usize, found as usize, facts.apps), (steps, steps, 0));
    }

    #[tokio::test]
    async fn a_database_of_the_first_schema_keeps_its_tokens() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = std::fs::read_to_string(format!("{MIGRATIONS}/0001_first.sql")).expect("read");
        let old = raw(&folder);
        old.execute_batch(&first).expect("made");
        old.pragma_update(None, "application_id", 0x6661_7a74).expect("marked");
        old.pragma_update(None, "user_version", 1).expect("numbered");
        let token = "INSERT INTO tokens (name, prefix, hash, scopes, created_at)
            VALUES ('ci', 'prefix', zeroblob(32), 'apps:read', 0)";
        old.execute(token, []).expect("added");
        drop(old);
        let store = open(&folder).expect("brought up to date");
        let token = AccessStore::token(&store, "prefix").await.expect("read").expect("there");
        assert_eq!((token.token.approval, token.token.budget, token.spent.calls), (false, None, 0));
    }

    #[tokio::test]
    async fn a_database_from_the_future_is_refused_and_left_alone() {
        let kept = Sqlite::begin().await;
        kept.store.close().await;
        let Sqlite { folder, store } = kept;
        drop(store);
        raw(&folder).pragma_update(None, "user_version", 9_000).expect("updated");
        let error = open(&folder).err().expect("refused");
        assert!(matches!(error, StoreError::FromTheFuture { found: 9_000, .. }), "{error}");
        let found: u32 =
            raw(&folder).pragma_query_value(None, "user_version", |row| row.get(0)).expect("read");
        assert_eq!(found, 9_000);
    }

    #[tokio::test]
    async fn another_programs_database_and_a_text_file_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        raw(&folder).execute_batch("CREATE TABLE theirs (x)").expect("made");
        assert!(matches!(open(&folder), Err(StoreError::NotOurs { .. })));
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("data.db"), "dear diary, ".repeat(99)).expect("written");
        assert!(matches!(open(&folder), Err(StoreError::NotOurs { .. })));
    }

    #[tokio::test]
    async fn a_second_opener_is_told_that_the_database_is_in_use() {
        let kept = Sqlite::begin().await;
        let path = kept.folder.path().join("data.db");
        let second = SqliteStore::open(&path, Options::default());
        assert!(matches!(second, Err(StoreError::InUse { .. })));
    }

    #[tokio::test]
    async fn a_full_database_refuses_and_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options { wait: Duration::ZERO, max_bytes: 1 << 20 };
        let store = SqliteStore::open(&folder.path().join("data.db"), options).expect("opens");
        publish(&store, "small", &[("index.html", "fits")]).await;
        #[expect(clippy::format_collect, reason = "short, and made once")]
        let noise: String = (0..400_000_u32).map(|n| format!("{n:x}")).collect();
        let order = super::order("large", &[("index.html", &noise)], true);
        let error = fazt::store::AppStore::publish(&store, order).await.expect_err("full");
        assert!(matches!(error, StoreError::Full), "{error}");
        assert_eq!(count_changes(&store).await, 1);
        publish(&store, "small", &[("index.html", "still fits")]).await;
    }
}

pub fn beginning() -> Timestamp {
    BEGINNING.parse().expect("a moment")
}

pub fn name(name: &str) -> AppName {
    AppName::parse(name).expect("a name")
}

fn peer(name: &str) -> PeerName {
    PeerName::parse(name).expect("a name")
}

pub fn actor(tool: &str) -> Actor {
    Actor {
        at: beginning(),
        caller: "owner".into(),
        face: Face::Cli,
        client: None,
        tool: tool.into(),
        input: json!({}),
    }
}

fn later(tool: &str, hours: i64) -> Actor {
    Actor { at: beginning() + SignedDuration::from_hours(hours), ..actor(tool) }
}

pub fn blob(bytes: impl Into<Bytes>) -> NewBlob {
    let bytes = bytes.into();
    let hash = Hash::of(&bytes);
    NewBlob { hash, size: bytes.len() as u64, content: Content::Memory(bytes) }
}

fn entry(path: &str, bytes: &[u8]) -> TreeEntry {
    let size = bytes.len() as u64;
    TreeEntry { path: path.into(), hash: Hash::of(bytes), size, compressible: false }
}

fn order(app: &str, files: &[(&str, &str)], live: bool) -> Publish {
    Publish {
        app: name(app),
        uid: fazt::clock::id("app_"),
        tree: files.iter().map(|(path, text)| entry(path, text.as_bytes())).collect(),
        blobs: files.iter().map(|(_, text)| blob(text.as_bytes().to_vec())).collect(),
        manifest: "{}".into(),
        settings: VersionSettings::default(),
        message: None,
        live,
        actor: actor("deploy"),
    }
}

pub async fn publish(store: &dyn Store, app: &str, files: &[(&str, &str)]) -> Published {
    store.publish(order(app, files, true)).await.expect("published")
}

async fn publish_preview(store: &dyn Store, app: &str, files: &[(&str, &str)]) -> Published {
    store.publish(order(app, files, false)).await.expect("stored")
}

async fn live(store: &dyn Store, app: &str) -> Option<u32> {
    store.app(&name(app)).await.expect("read")?.live
}

pub async fn id(store: &dyn Store, app: &str) -> i64 {
    store.app(&name(app)).await.expect("read").expect("it is there").id
}

pub async fn count_changes(store: &dyn Store) -> u64 {
    let query = ChangeQuery { app: None, among: None, before: None, limit: 1 };
    store.changes(query).await.expect("read").1
}

/// All that a user could tell two states apart by.
async fn picture(store: &dyn Store) -> String {
    use std::fmt::Write as _;
    let mut picture = String::new();
    let query =
        AppQuery { search: None, among: None, after: None, limit: 100, since: Timestamp::MIN };
    for summary in store.apps(query).await.expect("read").0 {
        let app = summary.app;
        let _ = writeln!(picture, "{} {} {:?} {:?}", app.name, app.uid, app.live, app.spa);
        for version in store.versions(app.id).await.expect("read") {
            let files = store.files(app.id, version.version).await.expect("read");
            let _ = writeln!(picture, "  {version:?} {files:?}");
        }
    }
    let (aliases, settings) = (store.aliases().await, store.settings().await);
    let (peers, tokens) = (store.peers().await, store.tokens().await);
    let grants = store.grants(beginning()).await;
    let _ = writeln!(picture, "{aliases:?}\n{settings:?}\n{peers:?}\n{tokens:?}\n{grants:?}");
    picture
}

async fn a_first_publish_makes_app_version_and_live_pointer<B: Backend>() {
    let kept = B::begin().await;
    let done = publish(&*kept.store(), "blog", &[("index.html", "one"), ("a.css", "two")]).await;
    assert!(done.created && done.live && !done.unchanged);
    assert_eq!((done.version, done.files, done.bytes), (1, 2, 6));
    assert_eq!((done.diff.added, done.diff.changed, done.diff.removed), (2, 0, 0));
    assert_eq!(live(&*kept.store(), "blog").await, Some(1));
}

async fn the_same_content_again_changes_nothing<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("index.html", "one"), ("a", "b")]).await;
    let again = publish(&*store, "blog", &[("a", "b"), ("index.html", "one")]).await;
    assert!(again.unchanged && again.live && !again.created);
    assert_eq!((again.version, again.change, count_changes(&*store).await), (1, None, 1));
}

async fn the_next_version_counts_what_differs<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("same", "1"), ("other", "2"), ("gone", "3")]).await;
    let next = publish(&*store, "blog", &[("same", "1"), ("other", "9"), ("new", "4")]).await;
    assert_eq!((next.version, next.created), (2, false));
    assert_eq!((next.diff.added, next.diff.changed, next.diff.removed), (1, 1, 1));
}

async fn a_preview_is_stored_beside_what_is_live<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("index.html", "one")]).await;
    let preview = publish_preview(&*store, "blog", &[("index.html", "two")]).await;
    assert_eq!((preview.version, preview.live), (2, false));
    assert_eq!(live(&*store, "blog").await, Some(1));
    // The same content live is the same version, and a change of its own.
    let done = publish(&*store, "blog", &[("index.html", "two")]).await;
    assert_eq!((done.version, done.live, done.unchanged), (2, true, false));
    assert!(done.change.is_some());
    assert_eq!(live(&*store, "blog").await, Some(2));
}

async fn a_content_is_kept_once_however_often_it_is_named<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let text = "x".repeat(1_000);
    publish(&*store, "blog", &[("a", &text), ("b", &text)]).await;
    publish(&*store, "shop", &[("c", &text)]).await;
    let (blog, shop) = (id(&*store, "blog").await, id(&*store, "shop").await);
    assert_eq!(store.stored_bytes(blog).await.expect("counted"), 1_000);
    let of = async |app| store.files(app, 1).await.expect("read").expect("a version")[0].blob;
    assert_eq!(of(blog).await, of(shop).await);
}

async fn a_publish_that_lacks_contents_names_them_and_keeps_nothing<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let before = picture(&*store).await;
    let mut wish = order("blog", &[("here", "here"), ("lacking", "lacking")], true);
    wish.blobs.pop();
    let error = store.publish(wish).await.expect_err("refused");
    let lacking = Hash::of(b"lacking");
    assert!(matches!(&error, StoreError::MissingBlobs(all) if *all == [lacking]), "{error}");
    assert_eq!(picture(&*store).await, before);
    assert_eq!(count_changes(&*store).await, 0);
    // Not even the content that came along.
    let here = Hash::of(b"here");
    assert_eq!(store.missing(&[here, lacking]).await.expect("read"), [here, lacking]);
}

async fn a_content_of_another_length_is_not_the_one_named<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let mut wish = order("blog", &[("index.html", "four")], true);
    wish.tree[0].size = 5;
    let error = store.publish(wish).await.expect_err("refused");
    assert!(matches!(error, StoreError::MissingBlobs(_)), "{error}");
}

async fn a_stored_version_never_changes<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("index.html", "one")]).await;
    let app = id(&*store, "blog").await;
    let first = store.files(app, 1).await.expect("read");
    for text in ["two", "three"] {
        publish(&*store, "blog", &[("index.html", text), ("more", text)]).await;
    }
    store.promote(&name("blog"), Some(1), actor("promote")).await.expect("promoted");
    assert_eq!(store.files(app, 1).await.expect("read"), first);
}

async fn promote_goes_to_a_version_or_to_the_one_live_before<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let blog = name("blog");
    publish(&*store, "blog", &[("i", "1")]).await;
    let alone = store.promote(&blog, None, actor("promote")).await.expect_err("refused");
    assert!(matches!(alone, StoreError::NoEarlierVersion(_)), "{alone}");
    publish(&*store, "blog", &[("i", "2")]).await;
    publish_preview(&*store, "blog", &[("i", "3")]).await;
    // A preview was never live, so it is nothing to go back to.
    let back = store.promote(&blog, None, actor("promote")).await.expect("promoted");
    assert_eq!((back.version, back.previous), (1, Some(2)));
    let there = store.promote(&blog, Some(3), actor("promote")).await.expect("promoted");
    assert_eq!((there.version, there.previous), (3, Some(1)));
    let same = store.promote(&blog, Some(3), actor("promote")).await.expect("no refusal");
    assert_eq!(same.change, None);
    let none = store.promote(&blog, Some(4), actor("promote")).await.expect_err("refused");
    assert!(matches!(none, StoreError::NoVersion { version: 4, .. }), "{none}");
    let nobody = store.promote(&name("nobody"), None, actor("promote")).await;
    assert!(matches!(nobody, Err(StoreError::NoApp(_))));
}

async fn a_withdrawn_version_can_be_neither_live_nor_reused<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("i", "1")]).await;
    let second = publish(&*store, "blog", &[("i", "2")]).await.change.expect("a change");
    store.undo(second, false, actor("undo")).await.expect("undone");
    assert_eq!(live(&*store, "blog").await, Some(1));
    let promoted = store.promote(&name("blog"), Some(2), actor("promote")).await;
    assert!(matches!(promoted, Err(StoreError::NoVersion { version: 2, .. })));
    // The same content again is a version of its own: numbers are never reused.
    assert_eq!(publish(&*store, "blog", &[("i", "2")]).await.version, 3);
}

async fn a_name_in_the_trash_is_free_and_undo_then_refuses<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let first = publish(&*store, "blog", &[("i", "first")]).await;
    let trashed = store.trash(&name("blog"), actor("delete_app")).await.expect("trashed");
    assert_eq!(trashed.versions, 1);
    assert!(store.app(&name("blog")).await.expect("read").is_none());
    let second = publish(&*store, "blog", &[("i", "second")]).await;
    assert!(second.created && second.app != first.app && second.version == 1);
    let refused = store.undo(trashed.change, false, actor("undo")).await.expect_err("refused");
    assert!(matches!(&refused, StoreError::Taken(taken) if taken == "blog"), "{refused}");
    store.trash(&name("blog"), actor("delete_app")).await.expect("trashed");
    store.undo(trashed.change, false, actor("undo")).await.expect("undone");
    assert_eq!(id(&*store, "blog").await, first.app);
}

async fn a_restored_app_does_not_share_its_name_with_an_alias<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("i", "1")]).await;
    let trashed = store.trash(&name("blog"), actor("delete_app")).await.expect("trashed");
    let kept_free = Some(AliasTarget::Reserved);
    let alias = store.set_alias("blog", kept_free, actor("set_alias")).await.expect("set");
    let refused = store.undo(trashed.change, false, actor("undo")).await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    let removed = store.set_alias("blog", None, actor("remove_alias")).await.expect("removed");
    store.undo(trashed.change, false, actor("undo")).await.expect("undone");
    // Nor the other way about.
    let refused = store.undo(removed, true, actor("undo")).await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    assert!(alias < removed);
}

async fn aliases_of_every_kind_are_kept_and_taken_names_refused<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("i", "1")]).await;
    publish(&*store, "shop", &[("i", "1")]).await;
    let shares =
        vec![Share { app: name("blog"), weight: 9 }, Share { app: name("shop"), weight: 1 }];
    let wishes = [
        ("away", AliasTarget::Redirect { to: "https://example.org/".into(), status: 302 }),
        ("free", AliasTarget::Reserved),
        ("try.example", AliasTarget::Split(shares)),
        ("www2", AliasTarget::App(name("blog"))),
    ];
    for (host, target) in wishes.clone() {
        store.set_alias(host, Some(target), actor("set_alias")).await.expect(host);
    }
    let found = store.aliases().await.expect("read");
    let found: Vec<_> = found.into_iter().map(|alias| (alias.name, alias.target)).collect();
    assert_eq!(found, wishes.map(|(host, target)| (host.to_owned(), target)));
    let over_app = store.set_alias("shop", Some(AliasTarget::Reserved), actor("set_alias")).await;
    assert!(matches!(over_app, Err(StoreError::Taken(_))));
    let over_alias = store.publish(order("free", &[("i", "1")], true)).await;
    assert!(matches!(over_alias, Err(StoreError::Taken(_))));
    let to_nobody = Some(AliasTarget::App(name("nobody")));
    let to_nobody = store.set_alias("x", to_nobody, actor("set_alias")).await;
    assert!(matches!(to_nobody, Err(StoreError::NoApp(_))));
    let gone = store.set_alias("nothing", None, actor("remove_alias")).await;
    assert!(matches!(gone, Err(StoreError::NoSuch { kind: "alias", .. })));
}

async fn configuring_keeps_settings_and_hosts_together<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("i", "1")]).await;
    publish(&*store, "shop", &[("i", "1")]).await;
    let hosts = |add: &[&str], remove: &[&str]| Configure {
        add_hosts: add.iter().map(|host| (*host).to_owned()).collect(),
        remove_hosts: remove.iter().map(|host| (*host).to_owned()).collect(),
        ..Configure::default()
    };
    let blog = name("blog");
    let wish = Configure { spa: Some(true), ..hosts(&["a.example", "b"], &[]) };
    store.configure(&blog, wish, actor("configure_app")).await.expect("done").expect("a change");
    assert_eq!(store.app(&blog).await.expect("read").expect("there").spa, Some(true));
    // The second host is taken, so the first is not kept either.
    let before = picture(&*store).await;
    let taken = store.configure(&name("shop"), hosts(&["c", "b"], &[]), actor("c")).await;
    assert!(matches!(&taken, Err(StoreError::Taken(host)) if host == "b"), "{taken:?}");
    assert_eq!(picture(&*store).await, before);
    let strange = store.configure(&name("shop"), hosts(&[], &["b"]), actor("c")).await;
    assert!(matches!(strange, Err(StoreError::NoSuch { .. })));
    let same = store.configure(&blog, hosts(&["b"], &[]), actor("c")).await;
    assert_eq!(same.expect("no refusal"), None);
}

/// A state with one of everything, for changes to start from.
async fn furnish(store: &dyn Store) {
    for text in ["1", "2"] {
        publish(store, "blog", &[("index.html", text)]).await;
    }
    publish_preview(store, "blog", &[("index.html", "3")]).await;
    publish(store, "shop", &[("index.html", "1")]).await;
    let to_blog = Some(AliasTarget::App(name("blog")));
    store.set_alias("www2", to_blog, actor("set_alias")).await.expect("set");
    for other in ["zyt", "abc"] {
        store.set_peer(&peer(other), Some(peer_row(other)), actor("add_peer")).await.expect("set");
    }
    store.add_token(token("laptop", None), actor("create_token")).await.expect("made");
    store.set_setting("port", Some("8090".into()), actor("set_setting")).await.expect("set");
    store.add_grant(grant(), code("first"), actor("oauth_consent")).await.expect("made");
}

fn grant() -> NewGrant {
    NewGrant {
        client: "fazt_client_x".into(),
        client_name: "Claude Code".into(),
        resource: "http://localhost/mcp".into(),
        scopes: [Scope::AppsRead, Scope::AppsWrite].into_iter().collect(),
        apps: Some(vec![name("blog")]),
    }
}

fn code(text: &str) -> NewCode {
    NewCode {
        hash: Hash::of(text.as_bytes()),
        redirect: "http://localhost/callback".into(),
        challenge: "challenge".into(),
        expires_at: beginning() + SignedDuration::from_mins(1),
    }
}

/// Tokens whose prefix and hashes come of `text`.
fn tokens(text: &str) -> Issue {
    Issue {
        at: beginning(),
        prefix: text.into(),
        access: Hash::of(format!("access {text}").as_bytes()),
        access_until: beginning() + SignedDuration::from_hours(1),
        refresh: Hash::of(format!("refresh {text}").as_bytes()),
        refresh_until: beginning() + SignedDuration::from_hours(24),
    }
}

/// A grant with its first tokens.
async fn granted(store: &dyn Store) -> i64 {
    store.add_grant(grant(), code("code"), actor("oauth_consent")).await.expect("made");
    let spent = store.spend_code(Hash::of(b"code"), actor("oauth_code")).await.expect("spent");
    let spent = spent.expect("a code");
    assert_eq!((&spent.grant, spent.challenge.as_str()), (&grant(), "challenge"));
    assert!(store.begin_grant(spent.id, tokens("one")).await.expect("begun"));
    spent.id
}

fn peer_row(name: &str) -> PeerRow {
    PeerRow { url: format!("https://{name}.example"), token: format!("sealed {name}") }
}

fn token(name: &str, expires_at: Option<Timestamp>) -> NewToken {
    NewToken {
        name: name.into(),
        prefix: format!("{name}-prefix"),
        hash: Hash::of(name.as_bytes()),
        scopes: Scopes::all(),
        apps: None,
        expires_at,
        approval: false,
        budget: None,
    }
}

const CHANGES: &[&str] = &[
    "a stored version deployed live",
    "a new app",
    "the next version",
    "a preview",
    "promote",
    "rollback",
    "delete",
    "configure",
    "alias set",
    "alias replaced",
    "alias removed",
    "token created",
    "token revoked",
    "grant made",
    "grant revoked",
    "peer added",
    "peer changed",
    "default peer removed",
    "default peer chosen",
    "setting set",
    "setting changed",
    "setting forgotten",
];

async fn change(store: &dyn Store, what: &str) -> i64 {
    let by = actor(what);
    let blog = name("blog");
    let version = |done: Published| done.change.expect("a change");
    let moved = async |to| store.promote(&blog, to, actor("promote")).await.expect("promoted");
    let alias = async |host: &str, to| store.set_alias(host, to, by.clone()).await.expect("set");
    match what {
        "a new app" => version(publish(store, "new", &[("i", "1")]).await),
        "the next version" => version(publish(store, "blog", &[("i", "next")]).await),
        "a preview" => version(publish_preview(store, "blog", &[("i", "preview")]).await),
        "a stored version deployed live" => {
            version(publish(store, "blog", &[("index.html", "3")]).await)
        }
        "promote" => moved(Some(3)).await.change.expect("a change"),
        "rollback" => moved(None).await.change.expect("a change"),
        "delete" => store.trash(&blog, by).await.expect("trashed").change,
        "configure" => {
            let wish = Configure {
                spa: Some(true),
                add_hosts: vec!["blog.example".into()],
                remove_hosts: vec!["www2".into()],
                pin: vec![1],
                env: [("A".to_owned(), Some("1".to_owned()))].into(),
                ..Configure::default()
            };
            store.configure(&blog, wish, by).await.expect("configured").expect("a change")
        }
        "alias set" => alias("free", Some(AliasTarget::Reserved)).await,
        "alias replaced" => alias("www2", Some(AliasTarget::App(name("shop")))).await,
        "alias removed" => alias("www2", None).await,
        "token created" => store.add_token(token("phone", None), by).await.expect("made"),
        "token revoked" => store.revoke_token("laptop", by).await.expect("revoked"),
        "grant made" => store.add_grant(grant(), code("new"), by).await.expect("made"),
        "grant revoked" => store.revoke_grant(1, by).await.expect("revoked"),
        "peer added" => store.set_peer(&peer("new"), Some(peer_row("new")), by).await.expect("set"),
        "peer changed" => {
            store.set_peer(&peer("abc"), Some(peer_row("moved")), by).await.expect("set")
        }
        "default peer removed" => store.set_peer(&peer("zyt"), None, by).await.expect("removed"),
        "default peer chosen" => store.set_default_peer(&peer("abc"), by).await.expect("chosen"),
        "setting set" => {
            store.set_setting("domain", Some("zyt.app".into()), by).await.expect("set")
        }
        "setting changed" => store.set_setting("port", Some("9".into()), by).await.expect("set"),
        "setting forgotten" => store.set_setting("port", None, by).await.expect("forgotten"),
        other => panic!("nobody knows how to do `{other}`"),
    }
}

async fn every_change_writes_one_row_and_undo_puts_back_exactly<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    furnish(&*store).await;
    for what in CHANGES {
        let (before, rows) = (picture(&*store).await, count_changes(&*store).await);
        let id = change(&*store, what).await;
        let after = picture(&*store).await;
        assert_ne!(before, after, "{what} changed nothing");
        assert_eq!(count_changes(&*store).await, rows + 1, "{what}");
        let undo = async |id| store.undo(id, false, actor("undo")).await;
        let undone = undo(id).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(picture(&*store).await, before, "undo of {what}");
        let row = store.change(id).await.expect("read").expect("a row");
        assert_eq!((row.undone_by, row.undoable), (Some(undone.change), false), "{what}");
        let redone = undo(undone.change).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(picture(&*store).await, after, "undo of the undo of {what}");
        undo(redone.change).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(picture(&*store).await, before, "undo of all that for {what}");
        assert_eq!(count_changes(&*store).await, rows + 4, "{what}");
    }
    assert_eq!(store.verify_ledger().await.expect("verified"), None);
}

async fn undo_refuses_what_is_newer_names_it_and_can_be_forced<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let mut changes = Vec::new();
    for text in ["1", "2", "3"] {
        changes.push(publish(&*store, "blog", &[("i", text)]).await.change.expect("a change"));
    }
    let before = picture(&*store).await;
    let refused = store.undo(changes[1], false, actor("undo")).await.expect_err("refused");
    let named = matches!(refused, StoreError::Newer { id, newer } if id == changes[1] && newer == changes[2]);
    assert!(named, "{refused}");
    assert_eq!(picture(&*store).await, before);
    store.undo(changes[1], true, actor("undo")).await.expect("forced");
    assert_eq!(live(&*store, "blog").await, Some(1));
    // What has nothing to do with it stands in no way.
    let set = store.set_setting("port", Some("1".into()), actor("set")).await.expect("set");
    publish(&*store, "shop", &[("i", "1")]).await;
    store.undo(set, false, actor("undo")).await.expect("undone");
}

async fn undo_never_leaves_a_withdrawn_version_live<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("i", "1")]).await;
    let preview = publish_preview(&*store, "blog", &[("i", "2")]).await.change.expect("a change");
    let promoted = store.promote(&name("blog"), Some(2), actor("promote")).await.expect("done");
    let before = picture(&*store).await;
    let refused = store.undo(preview, false, actor("undo")).await.expect_err("refused");
    let newer = promoted.change.expect("a change");
    assert!(matches!(refused, StoreError::Newer { newer: n, .. } if n == newer), "{refused}");
    assert_eq!(picture(&*store).await, before);
    // By force the version goes, and the one before it is shown again.
    store.undo(preview, true, actor("undo")).await.expect("forced");
    assert_eq!(live(&*store, "blog").await, Some(1));
    // Nor does another undo bring it back to visitors.
    store.undo(newer, true, actor("undo")).await.expect("forced");
    assert_eq!(live(&*store, "blog").await, Some(1));
}

async fn undo_refuses_what_was_chosen_again_since<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let first = publish(&*store, "blog", &[("i", "1")]).await.change.expect("a change");
    let second = publish(&*store, "blog", &[("i", "2")]).await.change.expect("a change");
    let back = store.promote(&name("blog"), None, actor("promote")).await.expect("promoted");
    let back = back.change.expect("a change");
    // Version 1 is live as the first deploy left it, but by a newer choice.
    let refused = store.undo(first, false, actor("undo")).await.expect_err("refused");
    assert!(matches!(refused, StoreError::Newer { newer, .. } if newer == back), "{refused}");
    assert_eq!(live(&*store, "blog").await, Some(1), "the app is not in the trash");
    // One after the other, from the newest on, all of it can be taken back.
    for change in [back, second, first] {
        store.undo(change, false, actor("undo")).await.expect("undone");
    }
    assert!(store.app(&name("blog")).await.expect("read").is_none());
}

async fn undo_of_nothing_and_of_the_undone_is_refused<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let none = store.undo(7, false, actor("undo")).await;
    assert!(matches!(none, Err(StoreError::NoChange(7))));
    let set = store.set_setting("port", Some("1".into()), actor("set")).await.expect("set");
    let undone = store.undo(set, false, actor("undo")).await.expect("undone").change;
    let again = store.undo(set, false, actor("undo")).await;
    assert!(matches!(again, Err(StoreError::AlreadyUndone { by, .. }) if by == undone));
    let kept_password = store.set_owner_hash("hash".into(), actor("set_up")).await;
    kept_password.expect("set");
    let password = store.undo(undone + 1, false, actor("undo")).await;
    assert!(matches!(password, Err(StoreError::NotUndoable(_))), "{password:?}");
}

const KEEP_LOGS: KeepLogs =
    KeepLogs { lines: 10, requests: 5, all: 15, age: SignedDuration::from_hours(24 * 7) };

/// A request with lines, the last of which is an error.
fn logged(id: &str, app: i64, texts: &[&str]) -> NewLog {
    let fault = Fault { name: "TypeError".into(), message: "no".into(), stack: "a.js:1:2".into() };
    let call = LoggedCall { api: "kv.get".into(), arguments: "[1]".into(), us: 7, error: None };
    let request = LoggedRequest {
        id: id.to_owned(),
        app,
        version: 2,
        at: beginning(),
        method: "GET".into(),
        path: "/api/x".into(),
        status: 500,
        code: Some("FUNCTION_ERROR".into()),
        wall: Duration::from_micros(1_500),
        cpu: Duration::from_micros(900),
        peak: 4_096,
        fault: Some(fault),
        calls: vec![call],
    };
    let line = |(n, text): (usize, &&str)| NewLine {
        level: if n + 1 == texts.len() { Level::Error } else { Level::Info },
        text: (*text).to_owned(),
        fields: "{\"n\":1}".into(),
    };
    let lines = texts.iter().enumerate().map(line).collect();
    NewLog { app, at: beginning(), request: Some(request), lines }
}

async fn said(store: &dyn Store, query: LogQuery) -> Vec<String> {
    let found = store.log_lines(query).await.expect("read");
    found.into_iter().map(|line| line.text).collect()
}

async fn what_functions_did_is_found_again<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    for app in ["blog", "shop"] {
        publish(&*store, app, &[("i", app)]).await;
    }
    let (blog, shop) = (id(&*store, "blog").await, id(&*store, "shop").await);
    let first = logged("req_1", blog, &["One", "two"]);
    let second = NewLog { request: None, ..logged("", shop, &["alone"]) };
    // What is of no app, or known already, is left out.
    let strange = logged("req_2", 99, &["nobody's"]);
    let again = logged("req_1", blog, &["again"]);
    store.log(vec![first.clone(), second, strange, again], KEEP_LOGS).await.expect("kept");
    let kept = kept.reopen().await;
    let store = kept.store();
    let (app, found) = store.logged_request("req_1").await.expect("read").expect("known");
    assert_eq!((app.as_str(), Some(found)), ("blog", first.request));
    assert!(store.logged_request("req_2").await.expect("read").is_none());
    assert_eq!(store.failing(blog, "/api/x").await.expect("read"), [2]);
    assert!(store.failing(blog, "/api/y").await.expect("read").is_empty());
    let of = |app| LogQuery { app, limit: 10, level: Level::Debug, ..LogQuery::default() };
    assert_eq!(said(&*store, of(blog)).await, ["two", "One"]);
    assert_eq!(said(&*store, of(shop)).await, ["alone"]);
    let line = store.log_lines(of(blog)).await.expect("read").remove(1);
    assert_eq!(
        (line.level, line.request.as_deref(), line.version, line.at, line.fields.as_str()),
        (Level::Info, Some("req_1"), Some(2), beginning(), "{\"n\":1}")
    );
    let request = Some("req_1".to_owned());
    for (query, expected) in [
        (LogQuery { level: Level::Error, ..of(blog) }, &["two"][..]),
        (LogQuery { text: Some("oNE".into()), ..of(blog) }, &["One"]),
        (LogQuery { text: Some("\"n\":1".into()), ..of(blog) }, &["two", "One"]),
        (LogQuery { request: request.clone(), ..of(blog) }, &["two", "One"]),
        (LogQuery { request, ..of(shop) }, &[]),
        (LogQuery { version: Some(1), ..of(blog) }, &[]),
        (
            LogQuery { since: Some(beginning()), until: Some(beginning()), ..of(blog) },
            &["two", "One"],
        ),
        (LogQuery { since: Some(beginning() + SignedDuration::from_secs(1)), ..of(blog) }, &[]),
        (LogQuery { limit: 1, ..of(blog) }, &["two"]),
        (LogQuery { before: Some(line.n + 1), ..of(blog) }, &["One"]),
        (LogQuery { after: Some(line.n - 1), ..of(blog) }, &["One", "two"]),
    ] {
        assert_eq!(said(&*store, query.clone()).await, expected, "{query:?}");
    }
}

async fn an_app_keeps_its_share_of_the_log<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    for app in ["blog", "shop"] {
        publish(&*store, app, &[("i", app)]).await;
    }
    let (blog, shop) = (id(&*store, "blog").await, id(&*store, "shop").await);
    store.log(vec![logged("req_shop", shop, &["shop"; 10])], KEEP_LOGS).await.expect("kept");
    for n in 0..8 {
        let log = logged(&format!("req_{n}"), blog, &[&format!("a{n}"), &format!("b{n}")]);
        store.log(vec![log], KEEP_LOGS).await.expect("kept");
    }
    let of = |app| LogQuery { app, limit: 100, level: Level::Debug, ..LogQuery::default() };
    assert_eq!(said(&*store, of(blog)).await.len(), 10);
    assert_eq!(said(&*store, of(blog)).await[9], "a3");
    assert!(store.logged_request("req_2").await.expect("read").is_none());
    assert!(store.logged_request("req_3").await.expect("read").is_some());
    assert_eq!(said(&*store, of(shop)).await.len(), 10, "another app's share is its own");
    // All apps together have a bound, too: the oldest lines go.
    while store.trim_logs(KEEP_LOGS, beginning()).await.expect("trimmed") {}
    assert_eq!(said(&*store, of(shop)).await.len(), 5);
    assert_eq!(said(&*store, of(blog)).await.len(), 10);
}

async fn a_log_ends_with_its_days_and_with_its_app<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    for app in ["blog", "shop"] {
        publish(&*store, app, &[("i", app)]).await;
    }
    let (blog, shop) = (id(&*store, "blog").await, id(&*store, "shop").await);
    let later = NewLog {
        at: beginning() + SignedDuration::from_hours(24),
        ..logged("req_2", blog, &["new"])
    };
    store.log(vec![logged("req_1", blog, &["old"]), later], KEEP_LOGS).await.expect("kept");
    store.log(vec![logged("req_3", shop, &["gone"])], KEEP_LOGS).await.expect("kept");
    let of = |app| LogQuery { app, limit: 100, level: Level::Debug, ..LogQuery::default() };
    store.trash(&name("shop"), actor("delete_app")).await.expect("trashed");
    assert!(store.logged_request("req_3").await.expect("read").is_none(), "it is in the trash");
    let week = beginning() + SignedDuration::from_hours(24 * 7 + 1);
    while store.trim_logs(KEEP_LOGS, week).await.expect("trimmed") {}
    assert_eq!(said(&*store, of(blog)).await, ["new"]);
    collect(&*store, 20, 24 * 31).await;
    assert_eq!(said(&*store, of(shop)).await, [""; 0]);
    assert!(store.app_names().await.expect("read").iter().all(|app| app != "shop"));
}

fn keep(versions: u32) -> Keep {
    let (trash, loose_blobs) =
        (SignedDuration::from_hours(24 * 30), SignedDuration::from_hours(24));
    Keep { versions, trash, loose_blobs }
}

pub async fn collect(store: &dyn Store, versions: u32, hours: i64) {
    let now = beginning() + SignedDuration::from_hours(hours);
    while store.collect(keep(versions), now).await.expect("collected") {}
}

async fn undo_refuses_to_bring_back_what_was_collected<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("i", "1")]).await;
    let second = publish(&*store, "blog", &[("i", "2")]).await.change.expect("a change");
    for text in ["3", "4"] {
        publish_preview(&*store, "blog", &[("i", text)]).await;
    }
    collect(&*store, 2, 1).await;
    for force in [false, true] {
        let refused = store.undo(second, force, actor("undo")).await;
        assert!(matches!(refused, Err(StoreError::Gone(_))), "{refused:?}");
        assert_eq!(live(&*store, "blog").await, Some(2), "the app still shows something");
    }
    // A pinned version stays; once it is let go and gone, it cannot be pinned again.
    let blog = name("blog");
    let set = async |wish| store.configure(&blog, wish, actor("c")).await.expect("configured");
    set(Configure { pin: vec![3], ..Configure::default() }).await;
    for text in ["5", "6"] {
        publish_preview(&*store, "blog", &[("i", text)]).await;
    }
    collect(&*store, 2, 1).await;
    let app = id(&*store, "blog").await;
    assert!(store.files(app, 3).await.expect("read").is_some());
    assert!(store.files(app, 4).await.expect("read").is_none());
    let unpin = set(Configure { unpin: vec![3], ..Configure::default() }).await.expect("a change");
    collect(&*store, 2, 1).await;
    let refused = store.undo(unpin, false, actor("undo")).await;
    assert!(matches!(refused, Err(StoreError::Gone(_))), "{refused:?}");
    let trashed = store.trash(&name("blog"), actor("delete_app")).await.expect("trashed");
    collect(&*store, 2, 24 * 31).await;
    let refused = store.undo(trashed.change, false, actor("undo")).await;
    assert!(matches!(refused, Err(StoreError::Gone(_))), "{refused:?}");
}

async fn an_undone_first_deploy_stays_in_the_trash_for_its_whole_time<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let made = publish(&*store, "blog", &[("i", "1")]).await.change.expect("a change");
    let days = |days: i64| days * 24;
    let undone = store.undo(made, false, later("undo", days(40))).await.expect("undone");
    collect(&*store, 20, days(41)).await;
    store.undo(undone.change, false, later("undo", days(42))).await.expect("it is still there");
    assert_eq!(live(&*store, "blog").await, Some(1));
}

async fn the_ledger_is_paged_filtered_and_chained<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    for n in 0..5 {
        publish(&*store, if n % 2 == 0 { "blog" } else { "shop" }, &[("i", &n.to_string())]).await;
    }
    store.set_setting("port", Some("1".into()), actor("set")).await.expect("set");
    let page = async |app: Option<&str>, among: Option<&[&str]>, before, limit| {
        let among = among.map(|apps| apps.iter().map(|app| name(app)).collect());
        let query = ChangeQuery { app: app.map(name), among, before, limit };
        let (rows, total) = store.changes(query).await.expect("read");
        (rows.iter().map(|row| row.id).collect::<Vec<_>>(), total)
    };
    assert_eq!(page(None, None, None, 2).await, (vec![6, 5], 6));
    assert_eq!(page(None, None, Some(5), 2).await, (vec![4, 3], 6));
    assert_eq!(page(Some("blog"), None, None, 9).await, (vec![5, 3, 1], 3));
    // What belongs to no app is nothing for a token limited to some.
    assert_eq!(page(None, Some(&["shop"]), None, 9).await, (vec![4, 2], 2));
    assert_eq!(page(Some("blog"), Some(&["shop"]), None, 9).await, (vec![], 0));
    assert_eq!(store.verify_ledger().await.expect("verified"), None);
}

async fn removing_the_last_peer_leaves_no_default<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let set = async |name: &str, row| store.set_peer(&peer(name), row, actor("peer")).await;
    let default = async || {
        let peers = store.peers().await.expect("read");
        peers.iter().find(|peer| peer.default).map(|peer| peer.name.to_string())
    };
    for name in ["a", "b"] {
        set(name, Some(peer_row(name))).await.expect("added");
    }
    assert_eq!(default().await.as_deref(), Some("a"), "the first one is the default");
    set("a", None).await.expect("removed");
    assert_eq!(default().await, None, "nobody chose another");
    set("b", None).await.expect("removed");
    set("b", Some(peer_row("b"))).await.expect("added");
    set("c", Some(peer_row("c"))).await.expect("added");
    assert_eq!(default().await.as_deref(), Some("b"));
    set("b", None).await.expect("removed");
    set("c", None).await.expect("removed");
    set("d", Some(peer_row("d"))).await.expect("added");
    assert_eq!(default().await.as_deref(), Some("d"), "a removed peer is no default");
    assert!(matches!(set("x", None).await, Err(StoreError::NoSuch { kind: "peer", .. })));
    let unknown = store.set_default_peer(&peer("x"), actor("peer")).await;
    assert!(matches!(unknown, Err(StoreError::NoSuch { kind: "peer", .. })));
}

async fn a_session_ends_when_it_is_ended_or_expires<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let now = beginning();
    let expires_at = now + SignedDuration::from_hours(1);
    let begin = async |text: &str| {
        let hash = Hash::of(text.as_bytes());
        let session = Session { hash, csrf: "csrf".into(), created_at: now, expires_at };
        store.add_session(session).await.expect("stored");
        hash
    };
    let (ended, expired) = (begin("ended").await, begin("expired").await);
    let holds = async |hash, at| store.session(&hash, at).await.expect("read").is_some();
    assert!(holds(ended, now).await && holds(expired, now).await);
    store.end_session(&ended).await.expect("ended");
    assert!(!holds(ended, now).await && holds(expired, now).await);
    assert!(!holds(expired, expires_at).await);
    let new = begin("new").await;
    store.set_owner_hash("hash".into(), actor("set_up")).await.expect("set");
    assert!(!holds(new, now).await, "a new password ends every session");
}

async fn a_setup_link_is_spent_once_even_by_two_at_a_time<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let now = beginning();
    let (old, new) = (Hash::of(b"old"), Hash::of(b"new"));
    let expires = now + SignedDuration::from_mins(30);
    store.add_setup_link(old, expires).await.expect("stored");
    store.add_setup_link(new, expires).await.expect("stored");
    assert!(!store.setup_link_holds(&old, now).await.expect("read"), "a new one replaces it");
    assert!(store.setup_link_holds(&new, now).await.expect("read"));
    assert!(!store.setup_link_holds(&new, expires).await.expect("read"));
    let late = Actor { at: expires, ..actor("set_up") };
    assert!(!store.spend_setup_link(new, "late".into(), late).await.expect("asked"));
    let spend = |who: String| store.spend_setup_link(new, who, actor("set_up"));
    let spent = join_all((0..8).map(|n| spend(format!("owner {n}")))).await;
    let spent: Vec<bool> = spent.into_iter().map(|done| done.expect("asked")).collect();
    assert_eq!(spent.iter().filter(|spent| **spent).count(), 1, "{spent:?}");
    let winner = spent.iter().position(|spent| *spent).expect("one");
    assert_eq!(store.owner_hash().await.expect("read"), Some(format!("owner {winner}")));
    assert_eq!(count_changes(&*store).await, 1);
}

async fn a_token_is_found_by_prefix_until_it_is_revoked<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let until = beginning() + SignedDuration::from_hours(24);
    let mut wish = token("ci", Some(until));
    wish.apps = Some(vec![name("blog")]);
    store.add_token(wish, actor("create_token")).await.expect("made");
    let found = store.token("ci-prefix").await.expect("read").expect("there");
    assert_eq!(found.token.apps, Some(vec![name("blog")]));
    assert_eq!((found.token.expires_at, found.token.scopes), (Some(until), Scopes::all()));
    assert!(store.token("ci").await.expect("read").is_none());
    let twice = store.add_token(token("ci", None), actor("create_token")).await;
    assert!(matches!(twice, Err(StoreError::Taken(name)) if name == "ci"));
    store.tokens_used(vec![(found.id, until)]).await.expect("noted");
    let used = store.token("ci-prefix").await.expect("read").expect("there").used_at;
    assert_eq!(used, Some(until));
    store.revoke_token("ci", actor("revoke_token")).await.expect("revoked");
    assert!(store.token("ci-prefix").await.expect("read").is_none());
    assert!(store.tokens().await.expect("read").is_empty());
    let gone = store.revoke_token("ci", actor("revoke_token")).await;
    assert!(matches!(gone, Err(StoreError::NoSuch { kind: "token", .. })));
}

async fn a_code_is_spent_once_even_by_two_at_a_time<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    store.add_grant(grant(), code("code"), actor("oauth_consent")).await.expect("made");
    let spend = || store.spend_code(Hash::of(b"code"), actor("oauth_code"));
    let (a, b) = tokio::join!(spend(), spend());
    let spent: Vec<_> = [a, b].into_iter().filter_map(|spent| spent.expect("no failure")).collect();
    assert_eq!(spent.len(), 1);
    // Two held it, so what it was made for is over, whoever was first.
    assert!(!store.begin_grant(spent[0].id, tokens("one")).await.expect("asked"));
    assert!(store.grants(beginning()).await.expect("read").is_empty());
    let late = NewCode { expires_at: beginning(), ..code("late") };
    store.add_grant(grant(), late, actor("oauth_consent")).await.expect("made");
    let late = store.spend_code(Hash::of(b"late"), actor("oauth_code")).await;
    assert_eq!(late.expect("no failure"), None);
    let unknown = store.spend_code(Hash::of(b"unknown"), actor("oauth_code")).await;
    assert_eq!(unknown.expect("no failure"), None);
}

async fn a_spent_refresh_token_ends_its_grant<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let id = granted(&*store).await;
    let renew = async |old: &str, scopes: Option<Scopes>, next: &str| {
        let old = Hash::of(format!("refresh {old}").as_bytes());
        let by = actor("oauth_refresh");
        store.renew_grant(old, "fazt_client_x", scopes, tokens(next), by).await.expect("asked")
    };
    assert_eq!(renew("one", Some(Scopes::all()), "wide").await, Renewed::Wider);
    let fewer: Scopes = [Scope::AppsRead].into_iter().collect();
    assert_eq!(renew("one", Some(fewer), "two").await, Renewed::Done(fewer));
    let found = store.access_token("two").await.expect("read").expect("there");
    assert_eq!((found.scopes, found.grant.id, &found.grant.grant), (fewer, id, &grant()));
    assert!(store.access_token("wide").await.expect("read").is_none());
    assert_eq!(renew("two", None, "three").await, Renewed::Done(grant().scopes));
    assert_eq!(renew("unknown", None, "four").await, Renewed::Unknown);
    let rows = count_changes(&*store).await;
    assert_eq!(renew("one", None, "four").await, Renewed::Reused);
    assert_eq!(count_changes(&*store).await, rows + 1);
    for prefix in ["one", "two", "three", "four"] {
        assert!(store.access_token(prefix).await.expect("read").is_none(), "{prefix}");
    }
    assert_eq!(renew("three", None, "four").await, Renewed::Unknown);
    assert!(store.grants(beginning()).await.expect("read").is_empty());
}

async fn a_grant_holds_until_it_is_revoked_or_over<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let id = granted(&*store).await;
    store.grants_used(vec![(id, beginning())]).await.expect("noted");
    let held = store.grants(beginning()).await.expect("read");
    assert_eq!((held.len(), held[0].used_at), (1, Some(beginning())));
    let day = beginning() + SignedDuration::from_hours(24);
    assert!(store.grants(day).await.expect("read").is_empty(), "it is over");
    store.revoke_grant(id, actor("revoke_grant")).await.expect("revoked");
    assert!(store.access_token("one").await.expect("read").is_none());
    let again = store.revoke_grant(id, actor("revoke_grant")).await;
    assert!(matches!(again, Err(StoreError::NoSuch { kind: "grant", .. })));
    // A month after it is over it is forgotten, and cannot be brought back.
    let change = count_changes(&*store).await;
    collect(&*store, 1, 24 * 32).await;
    let late = later("undo", 24 * 32);
    let gone = store.undo(i64::try_from(change).expect("small"), false, late).await;
    assert!(matches!(gone, Err(StoreError::Gone(_))), "{gone:?}");
}

async fn of_programs_that_were_allowed_nothing_the_oldest_go<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let client = |n: i64| Client {
        id: format!("fazt_client_{n}"),
        name: "X".into(),
        redirects: vec!["http://localhost/cb".into()],
        created_at: beginning() + SignedDuration::from_secs(n),
    };
    store.add_client(client(0), 3).await.expect("kept");
    let allowed = NewGrant { client: client(0).id, ..grant() };
    store.add_grant(allowed, code("code"), actor("oauth_consent")).await.expect("made");
    for n in 1..5 {
        store.add_client(client(n), 3).await.expect("kept");
    }
    let mut there = Vec::new();
    for n in 0..5 {
        there.push(store.client(&client(n).id).await.expect("read") == Some(client(n)));
    }
    assert_eq!(there, [true, false, false, true, true]);
}

fn held(app: &str, hours: i64) -> HeldCall {
    let at = beginning() + SignedDuration::from_hours(hours);
    HeldCall {
        token: "laptop".into(),
        scopes: Scopes::all(),
        face: Face::Mcp,
        client: Some("agent".into()),
        tool: "delete_app".into(),
        input: json!({ "app": app }),
        question: format!("Move {app}?"),
        created_at: at,
        expires_at: at + SignedDuration::from_hours(24),
    }
}

async fn a_call_that_waits_is_kept_once_and_decided_once<B: Backend>() {
    let backend = B::begin().await;
    let store = backend.store();
    let nobody = store.hold(held("blog", 0), 2).await;
    assert!(matches!(nobody, Err(StoreError::NoSuch { kind: "token", .. })), "{nobody:?}");
    store.add_token(token("laptop", None), actor("create_token")).await.expect("made");
    let hold = async |app: &str, hours| store.hold(held(app, hours), 2).await.expect("asked");
    let blog = hold("blog", 0).await.expect("room");
    assert_eq!(hold("blog", 1).await.expect("the same").id, blog.id);
    let shop = hold("shop", 0).await.expect("room");
    assert!(hold("third", 0).await.is_none(), "two wait");
    assert_ne!(hold("blog", 24).await.expect("expired by then").id, blog.id);
    let now = beginning();
    let both = join_all([store.approve(shop.id, now), store.approve(shop.id, now)]).await;
    let decided = both.into_iter().filter(|done| done.as_ref().expect("asked").1).count();
    assert_eq!(decided, 1);
    assert!(!store.deny(shop.id, actor("deny")).await.expect("asked").1);
    assert!(!store.deny(blog.id, later("deny", 24)).await.expect("asked").1, "too late");
    let before = count_changes(&*store).await;
    assert!(store.deny(blog.id, later("deny", 23)).await.expect("asked").1);
    assert_eq!(count_changes(&*store).await, before + 1);
    let none = store.approve(99, now).await;
    assert!(matches!(none, Err(StoreError::NoSuch { kind: "approval", .. })), "{none:?}");
}

async fn what_became_of_a_call_is_told_once_and_for_a_while<B: Backend>() {
    let backend = B::begin().await;
    let store = backend.store();
    store.add_token(token("laptop", None), actor("create_token")).await.expect("made");
    let call = store.hold(held("blog", 0), 9).await.expect("asked").expect("room");
    let now = beginning();
    let ago = now - SignedDuration::from_hours(1);
    let input = json!({ "app": "blog" });
    let (first, decided) = store.approve(call.id, now).await.expect("decided");
    assert!(decided && first.outcome.is_none());
    let done = store.settle_approval(call.id, Ok(json!({ "change": 1 }))).await.expect("settled");
    assert_eq!(done.outcome, Some(json!({ "change": 1 })));
    let other = json!({ "app": "shop" });
    assert!(store.held("laptop", "delete_app", &other, ago, now).await.expect("read").is_none());
    assert!(store.held("laptop", "delete_app", &input, now, now).await.expect("read").is_none());
    let found = store.held("laptop", "delete_app", &input, ago, now).await.expect("read");
    let found = found.expect("decided lately");
    assert_eq!(
        (found.id, found.call.face, found.call.client),
        (1, Face::Mcp, Some("agent".into()))
    );
    assert!(store.tell(call.id).await.expect("told"));
    assert!(!store.tell(call.id).await.expect("told"));
    assert!(store.held("laptop", "delete_app", &input, ago, now).await.expect("read").is_none());
    // An app that is gone, and a call nobody remembers: both are collected.
    let query = |now| ApprovalQuery { all: true, before: None, limit: 9, now };
    assert_eq!(store.approvals(query(now)).await.expect("read").1, 1);
    collect(&*store, 9, 24 * 30 + 1).await;
    assert_eq!(store.approvals(query(now)).await.expect("read").1, 0);
}

async fn an_idempotency_key_answers_again_for_a_day<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let (same, other) = (Hash::of(b"same"), Hash::of(b"other"));
    let ask = async |print, hours| {
        let now = beginning() + SignedDuration::from_hours(hours);
        store.reserve_key("key", print, now).await.expect("asked")
    };
    assert_eq!(ask(same, 0).await, Reserved::New);
    assert_eq!(ask(same, 0).await, Reserved::Running);
    assert_eq!(ask(other, 0).await, Reserved::Other);
    store.settle_key("key", None).await.expect("freed");
    assert_eq!(ask(same, 0).await, Reserved::New, "a refusal frees the key");
    store.settle_key("key", Some((200, "done".into()))).await.expect("settled");
    assert_eq!(ask(same, 23).await, Reserved::Answered(200, "done".into()));
    assert_eq!(ask(other, 23).await, Reserved::Other);
    assert_eq!(ask(other, 25).await, Reserved::New, "a day later it is forgotten");
}

async fn traffic_adds_up_by_the_hour<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    publish(&*store, "blog", &[("i", "1")]).await;
    let app = id(&*store, "blog").await;
    let now = beginning();
    let hour = now.as_second().div_euclid(3_600);
    let count = |hour, requests, errors| Traffic { app, hour, requests, errors };
    store.add_traffic(vec![count(hour, 2, 1), count(hour - 30, 100, 0)]).await.expect("added");
    store.add_traffic(vec![count(hour, 3, 0)]).await.expect("added");
    let since = now - SignedDuration::from_hours(24);
    assert_eq!(store.traffic(app, since).await.expect("read"), (5, 1));
    let query = AppQuery { search: None, among: None, after: None, limit: 9, since };
    let (apps, _) = store.apps(query).await.expect("read");
    assert_eq!((apps[0].requests, apps[0].errors), (5, 1));
}

async fn collecting_keeps_what_is_live_recent_or_named<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    for n in 1..=6 {
        publish(&*store, "blog", &[("i", &format!("text {n}"))]).await;
    }
    store.promote(&name("blog"), Some(1), actor("promote")).await.expect("promoted");
    publish(&*store, "other", &[("i", "text 3")]).await;
    publish(&*store, "gone", &[("i", "gone")]).await;
    store.trash(&name("gone"), actor("delete_app")).await.expect("trashed");
    store.put_blobs(vec![blob("loose")], beginning()).await.expect("stored");
    let stored = async |text: &str| {
        store.missing(&[Hash::of(text.as_bytes())]).await.expect("read").is_empty()
    };
    collect(&*store, 2, 23).await;
    let versions = store.versions(id(&*store, "blog").await).await.expect("read");
    let versions: Vec<u32> = versions.iter().map(|version| version.version).collect();
    assert_eq!(versions, [6, 5, 1], "the newest two and the live one");
    assert!(stored("loose").await && stored("text 2").await, "a content stays for a day");
    collect(&*store, 2, 25).await;
    assert!(!stored("loose").await && !stored("text 2").await);
    for named in ["text 1", "text 3", "text 6", "gone"] {
        assert!(stored(named).await, "a version names `{named}`");
    }
    collect(&*store, 2, 24 * 30 + 1).await;
    collect(&*store, 2, 24 * 30 + 1).await;
    assert!(!stored("gone").await, "the trash is emptied after thirty days");
    assert!(stored("text 1").await && live(&*store, "blog").await == Some(1));
}

async fn a_content_sent_again_is_kept_for_another_day<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let large = "x".repeat(3 << 20);
    for hours in [0, 20] {
        let now = beginning() + SignedDuration::from_hours(hours);
        store.put_blobs(vec![blob("small"), blob(large.clone())], now).await.expect("stored");
    }
    collect(&*store, 20, 30).await;
    let hashes = [Hash::of(b"small"), Hash::of(large.as_bytes())];
    assert_eq!(store.missing(&hashes).await.expect("read"), []);
    let whole = store.blob_by_hash(&hashes[1]).await.expect("read").expect("it is there");
    let read = store.blob(whole.id, Variant::Identity).await.expect("read").expect("it is there");
    assert_eq!(read.len(), large.len(), "its pieces are there once");
    collect(&*store, 20, 50).await;
    assert_eq!(store.missing(&hashes).await.expect("read").len(), 2);
}

async fn large_contents_are_read_whole_and_by_piece<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let bytes: Bytes = (0..1_300_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>().into();
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
    std::io::Write::write_all(&mut file, &reversed).expect("written");
    let spooled = NewBlob {
        hash: Hash::of(&reversed),
        size: reversed.len() as u64,
        content: Content::File(file.into_temp_path()),
    };
    let blobs = vec![blob(bytes.clone()), spooled, blob("small"), blob("")];
    store.put_blobs(blobs, beginning()).await.expect("stored");
    for expected in [&bytes[..], &reversed, b"small", b""] {
        let found = store.blob_by_hash(&Hash::of(expected)).await.expect("read").expect("there");
        assert_eq!(found.size, expected.len() as u64);
        let whole = store.blob(found.id, Variant::Identity).await.expect("read").expect("there");
        assert!(whole == expected);
        for start in [0, 1, 524_287, 524_288, 1_000_000] {
            let mut at = start.min(expected.len());
            while let Some(piece) = store.blob_piece(found.id, at as u64).await.expect("read") {
                assert!(!piece.is_empty() && expected[at..].starts_with(&piece), "at {at}");
                at += piece.len();
            }
            assert_eq!(at, expected.len(), "from {start}");
        }
    }
    assert!(store.blob(9_999, Variant::Identity).await.expect("read").is_none());
}

async fn variants_are_made_once_and_name_their_apps<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let mut wish = order("blog", &[("index.html", "squeeze me"), ("a.png", "not me")], true);
    wish.tree[0].compressible = true;
    let app = store.publish(wish).await.expect("published").app;
    let waiting = store.to_compress(10).await.expect("read");
    assert_eq!(waiting.len(), 1);
    assert_eq!(store.compress_backlog().await.expect("read"), 1);
    let variants = vec![(Variant::Gzip, b"gz".to_vec()), (Variant::Brotli, b"br".to_vec())];
    let done = vec![NewVariants { blob: waiting[0].id, variants }];
    assert_eq!(store.put_variants(done).await.expect("stored"), [app]);
    assert_eq!(store.compress_backlog().await.expect("read"), 0);
    let brotli = store.blob(waiting[0].id, Variant::Brotli).await.expect("read");
    assert_eq!(brotli.as_deref(), Some(&b"br"[..]));
    assert_eq!(store.blob(waiting[0].id, Variant::Zstd).await.expect("read"), None);
    let site = store.site(app, 1).await.expect("read").expect("a version");
    let bits: Vec<u8> = site.files.iter().map(|(_, bits)| *bits).collect();
    let made = 1 << Variant::Gzip.code() | 1 << Variant::Brotli.code();
    assert_eq!(bits, [0, made], "`a.png` and `index.html`");
}

async fn sixty_four_writers_at_once_are_all_kept<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let tasks = (0..64).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            publish(&*store, &format!("app-{n}"), &[("i", &n.to_string())]).await;
            store.set_setting(&format!("key-{n}"), Some("1".into()), actor("set")).await
        })
    });
    for done in join_all(tasks).await {
        done.expect("no panic").expect("written");
    }
    drop(store);
    let kept = kept.reopen().await;
    let store = kept.store();
    assert_eq!(store.app_names().await.expect("read").len(), 64);
    assert_eq!(store.settings().await.expect("read").len(), 64);
    assert_eq!(count_changes(&*store).await, 128);
    assert_eq!(store.verify_ledger().await.expect("verified"), None);
}

async fn a_job_that_fails_takes_no_other_with_it<B: Backend>() {
    let kept = B::begin().await;
    let store = kept.store();
    let jobs = (0..40).map(|n| {
        let store = store.clone();
        async move {
            let mut wish = order(&format!("app-{n}"), &[("i", "1"), ("j", "2")], true);
            if n % 2 == 1 {
                wish.tree[1].hash = Hash::of(b"nobody has this");
            }
            store.publish(wish).await.is_ok()
        }
    });
    let done = join_all(jobs).await;
    let expected: Vec<bool> = (0..40).map(|n| n % 2 == 0).collect();
    assert_eq!(done, expected);
    assert_eq!(store.app_names().await.expect("read").len(), 20);
    assert_eq!(count_changes(&*store).await, 20);
}

async fn what_was_answered_is_there_after_opening_again<B: Backend>() {
    let kept = B::begin().await;
    furnish(&*kept.store()).await;
    let before = picture(&*kept.store()).await;
    let kept = kept.reopen().await;
    assert_eq!(picture(&*kept.store()).await, before);
    publish(&*kept.store(), "blog", &[("index.html", "after")]).await;
    kept.store().close().await;
    let refused = kept.store().set_setting("port", None, actor("set")).await;
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
}
