version=$(pg_lsclusters -h | awk '$2 == "main" { print $1 }' | sort -V | tail -n 1)
[ -n "$version" ] || fail "there is no cluster main on this server: resume the run from its first step"
unit=postgresql@$version-main
data=/var/lib/postgresql/$version/main
etc=/etc/postgresql/$version/main
pass=/var/lib/postgresql/.pgpass
slot=replica_$(own_address | tr . _)
to="host=$primary user=${database_user}_repl sslmode=require passfile=$pass"
as_postgres() { runuser -u postgres -- "$@"; }
sql() { as_postgres psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@"; }
# On the primary, as the role that replicates.
ask() { as_postgres psql -XAtqw -d "$to dbname=postgres" -c "$1"; }
tell() { as_postgres psql -XAtqw -d "$to replication=true" -c "$1"; }
