//! The contents of objects as the writer needs them: read ahead, kept in the window, or read now.

use gix::ObjectId;
use gix::objs::{Find, Kind};

use super::base::Base;
use super::prefetch::Prefetch;
use super::window::Window;
use super::{MAX_DELTA_SIZE, PackError};
use crate::objects::Selected;
use crate::store::{ObjectError, Reader};

/// Reads objects for the writer.
pub(super) struct Contents<'a> {
    /// What is sent.
    pub(super) reader: &'a Reader,
    /// What it is compared with, which may lie anywhere.
    pub(super) bases: &'a Reader,
    /// Reads the objects that come next on a thread of its own.
    pub(super) prefetch: Option<Prefetch>,
    /// What was read last.
    pub(super) window: Window,
}

impl Contents<'_> {
    /// Reads an object that is to be sent, and compares it with its id and its kind.
    pub(super) fn read(&mut self, number: usize, object: Selected) -> Result<Vec<u8>, PackError> {
        let prefetch = self.prefetch.as_ref();
        if let Some(content) = prefetch.and_then(|prefetch| prefetch.take(number)) {
            return Ok(content);
        }
        let id = object.id;
        let (kind, content) = self.read_unchecked(id, self.reader)?;
        let data = gix::objs::Data::new(&content, kind, id.kind());
        if kind != object.kind || data.verify_checksum(&id).is_err() {
            return Err(ObjectError::Corrupt(id).into());
        }
        Ok(content)
    }

    /// Puts an object that is to be sent into the window, unless it is there.
    pub(super) fn keep(&mut self, number: usize, object: Selected) -> Result<&[u8], PackError> {
        if self.window.find(object.id).is_none() {
            let content = self.read(number, object)?;
            self.window.push(object.id, content);
        }
        let content = self.window.find(object.id);
        Ok(content.ok_or(ObjectError::Missing(object.id))?)
    }

    /// Puts a base into the window, unless it is too large, or cannot be read and only the server needs it.
    pub(super) fn keep_base(&mut self, base: Base) -> Result<(), PackError> {
        let id = base.id();
        if self.window.find(id).is_some() {
            return Ok(());
        }
        let reader = match base {
            Base::InPack { .. } => self.reader,
            Base::External(_) => self.bases,
        };
        let size = reader.size(&id);
        let Some(size) = size.filter(|size| *size <= MAX_DELTA_SIZE as u64) else {
            return Ok(());
        };
        self.window.make_room(size);
        match self.read_unchecked(id, reader) {
            Ok((_, content)) => self.window.push(id, content),
            // A base that the server has need not be here, and need not be intact.
            Err(_) if matches!(base, Base::External(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads an object that is only compared with: were it not what its id says, the server would make
    /// something of the delta that has not the id it was promised, and refuse it.
    fn read_unchecked(
        &mut self,
        id: ObjectId,
        reader: &Reader,
    ) -> Result<(Kind, Vec<u8>), PackError> {
        let mut content = self.window.buffer();
        let data = reader
            .try_find(&id, &mut content)
            .map_err(|why| ObjectError::of_source(id, why))?
            .ok_or(ObjectError::Missing(id))?;
        let kind = data.kind;
        Ok((kind, content))
    }
}
