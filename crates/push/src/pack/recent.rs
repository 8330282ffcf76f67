//! The objects that were read last: the bases of the next deltas.

use std::collections::VecDeque;

use gix::ObjectId;

/// So many objects are kept.
const KEPT: usize = 12;
/// Of those larger than this only the newest two are kept, in bytes.
const SMALL: usize = 64 << 10;
/// Of those larger than this only the newest, in bytes.
const LARGE: usize = 8 << 20;

/// A few objects with their content, the newest first.
#[derive(Debug, Default)]
pub(super) struct Recent {
    objects: VecDeque<(ObjectId, Vec<u8>)>,
    /// The buffer of the last large object that was let go of.
    spare: Vec<u8>,
}

impl Recent {
    /// Returns a buffer to read an object into, a large one where that is to be had.
    ///
    /// To free it would raise glibc's threshold for mappings of their own: what is allocated from then on lies in heaps,
    /// whose holes of tens of megabytes stay resident.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.spare)
    }

    /// Returns the content of an object that is kept.
    pub(super) fn find(&self, id: ObjectId) -> Option<&[u8]> {
        let found = self.objects.iter().find(|(kept, _)| *kept == id);
        found.map(|(_, content)| content.as_slice())
    }

    /// Lets go of what would go anyway when an object of `size` bytes is kept, so that both need not be held at once.
    pub(super) fn make_room(&mut self, size: u64) {
        if size > LARGE as u64 {
            self.retain(|_, content| content.len() <= LARGE);
        }
    }

    /// Keeps an object, and lets go of older ones.
    pub(super) fn push(&mut self, id: ObjectId, mut content: Vec<u8>) {
        if content.capacity() > content.len() + LARGE {
            content.shrink_to_fit();
        }
        let is_large = content.len() > LARGE;
        self.retain(|number, content| {
            let is_base = number == 0 && !(is_large && content.len() > LARGE);
            is_base || (number + 1 < KEPT && content.len() <= SMALL)
        });
        self.objects.push_front((id, content));
    }

    /// Lets go of all but some, which are chosen by number and content.
    fn retain(&mut self, is_kept: impl Fn(usize, &[u8]) -> bool) {
        let mut numbers = 0..;
        let spare = &mut self.spare;
        self.objects.retain_mut(|(_, content)| {
            let is_kept = is_kept(numbers.next().unwrap_or_default(), content);
            if !is_kept && content.len() > LARGE {
                *spare = std::mem::take(content);
            }
            is_kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_objects_are_let_go_before_small_ones() {
        let id = |digit: u8| ObjectId::from_hex(&[digit; 40]).unwrap();
        let mut recent = Recent::default();
        for digit in b"12345678" {
            let size = if *digit % 2 == 0 { SMALL + 1 } else { 10 };
            recent.push(id(*digit), vec![*digit; size]);
        }
        let kept: Vec<u8> = b"12345678"
            .iter()
            .copied()
            .filter(|d| recent.find(id(*d)).is_some())
            .collect();
        assert_eq!(kept, b"13578");
        assert_eq!(recent.find(id(b'1')), Some(&[b'1'; 10][..]));
    }

    #[test]
    fn the_buffer_of_a_large_object_is_used_again_and_kept_for_no_small_one() {
        let id = |digit: u8| ObjectId::from_hex(&[digit; 40]).unwrap();
        let mut recent = Recent::default();
        recent.push(id(b'1'), vec![1; LARGE * 2]);
        assert_eq!(recent.buffer().capacity(), 0);
        recent.push(id(b'2'), vec![2; LARGE + 1]);
        let mut buffer = recent.buffer();
        assert_eq!(buffer.capacity(), LARGE * 2);
        assert_eq!(recent.buffer().capacity(), 0);
        buffer.truncate(1);
        recent.push(id(b'3'), buffer);
        let (_, small) = &recent.objects[0];
        assert!(small.capacity() < LARGE);
    }
}
