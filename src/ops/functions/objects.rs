//! The addresses of objects: below `/_fazt/s3/` on the app's own hosts.
//!
//! An address carries a mark that only this node can make. Whoever has the address
//! may read the object, and nobody can guess another's.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fazt_tools::Problem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use subtle::ConstantTimeEq as _;

use crate::{
    node::Node,
    ops::storage_problem,
    store::data::{DataScope, Object, Operation, Outcome, Space},
};

/// Where objects are served.
pub const OBJECTS: &str = "/_fazt/s3/";

/// What a path may hold as it is.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// An object that an address leads to.
pub struct ObjectFound(pub Object);

impl Node {
    /// The address of an object, from the root of the app's hosts; for a while, or for good.
    pub fn object_url(
        &self,
        app: i64,
        scope: &DataScope,
        path: &str,
        life: Option<Duration>,
    ) -> String {
        let end = life.map(|life| {
            let ms = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
            self.clock.now().as_millisecond().saturating_add(ms)
        });
        let mark = self.mark(app, scope, path, end);
        let path = utf8_percent_encode(path, PATH);
        let mut url = format!("{OBJECTS}{path}?s={}", URL_SAFE_NO_PAD.encode(mark));
        if let Some(end) = end {
            url = format!("{url}&e={end}");
        }
        if *scope != DataScope::shared() {
            url = format!("{url}&u={}", utf8_percent_encode(scope.as_str(), NAME));
        }
        url
    }

    /// The object that an address of this app leads to.
    pub async fn object_at(
        &self,
        app: i64,
        path: &str,
        query: Option<&str>,
    ) -> Result<Option<ObjectFound>, Problem> {
        let path = path.strip_prefix(OBJECTS).map(|path| percent_decode_str(path).decode_utf8());
        let Some(Ok(path)) = path else { return Ok(None) };
        let (mut mark, mut end, mut scope) = (None, None, DataScope::shared());
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "s" => mark = URL_SAFE_NO_PAD.decode(value.as_bytes()).ok(),
                "e" => end = Some(value.parse::<i64>().unwrap_or_default()),
                "u" => match DataScope::user(&value) {
                    Ok(user) => scope = user,
                    Err(_) => return Ok(None),
                },
                _ => {}
            }
        }
        let ours = self.mark(app, &scope, &path, end);
        let same = mark.is_some_and(|mark| bool::from(mark.as_slice().ct_eq(&ours)));
        let over = end.is_some_and(|end| end <= self.clock.now().as_millisecond());
        if !same || over {
            return Ok(None);
        }
        let space = Space { app, scope };
        let head = Operation::S3Head { path: path.into_owned() };
        match self.store.data(&space, head, self.clock.now()).await {
            Ok(Outcome::Object(object)) => Ok(object.map(ObjectFound)),
            Ok(_) => Ok(None),
            Err(error) => Err(storage_problem(&error)),
        }
    }

    fn mark(&self, app: i64, scope: &DataScope, path: &str, end: Option<i64>) -> [u8; 16] {
        let scope = scope.as_str();
        let end = end.unwrap_or(i64::MIN);
        let mut told = Vec::with_capacity(path.len() + scope.len() + 24);
        told.extend_from_slice(&app.to_le_bytes());
        told.extend_from_slice(&end.to_le_bytes());
        told.extend_from_slice(&(scope.len() as u64).to_le_bytes());
        told.extend_from_slice(scope.as_bytes());
        told.extend_from_slice(path.as_bytes());
        self.access.key().mark_object(&told)
    }
}
