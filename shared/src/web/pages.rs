//! Pages for people, from the binary: plain files with a content type, a strong ETag and a strict policy.
//! Nothing in them comes from another host but a menu's photos, and no script or style is inline.

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::get,
};

use crate::{
    contract::time::Time,
    web::{packed::Packed, problem::Problem, site::Site},
};

const POLICY: &str = "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// Of what a device has, no page needs this.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), usb=()";
/// No page of anybody else's keeps a handle on one of ours.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// A file of a page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Where it is served: `/kitchen/board.js`. Without an extension it is HTML.
    pub path: &'static str,
    pub text: &'static str,
}

/// What tells pages the time.
const CLOCK: Asset = Asset { path: "/assets/clock.js", text: include_str!("../../pages/clock.js") };

/// What the pages have in common: the look, and small modules. Served once by every process.
const SHARED: &[Asset] = &[
    Asset { path: "/assets/base.css", text: include_str!("../../pages/base.css") },
    Asset { path: "/assets/icon.svg", text: include_str!("../../pages/icon.svg") },
    Asset { path: "/assets/icon-app.svg", text: include_str!("../../pages/icon-app.svg") },
    CLOCK,
    Asset { path: "/assets/address.js", text: include_str!("../../pages/address.js") },
    Asset { path: "/assets/api.js", text: include_str!("../../pages/api.js") },
    Asset { path: "/assets/channel.js", text: include_str!("../../pages/channel.js") },
    Asset { path: "/assets/dom.js", text: include_str!("../../pages/dom.js") },
    Asset { path: "/assets/groups.js", text: include_str!("../../pages/groups.js") },
    Asset { path: "/assets/kept.js", text: include_str!("../../pages/kept.js") },
    Asset { path: "/assets/language.js", text: include_str!("../../pages/language.js") },
    Asset { path: "/assets/languages.js", text: include_str!("../../pages/languages.js") },
    Asset { path: "/assets/live.js", text: include_str!("../../pages/live.js") },
    Asset { path: "/assets/missing.js", text: include_str!("../../pages/missing.js") },
    Asset { path: "/assets/needs.js", text: include_str!("../../pages/needs.js") },
    Asset { path: "/assets/numbers.js", text: include_str!("../../pages/numbers.js") },
    Asset { path: "/assets/parts.js", text: include_str!("../../pages/parts.js") },
    Asset { path: "/assets/plural.js", text: include_str!("../../pages/plural.js") },
    Asset { path: "/assets/sign-in.js", text: include_str!("../../pages/sign-in.js") },
    Asset { path: "/assets/speaks.js", text: include_str!("../../pages/speaks.js") },
    Asset { path: "/assets/stream.js", text: include_str!("../../pages/stream.js") },
    Asset { path: "/assets/streams.js", text: include_str!("../../pages/streams.js") },
    Asset { path: "/assets/taking.js", text: include_str!("../../pages/taking.js") },
    Asset { path: "/assets/tokens.css", text: include_str!("../../pages/tokens.css") },
    Asset { path: "/assets/text.ar.js", text: include_str!("../../pages/text.ar.js") },
    Asset { path: "/assets/text.de.js", text: include_str!("../../pages/text.de.js") },
    Asset { path: "/assets/text.en.js", text: include_str!("../../pages/text.en.js") },
    Asset { path: "/assets/text.js", text: include_str!("../../pages/text.js") },
    Asset { path: "/assets/time.js", text: include_str!("../../pages/time.js") },
];

/// Where nothing is, for people.
const MISSING: Asset = Asset { path: "/missing", text: include_str!("../../pages/missing.html") };

/// Serves the files.
pub fn router(assets: &'static [Asset]) -> Router {
    assets.iter().fold(Router::new(), |router, asset| router.route(asset.path, serving(*asset)))
}

/// A page goes by the clock of the process: where that stands, so does the page's.
pub(crate) fn shared() -> Router {
    let clock = Time::stopped().map_or(CLOCK, |at| Asset { text: standing(at).leak(), ..CLOCK });
    let others = SHARED.iter().filter(|asset| asset.path != CLOCK.path);
    others.chain([&clock]).fold(Router::new(), |router, asset| router.route(asset.path, serving(*asset)))
}

fn standing(at: Time) -> String {
    format!("export const clock = {{\n  now: () => {},\n  hear() {{}},\n}};\n", at.as_micros() / 1000)
}

/// What people get at an address that leads nowhere; programs get a problem.
pub(crate) fn missing(request: &Request) -> Response {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepted.contains("text/html") {
        return Problem::no_such_path(request.uri().path()).into_response();
    }
    (StatusCode::NOT_FOUND, MISSING.answer(MISSING.text.into_response())).into_response()
}

/// The pages of a service that runs alone: `/` leads to its own.
pub(crate) fn alone<S: Site>() -> Router {
    router(S::ASSETS).route("/", get(|| async { Redirect::temporary(S::PAGE) }))
}

fn serving(asset: Asset) -> axum::routing::MethodRouter {
    let packed = Arc::new(Packed::new(asset.path, asset.text));
    get(move |headers: HeaderMap| ready(asset.answer(packed.answer(&headers))))
}

impl Asset {
    /// Always asked for again, so that nobody keeps an old script with a new page; 304 while it is the same.
    fn answer(self, text: Response) -> Response {
        let fresh = [
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (PERMISSIONS_POLICY, HeaderValue::from_static(PERMISSIONS)),
            (OPENER_POLICY, HeaderValue::from_static("same-origin")),
        ];
        let scope = self.scope().map(|scope| AppendHeaders([("service-worker-allowed", scope)]));
        (fresh, [(header::CONTENT_TYPE, self.content_type())], scope, text).into_response()
    }

    /// What a worker may answer for: `/kitchen/worker.js` for all of `/kitchen`.
    fn scope(&self) -> Option<&'static str> {
        self.path.strip_suffix("/worker.js")
    }

    fn content_type(&self) -> &'static str {
        match self.path.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            Some((_, "webmanifest")) => "application/manifest+json",
            _ => "text/html; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request, middleware::from_fn};
    use expect_test::{Expect, expect};
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::web::etag::not_modified;

    const ASSETS: &[Asset] = &[
        Asset { path: "/page", text: "<!doctype html>" },
        Asset { path: "/page/app.js", text: "let a;" },
        Asset { path: "/page/look.css", text: "a {}" },
    ];

    async fn check(path: &str, if_none_match: &str, expected: Expect) {
        let request = Request::get(path).header(header::IF_NONE_MATCH, if_none_match).body(Body::empty()).unwrap();
        let response =
            TowerToHyperService::new(router(ASSETS).layer(from_fn(not_modified))).call(request).await.unwrap();
        let header = |name| response.headers().get(name).map_or("-", |value| value.to_str().unwrap());
        let headers = [header::CONTENT_TYPE, header::CACHE_CONTROL, header::ETAG].map(header);
        expected.assert_eq(&format!("{} {}", response.status().as_u16(), headers.join(" | ")));
        assert!(header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'self';"));
        assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    }

    #[tokio::test]
    async fn files_come_with_their_type_and_tag() {
        check(
            "/page",
            "",
            expect![[r#"200 text/html; charset=utf-8 | no-cache | "86398081ef235569a67b2541cba37333""#]],
        )
        .await;
        check(
            "/page/app.js",
            "",
            expect![[r#"200 text/javascript; charset=utf-8 | no-cache | "dcb6e8e949e855e082b2794f7b3c26f8""#]],
        )
        .await;
        check(
            "/page/look.css",
            "\"other\"",
            expect![[r#"200 text/css; charset=utf-8 | no-cache | "78002297ccb55186927c87d8d385bba9""#]],
        )
        .await;
    }

    #[tokio::test]
    async fn what_is_known_is_not_sent_again() {
        check("/page/app.js", "*", expect![[r#"304 - | no-cache | "dcb6e8e949e855e082b2794f7b3c26f8""#]]).await;
        check(
            "/page/app.js",
            "\"other\", W/\"dcb6e8e949e855e082b2794f7b3c26f8\"",
            expect![[r#"304 - | no-cache | "dcb6e8e949e855e082b2794f7b3c26f8""#]],
        )
        .await;
    }

    #[test]
    fn a_worker_may_answer_for_its_page_and_for_no_other() {
        let scope = |path| {
            let answer = Asset { path, text: "" }.answer("".into_response());
            answer.headers().get("service-worker-allowed").cloned()
        };
        assert_eq!(scope("/page/worker.js"), Some(HeaderValue::from_static("/page")));
        assert_eq!(scope("/page/app.js"), None);
    }

    #[test]
    fn a_clock_that_stands_says_so_to_the_page() {
        expect![[r#"
            export const clock = {
              now: () => 1763923320700,
              hear() {},
            };
        "#]]
        .assert_eq(&standing("2025-11-23T18:42:00.7Z".parse().unwrap()));
    }

    #[test]
    fn the_shared_files_are_whole() {
        assert!(SHARED.iter().all(|asset| !asset.text.is_empty()));
        // A second route for a path would panic.
        let _ = shared();
    }
}
