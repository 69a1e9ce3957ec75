//! The private key file beside the database: `data.db.key`, mode 0600.
//!
//! From its 32 random bytes come the token by which commands on the same
//! machine speak to the node, and the key that seals secrets in the database.
//! A copy of the database without it keeps everything but those secrets.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

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
}

/// The node's own key.
pub struct Key([u8; 32]);

impl Key {
    /// Reads the key beside `db`, if there is one.
    pub fn read(db: &Path) -> Result<Option<Self>, KeyError> {
        let path = path_beside(db);
        match fs::read_to_string(&path) {
            Ok(text) => blake3::Hash::from_hex(text.trim())
                .map(|bytes| Some(Self(*bytes.as_bytes())))
                .map_err(|_| KeyError::Damaged(path)),
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
        write_private(&path, &blake3::Hash::from_bytes(key.0).to_hex())
            .map_err(|source| KeyError::File { path, source })?;
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
    #[expect(clippy::missing_panics_doc, reason = "it cannot: no secret is that long")]
    pub fn seal(&self, secret: &str, about: &str) -> String {
        let nonce: [u8; 24] = rand::random();
        let sealed = self
            .cipher()
            .encrypt(
                &XNonce::from(nonce),
                Payload { msg: secret.as_bytes(), aad: about.as_bytes() },
            )
            .expect("a secret is far shorter than the cipher's limit");
        STANDARD.encode([&nonce[..], &sealed].concat())
    }

    /// Decrypts what [`Key::seal`] made with the same key and `about`.
    pub fn open(&self, sealed: &str, about: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>()?;
        let payload = Payload { msg: sealed, aad: about.as_bytes() };
        let secret = self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(secret).ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let derived = blake3::derive_key("fazt 2026 secrets in the database", &self.0);
        XChaCha20Poly1305::new(&derived.into())
    }
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
    fn a_damaged_key_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("data.db");
        fs::write(path_beside(&db), "rubbish").unwrap();
        assert!(matches!(Key::ensure(&db), Err(KeyError::Damaged(_))));
    }
}
