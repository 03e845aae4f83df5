//! Places without an identity provider: a key in a file, and tokens that `comanda token` signs with it.

use std::os::unix::fs::PermissionsExt;

use reqwest::{Method, StatusCode};

use crate::{
    developer::{comanda, in_directory, refused, told},
    harness::{Backends, scratch},
    process::{Process, comanda as process, free_address},
};

/// What `comanda` says that was told so by its environment.
async fn told_with(token: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(arguments).env("RUST_LOG", "error").env("COMANDA_TOKEN", token);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_without_a_provider_has_a_key_in_a_file() {
    let directory = scratch();
    let file = |name: &str| in_directory(directory.path(), name);
    let (key, public) = (file("new/auth.key"), file("auth.pub"));
    let mint = async |more: &[&str]| told(&[&["token", "--key-file", &key], more].concat()).await.trim().to_owned();
    let chief = mint(&["--role", "manager", "--role", "developer", "--subject", "chief"]).await;
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    let mode = std::fs::metadata(file("new")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "nor what else gets there");
    let cook = mint(&["--role", "kitchen", "--location", "soho", "--for", "90s"]).await;
    std::fs::write(&public, mint(&["--public"]).await).unwrap();

    let (backends, listen) = (Backends::embedded(), free_address());
    let all = listen.replace("127.0.0.1", "0.0.0.0");
    // Whoever asks for credentials may be reached from elsewhere.
    let service = Process::run(process(&backends, &all).env("AUTH_KEY_FILE", &public), &listen).await;
    let ask = async |token: Option<&str>, path: &str| {
        let request = service.request(Method::GET, path);
        let answer = token.into_iter().fold(request, |it, token| it.bearer_auth(token)).send().await.unwrap();
        (answer.status(), answer.headers().get("www-authenticate").cloned())
    };
    let (status, how) = ask(None, "/v1/tickets?location=soho").await;
    assert_eq!((status, how.unwrap().to_str().unwrap()), (StatusCode::UNAUTHORIZED, "Bearer realm=\"comanda\""));
    assert_eq!(ask(Some(&cook), "/v1/tickets?location=soho").await.0, StatusCode::OK);
    assert_eq!(ask(Some(&cook), "/v1/tickets").await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask(Some(&cook), "/v1/feed/orders").await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask(Some(&chief), "/v1/feed/orders").await.0, StatusCode::OK);
    assert_eq!(
        ask(None, "/v1/menu/soho").await.0,
        StatusCode::OK,
        "the demo restaurant was made by the process itself"
    );

    let at = format!("http://{listen}");
    let unknown = refused(&["events", "--at", &at]).await;
    assert!(unknown.contains("COMANDA_TOKEN"), "{unknown}");
    let (_, weak) = told_with(&cook, &["events", "--at", &at]).await;
    assert!(weak.contains("developer"), "{weak}");
    let (good, shown) = told_with(&chief, &["events", "--at", &at]).await;
    assert!(good && shown.contains("location.changed"), "{shown}");
    std::fs::write(file("token"), &chief).unwrap();
    let shown = told(&["audit", "--at", &at, "--token-file", &file("token")]).await;
    assert!(shown.contains("agree"), "{shown}");

    let key =
        async |more: &[&str]| told(&[&["key"], more, &["--at", &at, "--token-file", &file("token")]].concat()).await;
    let secret = key(&["create", "--name", "till", "--role", "producer", "--location", "soho", "--for", "30d"]).await;
    assert_eq!(ask(Some(secret.trim()), "/v1/me").await.0, StatusCode::OK, "{secret}");
    let listed = key(&["list"]).await;
    let (id, rest) = listed.split_once(' ').unwrap();
    assert!(rest.contains("key:till") && rest.contains("producer") && rest.contains("soho"), "{listed}");
    assert!(key(&["revoke", id]).await.contains("is revoked"));
    assert_eq!(ask(Some(secret.trim()), "/v1/me").await.0, StatusCode::UNAUTHORIZED);
    assert!(key(&["list"]).await.contains("revoked 2"));
    let (_, refused) = told_with(&cook, &["key", "list", "--at", &at]).await;
    assert!(refused.contains("keys:manage"), "{refused}");
    let waiting: serde_json::Value =
        service.request(Method::POST, "/v1/pairings").send().await.unwrap().json().await.unwrap();
    let confirmed = key(&["confirm", waiting["code"].as_str().unwrap(), "--name", "grill", "--location", "soho"]).await;
    assert!(confirmed.contains("grill is let in at soho"), "{confirmed}");
    service.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_key_is_told_with_its_name() {
    let directory = scratch();
    let file = |name: &str| in_directory(directory.path(), name);
    std::fs::write(file("broken"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    std::fs::write(file("empty"), "").unwrap();
    for (variable, value, expected) in [
        ("AUTH_KEY_FILE", file("missing"), "`comanda token` makes it"),
        ("AUTH_KEY_FILE", file("broken"), "no Ed25519 key"),
        ("AUTH_KEY_FILE", file("empty"), "no PEM"),
        ("AUTH_ISSUER", "login.example".into(), "login.example"),
        ("AUTH_ISSUER", "http://login.example".into(), "is not https"),
        ("AUTH_ISSUER", "comanda".into(), "local key"),
    ] {
        let backends = Backends::embedded();
        let mut command = process(&backends, "127.0.0.1:0");
        command.env(variable, &value);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(variable) && said.contains(expected), "{said}");
    }
    let public = file("public");
    std::fs::write(&public, told(&["token", "--public", "--key-file", &file("key")]).await).unwrap();
    let said = refused(&["token", "--role", "manager", "--key-file", &public]).await;
    assert!(said.contains("private"), "{said}");
    assert!(!comanda(&["token", "--role", "boss", "--key-file", &file("key")]).await.status.success());
}
