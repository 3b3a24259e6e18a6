//! Plans and runs of plans as the console knows them: what is asked for, what is shown of it, what is left of it.
//! Pure.

mod choices;
mod desk;
mod list;
mod past;
mod printers;
mod ran;
mod run;
mod sheet;
mod usual;
mod wave;
mod wish;

#[cfg(test)]
mod tests;

pub use choices::{Choices, Line, LineKind};
pub use desk::Desk;
pub use list::OperationList;
pub use past::{Opened, Record};
pub use printers::{Printer, Printers};
pub use ran::ran;
pub use run::{Body, PastServer, Work};
pub use sheet::{Sheet, Stage};
pub use usual::Usual;
pub use wave::{Wave, waves};
pub use wish::{KeepWish, NoPlan, Obstacle, PlanWish, Start, StartWish};
