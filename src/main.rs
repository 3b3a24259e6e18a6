//! Quarterdeck, the program.

fn main() -> std::process::ExitCode {
    quarterdeck::cli::main()
}
