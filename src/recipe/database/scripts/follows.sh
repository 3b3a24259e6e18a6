if [ "$(in_recovery)" != t ]; then echo "this is no replica any more"; exit 0; fi
streams() { [ "$(sql -c 'select status from pg_stat_wal_receiver')" = streaming ]; }
wait_for 60 streams || fail "this replica does not stream from its primary: whoever reads from it goes on reading what it has now"
echo "the replica streams"
exit 0
