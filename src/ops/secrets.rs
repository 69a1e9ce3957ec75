//! The tools of secrets on a node.
//!
//! A value is sealed as soon as it is here; neither the ledger nor an answer has it.

use fazt_tools::{
    AppName, Caller, Code, Handler, Problem,
    secrets::{
        Inject, ListInput, ListOutput, ListSecrets, RekeyInput, RekeyOutput, RekeySecrets,
        RemoveInput, RemoveOutput, RemoveSecret, Secret, SetInput, SetOutput, SetSecret,
    },
};
use serde_json::json;

use super::{egress::sealed_as, net::pattern, storage_problem};
use crate::{
    auth::KeyError,
    node::Node,
    store::{SecretRow, SecretWay, StoreError},
};

/// Shortest value: one that is shorter would be found by chance in what comes back.
const SHORTEST: usize = 8;
/// Longest value.
const LONGEST: usize = 8 << 10;
/// Hosts of one secret.
const HOSTS: usize = 32;

impl Handler<SetSecret> for Node {
    async fn handle(&self, caller: &Caller, input: SetInput) -> Result<SetOutput, Problem> {
        let way = way_of(&input)?;
        let value = checked(&input.value)?;
        let app = match &input.app {
            Some(app) => Some(self.find_app(app).await?.id),
            None => None,
        };
        let told = json!({ "name": input.name, "app": input.app, "hosts": way.hosts });
        let actor = self.actor(caller, "set_secret", told);
        let set_at = actor.at;
        let _held = self.sealer.storing.lock().await;
        let sealed = self.sealer.seal(value, &sealed_as(app, &input.name));
        let to = Some((sealed, way.clone()));
        let change = match self.store.set_secret(input.app.as_ref(), &input.name, to, actor).await {
            Ok(change) => change,
            Err(error) => return Err(self.refusal(error).await),
        };
        self.refresh_egress().await?;
        let SecretWay { inject, key, hosts } = way;
        let secret = Secret { name: input.name, app: input.app, inject, key, hosts, set_at };
        Ok(SetOutput { secret, change })
    }
}

impl Handler<ListSecrets> for Node {
    async fn handle(&self, _: &Caller, input: ListInput) -> Result<ListOutput, Problem> {
        let app = match &input.app {
            Some(name) => Some(self.find_app(name).await?.id),
            None => None,
        };
        let rows = self.store.secrets().await.map_err(|e| storage_problem(&e))?;
        let secrets: Vec<_> = rows
            .into_iter()
            .filter(|row| app.is_none() || row.app.is_none() || row.app == app)
            .map(|row| Secret {
                name: row.name,
                app: row.app_name,
                inject: row.way.inject,
                key: row.way.key,
                hosts: row.way.hosts,
                set_at: row.set_at,
            })
            .collect();
        Ok(ListOutput { total: secrets.len() as u64, secrets })
    }
}

impl Handler<RemoveSecret> for Node {
    async fn handle(&self, caller: &Caller, input: RemoveInput) -> Result<RemoveOutput, Problem> {
        let actor = self.actor(caller, "remove_secret", json!(input));
        let done = self.store.set_secret(input.app.as_ref(), &input.name, None, actor).await;
        let change = match done {
            Ok(change) => change,
            Err(error) => return Err(self.refusal(error).await),
        };
        self.refresh_egress().await?;
        Ok(RemoveOutput { name: input.name, change })
    }

    async fn question(&self, _: &Caller, input: &RemoveInput) -> Result<String, Problem> {
        if let Some(app) = &input.app {
            self.find_app(app).await?;
        }
        let rows = self.store.secrets().await.map_err(|e| storage_problem(&e))?;
        let of = || rows.iter().filter(|row| row.app_name == input.app);
        let Some(found) = of().find(|row| row.name == input.name) else {
            let known = of().map(|row| row.name.as_str());
            return Err(Problem::missing(Code::NotFound, "secret", &input.name, known));
        };
        let who = input.app.as_ref().map_or("every app", AppName::as_str);
        let hosts = found.way.hosts.join(", ");
        Ok(format!("Remove the secret `{}` of {who}, sent to {hosts}?", found.name))
    }
}

impl Handler<RekeySecrets> for Node {
    async fn handle(&self, caller: &Caller, _: RekeyInput) -> Result<RekeyOutput, Problem> {
        if !self.sealer.can_change() {
            let what = "the key comes from the environment, and there is no other";
            return Err(Problem::new(Code::Conflict, what).hint(
                "put a new key first and this one after it, separated by a comma, and start again",
            ));
        }
        let _held = self.sealer.storing.lock().await;
        let rows = self.store.secrets().await.map_err(|e| storage_problem(&e))?;
        if rows.is_empty() {
            return Ok(RekeyOutput { sealed: 0 });
        }
        // Before anything is changed: what no key opens now would be lost for good.
        for row in &rows {
            self.value_of(row)?;
        }
        let unwritten = |error: KeyError| Problem::new(Code::DatabaseUnusable, error.to_string());
        self.sealer.begin_change().map_err(unwritten)?;
        let sealed = rows.iter().map(|row| {
            let sealed = self.sealer.seal(&self.value_of(row)?, &sealed_as(row.app, &row.name));
            Ok((row.id, row.sealed.clone(), sealed))
        });
        let sealed = sealed.collect::<Result<Vec<_>, Problem>>()?;
        let count = sealed.len() as u64;
        let actor = self.actor(caller, "rekey_secrets", json!({}));
        self.store.reseal(sealed, actor).await.map_err(|e: StoreError| storage_problem(&e))?;
        self.refresh_egress().await?;
        self.sealer.end_change().map_err(unwritten)?;
        Ok(RekeyOutput { sealed: count })
    }
}

impl Node {
    fn value_of(&self, row: &SecretRow) -> Result<String, Problem> {
        self.sealer.open(&row.sealed, &sealed_as(row.app, &row.name)).ok_or_else(|| {
            let what = format!("the secret `{}` cannot be read with the node's key", row.name);
            Problem::new(Code::Conflict, what)
                .hint(format!("set or remove it first: `fazt secret remove {}`", row.name))
        })
    }
}

/// How a secret is to be sent, checked.
fn way_of(input: &SetInput) -> Result<SecretWay, Problem> {
    let named = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
    let begins = input.name.bytes().next().is_some_and(|c| c.is_ascii_uppercase());
    if !begins || input.name.len() > 64 || !input.name.bytes().all(named) {
        let rule = "give 1 to 64 capitals, digits and `_`, a capital first";
        return Err(Problem::invalid("name", rule));
    }
    let hosts: Vec<_> =
        input.hosts.iter().map(|host| pattern("hosts", host)).collect::<Result<_, _>>()?;
    if hosts.is_empty() || hosts.len() > HOSTS {
        return Err(Problem::invalid("hosts", format!("give 1 to {HOSTS} hosts it is sent to")));
    }
    let inject = input.inject.unwrap_or_default();
    let refused = |rule: &str| Err(Problem::invalid("key", rule));
    match (inject, input.key.as_deref()) {
        (Inject::Bearer, Some(_)) => return refused("a bearer token has no key"),
        (Inject::Header | Inject::Query, None) => {
            return refused("name the header, or the parameter of the query");
        }
        (Inject::Header, Some(key)) => {
            const OWN: &[&str] = &["host", "connection", "content-length", "transfer-encoding"];
            let lower = key.to_ascii_lowercase();
            if http::HeaderName::from_bytes(lower.as_bytes()).is_err()
                || OWN.contains(&lower.as_str())
            {
                return refused("it is no name of a header that may be sent");
            }
        }
        (Inject::Query, Some(key)) if key.is_empty() || key.len() > 128 => {
            return refused("give 1 to 128 characters");
        }
        _ => {}
    }
    Ok(SecretWay { inject, key: input.key.clone(), hosts })
}

/// The value, without the line break that files end with.
fn checked(value: &str) -> Result<&str, Problem> {
    let value = value.trim_end_matches(['\r', '\n']);
    // Nothing of the value is quoted.
    if !(SHORTEST..=LONGEST).contains(&value.len()) {
        let rule = format!("give {SHORTEST} to {LONGEST} bytes");
        return Err(Problem::invalid("value", rule));
    }
    if !value.bytes().all(|c| (b' '..=b'~').contains(&c)) {
        return Err(Problem::invalid("value", "give printable characters of ASCII on one line"));
    }
    Ok(value)
}
