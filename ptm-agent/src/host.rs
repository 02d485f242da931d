//! What this machine calls itself: the names and addresses under which the plan may know it.

use std::ffi::{CStr, CString};
use std::net::IpAddr;
use std::ptr;

use nix::ifaddrs::getifaddrs;

use crate::plan::Machine;

/// The machine, or the container, that this process runs in.
#[derive(Clone, Copy, Debug)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn host_name(&self) -> String {
        node_name()
    }

    fn qualified_name(&self) -> Option<String> {
        fully_qualified_name(&node_name())
    }

    fn addresses(&self) -> Vec<IpAddr> {
        addresses()
    }
}

/// The addresses of this network namespace's interfaces, in the kernel's order, each once. Those of `lo` are among
/// them: that is where routers have the address they are managed by. Not among them are loopback (127.0.0.1, `::1`) and
/// link-local addresses: every machine has the former, and any two may have the same of the latter.
pub fn addresses() -> Vec<IpAddr> {
    // Without the kernel's list there is no address to be found by; what is said then is true.
    let all = getifaddrs().into_iter().flatten().filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
    });
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in all.filter(|&address| names_a_machine(address)) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

fn names_a_machine(address: IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !address.is_loopback() && !link_local
}

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
        // Name servers may answer one of the two and not the other.
        let same = (0..5).any(|_| {
            let expected = hostname("--fqdn").filter(|name| name.contains('.'));
            fully_qualified_name(&node_name()) == expected
        });
        assert!(same, "{:?}", fully_qualified_name(&node_name()));
    }

    #[test]
    fn addresses_are_those_that_hostname_prints() {
        let printed = hostname("-I").unwrap_or_default();
        let printed = printed.split_whitespace().filter_map(|word| word.parse().ok());
        let mut expected: Vec<IpAddr> = printed.filter(|&address| names_a_machine(address)).collect();
        expected.sort_unstable();
        expected.dedup();
        let mut found = addresses();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn loopback_and_link_local_addresses_name_no_machine() {
        for address in ["127.0.0.1", "127.3.2.1", "::1", "169.254.7.7", "fe80::1"] {
            assert!(!names_a_machine(address.parse().expect("an address")), "{address}");
        }
        for address in ["10.0.0.1", "192.0.2.1", "2001:db8::1", "fd00::1"] {
            assert!(names_a_machine(address.parse().expect("an address")), "{address}");
        }
    }

    #[test]
    fn unknown_name_has_no_qualified_one() {
        assert_eq!(fully_qualified_name("no such name"), None);
        assert_eq!(fully_qualified_name("nul\0inside"), None);
    }
}
