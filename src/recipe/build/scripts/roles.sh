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
echo "set standard_conforming_strings = on; set log_statement = none; set log_min_duration_statement = -1; set log_min_error_statement = panic;"
echo "set pg_stat_statements.track_utility = off; set pgaudit.log = 'none';"
cat
} | sql -d postgres
}
# By the way that applications take, with the password.
lets_in() {
(umask 077; printf '*:*:*:*:%s\n' "$(printf '%s' "$database_password" | sed 's/[\\:]/\\&/g')" >"$safe/pass")
PGPASSFILE="$safe/pass" PGSSLMODE=require psql -XAtqw -d "host=127.0.0.1 user=$1 dbname=postgres $2" -c "$3" >/dev/null 2>"$safe/said"
}
