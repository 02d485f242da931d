//! Reading a TLV's value from its front; running out of bytes is a [`TlvError::Length`].

use super::TlvError;

/// What is left to read. What nobody reads at the end is ignored: a later revision of a standard may append fields, as
/// 802.3's power TLV shows.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn array<const N: usize>(&mut self) -> Result<[u8; N], TlvError> {
        match self.0.split_first_chunk() {
            Some((array, rest)) => {
                self.0 = rest;
                Ok(*array)
            }
            None => Err(TlvError::Length),
        }
    }

    pub(super) const fn u8(&mut self) -> Result<u8, TlvError> {
        match self.array() {
            Ok([byte]) => Ok(byte),
            Err(error) => Err(error),
        }
    }

    pub(super) fn u16(&mut self) -> Result<u16, TlvError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, TlvError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A string that stands behind its own length, one byte.
    pub(super) fn counted(&mut self) -> Result<&'a [u8], TlvError> {
        let length = self.u8()?;
        let (string, rest) = self.0.split_at_checked(length.into()).ok_or(TlvError::Length)?;
        self.0 = rest;
        Ok(string)
    }
}
