[ -n "${database_password:-}" ] || fail "no database_password came along: resume in the project's directory"
safe=$(mktemp -d)
chown postgres:postgres "$safe"
trap 'rm -rf -- "$safe"' EXIT
# Nothing here is touched, not even the password that is there, before the primary is known to let us copy.
kept=$to
to="host=$primary user=${database_user}_repl sslmode=require passfile=$safe/pass"
lets_in() {
(umask 077; printf '%s:*:*:%s:%s\n' "$primary" "${database_user}_repl" "$1" >"$safe/pass")
chown postgres:postgres "$safe/pass"
{ ask 'select 1' && tell IDENTIFY_SYSTEM >"$safe/primary"; } >"$safe/said" 2>&1 </dev/null
}
# The project's password, else the one by which this server has replicated so far: not every project has one for both.
(umask 077; {
printf '%s\n' "$database_password" | sed 's/[\\:]/\\&/g'
sed -nE "s/^(([^:\\]|\\\\.)*:){3}${database_user}_repl:(.+)\$/\3/p" "$pass" 2>/dev/null || :
{ sed -nE "s/^ *primary_conninfo *=.*[ ']password=([^ ']+).*/\1/p" "$data/recovery.conf" "$data/postgresql.auto.conf" 2>/dev/null || :; } | sed 's/[\\:]/\\&/g'
} >"$safe/known")
let_in=
while IFS= read -r one; do
if lets_in "$one"; then let_in=yes; break; fi
why=${why:-$(grep -v "^password retrieved from file" "$safe/said" | tail -n 1)}
done <"$safe/known"
[ -n "$let_in" ] || fail "the primary $primary does not let ${database_user}_repl in over TLS: $why. See its security group (port 5432), pg_hba.conf and database_password, and resume. Nothing was deleted here"
[ "$(ask 'select pg_is_in_recovery()')" = f ] || fail "the PostgreSQL at $primary is no primary: it replays another server's WAL. Look at which server takes writes. Nothing was deleted here"
