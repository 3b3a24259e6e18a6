//! What the project's own templates say on a server: Jinja2 with the config, the servers and the secrets in it.
//!
//! Planners are told what there is ([`SiteFacts`]); the text itself is made when a step begins, for it holds secrets.

mod context;
mod facts;
mod ground;
mod python;
mod render;
mod services;

#[cfg(test)]
mod tests;

pub use facts::{Hook, SiteFacts, Source};
pub use ground::{Ground, KNOWN_HOSTS};
pub use render::{NEW_RELIC, Templates};
