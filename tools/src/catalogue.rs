//! The list of every tool, and the one way to call any of them.
//!
//! To add a tool: its file in this folder, its word in `catalogue!` below, its
//! behaviour in `src/ops/`. The compiler asks for the behaviour, a test asks
//! for the example, and the pages regenerate themselves.

use std::sync::LazyLock;

use serde_json::Value;

use crate::{Caller, Effect, Handler, Hold, Problem, Spec, Tool, problem, tool::json};

macro_rules! catalogue {
    ($($tool:path),+ $(,)?) => {
        static SPECS: LazyLock<Vec<Spec>> = LazyLock::new(|| vec![$(Spec::of::<$tool>()),+]);

        /// A handler for the whole catalogue: a node, or a peer.
        pub trait Host: Hold + $(Handler<$tool> +)+ {}
        impl<T> Host for T where T: Hold + $(Handler<$tool> +)+ {}

        /// Calls the tool named `name` with `input` and answers its output.
        ///
        /// Refuses an unknown tool, a missing scope, an app the caller may not
        /// touch, and an input that does not fit, each naming what would do. What
        /// removes something is held for a person where the caller's token says so.
        pub async fn dispatch<H: Host>(
            host: &H,
            caller: &Caller,
            name: &str,
            input: Value,
        ) -> Result<Value, Problem> {
            $(if name == <$tool as Tool>::NAME {
                return call::<$tool, H>(host, caller, input).await;
            })+
            Err(Problem::unknown_tool(name, SPECS.iter().map(|spec| spec.name)))
        }

        /// What a person is asked before the tool named `name` is carried out
        /// with `input`. Refuses as [`dispatch`] does.
        pub async fn question<H: Host>(
            host: &H,
            caller: &Caller,
            name: &str,
            input: Value,
        ) -> Result<String, Problem> {
            $(if name == <$tool as Tool>::NAME {
                let input = admitted::<$tool>(caller, input)?;
                return Handler::<$tool>::question(host, caller, &input).await;
            })+
            Err(Problem::unknown_tool(name, SPECS.iter().map(|spec| spec.name)))
        }
    };
}

catalogue![
    crate::deploy::Deploy,
    crate::list_apps::ListApps,
    crate::get_app::GetApp,
    crate::delete_app::DeleteApp,
    crate::promote::Promote,
    crate::status::Status,
    crate::run_function::RunFunction,
    crate::fetch_test::FetchTest,
    crate::read_logs::ReadLogs,
    crate::explain_request::ExplainRequest,
    crate::list_files::ListFiles,
    crate::read_file::ReadFile,
    crate::configure_app::ConfigureApp,
    crate::query_data::QueryData,
    crate::edit_data::EditData,
    crate::list_changes::ListChanges,
    crate::undo::Undo,
    crate::list_peers::ListPeers,
    // For people only.
    crate::plan_deploy::PlanDeploy,
    crate::aliases::ListAliases,
    crate::aliases::SetAlias,
    crate::aliases::RemoveAlias,
    crate::tokens::CreateToken,
    crate::tokens::ListTokens,
    crate::tokens::RevokeToken,
    crate::grants::ListGrants,
    crate::grants::RevokeGrant,
    crate::approvals::ListApprovals,
    crate::approvals::Approve,
    crate::approvals::Deny,
    crate::peers::AddPeer,
    crate::peers::RemovePeer,
    crate::peers::SetDefaultPeer,
    crate::settings::ListSettings,
    crate::settings::SetSetting,
    crate::net::AllowFetch,
    crate::net::ListFetchRules,
    crate::net::RemoveFetchRule,
    crate::net::ListFetches,
    crate::net::FetchStats,
    crate::secrets::SetSecret,
    crate::secrets::ListSecrets,
    crate::secrets::RemoveSecret,
    crate::secrets::RekeySecrets,
];

/// Every tool, in the order of the catalogue.
pub fn specs() -> &'static [Spec] {
    &SPECS
}

async fn call<T: Tool, H: Handler<T> + Hold>(
    host: &H,
    caller: &Caller,
    input: Value,
) -> Result<Value, Problem> {
    let input = admitted::<T>(caller, input)?;
    if T::EFFECT == Effect::Remove && caller.approval {
        return host.hold(caller, T::NAME, json(&input), host.question(caller, &input)).await;
    }
    let output = host.handle(caller, input).await?;
    Ok(json(&output))
}

/// The input of a call that the caller may make.
fn admitted<T: Tool>(caller: &Caller, input: Value) -> Result<T::Input, Problem> {
    caller.require(T::SCOPE, T::NAME)?;
    let input: T::Input = serde_json::from_value(input)
        .map_err(|error| problem::invalid_input::<T>(&error.to_string()))?;
    if let Some(app) = T::target(&input) {
        caller.require_app(app)?;
    }
    Ok(input)
}
