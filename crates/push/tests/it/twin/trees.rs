//! Trees and files: what the commits hold.

use std::os::unix::ffi::OsStrExt as _;

use sendoff_testing::{TwinFixture, noise_text, text};

use super::{FAST, ONE, scenarios};

scenarios! {
    renames_and_modes, FAST, |fixture| {
        fixture.git(&["mv", "src", "lib"]);
        fixture.git(&["mv", "docs/guide.md", "GUIDE.md"]);
        fixture.git(&["update-index", "--chmod=+x", "feature.txt"]);
        std::os::unix::fs::symlink("README", fixture.work().join("link")).unwrap();
        fixture.git(&["add", "link"]);
        fixture.git(&["commit", "-q", "-m", "move"]);
    };
    an_executable_bit_alone, ONE, |fixture| {
        fixture.git(&["update-index", "--chmod=+x", "README"]);
        fixture.git(&["commit", "-q", "-m", "mode"]);
    };
    a_file_that_becomes_a_directory_and_the_other_way, FAST, |fixture| {
        fixture.git(&["rm", "-rq", "docs", "feature.txt"]);
        fixture.commit("feature.txt/inner", "inside\n");
        fixture.commit("docs", "flat\n");
    };
    a_file_that_becomes_a_symbolic_link, ONE, |fixture| {
        std::fs::remove_file(fixture.work().join("README")).unwrap();
        std::os::unix::fs::symlink("docs/guide.md", fixture.work().join("README")).unwrap();
        fixture.commit("also.txt", "also\n");
    };
    a_directory_that_becomes_a_symbolic_link, ONE, |fixture| {
        fixture.git(&["mv", "docs", "manual"]);
        std::os::unix::fs::symlink("manual", fixture.work().join("docs")).unwrap();
        fixture.commit("also.txt", "also\n");
    };
    a_submodule_link_without_its_commit, FAST, |fixture| { submodule(fixture, '1'); };
    a_submodule_link_that_moves_and_goes, FAST, |fixture| {
        submodule(fixture, '1');
        fixture.share("feature");
        submodule(fixture, '2');
        fixture.git(&["rm", "-q", "--cached", "vendor/sub"]);
        fixture.git(&["commit", "-q", "-m", "gone"]);
    };
    a_file_that_becomes_a_submodule, ONE, |fixture| {
        fixture.commit("vendor/sub", "a file first\n");
        fixture.share("feature");
        fixture.git(&["rm", "-q", "vendor/sub"]);
        submodule(fixture, '3');
    };
    three_hundred_levels, FAST, |fixture| {
        let deep = "d/".repeat(300);
        fixture.commit(&format!("{deep}leaf.txt"), "deep\n");
        fixture.share("feature");
        fixture.commit(&format!("{deep}leaf.txt"), "deeper\n");
    };
    two_thousand_files_of_which_one_changes, FAST, |fixture| {
        many(fixture, 2_000);
        fixture.share("feature");
        fixture.commit("many/777.txt", "changed\n");
    };
    two_thousand_new_files, FAST, |fixture| { many(fixture, 2_000); };
    one_content_at_many_places, ONE, |fixture| {
        for n in 0..40 {
            fixture.write(&format!("copies/{n}/same.txt"), "the same\n");
        }
        fixture.commit("copies/last.txt", "the same\n");
    };
    a_new_place_for_a_content_that_the_server_has, FAST, |fixture| {
        fixture.commit("copy/of/README", "hello\n");
    };
    a_new_place_for_a_directory_that_the_server_has, FAST, |fixture| {
        let tree = fixture.git(&["rev-parse", "HEAD:src"]);
        fixture.git(&["read-tree", "--prefix=vendored/src/", "-u", &tree]);
        fixture.commit("note.txt", "copied\n");
    };
    names_that_need_quotes, ONE, |fixture| {
        for name in ["a b", "tab\tin", "new\nline", "\"quoted\"", "back\\slash", "ünïcode", "-dash", "#hash", "trailing "] {
            fixture.write(&format!("names/{name}"), name);
        }
        fixture.commit("names/last", "x\n");
    };
    names_that_are_no_text, ONE, |fixture| {
        let name = std::ffi::OsStr::from_bytes(b"\xff\xfe.bin");
        std::fs::write(fixture.work().join(name), "x\n").unwrap();
        fixture.commit("also.txt", "also\n");
    };
    names_that_sort_in_their_own_way, ONE, |fixture| {
        for name in ["a", "a.b", "a-b", "a0", "ab/x", "a_/x", "b./x", "b/x", "b0"] {
            fixture.write(&format!("sort/{name}"), name);
        }
        fixture.commit("sort/z", "z\n");
        fixture.share("feature");
        fixture.git(&["rm", "-q", "sort/a"]);
        fixture.commit("sort/a/inner", "now a directory\n");
    };
    a_directory_that_goes_and_comes_back, FAST, |fixture| {
        fixture.git(&["rm", "-rq", "src"]);
        fixture.git(&["commit", "-q", "-m", "gone"]);
        fixture.git(&["checkout", "-q", "HEAD~1", "--", "src"]);
        fixture.git(&["commit", "-q", "-m", "back"]);
    };
    a_file_that_moves_and_changes, FAST, |fixture| {
        fixture.git(&["mv", "src/lib.rs", "moved.rs"]);
        let old = std::fs::read_to_string(fixture.work().join("moved.rs")).unwrap();
        fixture.commit("moved.rs", old.replace("line 7\n", "line seven\n"));
    };
    a_directory_that_moves_with_one_change, FAST, |fixture| {
        many(fixture, 50);
        fixture.share("feature");
        fixture.git(&["mv", "many", "moved"]);
        fixture.commit("moved/7.txt", "changed\n");
    };
    no_file_at_all, ONE, |fixture| {
        fixture.git(&["rm", "-rq", "."]);
        fixture.git(&["commit", "-q", "-m", "empty"]);
    };
    an_empty_file, ONE, |fixture| { fixture.commit("empty", ""); };
    bytes_of_every_kind, ONE, |fixture| {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        fixture.commit("all.bin", bytes);
        fixture.commit("zero.bin", vec![0; 100_000]);
    };
    lines_that_end_in_two_bytes, ONE, |fixture| {
        fixture.write(".gitattributes", "*.txt text eol=crlf\n");
        fixture.commit("dos.txt", "one\r\ntwo\r\n");
    };
    a_file_that_grows, FAST, |fixture| {
        for n in 1..12 {
            fixture.commit("log.txt", text("log", n * 300));
        }
    };
    a_file_that_shrinks, ONE, |fixture| {
        fixture.commit("log.txt", text("log", 4_000));
        fixture.share("feature");
        for n in [2_000, 500, 3] {
            fixture.commit("log.txt", text("log", n));
        }
    };
    a_file_whose_halves_change_places, ONE, |fixture| {
        let (one, two) = (text("one", 2_000), text("two", 2_000));
        fixture.commit("halves.txt", format!("{one}{two}"));
        fixture.share("feature");
        fixture.commit("halves.txt", format!("{two}{one}"));
    };
    two_versions_in_turn, ONE, |fixture| {
        for n in 0..8 {
            fixture.commit("turn.txt", text(["even", "odd"][n % 2], 100));
        }
    };
    three_versions_in_turn_many_times, ONE, |fixture| {
        for n in 0..60 {
            let version = text(["one", "two", "three"][n % 3], 100);
            fixture.commit("turn.txt", format!("{version}{n}\n"));
        }
    };
    a_new_file_that_shrinks, ONE, |fixture| {
        fixture.commit("new.txt", text("new", 400));
        fixture.commit("new.txt", text("new", 60));
    };
    many_small_files_that_do_not_compress, FAST, |fixture| {
        let noise = noise_text(60_000);
        for (n, piece) in noise.as_bytes().chunks(2_000).enumerate() {
            fixture.write(&format!("noise/{n}"), piece);
        }
        fixture.commit("noise/last", "x\n");
    };
}

/// Makes `vendor/sub` a link to a commit that is nowhere.
fn submodule(fixture: &TwinFixture, digit: char) {
    let absent = digit.to_string().repeat(40);
    let info = format!("160000,{absent},vendor/sub");
    fixture.git(&["update-index", "--add", "--cacheinfo", &info]);
    fixture.git(&["commit", "-q", "-m", "link"]);
}

fn many(fixture: &TwinFixture, files: usize) {
    for n in 0..files {
        fixture.write(&format!("many/{n}.txt"), format!("file {n}\n"));
    }
    fixture.commit("many/last.txt", "last\n");
}
