[ -n "${database_password:-}" ] || fail "no database_password came along: resume in the project's directory"
safe=$(mktemp -d)
chmod 700 "$safe"
trap 'rm -rf -- "$safe"' EXIT
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
[ "$(sql -d postgres -c 'select pg_is_in_recovery()')" = f ] || fail "the PostgreSQL of this server is a replica: roles are made on its primary. Look at which server this is"
doubled() { printf '%s' "$1" | sed "s/$2/$2$2/g"; }
literal() { printf "'%s'" "$(doubled "$1" "'")"; }
named() { printf '"%s"' "$(doubled "$1" '"')"; }
# What holds a password comes on standard input and stays out of the log.
quietly() {
{
echo "set log_statement = none; set log_min_duration_statement = -1; set log_min_error_statement = panic;"
echo "set pg_stat_statements.track_utility = off;"
cat
} | sql -d postgres
}
# By the way that applications take, with the password.
lets_in() {
(umask 077; printf '*:*:*:*:%s\n' "$(printf '%s' "$database_password" | sed 's/[\\:]/\\&/g')" >"$safe/pass")
PGPASSFILE="$safe/pass" PGSSLMODE=require psql -XAtqw -d "host=127.0.0.1 user=$1 dbname=postgres $2" -c "$3" >/dev/null 2>"$safe/said"
}
role() {
if [ "$2" = replication ]; then with=replication ask='IDENTIFY_SYSTEM' way='replication=true'; else with=noreplication ask='select 1' way=; fi
if [ -z "$(sql -d postgres -c "select 1 from pg_roles where rolname = $(literal "$1")")" ]; then
echo "create role $(named "$1") login $with password $(literal "$database_password");" | quietly
changes "made role $1"
elif ! lets_in "$1" "$way" "$ask"; then
echo "alter role $(named "$1") login $with password $(literal "$database_password");" | quietly
changes "gave role $1 the password of the project"
fi
lets_in "$1" "$way" "$ask" || fail "PostgreSQL does not let $1 in with database_password: $(cat "$safe/said")"
}
role "$database_user" plain
role "${database_user}_repl" replication
if [ -z "$(sql -d postgres -c "select 1 from pg_database where datname = $(literal "$database")")" ]; then
echo "create database $(named "$database") owner $(named "$database_user") encoding 'UTF8' template template0;" | sql -d postgres
changes "made database $database"
fi
[ "$(sql -d postgres -c "select pg_get_userbyid(datdba) from pg_database where datname = $(literal "$database")")" = "$database_user" ] || fail "database $database is not $database_user's: see whose it is, and give it with ALTER DATABASE … OWNER TO"
finish
