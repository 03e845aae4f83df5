//! What paths name, alike in all services.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::contract::types::{Sku, Slug};

/// All of a kind at a location: `/v1/menu/soho`.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InLocation {
    pub location: Slug,
}

/// An item of a location's menu: `/v1/recipes/soho/margherita`.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfItem {
    pub location: Slug,
    pub sku: Sku,
}
