//! The packs we write: their size beside git's, and that git takes them.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::commands::DeltaBase;
use sendoff_push::objects::{ObjectError, Selection};
use sendoff_push::pack::{PackError, PackOptions, Thin};
use sendoff_testing::{noise_text, text};

use crate::workshop::{OPTIONS, Workshop, id as hex};

/// Makes a history of many small changes to a few files.
fn busy(rounds: usize) -> Workshop {
    let shop = Workshop::new();
    let mut lines: Vec<String> = text("busy", 200).lines().map(str::to_owned).collect();
    for round in 0..rounds {
        let place = round * 37 % lines.len();
        lines[place] = format!("round {round} changed line {place}");
        shop.write("src/busy.txt", lines.join("\n"));
        shop.write(
            &format!("docs/{}.md", round % 5),
            text(&format!("doc {round}"), 12),
        );
        shop.commit(&format!("round {round}"));
    }
    shop
}

/// Tries to write the pack of a selection, and returns the object that is found to be corrupt.
fn corrupt(shop: &Workshop, selection: &Selection) -> ObjectId {
    let stop = AtomicBool::new(false);
    match shop.try_pack(selection, OPTIONS, &mut Vec::new(), &stop) {
        Err(PackError::Object(ObjectError::Corrupt(id))) => id,
        other => panic!("{other:?}"),
    }
}

/// Flips a bit of a file, in the byte that `place` says for its length.
fn spoil(file: &Path, place: impl FnOnce(usize) -> usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let place = place(bytes.len());
    bytes[place] ^= 1;
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// Returns the client's only pack.
fn pack_file(shop: &Workshop) -> PathBuf {
    std::fs::read_dir(shop.client().join(".git/objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "pack"))
        .unwrap()
}

#[test]
fn one_changed_line_in_a_large_file_costs_what_it_costs_git() {
    let shop = Workshop::new();
    let large = text("large", 130_000);
    assert!(large.len() > 4_500_000, "{}", large.len());
    shop.write("large.txt", &large);
    shop.commit("large");
    shop.push("main");
    shop.write(
        "large.txt",
        large.replacen("line 60000 of large", "line sixty thousand of large", 1),
    );
    shop.commit("one line");
    let (pack, stats) = shop.pack(&shop.select(None), OPTIONS);
    let git = shop.git_pack();
    let limit = (git.len() + 64).max(git.len() * 11 / 10);
    assert!(
        pack.len() <= limit,
        "{} bytes, git sends {}",
        pack.len(),
        git.len()
    );
    assert_eq!(stats.objects, 3);
    shop.receive(&pack);
}

#[test]
fn a_busy_history_is_no_larger_than_gits_whether_loose_or_packed() {
    for packed in [false, true] {
        let shop = busy(40);
        if packed {
            shop.git(&["gc", "-q"]);
        }
        let (pack, stats) = shop.pack(&shop.select(None), OPTIONS);
        let git = shop.git_pack();
        let limit = (git.len() + 64).max(git.len() * 102 / 100);
        assert!(
            pack.len() <= limit,
            "packed {packed}: {} bytes, git sends {}",
            pack.len(),
            git.len()
        );
        assert!(stats.deltas > 30, "packed {packed}: {stats:?}");
        assert_eq!(stats.reused > 0, packed);
        shop.receive(&pack);
    }
}

#[test]
fn a_renamed_and_changed_file_costs_what_it_costs_git() {
    for packed in [false, true] {
        let shop = Workshop::new();
        std::fs::remove_file(shop.client().join("src/lib.txt")).unwrap();
        let changed = text("src/lib.txt", 60).replacen("line 7 ", "line seven ", 1);
        shop.write("src/library.rs", changed);
        shop.write("new/place/a.md", text("docs/a.md", 11));
        shop.commit("rename and change");
        if packed {
            shop.git(&["gc", "-q"]);
        }
        let (pack, _) = shop.pack(&shop.select(None), OPTIONS);
        let git = shop.git_pack();
        assert!(
            pack.len() <= git.len() + 64,
            "packed {packed}: {} bytes, git sends {}",
            pack.len(),
            git.len()
        );
        shop.receive(&pack);
    }
}

#[test]
fn packs_without_offsets_or_thin_deltas_are_taken_too() {
    for packed in [false, true] {
        for delta_base in [DeltaBase::Id, DeltaBase::Offset] {
            let shop = busy(12);
            if packed {
                shop.git(&["gc", "-q"]);
            }
            let options = PackOptions {
                delta_base,
                thin: Thin::Forbidden,
            };
            let (pack, _) = shop.pack(&shop.select(None), options);
            // Without --fix-thin: nothing outside the pack is leaned on.
            let empty = shop.sandbox.path("empty");
            shop.run(
                &shop.sandbox.path(""),
                &["init", "-q", "--bare", "empty"],
                b"",
            );
            shop.run(&empty, &["index-pack", "--stdin"], &pack);
            shop.receive(&pack);
        }
    }
}

#[test]
fn a_stored_delta_of_something_the_server_lacks_is_not_copied() {
    let shop = Workshop::new();
    let long = text("shared", 400);
    shop.git(&["checkout", "-q", "-b", "unpushed"]);
    shop.write("big.txt", format!("{long}and much more at the end\n"));
    shop.commit("not pushed");
    shop.git(&["checkout", "-q", "-b", "pushed", "main"]);
    shop.write("other.txt", &long);
    shop.commit("pushed");
    shop.git(&[
        "repack",
        "-a",
        "-d",
        "-f",
        "-q",
        "--depth=50",
        "--window=50",
    ]);
    let verify = shop.git(&["rev-parse", "HEAD:other.txt"]);
    let (pack, _) = shop.pack(&shop.select(None), OPTIONS);
    shop.receive(&pack);
    shop.run(&shop.server(), &["cat-file", "-e", &verify], b"");
}

#[test]
fn a_large_loose_file_is_streamed_and_checked() {
    let shop = Workshop::new();
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0] & 0x3f
    });
    let large: Vec<u8> = noise.take((32 << 20) + 100_001).collect();
    shop.git(&["config", "core.bigFileThreshold", "1g"]);
    shop.write("large.bin", &large);
    shop.commit("large");
    shop.write("large.bin", &large[1..]);
    shop.commit("again");
    let blob = shop.git(&["rev-parse", "HEAD:large.bin"]);
    let selection = shop.select(None);
    let (pack, stats) = shop.pack(&selection, OPTIONS);
    assert_eq!((stats.objects, stats.reused), (6, 0));
    shop.receive(&pack);

    let file = shop.loose_file(&blob);
    spoil(&file, |length| length / 2);
    assert_eq!(corrupt(&shop, &selection), hex(&blob));
}

#[test]
fn a_large_packed_file_is_copied_and_its_checksum_compared() {
    let shop = Workshop::new();
    shop.write("large.bin", noise_text(200_000));
    shop.commit("large");
    shop.git(&["gc", "-q"]);
    let selection = shop.select(None);
    let (pack, stats) = shop.pack(&selection, OPTIONS);
    assert!(pack.len() > 500_000 && stats.reused > 0, "{stats:?}");
    shop.receive(&pack);

    spoil(&pack_file(&shop), |length| length / 2);
    let blob = shop.git(&["rev-parse", "HEAD:large.bin"]);
    assert_eq!(corrupt(&shop, &selection), hex(&blob));
}

#[test]
fn a_missing_file_is_named_before_a_byte_is_written() {
    let shop = Workshop::new();
    shop.write("README", "gone soon\n");
    shop.commit("change");
    let blob = shop.git(&["rev-parse", "HEAD:README"]);
    std::fs::remove_file(shop.loose_file(&blob)).unwrap();
    let selection = shop.select(None);
    let mut out = Vec::new();
    let stop = AtomicBool::new(false);
    let error = shop.try_pack(&selection, OPTIONS, &mut out, &stop);
    assert!(
        matches!(error, Err(PackError::Object(ObjectError::Missing(id))) if id == hex(&blob)),
        "{error:?}"
    );
    assert!(out.is_empty());
}

#[test]
fn a_loose_object_that_is_not_what_its_id_says_is_corrupt() {
    let shop = Workshop::new();
    shop.write("README", "real\n");
    shop.commit("change");
    shop.write("forged", "forged\n");
    let real = shop.git(&["rev-parse", "HEAD:README"]);
    let forged = shop.git(&["hash-object", "-w", "forged"]);
    std::fs::remove_file(shop.loose_file(&real)).unwrap();
    std::fs::copy(shop.loose_file(&forged), shop.loose_file(&real)).unwrap();
    let selection = shop.select(None);
    assert_eq!(corrupt(&shop, &selection), hex(&real));
}

#[test]
fn a_flipped_byte_in_a_pack_is_corrupt() {
    let shop = busy(6);
    shop.git(&["gc", "-q"]);
    let selection = shop.select(None);
    // In the first entry, the newest commit, after its header.
    spoil(&pack_file(&shop), |_| 12 + 20);
    corrupt(&shop, &selection);
}

#[test]
fn a_raised_flag_stops_the_pack() {
    let shop = busy(2);
    let selection = shop.select(None);
    let stop = AtomicBool::new(true);
    let error = shop.try_pack(&selection, OPTIONS, &mut Vec::new(), &stop);
    assert!(matches!(error, Err(PackError::Interrupted)));
}
