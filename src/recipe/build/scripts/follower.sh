version=$(pg_lsclusters -h | awk '$2 == "main" { print $1 }' | sort -V | tail -n 1)
[ -n "$version" ] || fail "there is no cluster main on this server: nothing was changed"
unit=postgresql@$version-main
data=/var/lib/postgresql/$version/main
kept=$state/stream-$note
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@"; }
receiver() { sql -c "select pid from pg_stat_wal_receiver where status = 'streaming'"; }
conninfo() { sql -c 'show primary_conninfo'; }
# What stands behind a keyword of a connection's parameters; quotes and backslashes around it are gone.
parameter() { conninfo | sed -nE "s/^(.* )?$1 *= *('([^'\\\\]|\\\\.)*'|[^ ']+).*\$/\\2/p" | sed -E "s/^'(.*)'\$/\\1/; s/\\\\(.)/\\1/g"; }
# The receiver begins anew, with the parameters and the password of now.
anew() {
old=$(receiver)
if [ "$version" -ge 13 ]; then sql -c 'select pg_reload_conf()' >/dev/null; else systemctl restart "$unit"; fi
[ -z "$old" ] || kill -TERM "$old" 2>/dev/null || :
other() { now=$(receiver); [ -n "$now" ] && [ "$now" != "$old" ]; }
wait_for 120 other
}
