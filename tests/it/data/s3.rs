//! Objects.

use bytes::Bytes;
use fazt::store::{
    StoreError, Variant,
    data::{Hashed, Operation, Outcome, Page},
};

use super::Data;
use crate::store_contract::{Backend, blob, collect, publish};

fn put(path: &str, content: &'static str) -> Operation {
    Operation::S3Put {
        path: path.into(),
        media: "text/plain".into(),
        content: Hashed::of(Bytes::from_static(content.as_bytes())),
    }
}

async fn read<B: Backend>(data: &Data<B>, path: &str) -> Option<Bytes> {
    let head = data.done(Operation::S3Head { path: path.into() }).await;
    let Outcome::Object(object) = head else { panic!("an object") };
    let blob = object?.blob;
    let content = data.store.blob(blob.id, Variant::Identity).await.expect("read");
    assert_eq!(content.as_ref().map(|bytes| bytes.len() as u64), Some(blob.size));
    content
}

pub async fn an_object_is_put_read_listed_and_deleted<B: Backend>() {
    let data = Data::<B>::begin().await;
    for path in ["a/1", "a/2", "b"] {
        data.done(put(path, "first")).await;
    }
    let Outcome::Object(Some(object)) = data.done(put("a/1", "second")).await else {
        panic!("an object")
    };
    assert_eq!((object.media.as_str(), object.blob.size), ("text/plain", 6));
    assert_eq!(read(&data, "a/1").await.as_deref(), Some(&b"second"[..]));
    assert_eq!(read(&data, "a/2").await.as_deref(), Some(&b"first"[..]));
    let list = |after| Operation::S3List {
        prefix: "a/".into(),
        page: Page { limit: 1, after, ..Page::default() },
    };
    let Outcome::Objects((first, next)) = data.done(list(None)).await else { panic!("objects") };
    let Outcome::Objects((second, end)) = data.done(list(next)).await else { panic!("objects") };
    assert_eq!([&first[0].path, &second[0].path], ["a/1", "a/2"]);
    assert_eq!(end, None);
    assert_eq!(data.done(Operation::S3Delete { path: "b".into() }).await, Outcome::Held(true));
    assert_eq!(data.done(Operation::S3Delete { path: "b".into() }).await, Outcome::Held(false));
    assert_eq!(read(&data, "b").await, None);
    let empty = data.attempt(put("", "x")).await;
    assert!(matches!(empty, Err(StoreError::Unfit(_))));
}

pub async fn a_content_is_kept_as_long_as_an_object_names_it<B: Backend>() {
    let data = Data::<B>::begin().await;
    let shared = publish(&*data.store, "other", &[("i", "shared")]).await;
    data.done(put("same", "shared")).await;
    data.done(put("own", "own")).await;
    let files = data.store.files(shared.app, 1).await.expect("read").expect("there");
    let Outcome::Object(Some(same)) = data.done(Operation::S3Head { path: "same".into() }).await
    else {
        panic!("an object")
    };
    assert_eq!(same.blob.id, files[0].blob.id, "stored once");
    collect(&*data.store, 20, 48).await;
    assert_eq!(read(&data, "own").await.as_deref(), Some(&b"own"[..]));
    data.done(Operation::S3Delete { path: "own".into() }).await;
    collect(&*data.store, 20, 48).await;
    let left = data.store.missing(&[blob("own").hash, blob("shared").hash]).await.expect("read");
    assert_eq!(left, [blob("own").hash]);
}

pub async fn a_large_object_comes_from_a_file_and_is_read_by_piece<B: Backend>() {
    use std::io::Write as _;

    use fazt::store::{Content, Hash, NewBlob};
    let data = Data::<B>::begin().await;
    let bytes: Vec<u8> = (0..11_u32 << 18).flat_map(u32::to_le_bytes).collect();
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&bytes).expect("written");
    let content = NewBlob {
        hash: Hash::of(&bytes),
        size: bytes.len() as u64,
        content: Content::File(file.into_temp_path()),
    };
    let put = data.store.s3_put(&data.space, "film", "video/mp4", content, data.now).await;
    let object = put.expect("put");
    assert_eq!(object.blob.size, 11 << 20);
    let (mut offset, mut read) = (0, Vec::new());
    while let Some(piece) = data.store.blob_piece(object.blob.id, offset).await.expect("read") {
        offset += piece.len() as u64;
        read.extend_from_slice(&piece);
    }
    assert!(read == bytes, "what was put is read");
    let usage = data.store.usage(data.space.app).await.expect("read");
    assert_eq!((usage.rows, usage.bytes), (1, (11 << 20) + 4));
}
