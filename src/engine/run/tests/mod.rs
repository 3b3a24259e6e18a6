//! The engine on a simulated cloud whose clock leaps to whatever is waited for.

mod converging;
mod endings;
mod forgetting;
mod gone;
mod killed;
mod kit;
mod locks;
mod making;
mod strangers;
