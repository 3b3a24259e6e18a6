# Whole pieces only, each at its place: one that comes twice is there once.
umask 077
cat >"$file.piece"
[ "$(stat -c %s -- "$file.piece")" = "$QUARTERDECK_LENGTH" ] || fail "a piece of $file came cut off"
[ -e "$file.part" ] || : >"$file.part"
[ "$(stat -c %s -- "$file.part")" -ge "$QUARTERDECK_OFFSET" ] || fail "$file.part is shorter than it was: somebody else is at it"
truncate -s "$QUARTERDECK_OFFSET" -- "$file.part"
cat -- "$file.piece" >>"$file.part"
rm -f -- "$file.piece"
echo "bytes=$(stat -c %s -- "$file.part")"
exit 0
