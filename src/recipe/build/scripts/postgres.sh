need $packages
version=$(pg_lsclusters -h | awk '$2 == "main" { print $1 }' | sort -V | tail -n 1)
[ -n "$version" ] || fail "PostgreSQL is installed, and has no cluster main: see db_settings.postgresql_packages in fabulaws-config.yml, or make one with pg_createcluster on the server, and resume"
etc=/etc/postgresql/$version/main
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
least() { if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi; }
most() { if [ "$1" -gt "$2" ]; then echo "$1"; else echo "$2"; fi; }
# What a replica that is gone keeps from being thrown away may fill a quarter of the disk.
kept=$(df -Pm "/var/lib/postgresql/$version" | awk 'NR == 2 { printf "%d", $2 / 4 }')
put "$etc/conf.d/quarterdeck.conf" 644 postgres:postgres <<CONF
listen_addresses = '*'
max_connections = 80
shared_buffers = $(least "$(memory 25)" 8192)MB
work_mem = $(most "$(($(memory 25) / 80))" 4)MB
maintenance_work_mem = $(least "$(most "$(memory 6)" 16)" 1024)MB
effective_cache_size = $(memory 70)MB
wal_level = replica
hot_standby = on
hot_standby_feedback = on
max_wal_senders = 10
max_replication_slots = 10
max_slot_wal_keep_size = ${kept}MB
max_wal_size = 4GB
checkpoint_timeout = 10min
checkpoint_completion_target = 0.9
random_page_cost = 1.1
log_min_duration_statement = 500
log_checkpoints = on
log_lock_waits = on
log_temp_files = 0
$settings
CONF
# Roles whose passwords are kept as MD5 are let in by md5 only, which lets the others in, too (R15).
if [ -n "$(sql -d postgres -c "select 1 from pg_authid where rolpassword like 'md5%' limit 1" 2>/dev/null)" ]; then method=md5; fi
{
echo 'local all postgres peer'
echo 'local all all peer'
for kind in all replication; do
echo "host $kind all 127.0.0.1/32 $method"
echo "host $kind all ::1/128 $method"
for network in $networks; do echo "hostssl $kind all $network $method"; done
done
} >"$work/hba"
put "$etc/pg_hba.conf" 640 postgres:postgres <"$work/hba"
is_up() { runuser -u postgres -- pg_isready -q; }
# What it would not start with is found out while it still runs.
agreed() {
wrong=$(sql -d postgres -c "select coalesce(sourcefile, '') || ': ' || coalesce(name, '') || ': ' || error from pg_file_settings where error is not null and error not like '%could not be applied%'")
[ -z "$wrong" ] || fail "PostgreSQL $version does not take every setting: $wrong. Mend db_settings.postgresql_settings in fabulaws-config.yml, and begin again"
}
if is_up; then agreed; fi
settle "postgresql@$version-main" "$etc/postgresql.conf" "$etc/conf.d/quarterdeck.conf" "$etc/pg_hba.conf"
wait_for 120 is_up || fail "PostgreSQL does not take connections: /var/log/postgresql on the server says why. Mend that, and resume"
[ "$(sql -d postgres -c 'show ssl')" = on ] || fail "PostgreSQL runs without TLS: see that $etc/postgresql.conf says ssl = on with a certificate that is there, and resume"
agreed
finish
