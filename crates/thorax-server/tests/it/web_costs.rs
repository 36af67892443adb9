//! What a page costs: how many statements, for one row and for fifty.

use thorax_domain::clock::Clock;
use thorax_domain::user::Viewer;
use thorax_store::Seed;
use thorax_store::page::{PageRequest, PageSize};
use thorax_store::predictions::PredictionFilter;

use crate::web_world::World;

/// A world with so many predictions of made-up patients.
async fn world(predictions: u64) -> World {
    let world = World::open().await;
    let seed = Seed { predictions, number: 7, now: world.site.clock.now() };
    world.site.app.store.seed(seed, |_| ()).await.unwrap();
    world
}

/// The statements of the first and of the second request for a page: the caches are empty at first.
async fn cost(world: &World, viewer: Viewer, path: &str) -> (usize, usize) {
    let first = world.get(viewer, path).await;
    assert_eq!(first.status, 200, "{path}: {}", first.body);
    let second = world.get(viewer, path).await;
    (first.statements, second.statements)
}

#[tokio::test]
async fn every_page_costs_the_same_for_one_row_and_for_fifty() {
    let (small, large) = (world(1).await, world(300).await);
    let mut wrong = Vec::new();
    for (path, stated) in PAGES {
        let mut costs = Vec::new();
        for world in [&small, &large] {
            let viewer = if path.starts_with("/admin") || *path == "/#admin" { world.admin } else { world.doctor };
            let path = with_ids(world, path.trim_end_matches("#admin")).await;
            world.site.app.cache.clear().await.unwrap();
            let path = match path.split_once("/search?") {
                Some((list, form)) => world.search(viewer, list, form).await,
                None => path,
            };
            costs.push(cost(world, viewer, &path).await);
        }
        if costs != [*stated, *stated] {
            wrong.push(format!("{path}: {costs:?}, stated {stated:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The path with the newest X-ray and its patient.
async fn with_ids(world: &World, path: &str) -> String {
    let page = PageRequest::first(PageSize::DEFAULT);
    let rows =
        world.site.app.store.predictions().list(world.doctor, &PredictionFilter::default(), &page).await.unwrap().rows;
    path.replace("XRAY", &rows[0].xray_id.to_string()).replace("PATIENT", &rows[0].patient_id.to_string())
}

/// Every page and what it costs: with empty caches, and right after; of a search the list that it leads to. One statement of each is the session; what is written down
/// is stored together with that of other requests and is nobody's own.
const PAGES: &[(&str, (usize, usize))] = &[
    ("/", (5, 3)),
    ("/#admin", (6, 2)),
    ("/fragments/sidebar", (2, 1)),
    ("/worklist", (4, 2)),
    ("/worklist?per_page=50", (4, 2)),
    ("/worklist?per_page=50&validated=false&diagnosis=COVID&page=1", (4, 2)),
    ("/worklist/search?per_page=50&q=a", (6, 3)),
    ("/worklist?per_page=50&patient=PATIENT", (4, 2)),
    ("/upload", (2, 1)),
    ("/xrays/XRAY", (11, 10)),
    ("/patients", (4, 2)),
    ("/patients/search?q=a", (5, 3)),
    ("/patients/new", (2, 1)),
    ("/patients/PATIENT", (5, 3)),
    ("/statistics", (5, 1)),
    ("/account", (4, 3)),
    ("/admin/users", (4, 2)),
    ("/admin/users/search?q=a", (4, 2)),
    ("/admin/jobs", (7, 3)),
    ("/admin/caches", (2, 1)),
    ("/admin/system", (3, 2)),
    ("/admin/audit", (4, 3)),
];

#[tokio::test]
async fn a_patients_pages_cost_the_same_for_one_result_and_for_several() {
    let mut costs = Vec::new();
    for results in [1, 3] {
        let world = World::open().await;
        let mut xray = None;
        for number in 0..results {
            xray = Some(world.released(number).await.0);
        }
        world.site.app.cache.clear().await.unwrap();
        let result = format!("/xrays/{}", xray.unwrap());
        let mut cost_of = Vec::new();
        for path in ["/", "/my", &result] {
            cost_of.push(cost(&world, world.owner, path).await);
        }
        costs.push(cost_of);
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[0], [(6, 2), (2, 2), (7, 7)]);
}
