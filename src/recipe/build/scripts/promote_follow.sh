# The connection is the one that is there, password and all, but for where it goes.
safe=$(mktemp -d)
trap 'rm -rf -- "$safe"' EXIT
is_replica() { [ "$(sql -c 'select pg_is_in_recovery()')" = t ]; }
is_replica || fail "this is no replica any more. Nothing was changed"
streams() { [ "$(sql -c "select status from pg_stat_wal_receiver where slot_name = '$slot' and (sender_host = '$primary' or conninfo like '%host=$primary %')")" = streaming ]; }
if ! streams; then
conninfo=$(sql -c 'show primary_conninfo')
[ -n "$conninfo" ] || fail "primary_conninfo is empty: this replica followed nobody. Make it a replica again with resync-replica"
conninfo=$(printf '%s' "$conninfo" | sed -E "s/(^| )(host|hostaddr)=('[^']*'|[^ ]*)//g; s/^ *//")
if [ -e "$pass" ]; then sed -E "s/^([^:\\\\]|\\\\.)*:/$primary:/" "$pass" | awk '!seen[$0]++' >"$safe/pass"; put "$pass" 600 postgres:postgres <"$safe/pass"; fi
# It may hold a password: on standard input, and in no log.
{
echo "set log_statement = none; set log_min_duration_statement = -1; set log_min_error_statement = panic;"
printf "alter system set primary_conninfo = '%s';\n" "$(printf '%s' "host=$primary $conninfo" | sed "s/'/''/g")"
echo "alter system set primary_slot_name = '$slot';"
echo "alter system set recovery_target_timeline = 'latest';"
} | sql
changes "following $primary by slot $slot"
systemctl restart "$unit" || fail "PostgreSQL does not start again: /var/log/postgresql on the server says why"
fi
wait_for 180 streams || fail "it does not stream from $primary: $(grep -h -E 'FATAL|ERROR' /var/log/postgresql/*.log 2>/dev/null | tail -n 1). Where it says that its WAL is ahead or from another timeline, this replica has what the new primary never had: make it a replica again with resync-replica. Its data stay until then (R12)"
echo "streaming from $primary by slot $slot, timeline $(sql -c 'select received_tli from pg_stat_wal_receiver')"
finish
