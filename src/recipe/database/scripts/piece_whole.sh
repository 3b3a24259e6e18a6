if [ ! -f "$file" ]; then
sync -- "$file.part"
[ "$(sha256sum -- "$file.part" | cut -d ' ' -f 1)" = "$QUARTERDECK_SHA256" ] || { rm -f -- "$file.part"; fail "what came as $file has another sha256 than what was sent, and was deleted"; }
umask 077
printf '%s  %s\n' "$QUARTERDECK_SHA256" "$(basename -- "$file")" >"$file.sha256"
printf 'bytes=%s\n' "$QUARTERDECK_ABOUT" >"$file.about"
chown postgres:postgres -- "$file.part" "$file.sha256" "$file.about"
mv -f -- "$file.part" "$file"
sync -- "$(dirname -- "$file")"
fi
[ "$(cut -d ' ' -f 1 "$file.sha256")" = "$QUARTERDECK_SHA256" ] || fail "there is another file $file on this server already"
echo "sha256=$QUARTERDECK_SHA256"
exit 0
