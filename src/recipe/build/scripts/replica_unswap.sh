if [ "$(cat "$state/swapped" 2>/dev/null)" != "$note" ] || [ ! -e "$data.before" ]; then echo "the data are those from before"; exit 0; fi
systemctl stop "$unit" || :
rm -rf -- "$data.copy"
if [ -e "$data" ]; then mv -- "$data" "$data.copy"; fi
mv -- "$data.before" "$data"
rm -f -- "$state/swapped"
systemctl start "$unit" || echo "PostgreSQL does not start with the data from before: they are as they were"
echo "the data from before are in their place"
exit 0
