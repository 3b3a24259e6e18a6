[ "$version" -ge 12 ] || fail "PostgreSQL $version keeps the way to its primary in recovery.conf, which is not changed here: nothing was changed"
[ "$(sql -c 'select pg_is_in_recovery()')" = t ] || fail "the PostgreSQL of this server is no replica: look at which server this is. Nothing was changed"
streams() { [ -n "$(receiver)" ]; }
wait_for 30 streams || fail "the replica does not stream from its primary: mend that first. Nothing was changed"
user=$(parameter user)
[ "$user" = "${database_user}_repl" ] || fail "the replica streams as $user, whose password is not the project's: nothing was changed"
near() { [ "$(sql -c 'select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) < 16777216')" = t ]; }
wait_for 60 near || fail "the replica is behind its primary, and would let nobody in with a new password for as long: wait until it has caught up. Nothing was changed"
echo "the replica streams, and is not behind"
exit 0
