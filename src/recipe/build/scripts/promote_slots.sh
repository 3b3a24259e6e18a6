# Slots do not follow a promotion: without one what a replica still needs may be thrown away.
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@"; }
for slot in $slots; do
[ -z "$(sql -c "select 1 from pg_replication_slots where slot_name = '$slot'")" ] || continue
sql -c "select pg_create_physical_replication_slot('$slot', true)" >/dev/null
changes "made slot $slot"
done
finish
