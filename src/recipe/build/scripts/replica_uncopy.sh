# The slot goes where this run has made it: nobody reads it, and it would fill the primary's disk.
rm -rf -- "$data.copy" "$data.copy.whole"
if [ "$(cat "$state/slot" 2>/dev/null)" = "$note" ]; then
gone() { [ -z "$(ask "select 1 from pg_replication_slots where slot_name = '$slot'")" ]; }
idle() { gone || [ "$(ask "select active from pg_replication_slots where slot_name = '$slot'")" = f ]; }
wait_for 60 idle || fail "slot $slot of the primary $primary is still in use, or the primary does not answer: drop it there with select pg_drop_replication_slot('$slot')"
gone || tell "DROP_REPLICATION_SLOT $slot" >/dev/null
rm -f -- "$state/slot"
echo "slot $slot of the primary is gone"
fi
echo "the copy is gone"
exit 0
