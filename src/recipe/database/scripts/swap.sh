# Both names change in one transaction: whatever ends this in between leaves them as before, or as they are to be.
[ "$(in_recovery)" = f ] || fail "the PostgreSQL of this server is a replica: names change on its primary. Nothing was changed"
allow() {
for one in "$database" "$aside" "$comes"; do
! has "$one" || of "$one" <<'SQL'
alter database :"name" with allow_connections true;
SQL
done
}
trap allow EXIT
if has "$aside" && has "$database" && ! has "$comes"; then finish; fi
if ! has "$comes"; then
[ "$back" = no ] || finish
fail "there is no database $comes here: nothing was changed"
fi
! has "$aside" || fail "there is a database $aside already: nothing was changed"
has "$database" || fail "there is no database $database here: nothing was changed"
swapped() {
for one in "$database" "$comes"; do
of "$one" >/dev/null <<'SQL'
alter database :"name" with allow_connections false;
select pg_terminate_backend(pid) from pg_stat_activity where datname = :'name' and pid <> pg_backend_pid();
SQL
done
sql -v "aside=$aside" -v "comes=$comes" <<'SQL'
begin;
alter database :"database" rename to :"aside";
alter database :"comes" rename to :"database";
commit;
SQL
}
changes "cutting connections, and changing names"
wait_for 60 swapped || fail "$database cannot be renamed: something holds on to it, such as a prepared transaction (pg_prepared_xacts). Nothing was changed"
echo "$comes is $database now, and what was there before is $aside"
finish
