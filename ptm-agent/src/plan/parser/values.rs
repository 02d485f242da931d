//! Names, values and attribute lists.

use std::borrow::Cow;

use super::{GivenUp, Parsed, Parser};
use crate::plan::attributes::{Value, notify};
use crate::plan::diagnostic::{Diagnostic, Span, escaped, shown};
use crate::plan::directory::NO_PORT;
use crate::plan::lexer::{Keyword, Kind, Token};
use crate::plan::scope::Attributes;

/// A name or a value.
pub(super) struct Atom<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) span: Span,
    /// Neither quoted nor HTML.
    pub(super) bare: bool,
    verbatim: Option<u32>,
}

impl Atom<'_> {
    pub(super) fn value(&self) -> Value<'_> {
        Value { text: &self.text, span: self.span, verbatim: self.verbatim }
    }
}

impl<'t> Parser<'t, '_> {
    // atom: bare | html | quoted {"+" quoted}
    /// Takes an atom; the caller has seen that one is there.
    pub(super) fn atom(&mut self, what: &str) -> Parsed<Atom<'t>> {
        let token = self.advance();
        let mut atom = Atom { text: self.lexer.text_of(token), span: token.span, bare: false, verbatim: None };
        match token.kind {
            Kind::Bare => {
                atom.bare = true;
                atom.verbatim = Some(token.span.start);
            }
            Kind::Unquotable => {
                atom.bare = true;
                let way = if atom.text.contains(['“', '”', '„', '«', '»']) {
                    "the quotes of DOT are plain ones: \"".to_owned()
                } else {
                    format!("write \"{}\"", escaped(&atom.text))
                };
                let title = format!("{} is not one name without quotes", shown(&atom.text));
                self.problems.add_once(Diagnostic::error(title).at(token.span, "quote this name").help(way));
            }
            Kind::Quoted { plain: true, .. } => atom.verbatim = Some(token.span.start + 1),
            _ => {}
        }
        while matches!(token.kind, Kind::Quoted { .. }) && self.take(b'+').is_some() {
            if !matches!(self.token.kind, Kind::Quoted { .. }) {
                return Err(self.syntax_error("a quoted string after `+`", &format!("`+` joins the parts of {what}")));
            }
            let part = self.advance();
            atom.text = Cow::Owned(atom.text.into_owned() + &self.lexer.text_of(part));
            atom.span = atom.span.to(part.span);
            atom.verbatim = None;
        }
        Ok(atom)
    }

    /// Takes the value behind `NAME =`.
    pub(super) fn value(&mut self, name: &Atom<'t>) -> Parsed<Atom<'t>> {
        if !self.token.is_atom() {
            let help = format!("write {}=\"…\"", escaped(&name.text));
            return Err(self.syntax_error(&format!("a value for {}", shown(&name.text)), &help));
        }
        let value = self.atom("a value")?;
        // A string that ran on to the next quote, which was meant to open another one.
        if self.suspect.is_some() && self.token.is_atom() && self.token.span.start == value.span.end {
            return Err(self.syntax_error("`,` or `]`", ""));
        }
        if value.bare && self.token.is(b'=') {
            let text = format!("the value of {} must be quoted", shown(&name.text));
            let help = format!("write {}=\"{}=…\"", escaped(&name.text), escaped(&value.text));
            self.problems.add(Diagnostic::error(text).at(value.span, "a list needs quotes").help(help));
            return Err(GivenUp);
        }
        Ok(value)
    }

    // attributes: {"[" {name "=" value [";" | ","]} "]"}
    /// Takes attribute lists. `of`: whether they are the graph's, a node's or an edge's, be it their own or defaults.
    pub(super) fn attributes(&mut self, of: Keyword) -> Parsed<Attributes> {
        let mut set = Attributes::default();
        while let Some(open) = self.take(b'[') {
            loop {
                if self.take(b']').is_some() {
                    break;
                }
                if self.take(b',').or_else(|| self.take(b';')).is_some() {
                    continue;
                }
                let first = self.token;
                if !first.is_atom() {
                    return Err(self.broken_list(open.span, first));
                }
                let name = self.atom("an attribute's name")?;
                if self.take(b'=').is_none() {
                    return Err(self.broken_list(open.span, first));
                }
                let value = self.value(&name).inspect_err(|_| self.skip_list())?;
                match of {
                    Keyword::Graph => self.graph_attribute(&name, &value),
                    Keyword::Node => self.node_attribute(&name, &value, &mut set),
                    _ => self.edge_attribute(&name, &value, &mut set),
                }
            }
        }
        Ok(set)
    }

    /// Notes an attribute of the graph. One of a subgraph is that subgraph's alone, and says nothing about its links.
    pub(super) fn graph_attribute(&mut self, name: &Atom<'_>, value: &Atom<'_>) {
        const KNOWN: [&str; 5] = ["hostidtype", "hostnametype", "portnametype", "LLDP", "BFD"];
        self.check_spelling(name, &KNOWN);
        if name.text == "notify" {
            self.problems.add_once(
                Diagnostic::warning("`notify` of a graph has no effect")
                    .at(name.span, "ignored")
                    .help("for all links that follow write `edge [notify=\"…\"]`"),
            );
        }
        if self.scope.depth == 0 {
            self.lists.set_graph(&name.text, value.value());
        } else if KNOWN.contains(&name.text.as_ref()) {
            let help = if name.text.ends_with("type") {
                "put it outside the subgraph: it holds for the whole graph".to_owned()
            } else {
                format!("for the links of this subgraph write `edge [{}=\"…\"]`", name.text)
            };
            self.problems.add_once(
                Diagnostic::warning(format!("`{}` of a subgraph has no effect", name.text))
                    .at(name.span, "ignored")
                    .help(help),
            );
        }
    }

    fn node_attribute(&mut self, name: &Atom<'_>, value: &Atom<'_>, set: &mut Attributes) {
        if name.text == "function" {
            set.function = Some(self.directory.functions.number(&value.text));
        }
    }

    fn edge_attribute(&mut self, name: &Atom<'_>, value: &Atom<'_>, set: &mut Attributes) {
        match name.text.as_ref() {
            "LLDP" => set.lldp = Some(self.lists.lldp(value.value(), self.problems)),
            "BFD" => self.lists.bfd(value.value(), self.problems),
            "notify" => set.notify = Some(notify(value.value(), self.problems)),
            "tailport" => set.ports[0] = Some(self.port_attribute(&value.text)),
            "headport" => set.ports[1] = Some(self.port_attribute(&value.text)),
            _ => self.check_spelling(name, &["LLDP", "BFD", "notify", "tailport", "headport"]),
        }
    }

    /// `headport="swp1:ne"` is what Graphviz makes of `:swp1:ne`.
    fn port_attribute(&mut self, text: &str) -> u32 {
        let port = match text.rsplit_once(':') {
            Some((port, compass)) if COMPASS.contains(&compass) => port,
            _ => text,
        };
        if port.is_empty() { NO_PORT } else { self.directory.ports.number(port) }
    }

    /// Attribute names are case-sensitive. One that is known but for its case is a slip.
    fn check_spelling(&mut self, name: &Atom<'_>, known: &[&str]) {
        let meant = known.iter().find(|known| known.eq_ignore_ascii_case(&name.text) && **known != name.text);
        if let Some(meant) = meant {
            self.problems.add_once(
                Diagnostic::warning(format!("{} is not `{meant}`", shown(&name.text)))
                    .at(name.span, "means nothing to the plan")
                    .help(format!("the names of attributes are case-sensitive; did you mean `{meant}`?")),
            );
        }
    }

    /// An attribute list that goes on with something else than an attribute; the mistake begins at `first`.
    fn broken_list(&mut self, open: Span, first: Token) -> GivenUp {
        if self.suspect.is_some() || matches!(self.token.kind, Kind::Unclosed(_)) {
            return self.syntax_error("`]`", "");
        }
        // What can only be the next statement, or the end of this one, shows that the bracket is missing.
        let ended = matches!(
            self.token.kind,
            Kind::End | Kind::Punctuation(b'{' | b'}' | b'[' | b':') | Kind::Keyword(_) | Kind::Operator(_)
        );
        if ended {
            self.problems.add(
                Diagnostic::error("a `[` is never closed").at(open, "opened here").help("add the `]` that is missing"),
            );
            self.resume = Some(first.span.start);
            return GivenUp;
        }
        let (what, help) = if self.token == first {
            ("an attribute or `]`".to_owned(), "attributes are `[NAME=\"value\", NAME=\"value\"]`".to_owned())
        } else {
            let name = self.raw(first.span);
            (format!("`=` after {}", shown(name)), format!("an attribute has a value: {}=\"…\"", escaped(name)))
        };
        let given_up = self.syntax_error(&what, &help);
        self.skip_list();
        given_up
    }
}

/// Where Graphviz may attach an edge to a node's shape.
pub(super) const COMPASS: [&str; 10] = ["n", "ne", "e", "se", "s", "sw", "w", "nw", "c", "_"];
