//! Keys: issued by a manager, good on every service, revoked.

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{contract::access::Role, web::access::SigningKey};

use super::{Guarded, on_both, options, start_alone, token};
use crate::{
    agree,
    harness::{App, Backends, scratch, text},
};

/// A key and its secret.
async fn issue(guarded: &Guarded, by: &str, wanted: Value) -> (StatusCode, Value) {
    guarded.ask(Some(by), Method::POST, "/v1/keys", Some(wanted)).await
}

#[tokio::test]
async fn a_key_is_good_until_it_is_revoked_and_its_secret_is_shown_once() {
    on_both(async |guarded| {
        let boss = token(&guarded.key, "boss", &[Role::Manager], &["soho"]);
        let till = json!({"name": "till", "roles": ["producer"], "locations": ["soho"]});
        let (status, key) = issue(guarded, &boss, till.clone()).await;
        assert_eq!(status, StatusCode::CREATED, "{key}");
        let (id, secret) = (text(&key["id"]), text(&key["secret"]));
        assert!(secret.starts_with("ck_") && secret.len() == 46, "{secret}");
        let (status, order) = guarded.ask(Some(&secret), Method::POST, "/v1/orders", Some(App::order("1 cola"))).await;
        assert_eq!((status, text(&order["placed_by"])), (StatusCode::ACCEPTED, "key:till".into()));
        let (_, me) = guarded.ask(Some(&secret), Method::GET, "/v1/me", None).await;
        assert_eq!(me, json!({"subject": "key:till", "roles": ["producer"], "locations": ["soho"]}));
        let almost = format!("{}x", &secret[..45]);
        assert_eq!(guarded.ask(Some(&almost), Method::GET, "/v1/me", None).await.0, StatusCode::UNAUTHORIZED);

        guarded.app.settle().await;
        let kept = guarded.app.get("/v1/feed/orders?limit=500").await.to_string()
            + &guarded.app.get("/v1/journal/orders?limit=500").await.to_string()
            + &guarded.app.get("/v1/keys").await.to_string();
        assert!(kept.contains("key.issued") && kept.contains(&id) && !kept.contains(&secret[3..]), "no secret is kept");
        for db in &guarded.app.databases {
            let rows: Vec<(String,)> = db.fetch("SELECT key FROM access_keys", []).await.unwrap();
            assert_eq!(rows, [(id.clone(),)], "each service knows it");
        }

        let (_, listed) = guarded.ask(Some(&boss), Method::GET, "/v1/keys", None).await;
        assert!(listed["items"][0]["last_used_at"].is_string(), "{listed}");
        let path = format!("/v1/keys/{id}");
        let elsewhere = token(&guarded.key, "boss", &[Role::Manager], &["rome"]);
        assert_eq!(guarded.ask(Some(&elsewhere), Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
        assert_eq!(guarded.ask(Some(&elsewhere), Method::GET, "/v1/keys", None).await.1["items"], json!([]));
        for _ in 0..2 {
            let (status, revoked) = guarded.ask(Some(&boss), Method::DELETE, &path, None).await;
            assert_eq!(
                (status, &revoked["revoked_by"], &revoked["version"]),
                (StatusCode::OK, &json!("boss"), &json!(2))
            );
        }
        let (status, problem) = guarded.ask(Some(&secret), Method::GET, "/v1/me", None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{problem}");
    })
    .await;
}

#[tokio::test]
async fn nobody_gives_more_than_he_has() {
    on_both(async |guarded| {
        let boss = token(&guarded.key, "boss", &[Role::Manager], &["soho"]);
        for (wanted, expected) in [
            (json!({"name": "a", "roles": ["producer"]}), 403),
            (json!({"name": "a", "roles": ["developer"], "locations": ["soho"]}), 403),
            (json!({"name": "a", "roles": ["kitchen", "developer"], "locations": ["soho"]}), 403),
            (json!({"name": "a", "roles": ["producer"], "locations": ["soho", "rome"]}), 403),
            (json!({"name": "a", "roles": ["producer"], "locations": []}), 422),
            (json!({"name": "a", "roles": []}), 422),
            (json!({"name": "a", "roles": ["boss"], "locations": ["soho"]}), 422),
            (json!({"name": "a\nb", "roles": ["producer"], "locations": ["soho"]}), 422),
            (json!({"name": "a", "roles": ["producer"], "locations": ["soho"], "expires_at": "2020-01-01T00:00:00Z"}), 422),
        ] {
            let (status, problem) = issue(guarded, &boss, wanted.clone()).await;
            assert_eq!(status.as_u16(), expected, "{wanted}: {problem}");
        }
        for role in [Role::Producer, Role::Kitchen, Role::Manager] {
            let wanted = json!({"name": "a", "roles": [role], "locations": ["soho"]});
            assert_eq!(issue(guarded, &boss, wanted).await.0, StatusCode::CREATED, "a manager may do what {role} may");
        }
        let both = token(&guarded.key, "both", &[Role::Manager, Role::Developer], &["soho"]);
        let wanted = json!({"name": "prometheus", "roles": ["developer"], "locations": ["soho"]});
        assert_eq!(issue(guarded, &both, wanted).await.0, StatusCode::CREATED);
        let confirm = json!({"name": "grill", "location": "soho", "roles": ["developer"]});
        let path = "/v1/pairings/AAAAAA/confirm";
        assert_eq!(guarded.ask(Some(&boss), Method::POST, path, Some(confirm)).await.0, StatusCode::FORBIDDEN);
    })
    .await;
}

/// The services know of it by the bus alone.
#[tokio::test]
async fn a_key_is_good_on_services_that_run_by_themselves() {
    let Some(backends) = Backends::servers().await else { return };
    let directory = scratch();
    let path = directory.path().join("auth.key");
    let signing = SigningKey::make(&path).unwrap();
    let chief = token(&signing, "chief", &Role::ALL, &[]);
    let orders = start_alone::<OrderSvc>(&backends, &backends.databases[0], options(&path), &chief).await;
    let stock = start_alone::<InventorySvc>(&backends, &backends.databases[1], options(&path), &chief).await;
    let kitchen = start_alone::<KitchenSvc>(&backends, &backends.databases[2], options(&path), &chief).await;
    let databases = [&orders, &stock, &kitchen].map(|app| app.databases[0].clone());
    let settle = async || {
        while !agree::missing(&databases).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let wanted = json!({"name": "wall", "roles": ["kitchen"]});
    let (_, key) = orders.send(orders.request(Method::POST, "/v1/keys").json(&wanted)).await;
    let secret = text(&key["secret"]);
    let shown = async |app: &App, path: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(format!("{}{path}", app.base)).bearer_auth(&secret).send().await.unwrap().status()
    };
    let asked = [(&orders, "/v1/orders"), (&stock, "/v1/inventory"), (&kitchen, "/v1/tickets")];
    settle().await;
    for (app, path) in asked {
        assert_eq!(shown(app, path).await, StatusCode::OK, "{path}");
    }
    orders.send(orders.request(Method::DELETE, &format!("/v1/keys/{}", text(&key["id"])))).await;
    settle().await;
    for (app, path) in asked {
        assert_eq!(shown(app, path).await, StatusCode::UNAUTHORIZED, "{path}");
    }
    for app in [orders, stock, kitchen] {
        app.stop().await;
    }
    backends.remove().await;
}
