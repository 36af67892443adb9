//! From the door to the released result, as people go; and what is left in logs.

use std::io;
use std::sync::{Arc, Mutex};

use thorax_domain::audit::Action;
use thorax_domain::user::Viewer;
use thorax_store::audit::AuditFilter;
use tracing::instrument::WithSubscriber;

use crate::site::{Site, film};
use crate::web_world::{Answer, NAME, NUMBER, World};

const BOUNDARY: &str = "a-boundary-that-no-film-holds";

/// The body of the upload form.
fn upload(number: &str, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    let text = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"record_number\"\r\n\r\n{number}\r\n");
    body.extend(text.as_bytes());
    for (name, bytes) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.as_bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(world: &World, viewer: Viewer, accept: &str, body: Vec<u8>) -> Answer {
    let (cookie, _) = world.session(viewer).await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    world.ask("POST", "/upload", &[("cookie", &cookie), ("content-type", &kind), ("accept", accept)], body).await
}

#[tokio::test]
async fn an_upload_is_read_reviewed_and_released_to_its_patient() {
    let world = World::open().await;
    let sent = send(&world, world.doctor, "application/json", upload(NUMBER, &[("a.png", film(1).to_vec())])).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let answer: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(answer["files"][0]["state"], "accepted");
    let xray = format!("/xrays/{}", answer["files"][0]["xray_id"].as_str().unwrap());
    let prediction = format!("/predictions/{}", answer["files"][0]["prediction_id"].as_str().unwrap());

    let waiting = world.get(world.doctor, &xray).await.body;
    assert!(waiting.contains("Waiting") && waiting.contains(&format!("{prediction}/events")));
    assert_eq!(world.site.drain().await, 1);
    let read = world.get(world.doctor, &xray).await.body;
    assert!(read.contains("networks name it") && read.contains(&format!("{prediction}/review")));
    assert!(read.contains(thorax_domain::DECISION_SUPPORT));
    assert!(world.get(world.owner, "/my").await.body.contains("One X-ray is with your doctor"));

    let unsure = world.post(world.doctor, &format!("{prediction}/review"), "verdict=unsure&notes=too+dark").await;
    assert!(unsure.header("location").ends_with("said=unsure"), "{}", unsure.body);
    assert_eq!(world.get(world.owner, &xray).await.status, 404);
    world.site.clock.advance(std::time::Duration::from_mins(1));
    let form = "verdict=corrected&label=Viral+Pneumonia&notes=Come+and+see+me.&next=1";
    let signed = world.post(world.doctor, &format!("{prediction}/review"), form).await;
    assert_eq!(signed.header("location"), "/worklist?said=all-reviewed", "{}", signed.body);
    let again = world.post(world.admin, &format!("{prediction}/review"), "verdict=confirmed").await;
    assert_eq!(again.status, 409, "a signed review stands");

    let mine = world.get(world.owner, "/my").await.body;
    assert!(mine.contains("Changes that fit a viral pneumonia") && mine.contains("The house"));
    let result = world.get(world.owner, &xray).await.body;
    assert!(result.contains("Come and see me.") && !result.contains("networks name it"));
    let image = world.get(world.owner, &format!("{xray}/image.png")).await;
    assert_eq!((image.header("content-type"), image.header("cache-control")), ("image/png", "private, no-cache"));
    assert_eq!(world.get(world.other, &format!("{xray}/image.png")).await.status, 404);
}

#[tokio::test]
async fn each_file_of_an_upload_has_its_own_answer() {
    let world = World::open().await;
    let files = [("a.png", film(1).to_vec()), ("b.txt", b"no film".to_vec()), ("c.png", film(1).to_vec())];
    let page = send(&world, world.doctor, "text/html", upload(NUMBER, &files)).await;
    assert_eq!(page.status, 200);
    for tag in ["Accepted", "Refused", "Here already"] {
        assert!(page.body.contains(tag), "{tag}");
    }
    let nobody = send(&world, world.doctor, "text/html", upload("R-404", &files)).await;
    assert_eq!(nobody.status, 422);
    assert!(nobody.body.contains("no patient with this record number"));
    let nothing = send(&world, world.doctor, "application/json", upload(NUMBER, &[])).await;
    assert_eq!(nothing.status, 422);
}

#[tokio::test]
async fn a_full_queue_says_so_and_when_to_come_back() {
    let site = Site::with(crate::site::networks(), |web, _| web.queue = 1);
    let world = World::over(site.await).await;
    let one = |number| upload(NUMBER, &[("a.png", film(number).to_vec())]);
    assert_eq!(send(&world, world.doctor, "application/json", one(1)).await.status, 200);
    let full = send(&world, world.doctor, "application/json", one(2)).await;
    assert_eq!((full.status.as_u16(), full.header("retry-after")), (503, "15"));
    let page = send(&world, world.doctor, "text/html", one(2)).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (503, "15"));
    assert!(page.body.contains("The queue is full"));
    assert_eq!(world.site.drain().await, 1);
    assert_eq!(send(&world, world.doctor, "application/json", one(2)).await.status, 200);
}

#[tokio::test]
async fn the_networks_are_asked_once_more_and_called_off() {
    let world = World::open().await;
    let (xray, first) = world.read(1).await;
    world.site.clock.advance(std::time::Duration::from_secs(1));
    let again = world.post(world.doctor, &format!("/xrays/{xray}/predict"), "force=1").await;
    assert!(again.header("location").ends_with("said=forced"));
    let page = world.get(world.doctor, &format!("/xrays/{xray}")).await.body;
    let second = page.split("/predictions/").nth(1).unwrap()[..36].to_owned();
    assert_ne!(second, first.to_string());
    assert_eq!(world.post(world.doctor, &format!("/predictions/{second}/cancel"), "").await.status, 303);
    assert_eq!(world.site.drain().await, 0);
    let forced = AuditFilter { action: Some(Action::Force), ..AuditFilter::default() };
    let log = world.site.app.store.audit().list(&forced, None, 5).await.unwrap().rows;
    assert_eq!((log.len(), &log[0].event.object_id), (1, &second));
    for q in [again.header("x-request-id"), &log[0].event.origin.ip, "prediction", &second] {
        let page = world.get(world.admin, &format!("/admin/audit?action=force&q={q}")).await.body;
        assert!(page.contains(&second), "{q}: {page}");
    }
    assert!(world.get(world.admin, "/admin/audit?q=192.0.2.77").await.body.contains("Nothing fits."));
}

#[tokio::test]
async fn films_and_heat_maps_come_in_the_viewers_form() {
    let world = World::open().await;
    let (xray, prediction) = world.read(1).await;
    let pixels = world.get(world.doctor, &format!("/xrays/{xray}/pixels")).await.bytes;
    assert_eq!(&pixels[..4], b"TXR1");
    assert_eq!(pixels.len(), 16 + 40 * 40);
    let clear = world.get(world.doctor, &format!("/xrays/{xray}/image.png?clahe=1")).await;
    assert_eq!(clear.header("content-type"), "image/jpeg");
    let image = world.get(world.doctor, &format!("/xrays/{xray}/image.png")).await;
    let (cookie, _) = world.session(world.doctor).await;
    let known = [("cookie", cookie.as_str()), ("if-none-match", image.header("etag"))];
    assert_eq!(world.ask("GET", &format!("/xrays/{xray}/image.png"), &known, "").await.status, 304);
    let heat = world.get(world.doctor, &format!("/predictions/{prediction}/heat/agreement.png")).await;
    assert_eq!((heat.header("content-type"), &heat.bytes[1..4]), ("image/png", b"PNG".as_slice()));
    let nothing = world.get(world.doctor, &format!("/predictions/{prediction}/heat/nothing.png")).await;
    assert_eq!(nothing.status, 404);
}

#[tokio::test]
async fn a_patient_is_entered_found_and_erased() {
    let world = World::open().await;
    let form = "record_number=NEW-1&full_name=Karla+Kolumna&date_of_birth=1970-05-05&sex=F&username=";
    let made = world.post(world.doctor, "/patients", form).await;
    let path = made.header("location").split('?').next().unwrap().to_owned();
    assert!(world.get(world.doctor, &path).await.body.contains("Karla Kolumna"));
    let id = path.rsplit('/').next().unwrap();
    assert!(world.get(world.doctor, &format!("/upload?patient={id}")).await.body.contains("NEW-1"));
    let found = world.search(world.doctor, "/patients", "q=kolum").await;
    assert!(world.get(world.doctor, &found).await.body.contains("NEW-1"));
    let taken = world.post(world.doctor, "/patients", form).await;
    assert_eq!(taken.status, 422);
    assert!(taken.body.contains("The record number is taken."));
    assert_eq!(world.post(world.doctor, &format!("{path}/erase"), "").await.status, 403);
    assert_eq!(world.post(world.admin, &format!("{path}/erase"), "").await.status, 303);
    assert_eq!(world.get(world.doctor, &path).await.status, 404);
}

#[tokio::test]
async fn administrators_keep_accounts() {
    let world = World::open().await;
    let form = "username=new.doctor&full_name=New+Doctor&role=doctor&password=correct+horse+battery";
    assert_eq!(world.post(world.admin, "/admin/users", form).await.status, 303);
    assert_eq!(world.post(world.admin, "/admin/users", form).await.status, 422);
    let found = world.search(world.admin, "/admin/users", "q=new").await;
    let page = world.get(world.admin, &found).await.body;
    assert!(page.contains("New Doctor") && !page.contains("The owner"), "{page}");
    let (cookie, _) = world.session(world.other).await;
    let close = format!("/admin/users/{}/active", world.other.user);
    assert_eq!(world.post(world.admin, &close, "active=0").await.status, 303);
    let locked_out = world.ask("GET", "/my", &[("cookie", &cookie), ("accept", "text/html")], "").await;
    assert_eq!(locked_out.status, 303);
    let own = world.post(world.admin, &format!("/admin/users/{}/role", world.admin.user), "role=patient").await;
    assert!(own.header("location").ends_with("said=own"));
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_the_log_nor_the_audit_log_holds_a_name() {
    // With one subscriber only, `tracing` asks the thread that comes first to a line whether anybody listens there, and other
    // tests' threads have none; with two it asks them all.
    let _second = tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(io::sink).finish());
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || writer.clone()).finish();
    let world = async {
        let world = World::open().await;
        let (xray, prediction) = world.read(1).await;
        let patient = format!("/patients/{}", world.patient);
        let by_name = world.search(world.doctor, "/worklist", "q=Quastenflosser").await;
        let by_number = world.search(world.doctor, "/patients", "q=ZX-4711").await;
        for path in ["/", "/worklist", &by_name, &by_number, &patient, &format!("/xrays/{xray}")] {
            assert_eq!(world.get(world.doctor, path).await.status, 200, "{path}");
        }
        world
            .post(world.doctor, &format!("/predictions/{prediction}/review"), "verdict=confirmed&notes=Wilhelmine")
            .await;
        world.form("/login", "username=owner&password=hunter2hunter2", &[]).await;
        assert_eq!(world.get(world.owner, &format!("/xrays/{xray}")).await.status, 200);
        world
    };
    let world = world.with_subscriber(subscriber).await;
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("answered"), "{logged}");
    let audit = world.site.app.store.audit().list(&AuditFilter::default(), None, 50).await.unwrap().rows;
    let audit: String = audit.iter().map(|row| serde_json::to_string(&row.event).unwrap()).collect();
    assert!(audit.contains(&world.patient.to_string()), "who was seen is there by id");
    for (name, text) in [("the log", &logged), ("the audit log", &audit)] {
        for secret in [NAME, "Wilhelmine", "Quastenflosser", NUMBER, "ZX-4711", "hunter2", "thorax="] {
            assert!(!text.contains(secret), "{name} holds {secret}");
        }
    }
    let names: Vec<&str> = logged.lines().filter(|line| line.contains("owner")).collect();
    assert!(names.is_empty(), "{names:?}");
}
