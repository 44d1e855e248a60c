//! The host's own tables, and how an older database is brought up to date.
//!
//! Steps are only ever added at the end; each runs once, in one transaction with the note that it ran. `{serial}` and `{bytes}` stand for
//! what the dialect calls them.
//!
//! **Versions beside each other.** Hosts that share a database are replaced one by one, so that for a while an older program works on newer tables. It can
//! after a [`Step`] that only adds: it does not know what is new, and loses nothing by that. Where a step takes something away, the newer program waits
//! until no older one runs, and the older one refuses from then on. So add first, and take away in a later version, when nothing reads it any more.

use super::engine::Transact;
use super::{Sql, postgres, sql};
use crate::error::Error;

/// One change of the host's own tables.
#[derive(Debug, Clone, Copy)]
struct Step {
    statements: &'static [&'static str],
    older: Older,
}

/// What a program that does not know a step may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Older {
    /// Everything: there are new tables, or columns that may be left out.
    GoesOn,
    /// Nothing: something that it reads or writes is gone, or means something else.
    Stops,
}

impl Step {
    const fn adds(statements: &'static [&'static str]) -> Self {
        Self {
            statements,
            older: Older::GoesOn,
        }
    }

    const fn changes(statements: &'static [&'static str]) -> Self {
        Self {
            statements,
            older: Older::Stops,
        }
    }
}

/// The steps that were made before a program said what becomes of older ones. To all of them a later step is one that changes something.
const SILENT: usize = 4;

const STEPS: &[Step] = &[
    Step::changes(&[
    "CREATE TABLE host_users (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, role TEXT NOT NULL, locale TEXT NOT NULL,
        password_hash TEXT, disabled INTEGER NOT NULL DEFAULT 0, created_at BIGINT NOT NULL)",
    "CREATE TABLE host_sessions (
        hash {bytes} PRIMARY KEY, user_id TEXT NOT NULL REFERENCES host_users(id) ON DELETE CASCADE,
        created_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, confirmed_at BIGINT NOT NULL)",
    "CREATE INDEX host_sessions_user ON host_sessions (user_id)",
    "CREATE INDEX host_sessions_expiry ON host_sessions (expires_at)",
    "CREATE TABLE host_api_tokens (
        id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES host_users(id) ON DELETE CASCADE, name TEXT NOT NULL,
        hash {bytes} NOT NULL UNIQUE, scopes TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, used_at BIGINT)",
    "CREATE INDEX host_api_tokens_user ON host_api_tokens (user_id)",
    "CREATE TABLE host_oauth_flows (
        state {bytes} PRIMARY KEY, plugin TEXT NOT NULL, user_id TEXT NOT NULL, session {bytes} NOT NULL,
        provider TEXT NOT NULL, sealed {bytes}, expires_at BIGINT NOT NULL, used_at BIGINT)",
    "CREATE INDEX host_oauth_flows_expiry ON host_oauth_flows (expires_at)",
    "CREATE TABLE host_plugins (
        id TEXT PRIMARY KEY, version TEXT NOT NULL, file TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL,
        reason TEXT, manifest TEXT NOT NULL, grants TEXT, installed_version TEXT, pending TEXT, updated_at BIGINT NOT NULL)",
    "CREATE TABLE host_plugin_faults (
        id {serial}, plugin TEXT NOT NULL, at BIGINT NOT NULL, call TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL)",
    "CREATE INDEX host_plugin_faults_plugin ON host_plugin_faults (plugin, at)",
    "CREATE TABLE host_audit (
        id {serial}, at BIGINT NOT NULL, actor TEXT, action TEXT NOT NULL, subject TEXT NOT NULL, details TEXT NOT NULL)",
    "CREATE TABLE host_events (
        id {serial}, at BIGINT NOT NULL, plugin TEXT, topic TEXT NOT NULL, user_id TEXT, payload TEXT NOT NULL)",
    "CREATE INDEX host_events_at ON host_events (at)",
    "CREATE TABLE host_jobs (
        id {serial}, plugin TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, payload {bytes} NOT NULL,
        priority INTEGER NOT NULL, run_at BIGINT NOT NULL, attempt INTEGER NOT NULL, running INTEGER NOT NULL,
        token BIGINT, lease_until BIGINT, started_at BIGINT, last_error TEXT,
        created_at BIGINT NOT NULL)",
    "CREATE UNIQUE INDEX host_jobs_waiting ON host_jobs (plugin, kind, key) WHERE running = 0",
    "CREATE UNIQUE INDEX host_jobs_running ON host_jobs (plugin, key) WHERE running = 1",
    "CREATE INDEX host_jobs_due ON host_jobs (plugin, priority, run_at, id) WHERE running = 0",
    "CREATE TABLE host_job_runs (
        id {serial}, plugin TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, attempt INTEGER NOT NULL,
        started_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, outcome TEXT NOT NULL, reason TEXT)",
    "CREATE INDEX host_job_runs_key ON host_job_runs (plugin, key, id)",
    "CREATE INDEX host_job_runs_ended ON host_job_runs (ended_at)",
    "CREATE TABLE host_schedules (
        plugin TEXT NOT NULL, kind TEXT NOT NULL, every_ms BIGINT NOT NULL, next_at BIGINT NOT NULL, PRIMARY KEY (plugin, kind))",
    "CREATE TABLE host_locks (
        plugin TEXT NOT NULL, name TEXT NOT NULL, token BIGINT NOT NULL, held_until BIGINT NOT NULL, PRIMARY KEY (plugin, name))",
    "CREATE TABLE host_secrets (
        plugin TEXT NOT NULL, name TEXT NOT NULL, sealed {bytes} NOT NULL, PRIMARY KEY (plugin, name))",
    "CREATE TABLE host_collections (
        id {serial}, plugin TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL, UNIQUE (plugin, name))",
    "CREATE TABLE host_text_scopes (id {serial}, collection BIGINT NOT NULL, scope TEXT NOT NULL, UNIQUE (collection, scope))",
    "CREATE TABLE host_usage (
        plugin TEXT PRIMARY KEY, row_bytes BIGINT NOT NULL DEFAULT 0, blob_bytes BIGINT NOT NULL DEFAULT 0, quota BIGINT)",
    "CREATE TABLE host_blobs (
        plugin TEXT NOT NULL, id TEXT NOT NULL, size BIGINT NOT NULL, check_at BIGINT, PRIMARY KEY (plugin, id))",
    "CREATE INDEX host_blobs_id ON host_blobs (id)",
    "CREATE INDEX host_blobs_check ON host_blobs (check_at) WHERE check_at IS NOT NULL",
    "CREATE TABLE host_uploads (
        id {bytes} PRIMARY KEY, plugin TEXT NOT NULL, user_id TEXT, size BIGINT NOT NULL, blob TEXT, expires_at BIGINT NOT NULL)",
    "CREATE INDEX host_uploads_blob ON host_uploads (plugin, blob)",
    "CREATE INDEX host_uploads_expiry ON host_uploads (expires_at)",
    "CREATE TABLE host_upload_parts (
        upload {bytes} NOT NULL REFERENCES host_uploads(id) ON DELETE CASCADE, at BIGINT NOT NULL, size BIGINT NOT NULL,
        digest {bytes} NOT NULL, PRIMARY KEY (upload, at))",
    "CREATE TABLE host_doomed_objects (path TEXT PRIMARY KEY)",
    ]),
    // Objects have names of their own, which are used once; those that are there are named by their content.
    Step::changes(&[
        "CREATE TABLE host_objects (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "INSERT INTO host_objects (id, name)
            SELECT DISTINCT id, 'objects/' || substr(id, 1, 2) || '/' || substr(id, 3) FROM host_blobs",
        "ALTER TABLE host_upload_parts ADD COLUMN name TEXT",
        "ALTER TABLE host_doomed_objects ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE host_doomed_objects ADD COLUMN taken INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE host_doomed_objects ADD COLUMN upload TEXT",
    ]),
    // What hosts that share the database must find there, since they share nothing else.
    Step::changes(&[
        "CREATE TABLE host_components (
            plugin TEXT NOT NULL, digest TEXT NOT NULL, content {bytes} NOT NULL, PRIMARY KEY (plugin, digest))",
        "ALTER TABLE host_plugins DROP COLUMN file",
        "CREATE TABLE host_keys (id BIGINT PRIMARY KEY, mark {bytes} NOT NULL)",
        "CREATE TABLE host_tries (subject TEXT PRIMARY KEY, since BIGINT NOT NULL, count BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
        "CREATE INDEX host_tries_expiry ON host_tries (expires_at)",
        "CREATE TABLE host_notices (id TEXT PRIMARY KEY, plugin TEXT NOT NULL, problem TEXT NOT NULL, expires_at BIGINT NOT NULL)",
        "CREATE INDEX host_notices_expiry ON host_notices (expires_at)",
    ]),
    // Rows of another database are on their way here: whose, and how far each table is.
    Step::changes(&[
        "CREATE TABLE host_migration (source TEXT NOT NULL)",
        "CREATE TABLE host_migration_parts (name TEXT PRIMARY KEY, last TEXT, done INTEGER NOT NULL)",
    ]),
    Step::adds(&["ALTER TABLE host_schema ADD COLUMN older_stops INTEGER NOT NULL DEFAULT 1"]),
];

/// What a shared server needs beside, by step.
///
/// - What a plugin's rows weigh is noted as changes, which housekeeping adds up: batches that all wrote one row would cross each other.
/// - Events are numbered after their transaction, since numbers that are drawn inside become visible in another order.
const SHARED_STEPS: &[&[&str]] = &[&[
    "CREATE TABLE host_usage_changes (
        id {serial}, plugin TEXT NOT NULL, row_bytes BIGINT NOT NULL, blob_bytes BIGINT NOT NULL)",
    "CREATE INDEX host_usage_changes_plugin ON host_usage_changes (plugin)",
    "CREATE FUNCTION count_row_bytes(of_plugin TEXT, bytes BIGINT) RETURNS VOID LANGUAGE plpgsql AS $body$
     BEGIN
        IF bytes <> 0 THEN
            INSERT INTO host.host_usage_changes (plugin, row_bytes, blob_bytes) VALUES (of_plugin, bytes, 0);
            PERFORM set_config('host.row_bytes',
                (COALESCE(NULLIF(current_setting('host.row_bytes', TRUE), ''), '0')::BIGINT + bytes)::TEXT, TRUE);
        END IF;
     END
     $body$",
    "CREATE TABLE host_events_new (
        id {serial}, at BIGINT NOT NULL, plugin TEXT, topic TEXT NOT NULL, user_id TEXT, payload TEXT NOT NULL)",
    "CREATE FUNCTION number_events() RETURNS BIGINT LANGUAGE plpgsql SET search_path = host, pg_temp AS $body$
     DECLARE
        newest BIGINT;
     BEGIN
        IF EXISTS (SELECT 1 FROM host_events_new) THEN
            LOCK TABLE host_events_new IN SHARE UPDATE EXCLUSIVE MODE;
            WITH taken AS (DELETE FROM host_events_new RETURNING id, at, plugin, topic, user_id, payload),
                numbered AS (
                    INSERT INTO host_events (at, plugin, topic, user_id, payload)
                    SELECT at, plugin, topic, user_id, payload FROM taken ORDER BY id RETURNING id)
            SELECT MAX(id) INTO newest FROM numbered;
            PERFORM pg_notify('host_events', '');
        END IF;
        RETURN COALESCE(newest, (SELECT MAX(id) FROM host_events));
     END
     $body$",
]];

/// How many steps this program knows: what its hosts are told apart by.
pub(super) const KNOWN: usize = STEPS.len();

/// Brings the host's tables up to date, inside a transaction of whoever is alone with them.
pub(super) async fn migrate<T: Transact>(tx: &mut T, shared: bool) -> Result<(), Error> {
    take(tx, shared, STEPS).await
}

async fn take<T: Transact>(tx: &mut T, shared: bool, steps: &[Step]) -> Result<(), Error> {
    let dialect = tx.dialect();
    tx.execute(Sql::once(
        "CREATE TABLE IF NOT EXISTS host_schema (version BIGINT NOT NULL)",
    ))
    .await?;
    let rows = tx.fetch(sql!("SELECT COUNT(*) FROM host_schema")).await?;
    let done = rows.first().map_or(Ok(0), |row| row.uint(0))?;
    let done = usize::try_from(done).unwrap_or_default();
    if done > steps.len() {
        return beside_newer(tx, done, steps.len()).await;
    }
    let pending = steps.iter().enumerate().skip(done);
    let stops = pending.clone().any(|(_, step)| step.older == Older::Stops);
    // Nobody works on tables that are not there yet.
    if shared && stops && done > 0 {
        postgres::alone_with_tables(tx, steps.len()).await?;
    }
    for (number, step) in pending {
        let mut statements = step.statements.to_vec();
        if shared {
            if let Some(more) = SHARED_STEPS.get(number) {
                statements.extend_from_slice(more);
            }
            if number == 0 {
                statements.extend_from_slice(postgres::FUNCTIONS);
            }
        }
        for statement in statements {
            tx.execute(Sql::once(dialect.host_table(statement))).await?;
        }
        let version = u64::try_from(number).unwrap_or_default();
        tx.execute(if number < SILENT {
            sql!("INSERT INTO host_schema (version) VALUES (?)", version)
        } else {
            sql!(
                "INSERT INTO host_schema (version, older_stops) VALUES (?, ?)",
                version,
                step.older == Older::Stops
            )
        })
        .await?;
    }
    Ok(())
}

/// Whether this program may work on tables that a newer one has changed.
async fn beside_newer<T: Transact>(tx: &mut T, done: usize, known: usize) -> Result<(), Error> {
    let rows = tx
        .fetch(sql!(
            "SELECT COUNT(*) FROM host_schema WHERE version >= ? AND older_stops <> 0",
            u64::try_from(known).unwrap_or_default()
        ))
        .await?;
    if rows.first().map_or(Ok(1), |row| row.uint(0))? > 0 {
        return Err(Error::Corrupt(format!(
            "the data was written by a newer version of this program, which changed what this one reads (schema {done}, known {known}): run the newer one"
        )));
    }
    tracing::info!(
        done,
        known,
        "a newer version has added to the host's tables; this one goes on beside it"
    );
    Ok(())
}

/// Names of the host's own tables, on whichever engine.
#[cfg(test)]
pub(crate) fn host_tables() -> Vec<&'static str> {
    let everywhere = STEPS.iter().map(|step| step.statements);
    let steps = everywhere.chain(SHARED_STEPS.iter().copied()).flatten();
    let made = steps.filter_map(|statement| statement.trim_start().strip_prefix("CREATE TABLE "));
    made.filter_map(|rest| rest.split_whitespace().next())
        .chain(["host_schema"])
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use secrecy::SecretString;
    use xtask::postgres::Database;

    use super::*;
    use crate::db::engine::Engine;
    use crate::db::postgres::{Among, Postgres, Settings};
    use crate::db::sqlite::Sqlite;

    const ADDS: Step = Step::adds(&[
        "CREATE TABLE host_later (id TEXT PRIMARY KEY)",
        "ALTER TABLE host_users ADD COLUMN later TEXT",
    ]);
    const TAKES: Step = Step::changes(&["ALTER TABLE host_users DROP COLUMN locale"]);

    /// What a program does when it starts that knows these steps as well.
    async fn newer(engine: &impl Engine, shared: bool, more: &[Step]) -> Result<(), Error> {
        let mut tx = engine.write().await?;
        take(&mut tx, shared, &[STEPS, more].concat()).await?;
        tx.commit().await.map(drop)
    }

    /// What it does that does not know them.
    async fn this_one(engine: &impl Engine, shared: bool) -> Result<(), Error> {
        newer(engine, shared, &[]).await
    }

    async fn older_ones_go_on_until_something_is_taken_away(engine: &impl Engine, shared: bool) {
        newer(engine, shared, &[ADDS]).await.unwrap();
        this_one(engine, shared).await.unwrap();
        newer(engine, shared, &[ADDS]).await.unwrap();
        newer(engine, shared, &[ADDS, TAKES]).await.unwrap();
        let refused = this_one(engine, shared).await.unwrap_err();
        assert!(matches!(refused, Error::Corrupt(_)), "{refused}");
        assert!(
            refused.to_string().contains("run the newer one"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn an_older_program_works_on_a_file_that_a_newer_one_has_only_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Sqlite::open(&folder.path().join("host.db")).await.unwrap();
        older_ones_go_on_until_something_is_taken_away(&engine, false).await;
    }

    async fn host(database: &Database, among: Among) -> Postgres {
        let settings = Settings {
            url: SecretString::from(database.url().to_string()),
            connections: 4,
            among,
        };
        Postgres::open(&settings).await.unwrap()
    }

    #[tokio::test]
    async fn an_older_program_works_on_a_server_that_a_newer_one_has_only_added_to() {
        let database = Database::new().unwrap();
        let engine = host(&database, Among::Nobody).await;
        older_ones_go_on_until_something_is_taken_away(&engine, true).await;
    }

    #[tokio::test]
    async fn nothing_is_taken_away_from_an_older_host_that_runs() {
        let database = Database::new().unwrap();
        let older = host(&database, Among::Hosts).await;
        // Of no version, since it knows more than this program.
        let upgraded = host(&database, Among::Nobody).await;
        newer(&upgraded, true, &[ADDS]).await.unwrap();
        let refused = newer(&upgraded, true, &[ADDS, TAKES]).await.unwrap_err();
        assert!(matches!(refused, Error::InUse(_)), "{refused}");
        // It still finds all that it knows.
        let read = older.fetch(sql!("SELECT locale FROM host_users"));
        read.await.unwrap();
        older.close().await;
        newer(&upgraded, true, &[ADDS, TAKES]).await.unwrap();
    }
}
