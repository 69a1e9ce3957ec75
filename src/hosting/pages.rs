//! fazt's own pages: errors, the welcome page, redirects of aliases.
//!
//! Small, without script or outside resource, and readable in light and dark.

use http::{HeaderValue, Response, StatusCode, Uri, header};

use super::VisitorBody;

const STYLE: &str = "<style>:root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;\
max-width:34rem;margin:16vh auto;padding:0 1.5rem}h1{font-size:1.4rem;margin:0 0 .5rem}\
p{margin:.25rem 0;opacity:.8}code{font:.9em ui-monospace,monospace}a{color:inherit}</style>";

/// A page that says what went wrong.
pub(super) fn page(status: StatusCode, detail: &str) -> Response<VisitorBody> {
    let (title, usual) = match status {
        StatusCode::BAD_REQUEST => ("Bad request", "This address cannot be read."),
        StatusCode::UNAUTHORIZED => ("Private", "This page is for signed-in users of the app."),
        StatusCode::NOT_FOUND => ("Not found", "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => ("Method not allowed", "This page can only be read."),
        StatusCode::PRECONDITION_FAILED => ("Precondition failed", "The page is another by now."),
        StatusCode::RANGE_NOT_SATISFIABLE => ("Range not satisfiable", "The file is shorter."),
        StatusCode::GONE => ("Gone", "This page was here once and is not coming back."),
        _ => ("Something went wrong", "The node could not answer."),
    };
    let detail = if detail.is_empty() { usual } else { detail };
    let code = status.as_u16();
    html(status, title, &format!("<h1>{code} · {title}</h1><p>{}</p>", escape(detail)))
}

/// What the node's own domain answers while no app `root` is deployed.
pub(super) fn welcome(admin: &str, domain: &str) -> Response<VisitorBody> {
    let body = format!(
        "<h1>This is a fazt node.</h1><p>Apps are at <code>NAME.{0}</code>. Deploy one named \
         <code>root</code> and it answers here.</p><p><a href=\"{1}\">Dashboard</a></p>",
        escape(domain),
        escape(admin)
    );
    html(StatusCode::OK, "fazt", &body)
}

/// The answer at `/api` of an app that has no such function.
pub(super) fn no_function() -> Response<VisitorBody> {
    let body = "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"this app has no function at that path\"}}";
    let mut response = Response::new(VisitorBody::bytes(body));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Sends a visitor to another path of the same app.
pub(super) fn elsewhere(path: &str) -> Response<VisitorBody> {
    let mut response = Response::new(VisitorBody::bytes(""));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(location) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Sends a visitor of a redirecting alias on, path and query kept.
pub(super) fn redirect(to: &str, status: u16, uri: &Uri) -> Response<VisitorBody> {
    let rest = uri.path_and_query().map_or("/", |rest| rest.as_str());
    // A target with a path of its own is meant as it is.
    let location = match to.strip_suffix('/') {
        Some(origin) if origin.matches('/').count() == 2 => format!("{origin}{rest}"),
        _ => to.to_owned(),
    };
    let mut response = Response::new(VisitorBody::bytes(""));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    match HeaderValue::from_str(&location) {
        Ok(location) => response.headers_mut().insert(header::LOCATION, location),
        Err(_) => return page(StatusCode::NOT_FOUND, ""),
    };
    response
}

fn html(status: StatusCode, title: &str, body: &str) -> Response<VisitorBody> {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title>{STYLE}<body>{body}</body></html>\n"
    );
    let mut response = Response::new(VisitorBody::bytes(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Text as it may stand in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_keeps_path_and_query_unless_its_target_has_a_path() {
        let to = |to: &str, uri: &str| {
            let response = redirect(to, 301, &uri.parse().unwrap());
            response.headers()[header::LOCATION].to_str().unwrap().to_owned()
        };
        assert_eq!(to("https://new.example/", "/a?b=1"), "https://new.example/a?b=1");
        assert_eq!(to("https://new.example/x", "/a?b=1"), "https://new.example/x");
    }

    #[test]
    fn a_host_name_cannot_write_markup_into_a_page() {
        assert_eq!(escape("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
