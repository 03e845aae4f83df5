//! Codes for tables: what a phone reads to find the menu, and knows the table.

use std::fmt::Write;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Deserialize;
use shared::{
    contract::types::Text,
    web::{
        extract::InQuery,
        problem::{Answer, Problem},
    },
};
use utoipa::IntoParams;

/// Around the code nothing may be drawn, so wide.
const QUIET: i32 = 4;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// What the code says: an address of the order page.
    #[param(value_type = String, min_length = 1, max_length = 500)]
    text: Text<500>,
}

#[utoipa::path(
    get, path = "/v1/code", tag = "order-svc", params(Wanted),
    responses(
        (status = 200, body = String, content_type = "image/svg+xml", description = "A QR code, black on white."),
    )
)]
/// Draws a text as a QR code, to be printed for a table.
pub(super) async fn draw(InQuery(Wanted { text }): InQuery<Wanted>) -> Answer<Response> {
    let code = QrCode::encode_text(&text, QrCodeEcc::Medium)
        .map_err(|error| Problem::invalid_field("text", error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg(&code)).into_response())
}

fn svg(code: &QrCode) -> String {
    let size = code.size();
    let width = size + 2 * QUIET;
    let mut path = String::new();
    for (x, y) in (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y)) {
        // Writing to a string does not fail.
        let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{width}v{width}H0z\"/><path d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_a_quiet_edge() {
        let code = QrCode::encode_text("https://order.example/order?table=12#at/soho", QrCodeEcc::Medium).unwrap();
        let (drawn, last) = (svg(&code), code.size() - 7);
        for (x, y) in [(0, 0), (last, 0), (0, last)] {
            assert!(drawn.contains(&format!("M{} {}h1", x + QUIET, y + QUIET)), "{x} {y}");
        }
        assert!(!drawn.contains("M3 ") && drawn.contains(&format!("viewBox=\"0 0 {0} {0}\"", code.size() + 8)));
        let modules = (0..code.size() * code.size()).filter(|at| code.get_module(at % code.size(), at / code.size()));
        assert_eq!(drawn.matches("h1v1").count(), modules.count());
    }
}
