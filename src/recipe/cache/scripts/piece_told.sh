[ -f "$file" ] || fail "there is no file $file on this server"
echo "bytes=$(stat -c %s -- "$file")"
echo "sha256=$(cut -d ' ' -f 1 "$file.sha256")"
echo "about=$(cat -- "$file.about")"
exit 0
