//! The node's settings: each defined once, with its default, range and origin.
//!
//! A flag goes before the environment, that before the database, that before
//! the default. Everything is read once, into a [`Config`]; nothing looks
//! settings up afterwards. Reading the database is the caller's business.

mod domain;

use std::{collections::HashMap, net::IpAddr, num::NonZeroU32, path::PathBuf};

use fazt_tools::{Code, Problem, problem::nearest};

pub use domain::{Choice, choose_domain, local_addresses};

macro_rules! settings {
    ($($field:ident : $type:ty = $key:literal, $env:literal, $default:expr, $restart:literal, $parse:expr, $help:literal;)+) => {
        /// The settings of a node.
        #[derive(Clone, Debug)]
        pub struct Config {
            $(#[doc = $help] pub $field: $type,)+
            origins: HashMap<&'static str, (String, Origin)>,
        }

        /// Every setting, in the order of documents.
        pub const SETTINGS: &[Setting] = &[
            $(Setting { key: $key, env: $env, default: $default, help: $help, restart: $restart,
                check: |text| { let parse: fn(&str) -> Result<$type, String> = $parse; parse(text).map(drop) } },)+
        ];

        impl Config {
            /// Reads every setting from where it is given first.
            ///
            /// A value that does not fit is an error naming the setting, its
            /// origin and its rule.
            pub fn read(sources: &Sources) -> Result<Self, Problem> {
                let mut origins = HashMap::new();
                Ok(Self {
                    $($field: {
                        let (text, origin) = sources.find($key, $env, $default);
                        let parse: fn(&str) -> Result<$type, String> = $parse;
                        let value = parse(&text).map_err(|rule| unfit($key, &text, origin, &rule))?;
                        origins.insert($key, (text, origin));
                        value
                    },)+
                    origins,
                })
            }
        }
    };
}

settings! {
    port: u16 = "port", "FAZT_PORT", "8080", true, port,
        "port to listen on, 0 to 65535; 0 takes a free one";
    bind: IpAddr = "bind", "FAZT_BIND", "127.0.0.1", true, address,
        "address to listen on; `0.0.0.0` or `::` for all";
    domain: String = "domain", "FAZT_DOMAIN", "localhost", true, domain_name,
        "domain that apps are served below";
    public_url: String = "public_url", "FAZT_PUBLIC_URL", "", true, public_url,
        "scheme and port visitors use, such as `https://zyt.app`, when a proxy stands in front";
    cache_bytes: u64 = "cache.bytes", "FAZT_CACHE_BYTES", "67108864", true, |text| number(text, 1 << 20, 1 << 40),
        "memory for hot files, 1 MiB to 1 TiB, in bytes";
    proxies: Vec<IpAddr> = "proxies", "FAZT_PROXIES", "", true, addresses,
        "proxies whose `Forwarded` header is believed, separated by commas";
    max_files: u64 = "limits.files", "FAZT_MAX_FILES", "10000", true, |text| number(text, 1, 1_000_000),
        "files in one version, 1 to 1000000";
    max_file_bytes: u64 = "limits.file_bytes", "FAZT_MAX_FILE_BYTES", "104857600", true, |text| number(text, 1_024, 1 << 40),
        "size of one file in bytes, 1 KiB to 1 TiB";
    max_app_bytes: u64 = "limits.app_bytes", "FAZT_MAX_APP_BYTES", "524288000", true, |text| number(text, 1_024, 1 << 42),
        "size of one version in bytes, 1 KiB to 4 TiB";
    max_database_bytes: u64 = "limits.database_bytes", "FAZT_MAX_DATABASE_BYTES", "0", true, |text| number(text, 0, 1 << 46),
        "size of the database in bytes; 0 leaves it to the disk";
    max_data_rows: u64 = "limits.data_rows", "FAZT_MAX_DATA_ROWS", "1000000", true, |text| number(text, 1, 1_000_000_000),
        "keys, documents and objects that an app may store, 1 to 1000000000";
    max_data_bytes: u64 = "limits.data_bytes", "FAZT_MAX_DATA_BYTES", "1073741824", true, |text| number(text, 1_024, 1 << 46),
        "data that an app may store in bytes, 1 KiB to 64 TiB";
    fetch_calls: u32 = "limits.fetch_calls", "FAZT_FETCH_CALLS", "5", true, |text| number(text, 1, 100).map(small),
        "calls to the outside that a request of a function may make, 1 to 100";
    fetch_ms: u64 = "limits.fetch_ms", "FAZT_FETCH_MS", "4000", true, |text| number(text, 100, 30_000),
        "time of one call to the outside in milliseconds, 100 to 30000";
    fetch_total_ms: u64 = "limits.fetch_total_ms", "FAZT_FETCH_TOTAL_MS", "4000", true, |text| number(text, 100, 30_000),
        "time of all calls to the outside by one request in milliseconds, 100 to 30000";
    fetch_app: u32 = "limits.fetch_app", "FAZT_FETCH_APP", "5", true, |text| number(text, 1, 100).map(small),
        "calls to the outside by one app at once, 1 to 100";
    fetch_all: u32 = "limits.fetch_all", "FAZT_FETCH_ALL", "0", true, |text| number(text, 0, 1_000).map(small),
        "calls to the outside by all apps at once, 1 to 1000; 0 means 10 for each core, from 20 to 100";
    fetch_bytes: u64 = "limits.fetch_bytes", "FAZT_FETCH_BYTES", "1048576", true, |text| number(text, 1_024, 8 << 20),
        "body that a call to the outside may send, and may get, in bytes, 1 KiB to 8 MiB";
    fetch_cache_bytes: u64 = "limits.fetch_cache_bytes", "FAZT_FETCH_CACHE_BYTES", "8388608", true, |text| number(text, 0, 1 << 30),
        "memory for answers of the outside that are kept, up to 1 GiB, in bytes";
    fetch_log: u64 = "limits.fetch_log", "FAZT_FETCH_LOG", "10000", true, |text| number(text, 100, 10_000_000),
        "calls to the outside that are kept in the log, 100 to 10000000";
    max_connections: u64 = "limits.connections", "FAZT_MAX_CONNECTIONS", "16384", true, |text| number(text, 16, 1_000_000),
        "open connections, 16 to 1000000; more wait to be accepted";
    token_rate: NonZeroU32 = "limits.token_rate", "FAZT_TOKEN_RATE", "600", true, |text| number(text, 1, 1_000_000).map(rate),
        "calls of the API that a token may make in a minute, 1 to 1000000";
    keep_versions: u32 = "keep.versions", "FAZT_KEEP_VERSIONS", "20", true, |text| number(text, 1, 10_000).map(small),
        "versions kept of an app besides the live one, 1 to 10000";
    keep_log_lines: u32 = "keep.log_lines", "FAZT_KEEP_LOG_LINES", "10000", true, |text| number(text, 100, 1_000_000).map(small),
        "lines kept of what an app's functions log, 100 to 1000000";
    keep_log_days: u32 = "keep.log_days", "FAZT_KEEP_LOG_DAYS", "7", true, |text| number(text, 1, 365).map(small),
        "days that such lines and requests are kept, 1 to 365";
    oauth: bool = "oauth", "FAZT_OAUTH", "on", true, switch,
        "whether programs may ask for access by OAuth: `on` or `off`";
    mcp_sse: bool = "mcp.sse", "FAZT_MCP_SSE", "on", true, switch,
        "the older pair `/sse` and `/messages` for agents: `on` or `off`";
    log: String = "log", "FAZT_LOG", "info", true, |text| Ok(text.to_owned()),
        "what is logged to standard error: `error`, `warn`, `info`, `debug` or a filter";
}

/// A setting, as documents and `fazt server config` show it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// Its environment variable.
    pub env: &'static str,
    /// Its default.
    pub default: &'static str,
    /// What it does, with unit and range.
    pub help: &'static str,
    /// Whether a change waits for the next start.
    pub restart: bool,
    check: fn(&str) -> Result<(), String>,
}

impl Setting {
    /// The setting of that key; the error names the nearest one.
    pub fn named(key: &str) -> Result<&'static Self, Problem> {
        SETTINGS.iter().find(|setting| setting.key == key).ok_or_else(|| {
            let problem = Problem::invalid("key", format!("there is no setting `{key}`"));
            match nearest(key, SETTINGS.iter().map(|setting| setting.key)) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("`fazt server config` lists them"),
            }
        })
    }

    /// Refuses a value that does not fit.
    pub fn check(&self, value: &str) -> Result<(), Problem> {
        (self.check)(value).map_err(|rule| {
            let message = format!("`{value}` does not fit the setting `{}`: {rule}", self.key);
            Problem::new(Code::ValidationFailed, message)
                .detail("field", self.key)
                .detail("constraint", rule)
        })
    }
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A flag of the command.
    Flag,
    /// An environment variable.
    Environment,
    /// The database.
    Database,
    /// Nowhere.
    Default,
    /// The machine's own address.
    Detected,
}

impl Origin {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::Database => "database",
            Self::Default => "default",
            Self::Detected => "detected",
        }
    }
}

/// Where settings may be given.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Flags, by key.
    pub flags: HashMap<&'static str, String>,
    /// Environment variables, by name.
    pub environment: HashMap<String, String>,
    /// Stored settings, by key.
    pub stored: HashMap<String, String>,
}

impl Sources {
    fn find(&self, key: &str, env: &str, default: &str) -> (String, Origin) {
        let flag = self.flags.get(key).map(|text| (text, Origin::Flag));
        let set = || self.environment.get(env).map(|text| (text, Origin::Environment));
        let stored = || self.stored.get(key).map(|text| (text, Origin::Database));
        match flag.or_else(set).or_else(stored) {
            Some((text, origin)) => (text.clone(), origin),
            None => (default.to_owned(), Origin::Default),
        }
    }
}

impl Config {
    /// The text of a setting, and where it came from.
    pub fn origin(&self, key: &str) -> (&str, Origin) {
        self.origins.get(key).map_or(("", Origin::Default), |(text, origin)| (text, *origin))
    }

    /// The address of a host below the domain, as visitors type it, for a node
    /// that listens at `port`; an empty label means the domain itself.
    pub fn url(&self, label: &str, port: u16) -> String {
        let host = match label {
            "" => self.domain.clone(),
            label if label.contains('.') => label.to_owned(),
            label => format!("{label}.{}", self.domain),
        };
        if let Ok(url) = url::Url::parse(&self.public_url) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            return format!("{}://{host}{port}", url.scheme());
        }
        if port == 80 { format!("http://{host}") } else { format!("http://{host}:{port}") }
    }

    /// Replaces the domain by one that was detected.
    pub fn detect_domain(&mut self, domain: String) {
        self.origins.insert("domain", (domain.clone(), Origin::Detected));
        self.domain = domain;
    }
}

/// Where the database is: the flag, else `FAZT_DB`, else the user's
/// configuration folder. Every command uses this one rule.
#[expect(clippy::implicit_hasher, reason = "there is one environment")]
pub fn database_path(
    flag: Option<PathBuf>,
    environment: &HashMap<String, String>,
) -> Result<PathBuf, Problem> {
    let set = |name: &str| environment.get(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    if let Some(path) = flag.or_else(|| set("FAZT_DB")) {
        return Ok(path);
    }
    let folder = set("XDG_CONFIG_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".config")))
        .or_else(|| set("APPDATA"))
        .ok_or_else(|| {
            Problem::new(Code::DatabaseUnusable, "there is no home folder to keep the database in")
                .hint("say where it is: `--db PATH`, or `FAZT_DB` in the environment")
        })?;
    Ok(folder.join("fazt").join("data.db"))
}

/// The process's environment, read once.
pub fn environment() -> HashMap<String, String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn unfit(key: &str, value: &str, origin: Origin, rule: &str) -> Problem {
    Problem::new(
        Code::ValidationFailed,
        format!("the setting `{key}` is `{value}` (from the {}): {rule}", origin.as_str()),
    )
    .detail("field", key)
    .detail("constraint", rule)
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "give a port from 0 to 65535".to_owned())
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "give an IP address such as `127.0.0.1`".to_owned())
}

fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(address).collect()
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err("give `on` or `off`".to_owned()),
    }
}

fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("give a whole number from {least} to {most}")),
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A number that its range keeps above zero.
fn rate(number: u64) -> NonZeroU32 {
    NonZeroU32::new(small(number)).unwrap_or(NonZeroU32::MIN)
}

fn domain_name(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 190 && text.split('.').all(label) {
        Ok(text)
    } else {
        Err("give a domain name such as `zyt.app`, without scheme, port or path".to_owned())
    }
}

fn public_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = url::Url::parse(text).map_err(|e| e.to_string())?;
    let plain =
        matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
    if plain { Ok(text.to_owned()) } else { Err("give `http://HOST` or `https://HOST`".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.stored.insert("port".into(), "1".into());
        sources
    }

    #[test]
    fn a_flag_goes_before_the_environment_before_the_database_before_the_default() {
        let mut given = sources();
        let read = |given: &Sources| {
            let config = Config::read(given).expect("fits");
            (config.port, config.origin("port").1)
        };
        assert_eq!(read(&Sources::default()), (8080, Origin::Default));
        assert_eq!(read(&given), (1, Origin::Database));
        given.environment.insert("FAZT_PORT".into(), "2".into());
        assert_eq!(read(&given), (2, Origin::Environment));
        given.flags.insert("port", "3".into());
        assert_eq!(read(&given), (3, Origin::Flag));
    }

    #[test]
    fn a_value_that_does_not_fit_names_setting_origin_and_rule() {
        let mut given = sources();
        given.environment.insert("FAZT_PORT".into(), "ninety".into());
        let problem = Config::read(&given).expect_err("refused");
        for part in ["`port`", "`ninety`", "environment", "0 to 65535"] {
            assert!(problem.message.contains(part), "{}", problem.message);
        }
    }

    #[test]
    fn a_value_that_is_yet_to_be_stored_is_not_said_to_come_from_the_database() {
        let problem = Setting::named("port").expect("a setting").check("ninety").expect_err("no");
        assert!(!problem.message.contains("database"), "{}", problem.message);
        assert!(problem.message.contains("`ninety`") && problem.message.contains("`port`"));
    }

    #[test]
    fn every_default_fits_its_own_rule() {
        for setting in SETTINGS {
            assert!(setting.check(setting.default).is_ok(), "{}", setting.key);
        }
    }

    #[test]
    fn the_table_of_limits_tells_the_defaults() {
        for limit in fazt_tools::limits::LIMITS {
            let Some(key) = limit.setting else { continue };
            let setting = Setting::named(key).expect(key);
            assert_eq!(setting.default, limit.value.to_string(), "{key}");
        }
    }

    #[test]
    fn the_database_is_where_the_flag_else_the_environment_else_the_home_says() {
        let env = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<HashMap<_, _>>()
        };
        let all = env(&[("FAZT_DB", "/x.db"), ("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")]);
        let database_path = |flag, env| super::database_path(flag, env).ok();
        assert_eq!(database_path(Some("/f.db".into()), &all), Some("/f.db".into()));
        assert_eq!(database_path(None, &all), Some("/x.db".into()));
        let nothing = env(&[]);
        assert_eq!(database_path(None, &nothing), None);
        let home = env(&[("HOME", "/h")]);
        assert_eq!(database_path(None, &home), Some("/h/.config/fazt/data.db".into()));
    }
}
