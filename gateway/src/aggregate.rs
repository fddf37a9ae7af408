//! From the judged observations of a window to its numbers: pure, exact, and the same for any order of arrival.
//!
//! Rules: domain rules of `docs/aggregation.md`. An observation counts when its flag is 1, 2 or 3.

mod capture;
mod fold;
mod window;

pub use capture::Expectation;
pub use fold::{WindowInput, fold};
pub use window::Windows;
