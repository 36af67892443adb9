//! Searches on the pages: what is typed is in no address, and only whoever typed it finds it again.

use std::time::Duration;

use thorax_domain::clock::Clock;
use thorax_store::Seed;

use crate::web_world::{NAME, NUMBER, World};

const EXPIRED: &str = "This search has expired. Type it again.";

/// Every address in a page.
fn addresses(page: &str) -> Vec<String> {
    let marks = ["href=\"", "action=\""];
    let of = |mark| page.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
    marks.into_iter().flat_map(of).map(|one| one.replace("&#38;", "&").replace("&amp;", "&")).collect()
}

/// Those of the page that lead back to the list, and its CSV link.
fn of_list<'a>(addresses: &'a [String], list: &str) -> Vec<&'a str> {
    let is_list = |one: &&String| one.starts_with(&format!("{list}?")) || one.starts_with(&format!("{list}.csv"));
    addresses.iter().filter(is_list).map(String::as_str).collect()
}

#[tokio::test]
async fn what_is_typed_is_in_no_address_and_stays_with_the_list() {
    let world = World::open().await;
    let seed = Seed { predictions: 300, number: 7, now: world.site.clock.now() };
    world.site.app.store.seed(seed, |_| ()).await.unwrap();
    let found = world.search(world.doctor, "/worklist", "q=+d0000+&diagnosis=&validated=false&per_page=5&x=y").await;
    let id = found.strip_prefix("/worklist?search=").unwrap().strip_suffix("&validated=false&per_page=5").unwrap();
    assert!(!found.contains("d0000") && id.len() == 64, "{found}");
    let page = world.get(world.doctor, &found).await;
    assert!(page.body.contains("value=\"d0000\""), "the field shows what was typed");
    assert!(!page.body.contains("Nothing fits."), "{}", page.body);
    let addresses = addresses(&page.body);
    assert!(addresses.iter().all(|one| !one.to_lowercase().contains("d0000")), "{addresses:?}");
    let lists = of_list(&addresses, "/worklist");
    assert!(lists.iter().any(|one| one.starts_with("/worklist.csv")), "{lists:?}");
    assert!(lists.iter().any(|one| one.contains("&page=2")), "{lists:?}");
    assert!(lists.iter().all(|one| one.contains(&format!("search={id}"))), "{lists:?}");

    // The next page, the file and the X-ray's neighbours are of the same list.
    let next = lists.iter().find(|one| one.contains("&page=2")).unwrap();
    let next = world.get(world.doctor, next).await.body;
    assert!(next.contains("value=\"d0000\"") && !next.contains(EXPIRED));
    let export = lists.iter().find(|one| one.starts_with("/worklist.csv")).unwrap();
    let export = world.get(world.doctor, export).await.body;
    assert!(export.lines().count() > 10 && export.lines().skip(1).all(|line| line.contains(",D0000")), "{export}");
    let xray = addresses.iter().find(|one| one.starts_with("/xrays/")).unwrap();
    assert!(xray.contains(&format!("list=search%3D{id}")), "{xray}");
    let xray = world.get(world.doctor, xray).await.body;
    assert!(xray.contains("Next in list") && xray.contains(&format!("/worklist?search={id}")), "{xray}");
}

#[tokio::test]
async fn a_search_that_is_gone_or_anothers_shows_nobody() {
    let world = World::open().await;
    world.read(1).await;
    let typed = "q=quastenflosser";
    for (list, viewer, other, here) in [
        ("/worklist", world.doctor, world.admin, NAME),
        ("/patients", world.doctor, world.admin, NAME),
        ("/admin/users", world.admin, world.doctor, "The owner"),
    ] {
        let typed = if list == "/admin/users" { "q=owner" } else { typed };
        let found = world.search(viewer, list, typed).await;
        assert!(found.starts_with(&format!("{list}?search=")) && !found.contains("flosser"), "{found}");
        let page = world.get(viewer, &found).await.body;
        assert!(page.contains(here) && !page.contains(EXPIRED), "{list}");
        if list != "/admin/users" {
            let theirs = world.get(other, &found).await;
            assert_eq!(theirs.status, 200, "{list}");
            assert!(theirs.body.contains(EXPIRED) && !theirs.body.contains(here), "{list}");
        }
        world.site.clock.advance(Duration::from_secs(12 * 3600 + 1));
        let late = world.get(viewer, &found).await.body;
        assert!(late.contains(EXPIRED) && !late.contains(here), "{list}");
        assert!(late.contains("Nothing fits.") || late.contains("Nobody fits."), "{list}");
        let again = world.search(viewer, list, typed).await;
        world.site.app.cache.clear().await.unwrap();
        let cleared = world.get(viewer, &again).await.body;
        assert!(cleared.contains(EXPIRED) && !cleared.contains(here), "{list}");
    }
}

#[tokio::test]
async fn without_its_search_a_file_is_refused_and_an_xray_has_no_neighbours() {
    let world = World::open().await;
    let (xray, _) = world.read(1).await;
    world.site.clock.advance(Duration::from_mins(1));
    world.read(2).await;
    let found = world.search(world.doctor, "/worklist", "q=quastenflosser").await;
    let export = found.replace("/worklist?", "/worklist.csv?");
    let page = format!("/xrays/{xray}?list={}", found.trim_start_matches("/worklist?").replace('=', "%3D"));
    assert!(world.get(world.doctor, &export).await.body.contains(NUMBER));
    assert!(world.get(world.doctor, &page).await.body.contains("rel=\"prev\""));
    world.site.app.cache.clear().await.unwrap();
    let refused = world.get(world.doctor, &export).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains(EXPIRED) && !refused.body.contains(NUMBER), "{}", refused.body);
    let alone = world.get(world.doctor, &page).await;
    assert_eq!(alone.status, 200);
    assert!(!alone.body.contains("rel=\"prev\"") && !alone.body.contains("rel=\"next\""));
}

#[tokio::test]
async fn nothing_typed_is_the_whole_list_and_a_text_in_an_address_counts_for_nothing() {
    let world = World::open().await;
    world.read(1).await;
    assert_eq!(world.search(world.doctor, "/worklist", "q=++&validated=").await, "/worklist");
    assert_eq!(world.search(world.doctor, "/patients", "q=").await, "/patients");
    assert_eq!(world.search(world.admin, "/admin/users", "").await, "/admin/users");
    assert_eq!(world.search(world.doctor, "/worklist", "q=&search=x&source=api").await, "/worklist?source=api");
    for path in ["/worklist?q=nobody", "/patients?q=nobody"] {
        let page = world.get(world.doctor, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains(NAME) && !page.body.contains("value=\"nobody\""), "{path}");
    }
    assert_eq!(world.get(world.doctor, "/worklist?search=quastenflosser").await.status, 422, "this is no id");
    let (cookie, _) = world.session(world.doctor).await;
    let elsewhere = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    assert_eq!(world.form("/worklist/search", "q=x", &elsewhere).await.status, 403);
}
