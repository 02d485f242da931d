//! The `LLDP` and `BFD` lists of a plan: each distinct text is read once, however many links carry it, and templates
//! are looked up when the whole file is known.

use std::collections::{HashMap, HashSet};

use super::attributes::{
    HOST_ID_TYPES, HOSTNAME_TYPES, HostIdType, HostnameType, LldpList, MatchHostname, MatchType, PORT_NAME_TYPES,
    PortNameType, TemplateUse, Value, bfd_list, lldp_list, one_of,
};
use super::diagnostic::{Diagnostic, Problems, Span, shown};
use super::nearest::help_with_nearest;

/// An attribute of the whole graph.
struct GraphAttribute {
    text: Box<str>,
    span: Span,
    verbatim: Option<u32>,
}

impl GraphAttribute {
    fn value(&self) -> Value<'_> {
        Value { text: &self.text, span: self.span, verbatim: self.verbatim }
    }
}

/// A list that links carry.
struct List {
    lldp: LldpList,
    template: Option<Template>,
    /// It was read without complaint, so it need not be read again where it is repeated.
    clean: bool,
}

/// A template that a list names.
struct Template {
    name: Box<str>,
    span: Span,
    /// How often more.
    repeated: u32,
}

impl Template {
    fn new(template_use: TemplateUse<'_>) -> Option<Self> {
        template_use.map(|(name, span)| Self { name: name.into(), span, repeated: 0 })
    }
}

/// What a link's LLDP list comes to: defaults, the graph's list and templates applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Matching {
    pub(super) match_type: MatchType,
    pub(super) match_hostname: MatchHostname,
}

/// What is said for the whole graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the attributes are called so")]
pub(super) struct GraphSettings {
    pub(super) host_id_type: HostIdType,
    pub(super) hostname_type: HostnameType,
    pub(super) port_name_type: PortNameType,
}

/// The number of an LLDP list.
pub(super) type ListId = u32;

/// Says nothing: the graph's own list holds.
pub(super) const NO_LIST: ListId = 0;

/// The graph's attributes and the lists seen so far. `LLDP` lists have numbers from 1.
#[derive(Default)]
pub(super) struct Lists {
    graph: HashMap<Box<str>, GraphAttribute>,
    lldp: Vec<List>,
    lldp_numbers: HashMap<Box<str>, ListId>,
    bfd: HashMap<Box<str>, List>,
}

impl Lists {
    /// Notes an attribute of the graph; the last one of a name holds.
    pub(super) fn set_graph(&mut self, name: &str, value: Value<'_>) {
        let attribute = GraphAttribute { text: value.text.into(), span: value.span, verbatim: value.verbatim };
        self.graph.insert(name.into(), attribute);
    }

    /// The number of an `LLDP` list. An empty one says nothing, as in the original.
    pub(super) fn lldp(&mut self, value: Value<'_>, problems: &mut Problems) -> ListId {
        if value.text.trim().is_empty() {
            return NO_LIST;
        }
        if let Some(&number) = self.lldp_numbers.get(value.text) {
            let list = &mut self.lldp[number as usize - 1];
            if !list.clean {
                lldp_list(value, false, problems);
            }
            list.count();
            return number;
        }
        let before = problems.noted();
        let (lldp, template) = lldp_list(value, false, problems);
        let clean = problems.noted() == before;
        self.lldp.push(List { lldp, template: Template::new(template), clean });
        let number = u32::try_from(self.lldp.len()).unwrap_or(u32::MAX);
        self.lldp_numbers.insert(value.text.into(), number);
        number
    }

    /// Checks a `BFD` list.
    pub(super) fn bfd(&mut self, value: Value<'_>, problems: &mut Problems) {
        if let Some(list) = self.bfd.get_mut(value.text) {
            if !list.clean {
                bfd_list(value, false, problems);
            }
            list.count();
            return;
        }
        let before = problems.noted();
        let template = Template::new(bfd_list(value, false, problems));
        let clean = problems.noted() == before;
        self.bfd.insert(value.text.into(), List { lldp: LldpList::default(), template, clean });
    }

    /// Once the file is read: what the graph says, and what each LLDP list comes to, by its number.
    pub(super) fn resolve(mut self, problems: &mut Problems) -> (GraphSettings, Vec<Matching>) {
        let settings = self.graph_settings(problems);
        // The graph's own lists are lists like those of the links: the LLDP one becomes the last.
        let whole_graph = self.graph.remove("LLDP").map_or(NO_LIST, |list| self.lldp(list.value(), problems));
        if let Some(list) = self.graph.remove("BFD") {
            self.bfd(list.value(), problems);
        }
        let Self { graph, lldp, lldp_numbers: _, bfd } = self;
        let mut templates = Templates { graph: &graph, lldp: HashMap::new(), bfd: HashSet::new() };
        for template in bfd.into_values().filter_map(|list| list.template) {
            templates.check_bfd(&template, problems);
        }
        let mut matching = vec![Matching::default()];
        matching.extend(lldp.iter().map(|list| {
            let list = list.template.as_ref().map_or(list.lldp, |template| templates.lldp(template, problems));
            Matching {
                match_type: list.match_type.unwrap_or_default(),
                match_hostname: list.match_hostname.unwrap_or_default(),
            }
        }));
        matching[NO_LIST as usize] = matching[whole_graph as usize];
        (settings, matching)
    }

    fn graph_settings(&self, problems: &mut Problems) -> GraphSettings {
        GraphSettings {
            host_id_type: self.graph_choice("hostidtype", &HOST_ID_TYPES, problems),
            hostname_type: self.graph_choice("hostnametype", &HOSTNAME_TYPES, problems),
            port_name_type: self.graph_choice("portnametype", &PORT_NAME_TYPES, problems),
        }
    }

    fn graph_choice<T: Copy + Default>(&self, name: &str, allowed: &[(&str, T)], problems: &mut Problems) -> T {
        let value = self.graph.get(name);
        value.and_then(|value| one_of(name, &value.text, value.span, allowed, problems)).unwrap_or_default()
    }
}

impl List {
    fn count(&mut self) {
        if let Some(template) = &mut self.template {
            template.repeated += 1;
        }
    }
}

/// Looks templates up among the graph's attributes; each is read once.
struct Templates<'g> {
    graph: &'g HashMap<Box<str>, GraphAttribute>,
    lldp: HashMap<&'g str, LldpList>,
    bfd: HashSet<&'g str>,
}

impl<'g> Templates<'g> {
    fn lldp(&mut self, template: &Template, problems: &mut Problems) -> LldpList {
        let Some((name, text)) = self.find(template, problems) else { return LldpList::default() };
        *self.lldp.entry(name).or_insert_with(|| lldp_list(text.value(), true, problems).0)
    }

    fn check_bfd(&mut self, template: &Template, problems: &mut Problems) {
        let Some((name, text)) = self.find(template, problems) else { return };
        if self.bfd.insert(name) {
            bfd_list(text.value(), true, problems);
        }
    }

    fn find(&self, template: &Template, problems: &mut Problems) -> Option<(&'g str, &'g GraphAttribute)> {
        let Template { name, span, repeated } = template;
        if let Some((name, text)) = self.graph.get_key_value(name) {
            return Some((name, text));
        }
        let known: Vec<&str> = self.graph.keys().map(AsRef::as_ref).collect();
        let help = "a template is an attribute of the graph: NAME=\"key=value, …\" outside every subgraph".to_owned();
        let mut diagnostic = Diagnostic::error(format!("there is no template {}", shown(name)))
            .at(*span, "no such attribute of the graph")
            .help(help_with_nearest(help, name, &known));
        diagnostic.repeated = *repeated;
        problems.add(diagnostic);
        None
    }
}
