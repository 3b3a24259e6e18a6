sql() { runuser -u postgres -- psql -XAtq -d postgres -c "$1"; }
is_so() {
case $role in
db-replica) [ "$(sql 'select status from pg_stat_wal_receiver')" = streaming ] ;;
*) [ "$(sql 'select pg_is_in_recovery()')" = f ] ;;
esac
}
wait_for 240 is_so || fail "PostgreSQL does not work as a $role: look at /var/log/postgresql on the server, mend that, and resume"
echo "PostgreSQL works as a $role"
exit 0
