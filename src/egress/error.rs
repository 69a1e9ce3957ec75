//! Why nothing was fetched: a code for programs, and words without a secret in them.

use std::fmt;

macro_rules! codes {
    ($($variant:ident $word:literal $retryable:literal $means:literal;)+) => {
        /// The kinds of failure.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum NetCode {
            $(#[doc = $means] $variant,)+
        }

        impl NetCode {
            /// Every code, in the order of documents.
            pub const ALL: &'static [NetCode] = &[$(NetCode::$variant),+];

            /// The word that travels.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
            /// Whether trying again may help.
            pub fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)+ }
            }
        }
    };
}

codes! {
    Blocked "NET_BLOCKED" false "The rules refuse the host, the address, the scheme or a redirect.";
    Timeout "NET_TIMEOUT" false "The call took too long.";
    Limit "NET_LIMIT" true "Too many calls, by the request or at once.";
    Budget "NET_BUDGET" true "Too little of the request's time is left.";
    Size "NET_SIZE" false "The body of the request or of the answer is too large.";
    Error "NET_ERROR" false "The name, the connection, its encryption or its protocol failed.";
    Auth "NET_AUTH" false "The secret is unknown, or not for this host.";
    Rate "NET_RATE" true "The host's rule allows no more calls just now.";
}

/// Why nothing was fetched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct NetError {
    /// The kind.
    pub code: NetCode,
    /// What happened, naming the host; ends with the command that would permit it.
    pub message: String,
    /// That command.
    pub permit: Option<String>,
}

impl NetError {
    /// A failure that no command permits.
    pub fn new(code: NetCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), permit: None }
    }

    /// Says which command would permit it.
    #[must_use]
    pub fn permitted_by(mut self, command: impl Into<String>) -> Self {
        let command = command.into();
        self.message = format!("{}; to permit it: {command}", self.message);
        self.permit = Some(command);
        self
    }

    /// Says first what it is about.
    pub(super) fn about(mut self, what: &str) -> Self {
        self.message.insert_str(0, what);
        self
    }
}

impl fmt::Display for NetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
