//! The contract of fazt: every operation a node can carry out, described once.
//!
//! A [`Tool`] names an operation, its effect, its scope, its route and its
//! types. The MCP tool, the HTTP route, the CLI command and the skill page are
//! renderings of that description. This crate knows nothing of how a tool is
//! carried out, and depends on no server, database or engine.
#![warn(missing_docs)]

pub mod tool;

pub mod caller;
pub mod limits;
pub mod names;
pub mod problem;
pub mod view;

pub mod openapi;
pub mod skills;

pub mod trace;
pub mod types;

mod catalogue;

pub mod configure_app;
pub mod delete_app;
pub mod deploy;
pub mod edit_data;
pub mod env;
pub mod explain_request;
pub mod fetch_test;
pub mod get_app;
pub mod list_apps;
pub mod list_changes;
pub mod list_files;
pub mod list_peers;
pub mod promote;
pub mod query_data;
pub mod read_file;
pub mod read_logs;
pub mod run_function;
pub mod status;
pub mod undo;

pub mod aliases;
pub mod approvals;
pub mod grants;
pub mod net;
pub mod peers;
pub mod plan_deploy;
pub mod secrets;
pub mod settings;
pub mod tokens;

pub use caller::{Caller, Face, Scope, Scopes};
pub use catalogue::{Host, dispatch, question, specs};
pub use names::{AppName, PeerName};
pub use problem::{Code, Problem};
pub use tool::{Effect, Handler, Hold, Method, Route, Spec, Tool};
pub use view::View;
