//! Bundles: what is handed over is what its hash says, within the bounds.
//!
//! Input: a stream; or, when it begins with `blobs:`, a packing level digit and one
//! content a line, of which a stream is made, read back, and read once more with one
//! byte changed.

use fazt::apps::bundle::wire::{Bounds, Encoder, Packing, Received, WireProblem, decode};

const BOUNDS: Bounds = Bounds { total_bytes: 256 * 1024, blob_bytes: 64 * 1024, blobs: 64 };

type Contents = Vec<Vec<u8>>;

pub(crate) fn run(data: &[u8]) {
    match data.strip_prefix(b"blobs:") {
        Some(given) => there_and_back(given),
        None => {
            let _ = read(data);
        }
    }
}

fn read(stream: &[u8]) -> Result<Contents, WireProblem> {
    let mut head = None;
    let mut contents = Contents::new();
    let received = decode(
        stream,
        &BOUNDS,
        &mut |bytes| {
            assert!(head.replace(bytes.to_vec()).is_none(), "one head");
            Ok(())
        },
        &mut |hash, bytes| {
            assert_eq!(hash, *blake3::hash(&bytes).as_bytes(), "the hash holds");
            contents.push(bytes);
            Ok(())
        },
    );
    let bytes: usize = contents.iter().map(Vec::len).sum();
    let (blobs, bytes) = (contents.len() as u64, bytes as u64);
    assert!(blobs <= BOUNDS.blobs && bytes <= BOUNDS.total_bytes);
    assert!(contents.is_empty() || head.is_some(), "the head comes first");
    let received = received?;
    assert_eq!(received, Received { blobs, bytes });
    contents.extend(head);
    Ok(contents)
}

fn there_and_back(given: &[u8]) {
    let Some((&level, given)) = given.split_first() else { return };
    let packing = match level {
        b'1'..=b'3' => Packing::Zstd(i32::from(level - b'0')),
        _ => Packing::Stored,
    };
    let given: Vec<&[u8]> = given.split(|&byte| byte == b'\n').take(60).collect();
    let (head, blobs) = given.split_first().expect("a split has a first piece");
    let mut encoder = Encoder::new(Vec::new(), packing, head).expect("a short head");
    for blob in blobs {
        encoder.blob(blake3::hash(blob).as_bytes(), blob).expect("the hash is right");
    }
    let mut stream = encoder.finish().expect("memory takes it");
    let mut sent: Contents = blobs.iter().map(|blob| blob.to_vec()).collect();
    sent.push(head.to_vec());
    assert_eq!(read(&stream).expect("what fazt writes, fazt reads"), sent);

    let at = blake3::hash(&stream).as_bytes()[0] as usize % stream.len();
    stream[at] ^= 1;
    // Only the head has no hash; whoever reads it judges it.
    if let Ok(read) = read(&stream) {
        assert_eq!(read[..read.len() - 1], sent[..sent.len() - 1]);
    }
}
