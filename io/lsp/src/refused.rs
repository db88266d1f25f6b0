//! Requests that get an error for an answer.

use gen_lsp_types::{ErrorCodes, LspErrorCodes};
use std::fmt;

/// Why a request got no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: i32,
    pub(crate) message: String,
}

impl Refused {
    /// By a code of JSON-RPC.
    pub(crate) fn rpc(code: ErrorCodes, message: impl Into<String>) -> Refused {
        Refused {
            code: code.into(),
            message: message.into(),
        }
    }

    /// By a code of the protocol.
    pub(crate) fn lsp(code: LspErrorCodes, message: impl Into<String>) -> Refused {
        Refused {
            code: code.into(),
            message: message.into(),
        }
    }

    /// What was asked for can't be done, for a reason that the user is to read.
    pub(crate) fn failed(message: impl fmt::Display) -> Refused {
        Refused::lsp(LspErrorCodes::RequestFailed, message.to_string())
    }

    /// The editor does not want the answer any more.
    pub(crate) fn cancelled() -> Refused {
        Refused::lsp(LspErrorCodes::RequestCancelled, "cancelled")
    }
}
