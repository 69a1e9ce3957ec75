//! What apps store: what every store must do with it, and the tools for it.

use std::sync::Arc;

use fazt::store::{
    Store, StoreError,
    data::{DataScope, Datum, Find, Operation, Outcome, Path, Query, Sort, Space, Step, Update},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::store_contract::{Backend, beginning, publish};

mod ds;
mod kv;
mod s3;
mod tools;
mod whole;

use self::{ds::*, kv::*, s3::*, whole::*};

mod sqlite {
    use crate::store_contract::{contract, sqlite::Sqlite};

    contract! { Sqlite:
        a_key_holds_json_or_bytes_until_it_is_deleted
        an_expired_key_is_gone_before_it_is_collected
        a_list_is_paged_within_its_prefix
        sixty_four_tasks_that_count_lose_nothing
        of_many_swaps_at_once_one_wins
        what_is_too_long_names_its_limit
        documents_are_found_by_what_they_are_like
        pages_hold_every_document_once_in_any_order
        large_documents_make_short_pages
        documents_are_changed_replaced_and_deleted
        a_change_reaches_every_one_of_many_documents
        ids_are_made_kept_and_never_taken_twice
        an_object_is_put_read_listed_and_deleted
        a_content_is_kept_as_long_as_an_object_names_it
        a_large_object_comes_from_a_file_and_is_read_by_piece
        apps_and_users_never_see_what_is_anothers
        a_transaction_is_done_whole_or_not_at_all
        what_is_answered_otherwise_now_is_not_done
        a_quota_refuses_more_and_never_less
        what_is_stored_is_counted_exactly
        an_edit_by_hand_is_undone_exactly
        an_edit_is_bound_by_quota_and_sizes
        a_deleted_app_keeps_its_data_in_the_trash_and_no_longer
    }
}

/// An app's data, with a store behind it.
struct Data<B> {
    kept: B,
    store: Arc<dyn Store>,
    space: Space,
    now: Timestamp,
}

impl<B: Backend> Data<B> {
    /// The data of a new app in a new store.
    async fn begin() -> Self {
        let kept = B::begin().await;
        let store = kept.store();
        let app = publish(&*store, "blog", &[("i", "1")]).await.app;
        let space = Space { app, scope: DataScope::shared() };
        Self { kept, store, space, now: beginning() }
    }

    /// The same for another user of the app.
    fn user(&self, id: &str) -> Space {
        Space { app: self.space.app, scope: DataScope::user(id).expect("an id") }
    }

    fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    async fn attempt(&self, operation: Operation) -> Result<Outcome, StoreError> {
        self.store.data(&self.space, operation, self.now).await
    }

    async fn done(&self, operation: Operation) -> Outcome {
        let what = format!("{operation:?}");
        self.attempt(operation).await.unwrap_or_else(|e| panic!("{what}: {e}"))
    }

    async fn set(&self, key: &str, value: Value) {
        self.done(set(key, value)).await;
    }

    async fn get(&self, key: &str) -> Option<Value> {
        value_in(&*self.store, &self.space, key, self.now).await
    }

    async fn insert(&self, coll: &str, documents: &[Value]) {
        let (coll, documents) = (coll.to_owned(), documents.to_vec());
        self.done(Operation::DsInsert { coll, documents }).await;
    }

    async fn find(&self, find: Find) -> (Vec<Value>, Option<String>) {
        let Outcome::Documents(found) = self.done(Operation::DsFind(find)).await else {
            panic!("documents are answered")
        };
        found
    }

    /// The ids of the documents that a query finds, one after the other.
    async fn ids(&self, coll: &str, query: Value) -> String {
        let (found, _) = self.find(Find { query: q(query), ..Find::all(coll) }).await;
        ids(&found)
    }
}

async fn value_in(store: &dyn Store, space: &Space, key: &str, now: Timestamp) -> Option<Value> {
    let held = store.kv_get(space, key, now).await.expect("read");
    held.map(|held| held.value().expect("JSON"))
}

fn ids(documents: &[Value]) -> String {
    let ids: Vec<_> = documents.iter().map(|it| it["id"].as_str().expect("an id")).collect();
    ids.join(" ")
}

#[expect(clippy::needless_pass_by_value, reason = "`q(json!(…))` reads best")]
fn q(query: Value) -> Query {
    Query::parse(&query).expect("a query")
}

fn sort(sort: &str) -> Sort {
    Sort::parse(&sort.into()).expect("a sort")
}

fn path(path: &str) -> Path {
    Path::parse(path).expect("a path")
}

#[expect(clippy::needless_pass_by_value, reason = "`q(json!(…))` reads best")]
fn update(coll: &str, query: Value, update: Value) -> Operation {
    let update = Update::parse(&update).expect("an update");
    Operation::DsUpdate { coll: coll.into(), query: q(query), update }
}

#[expect(clippy::needless_pass_by_value, reason = "`q(json!(…))` reads best")]
fn set(key: &str, value: Value) -> Operation {
    Operation::KvSet { key: key.into(), value: Datum::json(&value), ttl: None }
}

fn step(operation: Operation) -> Step {
    Step { scope: DataScope::shared(), operation }
}
