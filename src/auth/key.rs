//! The private key file beside the database: `data.db.key`, mode 0600.
//!
//! From the 32 random bytes of its first line come the token by which commands on
//! the same machine speak to the node, and the key that seals peers' tokens in the
//! database. Lines after it are keys of the apps' secrets, the newest first; without
//! any, that key comes from the first line, too. The environment may hold those keys
//! instead. A copy of the database without them keeps everything but the secrets.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or written.
    #[error("cannot use the key file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It does not hold a key.
    #[error("the key file {0} is damaged: it must hold 64 hex digits")]
    Damaged(PathBuf),
    /// The environment does not hold a key.
    #[error("`{0}` must hold 64 hex digits, or more such keys separated by commas")]
    Environment(&'static str),
}

/// The node's own key.
pub struct Key([u8; 32]);

impl Key {
    /// Reads the key beside `db`, if there is one.
    pub fn read(db: &Path) -> Result<Option<Self>, KeyError> {
        let path = path_beside(db);
        match fs::read_to_string(&path) {
            Ok(text) => match key_of(text.trim().lines().next().unwrap_or_default()) {
                Some(key) => Ok(Some(Self(key))),
                None => Err(KeyError::Damaged(path)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyError::File { path, source }),
        }
    }

    /// Reads the key beside `db`, making it if there is none. The caller holds
    /// the database's lock, so two processes do not make one each.
    pub fn ensure(db: &Path) -> Result<Self, KeyError> {
        if let Some(key) = Self::read(db)? {
            return Ok(key);
        }
        let key = Self(rand::random());
        let path = path_beside(db);
        write_private(&path, &hex(&key.0)).map_err(|source| KeyError::File { path, source })?;
        Ok(key)
    }

    /// The token by which commands on the same machine speak to the node.
    pub fn local_token(&self) -> String {
        let derived = blake3::derive_key("fazt 2026 local command token", &self.0);
        format!("fazt_local_{}", blake3::Hash::from_bytes(derived).to_hex())
    }

    /// A mark that only this node can make, on what an address of an object leads to.
    pub fn mark_object(&self, told: &[u8]) -> [u8; 16] {
        let key = blake3::derive_key("fazt 2026 addresses of objects", &self.0);
        let mut mark = [0; 16];
        mark.copy_from_slice(&blake3::keyed_hash(&key, told).as_bytes()[..16]);
        mark
    }

    /// Encrypts a secret for the database; `about` must be the same when it is
    /// opened, so that a sealed text cannot be moved to another place.
    pub fn seal(&self, secret: &str, about: &str) -> String {
        seal(&self.sealing(), secret, about)
    }

    /// Decrypts what [`Key::seal`] made with the same key and `about`.
    pub fn open(&self, sealed: &str, about: &str) -> Option<String> {
        open(&self.sealing(), sealed, about)
    }

    fn sealing(&self) -> [u8; 32] {
        blake3::derive_key("fazt 2026 secrets in the database", &self.0)
    }
}

/// Seals the secrets of apps, with a key that can be changed.
pub struct Sealer {
    /// The first seals; each opens.
    keys: ArcSwap<Vec<[u8; 32]>>,
    /// The key file; none where the environment holds the keys.
    file: Option<PathBuf>,
    /// Held while secrets are sealed and stored, so that no key goes meanwhile.
    pub storing: tokio::sync::Mutex<()>,
}

impl Sealer {
    /// The variable of the environment that may hold the keys.
    pub const ENV: &'static str = "FAZT_SECRETS_KEY";

    /// Reads the keys: of the environment where it has any, else beside `db`.
    pub fn read(db: &Path, key: &Key, environment: Option<&str>) -> Result<Self, KeyError> {
        let given = environment.map(str::trim).filter(|text| !text.is_empty());
        let (keys, file) = if let Some(text) = given {
            let keys: Option<Vec<_>> = text.split(',').map(|part| key_of(part.trim())).collect();
            (keys.ok_or(KeyError::Environment(Self::ENV))?, None)
        } else {
            let path = path_beside(db);
            let text = fs::read_to_string(&path)
                .map_err(|source| KeyError::File { path: path.clone(), source })?;
            let keys: Option<Vec<_>> = text.trim().lines().skip(1).map(key_of).collect();
            let mut keys = keys.ok_or_else(|| KeyError::Damaged(path.clone()))?;
            if keys.is_empty() {
                keys.push(blake3::derive_key("fazt 2026 secrets of apps", &key.0));
            }
            (keys, Some(path))
        };
        Ok(Self { keys: ArcSwap::from_pointee(keys), file, storing: tokio::sync::Mutex::default() })
    }

    /// Encrypts a secret for the database, as [`Key::seal`] does.
    pub fn seal(&self, secret: &str, about: &str) -> String {
        seal(&self.keys.load()[0], secret, about)
    }

    /// Decrypts what was sealed with any of the keys.
    pub fn open(&self, sealed: &str, about: &str) -> Option<String> {
        self.keys.load().iter().find_map(|key| open(key, sealed, about))
    }

    /// Whether a change of the key is prepared where the keys are: the environment has
    /// to hold the next one first, the file gets one by [`Sealer::begin_change`].
    pub fn can_change(&self) -> bool {
        self.file.is_some() || self.keys.load().len() > 1
    }

    /// Makes a new key that seals from now on; those before still open.
    pub fn begin_change(&self) -> Result<(), KeyError> {
        if self.file.is_none() {
            return Ok(());
        }
        let mut keys = vec![rand::random()];
        keys.extend(self.keys.load().iter().copied());
        self.write(&keys)?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Forgets every key but the newest, once nothing is sealed with them.
    pub fn end_change(&self) -> Result<(), KeyError> {
        let newest = vec![self.keys.load()[0]];
        self.write(&newest)?;
        self.keys.store(Arc::new(newest));
        Ok(())
    }

    /// Writes the keys below the file's first line, all of it or nothing.
    fn write(&self, keys: &[[u8; 32]]) -> Result<(), KeyError> {
        let Some(path) = &self.file else { return Ok(()) };
        let done = || -> io::Result<()> {
            let held = fs::read_to_string(path)?;
            let first = held.trim().lines().next().unwrap_or_default().to_owned();
            let lines: Vec<_> = std::iter::once(first).chain(keys.iter().map(hex)).collect();
            let mut beside = path.as_os_str().to_owned();
            beside.push(".new");
            let beside = PathBuf::from(beside);
            let _ = fs::remove_file(&beside);
            write_private(&beside, &lines.join("\n"))?;
            fs::rename(&beside, path)?;
            // Or else the name may still lead to the old file after a power cut.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        done().map_err(|source| KeyError::File { path: path.clone(), source })
    }
}

fn seal(key: &[u8; 32], secret: &str, about: &str) -> String {
    let nonce: [u8; 24] = rand::random();
    let payload = Payload { msg: secret.as_bytes(), aad: about.as_bytes() };
    let sealed = XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&XNonce::from(nonce), payload)
        .expect("a secret is far shorter than the cipher's limit");
    STANDARD.encode([&nonce[..], &sealed].concat())
}

fn open(key: &[u8; 32], sealed: &str, about: &str) -> Option<String> {
    let bytes = STANDARD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<24>()?;
    let payload = Payload { msg: sealed, aad: about.as_bytes() };
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let secret = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
    String::from_utf8(secret).ok()
}

fn key_of(text: &str) -> Option<[u8; 32]> {
    blake3::Hash::from_hex(text).ok().map(|bytes| *bytes.as_bytes())
}

fn hex(key: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*key).to_hex().to_string()
}

fn path_beside(db: &Path) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(".key");
    name.into()
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_file_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("data.db");
        assert!(Key::read(&db).unwrap().is_none());
        let made = Key::ensure(&db).unwrap().local_token();
        assert_eq!(Key::ensure(&db).unwrap().local_token(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(path_beside(&db)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_sealed_secret_opens_only_in_its_own_place() {
        let key = Key([7; 32]);
        let sealed = key.seal("hush", "peer zyt");
        assert_eq!(key.open(&sealed, "peer zyt").as_deref(), Some("hush"));
        assert_eq!(key.open(&sealed, "peer abc"), None);
        assert_eq!(Key([8; 32]).open(&sealed, "peer zyt"), None);
        assert_eq!(key.open("rubbish", "peer zyt"), None);
    }

    #[test]
    fn a_new_key_opens_what_the_old_one_sealed_until_the_change_ends() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("data.db");
        let key = Key::ensure(&db).unwrap();
        let sealer = Sealer::read(&db, &key, None).unwrap();
        let before = sealer.seal("hush", "x");
        sealer.begin_change().unwrap();
        let after = sealer.seal("hush", "x");
        // As if the power were cut in between.
        let again = Sealer::read(&db, &key, None).unwrap();
        for sealer in [&sealer, &again] {
            assert_eq!(sealer.open(&before, "x").as_deref(), Some("hush"));
            assert_eq!(sealer.open(&after, "x").as_deref(), Some("hush"));
        }
        sealer.end_change().unwrap();
        let again = Sealer::read(&db, &key, None).unwrap();
        for sealer in [&sealer, &again] {
            assert_eq!(sealer.open(&before, "x"), None);
            assert_eq!(sealer.open(&after, "x").as_deref(), Some("hush"));
        }
        // What the first line is for has not changed.
        assert_eq!(Key::read(&db).unwrap().unwrap().local_token(), key.local_token());
    }

    #[test]
    fn keys_of_the_environment_go_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("data.db");
        let key = Key::ensure(&db).unwrap();
        let (one, two) = ("1".repeat(64), "2".repeat(64));
        let old = Sealer::read(&db, &key, Some(&one)).unwrap();
        assert!(!old.can_change());
        let sealed = old.seal("hush", "x");
        let both = Sealer::read(&db, &key, Some(&format!("{two}, {one}"))).unwrap();
        assert!(both.can_change());
        assert_eq!(both.open(&sealed, "x").as_deref(), Some("hush"));
        let new = Sealer::read(&db, &key, Some(&two)).unwrap();
        assert_eq!(new.open(&sealed, "x"), None);
        assert_eq!(new.open(&both.seal("hush", "x"), "x").as_deref(), Some("hush"));
        assert!(matches!(Sealer::read(&db, &key, Some("rubbish")), Err(KeyError::Environment(_))));
    }

    #[test]
    fn a_damaged_key_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("data.db");
        fs::write(path_beside(&db), "rubbish").unwrap();
        assert!(matches!(Key::ensure(&db), Err(KeyError::Damaged(_))));
    }
}
