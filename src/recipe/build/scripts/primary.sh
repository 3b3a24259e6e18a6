[ -n "${database_password:-}" ] || fail "no database_password came along: resume in the project's directory"
role() {
if [ "$2" = replication ]; then with=replication ask='IDENTIFY_SYSTEM' way='replication=true'; else with=noreplication ask='select 1' way=; fi
if [ -z "$(sql -d postgres -c "select 1 from pg_roles where rolname = $(literal "$1")")" ]; then
echo "create role $(named "$1") login $with password $(literal "$database_password");" | quietly
changes "made role $1"
elif ! lets_in "$1" "$way" "$ask"; then
echo "alter role $(named "$1") login $with password $(literal "$database_password");" | quietly
changes "gave role $1 the password of the project"
fi
lets_in "$1" "$way" "$ask" || fail "PostgreSQL does not let $1 in with database_password: $(cat "$safe/said")"
}
role "$database_user" plain
role "${database_user}_repl" replication
if [ -z "$(sql -d postgres -c "select 1 from pg_database where datname = $(literal "$database")")" ]; then
echo "create database $(named "$database") owner $(named "$database_user") encoding 'UTF8' template template0;" | sql -d postgres
changes "made database $database"
fi
[ "$(sql -d postgres -c "select pg_get_userbyid(datdba) from pg_database where datname = $(literal "$database")")" = "$database_user" ] || fail "database $database is not $database_user's: see whose it is, and give it with ALTER DATABASE … OWNER TO"
finish
