//! The display's live view.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn a_display_sees_everything_then_every_change() {
    let display = Display::new().await;
    display.ask("PUT", "/v1/stations/soho", Some(stations())).await;
    let burger = display.open(1, "soho", "burger").await;
    let cola = display.open(2, "soho", "cola").await;
    let gone = display.open(3, "soho", "cola").await;
    display.open(4, "camden", "cola").await;
    display.act(gone, "serve").await;

    let mut all = display.watch("location=soho", None).await;
    let mut grill = display.watch("location=soho&station=grill_1", None).await;
    all.check("snapshot 1 2 3").await;
    grill.check("snapshot 1").await;
    display.act(cola, "start").await;
    display.open(5, "camden", "burger").await;
    display.act(burger, "start").await;
    let seen = all.check("ticket.started 2").await;
    all.check("ticket.started 1").await;
    grill.check("ticket.started 1").await;

    drop(all);
    display.act(burger, "ready").await;
    let mut back = display.watch("location=soho", Some(&seen)).await;
    back.check("ticket.started 1").await;
    back.check("ticket.ready 1").await;
    let mut lost = display.watch("location=soho", Some("1000000")).await;
    lost.check("snapshot 2 1 3").await;
    display.close().await;
}

#[tokio::test]
async fn who_is_too_far_behind_starts_anew() {
    let display = Display::new().await;
    join_all((1..=1002).map(|number| display.open(number, "soho", "cola"))).await;
    assert_eq!(display.watch("", Some("2")).await.next().await.0, "ticket");
    let (name, id, snapshot) = display.watch("", Some("1")).await.next().await;
    assert_eq!((&*name, &*id, snapshot["tickets"].as_array().unwrap().len()), ("snapshot", "1002", 1002));
    display.close().await;
}
