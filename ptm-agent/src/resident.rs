//! Keeps the agent small while it watches.

use std::ffi::{c_int, c_void};
use std::{ptr, slice};

use libc::{PF_W, PT_LOAD, dl_phdr_info};
use nix::unistd::{SysconfVar, sysconf};

/// Lets go of the program's text and constants that are mapped: most of it is the start's (relocations, the command line,
/// the loader of the kernel half, the reader of the plan), and would count as resident for ever. What goes on being used
/// is mapped again as it is touched, from the page cache: a minor fault for each 64 KiB.
pub fn release_text() {
    let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|size| usize::try_from(size).ok());
    if let Some(mut page) = page {
        // SAFETY: `release_object` has the signature that it is called with, and `page` lives until this returns.
        unsafe { libc::dl_iterate_phdr(Some(release_object), ptr::from_mut(&mut page).cast()) };
    }
}

/// For the program and each of its libraries.
unsafe extern "C" fn release_object(object: *mut dl_phdr_info, _size: usize, page: *mut c_void) -> c_int {
    // SAFETY: dl_iterate_phdr(3) gives a description of a loaded object, with its program headers, and `page` from above.
    let (object, page) = unsafe { (&*object, *page.cast::<usize>()) };
    // SAFETY: as above.
    let segments = unsafe { slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()) };
    for segment in segments.iter().filter(|segment| segment.p_type == PT_LOAD && segment.p_flags & PF_W == 0) {
        // ELF's words are as wide as the machine's.
        #[expect(clippy::cast_possible_truncation, reason = "as wide on every 64-bit machine")]
        let (start, length) = ((object.dlpi_addr + segment.p_vaddr) as usize, segment.p_memsz as usize);
        let begin = start / page * page;
        // SAFETY: such a segment is mapped from its file and nobody writes to it, relocations included: those are in
        // segments with PF_W. What is dropped is the same when it is read again, this function and the C library's too.
        unsafe { libc::madvise(begin as *mut c_void, start + length - begin, libc::MADV_DONTNEED) };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_is_there_when_it_is_needed() {
        let before = format!("{:?}", crate::monitor::Reason::ALL);
        release_text();
        assert_eq!(format!("{:?}", crate::monitor::Reason::ALL), before);
    }
}
