//! Accounts: the list, a new one, another role, closing, unlocking.

use axum::Form;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::UserId;
use thorax_domain::user::{Role, Username};
use thorax_store::page::PageSize;
use thorax_store::users::{UserChange, UserFilter, UserRow as Kept};

use crate::web::auth::shown;
use crate::web::pages::forms::{Reader, sentence};
use crate::web::pages::rows;
use crate::web::pages::visit::{Visit, go, id, moment, page_with};
use crate::web::pages::worklist::{Place, request};
use crate::web::view::{FormErrors, UserRow, UsersPage};
use crate::web::{AppState, WebError, cached, view};
use crate::workflow::accounts::{AccountError, NewAccount, change_account, create_account};
use crate::workflow::passwords::{Password, SHORTEST};

/// Whom to search for.
#[derive(Debug, Default, Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
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
pub async fn list(visit: Visit, Query(search): Query<Search>) -> Result<Response, WebError> {
    let nothing = (String::new(), String::new(), view::Role::Doctor);
    show(&visit, StatusCode::OK, search, nothing, FormErrors::default()).await
}

async fn show(
    visit: &Visit,
    status: StatusCode,
    search: Search,
    new_user: (String, String, view::Role),
    errors: FormErrors,
) -> Result<Response, WebError> {
    let q: String = search.q.trim().chars().take(100).collect();
    let filter = UserFilter { search: q.clone(), ..UserFilter::default() };
    let (app, counted) = (AppState::clone(&visit.app), filter.clone());
    let total =
        cached::count(&visit.app, &format!("users:{q}"), async move { Ok(app.store.users().count(&counted).await?) })
            .await?;
    let place = Place { page: search.page, after: search.after, before: search.before };
    let wanted = request(&place, PageSize::DEFAULT, total)?;
    let found = visit.app.store.users().list(&filter, &wanted, visit.now()).await?;
    let action = if q.is_empty() { Action::List } else { Action::Search };
    visit.note(visit.event(action, Object::User, format!("page {}", found.number))).await?;
    let query: Vec<_> = (!q.is_empty()).then(|| ("q".to_owned(), q.clone())).into_iter().collect();
    let pager = rows::pager(&found, total, "/admin/users", &query);
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
        frame: visit.frame("Users", "/admin/users").await?,
        q,
        rows: found.rows.into_iter().map(row).collect(),
        pager,
        new_user,
        password_minimum: SHORTEST as u64,
        errors,
    };
    page_with(status, &page)
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
    show(&visit, StatusCode::UNPROCESSABLE_ENTITY, Search::default(), new_user, reader.errors).await
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
