//! What a problem looks like, for programs: every member that one may have.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::Problem;

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text = |description: &str| json!({"type": "string", "description": description});
        let schema = json!({
            "type": "object",
            "description": "What is answered instead of what was asked for (RFC 9457). Which members there are besides \
                            the first four depends on the type.",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": text("`/problems/<name>`: stable, for programs."),
                "title": text("For people: the same for every problem of the type."),
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": text("For people: this occurrence, and what to do."),
                "errors": {
                    "type": "array",
                    "description": "Of `invalid`, `invalid-line`, `unknown-item`: where the request is wrong.",
                    "items": {
                        "type": "object",
                        "required": ["pointer", "detail"],
                        "properties": {
                            "pointer": text("JSON Pointer (RFC 6901) into the body; of a parameter or header, its name."),
                            "detail": text("What is wrong there."),
                        },
                    },
                },
                "unavailable": {
                    "type": "array",
                    "description": "Of `item-unavailable`: what is sold out.",
                    "items": {
                        "type": "object",
                        "required": ["line", "sku"],
                        "properties": {
                            "line": text("The id that the order's line would have: `1` is the first."),
                            "sku": text("The dish or the modifier."),
                        },
                    },
                },
                "mode": {"type": "string", "enum": ["paused", "closed"], "description": "Of `location-not-accepting`."},
                "resume_at": {
                    "type": ["string", "null"], "format": "date-time",
                    "description": "Of `location-not-accepting`: when it is open again, if that is known.",
                },
                "total": {
                    "type": "object",
                    "description": "Of `price-mismatch`: what the menu gives, in minor units.",
                    "required": ["amount", "currency"],
                    "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
                },
                "order_status": text("Of `not-cancellable`: the order's status."),
                "state": text("Of `ticket-state`: the ticket's state."),
                "unit": text("Of `unit-in-use`: the unit that the ingredient's quantities are in."),
                "currency": text("Of `currency-in-use`: the currency that the location's prices are in."),
                "first": {
                    "type": ["integer", "string"],
                    "description": "Of `gone`: the first position, or the first time, that is left.",
                },
                "at": {
                    "type": "string", "format": "date-time",
                    "description": "Of `sandbox`, where only the past is shown: the moment at which its clock stands.",
                },
                "sign_in": text("Of `unauthenticated`: where people sign in, with `?to=` the page to come back to."),
                "version": {
                    "type": "integer",
                    "description": "Of `version-mismatch`: the present version; 0 where there is none yet.",
                },
            },
        });
        serde_json::from_value(schema).expect("a schema")
    }
}

impl ToSchema for Problem {}
