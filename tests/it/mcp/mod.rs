//! The MCP server, as a real client finds it.

mod own_client;
