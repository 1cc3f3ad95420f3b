//! The command line.

pub mod events;
pub mod histogram;
pub mod inspect;
pub mod output;
pub mod series;

/// Reads the arguments and runs the command.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
