//! The admin host's own pages: small, without script, closed to frames.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;\
    max-width:26rem;margin:16vh auto;padding:0 1.5rem;overflow-wrap:anywhere}\
    h1{font-size:1.4rem}\
    input{font:inherit;width:100%;padding:.5rem;margin:.25rem 0 1rem;box-sizing:border-box}\
    input[type=checkbox]{width:auto;margin:0 .5rem 0 0}\
    fieldset{border:0;margin:0 0 1rem;padding:0}legend{padding:0}label{display:block}\
    code{font:.9em ui-monospace,monospace}\
    button{font:inherit;padding:.5rem 1rem;margin-right:.5rem}";

/// A page whose forms lead to this host alone.
pub(super) fn page(title: &str, body: &str) -> Response {
    page_sending_to("'self'", title, body)
}

/// A page whose forms may lead to `targets`, a list of the Content Security Policy:
/// browsers hold a form to it through every redirect.
pub(super) fn page_sending_to(targets: &str, title: &str, body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
         <body>{body}</body></html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action {targets}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = Html(text).into_response();
    let policy = HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// A page that says `message`, written by this program, and offers to sign in.
pub(super) fn told(status: StatusCode, message: &str) -> Response {
    told_with(status, message, "<a href=\"/login\">Sign in</a>")
}

/// A page that says `message` and offers `next`, a piece of HTML.
pub(super) fn told_with(status: StatusCode, message: &str, next: &str) -> Response {
    let body = format!("<h1>fazt</h1><p>{}</p><p>{next}</p>", escape(message));
    (status, page("fazt", &body)).into_response()
}

/// Text that is safe in HTML, inside quoted attributes too.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
