[ "$(in_recovery)" = f ] || fail "the PostgreSQL of this server is a replica, and nothing is restored there: its primary is meant. Nothing was changed"
has "$database" || fail "there is no database $database on this server, beside which another one could be loaded: nothing was changed"
loaded="quarterdeck has loaded all of $file"
said() { of "$1" <<'SQL'
select shobj_description(oid, 'pg_database') from pg_database where datname = :'name';
SQL
}
if has "$incoming" && [ "$(said "$incoming")" = "$loaded" ]; then finish; fi
[ -f "$file" ] || fail "there is no file $file on this server: nothing was changed"
if [ -e "$file.sha256" ]; then
(cd -- "$(dirname -- "$file")" && sha256sum --status -c -- "$(basename -- "$file").sha256") || fail "$file is not what $file.sha256 says it is: it was cut off, or changed. Nothing was changed"
echo "$file has the sha256 that was noted for it"
fi
safe=$(mktemp -d -- "${file%/*}/.load.XXXXXX")
trap 'rm -rf -- "$safe"' EXIT
umask 077
plain=$file
case $(head -c 5 -- "$file") in PGDMP) ;; *)
[ "${file%.gpg}" != "$file" ] || fail "$file is no archive of pg_dump's custom format: nothing was changed"
plain=$safe/plain
gpg --batch --quiet --output "$plain" --decrypt "$file" 2>"$safe/said" || fail "$file is encrypted, and root's keys on this server do not open it: decrypt it where the private key is, put what comes out here, and name that. Nothing was changed"
esac
pg_restore --list "$plain" >"$safe/list" || fail "$file cannot be read: its last lines say why. Nothing was changed"
# Extensions are made by whom only may; everything else belongs to whom it belonged, or to the one that is named.
grep -v '^;' "$safe/list" | awk '!($4 == "EXTENSION" || ($4 == "COMMENT" && $6 == "EXTENSION"))' >"$safe/rest"
grep -q ' TABLE DATA ' "$safe/list" || fail "there is no table in $file: nothing was changed"
about() { sed -n "s/^$1=//p" "$file.about" 2>/dev/null; }
bytes=$(about bytes)
# What it was dumped from says how large it becomes; without a word of that, six times the archive is a good guess.
[ -n "$bytes" ] || bytes=$(($(stat -c %s -- "$plain") * 6))
needed=$(megabytes "$bytes")
data=$(sql -c 'show data_directory')
free=$(free_in "$data")
echo "it becomes about $needed MB, and the disk of the databases has $free MB free"
[ "$tight" = yes ] || [ "$free" -gt $((needed + 512)) ] || fail "what is restored may take $needed MB beside what is there, and the disk has $free MB free: make room, or give --override little-room. Nothing was changed"
drop() {
of "$1" >/dev/null <<'SQL'
select pg_terminate_backend(pid) from pg_stat_activity where datname = :'name' and pid <> pg_backend_pid();
SQL
of "$1" <<'SQL'
drop database if exists :"name";
SQL
}
if has "$incoming"; then changes "dropping $incoming, which was loaded in part"; drop "$incoming"; fi
changes "making $incoming"
# As the one that is there: owner, encoding, order of letters, and settings of its own.
sql -v "incoming=$incoming" <<'SQL'
select format('create database %I template template0 owner %I encoding %L lc_collate %L lc_ctype %L', :'incoming', pg_get_userbyid(datdba),
pg_encoding_to_char(encoding), datcollate, datctype) from pg_database where datname = :'database'
\gexec
select format('alter database %I set %s to %s', :'incoming', split_part(one, '=', 1), case when split_part(one, '=', 1) in ('search_path', 'DateStyle')
then substr(one, strpos(one, '=') + 1) else quote_literal(substr(one, strpos(one, '=') + 1)) end)
from pg_db_role_setting, unnest(setconfig) as one where setrole = 0 and setdatabase = (select oid from pg_database where datname = :'database')
\gexec
SQL
inside() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d "$incoming" "$@"; }
grep -v '^;' "$safe/list" | awk '$4 == "EXTENSION" { print $6 }' | while read -r extension; do
[ "$extension" = plpgsql ] || inside -v "extension=$extension" <<'SQL'
create extension if not exists :"extension" cascade;
SQL
done
chown -R postgres "$safe"
workers=$(nproc)
[ "$workers" -le 4 ] || workers=4
began=$(date +%s)
if runuser -u postgres -- test -r "$plain"; then
runuser -u postgres -- pg_restore -w --exit-on-error "$@" -L "$safe/rest" -j "$workers" -d "$incoming" "$plain" &
else
runuser -u postgres -- pg_restore -w --exit-on-error "$@" -L "$safe/rest" -d "$incoming" <"$plain" &
fi
restore=$! seconds=0
while kill -0 "$restore" 2>/dev/null; do
sleep 1; seconds=$((seconds+1))
[ $((seconds % 10)) -ne 0 ] || echo "$(megabytes "$(of "$incoming" <<'SQL'
select pg_database_size(:'name');
SQL
)") MB loaded"
done
wait "$restore" || fail "pg_restore failed: its last lines say why. $database is as it was"
echo "loaded in $(($(date +%s) - began)) s; counting what the planner wants to know"
inside -c analyze
for known in "$database" "$incoming"; do
echo "$known: $(runuser -u postgres -- psql -XAtq -d "$known" <<'SQL'
select to_regclass('django_migrations') is not null as migrates \gset
\if :migrates
select count(*) || ' migrations' || coalesce(', the last of ' || max(applied)::date, '') from django_migrations;
\else
select 'no migrations';
\endif
SQL
)"
done
of "$incoming" -v "loaded=$loaded" <<'SQL'
comment on database :"name" is :'loaded';
SQL
echo "$incoming is whole, beside $database, which nobody has touched"
finish
