[ -e "$kept" ] || { echo "the replica was not changed"; exit 0; }
file=$(cat "$kept/file")
cp -p -- "$kept/auto.conf" "$data/postgresql.auto.conf"
if [ -e "$kept/pass" ]; then cp -p -- "$kept/pass" "$file"; else rm -f -- "$file"; fi
rm -rf -- "$kept"
if [ "$version" -ge 13 ]; then sql -c 'select pg_reload_conf()' >/dev/null; else systemctl restart "$unit"; fi
echo "the replica has its old password: it streams by it once the primary has it back, too"
exit 0
