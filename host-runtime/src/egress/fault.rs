//! What went wrong with a request, in the words of `wasi:http`.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy::Error as ClientError;
use wasmtime_wasi_http::Error;

use super::connect::Prohibited;

/// The contract's name for what went wrong. The guest sees no addresses and nothing of the host's network.
pub(super) fn describe(error: &ClientError) -> Error {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<io::Error>()
            && let Some(described) = describe_io(io)
        {
            return described;
        }
        if let Some(hyper) = current.downcast_ref::<hyper::Error>() {
            return describe_hyper(hyper);
        }
        if let Some(own) = current.downcast_ref::<Error>() {
            return Error::InternalError(Some(own.to_string()));
        }
        cause = current.source();
    }
    if error.is_connect() {
        Error::DestinationUnavailable
    } else {
        Error::ConnectionTerminated
    }
}

fn describe_io(error: &io::Error) -> Option<Error> {
    if let Some(inner) = error.get_ref() {
        if let Some(described) = inner.downcast_ref::<io::Error>().and_then(describe_io) {
            return Some(described);
        }
        if inner.is::<Prohibited>() {
            return Some(Error::DestinationIpProhibited);
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(match tls {
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                    Error::TlsCertificateError
                }
                _ => Error::TlsProtocolError,
            });
        }
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Error::ConnectionRefused),
        io::ErrorKind::TimedOut => Some(Error::ConnectionTimeout),
        io::ErrorKind::NotFound => Some(Error::DnsError {
            rcode: None,
            info_code: None,
        }),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Error::ConnectionTerminated),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Some(Error::DestinationUnavailable)
        }
        _ => None,
    }
}

pub(super) fn describe_hyper(error: &hyper::Error) -> Error {
    if error.is_timeout() {
        Error::ConnectionReadTimeout
    } else if error.is_incomplete_message() {
        Error::HttpResponseIncomplete
    } else if error.is_parse() {
        Error::HttpProtocolError
    } else {
        Error::ConnectionTerminated
    }
}
