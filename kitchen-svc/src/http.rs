//! The kitchen over HTTP: tickets and what cooks do to them.

mod answer;
mod day;
mod live;
mod setup;

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, de::IntoDeserializer};
use shared::{
    contract::{
        kitchen::{Ticket, TicketState},
        time::TimeAndId,
    },
    engine::call::Call,
    web::{
        access::Principal,
        etag,
        extract::{InPath, InQuery, Keyed, KeyedBody},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
        site::App,
    },
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    KitchenSvc,
    domain::{Action, Command, ItemAction, Refusal, Reply, TicketAction},
    store::{self, Since, View},
};

type Kitchen = App<KitchenSvc>;

pub(crate) fn routes(app: Kitchen) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list_tickets))
        .routes(routes!(live::events))
        .routes(routes!(show_ticket))
        .routes(routes!(act))
        .routes(routes!(act_on_item))
        .routes(routes!(setup::mark_out))
        .routes(routes!(setup::show_stations, setup::put_stations))
        .routes(routes!(day::day_of_kitchen))
        .with_state(app)
}

/// Which states are listed.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct States {
    /// A comma list: `open,ready`. Without it: everything open, ready, or void and not acknowledged, and all that
    /// was opened on this business day of the location (in UTC where no location is given).
    state: Option<String>,
}

#[utoipa::path(
    get, path = "/v1/tickets", tag = "kitchen-svc", params(View, States, Paging),
    responses(
        (status = 200, body = Page<Ticket>),
    )
)]
/// The tickets, oldest first.
async fn list_tickets(
    State(app): State<Kitchen>,
    call: Call,
    InQuery(view): InQuery<View>,
    InQuery(States { state }): InQuery<States>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<Ticket>>> {
    let since = match state {
        Some(list) => Since::in_states(&states(&list)?),
        None => {
            Since::work_and(store::day_start(&app.db, view.location.as_ref(), call.at).await.map_err(could_not_read)?)
        }
    };
    let read = async |after, limit| store::shown(&app.db, &view, since, after, limit).await.map_err(could_not_read);
    Page::read(&paging, |ticket| TimeAndId(ticket.opened_at, ticket.id), read).await
}

fn states(list: &str) -> Answer<Vec<TicketState>> {
    let state = |word: &str| TicketState::deserialize(word.trim().into_deserializer());
    let states: Result<_, serde::de::value::Error> = list.split(',').map(state).collect();
    states.map_err(|error| Problem::invalid_field("state", error.to_string()))
}

#[utoipa::path(
    get, path = "/v1/tickets/{id}", tag = "kitchen-svc", params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = Ticket, headers(("ETag" = String, description = "The version"))),
    )
)]
/// One ticket.
async fn show_ticket(State(app): State<Kitchen>, principal: Principal, InPath(id): InPath<Uuid>) -> Answer<Response> {
    let ticket = find(&app, &principal, id).await?;
    Ok(etag::versioned(ticket.version, ticket))
}

/// Of a ticket of another kitchen nothing is told, not even that there is one.
async fn find(app: &Kitchen, principal: &Principal, id: Uuid) -> Answer<Ticket> {
    let found = store::ticket(&app.db, id).await.map_err(could_not_read)?;
    Ok(found.filter(|ticket| principal.covers(&ticket.location)).ok_or(Refusal::UnknownTicket(id))?)
}

/// An action takes no body, or an empty one.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Nothing {}

impl KeyedBody for Nothing {
    fn absent() -> Option<Self> {
        Some(Self {})
    }
}

#[utoipa::path(
    post, path = "/v1/tickets/{id}/{action}", tag = "kitchen-svc",
    params(("id" = Uuid, Path), ("action" = inline(TicketAction), Path), ("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 200, body = Ticket, description = "Done, now or before", headers(
            ("ETag" = String, description = "The version"),
            ("Idempotent-Replayed" = String, description = "`true` where its key was used for this before"),
        )),
        (status = 409, body = Problem, description = "`ticket-void`, `ticket-state`", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "`idempotency-key-reused`", content_type = "application/problem+json"),
    )
)]
/// Does something to the whole ticket. Repeating it changes nothing; with a key, also when repeated late.
async fn act(
    State(app): State<Kitchen>,
    call: Call,
    principal: Principal,
    InPath((id, action)): InPath<(Uuid, TicketAction)>,
    Keyed { key, body: Nothing {} }: Keyed<Nothing>,
) -> Answer<Reply> {
    ask(&app, call, &principal, id, Action::Ticket(action), key).await
}

#[utoipa::path(
    post, path = "/v1/tickets/{id}/items/{item}/{action}", tag = "kitchen-svc",
    params(
        ("id" = Uuid, Path), ("item" = String, Path), ("action" = inline(ItemAction), Path),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = Ticket, description = "Done, now or before", headers(
            ("ETag" = String, description = "The version"),
            ("Idempotent-Replayed" = String, description = "`true` where its key was used for this before"),
        )),
        (status = 409, body = Problem, description = "`ticket-void`, `ticket-state`", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "`idempotency-key-reused`", content_type = "application/problem+json"),
    )
)]
/// Does something to one item. A second undo in a row is taken as a repetition, unless it comes with a key of its own.
async fn act_on_item(
    State(app): State<Kitchen>,
    call: Call,
    principal: Principal,
    InPath((id, item, action)): InPath<(Uuid, String, ItemAction)>,
    Keyed { key, body: Nothing {} }: Keyed<Nothing>,
) -> Answer<Reply> {
    ask(&app, call, &principal, id, Action::Item(item, action), key).await
}

async fn ask(
    app: &Kitchen,
    call: Call,
    principal: &Principal,
    ticket: Uuid,
    action: Action,
    key: Option<String>,
) -> Answer<Reply> {
    // No ticket goes to another kitchen until it is decided.
    if !principal.is_everywhere() {
        find(app, principal, ticket).await?;
    }
    let once = key.map(|key| call.idempotency("kitchen", &[&key], &(ticket, &action)));
    Ok(app.pump.ask(call, Command::Act { ticket, action, once }).await?)
}

#[cfg(test)]
mod tests;
