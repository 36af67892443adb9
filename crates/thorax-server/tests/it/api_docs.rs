//! `docs/api.md` is what the `OpenAPI` document says.

use std::fs;

use crate::program::root;

#[test]
fn the_reference_in_the_docs_is_that_of_the_document() {
    let path = root().join("docs/api.md");
    let wanted = thorax_server::web::api::markdown(thorax_server::web::api::document());
    if std::env::var_os("THORAX_WRITE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/api.md is stale: THORAX_WRITE_DOCS=1 cargo test -p thorax-server api_docs");
}
