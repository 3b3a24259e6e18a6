version=$(pg_lsclusters -h | awk '$2 == "main" { print $1 }' | sort -V | tail -n 1)
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres "$@"; }
is_primary() { [ "$(sql -c 'select pg_is_in_recovery()')" = f ]; }
if ! is_primary; then
changes "promoting"
sql -c 'select pg_promote(false)' >/dev/null
wait_for 540 is_primary || fail "it does not become a primary: /var/log/postgresql on the server says why. Mend that, and resume"
fi
[ "$(sql -c 'show transaction_read_only')" = off ] || fail "it takes no writes: see default_transaction_read_only on the server, and resume"
# Whom it followed is of no use any more.
if [ -n "$(sql -c 'show primary_conninfo')$(sql -c 'show primary_slot_name')" ]; then
changes "forgot whom it followed"
sql -c 'alter system reset primary_conninfo'
sql -c 'alter system reset primary_slot_name'
sql -c 'select pg_reload_conf()' >/dev/null
fi
sql -c checkpoint
echo "takes writes, on timeline $(sql -c 'select timeline_id from pg_control_checkpoint()')"
finish
