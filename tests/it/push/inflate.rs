//! Two inflaters on the same hostile bytes: the quick one that reads packs and loose objects, and the mature one.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix::zlib::{Decompress, FlushDecompress, Inflate, Status};
use sendoff_testing::supervise;

/// Room for what a stream holds, in bytes.
const ROOM: usize = 40_000;

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// What an inflater makes of a stream; nothing where it finds it damaged or cut short.
fn quick(inflate: &mut Inflate, stream: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; room];
    inflate.reset();
    let (status, read, length) = inflate.once(stream, &mut out).ok()?;
    assert!(read <= stream.len() && length <= room);
    out.truncate(length);
    (status == Status::StreamEnd).then_some(out)
}

fn mature(stream: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; room];
    let mut state = Decompress::new();
    let status = state
        .decompress(stream, &mut out, FlushDecompress::Finish)
        .ok()?;
    out.truncate(usize::try_from(state.total_out()).unwrap());
    (status == Status::StreamEnd).then_some(out)
}

/// Guards that nothing is read differently, and that no bytes end the process.
#[test]
fn both_inflaters_make_the_same_of_damaged_streams() {
    supervise!();
    let mut numbers = Numbers(0x5eed);
    let mut inflate = Inflate::default();
    let (mut whole, mut damaged) = (0, 0);
    for round in 0..super::cases(3_000, 300_000) {
        let length = numbers.next(20_000);
        let letters = 1 + numbers.next(255);
        let content: Vec<u8> = (0..length)
            .map(|_| u8::try_from(numbers.next(letters)).unwrap())
            .collect();
        let level = Compression::new(u32::try_from(numbers.next(10)).unwrap());
        let mut encoder = ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(&content).unwrap();
        let mut stream = encoder.finish().unwrap();
        for _ in 0..numbers.next(3) {
            let at = numbers.next(stream.len());
            match numbers.next(3) {
                0 => stream[at] ^= 1 << numbers.next(8),
                1 => stream.truncate(at),
                _ => drop(stream.splice(at..at, [0xff; 3])),
            }
            if stream.is_empty() {
                stream.push(0x78);
            }
        }
        let room = if numbers.next(4) == 0 {
            length / 2
        } else {
            ROOM
        };
        let (one, other) = (quick(&mut inflate, &stream, room), mature(&stream, room));
        assert!(one == other, "round {round}: {stream:02x?}");
        match one {
            Some(_) => whole += 1,
            None => damaged += 1,
        }
    }
    // Both kinds were there.
    assert!(whole > 500 && damaged > 500, "{whole}, {damaged}");
}
