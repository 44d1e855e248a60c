#!/bin/sh
# Run once, when the database is empty: a user that owns the hosts' database and is no superuser. CREATEROLE, because each plugin gets a role of its own.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --set password="$(cat /run/secrets/database-password)" <<'SQL'
CREATE ROLE plugin_host LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE plugin_host OWNER plugin_host ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE plugin_host FROM PUBLIC;
SQL
