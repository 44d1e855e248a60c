//! A plugin's role reaches that plugin's rows and nothing else: that plugins are apart is the database's doing.

use host_store::*;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::support::*;

/// Two plugins with rows and words of their own, and every table of the host.
async fn two_plugins() -> (World, PgConnection) {
    let world = World::new().await;
    for plugin in [PLUGIN, "other-plugin"] {
        let mut notes = collection(
            "notes",
            vec![required("id", Kind::Text), field("body", Kind::Text)],
            &["id"],
            vec![],
        );
        notes.full_text = Some(FullText {
            fields: strings(&["body"]),
            scope: "id".to_owned(),
        });
        let collections = world.store.collections();
        collections.define(plugin, &notes).await.unwrap();
        let caller = Caller {
            plugin: plugin.to_owned(),
            ..Caller::default()
        };
        let rows = vec![vec![text("a"), text("private words")]];
        let batch = vec![put("notes", &["id", "body"], rows)];
        collections.apply(&caller, batch).await.unwrap();
    }
    let connection = world.database.connect().await;
    (world, connection)
}

/// `42501` is “insufficient privilege”.
async fn is_denied(connection: &mut PgConnection, statement: &str) -> bool {
    match connection
        .execute(AssertSqlSafe(statement.to_owned()))
        .await
    {
        Ok(_) => false,
        Err(sqlx::Error::Database(error)) => {
            assert_eq!(
                error.code().as_deref(),
                Some("42501"),
                "{statement}: {error}"
            );
            true
        }
        Err(error) => panic!("{error}"),
    }
}

async fn names(connection: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_all(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_plugins_role_reads_and_writes_its_own_rows_only() {
    let (_world, mut connection) = two_plugins().await;
    let tables = names(
        &mut connection,
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname = 'host' OR schemaname LIKE 'plugin%' ORDER BY 1",
    )
    .await;
    assert!(tables.len() > 20, "{tables:?}");
    let number = names(
        &mut connection,
        "SELECT oid::TEXT FROM pg_database WHERE datname = current_database()",
    )
    .await
    .remove(0);
    let role = format!("SET ROLE \"plugin_test_plugin@{number}\"");
    connection.execute(AssertSqlSafe(role)).await.unwrap();
    let mut own = 0;
    for table in &tables {
        if table.starts_with("plugin_test_plugin.") {
            own += 1;
            connection
                .execute(AssertSqlSafe(format!("SELECT * FROM {table}")))
                .await
                .unwrap();
        } else {
            for statement in [
                format!("SELECT * FROM {table}"),
                format!("DELETE FROM {table}"),
                format!("INSERT INTO {table} DEFAULT VALUES"),
            ] {
                assert!(is_denied(&mut connection, &statement).await, "{statement}");
            }
        }
    }
    assert_eq!(own, 3, "rows, words and scopes");
    for statement in [
        "CREATE TABLE plugin_test_plugin.mine (a INT)",
        "DROP TABLE plugin_test_plugin.text_scopes",
        "ALTER TABLE plugin_test_plugin.text_scopes ADD COLUMN a INT",
        "TRUNCATE plugin_test_plugin.text_scopes",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT host.make_namespace('plugin_mine')",
        "SELECT host.count_row_bytes('test-plugin', -1000)",
        "CREATE TABLE public.mine (a INT)",
    ] {
        assert!(is_denied(&mut connection, statement).await, "{statement}");
    }
}

#[tokio::test]
async fn roles_and_schemas_go_with_a_plugins_data() {
    let (world, mut connection) = two_plugins().await;
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'plugin%' ORDER BY 1";
    let roles = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'plugin%@' ||
         (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(
        names(&mut connection, schemas).await,
        ["plugin_other_plugin", "plugin_test_plugin"]
    );
    assert_eq!(names(&mut connection, roles).await.len(), 2);
    world.delete_data("other-plugin").await;
    assert_eq!(
        names(&mut connection, schemas).await,
        ["plugin_test_plugin"]
    );
    assert_eq!(names(&mut connection, roles).await.len(), 1);
}

#[tokio::test]
async fn the_password_is_in_no_error_and_no_debug_text() {
    let folder = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(TestClock::at(START));
    for url in [
        "postgres://someone:s3cret-word@127.0.0.1:1/database",
        "postgres://someone:s3cret-word@127.0.0.1:none/database",
        "mysql://someone:s3cret-word@127.0.0.1/database",
    ] {
        let database = Database::Postgres {
            url: url.to_owned().into(),
            connections: 4,
        };
        assert!(!format!("{database:?}").contains("s3cret"));
        let options = Options::new(clock.clone(), Purpose::Serve).database(&database);
        let error = Store::open_with(folder.path(), options).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("s3cret"), "{error}");
    }
}
