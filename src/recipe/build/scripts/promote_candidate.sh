# What would make it no primary is found out before anything is changed.
version=$(pg_lsclusters -h | awk '$2 == "main" { print $1 }' | sort -V | tail -n 1)
[ -n "$version" ] || fail "there is no cluster main on this server: promote another replica"
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@"; }
show() { sql -c "show $1"; }
in_recovery=$(sql -c 'select pg_is_in_recovery()') || fail "PostgreSQL does not answer here: see systemctl status postgresql@$version-main on the server, or promote another replica. Nothing was changed"
if [ "$in_recovery" = f ]; then
echo "it is a primary already, on timeline $(sql -c 'select timeline_id from pg_control_checkpoint()')"
exit 0
fi
[ "$(show ssl)" = on ] || fail "PostgreSQL runs without TLS here, and whoever uses the primary wants it: set ssl = on, or promote another replica. Nothing was changed"
# Beyond itself it must let in the application, and replication for those that follow it.
let_in() {
sql -v database="$1" -v role="$2" <<'SQL'
select 1 from pg_hba_file_rules where error is null and type like 'host%' and auth_method <> 'reject'
and address is not null and address not in ('127.0.0.1', '::1')
and database && array[:'database', case :'database' when 'replication' then 'replication' else 'all' end]
and user_name && array['all', :'role'] limit 1;
SQL
}
[ -n "$(let_in "$database" "$database_user")" ] || fail "pg_hba.conf lets $database_user into $database from no other server: add a line hostssl for it, reload, and begin again. Nothing was changed"
[ "$followers" = 0 ] || [ -n "$(let_in replication "${database_user}_repl")" ] || fail "pg_hba.conf lets no replica in: add a line hostssl replication, reload, and begin again. Nothing was changed"
case $(show wal_level) in replica | logical) ;; *) fail "wal_level is $(show wal_level): nobody could follow it. Nothing was changed" ;; esac
[ -z "$most" ] || [ "$(show max_connections)" -ge "$most" ] || fail "max_connections is $(show max_connections) here, and $most on the primary: raise it, restart, and begin again. Nothing was changed"
slots=$(sql -c 'select current_setting($$max_replication_slots$$)::int - count(*) from pg_replication_slots')
[ "$slots" -ge "$followers" ] || fail "there is room for $slots more slots here, and $followers replicas will follow: raise max_replication_slots, restart, and begin again. Nothing was changed"
[ "$(sql -c 'select pg_is_wal_replay_paused()')" = f ] || fail "somebody has paused the replay: select pg_wal_replay_resume() here, or promote another replica. Nothing was changed"
free=$(df -Pm "/var/lib/postgresql/$version" | awk 'NR == 2 { print $4 }')
[ "$free" -ge 512 ] || fail "the disk has $free MB left: promote another replica, or make room. Nothing was changed"
streams() { [ "$(sql -c 'select status from pg_stat_wal_receiver')" = streaming ]; }
if [ "$planned" = yes ]; then
wait_for 30 streams || fail "it does not stream from the primary, and would miss what is written until then: see /var/log/postgresql on the server. Nothing was changed"
fi
sql -c "select 'received ' || coalesce(pg_last_wal_receive_lsn()::text, 'nothing since it started') || ', replayed ' || pg_last_wal_replay_lsn() || ', timeline ' || timeline_id from pg_control_checkpoint()"
exit 0
