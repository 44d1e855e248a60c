//! Where a plugin's tables are: a schema, and a role that reaches nothing else.
//!
//! A schema is of the database, a role of the whole server; so a role's name ends in the database's number, and two hosts with databases of
//! one server do not share it.

/// Longest id that stands in a name as it is: names have at most 63 bytes, a role's ends in `@` and up to ten digits.
const LONGEST: usize = 43;

/// The schema's name.
pub(super) fn schema(plugin: &str) -> String {
    let words = plugin.replace('-', "_");
    if words.len() <= LONGEST {
        return format!("plugin_{words}");
    }
    // Two `_` in a row are in no id.
    let beginning: String = words.chars().take(LONGEST - 10).collect();
    let hash = blake3::hash(plugin.as_bytes()).to_hex();
    let hash: String = hash.chars().take(8).collect();
    format!("plugin_{}__{hash}", beginning.trim_end_matches('_'))
}

/// The role's name.
pub(super) fn role(plugin: &str, database: &str) -> String {
    format!("{}@{database}", schema(plugin))
}

/// Functions of the host's schema that make and drop both. They take a schema's name; making again is fine.
pub(in crate::db) const FUNCTIONS: &[&str] = &[
    "CREATE FUNCTION plugin_role(namespace TEXT) RETURNS TEXT LANGUAGE SQL STABLE SET search_path = host, pg_temp AS $body$
        SELECT namespace || '@' || oid FROM pg_database WHERE datname = current_database()
     $body$",
    "CREATE FUNCTION make_namespace(namespace TEXT) RETURNS VOID LANGUAGE plpgsql SET search_path = host, pg_temp AS $body$
     DECLARE
        role_name TEXT := plugin_role(namespace);
     BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role_name);
            EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
        END IF;
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', namespace);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', namespace, role_name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', namespace, role_name);
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', namespace, role_name);
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I.text_scopes (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
             collection BIGINT NOT NULL, scope TEXT COLLATE \"C\" NOT NULL, UNIQUE (collection, scope))', namespace);
     END
     $body$",
    "CREATE FUNCTION drop_namespace(namespace TEXT) RETURNS VOID LANGUAGE plpgsql SET search_path = host, pg_temp AS $body$
     DECLARE
        role_name TEXT := plugin_role(namespace);
     BEGIN
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', namespace);
        IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('DROP ROLE %I', role_name);
        END IF;
     END
     $body$",
];

#[cfg(test)]
mod tests {
    use super::{role, schema};

    #[test]
    fn names_are_short_enough_and_differ() {
        let long = ["a".repeat(64), format!("{}b", "a".repeat(63))];
        assert_eq!(schema("email-manager"), "plugin_email_manager");
        assert_ne!(schema(&long[0]), schema(&long[1]));
        for plugin in &long {
            assert!(role(plugin, "4294967295").len() <= 63);
        }
    }
}
