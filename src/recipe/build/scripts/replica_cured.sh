# Somebody may have mended it since, by another slot than we name.
whole=$data.copy.whole
cured() { lasts true; }
if [ "$(cat "$whole" 2>/dev/null)" != "$note" ] && wait_for 2 cured; then
rm -rf -- "$data.copy" "$whole"
if [ "$(cat "$state/slot" 2>/dev/null)" = "$note" ] && [ "$(ask "select active from pg_replication_slots where slot_name = '$slot'")" = f ]; then tell "DROP_REPLICATION_SLOT $slot" >/dev/null; fi
rm -f -- "$state/slot"
echo "it streams from the primary: there is nothing to copy"
finish
fi
