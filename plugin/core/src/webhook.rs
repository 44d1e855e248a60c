//! Requests from outside. None are expected: the providers' push is not subscribed to, and no webhook is registered.

/// An answer to a request from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What to say.
    pub body: &'static str,
}

/// Nobody was told an address here, so there is nothing to answer.
#[must_use]
pub fn handle(_name: &str) -> Answer {
    Answer {
        status: 404,
        body: "No webhook of this name is registered.",
    }
}
