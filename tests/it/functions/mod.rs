//! Functions as people meet them: what they answer, what they leave behind.

mod dev;
mod explain;
mod logs;
mod run;
