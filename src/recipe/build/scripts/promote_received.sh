# The primary writes no more. What it has sent is replayed first; where it was stopped cleanly, its last word is there.
version=$(pg_lsclusters -h | awk '$2 == "main" { print $1 }' | sort -V | tail -n 1)
data=/var/lib/postgresql/$version/main
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@"; }
if [ "$(sql -c 'select pg_is_in_recovery()')" = f ]; then echo "it is a primary already"; exit 0; fi
replayed() { sql -c 'select pg_last_wal_replay_lsn()'; }
all_replayed() { [ "$(sql -c 'select coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), true)')" = t ]; }
# Of a primary that died in the middle of a record the last piece is never replayed: standing still is the end, too.
was= still=0
until all_replayed || [ "$still" -ge 10 ]; do
now=$(replayed)
if [ "$now" = "$was" ]; then still=$((still+1)); else still=0; echo "replayed up to $now"; fi
was=$now
sleep 1
done
echo "received $(sql -c "select coalesce(pg_last_wal_receive_lsn()::text, 'nothing since it started')"), replayed $(replayed)"
[ "$planned" = yes ] || exit 0
# A clean stop ends with a shutdown checkpoint: the last record there is, where everything has come.
last_record() {
segment=$(sql -c "select upper(lpad(to_hex(n / per), 8, '0') || lpad(to_hex(n % per), 8, '0')) from (select (coalesce(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/1') - '0/0'::pg_lsn - 1)::bigint / size as n, 4294967296 / size as per from (select setting::bigint as size from pg_settings where name = 'wal_segment_size') of_segments) of_last")
file=$(ls "$data/pg_wal" | grep -E "^[0-9A-F]{8}$segment\$" | sort | tail -n 1)
[ -n "$file" ] && { "/usr/lib/postgresql/$version/bin/pg_waldump" "$data/pg_wal/$file" 2>/dev/null || :; } | tail -n 1
}
is_whole() { case $(last_record) in *CHECKPOINT_SHUTDOWN*) true ;; *) false ;; esac; }
wait_for 60 is_whole || fail "the last record here is not the end of what the primary wrote: $(last_record). It has not received everything, so it was not promoted"
echo "everything that the primary wrote is here"
exit 0
