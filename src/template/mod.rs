//! What the project's own templates say on a server: Jinja2 with the config, the servers and the secrets in it.
//!
//! Planners are told what there is ([`SiteFacts`]); the text itself is made when a step begins, for it holds secrets.

mod context;
mod drift;
mod facts;
mod ground;
mod held;
mod hooks;
mod outside;
mod python;
mod render;
mod secrets;
mod services;
mod shapes;

#[cfg(test)]
mod tests;

pub use crate::config::secrets::{LENGTH, NEXT};
pub use drift::{Drift, ServerDrift};
pub use facts::{Hook, SiteFacts, Source};
pub use ground::{Ground, KNOWN_HOSTS};
pub use held::{Key, NoValue, ShapeFile, Shapes, Standing};
pub use outside::{Ask, Mask, Outside};
pub use render::{NEW_RELIC, Templates};
pub use shapes::{Known, Whence};
