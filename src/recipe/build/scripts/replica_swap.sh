whole=$data.copy.whole
[ "$(cat "$whole" 2>/dev/null)" = "$note" ] || fail "there is no whole copy of the primary here: begin again. Nothing was deleted here"
# The copy is complete: the old data step aside, and go when it streams.
if [ -d "$data.copy" ]; then
systemctl stop "$unit" || :
if [ -e "$data" ]; then
rm -rf -- "$data.before"
echo "$note" >"$state/swapped"
mv -- "$data" "$data.before"
fi
mv -- "$data.copy" "$data"
fi
before="What was here before is in $data.before"
[ -e "$data.before" ] || before="There is nothing else here"
# Somebody may have masked it, as a promotion does with the old primary.
for one in "$unit" postgresql.service; do
if [ "$(systemctl is-enabled "$one" 2>/dev/null)" = masked ]; then systemctl -q unmask "$one"; fi
done
systemctl start "$unit" || { rm -f -- "$whole"; fail "PostgreSQL does not start on the copy: /var/log/postgresql on the server says why. $before; mend that, and resume"; }
# What was written meanwhile is replayed first: as long as that goes on, it is waited for.
reached() { sql -c 'select pg_last_wal_replay_lsn()' 2>/dev/null || ps -C postgres -o args= | grep startup || :; }
was= still=0 turns=0
until lasts "slot_name = '$slot'" 2>/dev/null; do
now=$(reached)
if [ "$now" = "$was" ]; then still=$((still + 1)); else still=0; fi
was=$now turns=$((turns + 1))
[ "$((turns % 10))" != 0 ] || echo "not streaming yet: $now"
[ "$still" -lt 300 ] || { rm -f -- "$whole"; fail "the copy does not stream from $primary: /var/log/postgresql on the server says why. $before; mend that, and resume"; }
sleep 1
done
# The slot that it read from before would fill the primary's disk.
other=$(cat "$state/slot-before" 2>/dev/null || :)
if [ -n "$other" ] && [ "$other" != "$slot" ] && [ "$(ask "select active from pg_replication_slots where slot_name = '$other'")" = f ]; then
if tell "DROP_REPLICATION_SLOT $other" >/dev/null; then echo "dropped slot $other of the primary, which was read here before"
else echo "slot $other of the primary, which was read here before, could not be dropped: do that there"; fi
fi
rm -rf -- "$data.before" "$whole" "$state/swapped" "$state/slot" "$state/slot-before"
echo "streaming from $primary by slot $slot"
finish
