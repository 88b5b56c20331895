//! The HTTP request by which a client opens a WebSocket, RFC 6455 §4.2, and its answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The only path at which there is a WebSocket on these ports.
const PATH: &str = "/mqtt";
/// In the order of preference: that of MQTT 5 and 3.1.1 [MQTT-6.0.0-3], and that of clients of MQTT 3.1.
const PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];
const FIELDS_MAX: usize = 64;
const KEY_BYTES: usize = 16;
/// RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a request is answered; `Err`: it opens no WebSocket.
pub type Answer = Result<String, String>;

/// The answer to the request in `head`, which ends with its empty line.
pub fn answer(head: &[u8]) -> Answer {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(status) if status.is_complete() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(oversize()),
        _ => return Err(refusal("400 Bad Request", "", "it is no HTTP request")),
    }
    if request.method != Some("GET") {
        return Err(refusal("405 Method Not Allowed", "Allow: GET\r\n", "the method is not GET"));
    }
    let path = request.path.unwrap_or_default();
    if path.split('?').next() != Some(PATH) {
        return Err(refusal("404 Not Found", "", "the path is not /mqtt"));
    }
    let fields = Fields(request.headers);
    if !fields.has_token("upgrade", "websocket") || !fields.has_token("connection", "upgrade") {
        return Err(refusal("426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", "it asks for no WebSocket"));
    }
    if fields.one("sec-websocket-version") != Some("13") {
        let versions = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"; // RFC 6455 §4.4
        return Err(refusal("426 Upgrade Required", versions, "its version of WebSocket is not 13"));
    }
    if request.version != Some(1) || fields.one("host").is_none() {
        return Err(refusal("400 Bad Request", "", "it is not HTTP/1.1 with one field Host"));
    }
    let key = fields.one("sec-websocket-key").filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == KEY_BYTES));
    let Some(key) = key else { return Err(refusal("400 Bad Request", "", "Sec-WebSocket-Key is not 16 bytes in Base64")) };
    let Some(protocol) = PROTOCOLS.iter().find(|&&protocol| fields.offers("sec-websocket-protocol", protocol)) else {
        return Err(refusal("400 Bad Request", "", "it offers neither subprotocol, mqtt or mqttv3.1"));
    };
    let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()));
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    ))
}

/// The answer to a request whose head is too long.
pub fn oversize() -> String {
    refusal("431 Request Header Fields Too Large", "", "its head is too long")
}

fn refusal(status: &str, fields: &str, cause: &str) -> String {
    let body = format!("cannot open a WebSocket: {cause}\n");
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}Content-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

struct Fields<'a>(&'a [httparse::Header<'a>]);

impl Fields<'_> {
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.filter_map(|field| std::str::from_utf8(field.value).ok())
    }

    /// The value of a field that is there once.
    fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        let value = values.next()?;
        if values.next().is_some() { None } else { Some(value.trim()) }
    }

    fn items(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all(name).flat_map(|value| value.split(',')).map(str::trim)
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        self.items(name).any(|item| item.eq_ignore_ascii_case(token))
    }

    /// Subprotocols are compared as they are, RFC 6455 §4.1.
    fn offers(&self, name: &str, protocol: &str) -> bool {
        self.items(name).any(|item| item == protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl Fn(&str) -> String) -> Vec<u8> {
        let lines = [
            "GET /mqtt HTTP/1.1",
            "Host: server.example.com",
            "Upgrade: WebSocket",
            "Connection: keep-alive, Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol: chat, mqtt",
            "Sec-WebSocket-Version: 13",
        ];
        let head: String = lines.iter().map(|line| change(line)).filter(|line| !line.is_empty()).map(|line| line + "\r\n").collect();
        (head + "\r\n").into_bytes()
    }

    #[test]
    fn a_good_request_gets_the_key_of_the_standard_and_the_subprotocol() {
        let answer = answer(&request(str::to_owned)).expect("it is accepted");
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        // RFC 6455 §1.3
        assert!(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{answer}");
        assert!(answer.contains("\r\nSec-WebSocket-Protocol: mqtt\r\n"), "{answer}");
        assert!(!answer.to_ascii_lowercase().contains("extensions"), "{answer}");
    }

    #[test]
    fn each_fault_has_its_status() {
        let cases = [
            ("GET", "POST /mqtt HTTP/1.1", "405"),
            ("GET", "GET /other HTTP/1.1", "404"),
            ("GET", "GET /mqtt HTTP/1.0", "400"),
            ("Host", "", "400"),
            ("Upgrade", "Upgrade: h2c", "426"),
            ("Connection", "Connection: close", "426"),
            ("Sec-WebSocket-Key", "Sec-WebSocket-Key: c2hvcnQ=", "400"),
            ("Sec-WebSocket-Key", "", "400"),
            ("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: MQTT", "400"),
            ("Sec-WebSocket-Protocol", "", "400"),
            ("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8", "426"),
            ("Host", "Host server.example.com", "400"),
        ];
        for (name, line, status) in cases {
            let asked = request(|each| if each.starts_with(name) { line.to_owned() } else { each.to_owned() });
            let answer = answer(&asked).expect_err(line);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answer}");
        }
    }

    #[test]
    fn the_older_name_of_the_subprotocol_is_taken_where_it_comes_alone() {
        let asked =
            request(|line| if line.starts_with("Sec-WebSocket-P") { "Sec-WebSocket-Protocol: mqttv3.1".into() } else { line.into() });
        let answer = answer(&asked).expect("it is accepted");
        assert!(answer.contains("\r\nSec-WebSocket-Protocol: mqttv3.1\r\n"), "{answer}");
    }
}
