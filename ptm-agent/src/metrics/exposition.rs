//! How metrics are written: families of series, in either of the text formats that Prometheus reads.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric as _, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use ring::digest::{SHA256, digest};

use crate::escape::{is_deceptive, is_plain, shown};

/// The longest value of a label, in bytes. As long as LLDP's own texts are.
pub const LONGEST_LABEL: usize = 255;

/// In a label, between what is left of a text and its hash.
const CUT: char = '…';

/// Bytes of that hash.
const HASH: usize = 8;

static SECONDS: Unit = Unit::Seconds;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, 0.0.4: what `promtool check metrics` and a person's browser read.
    Text,
    /// `OpenMetrics` 1.0.0: what a Prometheus server asks for.
    OpenMetrics,
}

impl Format {
    /// The format for a client that sends this `Accept` header.
    pub fn accepted(accept: &str) -> Self {
        let open_metrics = |range: &str| range.split(';').next().unwrap_or_default().trim() == OPEN_METRICS;
        if accept.split(',').any(open_metrics) { Self::OpenMetrics } else { Self::Text }
    }

    /// Its `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text";

/// What `write` writes, in this format. `capacity`: about how many bytes that will be.
pub fn expose<F>(format: Format, capacity: usize, write: F) -> String
where
    F: Fn(&mut Exposition<'_>) -> fmt::Result + Send + Sync + 'static,
{
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Writer { format, write }));
    let mut text = Text(String::with_capacity(capacity));
    let written = text::encode_registry(&mut text, &registry).and_then(|()| match format {
        Format::Text => Ok(()),
        Format::OpenMetrics => text::encode_eof(&mut text),
    });
    written.expect("writing to a String can't fail");
    text.0
}

/// Takes the text as the library writes it, in very small pieces: half of them are one character, for which copying
/// memory would be the larger part of the work.
struct Text(String);

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match *text.as_bytes() {
            [byte] => self.0.push(char::from(byte)),
            _ => self.0.push_str(text),
        }
        Ok(())
    }
}

struct Writer<F> {
    format: Format,
    write: F,
}

impl<F> fmt::Debug for Writer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("format", &self.format).finish_non_exhaustive()
    }
}

impl<F> Collector for Writer<F>
where
    F: Fn(&mut Exposition<'_>) -> fmt::Result + Send + Sync + 'static,
{
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        (self.write)(&mut Exposition { encoder, format: self.format })
    }
}

/// What families are written to.
///
/// They have the names here that queries have: with `_total`, `_info` and the unit.
#[derive(Debug)]
pub struct Exposition<'a> {
    encoder: DescriptorEncoder<'a>,
    format: Format,
}

impl Exposition<'_> {
    /// A family of counters. Its name ends in `_total`.
    pub fn counter<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, MetricType::Counter)
    }

    /// A family of gauges.
    pub fn gauge<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, MetricType::Gauge)
    }

    /// A family of series that are 1 and tell by their labels. Its name ends in `_info`.
    pub fn info<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, MetricType::Info)
    }

    /// A histogram.
    pub fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) -> fmt::Result {
        histogram.encode(self.family(name, help, MetricType::Histogram)?.encoder)
    }

    fn family<'s>(&'s mut self, name: &'s str, help: &str, kind: MetricType) -> Result<Family<'s>, fmt::Error> {
        let (name, unit, kind, series) = match (self.format, kind) {
            // Knows no units, describes a family by the name of its series, and takes info for a gauge.
            (Format::Text, MetricType::Info) => (name, None, MetricType::Gauge, MetricType::Gauge),
            (Format::Text, kind) => (name, None, kind, MetricType::Gauge),
            // The library adds these endings to the names of series.
            (Format::OpenMetrics, kind) => {
                let ending = match kind {
                    MetricType::Counter => "_total",
                    MetricType::Info => "_info",
                    _ => "",
                };
                let name = name.strip_suffix(ending).unwrap_or(name);
                match name.strip_suffix("_seconds") {
                    Some(name) => (name, Some(&SECONDS), kind, kind),
                    None => (name, None, kind, kind),
                }
            }
        };
        Ok(Family { encoder: self.encoder.encode_descriptor(name, help, unit, kind)?, series })
    }
}

/// What a series may stand at: whole numbers and fractions.
pub trait Value: EncodeGaugeValue + EncodeCounterValue + Copy {}

impl<T: EncodeGaugeValue + EncodeCounterValue + Copy> Value for T {}

/// A family of series, which are written one after the other.
#[derive(Debug)]
pub struct Family<'a> {
    encoder: MetricEncoder<'a>,
    /// As what its series are written.
    series: MetricType,
}

impl Family<'_> {
    /// The only series of the family.
    pub fn value(&mut self, value: impl Value) -> fmt::Result {
        write(&mut self.encoder, self.series, value)
    }

    /// One more series. Its labels' values are escaped here as the format needs it; see [`label`] for what they may be.
    pub fn series(&mut self, labels: &[(&str, &str)], value: impl Value) -> fmt::Result {
        match self.series {
            MetricType::Info => self.encoder.encode_info(&labels),
            series => write(&mut self.encoder.encode_family(&labels)?, series, value),
        }
    }
}

fn write(encoder: &mut MetricEncoder<'_>, series: MetricType, value: impl Value) -> fmt::Result {
    match series {
        MetricType::Counter => encoder.encode_counter::<NoLabelSet, _, u64>(&value, None),
        _ => encoder.encode_gauge(&value),
    }
}

/// A text as the value of a label: no longer than [`LONGEST_LABEL`], with what deceives written out.
///
/// What is not the text itself ends with `…` and a hash of that, the same in every version: a series that is there twice
/// costs the whole scrape, so no two texts have the same label.
pub fn label(text: &str) -> Cow<'_, str> {
    let harmless = || is_plain(text.as_bytes()) || !text.contains(|c| is_deceptive(c) || c == CUT);
    if text.len() <= LONGEST_LABEL && harmless() {
        return Cow::Borrowed(text);
    }
    let mut label = shown(text);
    label.truncate(label.floor_char_boundary(LONGEST_LABEL - CUT.len_utf8() - 2 * HASH));
    label.push(CUT);
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().take(HASH).for_each(|byte| {
        // Writing to a String can't fail.
        let _ = write!(label, "{byte:02x}");
    });
    Cow::Owned(label)
}
