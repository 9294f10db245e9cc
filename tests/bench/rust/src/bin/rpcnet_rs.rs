//! The original rpcnet: unary calls, with TLS, the server alone having a certificate (it knows no
//! mutual TLS).

use std::rc::Rc;
use std::time::Instant;

use clap::Parser;
use rpcnet::{RpcClient, RpcConfig, RpcServer};
use rpcnet_bench_peers::{on_one_thread, print_listening, Arrivals, Load, Meter, SLOW, SLOW_MARK};

fn main() {
    let load = Load::parse();
    match load.role.as_str() {
        "server" => on_one_thread(serve(load)),
        "client" => on_one_thread(call(load)),
        _ => {
            eprintln!("rpcnet-rs: say `server` or `client` first");
            std::process::exit(64);
        }
    }
}

async fn serve(load: Load) -> i32 {
    let config = RpcConfig::new(load.file("test_cert.pem"), load.address())
        .with_key_path(load.file("test_key.pem"))
        .with_server_name("localhost");
    let mut server = RpcServer::new(config);
    server
        .register("echo", |request: Vec<u8>| async move {
            if request.first() == Some(&SLOW_MARK) {
                tokio::time::sleep(SLOW).await;
            }
            Ok(request)
        })
        .await;
    let endpoint = server.bind().expect("bind");
    print_listening(server.socket_addr.expect("an address").port());
    server.start(endpoint).await.expect("serve");
    0
}

async fn connect(load: &Load) -> Rc<RpcClient> {
    let config =
        RpcConfig::new(load.file("ca_cert.pem"), "127.0.0.1:0").with_server_name("localhost");
    let address = load.address().parse().expect("an address");
    Rc::new(RpcClient::connect(address, config).await.expect("connect"))
}

async fn one(client: &RpcClient, load: &Load, meter: &Meter, start: Instant, slow: bool) -> Instant {
    match client.call("echo", load.request(slow)).await {
        Ok(_) => meter.done(start, !slow),
        Err(error) => meter.failed(error.to_string()),
    }
}

async fn call(load: Load) -> i32 {
    let mut clients = Vec::new();
    for _ in 0..load.connections {
        let client = connect(&load).await;
        client.call("echo", load.request(false)).await.expect("a first answer");
        clients.push(client);
    }
    let load = Rc::new(load);
    let meter = Rc::new(Meter::new(&load));
    let mut tasks = Vec::new();
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
            tokio::task::spawn_local(async move { one(&client, &load, &meter, due, slow).await });
        }
    } else {
        for number in 0..load.in_flight * load.connections {
            let client = clients[number % clients.len()].clone();
            let (load, meter) = (load.clone(), meter.clone());
            tasks.push(tokio::task::spawn_local(async move {
                let mut start = Instant::now();
                while !meter.over() {
                    start = one(&client, &load, &meter, start, false).await;
                }
            }));
        }
    }
    for task in tasks {
        task.await.expect("a loop");
    }
    meter.report()
}
