//! Keeps the agent small while it watches.

use std::fs;
use std::ops::Range;

/// Lets go of the program's text that is mapped: most of it is the start's (the command line, the loader of the kernel
/// half, the reader of the plan), and would count as resident for ever. What goes on being used is mapped again as it
/// is touched, from the page cache: a minor fault for each 64 KiB.
///
/// Where the kernel does not tell what is mapped, nothing happens.
pub fn release_text() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for range in texts(&maps) {
        // SAFETY: text is mapped from its file and never written to, so that what is dropped is the same when it is
        // read again; this function and the C library's included.
        unsafe { libc::madvise(range.start as *mut libc::c_void, range.len(), libc::MADV_DONTNEED) };
    }
}

/// Where files are mapped to be executed, and not written to: the lines of `/proc/PID/maps` (proc(5)).
fn texts(maps: &str) -> impl Iterator<Item = Range<usize>> {
    maps.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (range, mode, inode) = (fields.next()?, fields.next()?, fields.nth(2)?);
        let (start, end) = range.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        // Without an inode it is the kernel's vdso.
        (mode == "r-xp" && inode != "0").then_some(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_of_files_is_let_go() {
        let maps = "\
5573c2a00000-5573c2b34000 r--p 00000000 fe:01 1314  /usr/sbin/ptm-agent
5573c2b34000-5573c3200000 r-xp 00134000 fe:01 1314  /usr/sbin/ptm-agent
5573c3200000-5573c3280000 r--p 00800000 fe:01 1314  /usr/sbin/ptm-agent
5573c3280000-5573c3281000 rw-p 00880000 fe:01 1314  /usr/sbin/ptm-agent
5573c4000000-5573c4100000 rw-p 00000000 00:00 0     [heap]
7f1000000000-7f1000001000 rwxp 00000000 fe:01 99    /tmp/written to
7fff00000000-7fff00002000 r-xp 00000000 00:00 0     [vdso]
garbage
";
        let found: Vec<_> = texts(maps).collect();
        assert_eq!(found, [0x5573_c2b3_4000..0x5573_c320_0000]);
    }

    #[test]
    fn the_program_goes_on() {
        release_text();
        assert!(texts(&fs::read_to_string("/proc/self/maps").unwrap()).count() > 1);
    }
}
