//! Servers behind TLS that want a certificate, a user for each service, secrets in files: the three services work, a
//! forged event is set aside, and no password is seen anywhere.

use std::{
    fs::File,
    process::{Command, Stdio},
};

use lapin::{
    BasicProperties, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    tcp::{OwnedIdentity, OwnedTLSConfig},
};
use reqwest::Method;
use serde_json::Value;
use shared::{
    bus::{Bus, Message},
    contract::topology,
};
use sqlx::{Connection as _, Executor, PgConnection};
use tokio::time::{Instant, interval};

use crate::{
    developer::{refused, told},
    harness::{PATIENCE, text},
    process::{POLL, Process, free_address},
    servers::{Private, Scratch, Servers},
    taster::{event, message},
};

const SERVICES: [&str; 3] = ["order-svc", "inventory-svc", "kitchen-svc"];

/// A broker and a database that speak TLS with whoever shows a certificate, and three services on them.
struct Sealed {
    rabbit: Private,
    postgres: Private,
    secrets: Scratch,
}

/// That speaks TLS alone, with whoever shows a certificate.
fn with_tls(kind: &'static str) -> Private {
    let mut server = Private::new(kind).unwrap();
    server.run("tls").unwrap();
    server.start_again().unwrap();
    server
}

impl Sealed {
    async fn start() -> Self {
        let sealed =
            Self { rabbit: with_tls("rabbitmq"), postgres: with_tls("postgres"), secrets: Scratch::new().unwrap() };
        let mut admin = PgConnection::connect(&sealed.database("postgres", "client", "ca")).await.unwrap();
        for service in SERVICES {
            admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{service}\""))).await.unwrap();
        }
        sealed.set_up().await;
        sealed
    }

    /// A user for each service.
    async fn set_up(&self) -> String {
        let api = self.rabbit.variable("TEST_RABBITMQ_API").unwrap();
        let (broker, to) = (format!("{}/comanda", self.broker()), self.secrets.path().display().to_string());
        told(&["broker-setup", "--api", &api, "--broker", &broker, "--to", &to]).await
    }

    /// Without a user and a virtual host.
    fn broker(&self) -> String {
        self.rabbit.variable("TEST_AMQP_URL").unwrap().replace("guest:guest@", "")
    }

    fn database(&self, name: &str, identity: &str, authority: &str) -> String {
        let url = self.postgres.variable("TEST_POSTGRES_URL").unwrap();
        let (server, _) = url.rsplit_once('/').unwrap();
        let server = server.replace("postgres@", "postgres:of-the-database@");
        let [authority, certificate, key] = [(authority, "pem"), (identity, "pem"), (identity, "key")]
            .map(|(name, kind)| self.postgres.path().join(format!("tls/{name}.{kind}")).display().to_string());
        format!("{server}/{name}?sslmode=verify-full&sslrootcert={authority}&sslcert={certificate}&sslkey={key}")
    }

    /// What shows the broker who we are, and us who it is.
    fn certificates(&self, identity: &str, authority: &str) -> String {
        let [authority, certificate, key] = [(authority, "pem"), (identity, "pem"), (identity, "key")]
            .map(|(name, kind)| self.rabbit.path().join(format!("tls/{name}.{kind}")).display().to_string());
        format!("?cacertfile={authority}&certfile={certificate}&keyfile={key}")
    }

    /// The URL that was made for a service.
    fn made_for(&self, service: &str) -> String {
        let url = std::fs::read_to_string(self.secrets.path().join(format!("{service}.url"))).unwrap();
        url.trim_end().to_owned()
    }

    fn bus(&self, service: &str) -> String {
        format!("{}{}", self.made_for(service), self.certificates("client", "ca"))
    }

    fn password(&self, service: &str) -> String {
        self.made_for(service).split([':', '@']).nth(2).unwrap().to_owned()
    }

    /// A service, told by files; what it logs goes to one named after it.
    fn service(&self, service: &str, listen: &str, bus: &str) -> Command {
        let file = |name: &str, holds: &str| {
            let path = self.secrets.path().join(format!("{service}.{name}"));
            std::fs::write(&path, format!("{holds}\n")).unwrap();
            path
        };
        let variable = format!("{}_DATABASE_URL_FILE", service.trim_end_matches("-svc").to_uppercase());
        let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
        command
            .arg(service)
            .env("LISTEN", listen)
            .env("BUS_URL_FILE", file("bus", bus))
            .env(variable, file("database", &self.database(service, "client", "ca")))
            .env("RUST_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(File::create(self.secrets.path().join(format!("{service}.log"))).unwrap());
        command
    }

    fn log(&self, service: &str) -> String {
        std::fs::read_to_string(self.secrets.path().join(format!("{service}.log"))).unwrap()
    }
}

/// Three services as processes of their own.
struct Services([Process; 3]);

impl Services {
    async fn start(sealed: &Sealed) -> Self {
        let start = async |service: &str| {
            // The first is known by its certificate alone.
            let bus = match service {
                "order-svc" => {
                    let named = sealed.broker().replace("amqps://", "amqps://order-svc@");
                    let certificates = sealed.certificates("client", "ca");
                    format!("{named}/comanda{certificates}&auth_mechanism=external")
                }
                other => sealed.bus(other),
            };
            let listen = free_address();
            Process::run(&mut sealed.service(service, &listen, &bus), &listen).await
        };
        Self([start("order-svc").await, start("inventory-svc").await, start("kitchen-svc").await])
    }

    fn at(&self) -> Vec<&str> {
        self.0.iter().flat_map(|process| ["--at", process.base()]).collect()
    }

    /// The reasons of the letters of the stock.
    async fn letters(&self, count: usize) -> Vec<String> {
        let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
        loop {
            let (_, letters) = self.0[1].send(self.0[1].request(Method::GET, "/v1/dead/inventory")).await;
            let letters: Vec<Value> = letters["items"].as_array().unwrap().clone();
            if letters.len() == count {
                return letters.iter().map(|letter| text(&letter["reason"])).collect();
            }
            assert!(Instant::now() < deadline, "{letters:#?}");
            every.tick().await;
        }
    }
}

fn placed(subject: &str) -> Message {
    let mut event = event(subject);
    event["type"] = "order.placed".into();
    Message { routing_key: "order.placed.soho".into(), kind: "order.placed".into(), ..message(&[event]) }
}

/// Published by hand, as whoever the URL names, with this `user_id`.
async fn publish(sealed: &Sealed, url: &str, user_id: Option<&str>, message: &Message) -> lapin::Result<Confirmation> {
    let read = |name: &str| std::fs::read(sealed.rabbit.path().join("tls").join(name)).unwrap();
    let tls = OwnedTLSConfig {
        identity: Some(OwnedIdentity::PKCS8 { pem: read("client.pem"), key: read("client.key") }),
        cert_chain: Some(String::from_utf8(read("ca.pem")).unwrap()),
    };
    let runtime = lapin::runtime::default_runtime()?;
    let connection = Connection::connect_with_config(url, ConnectionProperties::default(), tls, runtime).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let properties = match user_id {
        Some(user) => BasicProperties::default().with_user_id(user.into()),
        None => BasicProperties::default(),
    };
    let (exchange, key) = (topology::EXCHANGE.into(), message.routing_key.as_str().into());
    let options = BasicPublishOptions::default();
    channel.basic_publish(exchange, key, options, message.body().as_bytes(), properties).await?.await
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_each_service_speaks_for_itself_and_no_password_is_seen() {
    if Servers::get().is_none() {
        return;
    }
    let sealed = Sealed::start().await;
    let services = Services::start(&sealed).await;
    told(&[&["demo"], &services.at()[..]].concat()).await;
    let said = told(&[&["simulate", "--rate", "20/s", "--for", "2s"], &services.at()[..]].concat()).await;
    assert!(said.contains("; 0 requests made again"), "{said}");
    let said = told(&[&["audit"], &services.at()[..]].concat()).await;
    assert!(said.contains("agree"), "{said}");
    assert_eq!(services.letters(0).await, Vec::<String>::new());
    // Whatever a developer asks, he may ask each service where it is.
    for (asked, heard) in [
        (&["trace", "1"][..], "said order.placed"),
        (&["events", "--since", "1h", "--type", "ticket.*"], "ticket.opened"),
        (&["dead", "list"], ""),
        (&["replay"], "identical"),
    ] {
        let said = told(&[asked, &services.at()[..]].concat()).await;
        assert!(said.contains(heard), "{asked:?}: {said}");
    }
    forge(&sealed, &services).await;
    no_password_is_seen(&sealed, &services);
    drop(services);
    strangers_are_told_from_outages(&sealed).await;
    users_that_are_gone_come_back(&sealed).await;
}

/// As after a broker that was made anew.
async fn users_that_are_gone_come_back(sealed: &Sealed) {
    let api = sealed.rabbit.variable("TEST_RABBITMQ_API").unwrap();
    let user = format!("{api}/api/users/kitchen-svc");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut watching = Command::new(env!("CARGO_BIN_EXE_comanda"))
        .args(["broker-setup", "--watch", "1s", "--broker", &format!("{}/comanda", sealed.broker())])
        .args(["--to", &sealed.secrets.path().display().to_string()])
        .env("BROKER_API", &api)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (deadline, mut every, mut is_gone) = (Instant::now() + PATIENCE, interval(POLL), false);
    loop {
        let is_there = client.get(&user).send().await.unwrap().status().is_success();
        if is_there && is_gone {
            break;
        }
        if is_there {
            client.delete(&user).send().await.unwrap().error_for_status().unwrap();
            is_gone = true;
        }
        assert!(Instant::now() < deadline, "the user does not come back");
        every.tick().await;
    }
    watching.kill().unwrap();
    watching.wait().unwrap();
}

/// Whoever may publish at all says nothing in the name of a service.
async fn forge(sealed: &Sealed, services: &Services) {
    let kitchen = Bus::open(&sealed.bus("kitchen-svc")).await.unwrap().publisher().await.unwrap();
    let refused = format!("{:#}", kitchen.publish(&[placed("1")]).await.unwrap_err());
    assert!(refused.contains("ACCESS_REFUSED") && refused.contains("order.placed.soho"), "{refused}");

    let kitchen = Bus::open(&sealed.bus("kitchen-svc")).await.unwrap().publisher().await.unwrap();
    kitchen.publish_to("inventory-svc", &[placed("2")]).await.unwrap();
    let letters = services.letters(1).await;
    assert_eq!(letters, [r#"forged: the user "kitchen-svc" published it as /order-svc"#]);

    let guest = format!("{}/comanda", sealed.rabbit.variable("TEST_AMQP_URL").unwrap());
    assert!(publish(sealed, &guest, None, &placed("3")).await.unwrap().is_ack());
    let letters = services.letters(2).await;
    assert!(
        letters.contains(&"forged: somebody published it as /order-svc without giving his name".to_owned()),
        "{letters:?}"
    );
    let refused = publish(sealed, &guest, Some("order-svc"), &placed("4")).await.unwrap_err().to_string();
    assert!(refused.contains("PRECONDITION_FAILED"), "{refused}");
    services.letters(2).await;
}

fn no_password_is_seen(sealed: &Sealed, services: &Services) {
    for (service, process) in SERVICES.iter().zip(&services.0) {
        let seen = ["cmdline", "environ"].map(|name| std::fs::read(format!("/proc/{}/{name}", process.id())).unwrap());
        let seen = [String::from_utf8_lossy(&seen.concat()).into_owned(), sealed.log(service)];
        for password in [sealed.password(service), "of-the-database".to_owned()] {
            let line = seen.iter().flat_map(|text| text.lines()).find(|line| line.contains(&password));
            assert_eq!(line, None, "{service}");
        }
    }
    assert!(sealed.log("kitchen-svc").lines().count() > 100, "it tells all that it can");
}

async fn strangers_are_told_from_outages(sealed: &Sealed) {
    let address = free_address();
    let log = async |bus: &str, word: &str| {
        let mut process = sealed.service("kitchen-svc", &address, bus);
        let process = Process::run(process.env("RUST_LOG", "warn"), &address).await;
        let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
        while !sealed.log("kitchen-svc").contains(word) {
            assert!(Instant::now() < deadline, "{}", sealed.log("kitchen-svc"));
            every.tick().await;
        }
        process.kill();
        sealed.log("kitchen-svc")
    };
    let made = sealed.made_for("kitchen-svc");
    log(&format!("{made}{}", sealed.certificates("client", "stranger")), "vouches for the broker's certificate").await;
    log(&format!("{made}{}", sealed.certificates("stranger", "ca")), "does not take the certificate").await;
    let database = sealed.database("kitchen-svc", "client", "stranger");
    let mut migrate = Command::new(env!("CARGO_BIN_EXE_comanda"));
    let output = migrate.args(["kitchen-svc", "migrate"]).env("KITCHEN_DATABASE_URL", database).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("KITCHEN_DATABASE_URL") && said.contains("invalid peer certificate"), "{said}");
    let bus = sealed.bus("order-svc");
    let mut wrong = sealed.service("kitchen-svc", &address, &bus);
    assert_eq!(wrong.status().unwrap().code(), Some(1));
    let said = sealed.log("kitchen-svc");
    assert!(said.contains("the user order-svc speaks for order-svc alone, and this is kitchen-svc"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_is_named() {
    let scratch = Scratch::new().unwrap();
    let file = scratch.path().join("url").display().to_string();
    let said = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
        let output = command.arg("order-svc").envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        said(&[("BUS_URL_FILE", &file)]),
        format!("comanda: BUS_URL_FILE: read {file}: No such file or directory (os error 2)\n")
    );
    std::fs::write(&file, "\n").unwrap();
    assert_eq!(said(&[("BUS_URL_FILE", &file)]), format!("comanda: BUS_URL_FILE: {file} is empty\n"));
    let both = [("BUS_URL_FILE", file.as_str()), ("BUS_URL", "sqlite:bus.db")];
    assert_eq!(said(&both), "comanda: BUS_URL and BUS_URL_FILE are both set; one of them is enough\n");
    std::fs::write(&file, "amqp://ada:of-a-file@localhost?cacertfile=/ca.pem\n").unwrap();
    let url = said(&[("BUS_URL_FILE", &file), ("LISTEN", &free_address())]);
    assert!(url.contains("BUS_URL: certificates are for amqps://") && !url.contains("of-a-file"), "{url}");
    let help =
        Command::new(env!("CARGO_BIN_EXE_comanda")).args(["order-svc", "--help"]).env("BUS_URL_FILE", &file).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    assert!(help.contains("BUS_URL_FILE") && !help.contains("of-a-file"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_on_the_command_line_is_told_to_be_seen() {
    let address = free_address();
    let arguments = ["order-svc", "--bus-url", "amqp://ada:hunter2@127.0.0.1:1", "--order-database-url", "mysql://h"];
    let output = Command::new(env!("CARGO_BIN_EXE_comanda")).args(arguments).env("LISTEN", address).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the password in --bus-url can be read in the process list"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_cannot_be_told_is_said() {
    let to = Scratch::new().unwrap();
    let to = to.path().display().to_string();
    for (api, broker, said) in [
        ("https://h", "amqp://h", "TLS is not spoken here"),
        ("http://h", "http://h", "expected amqp://"),
        ("http://h", "amqp://ada@h", "leave the user away"),
        ("http://ada:secret@127.0.0.1:1", "amqp://h", "the management interface does not answer"),
    ] {
        let refused = refused(&["broker-setup", "--api", api, "--broker", broker, "--to", &to]).await;
        assert!(refused.contains(said) && !refused.contains("secret"), "{refused}");
    }
}
