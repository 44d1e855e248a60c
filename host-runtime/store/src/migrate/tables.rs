//! The host's own tables that are carried over as they are.
//!
//! Not among them, and why ([`LEFT`] has their names; a test holds both against the schema, so that a new table is thought of):
//!
//! - `host_locks`, with the turn to change plugins: no host runs, so that nobody holds one;
//! - `host_tries`: who was refused begins anew after a quarter of an hour anyway;
//! - `host_collections` and `host_text_scopes`: they come of defining the same collections and cutting the same words;
//! - `host_usage` and `host_usage_changes`: quotas and blobs are carried over by [`usage`](super::usage), and rows are counted anew;
//! - `host_events_new`: events that have no number get one before anything is read ([`Ends`](super::ends::Ends));
//! - what describes the database itself.

use super::part::Holds::{self, Bytes, Int, Text};

/// A table of the host.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The key's first, in its order.
    pub(super) columns: &'static [(&'static str, Holds)],
    /// How many columns are the key.
    pub(super) key: usize,
    /// Whether the key is a number that the engine counts up.
    pub(super) counted: bool,
}

const fn keyed(name: &'static str, key: usize, columns: &'static [(&'static str, Holds)]) -> Table {
    Table {
        name,
        columns,
        key,
        counted: false,
    }
}

const fn counted(name: &'static str, columns: &'static [(&'static str, Holds)]) -> Table {
    Table {
        name,
        columns,
        key: 1,
        counted: true,
    }
}

/// In an order in which each comes after those that it refers to.
pub(super) const TABLES: &[Table] = &[
    keyed(
        "host_users",
        1,
        &[
            ("id", Text),
            ("name", Text),
            ("email", Text),
            ("role", Text),
            ("locale", Text),
            ("password_hash", Text),
            ("disabled", Int),
            ("created_at", Int),
        ],
    ),
    keyed(
        "host_sessions",
        1,
        &[
            ("hash", Bytes),
            ("user_id", Text),
            ("created_at", Int),
            ("seen_at", Int),
            ("expires_at", Int),
            ("confirmed_at", Int),
        ],
    ),
    keyed(
        "host_api_tokens",
        1,
        &[
            ("id", Text),
            ("user_id", Text),
            ("name", Text),
            ("hash", Bytes),
            ("scopes", Text),
            ("created_at", Int),
            ("expires_at", Int),
            ("used_at", Int),
        ],
    ),
    keyed(
        "host_oauth_flows",
        1,
        &[
            ("state", Bytes),
            ("plugin", Text),
            ("user_id", Text),
            ("session", Bytes),
            ("provider", Text),
            ("sealed", Bytes),
            ("expires_at", Int),
            ("used_at", Int),
        ],
    ),
    keyed(
        "host_plugins",
        1,
        &[
            ("id", Text),
            ("version", Text),
            ("digest", Text),
            ("state", Text),
            ("reason", Text),
            ("manifest", Text),
            ("grants", Text),
            ("installed_version", Text),
            ("pending", Text),
            ("updated_at", Int),
        ],
    ),
    // The bytes of plugins, those of files of earlier versions among them.
    keyed(
        "host_components",
        2,
        &[("plugin", Text), ("digest", Text), ("content", Bytes)],
    ),
    counted(
        "host_plugin_faults",
        &[
            ("id", Int),
            ("plugin", Text),
            ("at", Int),
            ("call", Text),
            ("reason", Text),
            ("detail", Text),
        ],
    ),
    counted(
        "host_audit",
        &[
            ("id", Int),
            ("at", Int),
            ("actor", Text),
            ("action", Text),
            ("subject", Text),
            ("details", Text),
        ],
    ),
    // With their numbers, so that a page goes on after the last event that it heard.
    counted(
        "host_events",
        &[
            ("id", Int),
            ("at", Int),
            ("plugin", Text),
            ("topic", Text),
            ("user_id", Text),
            ("payload", Text),
        ],
    ),
    // Running ones as they are: their leases lapse, or a host that is alone takes them over.
    counted(
        "host_jobs",
        &[
            ("id", Int),
            ("plugin", Text),
            ("kind", Text),
            ("key", Text),
            ("payload", Bytes),
            ("priority", Int),
            ("run_at", Int),
            ("attempt", Int),
            ("running", Int),
            ("token", Int),
            ("lease_until", Int),
            ("started_at", Int),
            ("last_error", Text),
            ("created_at", Int),
        ],
    ),
    counted(
        "host_job_runs",
        &[
            ("id", Int),
            ("plugin", Text),
            ("kind", Text),
            ("key", Text),
            ("attempt", Int),
            ("started_at", Int),
            ("ended_at", Int),
            ("outcome", Text),
            ("reason", Text),
        ],
    ),
    keyed(
        "host_schedules",
        2,
        &[
            ("plugin", Text),
            ("kind", Text),
            ("every_ms", Int),
            ("next_at", Int),
        ],
    ),
    // What a browser has not been told yet, which it may ask for ten minutes.
    keyed(
        "host_notices",
        1,
        &[
            ("id", Text),
            ("plugin", Text),
            ("problem", Text),
            ("expires_at", Int),
        ],
    ),
    // Marks of the keys, and what is sealed with them as it is: both databases belong to the same keys.
    keyed("host_keys", 1, &[("id", Int), ("mark", Bytes)]),
    keyed(
        "host_secrets",
        2,
        &[("plugin", Text), ("name", Text), ("sealed", Bytes)],
    ),
    keyed("host_objects", 1, &[("id", Text), ("name", Text)]),
    keyed(
        "host_blobs",
        2,
        &[
            ("plugin", Text),
            ("id", Text),
            ("size", Int),
            ("check_at", Int),
        ],
    ),
    // Uploads go on: their pieces are objects, which stay where they are.
    keyed(
        "host_uploads",
        1,
        &[
            ("id", Bytes),
            ("plugin", Text),
            ("user_id", Text),
            ("size", Int),
            ("blob", Text),
            ("expires_at", Int),
        ],
    ),
    keyed(
        "host_upload_parts",
        2,
        &[
            ("upload", Bytes),
            ("at", Int),
            ("size", Int),
            ("digest", Bytes),
            ("name", Text),
        ],
    ),
    // Otherwise objects that nobody names would stay for ever.
    keyed(
        "host_doomed_objects",
        1,
        &[
            ("path", Text),
            ("due_at", Int),
            ("taken", Int),
            ("upload", Text),
        ],
    ),
];

/// Why not is said above.
#[cfg(test)]
const LEFT: &[&str] = &[
    "host_collections",
    "host_events_new",
    "host_locks",
    "host_migration",
    "host_migration_parts",
    "host_schema",
    "host_text_scopes",
    "host_tries",
    "host_usage",
    "host_usage_changes",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::collections::{BTreeMap, BTreeSet};

    use super::{LEFT, TABLES};
    use crate::db::{Db, host_tables, sql};

    #[test]
    fn every_table_of_either_engine_is_carried_over_or_left_for_a_reason() {
        let carried: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
        let left: BTreeSet<&str> = LEFT.iter().copied().collect();
        assert!(carried.is_disjoint(&left));
        let there: BTreeSet<&str> = host_tables().into_iter().collect();
        let known: BTreeSet<&str> = carried.union(&left).copied().collect();
        assert_eq!(there, known);
    }

    #[tokio::test]
    async fn no_column_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_file(&folder.path().join("host.db")).await.unwrap();
        let rows = db
            .fetch(sql!(
                "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND m.name LIKE 'host%'"
            ))
            .await
            .unwrap();
        let mut schema: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in rows {
            let columns = schema.entry(row.text(0).unwrap()).or_default();
            columns.insert(row.text(1).unwrap());
        }
        schema.retain(|name, _| !LEFT.contains(&name.as_str()));
        let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for table in TABLES {
            let columns = table.columns.iter().map(|(name, _)| (*name).to_owned());
            listed.insert(table.name.to_owned(), columns.collect());
        }
        assert_eq!(schema, listed);
        db.close().await;
    }
}
