theirs=$(ask 'show server_version_num')
[ "${theirs%????}" = "$version" ] || fail "the primary is PostgreSQL ${theirs%????}, and this server has $version: name that version's packages in db_settings.postgresql_packages, and begin again. Nothing was deleted here"
[ -z "$(ask "select 1 from pg_tablespace where spcname not in ('pg_default', 'pg_global') limit 1")" ] || fail "the primary has tablespaces of its own, which would be copied into the places of those here: such a replica is made by hand. Nothing was deleted here"
# A copy takes two connections at once.
senders=$(ask "select current_setting('max_wal_senders')::int - count(*) from pg_stat_replication")
[ "$senders" -ge 2 ] || fail "max_wal_senders of the primary leaves room for $senders more connections of replication, and a copy takes two: raise it there, restart, and begin again. Nothing was deleted here"
needed=$(ask 'select (sum(pg_database_size(oid)) * 1.1 / 1048576)::bigint from pg_database where datallowconn')
free=$(df -Pm "/var/lib/postgresql/$version" | awk 'NR == 2 { print $4 }')
old=$({ du -sm -- "$data" 2>/dev/null || :; } | awk '{ print $1 }')
echo "the databases of the primary take $needed MB; the disk has $free MB free, and what is in $data takes ${old:-0} MB"
remains="The data that were here are as they were"
if [ "$free" -gt "$((needed + 512))" ]; then
tight=no
elif [ "$tight" = yes ]; then
[ "$((free + ${old:-0}))" -gt "$((needed + 512))" ] || fail "the databases of the primary take $needed MB, and the disk would have $((free + ${old:-0})) MB free without the data that are here: take a larger one. Nothing was deleted here"
echo "both have no room: the data that are here go before the copy is there"
remains="The data that were here are gone"
else
fail "the databases of the primary take $needed MB, and the disk has $free MB free$cramped. Nothing was deleted here"
fi
