//! Undoes a delta. Deltas are hostile: every length is checked before it is believed.

use super::MAX_COPY;

/// Why a delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It ends within an instruction.
    #[error("the delta is cut short")]
    Truncated,
    /// It was made for another base.
    #[error("the delta is for a base of another size")]
    BaseSize,
    /// It does not make what it promises.
    #[error("the delta makes an object of another size than it says")]
    TargetSize,
    /// It copies from outside the base.
    #[error("the delta copies from outside its base")]
    OutOfBase,
    /// It holds the instruction zero, which git reserves.
    #[error("the delta holds a reserved instruction")]
    Reserved,
    /// It makes an object larger than the caller allows.
    #[error("the delta makes too large an object")]
    TooLarge,
}

/// Returns what `delta` makes of `base`, at most `limit` bytes.
pub fn apply(base: &[u8], delta: &[u8], limit: usize) -> Result<Vec<u8>, DeltaError> {
    let mut rest = delta;
    if read_size(&mut rest)? != base.len() as u64 {
        return Err(DeltaError::BaseSize);
    }
    let size = usize::try_from(read_size(&mut rest)?).map_err(|_| DeltaError::TooLarge)?;
    if size > limit {
        return Err(DeltaError::TooLarge);
    }
    let mut out = Vec::with_capacity(size);
    while let Some((&instruction, after)) = rest.split_first() {
        rest = after;
        let piece = if instruction & 0x80 != 0 {
            let (offset, length) = read_copy(instruction, &mut rest)?;
            let end = offset.checked_add(length).ok_or(DeltaError::OutOfBase)?;
            base.get(offset..end).ok_or(DeltaError::OutOfBase)?
        } else if instruction == 0 {
            return Err(DeltaError::Reserved);
        } else {
            let (piece, after) = rest
                .split_at_checked(usize::from(instruction))
                .ok_or(DeltaError::Truncated)?;
            rest = after;
            piece
        };
        if piece.len() > size - out.len() {
            return Err(DeltaError::TargetSize);
        }
        out.extend_from_slice(piece);
    }
    if out.len() == size {
        Ok(out)
    } else {
        Err(DeltaError::TargetSize)
    }
}

/// Reads a size: seven bits a byte, the lowest first.
fn read_size(rest: &mut &[u8]) -> Result<u64, DeltaError> {
    let mut size = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = read_byte(rest)?;
        let bits = u64::from(byte & 0x7f);
        if shift > 0 && bits > u64::MAX >> shift {
            return Err(DeltaError::TooLarge);
        }
        size |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
    Err(DeltaError::TooLarge)
}

/// Reads offset and length of a copy: one bit of the instruction for each byte that follows.
fn read_copy(instruction: u8, rest: &mut &[u8]) -> Result<(usize, usize), DeltaError> {
    let mut value = [0_usize; 2];
    for bit in 0..7_u32 {
        if instruction & (1 << bit) == 0 {
            continue;
        }
        let byte = usize::from(read_byte(rest)?);
        let (field, shift) = if bit < 4 {
            (0, bit * 8)
        } else {
            (1, (bit - 4) * 8)
        };
        value[field] |= byte << shift;
    }
    let [offset, length] = value;
    Ok((offset, if length == 0 { MAX_COPY } else { length }))
}

fn read_byte(rest: &mut &[u8]) -> Result<u8, DeltaError> {
    let (&byte, after) = rest.split_first().ok_or(DeltaError::Truncated)?;
    *rest = after;
    Ok(byte)
}
