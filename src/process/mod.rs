//! Child programs: absolute paths, an environment from an allow-list, a process group of their own,
//! capped output, a deadline.

mod caller;
mod command;
mod detached;
mod error;
mod group;
mod inheritance;
mod limits;
mod on_terminal;
mod output;
mod private_memory;
mod program;
mod running;

pub use caller::outlive_caller;
pub use detached::{Detached, detach, start_detached};
pub use error::ProcessError;
pub use group::{Killer, allow_programs, kill_every_group};
pub use inheritance::{Inheritance, find_program};
pub use limits::{is_memory_scarce, limit_memory};
pub use on_terminal::run_editor;
pub use output::{Captured, Ended, Output};
pub use private_memory::keep_memory_private;
pub use program::{Leftovers, Program};
pub use running::Running;
