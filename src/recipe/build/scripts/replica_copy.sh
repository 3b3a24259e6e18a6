[ -n "${database_password:-}" ] || fail "no database_password came along: resume in the project's directory"
safe=$(mktemp -d)
chown postgres:postgres "$safe"
trap 'rm -rf -- "$safe"' EXIT
# Nothing here is touched, not even the password that is there, before the primary is known to let us copy.
(umask 077; printf '%s:*:*:%s:%s\n' "$primary" "${database_user}_repl" "$(printf '%s' "$database_password" | sed 's/[\\:]/\\&/g')" >"$safe/pass")
chown postgres:postgres "$safe/pass"
kept=$to
to="host=$primary user=${database_user}_repl sslmode=require passfile=$safe/pass"
{ ask 'select 1' && tell IDENTIFY_SYSTEM; } >"$safe/said" 2>&1 || fail "the primary $primary does not let ${database_user}_repl in over TLS: $(tail -n 1 "$safe/said"). See its security group (port 5432), pg_hba.conf and database_password, and resume. Nothing was deleted here"
to=$kept
put "$pass" 600 postgres:postgres <"$safe/pass"
streams() { [ "$(sql -c "select status from pg_stat_wal_receiver where slot_name = '$slot' and (sender_host = '$primary' or conninfo like '%host=$primary %')")" = streaming ]; }
is_replica() { systemctl is-active -q "$unit" && [ "$(sql -c 'select pg_is_in_recovery()')" = t ]; }
if is_replica && wait_for 60 streams; then
rm -rf -- "$data.before" "$data.copy"
finish
fi
theirs=$(ask 'show server_version_num')
[ "${theirs%????}" = "$version" ] || fail "the primary is PostgreSQL ${theirs%????}, and this server has $version: name that version's packages in db_settings.postgresql_packages, and begin again. Nothing was deleted here"
needed=$(ask 'select (sum(pg_database_size(oid)) * 1.1 / 1048576)::bigint from pg_database where datallowconn')
free=$(df -Pm "/var/lib/postgresql/$version" | awk 'NR == 2 { print $4 }')
[ "$free" -gt "$((needed + 512))" ] || fail "the databases of the primary take $needed MB, and the disk has $free MB free: take a larger one. Nothing was deleted here"
# A standby does not start with less than its primary has of these.
ask "select name || ' = ' || setting from pg_settings where name in ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction') order by name" >"$safe/least"
put "$etc/conf.d/quarterdeck.primary.conf" 644 postgres:postgres <"$safe/least"
case $(ask "select active from pg_replication_slots where slot_name = '$slot'") in
'') tell "CREATE_REPLICATION_SLOT $slot PHYSICAL RESERVE_WAL" >/dev/null; changes "made slot $slot on the primary" ;;
t) idle() { [ "$(ask "select active from pg_replication_slots where slot_name = '$slot'")" = f ]; }
wait_for 60 idle || fail "slot $slot of the primary is in use by another server that has this one's address: look at pg_stat_replication on the primary, and resume. Nothing was deleted here" ;;
esac
rm -rf -- "$data.copy"
changes "copying $needed MB from $primary"
as_postgres pg_basebackup -d "$to application_name=$slot" -D "$data.copy" -X stream -S "$slot" -R -c fast -v || fail "pg_basebackup failed: its last lines say why. The data that were here are as they were; mend that, and resume"
# Only now, with the copy complete, does the old one step aside; it goes when the new one streams.
systemctl stop "$unit"
if [ -e "$data" ]; then rm -rf -- "$data.before"; mv -- "$data" "$data.before"; fi
mv -- "$data.copy" "$data"
systemctl start "$unit" || fail "PostgreSQL does not start on the copy: /var/log/postgresql on the server says why. What was here before is in $data.before; mend that, and resume"
wait_for 300 streams || fail "the copy does not stream from $primary: /var/log/postgresql on the server says why. What was here before is in $data.before; mend that, and resume"
rm -rf -- "$data.before"
echo "streaming from $primary by slot $slot"
finish
