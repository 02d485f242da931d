//! Which driver an interface has, and what some drivers' firmware does to LLDP.

use std::fs;

/// The driver of an interface's device, such as `i40e` or `virtio_net`; `None` for virtual interfaces, which have no
/// device, and where `/sys` is not that of the thread's network namespace.
pub fn driver(ifname: &str) -> Option<String> {
    let link = fs::read_link(format!("/sys/class/net/{ifname}/device/driver")).ok()?;
    Some(link.file_name()?.to_str()?.to_owned())
}

/// What to do when a port has carrier and no LLDP is ever heard on it, if its driver's firmware is known to keep LLDP
/// for itself: such a NIC runs an LLDP agent of its own (for DCB) and the host never sees a frame.
pub fn firmware_lldp_advice(driver: &str, ifname: &str) -> Option<String> {
    let setting = match driver {
        "i40e" => "disable-fw-lldp on",
        "ice" => "fw-lldp-agent off",
        _ => return None,
    };
    Some(format!(
        "{ifname} has carrier and hears no LLDP; the firmware of {driver} NICs keeps LLDP for itself: \
         ethtool --set-priv-flags {ifname} {setting}"
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn advice_names_the_flag_of_the_driver() {
        assert_eq!(
            firmware_lldp_advice("i40e", "eth0").unwrap(),
            "eth0 has carrier and hears no LLDP; the firmware of i40e NICs keeps LLDP for itself: \
             ethtool --set-priv-flags eth0 disable-fw-lldp on"
        );
        assert!(
            firmware_lldp_advice("ice", "eth1").unwrap().ends_with("ethtool --set-priv-flags eth1 fw-lldp-agent off")
        );
        assert_eq!(firmware_lldp_advice("mlx5_core", "eth2"), None);
    }

    #[test]
    fn interface_without_a_device_has_no_driver() {
        assert_eq!(driver("lo"), None);
        assert_eq!(driver("no-such-if"), None);
    }

    #[test]
    fn driver_is_the_one_that_the_device_is_announced_with() {
        let names = fs::read_dir("/sys/class/net").into_iter().flatten();
        let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let announced = |name: &String| {
            let event = fs::read_to_string(format!("/sys/class/net/{name}/device/uevent")).ok()?;
            event.lines().find_map(|line| line.strip_prefix("DRIVER=").map(str::to_owned))
        };
        let nics: Vec<(String, String)> = names.filter_map(|name| Some((announced(&name)?, name))).collect();
        if nics.is_empty() {
            writeln!(std::io::stderr(), "LEFT OUT: the driver of a real NIC; this machine has none").unwrap();
        }
        for (expected, name) in nics {
            assert_eq!(driver(&name), Some(expected));
        }
    }
}
