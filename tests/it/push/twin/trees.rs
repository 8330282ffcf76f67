//! Trees and files: what the commits hold.

use std::os::unix::ffi::OsStrExt as _;

use super::super::rig::noise;
use super::{ALL, FAST, ONE, Shop, scenarios};
use sendoff_testing::text;

scenarios! {
    renames_and_modes, FAST, |shop| {
        shop.git(&["mv", "src", "lib"]);
        shop.git(&["mv", "docs/guide.md", "GUIDE.md"]);
        shop.git(&["update-index", "--chmod=+x", "feature.txt"]);
        std::os::unix::fs::symlink("README", shop.work().join("link")).unwrap();
        shop.git(&["add", "link"]);
        shop.git(&["commit", "-q", "-m", "move"]);
    };
    an_executable_bit_alone, ONE, |shop| {
        shop.git(&["update-index", "--chmod=+x", "README"]);
        shop.git(&["commit", "-q", "-m", "mode"]);
    };
    a_file_that_becomes_a_directory_and_the_other_way, FAST, |shop| {
        shop.git(&["rm", "-rq", "docs", "feature.txt"]);
        shop.commit("feature.txt/inner", "inside\n");
        shop.commit("docs", "flat\n");
    };
    a_file_that_becomes_a_symbolic_link, ONE, |shop| {
        std::fs::remove_file(shop.work().join("README")).unwrap();
        std::os::unix::fs::symlink("docs/guide.md", shop.work().join("README")).unwrap();
        shop.commit("also.txt", "also\n");
    };
    a_directory_that_becomes_a_symbolic_link, ONE, |shop| {
        shop.git(&["mv", "docs", "manual"]);
        std::os::unix::fs::symlink("manual", shop.work().join("docs")).unwrap();
        shop.commit("also.txt", "also\n");
    };
    a_submodule_link_without_its_commit, FAST, |shop| { submodule(shop, '1'); };
    a_submodule_link_that_moves_and_goes, FAST, |shop| {
        submodule(shop, '1');
        shop.share("feature");
        submodule(shop, '2');
        shop.git(&["rm", "-q", "--cached", "vendor/sub"]);
        shop.git(&["commit", "-q", "-m", "gone"]);
    };
    a_file_that_becomes_a_submodule, ONE, |shop| {
        shop.commit("vendor/sub", "a file first\n");
        shop.share("feature");
        shop.git(&["rm", "-q", "vendor/sub"]);
        submodule(shop, '3');
    };
    three_hundred_levels, FAST, |shop| {
        let deep = "d/".repeat(300);
        shop.commit(&format!("{deep}leaf.txt"), "deep\n");
        shop.share("feature");
        shop.commit(&format!("{deep}leaf.txt"), "deeper\n");
    };
    two_thousand_files_of_which_one_changes, FAST, |shop| {
        many(shop, 2_000);
        shop.share("feature");
        shop.commit("many/777.txt", "changed\n");
    };
    two_thousand_new_files, FAST, |shop| { many(shop, 2_000); };
    one_content_at_many_places, ONE, |shop| {
        for n in 0..40 {
            shop.write(&format!("copies/{n}/same.txt"), "the same\n");
        }
        shop.commit("copies/last.txt", "the same\n");
    };
    a_new_place_for_a_content_that_the_server_has, FAST, |shop| {
        shop.commit("copy/of/README", "hello\n");
    };
    a_new_place_for_a_directory_that_the_server_has, FAST, |shop| {
        let tree = shop.git(&["rev-parse", "HEAD:src"]);
        shop.git(&["read-tree", "--prefix=vendored/src/", "-u", &tree]);
        shop.commit("note.txt", "copied\n");
    };
    names_that_need_quotes, ONE, |shop| {
        for name in ["a b", "tab\tin", "new\nline", "\"quoted\"", "back\\slash", "ünïcode", "-dash", "#hash", "trailing "] {
            shop.write(&format!("names/{name}"), name);
        }
        shop.commit("names/last", "x\n");
    };
    names_that_are_no_text, ONE, |shop| {
        let name = std::ffi::OsStr::from_bytes(b"\xff\xfe.bin");
        std::fs::write(shop.work().join(name), "x\n").unwrap();
        shop.commit("also.txt", "also\n");
    };
    names_that_sort_in_their_own_way, ONE, |shop| {
        for name in ["a", "a.b", "a-b", "a0", "ab/x", "a_/x", "b./x", "b/x", "b0"] {
            shop.write(&format!("sort/{name}"), name);
        }
        shop.commit("sort/z", "z\n");
        shop.share("feature");
        shop.git(&["rm", "-q", "sort/a"]);
        shop.commit("sort/a/inner", "now a directory\n");
    };
    a_directory_that_goes_and_comes_back, FAST, |shop| {
        shop.git(&["rm", "-rq", "src"]);
        shop.git(&["commit", "-q", "-m", "gone"]);
        shop.git(&["checkout", "-q", "HEAD~1", "--", "src"]);
        shop.git(&["commit", "-q", "-m", "back"]);
    };
    a_file_that_moves_and_changes, FAST, |shop| {
        shop.git(&["mv", "src/lib.rs", "moved.rs"]);
        let old = std::fs::read_to_string(shop.work().join("moved.rs")).unwrap();
        shop.commit("moved.rs", old.replace("line 7\n", "line seven\n"));
    };
    a_directory_that_moves_with_one_change, FAST, |shop| {
        many(shop, 50);
        shop.share("feature");
        shop.git(&["mv", "many", "moved"]);
        shop.commit("moved/7.txt", "changed\n");
    };
    no_file_at_all, ONE, |shop| {
        shop.git(&["rm", "-rq", "."]);
        shop.git(&["commit", "-q", "-m", "empty"]);
    };
    an_empty_file, ONE, |shop| { shop.commit("empty", ""); };
    bytes_of_every_kind, ONE, |shop| {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        shop.commit("all.bin", bytes);
        shop.commit("zero.bin", vec![0; 100_000]);
    };
    lines_that_end_in_two_bytes, ONE, |shop| {
        shop.write(".gitattributes", "*.txt text eol=crlf\n");
        shop.commit("dos.txt", "one\r\ntwo\r\n");
    };
    a_file_that_grows, FAST, |shop| {
        for n in 1..12 {
            shop.commit("log.txt", text("log", n * 300));
        }
    };
    a_file_that_shrinks, ONE, |shop| {
        shop.commit("log.txt", text("log", 4_000));
        shop.share("feature");
        for n in [2_000, 500, 3] {
            shop.commit("log.txt", text("log", n));
        }
    };
    a_file_whose_halves_change_places, ONE, |shop| {
        let (one, two) = (text("one", 2_000), text("two", 2_000));
        shop.commit("halves.txt", format!("{one}{two}"));
        shop.share("feature");
        shop.commit("halves.txt", format!("{two}{one}"));
    };
    two_versions_in_turn, ONE, |shop| {
        for n in 0..8 {
            shop.commit("turn.txt", text(["even", "odd"][n % 2], 100));
        }
    };
    three_versions_in_turn_many_times, ONE, |shop| {
        for n in 0..60 {
            let version = text(["one", "two", "three"][n % 3], 100);
            shop.commit("turn.txt", format!("{version}{n}\n"));
        }
    };
    a_new_file_that_shrinks, ONE, |shop| {
        shop.commit("new.txt", text("new", 400));
        shop.commit("new.txt", text("new", 60));
    };
    one_changed_line_of_a_large_file, ALL, |shop| {
        let mut lines: Vec<String> = (0..150_000)
            .map(|n| format!("row {n} of a long table\n"))
            .collect();
        shop.commit("table.txt", lines.concat());
        shop.share("feature");
        lines[75_000] = "changed\n".into();
        shop.commit("table.txt", lines.concat());
    };
    a_push_larger_than_what_is_collected, ALL, |shop| {
        shop.commit("noise.txt", noise(400_000));
    };
    many_small_files_that_do_not_compress, FAST, |shop| {
        let noise = noise(60_000);
        for (n, piece) in noise.as_bytes().chunks(2_000).enumerate() {
            shop.write(&format!("noise/{n}"), piece);
        }
        shop.commit("noise/last", "x\n");
    };
}

/// Makes `vendor/sub` a link to a commit that is nowhere.
fn submodule(shop: &Shop, digit: char) {
    let absent = digit.to_string().repeat(40);
    let info = format!("160000,{absent},vendor/sub");
    shop.git(&["update-index", "--add", "--cacheinfo", &info]);
    shop.git(&["commit", "-q", "-m", "link"]);
}

fn many(shop: &Shop, files: usize) {
    for n in 0..files {
        shop.write(&format!("many/{n}.txt"), format!("file {n}\n"));
    }
    shop.commit("many/last.txt", "last\n");
}
