//! Metadata and keys.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::refusal::Refusal;
use super::{is_tenant, value};
use crate::microsoft::directory::CONSUMERS;
use crate::microsoft::shared::Shared;

pub(super) async fn configuration(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
) -> Response {
    if !is_tenant(&tenant) {
        return Refusal::new(
            "invalid_tenant",
            90_002,
            format!("Tenant '{tenant}' not found."),
        )
        .body(shared.now());
    }
    let base = &shared.context.base_url;
    // For endpoints of several tenants the issuer is a template.
    let issuer = match tenant.as_str() {
        "common" | "organizations" => "{tenantid}",
        "consumers" => CONSUMERS,
        id => id,
    };
    axum::Json(json!({
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{base}/{issuer}/v2.0"),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "end_session_endpoint": format!("{base}/{tenant}/oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "oid", "email"],
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    }))
    .into_response()
}

pub(super) async fn keys(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
) -> Response {
    let mut keys = shared.context.keys.jwks();
    // The issuer of each key stands beside it, so that a verifier can pin it.
    let issuer = if tenant == "consumers" {
        CONSUMERS
    } else {
        "{tenantid}"
    };
    if let Some(list) = keys.get_mut("keys").and_then(|k| k.as_array_mut()) {
        for key in list.iter_mut().filter_map(|k| k.as_object_mut()) {
            key.insert(
                "issuer".to_owned(),
                json!(format!("{}/{issuer}/v2.0", shared.context.base_url)),
            );
        }
    }
    axum::Json(keys).into_response()
}

pub(super) async fn logout(Query(pairs): Query<Vec<(String, String)>>) -> Response {
    match value(&pairs, "post_logout_redirect_uri") {
        Some(uri) => Redirect::to(uri).into_response(),
        None => "You signed out of your account.".into_response(),
    }
}
