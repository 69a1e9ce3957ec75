//! Functions as people meet them: what they answer, what they leave behind.

mod explain;
mod logs;
mod run;
