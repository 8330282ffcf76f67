//! The objects that were read last: the bases of the next deltas.

use std::collections::VecDeque;

use gix::ObjectId;

/// So many objects are kept.
const MAX_OBJECTS: usize = 12;
/// Of those larger than this only the newest two are kept, in bytes.
const SMALL_OBJECT: usize = 64 << 10;
/// Of those larger than this only the newest, in bytes.
const LARGE_OBJECT: usize = 8 << 20;

/// A few objects with their content, the newest first.
#[derive(Debug, Default)]
pub(super) struct Window {
    objects: VecDeque<(ObjectId, Vec<u8>)>,
    /// The buffer of the last large object that was let go of.
    spare: Vec<u8>,
}

impl Window {
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
        if size > LARGE_OBJECT as u64 {
            self.retain(|_, content| content.len() <= LARGE_OBJECT);
        }
    }

    /// Keeps an object, and lets go of older ones.
    pub(super) fn push(&mut self, id: ObjectId, mut content: Vec<u8>) {
        if content.capacity() > content.len() + LARGE_OBJECT {
            content.shrink_to_fit();
        }
        let is_large = content.len() > LARGE_OBJECT;
        self.retain(|number, content| {
            let is_base = number == 0 && !(is_large && content.len() > LARGE_OBJECT);
            is_base || (number + 1 < MAX_OBJECTS && content.len() <= SMALL_OBJECT)
        });
        self.objects.push_front((id, content));
    }

    /// Lets go of all but some, which are chosen by number and content.
    fn retain(&mut self, is_kept: impl Fn(usize, &[u8]) -> bool) {
        let mut numbers = 0..;
        let spare = &mut self.spare;
        self.objects.retain_mut(|(_, content)| {
            let is_kept = is_kept(numbers.next().unwrap_or_default(), content);
            if !is_kept && content.len() > LARGE_OBJECT {
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
        let mut window = Window::default();
        for digit in b"12345678" {
            let size = if *digit % 2 == 0 {
                SMALL_OBJECT + 1
            } else {
                10
            };
            window.push(id(*digit), vec![*digit; size]);
        }
        let kept: Vec<u8> = b"12345678"
            .iter()
            .copied()
            .filter(|d| window.find(id(*d)).is_some())
            .collect();
        assert_eq!(kept, b"13578");
        assert_eq!(window.find(id(b'1')), Some(&[b'1'; 10][..]));
    }

    #[test]
    fn the_buffer_of_a_large_object_is_used_again_and_kept_for_no_small_one() {
        let id = |digit: u8| ObjectId::from_hex(&[digit; 40]).unwrap();
        let mut window = Window::default();
        window.push(id(b'1'), vec![1; LARGE_OBJECT * 2]);
        assert_eq!(window.buffer().capacity(), 0);
        window.push(id(b'2'), vec![2; LARGE_OBJECT + 1]);
        let mut buffer = window.buffer();
        assert_eq!(buffer.capacity(), LARGE_OBJECT * 2);
        assert_eq!(window.buffer().capacity(), 0);
        buffer.truncate(1);
        window.push(id(b'3'), buffer);
        let (_, small) = &window.objects[0];
        assert!(small.capacity() < LARGE_OBJECT);
    }
}
