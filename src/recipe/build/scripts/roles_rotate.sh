[ -n "${database_password:-}" ] || fail "no database_password came along: resume in the project's directory"
# What stood there before is kept as PostgreSQL keeps it, so that going back needs no password.
kept=$state/roles-$note
held() { sql -d postgres -c "select rolpassword from pg_authid where rolname = $(literal "$1")"; }
names=$database_user
if [ -n "$(sql -d postgres -c "select 1 from pg_roles where rolname = $(literal "${database_user}_repl") and rolreplication")" ]; then names="$names ${database_user}_repl"; fi
[ -n "$(sql -d postgres -c "select 1 from pg_roles where rolname = $(literal "$database_user") and rolcanlogin")" ] || fail "PostgreSQL has no role $database_user that may log in: nothing was changed"
if [ ! -e "$kept" ]; then
mkdir -p "$state"
(umask 077; for name in $names; do printf '%s %s\n' "$name" "$(held "$name")"; done >"$kept.new")
mv -f -- "$kept.new" "$kept"
fi
for name in $names; do echo "alter role $(named "$name") password $(literal "$database_password");"; done | { echo 'begin;'; cat; echo 'commit;'; } | quietly
for name in $names; do
# Who may come from where is not ours to change: a role that pg_hba.conf lets in from elsewhere only is tried there.
if [ "$name" = "$database_user" ]; then lets_in "$name" '' 'select 1'; else lets_in "$name" 'replication=true' IDENTIFY_SYSTEM; fi || grep -qF pg_hba.conf "$safe/said" || fail "PostgreSQL does not let $name in with its new password: $(cat "$safe/said")"
echo "$name has its new password"
done
exit 0
