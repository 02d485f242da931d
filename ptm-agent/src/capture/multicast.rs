//! Membership in the LLDP multicast groups: a network card drops multicast that nobody asked for, before any hook.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use ptm_common::IfIndex;

/// Nearest bridge, nearest non-TPMR bridge, nearest customer bridge (802.1AB-2016 table 7-1).
const GROUPS: [[u8; 6]; 3] =
    [[0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e], [0x01, 0x80, 0xc2, 0x00, 0x00, 0x03], [0x01, 0x80, 0xc2, 0x00, 0x00, 0x00]];

/// One packet socket that receives nothing and holds the memberships of all ports; they end with it.
pub(super) struct Groups(OwnedFd);

impl Groups {
    /// Needs `CAP_NET_RAW`.
    pub(super) fn open() -> io::Result<Self> {
        // SAFETY: takes no pointer. Protocol 0: no packet is ever queued.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is open and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub(super) fn join(&self, ifindex: IfIndex) -> io::Result<()> {
        GROUPS.into_iter().try_for_each(|group| self.change(libc::PACKET_ADD_MEMBERSHIP, ifindex, group))
    }

    /// Leaves what was joined. An interface that is gone has taken its memberships along.
    pub(super) fn leave(&self, ifindex: IfIndex) {
        for group in GROUPS {
            let _ = self.change(libc::PACKET_DROP_MEMBERSHIP, ifindex, group);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "small constants that libc has in a wider type")]
    fn change(&self, option: libc::c_int, ifindex: IfIndex, group: [u8; 6]) -> io::Result<()> {
        let mut membership = libc::packet_mreq {
            mr_ifindex: ifindex.cast_signed(),
            mr_type: libc::PACKET_MR_MULTICAST as libc::c_ushort,
            mr_alen: 6,
            mr_address: [0; 8],
        };
        membership.mr_address[..6].copy_from_slice(&group);
        let len = size_of::<libc::packet_mreq>() as libc::socklen_t;
        // SAFETY: `membership` is what the option takes, and `len` its length.
        let failed = unsafe {
            libc::setsockopt(self.0.as_raw_fd(), libc::SOL_PACKET, option, (&raw const membership).cast(), len)
        };
        if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}
