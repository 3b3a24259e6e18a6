for one in "$file" "$file.part" "$file.sealed" "$file.piece" "$file.sha256" "$file.about"; do
[ ! -e "$one" ] || { rm -f -- "$one"; changes "deleted $one"; }
done
finish
