//! `/api/v1/users`: accounts, for administrators.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use thorax_domain::audit::{Action, Object};
use thorax_domain::clock::Timestamp;
use thorax_domain::ids::UserId;
use thorax_domain::patient::FullName;
use thorax_domain::user::{Role, Scope, User, Username};
use thorax_store::users::{UserChange, UserFilter, UserRow};
use utoipa::ToSchema;

use super::body::{self, Body};
use super::endpoint::Endpoint;
use super::listing::{Listed, SEARCHED, id};
use super::notes::{event, note};
use super::query::Query;
use super::schema::RoleWord;
use super::tidy;
use super::{parameters, schema};
use crate::app::App;
use crate::web::auth::Caller;
use crate::web::{AppState, Route, Section, WebError};
use crate::workflow::accounts::{NewAccount, change_account, create_account};
use crate::workflow::passwords::Password;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct Account {
    /// Which one.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// Signs in with it.
    username: String,
    /// For people.
    full_name: String,
    /// What they may do.
    #[schema(value_type = RoleWord)]
    role: Role,
    /// Whether they may sign in.
    is_active: bool,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        let User { id, username, full_name, role, is_active, created_at } = user;
        Self { user_id: id, username: username.into(), full_name, role, is_active, created_at }
    }
}

/// An account in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedUser {
    /// The account.
    #[serde(flatten)]
    user: Account,
    /// No password is right before; null where it is not locked.
    #[schema(value_type = Option<String>, format = DateTime)]
    locked_until: Option<Timestamp>,
    /// Sessions that have not ended.
    sessions: u64,
    /// When one of them was last used.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen: Option<Timestamp>,
}

impl From<UserRow> for ListedUser {
    fn from(row: UserRow) -> Self {
        let UserRow { user, locked_until, sessions, last_seen } = row;
        Self { user: user.into(), locked_until, sessions, last_seen }
    }
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// To sign in with; nobody else may have it.
    #[serde(deserialize_with = "tidy::exact")]
    #[schema(value_type = String, min_length = 3, max_length = 64, pattern = "^[a-z0-9._@+-]{3,64}$")]
    username: Username,
    /// The name.
    #[serde(deserialize_with = "tidy::exact")]
    #[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+( [^\s\u0000-\u001f\u007f-\u009f]+)*$")]
    full_name: FullName,
    /// What they may do.
    #[schema(value_type = RoleWord)]
    role: Role,
}

/// An account that was made. Its password is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedUser {
    /// Which one.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// To sign in with; to be changed then.
    password: String,
}

/// What is changed of an account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// The name.
    #[serde(default, deserialize_with = "tidy::maybe")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+( [^\s\u0000-\u001f\u007f-\u009f]+)*$")]
    full_name: Option<FullName>,
    /// What they may do; with another role all sessions end.
    #[schema(value_type = Option<RoleWord>)]
    role: Option<Role>,
    /// Whether they may sign in; where not, all sessions end.
    is_active: Option<bool>,
    /// Lets them try passwords again at once.
    #[serde(default)]
    unlock: bool,
}

/// What is here.
pub fn endpoints() -> Vec<Endpoint> {
    let roles = schema::words(Role::ALL);
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    let filtered = |endpoint: Endpoint| {
        endpoint
            .takes(parameters::word("role", &roles, "Only this role."))
            .takes(parameters::flag("active", "Only those that may, or may not, sign in."))
            .paged()
            .gives_page::<ListedUser>("One page.")
    };
    let listed = Endpoint::new(Route::get("/api/v1/users", Section::Admin, list), Scope::Admin).named(
        "list_users",
        "Administration",
        "Accounts, newest first",
    );
    let searched = Endpoint::new(Route::post("/api/v1/users/_search", Section::Admin, search), Scope::Admin)
        .named("search_users", "Administration", "Search for accounts")
        .about(SEARCHED)
        .takes(parameters::search("The beginning of the user name or of a word of the name."));
    vec![
        filtered(listed),
        filtered(searched).in_body(),
        Endpoint::new(Route::post("/api/v1/users", Section::Admin, make), Scope::Admin)
            .named("create_user", "Administration", "Make an account")
            .about("The password is made by chance and shown once.")
            .reads::<CreateUser>()
            .gives::<CreatedUser>(201, "The account, with its password.")
            .header(201, "Location", "Where the account is.")
            .fails(409, "The user name is taken."),
        Endpoint::new(Route::get("/api/v1/users/{id}", Section::Admin, show), Scope::Admin)
            .named("get_user", "Administration", "One account")
            .gives::<Account>(200, "The account.")
            .tagged(),
        Endpoint::new(Route::patch("/api/v1/users/{id}", Section::Admin, update), Scope::Admin)
            .named("update_user", "Administration", "Change an account")
            .reads::<ChangeUser>()
            .gives::<Account>(200, "The account as changed.")
            .fails(409, "Administrators do not take their own role or access from themselves."),
    ]
}

/// `GET /api/v1/users`
async fn list(State(app): State<AppState>, caller: Caller, query: Query) -> Result<Json<Listed<ListedUser>>, WebError> {
    listed(&app, &caller, query, Action::List).await
}

/// `POST /api/v1/users/_search`
async fn search(
    State(app): State<AppState>,
    caller: Caller,
    Body(query): Body<Query>,
) -> Result<Json<Listed<ListedUser>>, WebError> {
    listed(&app, &caller, query, Action::Search).await
}

async fn listed(
    app: &App,
    caller: &Caller,
    mut query: Query,
    action: Action,
) -> Result<Json<Listed<ListedUser>>, WebError> {
    let filter = UserFilter {
        search: query.search(),
        role: query.take("role", "admin, doctor or patient"),
        is_active: query.flag("active"),
    };
    let page = query.page();
    query.finish()?;
    let found = app.store.users().list(&filter, &page, app.clock.now()).await?;
    note(app, event(app, caller, action, Object::User, "list").with("rows", found.rows.len())).await?;
    Ok(Json(found.map(ListedUser::from).into()))
}

/// `POST /api/v1/users`
async fn make(State(app): State<AppState>, caller: Caller, Body(new): Body<CreateUser>) -> Result<Response, WebError> {
    let CreateUser { username, full_name, role } = new;
    let password = Password::random().map_err(anyhow::Error::from)?;
    let secret = password.secret().expose_secret().to_owned();
    let id = create_account(&app, &caller.by(), NewAccount { username, full_name, role, password }).await?;
    let location = [(LOCATION, format!("/api/v1/users/{id}"))];
    Ok((StatusCode::CREATED, location, Json(CreatedUser { user_id: id, password: secret })).into_response())
}

/// `GET /api/v1/users/{id}`
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let of: UserId = id(&of)?;
    let user = app.store.users().find(of).await?.ok_or(WebError::NotFound)?;
    note(&app, event(&app, &caller, Action::View, Object::User, of)).await?;
    body::tagged(&headers, &Account::from(user))
}

/// `PATCH /api/v1/users/{id}`
async fn update(
    State(app): State<AppState>,
    caller: Caller,
    Path(of): Path<String>,
    Body(new): Body<ChangeUser>,
) -> Result<Json<Account>, WebError> {
    let of: UserId = id(&of)?;
    let ChangeUser { full_name, role, is_active, unlock } = new;
    let change = UserChange { full_name: full_name.map(String::from), role, is_active, unlock };
    change_account(&app, &caller.by(), of, change).await?;
    let user = app.store.users().find(of).await?.ok_or(WebError::NotFound)?;
    Ok(Json(user.into()))
}
