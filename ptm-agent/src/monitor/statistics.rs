//! What a port has heard, counted as 802.1AB-2016 §9.2.6 names it.

use crate::lldp::Lldpdu;

/// The receive statistics of one port since the agent saw it first. They survive a rename and a link that was down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// LLDP frames that came in (`statsFramesInTotal`).
    pub frames_in: u64,
    /// Frames of these that were thrown away whole (`statsFramesDiscardedTotal`).
    pub frames_discarded: u64,
    /// Frames of these with anything wrong in them, thrown away or not (`statsFramesInErrorsTotal`).
    pub frames_in_error: u64,
    /// TLVs thrown away from frames that were kept (`statsTLVsDiscardedTotal`).
    pub tlvs_discarded: u64,
    /// TLVs of a type this agent does not know (`statsTLVsUnrecognizedTotal`).
    pub tlvs_unrecognized: u64,
    /// Neighbors whose TTL ran out (`statsAgeoutsTotal`).
    pub ageouts: u64,
    /// LLDPDUs of neighbors that the port had no room for: see [`MAX_NEIGHBORS`](super::MAX_NEIGHBORS).
    pub too_many_neighbors: u64,
}

impl Statistics {
    /// Each counter with its name, in the order of their declaration.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self {
            frames_in,
            frames_discarded,
            frames_in_error,
            tlvs_discarded,
            tlvs_unrecognized,
            ageouts,
            too_many_neighbors,
        } = *self;
        [
            ("frames_in", frames_in),
            ("frames_discarded", frames_discarded),
            ("frames_in_error", frames_in_error),
            ("tlvs_discarded", tlvs_discarded),
            ("tlvs_unrecognized", tlvs_unrecognized),
            ("ageouts", ageouts),
            ("too_many_neighbors", too_many_neighbors),
        ]
        .into_iter()
    }

    pub(super) fn count(&mut self, pdu: &Lldpdu<'_>) {
        self.tlvs_discarded += u64::from(pdu.tlvs_discarded);
        self.frames_in_error += u64::from(pdu.tlvs_discarded > 0);
        self.tlvs_unrecognized += u64::from(pdu.tlvs_unrecognized);
    }

    pub(super) fn count_malformed(&mut self) {
        self.frames_discarded += 1;
        self.frames_in_error += 1;
    }
}
