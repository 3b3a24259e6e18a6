# Only what was made beside the database that is in use goes, and never that one.
[ "$incoming" != "$database" ] || fail "$database is in use: nothing was dropped"
if has "$incoming"; then
of "$incoming" >/dev/null <<'SQL'
alter database :"name" with allow_connections false;
select pg_terminate_backend(pid) from pg_stat_activity where datname = :'name' and pid <> pg_backend_pid();
SQL
gone() { of "$incoming" <<'SQL'
drop database if exists :"name";
SQL
}
wait_for 30 gone || fail "$incoming is in use, and was not dropped: see who, and drop it by hand"
changes "dropped $incoming"
fi
finish
