//! Signing in and out, locking, sessions, registering, and forms of other sites.

use std::time::Duration;

use secrecy::SecretString;
use thorax_domain::audit::{Action, Outcome};
use thorax_domain::clock::Clock;
use thorax_domain::ids::UserId;
use thorax_domain::user::{Role, Username};
use thorax_server::workflow::passwords::Password;
use thorax_store::audit::AuditFilter;
use thorax_store::users::NewUser;

use crate::site::Site;
use crate::web_world::{Answer, World};

const RIGHT: &str = "correct horse battery";

/// A world in which `meier` can sign in.
async fn world() -> World {
    let world = World::open().await;
    let now = world.site.clock.now();
    let hash = world.site.app.passwords.hash(&Password::new(&SecretString::from(RIGHT)).unwrap()).await.unwrap();
    let user = NewUser {
        id: UserId::new(now),
        username: Username::new("meier").unwrap(),
        full_name: "Dr. Meier".to_owned(),
        password_hash: hash,
        role: Role::Doctor,
        created_at: now,
    };
    world.site.app.store.users().create(&user, &[]).await.unwrap();
    world
}

async fn sign_in(world: &World, name: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
    let form = format!("username={name}&password={}", password.replace(' ', "+"));
    world.form("/login", &form, headers).await
}

async fn home(world: &World, cookie: &str) -> u16 {
    world.ask("GET", "/account", &[("cookie", cookie), ("accept", "text/html")], "").await.status.as_u16()
}

#[tokio::test]
async fn whoever_knows_the_password_comes_in_and_out_again() {
    let world = world().await;
    let form = format!("username=Meier&password={}&next=/worklist%3Fpage%3D2", RIGHT.replace(' ', "+"));
    let answer = world.form("/login", &form, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/worklist?page=2"));
    assert!(answer.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    let cookie = answer.cookie();
    assert_eq!(home(&world, &cookie).await, 200);
    let out = world.form("/logout", "", &[("cookie", &cookie)]).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(home(&world, &cookie).await, 303);

    let log = world.site.app.store.audit().list(&AuditFilter::default(), None, 50).await.unwrap().rows;
    let did = |action| log.iter().any(|row| row.event.action == action && row.event.origin.ip == "192.0.2.7");
    assert!(did(Action::SignIn) && did(Action::SignOut));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let world = world().await;
    let wrong = sign_in(&world, "meier", "wrong", &[]).await;
    let unknown = sign_in(&world, "nobody", "wrong", &[]).await;
    assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (422, 422));
    let plain = |answer: &Answer, name: &str| {
        let request = answer.header("x-request-id").to_owned();
        answer.body.replace(name, "NAME").replace(&request, "REQUEST")
    };
    assert_eq!(plain(&wrong, "meier"), plain(&unknown, "nobody"));
    let failed = AuditFilter { action: Some(Action::SignInFailed), ..AuditFilter::default() };
    let log = world.site.app.store.audit().list(&failed, None, 50).await.unwrap().rows;
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|row| row.event.outcome == Outcome::Denied));
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour() {
    let world = world().await;
    for _ in 0..4 {
        assert_eq!(sign_in(&world, "meier", "wrong", &[]).await.status, 422);
    }
    let fifth = sign_in(&world, "meier", "wrong", &[]).await;
    assert_eq!((fifth.status.as_u16(), fifth.header("retry-after")), (429, "900"));
    let right = sign_in(&world, "meier", RIGHT, &[]).await;
    assert_eq!(right.status, 429, "not even the right one");
    assert!(right.body.contains("Too many attempts"));
    world.site.clock.advance(Duration::from_mins(16));
    assert_eq!(sign_in(&world, "meier", RIGHT, &[]).await.status, 303);
}

#[tokio::test]
async fn one_address_cannot_try_many_names() {
    let world = world().await;
    for number in 0..50 {
        assert_eq!(sign_in(&world, &format!("name-{number}"), "wrong", &[]).await.status, 422);
    }
    let refused = sign_in(&world, "meier", RIGHT, &[]).await;
    assert_eq!(refused.status, 429);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(sign_in(&world, "meier", RIGHT, &[("x-test-from", "198.51.100.1")]).await.status, 303);
}

#[tokio::test]
async fn a_session_is_new_at_every_sign_in_and_change_of_password() {
    let world = world().await;
    let first = sign_in(&world, "meier", RIGHT, &[]).await.cookie();
    let second = sign_in(&world, "meier", RIGHT, &[("cookie", &first)]).await.cookie();
    assert_ne!(first, second);
    assert_eq!(home(&world, &first).await, 303, "the one before has ended");
    let elsewhere = sign_in(&world, "meier", RIGHT, &[]).await.cookie();
    let form = "current=correct+horse+battery&password=another+long+secret&password_again=another+long+secret";
    let changed = world.form("/account/password", form, &[("cookie", &second)]).await;
    assert_eq!((changed.status.as_u16(), changed.header("location")), (303, "/account?said=password"));
    for ended in [&second, &elsewhere] {
        assert_eq!(home(&world, ended).await, 303);
    }
    assert_eq!(home(&world, &changed.cookie()).await, 200);
    assert_eq!(sign_in(&world, "meier", RIGHT, &[]).await.status, 422);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
    let world = world().await;
    let idle = sign_in(&world, "meier", RIGHT, &[]).await.cookie();
    world.site.clock.advance(Duration::from_hours(14 * 24 + 1));
    assert_eq!(home(&world, &idle).await, 303);
    let used = sign_in(&world, "meier", RIGHT, &[]).await.cookie();
    for _ in 0..4 {
        world.site.clock.advance(Duration::from_hours(7 * 24));
        assert_eq!(home(&world, &used).await, 200);
    }
    world.site.clock.advance(Duration::from_hours(3 * 24));
    assert_eq!(home(&world, &used).await, 303, "thirty days are the most");
}

#[tokio::test]
async fn sessions_are_listed_and_revoked() {
    let world = world().await;
    let mine = sign_in(&world, "meier", RIGHT, &[("user-agent", "This Browser")]).await.cookie();
    let lost = sign_in(&world, "meier", RIGHT, &[("user-agent", "Lost Telephone")]).await.cookie();
    let page = world.ask("GET", "/account", &[("cookie", &mine)], "").await.body;
    assert!(page.contains("This Browser") && page.contains("Lost Telephone"));
    let path = page.split("action=\"").find(|part| {
        part.starts_with("/account/sessions/") && part.contains("/revoke\"><button class=\"btn btn-sm btn-danger")
    });
    let path = path.unwrap().split('"').next().unwrap();
    assert_eq!(world.form(path, "", &[("cookie", &mine)]).await.status, 303);
    assert_eq!((home(&world, &mine).await, home(&world, &lost).await), (200, 303));
    assert_eq!(world.post(world.other, path, "").await.status, 404, "only one's own");
}

#[tokio::test]
async fn whoever_registers_is_a_patient() {
    let world = world().await;
    let form = "username=new.patient&full_name=New+Patient&date_of_birth=1990-01-02&sex=F&role=admin\
                &password=correct+horse+battery&password_again=correct+horse+battery";
    let answer = world.form("/register", form, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"), "{}", answer.body);
    let name = Username::new("new.patient").unwrap();
    let made = world.site.app.store.users().credentials(&name).await.unwrap().unwrap();
    assert_eq!(made.user.role, Role::Patient);
    assert!(made.password_hash.starts_with("$argon2id$"));
    let home = world.ask("GET", "/my", &[("cookie", &answer.cookie()), ("accept", "text/html")], "").await;
    assert_eq!(home.status, 200);
    let again = world.form("/register", form, &[]).await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("taken") && again.body.contains("1990-01-02"), "what was typed stays");
}

#[tokio::test]
async fn nobody_registers_where_the_operator_says_so() {
    let site = Site::with(crate::site::networks(), |web, _| {
        web.registration = thorax_server::config::Registration::Nobody;
    });
    let world = World::over(site.await).await;
    assert_eq!(world.ask("GET", "/register", &[("accept", "text/html")], "").await.status, 404);
    assert_eq!(world.form("/register", "password=x&password_again=x", &[]).await.status, 404);
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let world = world().await;
    let cookie = sign_in(&world, "meier", RIGHT, &[]).await.cookie();
    for forged in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("origin", "null")] {
        let answer = world.form("/logout", "", &[("cookie", &cookie), ("host", "127.0.0.1:8000"), forged]).await;
        assert_eq!(answer.status, 403, "{forged:?}");
    }
    assert_eq!(home(&world, &cookie).await, 200);
    let own = [("cookie", cookie.as_str()), ("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:8000")];
    assert_eq!(world.form("/logout", "", &own).await.status, 303);
}

#[tokio::test]
async fn cookies_are_bound_to_tls_where_the_site_has_it() {
    let site = Site::with(crate::site::networks(), |web, _| web.public_url = Some("https://thorax.example".to_owned()));
    let world = World::over(site.await).await;
    let answer = world.form("/theme", "theme=dark", &[]).await;
    assert!(answer.header("set-cookie").ends_with("; Secure"), "{}", answer.header("set-cookie"));
    let form = "username=new.patient&full_name=New+Patient&date_of_birth=1990-01-02&sex=F\
                &password=correct+horse+battery&password_again=correct+horse+battery";
    let answer = world.form("/register", form, &[]).await;
    assert!(answer.header("set-cookie").starts_with("__Host-thorax="));
    assert!(answer.header("set-cookie").ends_with("; Secure"));
}
