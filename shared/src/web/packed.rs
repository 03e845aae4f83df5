//! Texts that are compressed for whoever takes them so: once, and not again at each request.

use std::{io::Write, sync::OnceLock};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};

use crate::contract::event::derived_id;

#[derive(Debug)]
pub(crate) struct Packed {
    text: Bytes,
    /// The same text has the same tag in every process and version.
    tag: String,
    /// Made when it is first asked for.
    gzip: OnceLock<Bytes>,
}

impl Packed {
    /// `path` is where it is served.
    pub(crate) fn new(path: &str, text: impl Into<Bytes> + AsRef<str>) -> Self {
        let tag = derived_id(&[path, text.as_ref()]).simple().to_string();
        Self { text: text.into(), tag, gzip: OnceLock::new() }
    }

    /// The text and its `ETag`, in the form that the client takes.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response {
        let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
        if !takes_gzip(headers) {
            return ([vary, (header::ETAG, quoted(&self.tag))], self.text.clone()).into_response();
        }
        let gzip = self.gzip.get_or_init(|| compressed(&self.text)).clone();
        // Other bytes are another representation.
        let tag = (header::ETAG, quoted(&format!("{}-gzip", self.tag)));
        ([vary, tag, (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], gzip).into_response()
    }
}

fn quoted(tag: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{tag}\"")).expect("hexadecimal digits and quotes")
}

fn compressed(text: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("memory takes what is written");
    encoder.finish().expect("memory takes what is written").into()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let listed = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok()).unwrap_or(1.0);
        name.trim().eq_ignore_ascii_case("gzip") && weight > 0.0
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http_body_util::BodyExt;

    use super::*;

    async fn check(accepted: &str, encoding: Option<&str>) {
        let text = "a kitchen, a kitchen, ".repeat(100);
        let packed = Packed::new("/text", text.clone());
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap())]);
        let answer = packed.answer(&headers);
        let told = answer.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(told.as_deref(), encoding, "{accepted}");
        assert_eq!(answer.headers()[header::VARY], "accept-encoding");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        if encoding.is_none() {
            assert_eq!(body, text);
            return;
        }
        let mut read = String::new();
        flate2::read::GzDecoder::new(&*body).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
        assert!(body.len() < text.len() / 10, "{} bytes", body.len());
    }

    #[tokio::test]
    async fn whoever_takes_it_gets_it_compressed() {
        for accepted in ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "deflate , gzip ; q=0.001"] {
            check(accepted, Some("gzip")).await;
        }
        for accepted in ["", "identity", "br", "gzip;q=0", "gzip; q=0.000, br"] {
            check(accepted, None).await;
        }
    }

    #[test]
    fn each_form_has_a_tag_of_its_own() {
        let packed = Packed::new("/text", "text");
        let gzip = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
        let [plain, packed] = [HeaderMap::new(), gzip].map(|headers| packed.answer(&headers));
        assert_ne!(plain.headers()[header::ETAG], packed.headers()[header::ETAG]);
    }
}
