//! The program: everything is in the library, this is its exit code.

use std::process::ExitCode;

/// The C library's allocator keeps what one thread freed for that thread: pages of the store's cache, read by one and
/// dropped by another, then count twice, and memory grows with the database. This one gives them back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    deltaferry::cli::main()
}
