//! Tokens by OAuth: a code becomes a pair of tokens, a refresh token the next pair, an
//! access token a [`Caller`].
//!
//! The rules are in [`super::oauth`], the transactions in the store. A refresh token is
//! good once; one that comes again ends its whole grant.

use fazt_tools::{Caller, Face, Problem, Scopes};
use jiff::SignedDuration;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::{Access, PREFIX, oauth, sha256, storage};
use crate::{
    clock::secret,
    store::{Actor, Issue, NewCode, NewGrant, Renewed, StoreError},
};

/// How long a code may be fetched.
pub const CODE_LIFE: SignedDuration = SignedDuration::from_secs(60);
/// How long an access token holds.
pub const ACCESS_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// How long a grant holds that is not renewed.
pub const GRANT_LIFE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// How a grant is named where tokens have their names, with its number after it.
pub const GRANT: &str = "grant ";

const CODE_MARK: &str = "fazt_code_";
pub(super) const ACCESS_MARK: &str = "fazt_oat_";
const REFRESH_MARK: &str = "fazt_ort_";

/// Tokens that were just made; nothing of them is stored in clear.
#[derive(Clone, Debug)]
pub struct Issued {
    /// For the header.
    pub access: String,
    /// For the next pair.
    pub refresh: String,
    /// What the access token may do.
    pub scopes: Scopes,
    /// How long it holds.
    pub life: SignedDuration,
}

/// Why tokens are not given.
#[derive(Debug, thiserror::Error)]
pub enum NotGiven {
    /// The code or refresh token is of no use to whoever sent it.
    #[error("{0}")]
    Grant(&'static str),
    /// The resource is not the one the owner allowed.
    #[error("the resource is not the one that was asked for")]
    Resource,
    /// More scopes than were granted.
    #[error("more scopes are asked for than were granted")]
    Scope,
    /// The node could not.
    #[error(transparent)]
    Node(Problem),
}

impl From<StoreError> for NotGiven {
    fn from(error: StoreError) -> Self {
        Self::Node(storage(error))
    }
}

/// What a program sends for a code.
#[derive(Clone, Copy, Debug)]
pub struct Redeem<'r> {
    /// The code.
    pub code: &'r str,
    /// Who sends it.
    pub client: &'r str,
    /// Where the owner was sent back to, if it says.
    pub redirect: Option<&'r str>,
    /// The origin of the code's challenge.
    pub verifier: &'r str,
    /// What the token is to be for, if it says.
    pub resource: Option<&'r str>,
}

impl Access {
    /// Stores what the owner allows and answers the code for it.
    pub async fn allow(
        &self,
        grant: NewGrant,
        redirect: String,
        challenge: String,
        actor: Actor,
    ) -> Result<String, StoreError> {
        let code = format!("{CODE_MARK}{}", secret(43));
        let expires_at = self.clock.now() + CODE_LIFE;
        let row = NewCode { hash: sha256(&code), redirect, challenge, expires_at };
        self.store.add_grant(grant, row, actor).await?;
        Ok(code)
    }

    /// The first tokens of a grant, for whoever holds its code and can prove to have
    /// asked for it. A code is spent by trying.
    pub async fn redeem(&self, given: Redeem<'_>) -> Result<Issued, NotGiven> {
        let spent = self.store.spend_code(sha256(given.code), self.actor_of("oauth_code")).await?;
        let code = spent.ok_or(NotGiven::Grant("the code is unknown, spent or too old"))?;
        if code.grant.client != given.client {
            return Err(NotGiven::Grant("the code was given to another client"));
        }
        if given.redirect.is_some_and(|redirect| redirect != code.redirect) {
            return Err(NotGiven::Grant("`redirect_uri` is not the one that was asked with"));
        }
        let proof = oauth::challenge_of(given.verifier).unwrap_or_default();
        if !bool::from(proof.as_bytes().ct_eq(code.challenge.as_bytes())) {
            return Err(NotGiven::Grant("`code_verifier` does not fit the code's challenge"));
        }
        if given.resource.is_some_and(|resource| !same_resource(resource, &code.grant.resource)) {
            return Err(NotGiven::Resource);
        }
        let (mut issued, issue) = self.make_pair();
        if !self.store.begin_grant(code.id, issue).await? {
            return Err(NotGiven::Grant("the grant was revoked"));
        }
        issued.scopes = code.grant.scopes;
        Ok(issued)
    }

    /// The next tokens of a grant, for its refresh token.
    pub async fn renew(
        &self,
        refresh: &str,
        client: &str,
        scopes: Option<Scopes>,
    ) -> Result<Issued, NotGiven> {
        let (mut issued, issue) = self.make_pair();
        let actor = self.actor_of("oauth_refresh");
        let renewed = self.store.renew_grant(sha256(refresh), client, scopes, issue, actor).await?;
        match renewed {
            Renewed::Done(scopes) => {
                issued.scopes = scopes;
                Ok(issued)
            }
            Renewed::Unknown => {
                Err(NotGiven::Grant("the refresh token is unknown, revoked or too old"))
            }
            Renewed::Reused => {
                Err(NotGiven::Grant("the refresh token was used before: the grant was ended"))
            }
            Renewed::Wider => Err(NotGiven::Scope),
        }
    }

    /// Takes a token back for whoever holds it; does nothing with any other text.
    pub async fn give_back(&self, token: &str, client: Option<&str>) -> Result<(), StoreError> {
        self.store.give_back(sha256(token), client, self.actor_of("oauth_revoke")).await
    }

    /// Whether a caller may still be answered: its token or grant was not revoked and
    /// has not expired since it came in.
    pub async fn still_holds(&self, caller: &Caller) -> bool {
        match &caller.token {
            None => true,
            Some(name) => self.holds(name).await.unwrap_or(false),
        }
    }

    /// Whether the token of that name holds still, or the grant.
    pub async fn holds(&self, name: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        if let Some(id) = name.strip_prefix(GRANT) {
            let grants = self.store.grants(now).await?;
            return Ok(grants.iter().any(|grant| grant.id.to_string() == id));
        }
        let tokens = self.store.tokens().await?;
        Ok(tokens.iter().any(|found| {
            found.token.name == name && found.token.expires_at.is_none_or(|end| end > now)
        }))
    }

    /// The caller that an access token stands for: its audience must be this node, under
    /// any of its own names.
    pub(super) async fn granted(
        &self,
        token: &str,
        face: Face,
    ) -> Result<Option<Caller>, StoreError> {
        let prefix = token.strip_prefix(ACCESS_MARK).and_then(|rest| rest.get(..PREFIX));
        let Some(prefix) = prefix.filter(|_| self.oauth) else { return Ok(None) };
        let Some(found) = self.store.access_token(prefix).await? else { return Ok(None) };
        let now = self.clock.now();
        let holds = found.expires_at > now
            && bool::from(found.hash.0.ct_eq(&sha256(token).0))
            && oauth::is_own_resource(&found.grant.grant.resource, &self.domain);
        if !holds {
            return Ok(None);
        }
        self.grants_used.note(found.grant.id, found.grant.used_at, now);
        Ok(Some(Caller {
            name: found.grant.caller(),
            scopes: found.scopes,
            apps: found.grant.grant.apps,
            face,
            client: None,
            token: Some(format!("{GRANT}{}", found.grant.id)),
            approval: false,
        }))
    }

    fn make_pair(&self) -> (Issued, Issue) {
        let at = self.clock.now();
        let prefix = secret(PREFIX);
        let access = format!("{ACCESS_MARK}{prefix}{}", secret(32));
        let refresh = format!("{REFRESH_MARK}{}", secret(43));
        let issue = Issue {
            at,
            prefix,
            access: sha256(&access),
            access_until: at + ACCESS_LIFE,
            refresh: sha256(&refresh),
            refresh_until: at + GRANT_LIFE,
        };
        (Issued { access, refresh, scopes: Scopes::default(), life: ACCESS_LIFE }, issue)
    }

    /// Whoever sends a token; the store names it by the grant.
    fn actor_of(&self, tool: &str) -> Actor {
        Actor {
            at: self.clock.now(),
            caller: "OAuth".to_owned(),
            face: Face::Http,
            client: None,
            tool: tool.to_owned(),
            input: json!({}),
        }
    }
}

/// Whether two spellings name one resource: a bare origin may end in a slash.
fn same_resource(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}
