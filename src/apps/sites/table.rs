//! The table of names: made of what the store knows, copied when a name changes.

use std::sync::Arc;

use super::{Led, Slot, Table};
use crate::store::{Alias, AliasTarget, HostApp, Hosts};

impl Table {
    pub(super) fn of(hosts: Hosts) -> Self {
        let mut table = Self::default();
        table.apps.reserve(hosts.apps.len());
        table.by_id.reserve(hosts.apps.len());
        for app in hosts.apps {
            table.add(app);
        }
        table.set_aliases(hosts.aliases);
        table
    }

    pub(super) fn copy(&self) -> Self {
        Self { apps: self.apps.clone(), by_id: self.by_id.clone(), aliases: self.aliases.clone() }
    }

    pub(super) fn add(&mut self, app: HostApp) {
        let slot = Arc::new(Slot::new(app));
        self.by_id.insert(slot.id, slot.clone());
        self.apps.insert(slot.name.clone(), slot);
    }

    pub(super) fn set_aliases(&mut self, aliases: Vec<Alias>) {
        self.aliases.clear();
        for alias in aliases {
            let led = match alias.target {
                AliasTarget::App(app) => match self.apps.get(app.as_str()) {
                    Some(slot) => Led::App(slot.clone()),
                    None => continue,
                },
                AliasTarget::Redirect { to, status } => Led::Redirect { to: to.into(), status },
                AliasTarget::Reserved => Led::Reserved,
                AliasTarget::Split(shares) => Led::Split(shares.into()),
            };
            self.aliases.insert(alias.name.into(), led);
        }
    }
}
