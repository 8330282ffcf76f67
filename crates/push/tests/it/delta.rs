//! Deltas that git itself undoes.

use gix::odb::pack::data;
use gix::odb::pack::data::entry::Header;
use sendoff_push::delta::encode;
use sendoff_testing::text;

use crate::workshop::{Workshop, id};

#[test]
fn git_makes_the_same_object_of_our_delta() {
    let shop = Workshop::new();
    let base = text("base", 6000);
    let (front, back) = base.split_at(base.len() / 2);
    let target = format!("{back}something new\n{front}{}", &back[..70_000]);
    shop.sandbox.write("base", &base);
    shop.sandbox.write("target", &target);
    let base_id = id(&shop.git(&["hash-object", "-w", "../base"]));
    let target_id = shop.git(&["hash-object", "../target"]);
    let delta = encode(base.as_bytes(), target.as_bytes(), target.len() / 2).unwrap();

    let mut pack = data::header::encode(data::Version::V2, 1).to_vec();
    Header::RefDelta { base_id }
        .write_to(delta.len() as u64, &mut pack)
        .unwrap();
    let mut deflate =
        gix::zlib::stream::deflate::Write::new(pack, gix::zlib::Compression::default());
    std::io::Write::write_all(&mut deflate, &delta).unwrap();
    std::io::Write::flush(&mut deflate).unwrap();
    let mut pack = deflate.into_inner();
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&pack);
    pack.extend_from_slice(hasher.try_finalize().unwrap().as_slice());

    shop.run(
        &shop.client(),
        &["index-pack", "--fix-thin", "--stdin"],
        &pack,
    );
    let output = shop.run(&shop.client(), &["cat-file", "blob", &target_id], b"");
    assert!(output.stdout == target.as_bytes());
}
