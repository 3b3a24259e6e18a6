recovers=$(in_recovery) || fail "PostgreSQL does not answer here: see systemctl status 'postgresql@*' on the server, or name another one with --servers. Nothing was written"
has "$database" || fail "there is no database $database on this server: nothing was written"
if [ "$recovers" = t ] && [ -n "$most_behind" ]; then
# Seconds behind; a replica that has replayed all it has received is behind by what it does not receive only.
behind=$(sql <<'SQL'
select case when not exists (select 1 from pg_stat_wal_receiver where status = 'streaming') then 'unknown'
when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then '0'
else coalesce(extract(epoch from now() - pg_last_xact_replay_timestamp())::bigint::text, 'unknown') end;
SQL
)
[ "$behind" != unknown ] || fail "this replica does not stream from its primary, and how old its data are is not known: name the primary with --servers, or give --override stale-replica. Nothing was written"
[ "$behind" -le "$most_behind" ] || fail "this replica is $behind s behind its primary: wait, name the primary with --servers, or give --override stale-replica. Nothing was written"
echo "the replica streams, and is $behind s behind"
fi
if [ -n "$key" ]; then
command -v gpg >/dev/null || fail "gpg is not installed here, and backups are encrypted for $key: install gnupg. Nothing was written"
gpg --batch --quiet --list-keys "$key" >/dev/null 2>&1 || fail "the public key $key (backup_key_fingerprint) is not among root's keys on this server: bring it there with gpg --import, as root. Nothing was written"
fi
file=$to/$name
told() { echo "$file: $(stat -c %s -- "$file") bytes, sha256 $(cut -d ' ' -f 1 "$file.sha256")"; }
if [ -e "$file" ] && (cd -- "$to" && sha256sum --status -c -- "$name.sha256" 2>/dev/null); then told; finish; fi
if [ ! -d "$to" ]; then
install -d -m 700 -o postgres -g postgres -- "$to"
changes "made $to"
fi
bytes=$(of "$database" <<'SQL'
select pg_database_size(:'name');
SQL
)
needed=$(megabytes "$bytes")
# Encrypted, it is there twice for a while.
[ -z "$key" ] || needed=$((needed * 2))
free=$(free_in "$to")
echo "$database takes $(megabytes "$bytes") MB, and the disk of $to has $free MB free"
[ "$tight" = yes ] || [ "$free" -gt $((needed + 512)) ] || fail "a copy of $database may take $needed MB, and the disk of $to has $free MB free: make room, give another directory with --to, or --override little-room. Nothing was written"
began=$(date +%s)
trap 'rm -f -- "$file.part" "$file.sealed"' EXIT
umask 077
rm -f -- "$file.part" "$file.sealed"
changes "dumping $database"
runuser -u postgres -- env "PGDATABASE=$database" pg_dump -w -Fc >"$file.part" &
dump=$! seconds=0
while kill -0 "$dump" 2>/dev/null; do
sleep 1; seconds=$((seconds+1))
[ $((seconds % 10)) -ne 0 ] || echo "$(megabytes "$(stat -c %s -- "$file.part")") MB written"
done
wait "$dump" || fail "pg_dump failed: its last lines say why. On a replica a change of the primary may have got in its way: name the primary with --servers then"
sync -- "$file.part"
# Read to its end, as a restore would read it: what cannot be restored is no backup.
pg_restore -f /dev/null "$file.part" || fail "what was dumped cannot be read to its end: its last lines say why. It was deleted"
whole=$file.part
if [ -n "$key" ]; then
gpg --batch --yes --quiet --trust-model always --recipient "$key" --output "$file.sealed" --encrypt "$file.part" || fail "gpg does not encrypt for $key: its last lines say why. What was dumped was deleted"
rm -f -- "$file.part"
sync -- "$file.sealed"
whole=$file.sealed
fi
printf '%s  %s\n' "$(sha256sum -- "$whole" | cut -d ' ' -f 1)" "$name" >"$file.sha256"
printf 'database=%s\nbytes=%s\n' "$database" "$bytes" >"$file.about"
chown postgres:postgres -- "$whole" "$file.sha256" "$file.about"
mv -f -- "$whole" "$file"
sync -- "$file.sha256" "$file.about" "$to"
if [ -n "$keep" ]; then
ls -1 -- "$to" | grep -E "^$database-[0-9]{8}T[0-9]{6}\.dump(\.gpg)?\$" | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
rm -f -- "$to/$old" "$to/$old.sha256" "$to/$old.about"
echo "deleted $to/$old, which is older than the newest $keep"
done
fi
told
echo "in $(($(date +%s) - began)) s"
finish
