//! What this machine calls itself: the name under which the plan may know it.

use std::ffi::{CStr, CString};
use std::ptr;

/// The kernel's host name (`uname -n`), of the UTS namespace of the calling process. Usually short, but an
/// administrator may have set a qualified one.
pub fn node_name() -> String {
    nix::sys::utsname::uname().map(|names| names.nodename().to_string_lossy().into_owned()).unwrap_or_default()
}

/// The fully qualified name that the resolver gives `name` (`hostname --fqdn`); `None` if it knows none.
///
/// **Blocks**, for seconds where a name server does not answer: call it off the runtime.
pub fn fully_qualified_name(name: &str) -> Option<String> {
    let name = CString::new(name).ok()?;
    // SAFETY: all-zero is a valid `addrinfo`: integers and null pointers.
    let hints =
        libc::addrinfo { ai_flags: libc::AI_CANONNAME, ai_socktype: libc::SOCK_DGRAM, ..unsafe { std::mem::zeroed() } };
    let mut list = ptr::null_mut();
    // SAFETY: `name` and `hints` are valid for the call and `list` takes the result.
    if unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, &raw mut list) } != 0 {
        return None;
    }
    // SAFETY: on success `list` points to at least one `addrinfo`; the first carries the canonical name, which is null
    // or a C string that lives until the list is freed, and it is copied before that.
    let canonical = unsafe {
        let canonical = (*list).ai_canonname;
        let copy = (!canonical.is_null()).then(|| CStr::from_ptr(canonical).to_string_lossy().into_owned());
        libc::freeaddrinfo(list);
        copy
    };
    // Without a better answer the resolver repeats the name it was asked for.
    canonical.filter(|name| name.contains('.'))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn hostname(argument: &str) -> Option<String> {
        let output = Command::new("hostname").arg(argument).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    #[test]
    fn node_name_is_the_kernels() {
        assert_eq!(
            Some(node_name()),
            std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|s| s.trim().to_owned())
        );
    }

    #[test]
    fn qualified_name_is_what_hostname_prints() {
        let expected = hostname("--fqdn").filter(|name| name.contains('.'));
        assert_eq!(fully_qualified_name(&node_name()), expected);
    }

    #[test]
    fn unknown_name_has_no_qualified_one() {
        assert_eq!(fully_qualified_name("no such name"), None);
        assert_eq!(fully_qualified_name("nul\0inside"), None);
    }
}
