//! The `sendoff` program: the library does the work.

fn main() -> std::process::ExitCode {
    sendoff::cli::main()
}
