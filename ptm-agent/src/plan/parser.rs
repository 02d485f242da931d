//! Reads a topology file in one walk: recursive descent over the tokens, links streamed into a vector, no tree.
//!
//! The grammar is Graphviz's (`lib/cgraph/grammar.y`). A mistake ends its statement; reading goes on at the next one,
//! so that one reading names every mistake.

mod edges;
mod recovery;
mod values;

use std::collections::HashMap;

use self::edges::{Operand, StatementEnd};
use super::attributes::Notify;
use super::diagnostic::{Diagnostic, Problems, Span, shown};
use super::directory::{Directory, Number};
use super::lexer::{Keyword, Kind, Lexer, Operator, Token};
use super::links::Link;
use super::lists::{ListId, Lists};
use super::scope::{Attributes, Members, Scope, Subgraphs};

/// Subgraphs in subgraphs in …: no plan needs more than a few, and each level takes stack.
const DEEPEST: usize = 64;

/// The statement is given up; why has been noted.
struct GivenUp;

type Parsed<T> = Result<T, GivenUp>;

/// What a file holds, before its links are sorted.
pub(super) struct Reading {
    /// Names and functions; no links yet.
    pub(super) directory: Directory,
    pub(super) links: Vec<Link>,
    /// The distinct sets of attributes that links have.
    pub(super) link_attributes: Vec<(ListId, Notify)>,
    pub(super) lists: Lists,
    /// `--` or `->`, if the file says which.
    pub(super) kind: Option<Operator>,
    /// Where it says `strict`.
    pub(super) strict: Option<Span>,
}

/// Reads `text`, which is shorter than 4 GiB.
pub(super) fn parse(text: &str, problems: &mut Problems) -> Reading {
    let mut lexer = Lexer::new(text, 0);
    let token = lexer.next_token();
    let mut directory = Directory::default();
    // Number 0 is "no function".
    directory.functions.number("");
    let mut parser = Parser {
        text,
        lexer,
        token,
        previous: Span { start: 0, end: 0 },
        problems,
        resume: None,
        suspect: None,
        swallowed: false,
        may_rewind: text.len(),
        // A link takes 24 bytes here and about 40 in the file. Pages that are not written to cost nothing.
        links: Vec::with_capacity(text.len() / 24),
        directory,
        link_attributes: Vec::new(),
        attribute_numbers: HashMap::new(),
        lists: Lists::default(),
        subgraphs: Subgraphs::default(),
        scope: Scope::default(),
        ends: Vec::new(),
        operands: Vec::new(),
        expanded: 0,
        kind: None,
        strict: None,
    };
    parser.file();
    let Parser { directory, links, link_attributes, lists, kind, strict, .. } = parser;
    Reading { directory, links, link_attributes, lists, kind, strict }
}

struct Parser<'t, 'p> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// The next token.
    token: Token,
    /// Where the one before it stands.
    previous: Span,
    problems: &'p mut Problems,

    /// Where to go on after a mistake, if it is known better than "behind this line".
    resume: Option<u32>,
    /// The first string of this statement that runs over a line's end: likely the one whose quote is missing.
    suspect: Option<Token>,
    /// Something was not closed and took the rest of the file: whatever else is missing there may be in it.
    swallowed: bool,
    /// How many bytes may still be read a second time, so that no file takes more than linear time.
    may_rewind: usize,

    directory: Directory,
    links: Vec<Link>,
    link_attributes: Vec<(ListId, Notify)>,
    attribute_numbers: HashMap<(ListId, Notify), u32>,
    lists: Lists,
    subgraphs: Subgraphs,
    scope: Scope,
    /// Nodes of the statements being read, and what each statement connects; used as stacks.
    ends: Vec<StatementEnd>,
    operands: Vec<Operand>,
    /// Links that came from lists and subgraphs as ends.
    expanded: usize,

    kind: Option<Operator>,
    strict: Option<Span>,
}

impl<'t> Parser<'t, '_> {
    fn advance(&mut self) -> Token {
        let token = self.token;
        self.previous = token.span;
        self.token = self.lexer.next_token();
        if let Kind::Quoted { multiline: true, .. } = token.kind
            && self.suspect.is_none()
        {
            self.suspect = Some(token);
        }
        token
    }

    fn take(&mut self, punctuation: u8) -> Option<Token> {
        self.token.is(punctuation).then(|| self.advance())
    }

    fn raw(&self, span: Span) -> &'t str {
        &self.text[span.range()]
    }

    // graph: ["strict"] ("graph" | "digraph") [name] "{" statements "}"
    fn file(&mut self) {
        if self.token.kind == Kind::End {
            self.problems.add(
                Diagnostic::error("the file is empty")
                    .at(self.token.span, "expected a graph")
                    .help("write the cabling as `graph G { \"leaf1\":\"swp1\" -- \"spine1\":\"swp1\" }`"),
            );
            return;
        }
        let Some(open) = self.header() else { return };
        self.statements(Some(open));
        // Whatever follows a superfluous `}` is read as well: its mistakes and links are the plan's.
        while self.token.kind != Kind::End {
            let close = self.previous;
            let found = self.token;
            let another = matches!(found.kind, Kind::Keyword(Keyword::Graph | Keyword::Digraph | Keyword::Strict));
            let (title, help) = if another {
                ("a second graph in the file", "put all links into one graph")
            } else {
                ("the graph ends before the file does", "remove this `}`, or what follows it")
            };
            let diagnostic = Diagnostic::error(title);
            self.problems.add_once(if another {
                diagnostic.at(found.span, "not read").at(close, "the first one ends here").help(help)
            } else {
                diagnostic.at(close, "ends the graph").at(found.span, "more follows").help(help)
            });
            if another {
                return;
            }
            self.statements(None);
        }
    }

    /// Reads up to the opening brace and gives its place; `None` if there is nothing to read behind it.
    fn header(&mut self) -> Option<Span> {
        if self.token.kind == Kind::Keyword(Keyword::Strict) {
            self.strict = Some(self.advance().span);
        }
        match self.token.kind {
            Kind::Keyword(Keyword::Graph) => self.kind = Some(Operator::Line),
            Kind::Keyword(Keyword::Digraph) => self.kind = Some(Operator::Arrow),
            _ => {
                self.syntax_error("`graph` or `digraph`", "a plan begins with `graph NAME {` and ends with `}`");
                self.resume = None;
                while !matches!(self.token.kind, Kind::End | Kind::Unclosed(_)) && !self.token.is(b'{') {
                    self.advance();
                }
                return self.take(b'{').map(|brace| brace.span);
            }
        }
        let keyword = self.advance().span;
        if self.token.is_atom() {
            // The name means nothing here, so a doubtful one does no harm.
            self.atom("a graph's name").ok();
        }
        if let Some(brace) = self.take(b'{') {
            return Some(brace.span);
        }
        self.syntax_error("`{`", "a plan is `graph NAME {`, its links, and `}`");
        self.recover(keyword.start);
        Some(keyword)
    }

    // statements: { statement [";"] } "}"
    /// `open`: where the brace is that has to be closed, if one has to.
    fn statements(&mut self, open: Option<Span>) {
        loop {
            match self.token.kind {
                Kind::End => {
                    if let Some(open) = open.filter(|_| !self.swallowed) {
                        // Once is enough, however many subgraphs are open with it.
                        self.problems.add_once(
                            Diagnostic::error("a `{` is never closed")
                                .at(open, "opened here")
                                .help("add the `}` that is missing"),
                        );
                    }
                    return;
                }
                Kind::Punctuation(b'}') => {
                    self.advance();
                    return;
                }
                Kind::Punctuation(b';') => {
                    self.advance();
                }
                _ => {
                    let start = self.token.span.start;
                    let (ends, operands) = (self.ends.len(), self.operands.len());
                    self.suspect = None;
                    if self.statement().is_err() {
                        self.recover(start);
                    }
                    self.ends.truncate(ends);
                    self.operands.truncate(operands);
                }
            }
        }
    }

    // statement: ("graph" | "node" | "edge") attributes | name "=" value | operand {edgeop operand} [attributes]
    fn statement(&mut self) -> Parsed<()> {
        let start = self.token.span;
        match self.token.kind {
            Kind::Keyword(keyword @ (Keyword::Graph | Keyword::Node | Keyword::Edge)) => {
                let word = self.advance();
                if !self.token.is(b'[') {
                    let word = self.raw(word.span);
                    let help =
                        format!("`{word}` is a word of the language; a node of that name is written `\"{word}\"`");
                    return Err(self.syntax_error(&format!("`[` after `{word}`"), &help));
                }
                let set = self.attributes(keyword)?;
                self.scope.set_defaults(set);
                Ok(())
            }
            Kind::Keyword(Keyword::Subgraph) | Kind::Punctuation(b'{') => {
                let members = self.subgraph()?;
                self.operands.push(Operand::Subgraph(members));
                self.chain(start)
            }
            _ if self.token.is_atom() => {
                let name = self.atom("a node")?;
                if self.take(b'=').is_some() {
                    let value = self.value(&name)?;
                    self.graph_attribute(&name, &value);
                    return Ok(());
                }
                self.nodes(name)?;
                self.chain(start)
            }
            Kind::Operator(operator) => {
                let what = format!("a node before `{}`", operator.as_str());
                Err(self
                    .syntax_error(&what, "a link has a node at each end: `\"leaf1\":\"swp1\" -- \"spine1\":\"swp1\"`"))
            }
            Kind::Stray if self.raw(start) == "-" => {
                Err(self
                    .syntax_error("`--` or `->`", "a link is written with two characters: `--`, or `->` in a digraph"))
            }
            _ => Err(self
                .syntax_error("a statement", "a plan consists of links: `\"leaf1\":\"swp1\" -- \"spine1\":\"swp1\"`")),
        }
    }

    // subgraph: ["subgraph" [name]] "{" statements "}"
    fn subgraph(&mut self) -> Parsed<Members> {
        let mut name = None;
        if self.token.kind == Kind::Keyword(Keyword::Subgraph) {
            self.advance();
            if self.token.is_atom() {
                name = Some(self.atom("a subgraph's name")?);
            }
        }
        let Some(brace) = self.take(b'{') else {
            return Err(self.syntax_error("`{`", "a subgraph is `subgraph NAME { … }`"));
        };
        if self.scope.depth == DEEPEST {
            self.problems.add_once(
                Diagnostic::error(format!("subgraphs lie more than {DEEPEST} deep in each other"))
                    .at(brace.span, "too deep")
                    .help("a link means the same in any subgraph: use fewer of them"),
            );
            self.skip_braces();
            return Err(GivenUp);
        }
        let outer = self.scope;
        self.scope = self.subgraphs.open(&outer, name.as_ref().map(|name| name.text.as_ref()));
        // A mistake inside is not this statement's; nor is a long string.
        let suspect = self.suspect.take();
        self.statements(Some(brace.span));
        self.suspect = suspect;
        let members = self.subgraphs.close(self.scope);
        self.scope = outer;
        Ok(members)
    }

    /// The number of a node, a new one with the defaults that hold here: Graphviz gives them when it first sees it.
    fn node(&mut self, name: &str) -> Number {
        let node = self.directory.nodes.number(name);
        if node as usize == self.directory.function_of.len() {
            self.directory.function_of.push(self.scope.defaults.function.unwrap_or(0));
        }
        self.subgraphs.mention(&self.scope, node);
        node
    }

    fn set_function(&mut self, node: Number, attributes: Attributes) {
        if let Some(function) = attributes.function {
            self.directory.function_of[node as usize] = function;
        }
    }

    /// Notes what was found in place of `expected`; or, if that comes of a string that was not closed, that.
    fn syntax_error(&mut self, expected: &str, help: &str) -> GivenUp {
        if let Some(string) = self.suspect.take() {
            self.unclosed_string(string);
            return GivenUp;
        }
        let found = self.token;
        let (title, label) = match found.kind {
            Kind::End => (format!("expected {expected}, and the file ends"), "the file ends here".to_owned()),
            Kind::Unclosed(what) => return self.unclosed(what, found.span),
            _ => {
                (format!("expected {expected}, found {}", shown(self.raw(found.span))), format!("expected {expected}"))
            }
        };
        self.problems.add(Diagnostic::error(title).at(found.span, label).help(help));
        GivenUp
    }
}
