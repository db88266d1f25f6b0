//! What verification refuses and accepts, and that each form of code leads back to it.

mod fixture;
mod forms;
mod meaning;
mod naive;
mod pattern;
mod verify_code;
mod verify_set;
