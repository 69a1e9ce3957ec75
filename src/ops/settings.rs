//! `list_settings` and `set_setting` on a node.

use fazt_tools::{
    Caller, Handler, Problem,
    settings::{
        ListInput, ListOutput, ListSettings, SetInput, SetOutput, SetSetting, Setting as Shown,
    },
};
use serde_json::json;

use super::storage_problem;
use crate::{
    config::{Config, SETTINGS, Setting},
    node::Node,
};

impl Handler<ListSettings> for Node {
    async fn handle(&self, _: &Caller, input: ListInput) -> Result<ListOutput, Problem> {
        let now = self.settings_now().await?;
        let settings: Vec<Shown> = match &input.key {
            Some(key) => vec![shown(Setting::named(key)?, &now)],
            None => SETTINGS.iter().map(|setting| shown(setting, &now)).collect(),
        };
        Ok(ListOutput { total: settings.len() as u64, settings })
    }
}

impl Handler<SetSetting> for Node {
    async fn handle(&self, caller: &Caller, input: SetInput) -> Result<SetOutput, Problem> {
        let setting = Setting::named(&input.key)?;
        if let Some(value) = &input.value {
            setting.check(value)?;
        }
        let actor = self.actor(caller, "set_setting", json!(input));
        let change = self.store.set_setting(setting.key, input.value, actor).await;
        let change = change.map_err(|e| storage_problem(&e))?;
        Ok(SetOutput { setting: shown(setting, &self.settings_now().await?), change })
    }
}

impl Node {
    /// The settings as a start would read them now.
    async fn settings_now(&self) -> Result<Config, Problem> {
        let mut sources = self.sources().clone();
        let stored = self.store.settings().await.map_err(|e| storage_problem(&e))?;
        sources.stored = stored.into_iter().collect();
        Config::read(&sources)
    }
}

fn shown(setting: &Setting, now: &Config) -> Shown {
    let (value, origin) = now.origin(setting.key);
    Shown {
        key: setting.key.to_owned(),
        value: value.to_owned(),
        origin: origin.as_str().to_owned(),
        help: setting.help.to_owned(),
        restart: setting.restart,
    }
}
