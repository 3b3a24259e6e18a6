//! The engine on a simulated cloud whose clock leaps to whatever is waited for.

mod again;
mod consoles;
mod converging;
mod denied;
mod endings;
mod files;
mod forgetting;
mod founding;
mod going_on;
mod gone;
mod killed;
mod kit;
mod locks;
mod making;
mod power;
mod relay;
mod unlisted;
