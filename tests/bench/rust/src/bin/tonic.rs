//! tonic: gRPC in Rust, with mutual TLS, client and server on one thread each.

use std::pin::Pin;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use clap::Parser;
use rpcnet_bench_peers::{
    on_one_thread, print_listening, Arrivals, Kind, Load, Meter, SLOW, SLOW_MARK,
};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::{
    server::TcpIncoming, Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server,
    ServerTlsConfig,
};
use tonic::{Request, Response, Status, Streaming};

mod proto {
    tonic::include_proto!("bench");
}
use proto::echo_client::EchoClient;
use proto::echo_server::{Echo, EchoServer};
use proto::{Payload, Wanted};

type Client = EchoClient<Channel>;
type Messages = Pin<Box<dyn Stream<Item = Result<Payload, Status>> + Send>>;

const MESSAGE_MAX: usize = 64 << 20;

fn main() {
    let load = Load::parse();
    match load.role.as_str() {
        "server" => on_one_thread(serve(load)),
        "client" => on_one_thread(call(load)),
        _ => {
            eprintln!("tonic: say `server` or `client` first");
            std::process::exit(64);
        }
    }
}

fn identity(load: &Load) -> (Identity, Certificate) {
    let read = |name: &str| std::fs::read(load.file(name)).expect("a certificate file");
    (
        Identity::from_pem(read("test_cert.pem"), read("test_key.pem")),
        Certificate::from_pem(read("ca_cert.pem")),
    )
}

struct Service;

#[tonic::async_trait]
impl Echo for Service {
    async fn echo(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        let payload = request.into_inner();
        if payload.data.first() == Some(&SLOW_MARK) {
            tokio::time::sleep(SLOW).await;
        }
        Ok(Response::new(payload))
    }

    type TokensStream = Messages;
    async fn tokens(&self, request: Request<Wanted>) -> Result<Response<Messages>, Status> {
        let wanted = request.into_inner();
        let data = Bytes::from(vec![0; wanted.payload as usize]);
        let tokens = (0..wanted.messages).map(move |_| Ok(Payload { data: data.clone() }));
        Ok(Response::new(Box::pin(tokio_stream::iter(tokens))))
    }

    type PingpongStream = Messages;
    async fn pingpong(
        &self,
        request: Request<Streaming<Payload>>,
    ) -> Result<Response<Messages>, Status> {
        Ok(Response::new(Box::pin(request.into_inner())))
    }
}

async fn serve(load: Load) -> i32 {
    let (identity, authority) = identity(&load);
    let tls = ServerTlsConfig::new().identity(identity).client_ca_root(authority);
    let incoming = TcpIncoming::bind(load.address().parse().expect("an address"))
        .expect("bind")
        .with_nodelay(Some(true));
    print_listening(incoming.local_addr().expect("an address").port());
    let service = EchoServer::new(Service)
        .max_decoding_message_size(MESSAGE_MAX)
        .max_encoding_message_size(MESSAGE_MAX);
    Server::builder()
        .tls_config(tls)
        .expect("tls")
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(64 << 20)
        .add_service(service)
        .serve_with_incoming(incoming)
        .await
        .expect("serve");
    0
}

async fn connect(load: &Load) -> Result<Client, String> {
    let (identity, authority) = identity(load);
    let tls = ClientTlsConfig::new()
        .domain_name("localhost")
        .identity(identity)
        .ca_certificate(authority);
    let channel = Endpoint::from_shared(format!("https://{}", load.address()))
        .and_then(|endpoint| endpoint.tls_config(tls))
        .map_err(|error| error.to_string())?
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(64 << 20)
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    Ok(EchoClient::new(channel)
        .max_decoding_message_size(MESSAGE_MAX)
        .max_encoding_message_size(MESSAGE_MAX))
}

fn payload(load: &Load, slow: bool) -> Payload {
    Payload { data: load.request(slow).into() }
}

async fn one(mut client: Client, load: &Load, meter: &Meter, start: Instant, slow: bool) -> Instant {
    match client.echo(payload(load, slow)).await {
        Ok(_) => meter.done(start, !slow),
        Err(status) => meter.failed(status.to_string()),
    }
}

async fn tokens(mut client: Client, load: &Load, meter: &Meter) {
    let wanted = Wanted { messages: load.messages, payload: load.payload as u32 };
    while !meter.over() {
        let mut stream = match client.tokens(wanted).await {
            Ok(response) => response.into_inner(),
            Err(status) => {
                meter.failed(status.to_string());
                continue;
            }
        };
        let mut last = Instant::now();
        while let Some(token) = stream.next().await {
            last = match token {
                Ok(_) => meter.done(last, true),
                Err(status) => meter.failed(status.to_string()),
            };
            if meter.over() {
                return;
            }
        }
    }
}

async fn pingpong(mut client: Client, load: &Load, meter: &Meter) {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(receiver);
    sender.send(payload(load, false)).await.expect("room");
    let mut start = Instant::now();
    let mut replies = client.pingpong(requests).await.expect("a stream").into_inner();
    while !meter.over() {
        if replies.next().await.is_none() {
            return;
        }
        start = meter.done(start, true);
        if sender.send(payload(load, false)).await.is_err() {
            return;
        }
    }
}

async fn handshakes(load: &Load, meter: &Meter) {
    while !meter.over() {
        let start = Instant::now();
        match connect(load).await {
            Ok(client) => {
                one(client, load, meter, start, false).await;
            }
            Err(error) => {
                meter.failed(error);
            }
        }
    }
}

async fn call(load: Load) -> i32 {
    let mut clients = Vec::new();
    if load.kind != Kind::Handshake {
        for _ in 0..load.connections {
            clients.push(connect(&load).await.expect("connect"));
        }
    }
    let load = Rc::new(load);
    let meter = Rc::new(Meter::new(&load));
    if load.kind == Kind::Handshake {
        handshakes(&load, &meter).await;
        return meter.report();
    }
    if load.rate > 0.0 {
        let mut arrivals = Arrivals::new(load.rate);
        let mut next = 0;
        while !meter.over() {
            if arrivals.next() > meter.check() {
                tokio::time::sleep_until(arrivals.next().into()).await;
                continue;
            }
            let slow = arrivals.draw_slow(load.slow_share);
            let due = arrivals.take();
            let (client, load, meter) = (clients[next].clone(), load.clone(), meter.clone());
            next = (next + 1) % clients.len();
            tokio::task::spawn_local(async move { one(client, &load, &meter, due, slow).await });
        }
        return meter.report();
    }
    let mut tasks = Vec::new();
    for number in 0..load.in_flight * load.connections {
        let client = clients[number % clients.len()].clone();
        let (load, meter) = (load.clone(), meter.clone());
        tasks.push(tokio::task::spawn_local(async move {
            match load.kind {
                Kind::Tokens => tokens(client, &load, &meter).await,
                Kind::Pingpong => pingpong(client, &load, &meter).await,
                _ => {
                    let mut start = Instant::now();
                    while !meter.over() {
                        start = one(client.clone(), &load, &meter, start, false).await;
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("a loop");
    }
    meter.report()
}
