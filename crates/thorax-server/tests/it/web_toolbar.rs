//! The debug toolbar: on every page in development for this machine, and never otherwise.

use crate::site::{Site, networks};
use crate::web_world::World;

const PANEL: &str = "<details class=\"toolbar\">";
const HERE: (&str, &str) = ("x-test-from", "127.0.0.1");

#[tokio::test]
async fn every_page_shows_what_it_cost_in_development() {
    let site = Site::with(networks(), |web, _| web.development = true);
    let world = World::over(site.await).await;
    let (cookie, _) = world.session(world.admin).await;
    for path in ["/", "/worklist", "/statistics", "/patients", "/account", "/admin/system", "/nothing/here"] {
        let answer = world.ask("GET", path, &[("cookie", &cookie), ("accept", "text/html"), HERE], "").await;
        assert_eq!(answer.body.matches(PANEL).count(), 1, "{path}");
        assert!(answer.body.find(PANEL) < answer.body.find("</body>"), "{path}");
        assert_eq!(answer.header("content-length"), answer.bytes.len().to_string(), "{path}");
    }
    let page = world.ask("GET", "/statistics", &[("cookie", &cookie), ("accept", "text/html"), HERE], "").await.body;
    assert!(page.contains("SELECT") && page.contains("sidebar") && page.contains("render"), "{page}");
    let elsewhere = world.ask("GET", "/statistics", &[("cookie", &cookie), ("accept", "text/html")], "").await;
    assert!(!elsewhere.body.contains(PANEL), "only on this machine");
    let proxied = [("cookie", cookie.as_str()), ("accept", "text/html"), HERE, ("x-forwarded-for", "127.0.0.1")];
    assert!(!world.ask("GET", "/statistics", &proxied, "").await.body.contains(PANEL), "not through a proxy");
}

#[tokio::test]
async fn production_never_shows_it() {
    let world = World::open().await;
    assert!(!world.site.app.web.development, "off unless somebody asks for it");
    let (cookie, _) = world.session(world.admin).await;
    for path in ["/", "/worklist", "/statistics", "/nothing/here"] {
        let answer = world.ask("GET", path, &[("cookie", &cookie), ("accept", "text/html"), HERE], "").await;
        assert!(!answer.body.contains(PANEL) && !answer.body.contains("SELECT"), "{path}");
    }
}
