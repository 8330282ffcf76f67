//! Files of TOML before an installation: what is foreign in them stays, byte by byte, or nothing is written.

use pretty_assertions::assert_eq;

use super::corpus::{Home, not_taken_apart, read, refused, round_trip};

/// The one agent with such a file.
const AGENT: &str = "codex-notify";
/// The file below the home.
const FILE: &str = ".codex/config.toml";

#[test]
fn toml_of_every_layout_comes_back_byte_by_byte() {
    let home = Home::new();
    for before in [
        "model = \"x\"\n",
        "model = \"x\"",
        "# first\nmodel = \"x\" # why\n\n[mcp.a]\ncommand = 'b'\n",
        "[mcp]\na = 1\n",
        "# about the table\n[mcp]\na = 1\n",
        "\n\n[[x]]\ny = { z = 1, w = [1,\n 2] }\n",
        "model = \"x\"\r\n[a]\r\nb = 0xff\r\n",
        "\u{feff}model = \"x\"\n",
        "a.b.c = 1979-05-27T07:32:00Z\n\"quoted key\" = '''\n[not a table]\n'''\n",
    ] {
        let left = round_trip(&home, AGENT, FILE, before).unwrap();
        assert_eq!(left.trim_end(), before.trim_end(), "without the record");
    }
    // The line goes to the top: below a table it would be that table's.
    let path = home.write(FILE, b"# about\n[mcp]\na = 1\n");
    home.install(AGENT).unwrap();
    assert_eq!(
        read(&path),
        "notify = [\"/opt/sendoff\", \"hook\", \"codex-notify\"]\n# about\n[mcp]\na = 1\n"
    );
}

#[test]
fn toml_that_cannot_be_edited_safely_is_refused_with_the_lines_to_paste() {
    let home = Home::new();
    let mut texts = Vec::new();
    for (name, content) in [
        ("broken TOML", &b"a = \n"[..]),
        ("a key twice in TOML", &b"a = 1\na = 2\n"[..]),
        ("somebody's notify", &b"notify = [\"say\"]\n"[..]),
        ("a notify that is a text", &b"notify = \"say\"\n"[..]),
    ] {
        texts.push(refused(&home, name, AGENT, (FILE, content)));
    }
    insta::assert_snapshot!(texts.concat());
}

#[test]
fn broken_toml_with_our_call_is_not_taken_apart() {
    let content = "notify = [\"sendoff\", \"hook\", \"codex-notify\"]\na =\n";
    insta::assert_snapshot!(not_taken_apart(&Home::new(), AGENT, FILE, content));
}
