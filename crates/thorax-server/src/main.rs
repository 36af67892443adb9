//! What lives here: nothing but the start of the program. What never does: anything else.
//! Start reading at `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    thorax_server::run()
}
