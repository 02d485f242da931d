//! From when to when the server's own certificate is valid, and what to say of one that is not, or not for long.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime::format_rfc3339_seconds;
use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

/// Time enough to have another one made.
const SOON: Duration = Duration::from_hours(14 * 24);

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

impl Validity {
    /// `None` for one that is not as RFC 5280 has them: clients may take it all the same.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let validity = certificate.tbs_certificate().validity();
        let time = |time: Time| UNIX_EPOCH + time.to_unix_duration();
        Some(Self { not_before: time(validity.not_before), not_after: time(validity.not_after) })
    }

    /// What is the matter with it, and what to do.
    pub(super) fn trouble(self, now: SystemTime) -> Option<String> {
        let Self { not_before, not_after } = self;
        let [from, end] = [not_before, not_after].map(format_rfc3339_seconds);
        if now > not_after {
            Some(format!("ended at {end}, so clients refuse it: put another one there, it counts at once"))
        } else if now < not_before {
            Some(format!(
                "is valid from {from} on, so clients refuse it until then; is the clock right (`timedatectl`)?"
            ))
        } else if now + SOON > not_after {
            Some(format!("ends at {end}: put another one there, it counts at once"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_valid_or_not_for_long_is_trouble() {
        let day = |day: u64| UNIX_EPOCH + Duration::from_hours(day * 24);
        let validity = Validity { not_before: day(100), not_after: day(200) };
        let cases = [
            (99, "is valid from 1970-04-11T00:00:00Z on"),
            (100, ""),
            (186, ""),
            (187, "ends at 1970-07-20T00:00:00Z: put another one there"),
            (200, "ends at 1970-07-20T00:00:00Z"),
            (201, "ended at 1970-07-20T00:00:00Z, so clients refuse it"),
        ];
        for (today, expected) in cases {
            let trouble = validity.trouble(day(today)).unwrap_or_default();
            assert!(trouble.starts_with(expected) && trouble.is_empty() == expected.is_empty(), "{today}: {trouble}");
        }
    }
}
