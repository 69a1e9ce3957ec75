//! Compressed variants, made once for each content, beside the serving.
//!
//! A deploy goes live before its variants exist; visitors get the content as it
//! is until then. What a killed node left undone is found again at the next
//! start, because the store remembers what waits.

use std::{io::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::Notify;

use super::sites::Sites;
use crate::{
    lifecycle::Lifecycle,
    store::{NewVariants, Store, StoreError, Variant},
};

/// Contents taken from the store at a time.
const BATCH: u32 = 32;

/// A variant has to be this much smaller, in hundredths, to be worth keeping.
const WORTH: usize = 95;

/// Makes variants whenever `work` is notified, until the node stops.
pub async fn keep_making(
    store: Arc<dyn Store>,
    sites: Arc<Sites>,
    work: Arc<Notify>,
    lifecycle: Lifecycle,
) {
    loop {
        match make_batch(&store, &sites, &lifecycle).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "could not store compressed variants");
                // The reason may pass, a full disk for one; without a pause
                // this would spin.
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(30)) => {}
                    () = lifecycle.stopping() => return,
                }
                continue;
            }
        }
        tokio::select! {
            () = work.notified() => {}
            () = lifecycle.stopping() => return,
        }
    }
}

/// Makes the variants of one batch; false when nothing waits.
async fn make_batch(
    store: &Arc<dyn Store>,
    sites: &Sites,
    lifecycle: &Lifecycle,
) -> Result<bool, StoreError> {
    let waiting = store.to_compress(BATCH).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    let mut done = Vec::with_capacity(waiting.len());
    for blob in waiting {
        if lifecycle.is_stopping() {
            return Ok(false);
        }
        let Some(content) = store.blob(blob.id, Variant::Identity).await? else { continue };
        let made = tokio::task::spawn_blocking(move || variants_of(&content)).await;
        let variants = made.map_err(|error| StoreError::Backend(error.to_string()))?;
        done.push(NewVariants { blob: blob.id, variants });
    }
    for app in store.put_variants(done).await? {
        sites.refresh(app).await?;
    }
    Ok(true)
}

/// The variants of a content that are worth keeping.
///
/// Levels are high, not highest: brotli 11 gains 3 % over 9 and takes ten times
/// as long.
fn variants_of(content: &Bytes) -> Vec<(Variant, Vec<u8>)> {
    let all = [
        (Variant::Gzip, gzip(content)),
        (Variant::Zstd, zstd::bulk::compress(content, 15).ok()),
        (Variant::Brotli, brotli(content)),
    ];
    all.into_iter()
        .filter_map(|(variant, data)| Some((variant, data?)))
        .filter(|(_, data)| data.len() < content.len() / 100 * WORTH + content.len() % 100)
        .collect()
}

fn gzip(content: &[u8]) -> Option<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content).ok()?;
    writer.finish().ok()
}

fn brotli(content: &[u8]) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut data, 64 << 10, 9, 22);
    writer.write_all(content).ok()?;
    drop(writer);
    Some(data)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn every_variant_decodes_to_the_content() {
        let content = Bytes::from("<p>the same words again and again</p>\n".repeat(100));
        let variants = variants_of(&content);
        assert_eq!(variants.len(), 3);
        for (variant, data) in variants {
            let mut back = Vec::new();
            match variant {
                Variant::Gzip => {
                    flate2::read::GzDecoder::new(&data[..]).read_to_end(&mut back).unwrap();
                }
                Variant::Zstd => back = zstd::decode_all(&data[..]).unwrap(),
                Variant::Brotli => {
                    brotli::Decompressor::new(&data[..], 4096).read_to_end(&mut back).unwrap();
                }
                Variant::Identity => unreachable!("never made"),
            }
            assert_eq!(back, content);
        }
    }

    #[test]
    fn what_does_not_shrink_is_not_kept() {
        let noise: Vec<u8> = (0..4_000).map(|_| rand::random()).collect();
        assert!(variants_of(&Bytes::from(noise)).is_empty());
    }
}
