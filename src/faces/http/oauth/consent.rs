//! The page on which the owner decides: who asks, for what, and where it leads.

use axum::response::Response;
use fazt_tools::Scope;
use url::{Host, Url};

use super::{
    super::page::{escape, page_sending_to},
    ask::Asked,
};
use crate::auth::oauth;

/// The page for what is asked by `query`, with the session's own word against forgery.
pub(super) fn page(asked: &Asked, query: &str, csrf: &str) -> Response {
    let name = escape(&asked.program.name);
    let who = match &asked.program.host {
        Some(host) => format!("<b>{name}</b>, as <code>{}</code> calls it,", escape(host)),
        None => format!("A program that calls itself <b>{name}</b>, and nothing proves it,"),
    };
    let scopes: String = asked.scopes.iter().map(choice).collect();
    let body = format!(
        "<h1>Let {name} in?</h1>\
         <p>{who} wants to act on this node for you. {}</p>\
         <form method=\"post\" action=\"/oauth/authorize\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{}\">\
         <input type=\"hidden\" name=\"request\" value=\"{}\">\
         <fieldset><legend>It may</legend>{scopes}</fieldset>\
         <label>Only these apps; leave empty for all<br>\
         <input name=\"apps\" placeholder=\"blog shop\" autocomplete=\"off\"></label>\
         <button name=\"decision\" value=\"deny\">Deny</button>\
         <button name=\"decision\" value=\"allow\">Allow</button></form>\
         <p>Deny if you did not just ask for this. <code>fazt grant list</code> shows what is \
         allowed, <code>fazt grant revoke</code> takes it back.</p>",
        sent_to(asked.redirect()),
        escape(csrf),
        escape(query),
    );
    page_sending_to(&target(asked.redirect()), &format!("Let {name} in?"), &body)
}

/// A scope to tick. The node's administration is never ticked beforehand.
fn choice(scope: Scope) -> String {
    let ticked = if scope == Scope::ServerAdmin { "" } else { " checked" };
    format!(
        "<label><input type=\"checkbox\" name=\"allow\" value=\"{scope}\"{ticked}>{} \
         <code>{scope}</code></label>",
        escape(scope.allows())
    )
}

/// Where the owner is sent afterwards, in words.
fn sent_to(redirect: &Url) -> String {
    let origin = escape(&redirect.origin().ascii_serialization());
    match redirect.scheme() {
        "http" if oauth::is_loopback(redirect) => {
            format!("You are sent back to a program on your own computer, <code>{origin}</code>.")
        }
        "https" => format!("You are sent back to <code>{origin}</code>."),
        scheme => format!(
            "You are sent back to the program that opens <code>{}:</code> addresses.",
            escape(scheme)
        ),
    }
}

/// What the form may lead to, for the page's policy: a browser would not follow the
/// redirect elsewhere. What a policy cannot name exactly, it names by scheme.
fn target(redirect: &Url) -> String {
    let exact = match redirect.host() {
        Some(Host::Domain(name)) => {
            name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.'))
        }
        Some(Host::Ipv4(_)) => true,
        Some(Host::Ipv6(_)) | None => false,
    };
    let web = matches!(redirect.scheme(), "http" | "https");
    if web && exact {
        return format!("'self' {}", redirect.origin().ascii_serialization());
    }
    format!("'self' {}:", redirect.scheme())
}
