sql() { runuser -u postgres -- psql -XAtq -d postgres -c "$1"; }
is_so() {
case $role in
db-primary) [ "$(sql 'select pg_is_in_recovery()')" = f ] && [ "$(sql 'show ssl')" = on ] && [ "$(sql 'show listen_addresses')" = '*' ] ;;
db-replica) [ "$(sql 'select status from pg_stat_wal_receiver')" = streaming ] ;;
esac
}
wait_for 60 is_so || fail "PostgreSQL is no $role that works, as it was before: look at /var/log/postgresql on the server, and resume"
echo "PostgreSQL is a $role"
exit 0
