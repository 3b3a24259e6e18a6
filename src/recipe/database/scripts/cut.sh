# Connections know a database by its number: on a replica they would go on reading the one that was renamed.
if [ "$(in_recovery)" != t ]; then echo "this is no replica: nothing is cut"; exit 0; fi
replayed() { has "$database" && ! has "$comes" && { [ "$back" = yes ] || has "$aside"; }; }
wait_for 300 replayed || fail "the names have not come to this replica: it does not stream, or is far behind. Whoever reads from it reads what was there before"
cut=$(of "$aside" <<'SQL'
select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = :'name' and pid <> pg_backend_pid();
SQL
)
echo "cut $cut connections that read from $aside"
exit 0
