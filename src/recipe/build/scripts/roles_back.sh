kept=$state/roles-$note
[ -e "$kept" ] || { echo "no role was given a new password"; exit 0; }
while read -r name was; do
if [ -n "$was" ]; then echo "alter role $(named "$name") password $(literal "$was");"; else echo "alter role $(named "$name") password null;"; fi
done <"$kept" | { echo 'begin;'; cat; echo 'commit;'; } | quietly
rm -f -- "$kept"
echo "the roles have their old passwords"
exit 0
