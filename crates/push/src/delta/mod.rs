//! One object as a delta of another: git's copy and insert instructions, made and undone.
//!
//! Git's `gitformat-pack`, "Deltified representation".

mod apply;
mod encode;
mod index;

pub use apply::{DeltaError, apply};
pub use encode::encode;

/// The most that one copy instruction covers, in bytes. It is written as size zero.
const MAX_COPY: usize = 0x1_0000;
/// The most that one insert instruction carries, in bytes.
const MAX_INSERT: usize = 0x7f;
/// The bytes of the base that are found again as one.
const BLOCK: usize = 16;
/// The most places of the base that are compared for one of the target: input full of equal blocks stays quick.
const MAX_CANDIDATES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A text of numbered lines, all different.
    fn text(lines: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for line in 0..lines {
            out.extend_from_slice(
                format!("line {line} says {}\n", line * 7919 % 10_007).as_bytes(),
            );
        }
        out
    }

    fn round_trip(base: &[u8], target: &[u8]) -> usize {
        let delta = encode(base, target, usize::MAX).expect("no limit was given");
        assert_eq!(apply(base, &delta, target.len()).unwrap(), target);
        delta.len()
    }

    #[test]
    fn equal_objects_are_copies_alone() {
        let base = text(10_000);
        assert!(round_trip(&base, &base) < 40);
        assert_eq!(round_trip(b"", b""), 2);
        round_trip(b"", b"abc");
        round_trip(b"abc", b"");
    }

    #[test]
    fn one_changed_line_in_five_megabytes_takes_few_bytes() {
        let base = text(230_000);
        assert!(base.len() > 4 << 20, "{}", base.len());
        let mut target = base.clone();
        let middle = base.len() / 2;
        target.splice(middle..middle + 20, *b"something else entirely");
        assert!(round_trip(&base, &target) < 1_000);
    }

    #[test]
    fn moved_blocks_are_found() {
        let base = text(4_000);
        let (front, back) = base.split_at(base.len() / 3);
        let moved = [back, front].concat();
        assert!(round_trip(&base, &moved) < 100);
        let doubled = [&base[..], &base[..]].concat();
        assert!(round_trip(&base, &doubled) < 100);
    }

    #[test]
    fn a_short_piece_that_came_from_elsewhere_is_found() {
        let base = text(4_000);
        for length in [48, 64, 127, 128, 129, 200] {
            let piece = base[70_000..70_000 + length].to_vec();
            let mut target = base.clone();
            target.splice(9_003..9_103, piece);
            let size = round_trip(&base, &target);
            assert!(size < 40, "{length}: {size}");
        }
    }

    #[test]
    fn a_copy_of_exactly_the_limit_has_no_size_bytes() {
        let base: Vec<u8> = (0_u8..251).cycle().take(MAX_COPY).collect();
        let delta = encode(&base, &base, usize::MAX).unwrap();
        assert_eq!(delta, [0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80]);
    }

    #[test]
    fn a_delta_over_the_limit_is_refused() {
        let base = text(100);
        let other: Vec<u8> = (0..3_000_u32)
            .flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        assert_eq!(encode(&base, &other, other.len() / 2), None);
    }

    #[test]
    fn input_full_of_equal_blocks_is_quick() {
        let zeros = vec![0_u8; 1 << 20];
        let mut nearly = zeros.clone();
        for at in (0..nearly.len()).step_by(1000) {
            nearly[at] = 1;
        }
        round_trip(&zeros, &nearly);
        round_trip(&nearly, &zeros);
    }

    #[test]
    fn hostile_deltas_are_errors() {
        let base = b"0123456789";
        for (delta, error) in [
            (&[][..], DeltaError::Truncated),
            (&[10], DeltaError::Truncated),
            (&[9, 1, 1, b'x'], DeltaError::BaseSize),
            (&[10, 5, 0], DeltaError::Reserved),
            (&[10, 5, 0x91, 8, 5], DeltaError::OutOfBase),
            (
                &[10, 5, 0x9f, 0xff, 0xff, 0xff, 0xff, 5],
                DeltaError::OutOfBase,
            ),
            (&[10, 5, 3, b'a'], DeltaError::Truncated),
            (&[10, 1, 2, b'a', b'b'], DeltaError::TargetSize),
            (&[10, 3, 2, b'a', b'b'], DeltaError::TargetSize),
            (
                &[
                    10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
                ],
                DeltaError::TooLarge,
            ),
            (&[10, 0xff, 0xff, 0x7f], DeltaError::TooLarge),
        ] {
            assert_eq!(apply(base, delta, 1000), Err(error), "{delta:?}");
        }
    }

    #[derive(Debug, Clone)]
    enum Edit {
        Insert(usize, Vec<u8>),
        Delete(usize, usize),
        Move(usize, usize, usize),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            (any::<usize>(), prop::collection::vec(any::<u8>(), 0..60))
                .prop_map(|(at, new)| Edit::Insert(at, new)),
            (any::<usize>(), 0_usize..200).prop_map(|(at, len)| Edit::Delete(at, len)),
            (any::<usize>(), 0_usize..400, any::<usize>())
                .prop_map(|(at, len, to)| Edit::Move(at, len, to)),
        ]
    }

    fn edited(base: &[u8], edits: &[Edit]) -> Vec<u8> {
        let mut out = base.to_vec();
        for edit in edits {
            let place = |at: usize, len: usize| at % (len + 1);
            match edit {
                Edit::Insert(at, new) => {
                    let at = place(*at, out.len());
                    out.splice(at..at, new.iter().copied());
                }
                Edit::Delete(at, len) => {
                    let at = place(*at, out.len());
                    let end = (at + len).min(out.len());
                    out.drain(at..end);
                }
                Edit::Move(at, len, to) => {
                    let at = place(*at, out.len());
                    let end = (at + len).min(out.len());
                    let piece: Vec<u8> = out.drain(at..end).collect();
                    let to = place(*to, out.len());
                    out.splice(to..to, piece);
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn an_edited_object_comes_back(
            base in prop::collection::vec(0_u8..4, 0..3000),
            edits in prop::collection::vec(edit(), 0..12),
        ) {
            round_trip(&base, &edited(&base, &edits));
        }

        #[test]
        fn unrelated_objects_come_back(
            base in prop::collection::vec(any::<u8>(), 0..500),
            target in prop::collection::vec(any::<u8>(), 0..500),
        ) {
            round_trip(&base, &target);
        }

        #[test]
        fn no_delta_makes_apply_panic(
            base in prop::collection::vec(any::<u8>(), 0..50),
            delta in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            drop(apply(&base, &delta, 1 << 16));
        }
    }
}
