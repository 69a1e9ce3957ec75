//! Secrets that the gateway adds to a call: who may use one, where it is sent, how.
//!
//! A script gives a name. The value is opened for the one request it goes into, and
//! taken out of whatever comes back. Sealing is the business of who holds the key.

use std::sync::Arc;

use fazt_tools::secrets::Inject;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use super::{
    error::{NetCode, NetError},
    policy::{Target, takes},
};
use crate::store::SecretRow;

/// Opens the value of a secret.
pub type Open = Arc<dyn Fn(&SecretRow) -> Option<String> + Send + Sync>;

/// What stands where a secret stood.
const GONE: &[u8] = b"***";

/// Every secret, still sealed.
#[derive(Default)]
pub struct Secrets(Vec<SecretRow>);

impl Secrets {
    /// Holds the stored rows.
    pub fn new(rows: Vec<SecretRow>) -> Self {
        Self(rows)
    }

    /// The secret that an app means by a name: its own, else every app's; refused
    /// where the host is none that it is for.
    pub fn find(&self, app: i64, name: &str, target: &Target) -> Result<&SecretRow, NetError> {
        let of =
            |app: Option<i64>| self.0.iter().find(move |row| row.name == name && row.app == app);
        let Some(found) = of(Some(app)).or_else(|| of(None)) else {
            return Err(NetError::new(NetCode::Auth, format!("there is no secret `{name}`"))
                .permitted_by(format!("fazt secret set {name} --host {}", target.host())));
        };
        if !found.way.hosts.iter().any(|pattern| takes(pattern, target.host())) {
            let what = format!("the secret `{name}` is not for `{}`", target.host());
            return Err(NetError::new(NetCode::Auth, what)
                .permitted_by(format!("fazt secret set {name} --host {}", target.host())));
        }
        if !target.is_https() {
            let what = format!("the secret `{name}` is sent over HTTPS alone");
            return Err(NetError::new(NetCode::Auth, what));
        }
        Ok(found)
    }
}

/// An open secret, for one request.
pub(super) struct Opened {
    value: String,
    inject: Inject,
    key: Option<String>,
}

impl Opened {
    /// Opens a secret.
    pub(super) fn of(row: &SecretRow, open: &Open) -> Result<Self, NetError> {
        let value = open(row).ok_or_else(|| {
            let what = format!("the secret `{}` cannot be read with the node's key", row.name);
            NetError::new(NetCode::Auth, what).permitted_by(format!("fazt secret set {}", row.name))
        })?;
        Ok(Self { value, inject: row.way.inject, key: row.way.key.clone() })
    }

    /// Adds it to a request.
    pub(super) fn add(&self, url: &mut Url, headers: &mut HeaderMap) -> Result<(), NetError> {
        let unfit = || NetError::new(NetCode::Auth, "the secret cannot stand in a header");
        let (name, mut value) = match (self.inject, &self.key) {
            (Inject::Query, key) => {
                let key = key.as_deref().unwrap_or("key");
                url.query_pairs_mut().append_pair(key, &self.value);
                return Ok(());
            }
            (Inject::Header, Some(key)) => (
                HeaderName::from_bytes(key.as_bytes()).map_err(|_| unfit())?,
                HeaderValue::from_str(&self.value).map_err(|_| unfit())?,
            ),
            (Inject::Bearer | Inject::Header, _) => (
                header::AUTHORIZATION,
                HeaderValue::from_str(&format!("Bearer {}", self.value)).map_err(|_| unfit())?,
            ),
        };
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    /// Whether it stands in a text, as it is or as a URL holds it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        // A host is told in lower case, whatever was written.
        let lower = text.to_ascii_lowercase();
        self.spellings().iter().any(|spelling| {
            find(text.as_bytes(), spelling).is_some()
                || find(lower.as_bytes(), &spelling.to_ascii_lowercase()).is_some()
        })
    }

    /// Takes it out of bytes; nothing where it is not in them.
    pub(super) fn taken_out(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut clean: Option<Vec<u8>> = None;
        for spelling in self.spellings() {
            let mut from = clean.as_deref().unwrap_or(bytes);
            let mut rest = Vec::new();
            while let Some(at) = find(from, &spelling) {
                rest.extend_from_slice(&from[..at]);
                rest.extend_from_slice(GONE);
                from = &from[at + spelling.len()..];
            }
            if !rest.is_empty() {
                rest.extend_from_slice(from);
                clean = Some(rest);
            }
        }
        clean
    }

    /// The same for text.
    pub(super) fn taken_out_of(&self, text: String) -> String {
        match self.taken_out(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned(),
            None => text,
        }
    }

    fn spellings(&self) -> Vec<Vec<u8>> {
        let form: String = url::form_urlencoded::byte_serialize(self.value.as_bytes()).collect();
        let path =
            percent_encoding::utf8_percent_encode(&self.value, percent_encoding::NON_ALPHANUMERIC);
        let json = serde_json::Value::from(self.value.as_str()).to_string();
        let json = json.trim_matches('"').to_owned();
        let mut all = vec![self.value.clone(), form, path.to_string(), json];
        all.sort_unstable_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        all.dedup();
        all.into_iter().map(String::into_bytes).collect()
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(part) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::SecretWay;

    fn row(app: Option<i64>, name: &str, hosts: &[&str]) -> SecretRow {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        SecretRow {
            id: 1,
            app,
            app_name: None,
            name: name.to_owned(),
            sealed: app.map_or("every", |_| "own").to_owned(),
            way: SecretWay { inject: Inject::Bearer, key: None, hosts },
            set_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_app_gets_its_own_secret_before_that_of_every_app() {
        let secrets = Secrets::new(vec![
            row(None, "KEY", &["*.example.com"]),
            row(Some(1), "KEY", &["api.example.com"]),
        ]);
        let target = Target::parse("https://api.example.com/").unwrap();
        assert_eq!(secrets.find(1, "KEY", &target).unwrap().sealed, "own");
        assert_eq!(secrets.find(2, "KEY", &target).unwrap().sealed, "every");
        // Its own hides the other even where it is not for the host.
        let other = Target::parse("https://other.example.com/").unwrap();
        assert_eq!(secrets.find(1, "KEY", &other).unwrap_err().code, NetCode::Auth);
        assert_eq!(secrets.find(1, "NONE", &target).unwrap_err().code, NetCode::Auth);
    }

    #[test]
    fn a_secret_is_taken_out_in_every_spelling() {
        let opened = Opened { value: "a+b/c \"d\"=".to_owned(), inject: Inject::Query, key: None };
        for echoed in [
            "token: a+b/c \"d\"=",
            "a%2Bb%2Fc+%22d%22%3D",
            "x=a%2Bb%2Fc%20%22d%22%3D&y",
            "{\"token\":\"a+b/c \\\"d\\\"=\"}",
        ] {
            assert!(opened.is_in(echoed), "{echoed}");
            let clean = opened.taken_out(echoed.as_bytes()).expect(echoed);
            let clean = String::from_utf8(clean).unwrap();
            assert!(clean.contains("***") && !opened.is_in(&clean), "{clean}");
        }
        assert_eq!(opened.taken_out(b"nothing of it"), None);
        let twice = opened.taken_out(b"<a+b/c \"d\"=><a+b/c \"d\"=>");
        assert_eq!(twice.as_deref(), Some(&b"<***><***>"[..]));
    }

    #[test]
    fn a_secret_goes_where_its_way_says() {
        let add = |inject, key: Option<&str>| {
            let opened =
                Opened { value: "hush hush".to_owned(), inject, key: key.map(ToOwned::to_owned) };
            let mut url = Url::parse("https://a.example/?x=1").unwrap();
            let mut headers = HeaderMap::new();
            opened.add(&mut url, &mut headers).unwrap();
            (url.to_string(), headers)
        };
        assert_eq!(add(Inject::Bearer, None).1["authorization"], "Bearer hush hush");
        assert_eq!(add(Inject::Header, Some("X-Key")).1["x-key"], "hush hush");
        assert_eq!(add(Inject::Query, Some("k")).0, "https://a.example/?x=1&k=hush+hush");
    }
}
