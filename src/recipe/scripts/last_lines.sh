for log in $logs; do
file=$log_dir/$log.log
[ -e "$file" ] || continue
echo "== $file"
as_root tail -n 15 "$file"
done
