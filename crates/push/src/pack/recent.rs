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
}

impl Recent {
    /// Returns the content of an object that is kept.
    pub(super) fn find(&self, id: ObjectId) -> Option<&[u8]> {
        let found = self.objects.iter().find(|(kept, _)| *kept == id);
        found.map(|(_, content)| content.as_slice())
    }

    /// Keeps an object, and lets go of older ones.
    pub(super) fn push(&mut self, id: ObjectId, content: Vec<u8>) {
        let mut number = 1;
        let is_large = content.len() > LARGE;
        self.objects.retain(|(_, content)| {
            number += 1;
            let is_base = number <= 2 && !(is_large && content.len() > LARGE);
            is_base || (number <= KEPT && content.len() <= SMALL)
        });
        self.objects.push_front((id, content));
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
}
