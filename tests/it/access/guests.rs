//! Guests: a browser that nobody asks who it is sees its own orders, and whom it sends the address sees them, too.

use reqwest::{
    Client, Method, Response, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::{Value, json};
use shared::{contract::access::Role, engine::call::fresh_id};

use super::{Guarded, on_both, token};
use crate::harness::{App, text};

/// What a browser keeps, and asks with.
struct Browser<'a> {
    guarded: &'a Guarded,
    client: Client,
    cookie: String,
}

fn kept(answer: &Response) -> String {
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

impl<'a> Browser<'a> {
    /// One that keeps what it had when it follows a link.
    fn and(&self, other: &Self) -> Self {
        let cookie = format!("{}; {}", self.cookie, other.cookie);
        Self { guarded: self.guarded, client: self.client.clone(), cookie }
    }

    /// Opens the page at this address.
    async fn open(guarded: &'a Guarded, path: &str) -> (Self, Response) {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let answer = client.get(format!("{}{path}", guarded.app.base)).send().await.unwrap();
        let cookie = kept(&answer);
        (Self { guarded, client, cookie }, answer)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request =
            self.client.request(method, format!("{}{path}", self.guarded.app.base)).header(COOKIE, &self.cookie);
        let request =
            body.into_iter().fold(request, |it, body| it.header("idempotency-key", fresh_id().to_string()).json(&body));
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }
}

#[tokio::test]
async fn a_guest_sees_its_own_orders_and_sends_the_address_of_one() {
    on_both(async |guarded| {
        let (ada, _) = Browser::open(guarded, "/order").await;
        let (bob, _) = Browser::open(guarded, "/order").await;
        assert_ne!(ada.cookie, bob.cookie);
        let (status, order) = ada.ask(Method::POST, "/v1/orders", Some(App::order("1 burger"))).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{order}");
        let path = format!("/v1/orders/{}", text(&order["id"]));
        assert!(text(&order["placed_by"]).starts_with("guest:") && !order.to_string().contains(&ada.cookie[14..]));
        assert_eq!(ada.ask(Method::GET, &path, None).await.0, StatusCode::OK);
        assert_eq!(bob.ask(Method::GET, &path, None).await.0, StatusCode::NOT_FOUND);
        assert_eq!(bob.ask(Method::POST, &format!("{path}/cancel"), None).await.0, StatusCode::NOT_FOUND);
        assert_eq!(bob.ask(Method::POST, &format!("{path}/link"), None).await.0, StatusCode::NOT_FOUND);
        for closed in ["/v1/orders", "/v1/tickets", "/v1/stock/soho", "/v1/feed/orders", "/v1/keys", "/metrics"] {
            assert_eq!(ada.ask(Method::GET, closed, None).await.0, StatusCode::FORBIDDEN, "{closed}");
        }

        let (status, link) = ada.ask(Method::POST, &format!("{path}/link"), None).await;
        assert_eq!(status, StatusCode::CREATED, "{link}");
        let address = text(&link["path"]);
        let (page, order_of) = address.split_once('#').unwrap();
        assert_eq!(order_of, format!("order/{}", text(&order["id"])), "as the page takes it");
        let (friend, answer) = Browser::open(guarded, page).await;
        assert_eq!((answer.status(), &answer.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/order".parse().unwrap()));
        assert_eq!(friend.ask(Method::GET, &path, None).await.0, StatusCode::OK);
        assert_eq!(friend.ask(Method::GET, "/v1/orders", None).await.0, StatusCode::FORBIDDEN);
        for change in ["cancel", "link"] {
            let (status, _) = friend.ask(Method::POST, &format!("{path}/{change}"), None).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "who is shown an order does nothing about it: {change}");
        }
        let (_, keys) = guarded
            .ask(Some(&token(&guarded.key, "boss", &[Role::Manager], &["soho"])), Method::GET, "/v1/keys", None)
            .await;
        assert_eq!((&keys["items"][0]["kind"], &keys["items"][0]["roles"]), (&json!("link"), &json!([])));
        guarded
            .app
            .send(guarded.app.request(Method::DELETE, &format!("/v1/keys/{}", text(&keys["items"][0]["id"]))))
            .await;
        assert_eq!(friend.ask(Method::GET, &path, None).await.0, StatusCode::UNAUTHORIZED);
        let (status, _) = ada.ask(Method::POST, &format!("{path}/cancel"), None).await;
        assert!(status.is_success(), "{status}");
    })
    .await;
}

/// Whoever is made to follow somebody's link stays who he is, and the link shows one order, not its guest.
#[tokio::test]
async fn a_link_shows_one_order_and_makes_nobody_somebody_else() {
    on_both(async |guarded| {
        let (ada, _) = Browser::open(guarded, "/order").await;
        let (bob, _) = Browser::open(guarded, "/order").await;
        let place = async |by: &Browser<'_>| {
            let (status, order) = by.ask(Method::POST, "/v1/orders", Some(App::order("1 burger"))).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{order}");
            (format!("/v1/orders/{}", text(&order["id"])), text(&order["placed_by"]))
        };
        let ((shown, by_ada), (other, _), (own, by_bob)) = (place(&ada).await, place(&ada).await, place(&bob).await);
        let (_, link) = ada.ask(Method::POST, &format!("{shown}/link"), None).await;
        let (linked, _) = Browser::open(guarded, text(&link["path"]).split_once('#').unwrap().0).await;
        let both = bob.and(&linked);
        for (path, expected) in [(&shown, StatusCode::OK), (&own, StatusCode::OK), (&other, StatusCode::NOT_FOUND)] {
            assert_eq!(both.ask(Method::GET, path, None).await.0, expected);
        }
        let (_, placed_by) = place(&both).await;
        assert_eq!(placed_by, by_bob, "what he orders is his own");
        let (_, me) = linked.ask(Method::GET, "/v1/me", None).await;
        assert!(me["subject"] != by_ada && text(&me["subject"]).starts_with("link:"), "{me}");

        // Another's key is no link, whatever the address says.
        let wanted = json!({"name": "wall", "roles": ["kitchen"], "locations": ["soho"]});
        let (_, key) = guarded.app.send(guarded.app.request(Method::POST, "/v1/keys").json(&wanted)).await;
        let (fixed, _) = Browser::open(guarded, &format!("/order?link={}", text(&key["secret"]))).await;
        assert_eq!(fixed.ask(Method::GET, "/v1/me", None).await.0, StatusCode::UNAUTHORIZED);
        let (_, me) = bob.and(&fixed).ask(Method::GET, "/v1/me", None).await;
        assert_eq!(me["subject"], by_bob);
    })
    .await;
}
