//! `plugin-host user …`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use super::client::{Api, Payload, segment};
use super::{Failure, print_out, table};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// All people of this host.
    List,
    /// Add a person. The password is read from the environment variable PLUGIN_HOST_PASSWORD, or made and printed once.
    Add {
        /// The name to sign in with.
        name: String,
        /// Address.
        #[arg(long)]
        email: Option<String>,
        /// What they may do.
        #[arg(long, value_enum, default_value_t = Role::Member)]
        role: Role,
    },
    /// Make an API token and print it once.
    Token {
        /// Whose.
        user: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
        /// Let it administer (administrators only).
        #[arg(long)]
        admin: bool,
        /// For how many days; for ever if left out.
        #[arg(long)]
        days: Option<u32>,
    },
    /// Set a password: from PLUGIN_HOST_PASSWORD, or made and printed once. Ends all sign-ins of that person.
    Password {
        /// Whose.
        user: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Role {
    Member,
    Administrator,
}

pub(super) async fn run(command: UserCommand, api: &Api, json: bool) -> Result<ExitCode, Failure> {
    match command {
        UserCommand::List => {
            let list = api.get("/api/users").await?;
            let items = list
                .get("items")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            if json {
                return done(&serde_json::to_string_pretty(&items)?);
            }
            let rows: Vec<Vec<String>> = items
                .iter()
                .map(|item| {
                    ["name", "role", "email", "id"]
                        .iter()
                        .map(|name| text(item, name))
                        .collect()
                })
                .collect();
            done(&table(&["NAME", "ROLE", "EMAIL", "ID"], &rows))
        }
        UserCommand::Add { name, email, role } => {
            let (password, made) = password();
            let role = match role {
                Role::Member => "member",
                Role::Administrator => "administrator",
            };
            let email = email.unwrap_or_else(|| format!("{name}@localhost"));
            let mut user = api
                .post(
                    "/api/users",
                    Payload::Json(
                        json!({ "name": name, "email": email, "role": role, "password": password }),
                    ),
                )
                .await?;
            if json {
                if let (true, Some(user)) = (made, user.as_object_mut()) {
                    user.insert("password".to_owned(), password.into());
                }
                return done(&serde_json::to_string_pretty(&user)?);
            }
            done(&format!(
                "{name}: added as {role}{}",
                shown(made, &password)
            ))
        }
        UserCommand::Token {
            user,
            name,
            admin,
            days,
        } => {
            let id = id_of(api, &user).await?;
            let scopes: &[&str] = if admin { &["admin"] } else { &[] };
            let body = json!({ "name": name, "scopes": scopes, "days": days });
            let token = api
                .post(
                    &format!("/api/users/{}/tokens", segment(&id)),
                    Payload::Json(body),
                )
                .await?;
            if json {
                done(&serde_json::to_string_pretty(&token)?)
            } else {
                done(&text(&token, "token"))
            }
        }
        UserCommand::Password { user } => {
            let id = id_of(api, &user).await?;
            let (password, made) = password();
            api.call(
                Method::PATCH,
                &format!("/api/users/{}", segment(&id)),
                Payload::Json(json!({ "password": password })),
            )
            .await?;
            done(&format!("{user}: password set{}", shown(made, &password)))
        }
    }
}

/// The password, and whether it was made here.
fn password() -> (String, bool) {
    match std::env::var("PLUGIN_HOST_PASSWORD") {
        Ok(password) if !password.is_empty() => (password, false),
        _ => (crate::web::passwords::random(), true),
    }
}

fn shown(made: bool, password: &str) -> String {
    if made {
        format!("\nPassword (shown once): {password}")
    } else {
        String::new()
    }
}

async fn id_of(api: &Api, user: &str) -> Result<String, Failure> {
    let list = api.get("/api/users").await?;
    let items = list
        .get("items")
        .and_then(Value::as_array)
        .context("the server's answer is no list")?;
    match items.iter().find(|item| {
        ["name", "email", "id"]
            .iter()
            .any(|name| text(item, name) == user)
    }) {
        Some(item) => Ok(text(item, "id")),
        None => bail!("there is no user {user}; `plugin-host user list` shows all"),
    }
}

fn text(item: &Value, name: &str) -> String {
    item.get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn done(text: &str) -> Result<ExitCode, Failure> {
    print_out(text)?;
    Ok(ExitCode::SUCCESS)
}
