//! The calls of the operating system that neither std nor aya has.

use std::ffi::{CStr, CString};
use std::io;

use ptm_common::IfIndex;

/// The name that an interface of this thread's network namespace has now.
pub(super) fn interface_name(ifindex: IfIndex) -> io::Result<String> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the kernel writes at most IF_NAMESIZE bytes, the final 0 included.
    if unsafe { libc::if_indextoname(ifindex, name.as_mut_ptr()) }.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so there is a final 0.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(name.to_string_lossy().into_owned())
}

/// The interface of this thread's network namespace that has this name now.
pub(super) fn interface_index(name: &str) -> Option<IfIndex> {
    let name = CString::new(name).ok()?;
    // SAFETY: `name` is a string with a final 0.
    let ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (ifindex != 0).then_some(ifindex)
}

/// Lifts the limit of locked memory, which eBPF maps count into on kernels before 5.11, as far as it is allowed.
pub(super) fn lift_memory_limit() {
    let unlimited = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the pointer is to a value that lives on.
    unsafe {
        libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const unlimited);
    }
}

/// Gives memory that was freed back to the kernel.
///
/// Loading needs 20 MB for a moment: aya reads the kernel's whole BTF, wanted or not. glibc would keep 1.6 MB of it.
pub(super) fn release_freed_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer.
    unsafe {
        libc::malloc_trim(0);
    }
}
