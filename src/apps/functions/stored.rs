//! The functions of a version that was deployed before, read out of the store.

use bytes::Bytes;

use super::{Functions, LIBRARIES, load};
use crate::{
    apps::sites::Site,
    store::{Result, Store, StoreError, Variant},
};

/// Reads a version's functions.
pub async fn stored(site: &Site, store: &dyn Store) -> Result<Functions> {
    let sizes = site.sizes().map(|(path, size)| (path.to_owned(), size)).collect();
    let read = |path: String| async move {
        let Some(entry) = site.file(&path) else { return Ok::<_, StoreError>(Bytes::new()) };
        Ok(store.blob(entry.blob.id, Variant::Identity).await?.unwrap_or_default())
    };
    // A deploy refuses what cannot be read.
    load(sizes, LIBRARIES, read).await?.map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        StoreError::Backend(format!("the functions of {}: {first}", site.app))
    })
}
