//! What an app is made of before it is published: paths, limits, the manifest,
//! and the ways files arrive: a folder, a built folder, a ZIP, a bundled upload.
//!
//! Everything here is synchronous, prints nothing and stores nothing: files go to
//! the caller's callback, and the caller decides what becomes a version.

pub mod path;

pub mod limits;

pub mod manifest;

pub mod ignore;

pub mod folder;

pub mod hash;

pub mod build;

pub mod zip;

pub mod wire;
