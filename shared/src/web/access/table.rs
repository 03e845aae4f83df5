//! Every route and the scope that it takes: the one place where it is said who may do what. What is not in it is refused.

use super::Principal;
use crate::contract::access::Role::{self, Developer, Kitchen, Manager, Producer};

/// What a route takes; each role has some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For everybody, known or not: pages, the interface's description, health, and the menu.
    Public,
    /// For whoever is known, whatever they may do.
    Known,
    OrdersPlace,
    /// Follow an order, or call it off: one's own, or of a location where one works.
    OrdersFollow,
    OrdersCancel,
    OrdersList,
    MenuWrite,
    /// Pause a location, and open it again.
    ModeWrite,
    StockRead,
    StockWrite,
    /// Say that something is out, and that it is back.
    AvailabilityWrite,
    TicketsRead,
    TicketsWrite,
    StationsWrite,
    HistoryRead,
    HistoryMend,
    MetricsRead,
    KeysManage,
    /// What a day brought in, and how it went.
    DayRead,
}

/// Which location a request is about, so that it can be held against those of the asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// None in particular.
    Nowhere,
    /// `{location}` of the path.
    Path,
    /// `location` of the query, which whoever is not everywhere has to give.
    Query,
    /// That of what it is about, which only the handler knows.
    Subject,
    /// All of them.
    Everywhere,
}

/// What one route takes.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub method: &'static str,
    /// As it is routed: `/v1/orders/{id}`.
    pub path: &'static str,
    pub scope: Scope,
    pub bound: Bound,
}

use Bound::{Everywhere, Nowhere, Path, Query, Subject};
use Scope::{
    AvailabilityWrite, DayRead, HistoryMend, HistoryRead, KeysManage, Known, MenuWrite, MetricsRead, ModeWrite,
    OrdersCancel, OrdersFollow, OrdersList, OrdersPlace, Public, StationsWrite, StockRead, StockWrite, TicketsRead,
    TicketsWrite,
};

const fn rule(method: &'static str, path: &'static str, scope: Scope, bound: Bound) -> Rule {
    Rule { method, path, scope, bound }
}

/// Files of pages aside.
pub const RULES: &[Rule] = &[
    rule("GET", "/", Public, Nowhere),
    rule("GET", "/order", Public, Nowhere),
    rule("GET", "/menu", Public, Nowhere),
    rule("GET", "/day", Public, Nowhere),
    rule("GET", "/kitchen", Public, Nowhere),
    rule("GET", "/stock", Public, Nowhere),
    rule("GET", "/console", Public, Nowhere),
    rule("GET", "/docs", Public, Nowhere),
    rule("GET", "/docs/", Public, Nowhere),
    rule("GET", "/openapi.json", Public, Nowhere),
    rule("GET", "/asyncapi.json", Public, Nowhere),
    rule("GET", "/healthz/live", Public, Nowhere),
    rule("GET", "/healthz/ready", Public, Nowhere),
    rule("GET", "/metrics", MetricsRead, Nowhere),
    rule("GET", "/v1/me", Known, Nowhere),
    rule("POST", "/v1/orders", OrdersPlace, Subject),
    rule("GET", "/v1/orders", OrdersList, Query),
    rule("GET", "/v1/orders/{id}", OrdersFollow, Subject),
    rule("GET", "/v1/orders/{id}/events", OrdersFollow, Subject),
    rule("POST", "/v1/orders/{id}/cancel", OrdersCancel, Subject),
    rule("POST", "/v1/orders/{id}/link", OrdersFollow, Subject),
    rule("GET", "/v1/locations", Public, Nowhere),
    rule("GET", "/v1/locations/{location}", Public, Nowhere),
    rule("GET", "/v1/locations/{location}/events", Public, Nowhere),
    rule("PUT", "/v1/locations/{location}", MenuWrite, Path),
    rule("POST", "/v1/locations/{location}/mode", ModeWrite, Path),
    rule("GET", "/v1/code", MenuWrite, Nowhere),
    rule("GET", "/v1/menu/{location}", Public, Nowhere),
    rule("PUT", "/v1/menu/{location}/{sku}", MenuWrite, Path),
    rule("DELETE", "/v1/menu/{location}/{sku}", MenuWrite, Path),
    rule("GET", "/v1/sales/{location}/day", DayRead, Path),
    rule("POST", "/v1/keys", KeysManage, Subject),
    rule("GET", "/v1/keys", KeysManage, Nowhere),
    rule("DELETE", "/v1/keys/{id}", KeysManage, Subject),
    rule("POST", "/v1/pairings", Public, Nowhere),
    rule("POST", "/v1/pairings/{code}/confirm", KeysManage, Subject),
    rule("GET", "/v1/sign-in", Public, Nowhere),
    rule("GET", "/v1/sign-in/callback", Public, Nowhere),
    rule("POST", "/v1/sign-out", Known, Nowhere),
    rule("GET", "/v1/inventory", StockRead, Nowhere),
    rule("GET", "/v1/inventory/{location}/events", StockRead, Path),
    rule("GET", "/v1/inventory/{location}/day", DayRead, Path),
    rule("GET", "/v1/stock/{location}", StockRead, Path),
    rule("PUT", "/v1/stock/{location}/{ingredient}", StockWrite, Path),
    rule("GET", "/v1/stock/{location}/{ingredient}/movements", StockRead, Path),
    rule("POST", "/v1/stock/{location}/{ingredient}/movements", StockWrite, Path),
    rule("GET", "/v1/recipes/{location}", StockRead, Path),
    rule("GET", "/v1/recipes/{location}/{sku}", StockRead, Path),
    rule("PUT", "/v1/recipes/{location}/{sku}", StockWrite, Path),
    rule("GET", "/v1/availability/{location}", StockRead, Path),
    rule("PUT", "/v1/availability/{location}/{sku}", AvailabilityWrite, Path),
    rule("GET", "/v1/reservations/{order_id}", StockRead, Subject),
    rule("GET", "/v1/tickets", TicketsRead, Query),
    rule("GET", "/v1/tickets/stream", TicketsRead, Query),
    rule("GET", "/v1/tickets/{id}", TicketsRead, Subject),
    rule("POST", "/v1/tickets/{id}/{action}", TicketsWrite, Subject),
    rule("POST", "/v1/tickets/{id}/items/{item}/{action}", TicketsWrite, Subject),
    rule("PUT", "/v1/tickets/out/{location}/{sku}", TicketsWrite, Path),
    rule("GET", "/v1/stations/{location}", TicketsRead, Path),
    rule("GET", "/v1/stations/{location}/day", DayRead, Path),
    rule("PUT", "/v1/stations/{location}", StationsWrite, Path),
    rule("GET", "/v1/feed/{feed}", HistoryRead, Everywhere),
    rule("POST", "/v1/feed/{feed}/resend", HistoryMend, Everywhere),
    rule("POST", "/v1/inbox/{feed}/check", HistoryRead, Everywhere),
    rule("GET", "/v1/journal/{feed}", HistoryRead, Everywhere),
    rule("GET", "/v1/state/{feed}", HistoryRead, Everywhere),
    rule("GET", "/v1/state/{feed}/{table}", HistoryRead, Everywhere),
    rule("GET", "/v1/dead/{feed}", HistoryRead, Everywhere),
    rule("GET", "/v1/dead/{feed}/{id}", HistoryRead, Everywhere),
    rule("POST", "/v1/dead/{feed}/{id}/redrive", HistoryMend, Everywhere),
    rule("POST", "/v1/dead/{feed}/{id}/discard", HistoryMend, Everywhere),
    rule("GET", "/console/live", HistoryRead, Everywhere),
    rule("GET", "/console/event/{feed}/{position}", HistoryRead, Everywhere),
    rule("GET", "/console/trace/{order}", HistoryRead, Everywhere),
    rule("GET", "/console/dead", HistoryRead, Everywhere),
    rule("GET", "/console/dead/{feed}/{id}", HistoryRead, Everywhere),
    rule("POST", "/console/dead/{feed}/{id}/redrive", HistoryMend, Everywhere),
    rule("POST", "/console/dead/{feed}/{id}/discard", HistoryMend, Everywhere),
];

/// A script, a style or a picture of a page.
const FILE: Rule = rule("GET", "/", Public, Nowhere);

/// The rule of a route; `None` of one that nobody has thought of.
pub(in crate::web) fn of(method: &str, path: &str) -> Option<Rule> {
    // Whoever may read something may ask how large it is.
    let method = if method == "HEAD" { "GET" } else { method };
    let is_file = !path.contains('{') && [".js", ".css", ".svg", ".webmanifest"].iter().any(|end| path.ends_with(end));
    if method == FILE.method && is_file {
        return Some(FILE);
    }
    RULES.iter().find(|rule| rule.method.eq_ignore_ascii_case(method) && rule.path == path).copied()
}

/// Whether somebody may do all that the role may.
pub(super) fn holds_all_of(principal: &Principal, role: Role) -> bool {
    let scopes = RULES.iter().map(|rule| rule.scope);
    scopes.filter(|scope| scope.roles().contains(&role)).all(|scope| scope.is_of(principal))
}

impl Scope {
    /// As OpenAPI and refusals show it.
    pub fn name(self) -> &'static str {
        match self {
            Public => "public",
            Known => "known",
            OrdersPlace => "orders:place",
            OrdersFollow => "orders:follow",
            OrdersCancel => "orders:cancel",
            OrdersList => "orders:list",
            MenuWrite => "menu:write",
            ModeWrite => "mode:write",
            AvailabilityWrite => "availability:write",
            StockRead => "stock:read",
            StockWrite => "stock:write",
            TicketsRead => "tickets:read",
            TicketsWrite => "tickets:write",
            StationsWrite => "stations:write",
            HistoryRead => "history:read",
            HistoryMend => "history:mend",
            MetricsRead => "metrics:read",
            KeysManage => "keys:manage",
            DayRead => "day:read",
        }
    }

    /// Who has it.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Public | Known => &Role::ALL,
            OrdersPlace => &[Producer, Manager],
            OrdersFollow => &[Producer, Kitchen, Manager, Developer],
            OrdersCancel => &[Producer, Manager],
            OrdersList | StockRead | TicketsRead => &[Kitchen, Manager, Developer],
            MenuWrite | StockWrite | StationsWrite | KeysManage => &[Manager],
            DayRead => &[Manager, Developer],
            TicketsWrite | ModeWrite | AvailabilityWrite => &[Kitchen, Manager],
            HistoryRead | HistoryMend | MetricsRead => &[Developer],
        }
    }

    /// Whether guests have it as well, who are known by nothing but their own secret.
    pub fn is_for_guests(self) -> bool {
        matches!(self, Public | Known | OrdersPlace | OrdersFollow | OrdersCancel)
    }

    pub(super) fn is_of(self, principal: &Principal) -> bool {
        let has_role = self.roles().iter().any(|role| principal.roles().contains(role));
        matches!(self, Public | Known) || has_role || (principal.is_guest() && self.is_for_guests())
    }
}
