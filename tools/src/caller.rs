//! Who asks: the kind of caller, what it may do, and through which face.
//!
//! Authorisation is decided here from plain values. How a caller is recognised
//! (a password, a token, a key file) is the node's business.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppName, Code, Problem};

/// Whoever asks for an operation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// How the ledger names it: `owner`, `token laptop`.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The apps it is limited to; `None` means all.
    pub apps: Option<Vec<AppName>>,
    /// Through which face it asks.
    pub face: Face,
    /// The program it asks with, as that program names itself.
    pub client: Option<String>,
    /// The token it holds, if it holds one.
    pub token: Option<String>,
    /// Whether what it removes waits for a person: a token with `approval: human`.
    pub approval: bool,
}

impl Caller {
    /// The owner, who may do everything.
    pub fn owner(face: Face) -> Self {
        Self {
            name: "owner".to_owned(),
            scopes: Scopes::all(),
            apps: None,
            face,
            client: None,
            token: None,
            approval: false,
        }
    }

    /// Refuses a caller that lacks `scope`. Whoever is limited to some apps
    /// administers no node: it could lift its own limit.
    pub fn require(&self, scope: Scope, what: &str) -> Result<(), Problem> {
        if self.scopes.has(scope) && scope == Scope::ServerAdmin && self.apps.is_some() {
            return Err(Problem::new(
                Code::Forbidden,
                format!("`{what}` is about the whole node, and {} is limited to apps", self.name),
            )
            .hint("use a token made without `--app`"));
        }
        if self.scopes.has(scope) {
            return Ok(());
        }
        Err(Problem::new(
            Code::Forbidden,
            format!("`{what}` needs the scope `{scope}`, which {} does not have", self.name),
        )
        .hint("use a token with that scope: `fazt token create NAME --scope …`")
        .detail("scope", scope.as_str()))
    }

    /// Refuses a caller that is limited to other apps.
    pub fn require_app(&self, app: &AppName) -> Result<(), Problem> {
        if self.may_touch(app) {
            return Ok(());
        }
        Err(Problem::new(
            Code::Forbidden,
            format!("{} is limited to other apps than `{app}`", self.name),
        )
        .hint("use a token made for that app, or one without `--app`")
        .detail("app", app.as_str()))
    }

    /// Whether `app` is among the apps this caller may touch.
    pub fn may_touch(&self, app: &AppName) -> bool {
        self.apps.as_ref().is_none_or(|apps| apps.contains(app))
    }
}

/// A rendering of the catalogue.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Face {
    /// The command line.
    Cli,
    /// The HTTP API.
    Http,
    /// The Model Context Protocol.
    Mcp,
    /// The dashboard.
    Admin,
    /// The node itself.
    Node,
}

impl Face {
    /// The word stored in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Http => "http",
            Self::Mcp => "mcp",
            Self::Admin => "admin",
            Self::Node => "node",
        }
    }

    /// Reads back what [`Face::as_str`] wrote.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Cli, Self::Http, Self::Mcp, Self::Admin, Self::Node]
            .into_iter()
            .find(|face| face.as_str() == word)
    }
}

macro_rules! scopes {
    ($($variant:ident $word:literal $does:literal;)+) => {
        /// One thing a caller may be allowed to do.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
        pub enum Scope {
            $(#[doc = $does] #[serde(rename = $word)] $variant,)+
        }

        impl Scope {
            /// Every scope, in the order of documents.
            pub const ALL: &'static [Scope] = &[$(Scope::$variant),+];

            /// The word tokens and documents use.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it allows, in words.
            pub fn allows(self) -> &'static str {
                match self { $(Self::$variant => $does,)+ }
            }
        }
    };
}

scopes! {
    AppsRead "apps:read" "Read apps, their files and the ledger.";
    AppsWrite "apps:write" "Deploy, promote, configure and undo.";
    AppsDelete "apps:delete" "Move an app to the trash.";
    DataRead "data:read" "Read the data apps have stored.";
    DataWrite "data:write" "Change the data apps have stored.";
    ServerRead "server:read" "Read the node's health and its peers.";
    ServerAdmin "server:admin" "Change the node: tokens, peers, settings.";
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == word).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
            format!("`{word}` is not a scope; the scopes are {}", all.join(", "))
        })
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Scopes(u16);

impl Scopes {
    /// Every scope.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether `scope` is in the set.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Whether every scope of `other` is in this set.
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes in the set, in the order of documents.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

fn bit(scope: Scope) -> u16 {
    1 << (scope as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: Scopes = [Scope::AppsRead, Scope::ServerAdmin].into_iter().collect();
        assert!(set.has(Scope::AppsRead) && set.has(Scope::ServerAdmin));
        assert!(!set.has(Scope::AppsWrite));
        assert!(Scopes::all().covers(set) && !set.covers(Scopes::all()));
    }

    #[test]
    fn a_caller_limited_to_apps_administers_no_node() {
        let mut caller = Caller::owner(Face::Http);
        assert!(caller.require(Scope::ServerAdmin, "create_token").is_ok());
        caller.apps = Some(vec![AppName::parse("blog").expect("a name")]);
        assert!(caller.require(Scope::ServerAdmin, "create_token").is_err());
        assert!(caller.require(Scope::AppsWrite, "deploy").is_ok());
    }

    #[test]
    fn a_missing_scope_is_named_in_the_refusal() {
        let mut caller = Caller::owner(Face::Http);
        caller.scopes = [Scope::AppsRead].into_iter().collect();
        let problem = caller.require(Scope::AppsDelete, "delete_app").expect_err("refused");
        assert_eq!(problem.code, Code::Forbidden);
        assert!(problem.message.contains("apps:delete"), "{}", problem.message);
    }
}
