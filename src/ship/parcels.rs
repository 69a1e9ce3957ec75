//! In what parcels do the missing files travel?
//!
//! Few bytes go along with the deploy itself, in one request; more go ahead of it
//! in bundles, and large files on their own. [`shipment`] decides and is pure.

use std::{fs, io, path::Path};

use bytes::Bytes;
use fazt_tools::{Code, Problem};

use super::{
    Watcher,
    pack::{Content, explain},
    target::Target,
};
use crate::apps::bundle::{
    limits::MIB,
    wire::{Encoder, MAX_HEAD_BYTES, Packing, WireProblem},
};

/// The largest file that travels with others; it is held in memory whole.
const SMALL_BYTES: u64 = 8 * MIB;

/// How much travels with the deploy itself.
const TOGETHER_BYTES: u64 = 32 * MIB;

/// How much one bundle ahead of the deploy carries.
const BUNDLE_BYTES: u64 = 16 * MIB;

/// How files travel.
#[derive(Debug, PartialEq)]
pub(super) enum Shipment<'a> {
    /// The node has them all.
    Nothing,
    /// With the deploy, in one request.
    Together(Vec<&'a Content>),
    /// Ahead of the deploy.
    Ahead {
        /// Small ones, some at a time.
        bundles: Vec<Vec<&'a Content>>,
        /// Large ones, each on its own.
        large: Vec<&'a Content>,
    },
}

/// Chooses how files travel to a deploy with a head of that length.
pub(super) fn shipment(files: Vec<&Content>, head_bytes: usize) -> Shipment<'_> {
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    let small = files.iter().all(|file| file.size <= SMALL_BYTES);
    if files.is_empty() {
        Shipment::Nothing
    } else if small && bytes <= TOGETHER_BYTES && head_bytes as u64 <= MAX_HEAD_BYTES {
        Shipment::Together(files)
    } else {
        ahead(files)
    }
}

/// Parcels for files that travel ahead of the deploy.
pub(super) fn ahead(files: Vec<&Content>) -> Shipment<'_> {
    let (small, large): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.size <= SMALL_BYTES);
    let mut bundles: Vec<Vec<&Content>> = Vec::new();
    let mut room = 0;
    for file in small {
        match bundles.last_mut() {
            Some(bundle) if file.size <= room => bundle.push(file),
            _ => {
                bundles.push(vec![file]);
                room = BUNDLE_BYTES;
            }
        }
        room -= file.size;
    }
    Shipment::Ahead { bundles, large }
}

/// Sends files ahead of the deploy.
pub(super) async fn send_ahead(
    target: &Target,
    files: Vec<&Content>,
    watcher: &dyn Watcher,
) -> Result<(), Problem> {
    let Shipment::Ahead { bundles, large } = ahead(files) else { return Ok(()) };
    for files in bundles {
        let bundle = bundle(&[], &files, packing(target))?;
        let parcel = Parcel::new(watcher, size_of(&files), bundle.len() as u64);
        target.send_bundle(bundle, &|sent| parcel.advance(sent)).await?;
    }
    for file in large {
        unchanged(file)?;
        let parcel = Parcel::new(watcher, file.size, file.size);
        let sent = |sent| parcel.advance(sent);
        let answer = target.send_file(file.hash, &file.source, file.size, &sent).await;
        if let Err(problem) = answer {
            // The node only says that the content is not that of the hash; whether the
            // file changed on the way can be told here alone.
            return Err(if rehashed(&file.source).ok() == Some(file.hash) {
                problem
            } else {
                changed(file)
            });
        }
    }
    Ok(())
}

/// Makes a bundle of a head and files.
pub(super) fn bundle(head: &[u8], files: &[&Content], packing: Packing) -> Result<Bytes, Problem> {
    let room = usize::try_from(size_of(files)).unwrap_or(0) + head.len() + 64 * files.len() + 64;
    let out = Vec::with_capacity(if packing == Packing::Stored { room } else { room / 4 });
    let mut encoder = Encoder::new(out, packing, head).map_err(|e| unsent(&e))?;
    for file in files {
        let content = fs::read(&file.source).map_err(|error| unreadable(file, &error))?;
        encoder.blob(&file.hash, &content).map_err(|error| match error {
            WireProblem::Changed { .. } => changed(file),
            error => unsent(&error),
        })?;
    }
    Ok(encoder.finish().map_err(|e| unsent(&e))?.into())
}

/// How a bundle is packed: on this machine, packing costs more than it saves.
pub(super) fn packing(target: &Target) -> Packing {
    if target.is_near() { Packing::Stored } else { Packing::Zstd(1) }
}

/// The bytes of files together.
pub(super) fn size_of(files: &[&Content]) -> u64 {
    files.iter().map(|file| file.size).sum()
}

/// A part of an upload: `bytes` that are `packed` bytes long on the way.
pub(super) struct Parcel<'a> {
    watcher: &'a dyn Watcher,
    bytes: u64,
    packed: u64,
}

impl<'a> Parcel<'a> {
    pub(super) fn new(watcher: &'a dyn Watcher, bytes: u64, packed: u64) -> Self {
        Self { watcher, bytes, packed: packed.max(1) }
    }

    /// Counts bytes that went out since the last call, as they are packed.
    pub(super) fn advance(&self, sent: u64) {
        self.watcher.sent(unpacked(sent, self.bytes, self.packed));
    }
}

/// The share of a parcel's bytes that `sent` of its packed ones stand for.
fn unpacked(sent: u64, bytes: u64, packed: u64) -> u64 {
    let share = u128::from(sent) * u128::from(bytes) / u128::from(packed);
    u64::try_from(share).unwrap_or(bytes)
}

/// Refuses a file that is visibly another than the one that was hashed.
fn unchanged(file: &Content) -> Result<(), Problem> {
    let now = fs::symlink_metadata(&file.source).map_err(|error| unreadable(file, &error))?;
    if now.is_file() && now.len() == file.size { Ok(()) } else { Err(changed(file)) }
}

fn rehashed(source: &Path) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(fs::File::open(source)?)?;
    Ok(hasher.finalize().into())
}

fn changed(file: &Content) -> Problem {
    Problem::new(Code::Conflict, format!("`{}` changed during the deploy", file.path))
        .hint("nothing went live; stop what writes to it, then deploy again")
        .detail("path", file.path.as_str())
}

fn unreadable(file: &Content, error: &io::Error) -> Problem {
    Problem::new(Code::Conflict, format!("cannot read `{}` any more: {error}", file.path))
        .hint("nothing went live; deploy again")
        .detail("path", file.path.as_str())
}

fn unsent(error: &WireProblem) -> Problem {
    explain(Code::Internal, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_count_for_what_they_carry() {
        assert_eq!(unpacked(25, 1_000, 100), 250);
        assert_eq!(unpacked(100, 1_000, 100), 1_000);
        assert_eq!(unpacked(u64::MAX, u64::MAX, 1), u64::MAX);
    }

    fn files(sizes: &[u64]) -> Vec<Content> {
        let file = |(index, size): (usize, &u64)| Content {
            path: format!("f{index}"),
            source: format!("/f{index}").into(),
            hash: [0; 32],
            size: *size,
        };
        sizes.iter().enumerate().map(file).collect()
    }

    #[test]
    fn what_is_there_does_not_travel_and_little_travels_with_the_deploy() {
        assert_eq!(shipment(vec![], 0), Shipment::Nothing);
        let few = files(&[8 * MIB, 8 * MIB, 8 * MIB, 8 * MIB, 0]);
        assert!(
            matches!(shipment(few.iter().collect(), 9), Shipment::Together(all) if all.len() == 5)
        );
    }

    #[test]
    fn much_or_large_or_long_winded_travels_ahead() {
        for sizes in [&[8 * MIB, 8 * MIB, 8 * MIB, 8 * MIB, 1][..], &[8 * MIB + 1][..]] {
            let files = files(sizes);
            let shipment = shipment(files.iter().collect(), 0);
            assert!(matches!(shipment, Shipment::Ahead { .. }), "{sizes:?}");
        }
        let one = files(&[1]);
        let head = usize::try_from(MAX_HEAD_BYTES).expect("fits") + 1;
        assert!(matches!(shipment(one.iter().collect(), head), Shipment::Ahead { .. }));
    }

    #[test]
    fn bundles_hold_at_most_their_measure_and_every_file_once() {
        let sizes = [7 * MIB, 8 * MIB, 2 * MIB, 100 * MIB, 8 * MIB, 8 * MIB, 0, 1];
        let files = files(&sizes);
        let Shipment::Ahead { bundles, large } = ahead(files.iter().collect()) else {
            panic!("these travel ahead");
        };
        let shape: Vec<Vec<u64>> =
            bundles.iter().map(|b| b.iter().map(|file| file.size).collect()).collect();
        let expected = [vec![7 * MIB, 8 * MIB], vec![2 * MIB, 8 * MIB], vec![8 * MIB, 0, 1]];
        assert_eq!(shape, expected);
        assert_eq!(large.len(), 1);
    }

    #[test]
    fn a_file_that_changed_since_it_was_hashed_is_refused_by_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let source = dir.path().join("a.txt");
        fs::write(&source, "new").expect("written");
        let hash = blake3::hash(b"old").into();
        let file = Content { path: "a.txt".into(), source, hash, size: 3 };
        let problem = bundle(b"{}", &[&file], Packing::Stored).expect_err("refused");
        assert_eq!(problem.code, Code::Conflict);
        assert!(problem.message.contains("`a.txt` changed"), "{}", problem.message);
    }
}
