//! What goes wrong: with the database, the network, the power, the folder.

mod database;
mod folders;
mod network;
mod power;
mod switching;
