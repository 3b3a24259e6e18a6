# What is here and not on the primary would be lost with these data: they may be the only good copy of it.
lost() { [ "$may_lose" = yes ] && echo "lost with these data, as was agreed to: $1" || fail "$1. Nothing was deleted here. Where nobody wants that any more: --override own-writes"; }
control() { { as_postgres "/usr/lib/postgresql/$version/bin/pg_controldata" "$data" 2>/dev/null || :; } | sed -n "s/^$1: *//p"; }
behind() { [ "$(ask "select '$1'::pg_lsn <= $2")" = t ]; }
ours=$(control 'Database system identifier')
timeline=$(control "Latest checkpoint's TimeLineID")
reached=$({ is_replica && sql -c 'select greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())'; } 2>/dev/null || control 'Minimum recovery ending location')
identifier=$(cut -d '|' -f 1 "$safe/primary")
current=$(cut -d '|' -f 2 "$safe/primary")
if [ -n "$ours" ] && [ "$ours" != "$identifier" ]; then
lost "the data here are of another database cluster than the primary's ($ours, and $identifier there): it may have been made anew, and these be the only good ones"
elif [ -n "$ours" ] && [ ! -e "$data/standby.signal" ] && [ ! -e "$data/recovery.conf" ]; then
lost "the data here were a primary's, or are: what it took as one is nowhere else"
elif [ -n "$timeline" ] && [ "$timeline" -gt "$current" ]; then
lost "the data here are on timeline $timeline, and the primary on $current, which is older: look at which of them has what users wrote last"
elif [ -n "$timeline" ] && [ -n "$reached" ] && [ "$timeline" -lt "$current" ]; then
# Where the primary left that timeline, as its history says.
left=$(tell "TIMELINE_HISTORY $current" | tr '|' '\n' | awk -v ours="$timeline" '$1 == ours { print $2; exit }')
if [ -n "$left" ] && ! behind "$reached" "'$left'::pg_lsn"; then
lost "the data here go up to $reached on timeline $timeline, which the primary left at $left: what came after that is nowhere else"
fi
elif [ -n "$reached" ] && ! behind "$reached" 'pg_current_wal_lsn()'; then
lost "the data here go up to $reached, and the primary has written less: look at whether it is the right one"
fi
