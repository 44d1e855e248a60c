#!/bin/sh
# Makes the secrets of compose.yaml, once: what is there already is left alone.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
# The folder keeps others out. The files in it are read by users of the containers, whose numbers this machine does not know.
umask 022

random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

if [ -e secrets/plugin-host.toml ]; then
    echo "secrets/plugin-host.toml is there already: nothing was changed" >&2
    exit 0
fi
database=$(random 24)
access=GK$(random 12)
secret=$(random 32)
administrator=$(random 12)
printf %s "$(random 24)" > secrets/postgres-password
printf %s "$database" > secrets/database-password
cat > secrets/bucket.env <<END
GARAGE_RPC_SECRET=$(random 32)
GARAGE_DEFAULT_ACCESS_KEY=$access
GARAGE_DEFAULT_SECRET_KEY=$secret
END
# Last, because it is what is looked for above.
cat > secrets/plugin-host.toml <<END
database_url = "postgres://plugin_host:$database@database/plugin_host"
s3_access_key = "$access"
s3_secret_key = "$secret"
# Taken only as long as there is no administrator.
admin_email = "admin@localhost"
admin_password = "$administrator"
END
echo "sign in as admin@localhost with the admin_password of secrets/plugin-host.toml"
