//! What browsers, caches and checks of integrity rely on.

use std::io::Read as _;

use axum::body::to_bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384};

use super::*;

async fn get(name: &str, headers: &[(header::HeaderName, &'static str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let map = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
    let (parts, body) = serve(Path(name.to_owned()), map).await.into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

/// Runs a future that never waits for anything outside.
fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn app_css() -> &'static Asset {
    named("app.css").unwrap()
}

#[test]
fn names_and_integrity_follow_from_the_bytes() {
    assert!(ASSETS.len() > 5);
    for asset in ASSETS {
        let first = Sha256::digest(asset.plain)[..8].try_into().map(u64::from_be_bytes).unwrap();
        let (stem, extension) = asset.name.rsplit_once('.').unwrap();
        assert_eq!(asset.hashed, format!("{stem}.{first:016x}.{extension}"));
        assert_eq!(asset.integrity, format!("sha384-{}", STANDARD.encode(Sha384::digest(asset.plain))));
    }
}

#[test]
fn compressed_variants_hold_the_same_bytes() {
    for asset in ASSETS {
        if let Some(mut compressed) = asset.brotli {
            let mut plain = Vec::new();
            brotli::BrotliDecompress(&mut compressed, &mut plain).unwrap();
            assert_eq!(plain, asset.plain, "{}", asset.name);
        }
        if let Some(compressed) = asset.gzip {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(compressed).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, asset.plain, "{}", asset.name);
        }
    }
    let bootstrap = named("bootstrap.min.css").unwrap();
    assert!(bootstrap.brotli.unwrap().len() < bootstrap.gzip.unwrap().len());
}

#[test]
fn modules_import_hashed_names_only_and_every_import_is_preloaded_with_its_integrity() {
    let assets = Assets::default();
    for asset in ASSETS.iter().filter(|asset| asset.content_type.starts_with("text/javascript")) {
        let text = str::from_utf8(asset.plain).unwrap();
        for import in text.split("\"./").skip(1).filter_map(|part| part.split('"').next()) {
            assert!(hashed(import).is_some(), "{} imports {import}", asset.name);
            assert!(asset.imports.contains(&import), "{} imports {import} unseen", asset.name);
        }
        assert!(!text.contains("eval(") && !text.contains("new Function"), "{}", asset.name);
        let tags = assets.module(asset.name).0;
        assert_eq!(tags.matches("integrity=\"sha384-").count(), asset.imports.len() + 1);
    }
}

#[test]
fn a_file_is_kept_for_a_year_and_comes_compressed_as_asked() {
    let (status, headers, body) = now(get(app_css().hashed, &[(header::ACCEPT_ENCODING, "gzip, deflate, br, zstd")]));
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert_eq!(headers[header::CONTENT_ENCODING], "br");
    assert_eq!(headers[header::VARY], "accept-encoding");
    assert_eq!(body, app_css().brotli.unwrap());

    let table: [(&'static str, Option<&str>); 9] = [
        ("", None),
        ("identity", None),
        ("gzip", Some("gzip")),
        ("br;q=0.5, gzip;q=0.8", Some("gzip")),
        ("br;q=0, gzip;q=0", None),
        ("*", Some("br")),
        ("*;q=0", None),
        ("br;q=0.2, identity;q=0.9", None),
        ("GZIP ; q=1.0", Some("gzip")),
    ];
    for (accepted, expected) in table {
        let (_, headers, body) = now(get(app_css().hashed, &[(header::ACCEPT_ENCODING, accepted)]));
        let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
        assert_eq!(encoding, expected, "{accepted}");
        assert_eq!(body == app_css().plain, expected.is_none(), "{accepted}");
    }
}

#[test]
fn a_known_file_is_not_sent_again_and_an_unknown_one_is_not_found() {
    let (_, headers, _) = now(get(app_css().hashed, &[(header::ACCEPT_ENCODING, "br")]));
    let etag: &'static str = Box::leak(headers[header::ETAG].to_str().unwrap().to_owned().into_boxed_str());
    let known = [(header::ACCEPT_ENCODING, "br"), (header::IF_NONE_MATCH, etag)];
    let (status, headers, body) = now(get(app_css().hashed, &known));
    assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(headers[header::ETAG], etag);
    // Another variant is another representation.
    let (status, _, _) = now(get(app_css().hashed, &[(header::IF_NONE_MATCH, etag)]));
    assert_eq!(status, StatusCode::OK);
    for name in ["app.css", "app.0000000000000000.css", "../app.css", ""] {
        let (status, headers, _) = now(get(name, &[]));
        assert_eq!(status, StatusCode::NOT_FOUND, "{name}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }
}

#[test]
fn head_has_the_length_and_no_body() {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;
    let router: axum::Router = axum::Router::new().route("/static/{name}", axum::routing::get(serve));
    let request = Request::head(format!("/static/{}", app_css().hashed)).body(Body::empty()).unwrap();
    let answer = now(router.oneshot(request)).unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], app_css().plain.len().to_string());
    assert!(now(to_bytes(answer.into_body(), 10)).unwrap().is_empty());
}

#[test]
fn a_base_goes_before_every_address_and_asks_without_cookies() {
    let here = Assets::default();
    assert_eq!(here.url("app.css"), format!("/static/{}", app_css().hashed));
    assert!(!here.style("app.css").0.contains("crossorigin"));
    let elsewhere = Assets::new("https://cdn.example.org/");
    assert_eq!(elsewhere.base(), "https://cdn.example.org");
    let tag = elsewhere.style("app.css").0;
    assert!(tag.contains("href=\"https://cdn.example.org/static/app."), "{tag}");
    assert!(tag.contains("crossorigin=\"anonymous\"") && tag.contains("integrity=\"sha384-"), "{tag}");
}
