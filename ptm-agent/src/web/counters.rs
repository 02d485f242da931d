//! What happens at the server, counted: for `/metrics`.

/// Counts of one server, as plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections now.
    pub connections: usize,
    /// Readers of the event stream now.
    pub stream_clients: usize,
    /// Readers of the event stream that were disconnected because they did not read.
    pub stream_clients_dropped: u64,
    /// Connections that were not served, by the reason's word, every one of them.
    pub connections_refused: Vec<(&'static str, u64)>,
    /// Requests without the answer that they wanted, by the reason's word, every one of them.
    pub requests_refused: Vec<(&'static str, u64)>,
}
