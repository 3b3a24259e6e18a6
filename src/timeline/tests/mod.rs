//! Looks at an environment that is spoiled step by step, and what is told of them.

mod kit;
mod merging;
mod numbers;
mod past;
mod recording;
