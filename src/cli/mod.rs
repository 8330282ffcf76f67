//! Arguments, rendering, exit.

/// Runs the program.
pub fn main() -> std::process::ExitCode {
    crate::exit::Exit::Done.into()
}
