//! What a version's files under `api/` come to: a table of routes, and scripts that run.
//!
//! `routes` reads the table off the files' names, `transform` makes JavaScript of each
//! script, `imports` finds what each needs, and `load` does all of it for a version. Nothing
//! here runs a script, and nothing but `load` knows where files are kept.

mod forms;
mod imports;
mod load;
mod mapping;
mod names;
mod problem;
mod routes;
mod stored;
mod transform;

pub use imports::{EMPTY, LIBRARIES, LINKS, Link, PACKAGES, Target, Unresolved, World};
pub use load::{Functions, Import, Module, check, load};
pub use mapping::Mapping;
pub use names::Wanted;
pub use problem::{ScriptProblem, excerpt};
pub use routes::{Found, Route, RouteProblem, Routes};
pub use stored::stored;
pub use transform::{How, Kind, Transformed, transform};

/// Whether a file of an app makes its functions: a script below `api/`, route or library.
pub fn is_script(file: &str) -> bool {
    routes::role(file) != routes::Role::Other
}
