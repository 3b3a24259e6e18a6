# A slot that nobody reads fills the primary's disk.
[ -e "$pass" ] || { echo "nothing was copied: there is no slot to drop"; exit 0; }
systemctl stop "$unit"
gone() { [ -z "$(ask "select 1 from pg_replication_slots where slot_name = '$slot'")" ]; }
inactive() { gone || [ "$(ask "select active from pg_replication_slots where slot_name = '$slot'")" = f ]; }
wait_for 60 inactive || fail "slot $slot of the primary $primary is still in use, or the primary does not answer: drop it there with select pg_drop_replication_slot('$slot')"
gone || tell "DROP_REPLICATION_SLOT $slot" >/dev/null
gone || fail "slot $slot is still on the primary $primary: drop it there with select pg_drop_replication_slot('$slot')"
echo "slot $slot of the primary is gone"
