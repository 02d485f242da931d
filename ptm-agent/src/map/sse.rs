//! Reads a stream of server-sent events, piece by piece, as the HTML standard describes it (§9.2.6). Pure and bounded.

use std::mem;

/// A message of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its kind; `message` where it says none.
    pub event: String,
    /// Its data.
    pub data: String,
}

/// What is no stream of such messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// A message, or a line of one, is longer than it may be.
    #[error("a message of its event stream is too long")]
    TooLong,
    /// It is not UTF-8.
    #[error("its event stream is not UTF-8")]
    NotText,
}

/// Puts pieces together to messages.
#[derive(Debug)]
pub(super) struct Parser {
    /// The most bytes that a message may have.
    longest: usize,
    /// The line under way.
    line: Vec<u8>,
    /// Whether the last byte was a CR: a LF that follows belongs to it.
    after_cr: bool,
    event: String,
    data: String,
    has_data: bool,
}

impl Parser {
    /// A parser of messages that have `longest` bytes at most.
    pub(super) fn new(longest: usize) -> Self {
        let (line, event, data) = (Vec::new(), String::new(), String::new());
        Self { longest, line, after_cr: false, event, data, has_data: false }
    }

    /// The next message that `piece` completes; what is behind it is left in there. `None`: it takes more of the stream.
    pub(super) fn next(&mut self, piece: &mut &[u8]) -> Result<Option<Message>, Malformed> {
        while let Some((&byte, rest)) = piece.split_first() {
            *piece = rest;
            let after_cr = mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    let line = mem::take(&mut self.line);
                    let text = str::from_utf8(&line).map_err(|_| Malformed::NotText)?;
                    if let Some(message) = self.end_of_line(text) {
                        return Ok(Some(message));
                    }
                }
                _ if self.line.len() + self.data.len() + self.event.len() >= self.longest => {
                    return Err(Malformed::TooLong);
                }
                _ => self.line.push(byte),
            }
        }
        Ok(None)
    }

    fn end_of_line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let (event, data) = (mem::take(&mut self.event), mem::take(&mut self.data));
            let event = if event.is_empty() { "message".to_owned() } else { event };
            // One without data is none.
            return mem::take(&mut self.has_data).then_some(Message { event, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // A comment, or what is of no use here: `id`, `retry`.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(pieces: &[&[u8]]) -> Result<Vec<Message>, Malformed> {
        let (mut parser, mut messages) = (Parser::new(40), Vec::new());
        for mut piece in pieces.iter().copied() {
            while let Some(message) = parser.next(&mut piece)? {
                messages.push(message);
            }
            assert!(piece.is_empty());
        }
        Ok(messages)
    }

    fn message(event: &str, data: &str) -> Message {
        Message { event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn a_stream_reads_as_the_standard_says() {
        let cases: &[(&str, &[Message])] = &[
            ("id: 1-2\nevent: port\ndata: {}\n\n", &[message("port", "{}")]),
            ("event:port\r\ndata:{}\r\n\r\n", &[message("port", "{}")]),
            ("data: a\rdata:  b\r\r", &[message("message", "a\n b")]),
            (": comment\n\nevent: port\n\ndata\n\n", &[message("message", "")]),
            ("data: a\n\ndata: b\n\ndata: c\n", &[message("message", "a"), message("message", "b")]),
            ("retry: 3\nunknown\n\n", &[]),
        ];
        for (text, messages) in cases {
            assert_eq!(parse(&[text.as_bytes()]).as_deref(), Ok(*messages), "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        let endless_line = [b'x'; 41];
        assert_eq!(parse(&[&endless_line]), Err(Malformed::TooLong));
        let endless_message = "data: abcdef\n".repeat(10);
        assert_eq!(parse(&[endless_message.as_bytes()]), Err(Malformed::TooLong));
        assert_eq!(parse(&[b"data: \xff\n"]), Err(Malformed::NotText));
        let many_messages = "data: abcdef\n\n".repeat(10);
        assert_eq!(parse(&[many_messages.as_bytes()]).map(|messages| messages.len()), Ok(10));
        let line_after_line = "x\n".repeat(100);
        assert_eq!(parse(&[line_after_line.as_bytes()]), Ok(Vec::new()), "what is passed over takes no room");
    }

    proptest! {
        #[test]
        fn it_is_the_same_wherever_it_is_cut(text in "(data|event|:|[a-z]| |\r|\n|é){0,30}", cut in 0_usize..60) {
            let bytes = text.as_bytes();
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(parse(&[one, other]), parse(&[bytes]));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(parse(&single), parse(&[bytes]));
        }
    }
}
