//! Messages: JSON-RPC 2.0.

use crate::refused::Refused;
use gen_lsp_types::ErrorCodes;
pub(crate) use gen_lsp_types::json_rpc::Id;
use serde_json::{Value, json};

/// A message of the editor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Incoming {
    /// It wants an answer.
    Request(Request),
    /// It tells something.
    Notification { method: String, params: Value },
    /// It answers a request of ours.
    Answer,
}

/// A request of the editor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) id: Id,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// Reads a message. What is none comes with the id that it has, if it can be told.
pub(crate) fn parse(body: &[u8]) -> Result<Incoming, (Id, Refused)> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let refused = Refused::rpc(ErrorCodes::ParseError, format!("no JSON: {error}"));
        (Id::Null, refused)
    })?;
    let invalid = |id: Id, why: &str| Err((id, Refused::rpc(ErrorCodes::InvalidRequest, why)));
    let Value::Object(mut members) = value else {
        return invalid(Id::Null, "a message is an object");
    };
    let id = match members.remove("id") {
        None => None,
        Some(Value::String(id)) => Some(Id::String(id)),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(number) => Some(Id::Number(number)),
            None => return invalid(Id::Null, "an id is a whole number or a text"),
        },
        Some(Value::Null) => Some(Id::Null),
        Some(_) => return invalid(Id::Null, "an id is a whole number or a text"),
    };
    if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid(id.unwrap_or(Id::Null), "`jsonrpc` is not \"2.0\"");
    }
    let params = members.remove("params").unwrap_or(Value::Null);
    match (members.remove("method"), id) {
        (Some(Value::String(method)), Some(id)) if id != Id::Null => {
            Ok(Incoming::Request(Request { id, method, params }))
        }
        (Some(Value::String(method)), None) => Ok(Incoming::Notification { method, params }),
        (None, Some(_)) if members.contains_key("result") || members.contains_key("error") => {
            Ok(Incoming::Answer)
        }
        (_, id) => invalid(
            id.unwrap_or(Id::Null),
            "a message has a method and an id, a method, or an id and a result",
        ),
    }
}

/// The answer to a request.
pub(crate) fn answer(id: &Id, result: Result<Value, Refused>) -> String {
    let message = match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(Refused { code, message }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
    };
    message.to_string()
}

/// Something that the editor is told.
pub(crate) fn notification(method: &str, params: &impl serde::Serialize) -> String {
    json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string()
}

/// Something that the editor is asked.
pub(crate) fn request(id: &str, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Id, i32) {
        let (id, refused) = parse(text.as_bytes()).expect_err(text);
        (id, refused.code)
    }

    #[test]
    fn messages_are_told_apart() {
        let read = |text: &str| parse(text.as_bytes()).expect(text);
        let request = read(r#"{"jsonrpc":"2.0","id":"a","method":"m","params":[1]}"#);
        let expected = Request {
            id: Id::String("a".into()),
            method: "m".into(),
            params: json!([1]),
        };
        assert_eq!(request, Incoming::Request(expected));
        let told = read(r#"{"jsonrpc":"2.0","method":"m"}"#);
        assert!(matches!(
            told,
            Incoming::Notification {
                params: Value::Null,
                ..
            }
        ));
        let answer = read(r#"{"jsonrpc":"2.0","id":1,"result":null}"#);
        assert_eq!(answer, Incoming::Answer);
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_id() {
        assert_eq!(refused("{"), (Id::Null, -32700));
        assert_eq!(refused(&"[".repeat(100_000)), (Id::Null, -32700));
        assert_eq!(refused("\u{0}"), (Id::Null, -32700));
        assert_eq!(parse(b"\xff").map_err(|(_, it)| it.code), Err(-32700));
        assert_eq!(refused("[]"), (Id::Null, -32600));
        assert_eq!(
            refused(r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#),
            (Id::Null, -32600)
        );
        assert_eq!(
            refused(r#"{"jsonrpc":"2.0","id":7}"#),
            (Id::Number(7), -32600)
        );
        assert_eq!(
            refused(r#"{"jsonrpc":"1.0","id":7,"method":"m"}"#),
            (Id::Number(7), -32600)
        );
        assert_eq!(
            refused(r#"{"jsonrpc":"2.0","id":7,"method":5}"#),
            (Id::Number(7), -32600)
        );
        assert_eq!(
            refused(r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#),
            (Id::Null, -32600)
        );
    }
}
