is_replica() { systemctl is-active -q "$unit" && [ "$(sql -c 'select pg_is_in_recovery()')" = t ]; }
streams() { [ "$(sql -c "select status from pg_stat_wal_receiver where slot_name = '$slot' and (sender_host = '$primary' or conninfo like '%host=$primary %')")" = streaming ]; }
# One that cannot have what it needs connects again and again, and looks like one that streams for a moment each time.
receiver() { is_replica && sql -c "select pid from pg_stat_wal_receiver where status = 'streaming' and ($1) and (sender_host = '$primary' or conninfo like '%host=$primary %')"; }
lasts() { begun=$(receiver "$1") && [ -n "$begun" ] && sleep 6 && [ "$(receiver "$1")" = "$begun" ]; }
