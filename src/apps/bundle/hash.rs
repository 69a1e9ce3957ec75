//! What is in each file of a folder?
//!
//! Hashes files on every core and makes sure that what was hashed was one state of
//! the file: one that changes while it is read is read again, then refused. Sending
//! the files is the caller's work, who meets a later change as another hash.

use std::{
    fs::{self, File},
    io::{self, Read},
    num::NonZero,
    path::Path,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use thiserror::Error;

use super::{
    folder::{Folder, LocalFile},
    limits::MIB,
    path::FilePath,
};

/// Files up to this size are read whole; it bounds the memory of each thread.
const WHOLE_BYTES: u64 = 16 * MIB;

/// How often a file is read before it counts as ever-changing.
const ATTEMPTS: u32 = 3;

/// How long a writer gets to finish before its file is read again.
const PAUSE: Duration = Duration::from_millis(20);

/// A file of an app by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// Its path in the app.
    pub path: FilePath,
    /// The BLAKE3 hash of its content.
    pub hash: [u8; 32],
    /// Its size, as hashed.
    pub size: u64,
}

/// How far the hashing of a folder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files hashed.
    pub files: usize,
    /// Files to hash in all.
    pub of_files: usize,
    /// Bytes hashed.
    pub bytes: u64,
    /// Bytes to hash in all, as of the walk.
    pub of_bytes: u64,
}

/// Why a file cannot be hashed.
#[derive(Debug, Error)]
pub enum HashProblem {
    #[error("cannot read `{path}`; make it readable or list it in `.faztignore`")]
    Unreadable {
        path: FilePath,
        #[source]
        source: io::Error,
    },
    #[error(
        "`{path}` changed while it was read, {ATTEMPTS} times; \
         stop what writes to it, then deploy again"
    )]
    Changed { path: FilePath },
}

impl Folder {
    /// Hashes every file, in the order of [`Folder::files`]; tells of the progress
    /// after each file, on the calling thread.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read or keeps changing.
    pub fn hash(&self, progress: &mut dyn FnMut(Progress)) -> Result<Vec<Hashed>, HashProblem> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let (sender, results) = mpsc::channel();
        let work = |sender: mpsc::Sender<_>| {
            let mut buffer = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = self.files.get(index) else { break };
                if sender.send((index, hash_file(file, &mut buffer))).is_err() {
                    break;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..cores.min(self.files.len()) {
                let sender = sender.clone();
                scope.spawn(|| work(sender));
            }
            // The loop below ends when the last worker drops its sender.
            drop(sender);
            let of_bytes = self.files.iter().map(|file| file.size).sum();
            let mut at = Progress { files: 0, of_files: self.files.len(), bytes: 0, of_bytes };
            let mut hashed = Vec::with_capacity(self.files.len());
            for (index, result) in results {
                let file = result.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                at.files += 1;
                at.bytes += file.size;
                progress(at);
                hashed.push((index, file));
            }
            hashed.sort_unstable_by_key(|(index, _)| *index);
            Ok(hashed.into_iter().map(|(_, file)| file).collect())
        })
    }
}

fn hash_file(file: &LocalFile, buffer: &mut Vec<u8>) -> Result<Hashed, HashProblem> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            thread::sleep(PAUSE);
        }
        let read = hash_once(&file.source, buffer);
        let read =
            read.map_err(|source| HashProblem::Unreadable { path: file.path.clone(), source })?;
        if let Some((hash, size)) = read {
            return Ok(Hashed { path: file.path.clone(), hash, size });
        }
    }
    Err(HashProblem::Changed { path: file.path.clone() })
}

/// Hashes a file, or answers `None` when it changed under the reading.
fn hash_once(source: &Path, buffer: &mut Vec<u8>) -> io::Result<Option<([u8; 32], u64)>> {
    let file = File::open(source)?;
    let before = file.metadata()?;
    // One byte more than expected is enough to know that the file grew, and keeps a
    // file that grows for ever from being read for ever.
    let mut reader = file.take(before.len().saturating_add(1));
    let (hash, size) = if before.len() <= WHOLE_BYTES {
        buffer.clear();
        reader.read_to_end(buffer)?;
        (blake3::hash(buffer), buffer.len() as u64)
    } else {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut reader)?;
        (hasher.finalize(), hasher.count())
    };
    // Asked of the path, not of the open file: a file replaced by another, or by a
    // link out of the folder, is a change as well.
    let after = fs::symlink_metadata(source)?;
    let steady = size == before.len()
        && after.is_file()
        && after.len() == before.len()
        && after.modified()? == before.modified()?;
    Ok(steady.then_some((hash.into(), size)))
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::SystemTime};

    use super::*;

    fn local(dir: &Path, name: &str, content: &[u8]) -> LocalFile {
        let source = dir.join(name);
        fs::write(&source, content).unwrap();
        at(name, source, content.len() as u64)
    }

    fn at(name: &str, source: PathBuf, size: u64) -> LocalFile {
        let path = FilePath::parse(name).unwrap();
        LocalFile { path, source, size, modified: SystemTime::UNIX_EPOCH }
    }

    fn folder(files: Vec<LocalFile>) -> Folder {
        Folder { files, warnings: Vec::new() }
    }

    #[test]
    fn every_file_is_hashed_in_order_and_progress_reaches_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let content = |n: usize| vec![7; n * 100];
        let files: Vec<_> =
            (0..40).map(|n| local(dir.path(), &format!("f{n:02}"), &content(n))).collect();
        let mut seen = Vec::new();
        let hashed = folder(files).hash(&mut |at| seen.push(at)).unwrap();
        for (n, file) in hashed.iter().enumerate() {
            assert_eq!(file.path.as_str(), format!("f{n:02}"));
            assert_eq!(file.hash, *blake3::hash(&content(n)).as_bytes());
            assert_eq!(file.size, content(n).len() as u64);
        }
        let last = seen.last().unwrap();
        assert_eq!((seen.len(), last.files, last.bytes), (40, last.of_files, last.of_bytes));
    }

    #[test]
    fn a_file_too_large_to_be_read_whole_has_the_same_hash() {
        let dir = tempfile::tempdir().unwrap();
        let content = vec![3; usize::try_from(WHOLE_BYTES).unwrap() + 5];
        let file = local(dir.path(), "big", &content);
        let hashed = folder(vec![file]).hash(&mut |_| {}).unwrap();
        assert_eq!(hashed[0].hash, *blake3::hash(&content).as_bytes());
    }

    #[test]
    fn an_empty_folder_has_no_hashes() {
        assert_eq!(folder(vec![]).hash(&mut |_| {}).unwrap(), vec![]);
    }

    #[test]
    fn a_change_between_the_walk_and_the_hashing_is_taken_as_it_is_now() {
        let dir = tempfile::tempdir().unwrap();
        let file = local(dir.path(), "a", b"old");
        fs::write(&file.source, b"newer").unwrap();
        let hashed = folder(vec![file]).hash(&mut |_| {}).unwrap();
        assert_eq!((hashed[0].hash, hashed[0].size), (*blake3::hash(b"newer").as_bytes(), 5));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let good = local(dir.path(), "good", b"x");
        let gone = at("gone", dir.path().join("gone"), 1);
        let problem = folder(vec![good, gone]).hash(&mut |_| {}).unwrap_err();
        assert!(
            matches!(&problem, HashProblem::Unreadable { path, .. } if path.as_str() == "gone")
        );
        assert!(problem.to_string().contains("`gone`"));
    }

    // A file of /proc has size 0 by its metadata and bytes when read: to a reader it
    // grows each time, without a race in the test.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_keeps_changing_is_refused() {
        let file = at("status", PathBuf::from("/proc/self/status"), 0);
        let problem = folder(vec![file]).hash(&mut |_| {}).unwrap_err();
        assert!(problem.to_string().contains("`status` changed while it was read"), "{problem}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_replaced_by_a_link_is_not_read_through_it() {
        let dir = tempfile::tempdir().unwrap();
        let target = local(dir.path(), "target", b"secret");
        std::os::unix::fs::symlink(&target.source, dir.path().join("link")).unwrap();
        let link = at("link", dir.path().join("link"), 6);
        let problem = folder(vec![link]).hash(&mut |_| {}).unwrap_err();
        assert!(matches!(problem, HashProblem::Changed { .. }));
    }
}
