whole=$data.copy.whole
if [ "$(cat "$whole" 2>/dev/null)" != "$note" ]; then
# A standby does not start with less than its primary has of these.
ask "select name || ' = ' || setting from pg_settings where name in ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction') order by name" >"$safe/least"
put "$etc/conf.d/quarterdeck.primary.conf" 644 postgres:postgres <"$safe/least"
# A slot that has lost WAL keeps none for the copy.
lost='restart_lsn is null'
if [ "$version" -ge 13 ]; then lost="(restart_lsn is null or wal_status in ('lost', 'unreserved'))"; fi
if [ -n "$(ask "select 1 from pg_replication_slots where slot_name = '$slot' and not active and $lost")" ]; then
changes "dropping slot $slot of the primary, which has lost what it was to keep"
tell "DROP_REPLICATION_SLOT $slot" >/dev/null
fi
mkdir -p "$state"
case $(ask "select active from pg_replication_slots where slot_name = '$slot'") in
'') echo "$note" >"$state/slot"; tell "CREATE_REPLICATION_SLOT $slot PHYSICAL RESERVE_WAL" >/dev/null; changes "made slot $slot on the primary" ;;
t) idle() { [ "$(ask "select active from pg_replication_slots where slot_name = '$slot'")" = f ]; }
wait_for 60 idle || fail "slot $slot of the primary is in use, by this server or another one that has its address: look at pg_stat_replication on the primary, stop that, and begin again. Nothing was deleted here" ;;
esac
{ sed -nE "s/^ *primary_slot_name *= *'([a-z0-9_]+)'.*/\1/p" "$data/recovery.conf" "$data/postgresql.auto.conf" 2>/dev/null || :; } | tail -n 1 >"$safe/other"
if [ -s "$safe/other" ]; then cp -- "$safe/other" "$state/slot-before"; fi
rm -rf -- "$data.copy" "$whole"
if [ "$tight" = yes ]; then
# Connection and slot are proved: only now do the data go.
changes "deleting the data that were here"
systemctl stop "$unit" || :
rm -rf -- "$data" "$data.before"
fi
changes "copying $needed MB from $primary"
as_postgres pg_basebackup -d "$to application_name=$slot" -D "$data.copy" -X stream -S "$slot" -R -c fast -v || fail "pg_basebackup failed: its last lines say why. $remains; mend that, and resume"
echo "$note" >"$whole"
fi
