//! The caches to the guide's letter: found, expired, invalidated, and filled once for a hundred who miss at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use thorax_domain::ids::UserId;
use thorax_domain::user::Role;
use thorax_server::web::cached;
use thorax_server::workflow::forget;
use thorax_store::cache::{Cache, Key};
use thorax_store::statements::counting;

use crate::servers;
use crate::site::{Site, film};
use crate::web_world::World;

#[tokio::test]
async fn the_figures_are_asked_for_once_in_five_minutes() {
    let site = Site::open().await;
    let cost = async || counting(cached::statistics(&site.app)).await.1;
    assert_eq!(cost().await, 1);
    assert_eq!(cost().await, 0, "found");
    site.clock.advance(Duration::from_secs(299));
    assert_eq!(cost().await, 0, "still good");
    site.clock.advance(Duration::from_secs(2));
    assert_eq!(cost().await, 1, "expired");
    forget::predictions(&site.app).await;
    assert_eq!(cost().await, 1, "invalidated");
}

#[tokio::test]
async fn a_hundred_who_miss_ask_once() {
    let site = Site::open().await;
    let (all, statements) = counting(join_all((0..100).map(|_| cached::statistics(&site.app)))).await;
    assert!(all.iter().all(|one| one.as_ref().unwrap().total == 0));
    assert_eq!(statements, 1);
}

/// The fragments and views: how long each is good for.
#[tokio::test]
async fn fragments_and_views_last_as_long_as_the_guide_says() {
    let site = Site::open().await;
    let user = site.doctor.user;
    for (name, seconds) in [("sidebar", 900), ("doctor_stats", 600), ("view", 900), ("count", 300)] {
        let fills = Arc::new(AtomicUsize::new(0));
        let ask = async || {
            fill(&site, name, user, Arc::clone(&fills)).await;
            fills.load(Ordering::SeqCst)
        };
        assert_eq!((ask().await, ask().await), (1, 1), "{name}: found");
        site.clock.advance(Duration::from_secs(seconds - 1));
        assert_eq!(ask().await, 1, "{name}: still good");
        site.clock.advance(Duration::from_secs(2));
        assert_eq!(ask().await, 2, "{name}: expired");
        forget::predictions(&site.app).await;
        assert_eq!(ask().await, 3, "{name}: invalidated");
        join_all((0..100).map(|_| fill(&site, name, UserId::new(site.app.started), Arc::clone(&fills)))).await;
        forget::predictions(&site.app).await;
        let before = fills.load(Ordering::SeqCst);
        join_all((0..100).map(|_| fill(&site, name, user, Arc::clone(&fills)))).await;
        assert_eq!(fills.load(Ordering::SeqCst), before + 1, "{name}: one fill for a hundred");
    }
}

async fn fill(site: &Site, name: &str, user: UserId, fills: Arc<AtomicUsize>) {
    let app = &site.app;
    let text = async move {
        fills.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok("text".to_owned())
    };
    match name {
        "sidebar" => assert_eq!(cached::sidebar(app, user, text).await.unwrap().0, "text"),
        "doctor_stats" => assert_eq!(cached::doctor_statistics(app, user, text).await.unwrap().0, "text"),
        "view" => {
            let bytes = async move { text.await.map(bytes::Bytes::from) };
            assert_eq!(cached::view(app, Role::Doctor, "page", bytes).await.unwrap().as_ref(), b"text");
        }
        _ => {
            let number = async move { text.await.map(|text: String| text.len() as u64) };
            assert_eq!(cached::count(app, "list", number).await.unwrap(), 4);
        }
    }
}

#[tokio::test]
async fn fragments_are_a_users_own_and_views_a_roles_own() {
    let world = World::open().await;
    let doctor = world.get(world.doctor, "/fragments/sidebar").await.body;
    let admin = world.get(world.admin, "/fragments/sidebar").await.body;
    let patient = world.get(world.owner, "/fragments/sidebar").await.body;
    assert!(doctor.contains("/worklist") && !doctor.contains("/admin/users"));
    assert!(admin.contains("/admin/users"));
    assert!(patient.contains("/my") && !patient.contains("/worklist"));
    let counts = world.site.app.cache.counts();
    let sidebar = counts.iter().find(|count| count.class == "sidebar").unwrap();
    assert_eq!((sidebar.misses, sidebar.hits), (3, 0));
}

#[tokio::test]
async fn no_page_shows_an_old_number_after_a_new_a_validated_and_a_deleted_prediction() {
    let world = World::open().await;
    let shown = async |total: u64, awaiting: u64| {
        let summary = cached::statistics(&world.site.app).await.unwrap();
        assert_eq!((summary.total, summary.awaiting_review), (total, awaiting));
        let page = world.get(world.doctor, "/statistics").await.body;
        assert!(page.contains(&format!("<dt>Predictions</dt><dd>{total}</dd>")), "{total} predictions: {page}");
        assert!(page.contains(&format!("<dt>Awaiting review</dt><dd>{awaiting}</dd>")), "{awaiting} awaiting");
    };
    shown(0, 0).await;
    let (xray, prediction) = world.read(1).await;
    shown(1, 1).await;
    let review = world.post(world.doctor, &format!("/predictions/{prediction}/review"), "verdict=confirmed").await;
    assert_eq!(review.status, 303);
    shown(1, 0).await;
    assert_eq!(world.post(world.admin, &format!("/xrays/{xray}/delete"), "").await.status, 303);
    shown(0, 0).await;
    drop(film(1));
}

#[tokio::test]
async fn the_administrator_sees_hits_and_misses_and_empties_the_cache() {
    let world = World::open().await;
    world.get(world.doctor, "/statistics").await;
    let page = world.get(world.admin, "/admin/caches").await.body;
    for class in ["prediction_statistics", "sidebar", "view", "doctor_stats", "calendar", "count", "search"] {
        assert!(page.contains(class), "{class}");
    }
    let before = counting(cached::statistics(&world.site.app)).await.1;
    assert_eq!(world.post(world.admin, "/admin/caches/clear", "key=").await.status, 303);
    let after = counting(cached::statistics(&world.site.app)).await.1;
    assert_eq!((before, after), (0, 1));
    assert_eq!(world.post(world.admin, "/admin/caches/clear", "key=nothing").await.status, 404);
}

#[tokio::test]
async fn what_was_typed_is_not_pushed_out_and_lasts_twelve_hours() {
    let site = Site::open().await;
    let (user, app) = (site.doctor.user, &site.app);
    let id = cached::keep_search(app, user, "Müller").await.unwrap();
    for number in 0..200 {
        let name = number.to_string();
        app.cache.put(Key { class: "film", name: &name, tags: &[] }, cached::VIEW_TTL, vec![0; 200_000].into()).await;
    }
    forget::predictions(app).await;
    forget::patients(app).await;
    site.clock.advance(Duration::from_secs(12 * 3600 - 1));
    assert_eq!(cached::search(app, user, &id).await.as_deref(), Some("Müller"));
    assert_eq!(cached::search(app, UserId::new(app.started), &id).await, None, "another user's");
    site.clock.advance(Duration::from_secs(2));
    assert_eq!(cached::search(app, user, &id).await, None, "expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_answer_remembers_nothing_and_says_so() {
    let Some((mut server, address)) = servers::own_redis() else { return };
    let site = Site::open().await;
    let cache = Cache::redis(&address, "test", Arc::new(site.clock.clone())).await.unwrap();
    let key = Key { class: "search", name: "somebody:1", tags: &["searches"] };
    assert!(cache.remember(key, cached::SEARCH_TTL, "Müller".into()).await);
    assert_eq!(cache.get(key).await.unwrap(), "Müller");
    server.stop();
    assert!(!cache.remember(key, cached::SEARCH_TTL, "Müller".into()).await);
}
