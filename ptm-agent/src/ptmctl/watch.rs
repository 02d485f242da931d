//! `--watch`: the same view again and again, in place on a terminal, else one after the other.

use std::convert::Infallible;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use humantime::format_rfc3339_millis;

use super::colour::Terminal;
use super::connection::Connection;
use super::screen::{self, Size};
use super::view::{self, View};
use super::{Failure, print};
use crate::escape::shown;
use crate::host;

/// Between two attempts to reach an agent that is away.
const RETRY: Duration = Duration::from_secs(1);
/// Between two pictures while changes rush in: more nobody can see.
const BREATH: Duration = Duration::from_millis(50);

/// Somebody watching.
pub(super) struct Watch<'a> {
    view: View<'a>,
    every: Duration,
    socket: &'a str,
    terminal: Terminal,
    out: &'a mut dyn Write,
    /// The last picture.
    last: Option<Seen>,
    /// Why there is no newer one. On a pipe the same trouble is told once.
    trouble: Option<String>,
    has_drawn: bool,
}

/// A picture, drawn.
struct Seen {
    sections: [String; 3],
    summary: String,
    time: String,
}

impl<'a> Watch<'a> {
    /// Watches `view` at the control socket called `socket`, with a look at least `every` so often.
    pub(super) fn new(
        view: View<'a>,
        every: Duration,
        socket: &'a str,
        terminal: Terminal,
        out: &'a mut dyn Write,
    ) -> Self {
        Self { view, every, socket, terminal, out, last: None, trouble: None, has_drawn: false }
    }

    /// Goes on until the output takes no more. An agent that is away is waited for.
    pub(super) fn run(mut self) -> Result<Infallible, Failure> {
        loop {
            let Err(failure) = self.follow();
            match failure {
                Failure::Output(_) => return Err(failure),
                Failure::Gone | Failure::NoAgent => self.draw(Some("no agent runs here".to_owned()))?,
                away => self.draw(Some(away.to_string()))?,
            }
            thread::sleep(RETRY);
        }
    }

    /// Draws at each change, for as long as there is an agent.
    fn follow(&mut self) -> Result<Infallible, Failure> {
        let mut connection = Connection::open(self.socket)?;
        loop {
            // Whatever has changed until now is in the answer. What changes while it comes is looked at again.
            connection.forget_notifications();
            let (paint, time) = (self.terminal.paint, now());
            self.last = Some(match self.view.ask(&mut connection) {
                Ok(it) => Seen { sections: it.sections(paint), summary: it.summary(), time },
                // Nothing to see now, such as no neighbor; there may be soon.
                Err(refused @ (Failure::Refused(_) | Failure::NoPort(_))) => {
                    let sections = [format!("{refused}\n"), String::new(), String::new()];
                    Seen { sections, summary: String::new(), time }
                }
                Err(failure) => return Err(failure),
            });
            let drawn = Instant::now();
            self.draw(None)?;
            connection.notification(Some(drawn + self.every))?;
            thread::sleep(BREATH.saturating_sub(drawn.elapsed()));
        }
    }

    /// Draws the last picture; under `trouble`, if there is some, it is old.
    fn draw(&mut self, trouble: Option<String>) -> Result<(), Failure> {
        let is_news = trouble.is_none() || trouble != self.trouble;
        self.trouble = trouble;
        let size = self.terminal.can_draw.then(Size::now);
        let (page, is_first) = (self.page(size), !std::mem::replace(&mut self.has_drawn, true));
        let text = if let Some(size) = size {
            let room = if is_first { screen::make_room(size) } else { String::new() };
            room + &screen::frame(&page, size)
        } else if is_first {
            page
        } else if is_news {
            format!("\n{page}")
        } else {
            return Ok(());
        };
        print(self.out, &text).map(drop)
    }

    /// The last picture under its head. Where it does not fit into the window, what is wrong comes first, and what is cut
    /// is the table's end.
    fn page(&self, window: Option<Size>) -> String {
        let paint = self.terminal.paint;
        let host = paint.heading(&shown(&host::node_name()));
        let clock = |time: &str| time.get(11..19).unwrap_or_default().to_owned() + " UTC";
        let head = match (&self.trouble, &self.last) {
            (None, Some(seen)) => format!("{host}  {}  {}\n", clock(&seen.time), seen.summary),
            (Some(trouble), Some(seen)) => {
                let now = clock(&now());
                let old = format!("OLD, seen at {}: {}", clock(&seen.time), seen.summary);
                format!("{host}  {now}  {trouble}; waiting for it\n{}\n", paint.trouble(&old))
            }
            (trouble, None) => {
                let trouble = trouble.as_deref().unwrap_or_default();
                return format!("{host}  {}  {trouble}; waiting for it\n", clock(&now()));
            }
        };
        let head = format!("{}\n", head.trim_end());
        let [what, why, warning] = match &self.last {
            Some(seen) => seen.sections.each_ref().map(String::as_str),
            None => [""; 3],
        };
        let page = view::join(&[&head, what, why, warning]);
        match window {
            Some(window) if !screen::fits(&page, window) => view::join(&[&head, warning, why, what]),
            _ => page,
        }
    }
}

/// Now, in UTC, as RFC 3339 writes it.
fn now() -> String {
    format_rfc3339_millis(SystemTime::now()).to_string()
}
