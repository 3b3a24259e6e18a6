//! The parts that views are put together from. Each draws into a buffer and knows nothing of state.

pub mod ascii;
pub mod chart;
pub mod columns;
pub mod message;
pub mod placing;
pub mod sheet;
pub mod spark;
pub mod table;
pub mod text;
