# What is copied is the only good copy by then: it has to be one.
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@"; }
in_recovery=$(sql -c 'select pg_is_in_recovery()') || fail "PostgreSQL does not answer on the primary: mend it first, or promote a replica. Nothing was changed"
[ "$in_recovery" = f ] || fail "the PostgreSQL of this server is no primary: look at which server takes writes. Nothing was changed"
[ "$(sql -c 'show transaction_read_only')" = off ] || fail "the primary takes no writes: see default_transaction_read_only there. Nothing was changed"
version=$(sql -c 'show server_version_num')
if [ "$version" -ge 120000 ]; then
broken=$(sql -c 'select coalesce(sum(checksum_failures), 0) from pg_stat_database')
[ "$broken" = 0 ] || fail "PostgreSQL has found $broken broken pages on the primary since its statistics began: a copy would have them, too, and the replica may have good ones. Look at that first. Nothing was changed"
fi
# A disk that takes no writes shows here.
sql -c checkpoint || fail "the primary cannot write its data to disk: /var/log/postgresql there says why. Nothing was changed"
sql -c "select 'timeline ' || timeline_id || ', at ' || pg_current_wal_lsn() || ', ' || pg_size_pretty(sum(pg_database_size(oid))) from pg_control_checkpoint(), pg_database where datallowconn group by timeline_id"
exit 0
