//! A client before servers that follow a script: what it makes of every answer, and of none.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use trapjaw_client::{Client, Error, Options, StreamId};
use trapjaw_event::{DeclaredType, layout};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{
    Ack, Bye, Decoder, Kind, Level, Matched, Message, Nack, Ping, Pong, Welcome,
};

/// The server's end of a connection.
struct Server {
    socket: TcpStream,
    decoder: Decoder,
}

impl Server {
    fn say(&mut self, message: &Message<'_>) {
        let mut out = Vec::new();
        message.encode(&mut out).expect("a message fits a frame");
        self.socket.write_all(&out).expect("the client reads");
    }

    /// Reads frames until one is of this kind, and returns its token or first number.
    fn until(&mut self, kind: Kind) -> u64 {
        let mut buffer = [0; 4096];
        loop {
            // Byte by byte, so that nothing behind the frame is lost.
            let count = match self.socket.read(&mut buffer[..1]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read.expect("the client says something"),
            };
            assert!(count > 0, "the client hung up");
            let mut input = &buffer[..count];
            if let Some(frame) = self.decoder.next(&mut input).expect("good frames")
                && frame.header.kind == kind
            {
                return match frame.message().expect("good frames") {
                    Message::Ping(Ping { token }) | Message::Pong(Pong { token }) => token,
                    _ => frame.header.first_seq,
                };
            }
        }
    }
}

const WELCOME: Welcome<'static> = Welcome {
    version: 1,
    level: Level::Received,
    codec: 1,
    credit: 10,
    max_frame: 1 << 20,
    max_rows: 10,
    high_water: 0,
    layout: 0,
    server: "script",
    server_version: "1",
};

/// A server that follows a script for one connection.
fn server(script: impl FnOnce(Server) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    let address = listener.local_addr().expect("it is bound");
    let thread = thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client comes");
        script(Server {
            socket,
            decoder: Decoder::new(),
        });
    });
    (address, thread)
}

/// One that says WELCOME before the script.
fn welcoming(script: impl FnOnce(Server) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    server(|mut server| {
        server.until(Kind::Hello);
        server.say(&Message::Welcome(WELCOME));
        script(server);
    })
}

fn soon() -> Options {
    Options {
        timeout: Some(Duration::from_millis(50)),
        ..Options::default()
    }
}

#[test]
fn a_refused_client_knows_why() {
    let (address, thread) = server(|mut server| {
        server.until(Kind::Hello);
        server.say(&Message::Nack(Nack::new(
            Some(Kind::Hello),
            0,
            Code::HelloToken,
            "no",
        )));
    });
    let error = Client::connect(address, &Options::default()).expect_err("it is refused");
    let refusal = error.refusal().expect("with a reason");
    assert_eq!(
        (refusal.known_code(), refusal.closing),
        (Some(Code::HelloToken), true)
    );
    assert_eq!(error.to_string(), "HELLO refused: no [E_HELLO_TOKEN]");
    thread.join().expect("the script is right");
}

#[test]
fn it_waits_no_longer_than_it_was_told() {
    let (address, thread) = server(|mut server| {
        server.until(Kind::Hello);
        let _ = server.socket.read(&mut [0; 64]);
    });
    assert!(matches!(
        Client::connect(address, &soon()),
        Err(Error::Timeout)
    ));
    thread.join().expect("the script is right");

    let (address, thread) = welcoming(|mut server| {
        server.until(Kind::Events);
        let _ = server.socket.read(&mut [0; 64]);
    });
    let mut client = Client::connect(address, &soon()).expect("it is welcome");
    assert!(matches!(
        client.next_match(Some(Duration::from_millis(1))),
        Ok(None)
    ));
    assert!(matches!(client.poll_match(), Ok(None)));
    client.send(&[0; 64], 10).expect("there is credit");
    assert!(matches!(client.flush(), Err(Error::Timeout)));
    assert!(
        matches!(client.send(&[0; 64], 1), Err(Error::Timeout)),
        "there is no credit"
    );
    assert!(matches!(client.send(&[0; 64], 11), Err(Error::Rows(10))));
    drop(client);
    thread.join().expect("the script is right");
}

#[test]
fn numbers_go_on_behind_what_the_server_has() {
    let (address, thread) = server(|mut server| {
        server.until(Kind::Hello);
        server.say(&Message::Welcome(Welcome {
            high_water: 41,
            ..WELCOME
        }));
        assert_eq!(server.until(Kind::Events), 42);
        server.say(&Message::Ack(Ack {
            sequence: 44,
            credit: 3,
            level: Level::Durable,
        }));
        assert_eq!(server.until(Kind::Events), 40);
        server.say(&Message::Ack(Ack {
            sequence: 44,
            credit: 1,
            level: Level::Durable,
        }));
        server.until(Kind::Bye);
    });
    let options = Options {
        stream: StreamId(1),
        ..Options::default()
    };
    let mut client = Client::connect(address, &options).expect("it is welcome");
    assert_eq!((client.sent(), client.acked()), (41, 41));
    assert_eq!(client.send(&[0; 64], 3).expect("there is credit"), 44);
    assert_eq!(client.flush().expect("it is acknowledged"), 44);
    assert_eq!((client.level(), client.credit()), (Level::Durable, 10));
    client.resume_from(40);
    assert_eq!(client.send(&[0; 64], 1).expect("there is credit"), 40);
    assert_eq!(client.close().expect("in good order"), 44);
    thread.join().expect("the script is right");
}

#[test]
fn matches_pings_and_refusals_may_come_between() {
    let (address, thread) = welcoming(|mut server| {
        server.say(&Message::Ping(Ping { token: 77 }));
        let matched = Matched {
            subscription: 1,
            number: 1,
            age: 5,
            json: "{}",
        };
        server.say(&Message::Match(matched));
        let token = server.until(Kind::Ping);
        server.say(&Message::Nack(Nack::new(
            Some(Kind::Schema),
            0,
            Code::SchemaUnknownType,
            "nobody",
        )));
        server.say(&Message::Pong(Pong { token }));
        assert_eq!(server.until(Kind::Pong), 77);
        server.say(&Message::Bye(Bye { reason: "enough" }));
    });
    let mut client = Client::connect(address, &Options::default()).expect("it is welcome");
    let nobody = DeclaredType {
        wire_name: "nobody".into(),
        fields: Vec::new(),
    };
    let error = client.declare(&nobody).expect_err("it is refused");
    let code = error
        .refusal()
        .and_then(trapjaw_client::Refusal::known_code);
    assert_eq!(code, Some(Code::SchemaUnknownType));
    let first = loop {
        if let Some(found) = client.poll_match().expect("it is open") {
            break found;
        }
        thread::sleep(Duration::from_millis(1));
    };
    let rest: Vec<_> = client.matches(Some(Duration::from_secs(20))).collect();
    let [Err(Error::Closed(reason))] = &rest[..] else {
        panic!("{rest:?}")
    };
    assert_eq!((&*first.json, first.age, &**reason), ("{}", 5, "enough"));
    thread.join().expect("the script is right");
}

#[test]
fn what_no_server_says_is_an_error() {
    let (address, thread) = welcoming(|mut server| {
        server.until(Kind::Ping);
        server.say(&Message::Welcome(Welcome {
            layout: layout(),
            ..WELCOME
        }));
    });
    let mut client = Client::connect(address, &Options::default()).expect("it is welcome");
    assert!(matches!(
        client.ping(),
        Err(Error::Unexpected(Kind::Welcome))
    ));
    thread.join().expect("the script is right");

    let (address, thread) = welcoming(|mut server| {
        server
            .socket
            .write_all(&[0x55; 100])
            .expect("the client reads");
        server.until(Kind::Ping);
    });
    let mut client = Client::connect(address, &Options::default()).expect("it is welcome");
    assert!(matches!(client.ping(), Err(Error::Frame(_))));
    thread.join().expect("the script is right");
}
