//! What the sweeps do: tickets that nobody hands over, items at stations that are gone.

use super::*;

/// A call as of so many minutes ago.
fn ago(minutes: u64) -> Call {
    let at = Time::now() - std::time::Duration::from_secs(60 * minutes);
    Call { at, ..Call::internal("/order-svc") }
}

#[tokio::test]
async fn what_nobody_hands_over_is_served_by_itself() {
    let display = Display::new().await;
    let mut body = stations();
    body["serve_after"] = json!(10);
    display.ask("PUT", "/v1/stations/soho", Some(body)).await;
    let tickets = [(1, "soho", 9), (2, "soho", 11), (3, "camden", 59), (4, "camden", 61), (5, "bow", 1)];
    for (number, location, minutes) in tickets {
        let id = display.open(number, location, "cola").await;
        let ready = Command::Act { ticket: id, action: Action::Ticket(TicketAction::Ready), once: None };
        display.app.pump.ask(ago(minutes), ready).await.unwrap();
    }
    // The sweep does it.
    while display.list("state=served").await.0 != [2, 4] {
        tokio::task::yield_now().await;
    }
    assert_eq!(display.list("state=ready").await.0, [1, 3, 5]);
    let due = store::due(&display.app.db, Time::now() + std::time::Duration::from_secs(120)).await.unwrap();
    let due = due.iter().filter(|command| matches!(command, Command::HandOver(_)));
    assert_eq!(due.count(), 2, "one at nine of ten minutes, one at 59 of 60");
    display.close().await;
}

#[tokio::test]
async fn displays_follow_what_moves_from_a_station_that_is_gone() {
    let display = Display::new().await;
    display.ask("PUT", "/v1/stations/soho", Some(stations())).await;
    let burger = display.open(1, "soho", "burger").await;
    let steak = display.open(2, "soho", "steak").await;
    display.open(3, "camden", "burger").await;
    let served = display.open(4, "soho", "burger").await;
    display.act(served, "serve").await;
    let mut grill = display.watch("location=soho&station=grill_1", None).await;
    let mut bar = display.watch("location=soho&station=bar", None).await;
    grill.check("snapshot 1 4").await;
    bar.check("snapshot").await;
    let bar_alone =
        json!({"stations": [{"id": "bar", "name": "Bar"}, {"id": "grill-1", "name": "Other"}], "default": "bar"});
    display.ask("PUT", "/v1/stations/soho", Some(bar_alone.clone())).await;
    // By the sweep; who looked at the old station hears that the ticket has left it.
    grill.check("ticket.changed 1").await;
    bar.check("ticket.changed 1").await;
    let (_, ticket) = display.ask("GET", &format!("/v1/tickets/{burger}"), None).await;
    assert_eq!(ticket["items"][0]["station"], "bar");
    assert_eq!(display.list("location=soho&station=bar").await.0, [1]);
    let (_, ticket) = display.ask("GET", &format!("/v1/tickets/{steak}"), None).await;
    assert_eq!(ticket["items"][0]["station"], "grill-1");
    // The station counts as closed for a moment longer, then for nothing.
    let in_a_minute = Time::now() + std::time::Duration::from_secs(90);
    for command in store::due(&display.app.db, in_a_minute).await.unwrap() {
        assert!(matches!(command, Command::ClearClosed(_)), "{command:?}");
        display.hear_at(Call::internal("kitchen-svc"), command).await;
    }
    let due = store::due(&display.app.db, in_a_minute).await.unwrap();
    assert!(due.is_empty(), "{due:?}");
    display.close().await;
}
