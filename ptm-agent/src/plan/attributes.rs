//! What the plan's own attributes may say, and the lists `key=value, key=value` inside `LLDP` and `BFD`.

use std::ops::Range;

use super::diagnostic::{Diagnostic, Problems, Span, shown};
use super::nearest::help_with_nearest;
use super::port_name::same_port_name;

/// How nodes are named in the plan: graph attribute `hostidtype`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HostIdType {
    /// By host name.
    #[default]
    Hostname,
    /// By management address.
    IpAddr,
}

/// How this node looks itself up when nodes are named by host name: graph attribute `hostnametype`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HostnameType {
    /// By the part before the first dot.
    #[default]
    Hostname,
    /// By the whole name.
    Fqdn,
}

/// What of the neighbor is compared with the far port's name: key `match_type` of `LLDP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MatchType {
    /// The LLDP port ID.
    #[default]
    IfName,
    /// The LLDP port description.
    PortDescr,
    /// The port ID, the port description, or the port ID as a MAC address in any spelling: one that is right suffices.
    Any,
}

/// What of the neighbor's system name is compared with the far node's: key `match_hostname` of `LLDP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MatchHostname {
    /// The part before the first dot.
    #[default]
    Hostname,
    /// The whole name.
    Fqdn,
}

/// What makes two names of ports the same: graph attribute `portnametype`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PortNameType {
    /// Every letter.
    #[default]
    Exact,
    /// What they mean: `Eth1/47` is `Ethernet1/47`. See [`super::same_port_name`].
    Normalized,
}

impl PortNameType {
    /// Whether two names are one port of one node.
    pub fn same(self, a: &str, b: &str) -> bool {
        match self {
            Self::Exact => a == b,
            Self::Normalized => same_port_name(a, b),
        }
    }
}

/// What a change of a link's verdict does on this machine: edge attribute `notify`. Whoever asks or listens on the
/// control socket is told of it in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Notify {
    /// It is logged, and the hook runs.
    #[default]
    Log,
    /// The hook runs; the log has it at its most talkative level alone.
    Hook,
    /// Neither.
    None,
}

pub(super) const HOST_ID_TYPES: [(&str, HostIdType); 2] =
    [("hostname", HostIdType::Hostname), ("ipaddr", HostIdType::IpAddr)];
pub(super) const HOSTNAME_TYPES: [(&str, HostnameType); 2] =
    [("hostname", HostnameType::Hostname), ("fqdn", HostnameType::Fqdn)];
pub(super) const PORT_NAME_TYPES: [(&str, PortNameType); 2] =
    [("exact", PortNameType::Exact), ("normalized", PortNameType::Normalized)];
const NOTIFY: [(&str, Notify); 3] = [("log", Notify::Log), ("hook", Notify::Hook), ("none", Notify::None)];
const MATCH_TYPES: [(&str, MatchType); 3] =
    [("ifname", MatchType::IfName), ("portdescr", MatchType::PortDescr), ("any", MatchType::Any)];
const MATCH_HOSTNAMES: [(&str, MatchHostname); 2] =
    [("hostname", MatchHostname::Hostname), ("fqdn", MatchHostname::Fqdn)];

/// The text of an attribute, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
    /// The byte of the file where `text` begins, if it stands there letter for letter (no escapes, no `+`).
    pub(super) verbatim: Option<u32>,
}

impl Value<'_> {
    /// Where `part` of the text stands; the whole value if that is not known exactly.
    #[expect(clippy::cast_possible_truncation, reason = "the text is part of the file, which is shorter than 4 GiB")]
    fn span_of(&self, part: &Range<usize>) -> Span {
        match self.verbatim {
            Some(start) if !part.is_empty() => Span { start: start + part.start as u32, end: start + part.end as u32 },
            _ => self.span,
        }
    }
}

/// What `LLDP="…"` says; `None`: nothing about that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LldpList {
    pub(super) match_type: Option<MatchType>,
    pub(super) match_hostname: Option<MatchHostname>,
}

/// The template that a list names, and where.
pub(super) type TemplateUse<'a> = Option<(&'a str, Span)>;

/// Reads an `LLDP` list and the template it names. `is_template`: it is a template's own text.
pub(super) fn lldp_list<'a>(
    value: Value<'a>,
    is_template: bool,
    problems: &mut Problems,
) -> (LldpList, TemplateUse<'a>) {
    let mut list = LldpList::default();
    let template =
        read_list(value, &["match_type", "match_hostname"], "lldptmpl", is_template, problems, |item| match item.key {
            "match_type" => list.match_type = item.one_of(&MATCH_TYPES),
            _ => list.match_hostname = item.one_of(&MATCH_HOSTNAMES),
        });
    (list, template)
}

/// Checks a `BFD` list. The agent runs no BFD sessions, so nothing of it is kept but the template it names.
pub(super) fn bfd_list<'a>(value: Value<'a>, is_template: bool, problems: &mut Problems) -> TemplateUse<'a> {
    const KEYS: [&str; 7] = ["upMinTx", "requiredMinRx", "detectMult", "echoSupport", "echoMinRx", "slowMinTx", "afi"];
    read_list(value, &KEYS, "bfdtmpl", is_template, problems, |item| match item.key {
        "afi" => item.check(&["v4", "v6", "both"]),
        "echoSupport" => item.check(&["0", "1"]),
        // RFC 5880 4.1: eight bits, not zero. The others are intervals in milliseconds; the protocol's field holds
        // microseconds in 32 bits.
        "detectMult" => item.number(1, u32::from(u8::MAX)),
        _ => item.number(0, u32::MAX / 1000),
    })
}

/// Looks `text` up among an attribute's values, in any case; else explains which there are.
pub(super) fn one_of<T: Copy>(
    name: &str,
    text: &str,
    span: Span,
    allowed: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let value = find(text, allowed);
    if value.is_none() {
        problems.add_once(
            Diagnostic::error(no_value(name, text)).at(span, "no such value").help(choice(name, text, allowed)),
        );
    }
    value
}

/// The value of `notify`. Another tool's value is no reason to refuse a plan: nothing that is checked depends on it.
pub(super) fn notify(value: Value<'_>, problems: &mut Problems) -> Notify {
    let known = if value.text.is_empty() { Some(Notify::Log) } else { find(value.text, &NOTIFY) };
    known.unwrap_or_else(|| {
        problems.add_once(
            Diagnostic::warning(no_value("notify", value.text))
                .at(value.span, "taken as `log`")
                .help(choice("notify", value.text, &NOTIFY)),
        );
        Notify::Log
    })
}

fn find<T: Copy>(text: &str, allowed: &[(&str, T)]) -> Option<T> {
    allowed.iter().find(|(known, _)| known.eq_ignore_ascii_case(text)).map(|&(_, value)| value)
}

fn no_value(name: &str, text: &str) -> String {
    format!("{} is no value of `{name}`", shown(text))
}

/// `NAME is A, B or C`, and the nearest to what was written.
fn choice<T>(name: &str, text: &str, allowed: &[(&str, T)]) -> String {
    let known: Vec<&str> = allowed.iter().map(|&(known, _)| known).collect();
    let names: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    let choice = match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    };
    help_with_nearest(format!("`{name}` is {choice}"), text, &known)
}

/// One `key=value` of a list, the key in its usual spelling.
struct Item<'i> {
    key: &'i str,
    text: &'i str,
    span: Span,
    problems: &'i mut Problems,
}

impl Item<'_> {
    fn one_of<T: Copy>(self, allowed: &[(&str, T)]) -> Option<T> {
        one_of(self.key, self.text, self.span, allowed, self.problems)
    }

    fn check(self, allowed: &[&str]) {
        let allowed: Vec<(&str, ())> = allowed.iter().map(|&text| (text, ())).collect();
        self.one_of(&allowed);
    }

    fn number(self, least: u32, most: u32) {
        let plain = self.text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || !self.text.parse().is_ok_and(|number: u32| (least..=most).contains(&number)) {
            self.problems.add_once(
                Diagnostic::error(format!("{} is no value of `{}`", shown(self.text), self.key))
                    .at(self.span, "not a number in its range")
                    .help(format!("`{}` is a number from {least} to {most}", self.key)),
            );
        }
    }
}

/// Walks a list, hands each known `key=value` to `take`, and explains whatever else is in it. Gives the template named.
fn read_list<'a>(
    value: Value<'a>,
    keys: &[&'static str],
    template_key: &'static str,
    is_template: bool,
    problems: &mut Problems,
    mut take: impl FnMut(Item<'_>),
) -> TemplateUse<'a> {
    let mut template = None;
    let mut seen: Vec<(&str, Span)> = Vec::new();
    for (key_range, value_range) in items(value.text) {
        let (word, span) = (&value.text[key_range.clone()], value.span_of(&key_range));
        let known = keys.iter().copied().chain([template_key]).find(|known| known.eq_ignore_ascii_case(word));
        let Some(value_range) = value_range else {
            problems.add_once(missing_value(word, span, keys));
            continue;
        };
        let Some(key) = known else {
            let known = [keys, &[template_key]].concat();
            let help = format!("the keys of this list are `{}`", known.join("`, `"));
            problems.add_once(
                Diagnostic::warning(format!("unknown key {} is ignored", shown(word)))
                    .at(span, "no such key")
                    .help(help_with_nearest(help, word, &known)),
            );
            continue;
        };
        if let Some(&(_, first)) = seen.iter().find(|(other, _)| *other == key) {
            problems.add_once(
                Diagnostic::error(format!("`{key}` stands twice in one list"))
                    .at(span, "and again here")
                    .at(first, "first here")
                    .help("keep one of them"),
            );
            continue;
        }
        seen.push((key, span));
        let text = &value.text[value_range.clone()];
        if key != template_key {
            take(Item { key, text, span: value.span_of(&value_range), problems });
        } else if is_template {
            problems.add_once(
                Diagnostic::error("a template cannot name another template")
                    .at(span, "not possible in a template")
                    .help("write that template's list here"),
            );
        } else {
            template = Some((text, value.span_of(&value_range)));
        }
    }
    if let (Some((name, span)), Some((other, ignored))) = (template, seen.iter().find(|(key, _)| *key != template_key))
    {
        problems.add_once(
            Diagnostic::warning(format!("`{other}` beside a template has no effect"))
                .at(*ignored, "ignored")
                .at(span, format!("{} replaces the whole list", shown(name)))
                .help("put it into the template, or leave the template out"),
        );
    }
    template
}

fn missing_value(word: &str, span: Span, keys: &[&str]) -> Diagnostic {
    // `LLDP="portdescr"` is written for `LLDP="match_type=portdescr"`.
    let key = keys.iter().copied().find(|key| match *key {
        "match_type" => MATCH_TYPES.iter().any(|(value, _)| value.eq_ignore_ascii_case(word)),
        "match_hostname" => MATCH_HOSTNAMES.iter().any(|(value, _)| value.eq_ignore_ascii_case(word)),
        _ => false,
    });
    let help = key.map_or_else(
        || "this is a list of `key=value`, separated by commas or blanks".to_owned(),
        |key| format!("write `{key}={}`", word.to_lowercase()),
    );
    Diagnostic::error(format!("{} has no value", shown(word))).at(span, "expected `key=value`").help(help)
}

/// The parts of a list: each key and, after a `=`, its value; separated by commas and blanks.
fn items(list: &str) -> impl Iterator<Item = (Range<usize>, Option<Range<usize>>)> {
    let bytes = list.as_bytes();
    let skip = move |from: usize, wanted: fn(u8) -> bool| {
        bytes[from..].iter().position(|&byte| !wanted(byte)).map_or(bytes.len(), |length| from + length)
    };
    let is_blank = |byte: u8| byte.is_ascii_whitespace();
    let is_separator = |byte: u8| byte.is_ascii_whitespace() || byte == b',';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = skip(at, is_separator);
        if start == bytes.len() {
            return None;
        }
        let end = skip(start, |byte| !byte.is_ascii_whitespace() && byte != b',' && byte != b'=');
        let equals = skip(end, is_blank);
        if bytes.get(equals) != Some(&b'=') {
            at = end;
            return Some((start..end, None));
        }
        let value = skip(equals + 1, is_blank);
        at = skip(value, |byte| !byte.is_ascii_whitespace() && byte != b',');
        Some((start..end, Some(value..at)))
    })
}
