//! The owner's password, hashed with Argon2id.
//!
//! Parameters are the crate's defaults (19 MiB, two passes), which follow the
//! OWASP advice. Slow on purpose: call it off the async threads.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use fazt_tools::Problem;

/// Hashes a password for storing.
pub(super) fn hash(password: &str) -> Result<String, Problem> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| {
        tracing::error!(%error, "argon2 failed");
        Problem::internal()
    })?;
    Ok(hash.to_string())
}

/// Whether `password` is the one whose hash is stored. Without a stored hash it
/// works as long and answers no, so that the time tells nothing.
pub(super) fn verify(password: &str, stored: Option<&str>) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
        3VPpyKuPU0Lq1Fi8lgPAyYO1QzrGMnoQ2Z0pNMQr2zY";
    let holds = PasswordHash::new(stored.unwrap_or(NOBODY))
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    holds && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_verified() {
        let stored = hash("correct horse battery").expect("hashed");
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify("correct horse battery", Some(&stored)));
        assert!(!verify("correct horse batterY", Some(&stored)));
        assert!(!verify("correct horse battery", None));
        assert!(!verify("anything", Some("rubbish")));
    }
}
