umask 077
if [ ! -f "$file" ]; then
install -d -m 700 -- "${file%/*}"
# Nothing at all is a whole file, too.
[ -e "$file.part" ] || : >"$file.part"
sync -- "$file.part"
[ "$(sha256sum -- "$file.part" | cut -d ' ' -f 1)" = "$QUARTERDECK_SHA256" ] || { rm -f -- "$file.part"; fail "what came as $file has another sha256 than what was sent, and was deleted"; }
printf '%s  %s\n' "$QUARTERDECK_SHA256" "$(basename -- "$file")" >"$file.sha256"
printf '%s\n' "$QUARTERDECK_ABOUT" >"$file.about"
mv -f -- "$file.part" "$file"
sync -- "$(dirname -- "$file")"
fi
[ "$(cut -d ' ' -f 1 "$file.sha256")" = "$QUARTERDECK_SHA256" ] || fail "there is another file $file on this server already"
echo "sha256=$QUARTERDECK_SHA256"
exit 0
