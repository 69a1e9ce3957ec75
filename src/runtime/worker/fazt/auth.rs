//! `fazt.auth`: who is signed in, and handlers that ask for somebody.
//!
//! Who they are comes with the request. A `require…` that is not met ends the request:
//! it throws, and whatever the handler makes of that, the visitor gets its answer.

use boa_engine::{Context, JsError, JsNativeError, JsObject, JsResult, JsValue, js_string};
use serde_json::json;

use super::{Native, host, method, object as plain, wrong};
use crate::runtime::frames::{Answer, User};

pub(super) fn object(context: &mut Context) -> JsObject {
    let object = JsObject::with_object_proto(context.intrinsics());
    let methods: [(_, _, Native); 11] = [
        ("getUser", 0, |_, _, context| get_user(context)),
        ("isLoggedIn", 0, |_, _, context| Ok(user(context)?.is_some().into())),
        ("isOwner", 0, |_, _, context| Ok(user(context)?.is_some_and(|u| has(&u, OWNER)).into())),
        ("isAdmin", 0, |_, _, context| Ok(user(context)?.is_some_and(|u| has(&u, ADMIN)).into())),
        ("hasRole", 1, |_, given, context| {
            let role = role_of("auth.hasRole", given, context)?;
            Ok(user(context)?.is_some_and(|user| has(&user, &role)).into())
        }),
        ("requireLogin", 0, |_, _, context| require(None, context)),
        ("requireRole", 1, |_, given, context| {
            let role = role_of("auth.requireRole", given, context)?;
            require(Some(&role), context)
        }),
        ("requireAdmin", 0, |_, _, context| require(Some(ADMIN), context)),
        ("requireOwner", 0, |_, _, context| require(Some(OWNER), context)),
        ("getLoginURL", 1, |_, _, context| address("login", context)),
        ("getLogoutURL", 1, |_, _, context| address("logout", context)),
    ];
    for (name, length, native) in methods {
        // A new object takes new properties.
        let _ = method(&object, name, length, native, context);
    }
    object
}

const OWNER: &str = "owner";
const ADMIN: &str = "admin";

/// Whether a user has a role: an owner has every one, an admin all but the owner's.
fn has(user: &User, role: &str) -> bool {
    let is = |role: &str| user.roles.iter().any(|known| known == role);
    is(role) || is(OWNER) || (role != OWNER && is(ADMIN))
}

fn user(context: &Context) -> JsResult<Option<User>> {
    Ok(host(context)?.now.borrow().user.clone())
}

fn role_of(api: &str, given: &[JsValue], context: &mut Context) -> JsResult<String> {
    match given.first().and_then(JsValue::as_string) {
        Some(role) => Ok(role.to_std_string_lossy()),
        None => Err(wrong(format!("{api}: the role has to be a string"), context)),
    }
}

fn get_user(context: &mut Context) -> JsResult<JsValue> {
    let Some(user) = user(context)? else { return Ok(JsValue::null()) };
    let roles = JsValue::from_json(&json!(user.roles), context)?;
    let email = match &user.email {
        Some(email) => js_string!(email.as_str()).into(),
        None => JsValue::undefined(),
    };
    let described = plain(
        &[
            ("id", js_string!(user.id.as_str()).into()),
            ("name", js_string!(user.name.as_str()).into()),
            ("email", email),
            ("roles", roles),
        ],
        context,
    );
    Ok(described.into())
}

/// Answers the user, or ends the request.
fn require(role: Option<&str>, context: &mut Context) -> JsResult<JsValue> {
    let answer = match (user(context)?, role) {
        (Some(_), None) => return get_user(context),
        (Some(user), Some(role)) if has(&user, role) => return get_user(context),
        (Some(_), role) => {
            let what = format!("this takes the role `{}`", role.unwrap_or_default());
            refusal(403, "FORBIDDEN", &what)
        }
        (None, _) if host(context)?.now.borrow().wants_page => Answer {
            status: 303,
            headers: vec![("location".to_owned(), url("login", context)?)],
            ..Answer::default()
        },
        (None, _) => refusal(401, "UNAUTHORIZED", "sign in first"),
    };
    let status = answer.status;
    host(context)?.now.borrow_mut().ended = Some(answer);
    let what = format!("the request ended with {status}: fazt.auth asked for more");
    Err(JsError::from(JsNativeError::error().with_message(what)))
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let body = json!({ "error": { "code": code, "message": message } });
    Answer {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes().into(),
    }
}

fn url(page: &str, context: &Context) -> JsResult<String> {
    Ok(format!("{}/{page}", host(context)?.app.admin))
}

fn address(page: &str, context: &mut Context) -> JsResult<JsValue> {
    Ok(js_string!(url(page, context)?.as_str()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_have_every_role_and_admins_all_but_theirs() {
        let with = |roles: &[&str]| User {
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            ..User::default()
        };
        for (roles, role, expected) in [
            (&["owner"][..], "owner", true),
            (&["owner"], "admin", true),
            (&["owner"], "editor", true),
            (&["admin"], "owner", false),
            (&["admin"], "editor", true),
            (&["editor"], "editor", true),
            (&["editor"], "admin", false),
            (&[], "editor", false),
        ] {
            assert_eq!(has(&with(roles), role), expected, "{roles:?} {role}");
        }
    }
}
