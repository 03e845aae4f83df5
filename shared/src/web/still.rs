//! What surrounds the interface of a process that shows the past: nothing is written, and its clock stands.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

use crate::{contract::time::Time, web::problem::Problem};

/// The same interface, as far as it reads.
pub(crate) fn read_only(router: Router, at: Time) -> Router {
    router.layer(middleware::from_fn_with_state(at, look))
}

async fn look(State(at): State<Time>, request: Request, next: Next) -> Response {
    let mut response = match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => next.run(request).await,
        _ => Problem::sandbox(at).into_response(),
    };
    let date = HeaderValue::from_str(&at.http_date()).expect("a date is plain ASCII");
    response.headers_mut().insert(header::DATE, date);
    response
}
