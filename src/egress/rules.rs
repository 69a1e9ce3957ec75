//! Which rule answers for a host: of the app's own first, then of every app's.
//!
//! An index over the stored rows, held in memory and replaced as a whole; finding a
//! rule costs a look into a map for each part of the host's name, and no copy.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

use super::{
    error::{NetCode, NetError},
    policy::Target,
};
use crate::store::{FetchRow, FetchRule};

/// Every rule, ready to be asked.
#[derive(Default)]
pub struct Rules {
    every: Hosts,
    apps: HashMap<i64, Hosts, RandomState>,
}

/// The rules of one app, or of every app.
#[derive(Default)]
struct Hosts {
    exact: HashMap<String, Arc<Allowed>, RandomState>,
    /// By what follows the star: `.example.com`.
    below: HashMap<String, Arc<Allowed>, RandomState>,
}

/// A rule that lets a host through.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Allowed {
    /// The app it is for; none: every app.
    pub app: Option<i64>,
    /// The host, or `*.suffix`.
    pub host: String,
    /// What it says.
    pub rule: FetchRule,
}

impl Allowed {
    /// Whether it names a host by itself, and not all below one.
    pub fn is_exact(&self) -> bool {
        !self.host.starts_with('*')
    }
}

impl Rules {
    /// An index of the stored rows.
    pub fn new(rows: Vec<FetchRow>) -> Self {
        let mut rules = Self::default();
        for FetchRow { app, host, rule, .. } in rows {
            let hosts = match app {
                None => &mut rules.every,
                Some(app) => rules.apps.entry(app).or_default(),
            };
            let allowed = Arc::new(Allowed { app, host: host.clone(), rule });
            match host.strip_prefix('*') {
                Some(suffix) => hosts.below.insert(suffix.to_owned(), allowed),
                None => hosts.exact.insert(host, allowed),
            };
        }
        rules
    }

    /// The rule that answers for a host: the app's own, then every app's; the whole
    /// name first, then the longest that it is below.
    pub fn find(&self, app: Option<i64>, host: &str) -> Option<&Arc<Allowed>> {
        let own = app.and_then(|app| self.apps.get(&app));
        own.and_then(|hosts| hosts.find(host)).or_else(|| self.every.find(host))
    }

    /// The rule by which an app may go to a target. `owned` says that the host leads
    /// back to this node: then the rule has to name it by itself.
    pub fn permit(
        &self,
        app: Option<i64>,
        name: Option<&str>,
        target: &Target,
        owned: bool,
    ) -> Result<Arc<Allowed>, NetError> {
        let host = target.host();
        let found = self.find(app, host);
        let allow = |more: &str| {
            let who = name.map(|name| format!(" --app {name}")).unwrap_or_default();
            format!("fazt net allow {host}{who}{more}")
        };
        let blocked = |what: String| NetError::new(NetCode::Blocked, what);
        let port = match target.port() {
            443 if target.is_https() => String::new(),
            80 if !target.is_https() => String::new(),
            port => format!(" --port {port}"),
        };
        let http = if target.is_https() { "" } else { " --http" };
        let Some(allowed) = found else {
            let what = format!("`{host}` is not on the list of hosts");
            return Err(blocked(what).permitted_by(allow(&format!("{http}{port}"))));
        };
        if owned && !allowed.is_exact() {
            let what = format!("`{host}` leads back to this node");
            return Err(blocked(what).permitted_by(allow(&format!("{http}{port}"))));
        }
        if !target.is_https() && !allowed.rule.http {
            let what = format!("`{host}` is allowed by HTTPS alone");
            return Err(blocked(what).permitted_by(allow(&format!(" --http{port}"))));
        }
        let fits = match allowed.rule.port {
            Some(port) => port == target.port(),
            None => port.is_empty(),
        };
        if !fits {
            let what = format!("`{host}` is not allowed at port {}", target.port());
            return Err(
                blocked(what).permitted_by(allow(&format!("{http} --port {}", target.port())))
            );
        }
        Ok(allowed.clone())
    }
}

impl Hosts {
    fn find(&self, host: &str) -> Option<&Arc<Allowed>> {
        if let Some(found) = self.exact.get(host) {
            return Some(found);
        }
        if self.below.is_empty() {
            return None;
        }
        let mut dots = host.match_indices('.').map(|(at, _)| at).filter(|at| *at > 0);
        dots.find_map(|at| self.below.get(&host[at..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(app: Option<i64>, host: &str, rule: FetchRule) -> FetchRow {
        FetchRow { app, name: None, host: host.to_owned(), rule }
    }

    fn rules() -> Rules {
        let http = FetchRule { http: true, ..FetchRule::default() };
        let port = FetchRule { port: Some(8443), ..FetchRule::default() };
        Rules::new(vec![
            row(None, "*.example.com", FetchRule::default()),
            row(None, "*.deep.example.com", http.clone()),
            row(None, "one.example", http),
            row(Some(1), "one.example", FetchRule::default()),
            row(Some(1), "own.example", port),
        ])
    }

    fn ask(app: i64, url: &str) -> Result<Arc<Allowed>, NetError> {
        rules().permit(Some(app), Some("shop"), &Target::parse(url).expect(url), false)
    }

    #[test]
    fn the_nearest_rule_answers() {
        assert_eq!(ask(2, "https://api.example.com/").unwrap().host, "*.example.com");
        assert_eq!(ask(2, "https://x.deep.example.com/").unwrap().host, "*.deep.example.com");
        assert_eq!(ask(2, "https://deep.example.com/").unwrap().host, "*.example.com");
        assert!(ask(2, "https://example.com/").is_err());
    }

    #[test]
    fn an_apps_own_rule_goes_before_that_of_every_app() {
        assert!(ask(2, "http://one.example/").is_ok());
        assert!(ask(1, "http://one.example/").is_err());
        assert!(ask(2, "https://own.example:8443/").is_err());
        assert!(ask(1, "https://own.example:8443/").is_ok());
        assert!(ask(1, "https://own.example/").is_err());
    }

    #[test]
    fn a_refusal_ends_with_the_command_that_would_permit_it() {
        for (url, command) in [
            ("https://new.example/", "fazt net allow new.example --app shop"),
            ("http://new.example:81/", "fazt net allow new.example --app shop --http --port 81"),
            ("http://api.example.com/", "fazt net allow api.example.com --app shop --http"),
            ("https://one.example:444/", "fazt net allow one.example --app shop --port 444"),
        ] {
            let refused = ask(2, url).expect_err(url);
            assert!(refused.message.ends_with(command), "{}", refused.message);
            assert_eq!(refused.permit.as_deref(), Some(command));
        }
    }

    #[test]
    fn a_host_of_this_node_has_to_be_named_by_itself() {
        let target = Target::parse("https://api.example.com/").unwrap();
        assert!(rules().permit(Some(2), None, &target, true).is_err());
        let target = Target::parse("https://one.example/").unwrap();
        assert!(rules().permit(Some(2), None, &target, true).is_ok());
    }

    #[test]
    fn the_index_finds_what_a_walk_over_the_rows_finds() {
        use proptest::prelude::*;
        let host = "[ab]{1,2}(\\.[ab]{1,2}){0,3}";
        let row = (0..3_i64, proptest::bool::ANY, host);
        let rows = proptest::collection::vec(row, 0..12);
        proptest!(|(rows in rows, app in 1..3_i64, host in host)| {
            let mut seen = std::collections::HashSet::new();
            let rows: Vec<_> = rows
                .into_iter()
                .map(|(app, star, host)| {
                    let host = if star { format!("*.{host}") } else { host };
                    self::row((app > 0).then_some(app), &host, FetchRule::default())
                })
                .filter(|row| seen.insert((row.app, row.host.clone())))
                .collect();
            let best = rows
                .iter()
                .filter(|row| row.app.is_none_or(|of| of == app))
                .filter(|row| super::super::policy::takes(&row.host, &host))
                .max_by_key(|row| (row.app.is_some(), !row.host.starts_with('*'), row.host.len()))
                .map(|row| (row.app, row.host.clone()));
            let rules = Rules::new(rows);
            let found = rules.find(Some(app), &host).map(|found| (found.app, found.host.clone()));
            prop_assert_eq!(found, best);
        });
    }
}
