//! Accounts: the list, a new one, another role, closing, unlocking.

use axum::Form;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use thorax_domain::audit::Object;
use thorax_domain::ids::UserId;
use thorax_domain::user::{Role, Username};
use thorax_store::page::{Page, PageSize};
use thorax_store::users::{UserChange, UserFilter, UserRow as Kept};

use crate::web::auth::shown;
use crate::web::pages::forms::{Reader, sentence};
use crate::web::pages::rows;
use crate::web::pages::search::{self, Sought};
use crate::web::pages::visit::{Visit, go, id, moment, page_with};
use crate::web::pages::worklist::{Place, request};
use crate::web::view::{FormErrors, UserRow, UsersPage};
use crate::web::{AppState, WebError, cached, view};
use crate::workflow::accounts::{AccountError, NewAccount, change_account, create_account};
use crate::workflow::passwords::{Password, SHORTEST};

/// What is asked of the list.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    search: String,
    page: Option<u64>,
    after: Option<String>,
    before: Option<String>,
}

/// What the form for a new account sends.
#[derive(Debug, Deserialize)]
pub struct Typed {
    #[serde(default)]
    username: String,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    role: String,
    password: SecretString,
}

/// Another role.
#[derive(Debug, Deserialize)]
pub struct NewRole {
    role: String,
}

/// Open or closed.
#[derive(Debug, Deserialize)]
pub struct Active {
    active: String,
}

/// `GET /admin/users`
pub async fn list(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, WebError> {
    let nothing = (String::new(), String::new(), view::Role::Doctor);
    show(&visit, StatusCode::OK, asked, nothing, FormErrors::default()).await
}

async fn show(
    visit: &Visit,
    status: StatusCode,
    asked: Asked,
    new_user: (String, String, view::Role),
    errors: FormErrors,
) -> Result<Response, WebError> {
    let sought = Sought::find(visit, &asked.search).await?;
    let mut frame = visit.frame("Users", "/admin/users").await?;
    sought.tell(&mut frame);
    let place = Place { page: asked.page, after: asked.after, before: asked.before };
    let (found, total) = listed(visit, &sought, &place).await?;
    visit.note(visit.event(sought.action(), Object::User, format!("page {}", found.number))).await?;
    let pager = rows::pager(&found, total, "/admin/users", &sought.pairs());
    let (me, now) = (visit.caller.user.id, visit.now());
    let row = |one: Kept| UserRow {
        id: one.user.id.to_string(),
        username: one.user.username.to_string(),
        full_name: one.user.full_name,
        role: shown(one.user.role),
        active: one.user.is_active,
        locked_until: one.locked_until.filter(|until| *until > now).map(moment),
        created: moment(one.user.created_at),
        me: one.user.id == me,
    };
    let page = UsersPage {
        frame,
        q: sought.text().to_owned(),
        rows: found.rows.into_iter().map(row).collect(),
        pager,
        new_user,
        password_minimum: SHORTEST as u64,
        errors,
    };
    page_with(status, &page)
}

/// The page that is asked for, and how many accounts there are in all.
async fn listed(visit: &Visit, sought: &Sought, place: &Place) -> Result<(Page<Kept>, u64), WebError> {
    if sought.is_gone() {
        return Ok((rows::nothing(PageSize::DEFAULT), 0));
    }
    let filter = UserFilter { search: sought.text().to_owned(), ..UserFilter::default() };
    let (app, counted) = (AppState::clone(&visit.app), filter.clone());
    let total = cached::count(&visit.app, &format!("users:{}", filter.search), async move {
        Ok(app.store.users().count(&counted).await?)
    })
    .await?;
    let wanted = request(place, PageSize::DEFAULT, total)?;
    Ok((visit.app.store.users().list(&filter, &wanted, visit.now()).await?, total))
}

/// `POST /admin/users/search`
pub async fn search(visit: Visit, Form(typed): Form<search::Typed>) -> Result<Response, WebError> {
    search::go_to(&visit, "/admin/users", &typed).await
}

/// `POST /admin/users`
pub async fn create(visit: Visit, Form(typed): Form<Typed>) -> Result<Response, WebError> {
    let mut reader = Reader::default();
    let username = reader.field("username", Username::new(&typed.username));
    let full_name = reader.full_name(&typed.full_name);
    let wanted = reader.field("role", typed.role.parse::<Role>().map_err(|_| "choose one"));
    let password = reader.field("password", Password::new(&typed.password));
    if let (Some(username), Some(full_name), Some(role), Some(password)) = (username, full_name, wanted, password) {
        let new = NewAccount { username, full_name, role, password };
        match create_account(&visit.app, &visit.by(), new).await {
            Ok(_) => return Ok(go("/admin/users", "created")),
            Err(error @ AccountError::NameTaken) => reader.wrong("username", sentence(&error.to_string())),
            Err(other) => return Err(other.into()),
        }
    }
    let new_user = (typed.username, typed.full_name, shown(wanted.unwrap_or(Role::Doctor)));
    show(&visit, StatusCode::UNPROCESSABLE_ENTITY, Asked::default(), new_user, reader.errors).await
}

/// `POST /admin/users/{id}/role`
pub async fn set_role(visit: Visit, Path(user): Path<String>, Form(form): Form<NewRole>) -> Result<Response, WebError> {
    let role = form.role.parse().map_err(|_| WebError::field("role", "choose one"))?;
    change(&visit, &user, UserChange { role: Some(role), ..UserChange::default() }).await
}

/// `POST /admin/users/{id}/active`
pub async fn set_active(
    visit: Visit,
    Path(user): Path<String>,
    Form(form): Form<Active>,
) -> Result<Response, WebError> {
    let is_active = match form.active.as_str() {
        "0" => false,
        "1" => true,
        _ => return Err(WebError::field("active", "0 or 1")),
    };
    change(&visit, &user, UserChange { is_active: Some(is_active), ..UserChange::default() }).await
}

/// `POST /admin/users/{id}/unlock`
pub async fn unlock(visit: Visit, Path(user): Path<String>) -> Result<Response, WebError> {
    change(&visit, &user, UserChange { unlock: true, ..UserChange::default() }).await
}

async fn change(visit: &Visit, user: &str, change: UserChange) -> Result<Response, WebError> {
    let user: UserId = id(user)?;
    match change_account(&visit.app, &visit.by(), user, change).await {
        Ok(()) => Ok(go("/admin/users", "saved")),
        Err(AccountError::Own) => Ok(go("/admin/users", "own")),
        Err(other) => Err(other.into()),
    }
}
