//! `exit-codes.md`, from `Exit`.

use std::fmt::Write;

use crate::exit::Exit;

pub(super) fn page() -> String {
    let mut page = format!(
        "{}# Exit codes\n\n| code | meaning |\n| --: | --- |\n",
        super::GENERATED
    );
    for exit in Exit::ALL {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(page, "| {} | {} |", exit.code(), exit.meaning());
    }
    page.push_str(
        "\nWhen a run asks for several, the first of 78, 70, 1, 64, 75, 0 wins. After a signal it is 128 and the \
         signal's number. It is never 2, which agent hosts read as \"block the agent\".\n\n\
         `--best-effort` exits with 0 whatever happens; the report still tells.\n",
    );
    page
}
