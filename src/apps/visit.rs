//! Where does a host name lead: the dashboard, an app, a preview, elsewhere?
//!
//! The order of the table in the documents, over what is live now. Whether a
//! visitor sits on this machine is told by the caller.

use std::sync::Arc;

use fazt_tools::types::Share;

use super::{
    site::host::{self, Place},
    sites::{Led, Names, Slot},
};

/// Where a host name leads.
pub enum Target<'n> {
    /// The dashboard and the API.
    Admin,
    /// An app's live version.
    App(&'n Arc<Slot>),
    /// One version of an app.
    Preview(&'n Arc<Slot>, u32),
    /// Elsewhere.
    Redirect {
        /// The URL.
        to: &'n str,
        /// The status.
        status: u16,
    },
    /// One of several apps, chosen by weight.
    Split(&'n [Share]),
    /// The domain itself, and no app named `root` is deployed.
    Welcome,
    /// Nothing of that name; the app named `404` answers if it is deployed.
    Unknown,
}

/// Finds where the canonical name `host` leads on a node that serves `domain`.
///
/// `near` tells whether the visitor sits on this machine: names below
/// `localhost` and bare addresses mean the node itself only to them.
pub fn target<'n>(
    names: &'n Names,
    domain: &str,
    host: &str,
    near: impl Fn() -> bool,
) -> Target<'n> {
    if domain != "localhost" && host.ends_with(".localhost") && !near() {
        return Target::Unknown;
    }
    match host::place(host, domain) {
        Place::Admin => Target::Admin,
        Place::Local if near() => Target::Admin,
        Place::Root | Place::Local => match lead(names, "root") {
            Target::Unknown => Target::Welcome,
            target => target,
        },
        Place::Preview { app, version } => match names.app(app) {
            Some(slot) => Target::Preview(slot, version),
            None => Target::Unknown,
        },
        // One label is a name below the domain, and this one is not below it.
        Place::Custom(name) if !name.contains('.') => Target::Unknown,
        Place::App(name) | Place::Custom(name) => lead(names, name),
    }
}

/// Follows a name of an app or an alias.
fn lead<'n>(names: &'n Names, name: &str) -> Target<'n> {
    if let Some(slot) = names.app(name) {
        return if slot.is_live() { Target::App(slot) } else { Target::Unknown };
    }
    match names.alias(name) {
        Some(Led::App(slot)) if slot.is_live() => Target::App(slot),
        Some(Led::Redirect { to, status }) => Target::Redirect { to, status: *status },
        Some(Led::Split(shares)) => Target::Split(shares),
        Some(Led::App(_) | Led::Reserved) | None => Target::Unknown,
    }
}

/// The app of a split that a visitor gets: the one it had before, else one
/// chosen by weight with `dice`, a number below the sum of the weights.
pub fn share<'s>(shares: &'s [Share], before: Option<&str>, dice: u32) -> Option<&'s Share> {
    if let Some(kept) = shares.iter().find(|share| Some(share.app.as_str()) == before) {
        return Some(kept);
    }
    let mut left = dice;
    shares.iter().find(|share| {
        let mine = left < share.weight;
        left = left.saturating_sub(share.weight);
        mine
    })
}

#[cfg(test)]
mod tests {
    use fazt_tools::AppName;

    use super::*;

    #[test]
    fn a_split_keeps_a_visitor_where_it_began_and_deals_by_weight() {
        let of = |app: &str, weight| Share { app: AppName::parse(app).unwrap(), weight };
        let shares = [of("a", 9), of("b", 1)];
        let pick = |before, dice| share(&shares, before, dice).map(|share| share.app.to_string());
        assert_eq!(pick(Some("b"), 0).as_deref(), Some("b"));
        assert_eq!(pick(Some("gone"), 0).as_deref(), Some("a"));
        assert_eq!(pick(None, 8).as_deref(), Some("a"));
        assert_eq!(pick(None, 9).as_deref(), Some("b"));
        assert!(share(&[], None, 0).is_none());
    }
}
