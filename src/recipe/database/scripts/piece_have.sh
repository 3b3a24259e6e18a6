if [ -f "$file" ]; then echo "bytes=$(stat -c %s -- "$file")"
elif [ -f "$file.part" ]; then echo "bytes=$(stat -c %s -- "$file.part")"
else echo bytes=0; fi
exit 0
