//! The size of a pack beside git's: at most 2 % or 64 bytes more, in what people push most.

use std::fmt::Write as _;

use sendoff_testing::{noise_text, text};

use crate::workshop::{OPTIONS, Workshop, id, objects_in};

/// Packs what the server lacks, by us and by git, and compares.
#[expect(
    clippy::print_stdout,
    reason = "the figures are shown with `--nocapture`"
)]
fn compare(shop: &Workshop, what: &str) {
    let git = shop.git_pack();
    let (pack, stats) = shop.pack(&shop.select(None), OPTIONS);
    let (ours, gits) = (pack.len(), git.len());
    println!("| {what} | {} | {gits} | {ours} |", stats.objects);
    assert!(stats.objects <= objects_in(&git).into(), "{what}");
    let most = (gits + 64).max(gits + gits / 50);
    assert!(ours <= most, "{what}: {ours} bytes, git sends {gits}");
    shop.receive(&pack);
    // What is compared next is pushed to a server that has it not.
    let forget = ["update-ref", "-d", "refs/heads/received"];
    shop.run(&shop.server(), &forget, b"");
}

/// Makes loose objects of everything that is packed.
fn loosen(shop: &Workshop) {
    let packs = shop.client().join(".git/objects/pack");
    let away = shop.sandbox.path("away");
    std::fs::rename(&packs, &away).unwrap();
    for entry in std::fs::read_dir(&away).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "pack")
        {
            let pack = std::fs::read(path).unwrap();
            shop.run(&shop.client(), &["unpack-objects", "-q"], &pack);
        }
    }
    std::fs::remove_dir_all(away).unwrap();
}

/// Commits changes of some lines to a few of many files, as people do: now and then one grows, shrinks or moves.
fn work(shop: &Workshop, commits: usize) {
    let start = shop.git(&["rev-parse", "HEAD"]);
    let mut files: Vec<Vec<String>> = (0..60)
        .map(|file| lines(&format!("file {file}"), 40 + file * 3))
        .collect();
    let mut stream = String::new();
    for number in 0..commits {
        let time = 1_770_000_000 + 60 * number;
        let message = format!("change {number} for a reason of its own");
        let length = message.len();
        write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@example.invalid> {time} +0000\ndata {length}\n{message}\n"
        )
        .unwrap();
        if number == 0 {
            writeln!(stream, "from {start}").unwrap();
        }
        for turn in 0..=number % 3 {
            let file = (number * 7 + turn * 13) % files.len();
            let content = &mut files[file];
            let place = number * 31 % content.len();
            content[place] = format!("commit {number} wrote line {place}\n");
            match number % 11 {
                3 => content.extend(lines(&format!("more {number}"), 5 + number % 40)),
                7 if content.len() > 60 => drop(content.drain(10..40)),
                _ => {}
            }
            let text = content.concat();
            let (length, directory) = (text.len(), (file + number / 400) % 9);
            write!(
                stream,
                "M 100644 inline src/part{directory}/file{file}.txt\ndata {length}\n{text}\n"
            )
            .unwrap();
        }
    }
    let client = shop.client();
    shop.run(
        &client,
        &["fast-import", "--quiet", "--force"],
        stream.as_bytes(),
    );
    shop.git(&["reset", "-q", "--hard", "main"]);
}

fn lines(seed: &str, count: usize) -> Vec<String> {
    let text = text(seed, count);
    text.lines().map(|line| format!("{line}\n")).collect()
}

#[test]
fn one_small_commit_and_one_line_of_five_megabytes() {
    let shop = Workshop::new();
    shop.write("README", text("README", 6));
    shop.commit("one small commit");
    compare(&shop, "one small commit");

    let large = text("large", 130_000);
    shop.write("large.txt", &large);
    shop.commit("large");
    shop.push("HEAD:main");
    let changed = large.replacen("line 60000 of large", "line sixty thousand", 1);
    shop.write("large.txt", changed);
    shop.commit("one line");
    compare(&shop, "one line of 5 MB, loose");
    shop.git(&["gc", "-q"]);
    compare(&shop, "one line of 5 MB, packed");
}

#[test]
fn a_new_branch_made_by_amending_a_pushed_commit_with_a_large_file() {
    let shop = Workshop::new();
    shop.write("large.txt", noise_text(70_000));
    let old = shop.commit("large");
    shop.push("main");
    shop.git(&["checkout", "-q", "-b", "again"]);
    shop.git(&["commit", "-q", "--amend", "-m", "large, said better"]);
    compare(&shop, "new branch with an amended commit of 300 kB");
    // The same branch, moved: git sends the file once more.
    let (pack, _) = shop.pack(&shop.select(Some(id(&old))), OPTIONS);
    assert!(pack.len() < 400, "{} bytes", pack.len());
}

#[test]
fn five_hundred_commits_however_they_are_stored() {
    let shop = Workshop::new();
    work(&shop, 500);
    compare(&shop, "500 commits as imported");
    shop.git(&["gc", "-q"]);
    compare(&shop, "500 commits, packed");
    loosen(&shop);
    compare(&shop, "500 commits, loose");
}

#[test]
fn a_whole_history_however_it_is_stored() {
    let shop = Workshop::new();
    shop.run(
        &shop.server(),
        &["update-ref", "-d", "refs/heads/main"],
        b"",
    );
    let commits = usize::try_from(sendoff_testing::cases(300, 3_500)).unwrap();
    work(&shop, commits);
    compare(&shop, "whole history as imported");
    shop.git(&["gc", "-q"]);
    compare(&shop, "whole history, packed");
    loosen(&shop);
    compare(&shop, "whole history, loose");
}
