[ -n "${database_password:-}" ] || fail "no database_password came along: resume in the project's directory"
file=$(parameter passfile)
[ -n "$file" ] || file=/var/lib/postgresql/.pgpass
if [ ! -e "$kept" ]; then
rm -rf -- "$kept.new"
(umask 077; mkdir -p "$kept.new")
cp -p -- "$data/postgresql.auto.conf" "$kept.new/auto.conf"
if [ -e "$file" ]; then cp -p -- "$file" "$kept.new/pass"; fi
echo "$file" >"$kept.new/file"
mv -- "$kept.new" "$kept"
fi
# The first line that fits counts; those of others stay.
{
printf '*:*:*:%s:%s\n' "${database_user}_repl" "$(printf '%s' "$database_password" | sed 's/[\\:]/\\&/g')"
if [ -e "$file" ]; then awk -F: -v user="${database_user}_repl" '$(NF - 1) != user && $4 != user' "$file"; fi
} | put "$file" 600 postgres:postgres
case " $(conninfo)" in
*' password='*|*' password '*)
# From now on it stands in the file of passwords only.
to=$(conninfo | sed -E "s/(^| )password *= *('([^'\\\\]|\\\\.)*'|[^ ']*)//")
case " $to" in *' passfile='*) ;; *) to="$to passfile=$file" ;; esac
printf "alter system set primary_conninfo = '%s';\n" "$(printf '%s' "$to" | sed "s/'/''/g")" | sql
;;
esac
anew || fail "the replica does not stream with the new password: /var/log/postgresql on the server says why"
lets() { PGPASSFILE=$file runuser -u postgres -- psql -XAtqw -d "host=$(parameter host) port=$(parameter port | grep . || echo 5432) user=${database_user}_repl sslmode=prefer passfile=$file dbname=postgres replication=true" -c IDENTIFY_SYSTEM >/dev/null 2>&1; }
lets || fail "the primary does not let ${database_user}_repl in with the new password in $file"
echo "the replica streams with the new password"
exit 0
