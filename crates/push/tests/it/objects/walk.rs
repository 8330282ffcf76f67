//! The walk itself: what is missing is named, a flag stops it, and descent is proven.

use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::objects::{ObjectError, SelectError, Selection, Wanted, is_fast_forward, select};
use sendoff_push::progress::NoProgress;

use crate::workshop::{Workshop, id};

/// Lists what a server that has `has` lacks of `new`.
fn list(
    shop: &Workshop,
    new: ObjectId,
    has: &[ObjectId],
    stop: &AtomicBool,
) -> Result<Selection, SelectError> {
    let wanted = Wanted {
        new,
        has,
        old_tip: None,
    };
    select(&shop.repository(), wanted, &NoProgress, stop)
}

#[test]
fn tags_and_ids_that_are_not_here_are_no_obstacle() {
    let shop = Workshop::new();
    shop.git(&["tag", "-a", "-m", "tag", "v1"]);
    shop.git(&["tag", "-a", "-m", "tag of a tag", "v2", "v1"]);
    shop.push("v2");
    shop.run(
        &shop.server(),
        &["update-ref", "-d", "refs/heads/main"],
        b"",
    );
    shop.write("README", "more\n");
    shop.commit("more");
    let mut has = shop.remote_has();
    has.push(id("1234567890123456789012345678901234567890"));
    let want = id(&shop.git(&["rev-parse", "HEAD"]));
    let stop = AtomicBool::new(false);
    let selection = list(&shop, want, &has, &stop).unwrap();
    assert_eq!(selection.objects.len(), 3);
    assert_eq!(selection.commits().collect::<Vec<_>>(), [want]);
}

#[test]
fn a_missing_tree_is_named() {
    let shop = Workshop::new();
    shop.write("docs/a.md", "changed\n");
    shop.commit("change");
    let tree = shop.git(&["rev-parse", "HEAD:docs"]);
    std::fs::remove_file(shop.loose_file(&tree)).unwrap();
    let want = id(&shop.git(&["rev-parse", "HEAD"]));
    let stop = AtomicBool::new(false);
    let error = list(&shop, want, &shop.remote_has(), &stop);
    assert!(
        matches!(error, Err(SelectError::Object(ObjectError::Missing(missing))) if missing == id(&tree))
    );
}

#[test]
fn a_raised_flag_stops_the_walk() {
    let shop = Workshop::new();
    shop.commit("more");
    let want = id(&shop.git(&["rev-parse", "HEAD"]));
    let stop = AtomicBool::new(true);
    let stopped = list(&shop, want, &[], &stop);
    assert!(matches!(stopped, Err(SelectError::Interrupted)));
}

#[test]
fn only_descendants_are_fast_forwards_whatever_the_clocks_say() {
    let shop = Workshop::new();
    let base = shop.git(&["rev-parse", "HEAD"]);
    shop.set_clock(1_000_000_000);
    let early = shop.commit("long ago");
    shop.set_clock(2_000_000_000);
    let late = shop.commit("in the future");
    shop.set_clock(1_500_000_000);
    let tip = shop.commit("now");
    shop.git(&["checkout", "-q", "-b", "side", &early]);
    let side = shop.commit("side");
    shop.git(&["checkout", "-q", "--orphan", "alone"]);
    let alone = shop.commit("alone");
    let repo = shop.repository();
    let stop = AtomicBool::new(false);
    let forward = |old: &str, new: &str| is_fast_forward(&repo, id(old), id(new), &stop).unwrap();
    for (old, new) in [
        (&base, &tip),
        (&early, &tip),
        (&late, &tip),
        (&tip, &tip),
        (&base, &side),
    ] {
        assert!(forward(old, new), "{old} is an ancestor of {new}");
    }
    for (old, new) in [
        (&tip, &base),
        (&side, &tip),
        (&tip, &side),
        (&alone, &tip),
        (&tip, &alone),
    ] {
        assert!(!forward(old, new), "{old} is no ancestor of {new}");
    }
    assert!(!forward("1234567890123456789012345678901234567890", &tip));
}
